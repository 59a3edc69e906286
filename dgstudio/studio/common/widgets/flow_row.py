"""Widgets beside each other, in as many lines as the width asks for.

A widget and not a layout: a layout written in Python holds Qt's layout items, and PySide may free them under it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.theme.theme import Theme


class FlowRow(QWidget):
    """Lays its widgets out from left to right at the sizes that they ask for, line by line; hidden ones take no room.

    Parameters
    ----------
    across, down
        Pixels between two widgets of a line, and between two lines, at the usual size of type.
    """

    def __init__(self, across: int, down: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gaps = across, down
        self._across, self._down = across, down
        self._widgets: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, widget: QWidget) -> None:
        """Put a widget behind the others."""
        widget.setParent(self)
        widget.show()
        self._widgets.append(widget)
        self.updateGeometry()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self._across, self._down = map(theme.px, self._gaps)
        self.updateGeometry()
        self._arrange()

    def hasHeightForWidth(self) -> bool:  # noqa: D102
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: D102
        return self._height(self._places(width))

    def sizeHint(self) -> QSize:  # noqa: D102
        shown = [widget for widget in self._widgets if not widget.isHidden()]
        wide = sum(widget.sizeHint().width() + self._across for widget in shown) - self._across
        return QSize(max(0, wide), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        wide = max((widget.sizeHint().width() for widget in self._widgets), default=0)
        return QSize(wide, self.heightForWidth(max(wide, self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        self._arrange()
        if event.size().width() != event.oldSize().width():
            # How tall it is depends on it.
            self.updateGeometry()
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.StyleChange, QEvent.Type.FontChange):
            # A widget asks for another size.
            self.updateGeometry()
            self._arrange()
        return super().event(event)

    def _arrange(self) -> None:
        for widget, place in zip(self._widgets, self._places(self.width()), strict=True):
            widget.setGeometry(place)

    def _places(self, width: int) -> list[QRect]:
        places: list[QRect] = []
        left = top = tall = 0
        for widget in self._widgets:
            if widget.isHidden():
                places.append(QRect(left, top, 0, 0))
                continue
            size = widget.sizeHint()
            if left and left + size.width() > width:
                left, top, tall = 0, top + tall + self._down, 0
            places.append(QRect(left, top, size.width(), size.height()))
            left, tall = left + size.width() + self._across, max(tall, size.height())
        return places

    @staticmethod
    def _height(places: list[QRect]) -> int:
        return max((place.bottom() + 1 for place in places), default=0)
