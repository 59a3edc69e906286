"""When a widget was painted: what is measured from a click or a key to the picture ends there."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class Paints(QObject):
    """Notes when a widget is painted, until `stop`.

    Attributes
    ----------
    moments : of each time, in `perf_counter` seconds.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.moments: list[float] = []
        self._widget = widget
        widget.installEventFilter(self)

    @property
    def newest(self) -> float:
        """When it was painted last; −inf before."""
        return self.moments[-1] if self.moments else float("-inf")

    def since(self, moment: float) -> Callable[[], bool]:
        """Return what says whether it has been painted since a moment."""
        return lambda: self.newest > moment

    def stop(self) -> None:
        """Note nothing more."""
        self._widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.Paint:
            self.moments.append(time.perf_counter())
        return False
