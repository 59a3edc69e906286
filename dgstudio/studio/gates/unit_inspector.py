"""The inspector of one base unit: its weights by feature and by class, and how often it fires for each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QPushButton, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.bridge.state import UnitView
from dgstudio.studio.theme.theme import DARK, Theme

STRONGEST = 12
WIDEST = 760
ROW, TITLE, CAPTION = 15, 26, 18
"""Logical pixels of a row, of the title, of a caption."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class in the inspector: the unit's weight on its logit, and on which share of its answers the unit fired."""

    name: str
    colour: str
    weight: float | None
    """None for a class that the base does not have."""
    share: float | None
    """0..1; None where the class was not answered of late."""


class UnitInspector(QFrame):
    """Lies over the raster until it is closed (Esc, ✕). `closed` tells of it; `stepped` carries ±1 for a neighbour."""

    closed = Signal()
    stepped = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.unit: UnitView | None = None
        self.class_rows: list[ClassRow] = []
        self.status = ""
        self.setAccessibleName("Inspector of a unit")
        # Its own ground is painted below; as an overlay of the panel it needs no frame of the stylesheet.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.close_button = QPushButton("✕", self)
        self.close_button.setObjectName("flat")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.close_button.setAccessibleName("Close the inspector")
        self.close_button.setToolTip("Close the inspector  [Esc]")
        self.close_button.clicked.connect(self.closed)
        self.hide()

    def show_unit(self, unit: UnitView, rows: Sequence[ClassRow], status: str) -> None:
        """Show a unit; `status` says what it does now."""
        if unit is self.unit and list(rows) == self.class_rows and status == self.status:
            return
        self.unit, self.class_rows, self.status = unit, list(rows), status
        self.setAccessibleDescription(f"unit {unit.index}, {status}")
        self.update()

    def strongest(self) -> list[tuple[str, float]]:
        """Return the incoming weights of largest size as (feature, weight), the largest first."""
        if self.unit is None:
            return []
        weights = np.nan_to_num(self.unit.incoming)
        order = np.argsort(-np.abs(weights), kind="stable")[:STRONGEST]
        names = self.unit.feature_names
        return [(names[place] if place < len(names) else f"feature {place}", float(weights[place])) for place in order]

    def room(self, available: QRect) -> QRect:
        """Return the part of `available` that all of it needs: rows that are too long are hard to follow."""
        theme = self.theme
        tall = theme.px(TITLE) + theme.px(CAPTION) + STRONGEST * theme.px(ROW) + 20
        wide = min(available.width(), theme.px(WIDEST))
        return QRect(available.left(), available.top(), wide, min(available.height(), tall))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.close_button.setFont(theme.ui("body"))
        self._place_button()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._place_button()

    def _place_button(self) -> None:
        side = self.theme.px(22)
        self.close_button.setGeometry(self.width() - side - 6, 5, side, side)

    # -- drawing -------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme = self.theme
        painter.fillRect(self.rect(), theme.colour("surface"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.colour("accent_hover" if self.hasFocus() else "border_strong"), 1))
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self.unit is None:
            return
        inner = QRectF(self.rect()).adjusted(12, 6, -12, -8)
        title = QRectF(inner.left(), inner.top(), inner.width() - theme.px(24), theme.px(TITLE))
        font = theme.ui("title", 600)
        painter.setFont(font)
        painter.setPen(theme.colour("text_strong"))
        name = f"unit {self.unit.index}"
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, name)
        used = QFontMetrics(font).horizontalAdvance(name) + 12
        self._words(painter, title.adjusted(used, 1, 0, 1), self.status, "text_muted", "small")
        table = inner.adjusted(0, theme.px(TITLE), 0, 0)
        half = table.width() * (0.47 if table.width() >= theme.px(460) else 0.4)
        self._incoming(painter, QRectF(table.left(), table.top(), half, table.height()))
        rest = table.width() - half - theme.px(18)
        self._classes(painter, QRectF(table.right() - rest, table.top(), rest, table.height()))

    def _incoming(self, painter: QPainter, box: QRectF) -> None:
        assert self.unit is not None
        theme = self.theme
        found = self.strongest()
        fit = self._fitting(box)
        shown = found[:fit]
        total = len(self.unit.incoming)
        words = f"incoming, strongest {len(shown)} of {total}" if total > len(shown) else "incoming weights"
        self._words(painter, QRectF(box.left(), box.top(), box.width(), theme.px(CAPTION)), words, "text_muted")
        most = max((abs(weight) for _, weight in shown), default=0.0)
        number = self._figures_wide("−0.00")
        name_wide = min(box.width() * 0.42, self._widest([name for name, _ in shown]) + 8)
        for place, (name, weight) in enumerate(shown):
            row = self._row(box, place)
            self._words(painter, QRectF(row.left(), row.top(), name_wide - 6, row.height()), name, "text")
            bar = QRectF(row.left() + name_wide, row.top(), row.width() - name_wide - number - 6, row.height())
            self._signed(painter, bar, weight, most, "base_unit")
            self._figure(painter, row, weight)

    def _classes(self, painter: QPainter, box: QRectF) -> None:
        theme = self.theme
        fit = self._fitting(box)
        rows = self.class_rows if len(self.class_rows) <= fit else self.class_rows[: max(1, fit - 1)]
        name_wide = min(box.width() * 0.3, self._widest([row.name for row in rows]) + 14)
        number, percent = self._figures_wide("−0.00"), self._figures_wide("100 %")
        bars = max(0.0, box.width() - name_wide - number - percent - 26)
        out = QRectF(box.left() + name_wide, box.top(), bars * 0.55, theme.px(CAPTION))
        fires = QRectF(out.right() + number + 20, box.top(), bars * 0.45 + percent + 6, theme.px(CAPTION))
        self._words(painter, out.adjusted(0, 0, number + 6, 0), "outgoing", "text_muted")
        self._words(painter, fires, "fires on", "text_muted")
        most = max((abs(row.weight) for row in rows if row.weight is not None), default=0.0)
        for place, each in enumerate(rows):
            row = self._row(box, place)
            ink = theme.readable(each.colour) if each.colour else "text_muted"
            self._words(painter, QRectF(row.left(), row.top(), name_wide - 6, row.height()), each.name, "text")
            if each.weight is not None:
                self._signed(painter, QRectF(out.left(), row.top(), out.width(), row.height()), each.weight, most, ink)
                self._figure(
                    painter, QRectF(out.left(), row.top(), out.width() + number + 6, row.height()), each.weight
                )
            bar = QRectF(fires.left(), row.center().y() - 3, fires.width() - percent - 6, 6)
            painter.fillRect(bar, theme.colour("control"))
            painter.setFont(theme.mono("tiny"))
            painter.setPen(theme.colour("text_muted" if each.share is None else "text"))
            words = "–" if each.share is None else f"{each.share * 100:.0f} %"
            right = QRectF(fires.left(), row.top(), fires.width(), row.height())
            painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
            if each.share:
                painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * each.share, 6), theme.colour(ink))
        if len(rows) < len(self.class_rows):
            row = self._row(box, len(rows))
            self._words(painter, row, f"and {len(self.class_rows) - len(rows)} more", "text_muted")

    def _fitting(self, box: QRectF) -> int:
        return max(1, int((box.height() - self.theme.px(CAPTION)) // self.theme.px(ROW)))

    def _row(self, box: QRectF, place: int) -> QRectF:
        tall = self.theme.px(ROW)
        return QRectF(box.left(), box.top() + self.theme.px(CAPTION) + place * tall, box.width(), tall)

    def _signed(self, painter: QPainter, box: QRectF, value: float, most: float, ink: str) -> None:
        """A bar to the right of the middle for a positive value, to the left for a negative one."""
        theme = self.theme
        zero, middle = box.center().x(), box.center().y()
        painter.fillRect(QRectF(box.left(), middle - 3, box.width(), 6), theme.colour("control"))
        wide = (box.width() / 2) * (value / most) if most > 0 else 0.0
        painter.fillRect(QRectF(min(zero, zero + wide), middle - 3, abs(wide), 6), theme.colour(ink))
        painter.fillRect(QRectF(round(zero), middle - 5, 1, 10), theme.colour("border_strong"))

    def _figure(self, painter: QPainter, row: QRectF, value: float) -> None:
        painter.setFont(self.theme.mono("tiny"))
        painter.setPen(self.theme.colour("text"))
        words = f"{value:.2f}".replace("-", "−")
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _words(self, painter: QPainter, box: QRectF, text: str, ink: str, size: str = "tiny") -> None:
        font = self.theme.ui(size)
        painter.setFont(font)
        painter.setPen(self.theme.colour(ink))
        short = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(box.width()) + 1))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, short)

    def _widest(self, names: Sequence[str]) -> int:
        metrics = QFontMetrics(self.theme.ui("tiny"))
        return max((metrics.horizontalAdvance(name) for name in names), default=0)

    def _figures_wide(self, text: str) -> int:
        return QFontMetrics(self.theme.mono("tiny")).horizontalAdvance(text)
