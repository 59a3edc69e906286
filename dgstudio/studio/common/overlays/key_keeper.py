"""Keeps keys in a widget that would be shortcuts of the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget


class KeyKeeper(QObject):
    """While the widget, or one in it, has the focus, keys that `keeps` says are typed there, whatever they are else.

    A filter, for an `event` of the widget's own would hold the interpreter while Qt paints all that is in it.
    """

    def __init__(self, widget: QWidget, keeps: Callable[[QKeyEvent], bool]) -> None:
        super().__init__(widget)
        self._keeps = keeps
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        if not self._keeps(event):
            return False
        event.accept()
        return True
