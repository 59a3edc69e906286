"""A combo box in the look of the buttons: one of a list is chosen."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QSizePolicy

from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.theme.theme import DARK, Theme

ARROW = 22
"""Logical pixels of the arrow, its margins included."""
TALLEST, WIDEST = 27, 190


class ChoiceBox(QComboBox):
    """`name` is what it chooses, for the tooltip and screen readers; `stand_out` marks that it is not as usual."""

    def __init__(self, name: str, size: str = "small") -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.stands_out = False
        self._size = size
        self.setAccessibleName(name)
        may_elide_names(self)
        self.setToolTip(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMaxVisibleItems(20)

    def stand_out(self, on: bool) -> None:
        """Draw it as what changes something, or as usual."""
        if on != self.stands_out:
            self.stands_out = on
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.setFont(theme.ui(self._size))
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: D102
        metrics = QFontMetrics(self.font())
        widest = max((metrics.horizontalAdvance(self.itemText(place)) for place in range(self.count())), default=40)
        return QSize(
            min(widest + self.theme.px(ARROW) + self.theme.px(12), self.theme.px(WIDEST)), self.theme.px(TALLEST)
        )

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme = QPainter(self), self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        over = self.underMouse() and self.isEnabled()
        edge = "accent" if self.stands_out else "border_strong" if over else "border"
        painter.setPen(QPen(theme.colour("accent_hover" if self.hasFocus() else edge), 1))
        painter.setBrush(theme.colour("accent_soft" if self.stands_out else "control_hover" if over else "control"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.length(5), theme.length(5))
        ink = "text_faint" if not self.isEnabled() else "text_strong" if self.stands_out else "text"
        painter.setPen(theme.colour(ink))
        painter.setFont(self.font())
        room = self.rect().adjusted(theme.px(9), 0, -theme.px(ARROW), 0)
        words = painter.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(QPen(theme.colour("text_muted"), theme.length(1.3)))
        arm = theme.length(3.5)
        x, y = self.width() - theme.length(ARROW) / 2, (self.height() - arm) / 2
        painter.drawPolyline(QPolygonF([QPointF(x - arm, y), QPointF(x, y + arm), QPointF(x + arm, y)]))
