"""What the mouse takes hold of between two panels: wider than the line that is seen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QEnterEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from dgstudio.studio.common.overlays.room_marks import lies_over
from dgstudio.studio.docking.tree import Way
from dgstudio.studio.theme.theme import DARK, Theme

REACH = 2
"""Logical pixels on either side of the line that belong to it."""


class Grip(QWidget):
    """Lies over a separator of `area` and hands it the mouse; `dragged` tells that a hand has moved it.

    It stays where it was while it is dragged, for it has the mouse.
    """

    dragged = Signal()

    def __init__(self, area: QWidget) -> None:
        super().__init__(area)
        self._area = area
        self.theme: Theme = DARK
        self._line = QRect()
        self._moved = False
        self._hot = False
        self.held = False
        """Whether the mouse holds it."""
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        lies_over(self)

    def put(self, line: QRect, way: Way) -> None:
        """Lie over a line between two parts that follow each other in this way."""
        across = way == Way.ACROSS
        self._line = line
        self.setCursor(Qt.CursorShape.SplitHCursor if across else Qt.CursorShape.SplitVCursor)
        self.setGeometry(line.adjusted(-REACH, 0, REACH, 0) if across else line.adjusted(0, -REACH, 0, REACH))
        self.show()
        self.raise_()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self.held, self._moved = True, False
        self._hand_on(event, QPointF(self._line.center()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._moved = self.held
        self._hand_on(event, QPointF(self.mapToParent(event.position().toPoint())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._hand_on(event, QPointF(self.mapToParent(event.position().toPoint())))
        self.held = False
        if self._moved:
            self.dragged.emit()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: D102
        self._heat(True)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        self._heat(False)

    def _heat(self, hot: bool) -> None:
        self._hot = hot
        self.update()

    def _hand_on(self, event: QMouseEvent, at: QPointF) -> None:
        over = QPointF(self._area.mapToGlobal(at.toPoint()))
        passed = QMouseEvent(event.type(), at, over, event.button(), event.buttons(), event.modifiers())
        QApplication.sendEvent(self._area, passed)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if self._hot:
            painter = QPainter(self)
            painter.fillRect(self._line.translated(-self.pos()), self.theme.colour("accent"))
