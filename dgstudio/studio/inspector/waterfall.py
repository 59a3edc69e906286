"""A waterfall: steps that add up, each bar beginning where the one before it ended, and their sum."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.theme.theme import DARK, Theme

ROW = 24
LEAST_BAR = 2.0
"""Logical pixels that a bar is wide at least."""


@dataclass(frozen=True, slots=True)
class Step:
    """One bar: what it is, how much it adds, its colour (a token or "#rrggbb"), what its tooltip says.

    A `total` begins at 0. `subject` is what a click on it means, if anything.
    """

    label: str
    amount: float
    ink: str
    tip: str = ""
    total: bool = False
    subject: object = None


def signed(value: float) -> str:
    """Return a number with its sign and one digit behind the point, two where it is small."""
    digits = 1 if abs(value) >= 1 else 2
    return f"{value:+.{digits}f}".replace("-", "−")


class Waterfall(QWidget):
    """Steps down, amounts across: to the right of the dotted zero for, to its left against. `chosen`: a subject."""

    chosen = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.steps: tuple[Step, ...] = ()
        self._hovered = -1
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_steps(self, steps: Sequence[Step]) -> None:
        """Show these steps."""
        if tuple(steps) != self.steps:
            self.steps, self._hovered = tuple(steps), -1
            self.setAccessibleDescription("; ".join(f"{step.label} {signed(step.amount)}" for step in steps))
            self.updateGeometry()
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(320), max(1, len(self.steps)) * self.theme.px(ROW))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), max(1, len(self.steps)) * self.theme.px(ROW))

    def bars(self) -> list[tuple[QRectF, float, float]]:
        """Return of each step its row, and where its bar begins and ends, in logical pixels."""
        theme, tall = self.theme, self.theme.px(ROW)
        metrics = QFontMetrics(theme.ui("small"))
        widest = max((metrics.horizontalAdvance(step.label) for step in self.steps), default=0)
        left = min(widest + theme.px(12), 0.55 * self.width())
        right = self.width() - QFontMetrics(theme.mono("small")).horizontalAdvance("+888.8") - theme.px(10)
        ends, level = [], 0.0
        for step in self.steps:
            begin = 0.0 if step.total else level
            level = step.amount if step.total else level + step.amount
            ends.append((begin, level))
        low, high = min((min(end) for end in ends), default=0.0), max((max(end) for end in ends), default=0.0)
        scale = max(1.0, right - left) / max(max(high, 0.0) - min(low, 0.0), 1e-9)
        zero = left - min(low, 0.0) * scale
        return [
            (QRectF(0, place * tall, self.width(), tall), zero + begin * scale, zero + end * scale)
            for place, (begin, end) in enumerate(ends)
        ]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        place = self._at(event.position().y())
        if place != self._hovered:
            self._hovered = place
            can = place >= 0 and self.steps[place].subject is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if can else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        self._hovered = -1
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        place = self._at(event.position().y())
        if place >= 0 and self.steps[place].subject is not None:
            self.chosen.emit(self.steps[place].subject)

    def _at(self, y: float) -> int:
        place = int(y // self.theme.px(ROW))
        return place if 0 <= place < len(self.steps) else -1

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._at(event.pos().y())
            QToolTip.showText(event.globalPos(), self.steps[place].tip if place >= 0 else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if not self.steps:
            return
        painter, theme = QPainter(self), self.theme
        bars = self.bars()
        metrics, figures = QFontMetrics(theme.ui("small")), theme.mono("small")
        zero = next((begin for (_, begin, _), step in zip(bars, self.steps, strict=True) if step.total), bars[0][1])
        for y in range(0, self.height(), 4):
            painter.fillRect(QRectF(round(zero), y, 1, 2), theme.colour("border_strong"))
        for place, ((row, begin, end), step) in enumerate(zip(bars, self.steps, strict=True)):
            if place == self._hovered and step.subject is not None:
                painter.fillRect(row, theme.colour("control"))
            painter.setFont(theme.ui("small", 600 if step.total else 400))
            painter.setPen(theme.colour("text_strong" if step.total else "text"))
            room = round(min(bars[0][1], min(min(b, e) for _, b, e in bars)) - theme.px(8))
            label = metrics.elidedText(step.label, Qt.TextElideMode.ElideRight, max(20, room))
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)
            wide = max(LEAST_BAR, abs(end - begin))
            tall = row.height() - theme.px(8)
            bar = QRectF(min(begin, end), row.top() + theme.px(4), wide, tall)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(step.ink))
            painter.drawRoundedRect(bar, 3, 3)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            if place + 1 < len(bars) and not self.steps[place + 1].total:
                # Where the next one begins.
                painter.fillRect(QRectF(round(end), row.bottom() - theme.px(4), 1, theme.px(8)), theme.colour("border"))
            painter.setFont(figures)
            painter.setPen(theme.colour("text_strong" if step.total else "text"))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, signed(step.amount))
