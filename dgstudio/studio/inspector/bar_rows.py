"""Rows of a name, a bar and a figure: weights to both sides of a middle, or shares from the left."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.theme.theme import DARK, Theme

ROW = 17


@dataclass(frozen=True, slots=True)
class BarRow:
    """One row: its name, the bar's value, what stands at its end, its colour (token or "#rrggbb"), its tooltip."""

    name: str
    value: float
    figure: str
    ink: str
    tip: str = ""


class BarRows(QWidget):
    """`signed`: bars go to both sides of the middle, on the scale of the largest; else 0..`most` from the left."""

    def __init__(self, name: str, *, signed: bool, most: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.rows: tuple[BarRow, ...] = ()
        self._signed, self._most = signed, most
        self.setAccessibleName(name)
        may_elide_names(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[BarRow]) -> None:
        """Show these."""
        if tuple(rows) != self.rows:
            self.rows = tuple(rows)
            self.setAccessibleDescription("; ".join(f"{row.name} {row.figure}" for row in rows))
            self.updateGeometry()
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(240), len(self.rows) * self.theme.px(ROW))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), len(self.rows) * self.theme.px(ROW))

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = event.pos().y() // max(1, self.theme.px(ROW))
            QToolTip.showText(event.globalPos(), self.rows[place].tip if 0 <= place < len(self.rows) else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme, tall = QPainter(self), self.theme, self.theme.px(ROW)
        names, figures = QFontMetrics(theme.ui("tiny")), QFontMetrics(theme.mono("tiny"))
        widest = max((names.horizontalAdvance(row.name) for row in self.rows), default=0)
        left = min(widest + theme.px(10), 0.52 * self.width())
        right = self.width() - max((figures.horizontalAdvance(row.figure) for row in self.rows), default=0) - 8
        sizes = [abs(row.value) for row in self.rows if math.isfinite(row.value)]
        most = self._most or max(sizes, default=0.0) or 1.0
        for place, row in enumerate(self.rows):
            box = QRectF(0, place * tall, self.width(), tall)
            painter.setFont(theme.ui("tiny"))
            painter.setPen(theme.colour("text"))
            name = names.elidedText(row.name, Qt.TextElideMode.ElideRight, int(left - 6))
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            track = QRectF(left, box.center().y() - 3, max(1.0, right - left), 6)
            painter.fillRect(track, theme.colour("control"))
            value = row.value if math.isfinite(row.value) else 0.0
            zero = track.center().x() if self._signed else track.left()
            wide = value / most * (track.width() / 2 if self._signed else track.width())
            painter.fillRect(QRectF(min(zero, zero + wide), track.top(), abs(wide), 6), theme.colour(row.ink))
            if self._signed:
                painter.fillRect(QRectF(round(zero), track.top() - 2, 1, 10), theme.colour("border_strong"))
            painter.setFont(theme.mono("tiny"))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.figure)
