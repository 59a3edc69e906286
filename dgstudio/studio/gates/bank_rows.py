"""One row a bank: its router's r on an axis from −1 to 1 against τ, and whether it is closed, silent or speaking."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.studio.common.widgets.elided_label import fitting
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import F32, U8, BankState

ROW = 17
"""Logical pixels of a row."""
WORD_PERIOD_S = 0.25
"""Seconds that a word stands at least: faster cannot be read."""
STATES = {int(state): state for state in BankState}
"""What a number stands for; a file may hold any."""
WORDS = {BankState.CLOSED: "closed", BankState.SILENT: "silent", BankState.SPEAKING: "speaking"}
INKS = {BankState.CLOSED: "text_muted", BankState.SILENT: "text", BankState.SPEAKING: "learned_unit"}
MEANING = {
    BankState.CLOSED: "r ≤ τ: it has no part in this answer",
    BankState.SILENT: "r > τ: it is open, and has nothing to add to the answer below it",
    BankState.SPEAKING: "r > τ: it is open and answers alone",
}


class BankRows(QWidget):
    """The banks of the newest answer, oldest first. Where not all fit, the first row sums up the oldest.

    `chosen` carries the place of a bank that was clicked.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._r: F32 = np.zeros(0, np.float32)
        self._tau: F32 = np.zeros(0, np.float32)
        self.states: list[BankState] = []
        """What each bank does, in the words that are shown."""
        self._since: list[float] = []
        self._most = 4
        self.setAccessibleName("Banks")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.hide()

    @property
    def rows(self) -> int:
        """Rows that are drawn: as many as have room."""
        return min(self._wanted, max(1, self.height() // max(1, self.theme.px(ROW))))

    @property
    def _wanted(self) -> int:
        return min(len(self.states), self._most)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self._wanted * self.theme.px(ROW))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        # How many rows there are follows the height that is given, and may not decide it.
        return QSize(self.theme.px(80), self.theme.px(ROW))

    def set_most(self, most: int) -> None:
        """Draw at most so many rows, at least one."""
        if max(1, most) != self._most:
            self._most = max(1, most)
            self.updateGeometry()
            self.update()

    def show_answer(self, r: F32, tau: F32, states: U8, wall: float, *, stands: bool = False) -> None:
        """Show what each bank did on one input: r (B,), τ (B,), `BankState` (B,); `wall` in seconds.

        Words stand for a while, so that they can be read; those of a moment that `stands` are its own at once.
        """
        now = [STATES.get(int(state), BankState.CLOSED) for state in states]
        if len(now) != len(self.states):
            self.states, self._since = now, [wall] * len(now)
            self.setVisible(bool(now))
            self.updateGeometry()
        for place, state in enumerate(now):
            if state != self.states[place] and (stands or wall - self._since[place] >= WORD_PERIOD_S):
                self.states[place], self._since[place] = state, wall
        self._r, self._tau = np.nan_to_num(r), np.nan_to_num(tau)
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def summary(self) -> str:
        """Return the sentence for the banks that have no row of their own, or nothing."""
        hidden = self.states[: len(self.states) - self.rows + 1] if len(self.states) > self.rows else []
        if not hidden:
            return ""
        speaking = [f"bank {place + 1} speaks" for place, state in enumerate(hidden) if state == BankState.SPEAKING]
        silent = hidden.count(BankState.SILENT)
        parts = [*speaking, *([f"{silent} silent"] if silent else []), f"{hidden.count(BankState.CLOSED)} closed"]
        return f"banks 1–{len(hidden)}: " + " · ".join(parts)

    def words_at(self, y: int) -> str:
        """Return what the tooltip says at the height `y`."""
        row = y // max(1, self.theme.px(ROW))
        if not 0 <= row < self.rows:
            return ""
        if self.summary() and row == 0:
            return self.summary()
        bank = len(self.states) - self.rows + row
        state = self.states[bank]
        numbers = f"r = {self._r[bank]:.2f}, opens above τ = {self._tau[bank]:.2f}" if bank < len(self._r) else ""
        return f"bank {bank + 1}: {numbers}\n{WORDS[state]} – {MEANING[state]}\nA click opens it in the inspector"

    def bank_at(self, y: int) -> int | None:
        """The place of the bank whose row lies at the height `y`, or None."""
        row = y // max(1, self.theme.px(ROW))
        if not 0 <= row < self.rows or (self.summary() and row == 0):
            return None
        return len(self.states) - self.rows + row

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        place = self.bank_at(int(event.position().y()))
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.chosen.emit(place)

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.words_at(QPoint(event.pos()).y()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme = self.theme
        painter.fillRect(self.rect().adjusted(0, 0, 1, 1), theme.colour("surface"))
        tall, first = theme.px(ROW), len(self.states) - self.rows
        font = theme.ui("tiny")
        painter.setFont(font)
        metrics = QFontMetrics(font)
        name_wide = metrics.horizontalAdvance(f"bank {max(9, len(self.states))}") + theme.px(8)
        word_wide = metrics.horizontalAdvance(WORDS[BankState.SPEAKING]) + theme.px(8)
        summary = self.summary()
        for row in range(self.rows):
            box = QRectF(0, row * tall, self.width(), tall)
            if summary and row == 0:
                painter.setPen(theme.colour("text_muted"))
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, fitting(summary, metrics, self.width()))
                continue
            bank = first + row
            state = self.states[bank]
            painter.setPen(theme.colour("text" if state == BankState.SPEAKING else "text_muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"bank {bank + 1}")
            ink = INKS[state]
            painter.setPen(theme.colour(ink))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, WORDS[state])
            if bank < len(self._r):
                self._gauge(painter, box.adjusted(name_wide, 0, -word_wide, 0), bank, ink)

    def _gauge(self, painter: QPainter, box: QRectF, bank: int, ink: str) -> None:
        theme = self.theme
        middle, end = round(box.center().y()), theme.length(4)

        def x(value: float) -> float:
            inner = box.width() - 2 * end
            return box.left() + end + (max(-1.0, min(1.0, value)) + 1) / 2 * inner

        tau, r = round(x(float(self._tau[bank]))), x(float(self._r[bank]))
        # The open part of the axis is wider, so that "beyond τ" can be seen at a glance.
        painter.fillRect(QRectF(box.left(), middle - 0.5, box.width(), 1), theme.colour("border"))
        painter.fillRect(QRectF(tau, middle - end / 2, box.right() - tau, end), theme.colour("control_hover"))
        painter.fillRect(QRectF(tau, middle - 1.25 * end, 1, 2.5 * end), theme.colour("border_strong"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.colour(ink), 1))
        opened = float(self._r[bank]) > float(self._tau[bank])
        painter.setBrush(theme.colour(ink if opened else "surface"))
        painter.drawEllipse(QPointF(r + 0.5, middle), 0.9 * end, 0.9 * end)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
