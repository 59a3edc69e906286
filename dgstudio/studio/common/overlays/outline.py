"""A line around a widget: it points at it without covering what the widget shows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtWidgets import QFrame, QWidget

from dgstudio.studio.common.overlays.room_marks import lies_over

WIDTH = 2


class Outline(QObject):
    """Four thin frames along the edges of one widget at a time, of which they are children: they go where it goes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._around: QWidget | None = None
        self.edges: list[QFrame] = []

    def surround(self, target: QWidget | None, colour: str) -> None:
        """Draw the line around another widget, or, without one, around none."""
        if self._around is not None:
            self._around.removeEventFilter(self)
        for edge in self.edges:
            edge.hide()
            edge.deleteLater()
        self.edges = []
        self._around = target
        if target is None:
            return
        target.installEventFilter(self)
        for _ in range(4):
            edge = QFrame(target)
            edge.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            edge.setStyleSheet(f"background: {colour}; border: none")
            lies_over(edge)
            self.edges.append(edge)
        self._follow()
        for edge in self.edges:
            edge.show()
            edge.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self._around and event.type() == QEvent.Type.Resize:
            self._follow()
        return False

    def _follow(self) -> None:
        target = self._around
        assert target is not None
        wide, high = target.width(), target.height()
        places = (
            QRect(0, 0, wide, WIDTH),
            QRect(0, high - WIDTH, wide, WIDTH),
            QRect(0, 0, WIDTH, high),
            QRect(wide - WIDTH, 0, WIDTH, high),
        )
        for edge, place in zip(self.edges, places, strict=True):
            edge.setGeometry(place)
