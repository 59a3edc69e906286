"""Keeps what a part of the window showed in the last seconds, while that is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from dgstudio.studio.pictures.clip_compressor import ClipCompressor
from dgstudio.studio.pictures.clip_frames import Clip
from dgstudio.studio.pictures.grab import grabbed

LEAST_MS: Final = 125.0
"""Between two frames at least: eight a second."""
BUSY: Final = 3.0
"""So many times as long it is while the window itself draws less often than usual, for the machine is busy."""
SHARE: Final = 0.04
"""Of one core that the main thread may spend on it: where a frame takes long, there are fewer."""
SMOOTH: Final = 0.2
"""Weight of the newest frame in what one costs."""


class ClipRecorder(QObject):
    """Grabs what is shown up to eight times a second while it is on; off, it costs nothing. Qt thread only.

    What was kept is forgotten when it is switched off, and when another part of the window takes the place of the one
    before: nothing of what an audience was not to see is left in it.

    Parameters
    ----------
    shown
        Returns what is to be grabbed now; None where that is not seen.
    busy
        Whether the window draws less often than usual.

    Signals
    -------
    changed
        It was switched on or off.
    gave_up
        It has switched itself off; carries why.
    """

    changed = Signal()
    gave_up = Signal(str)

    def __init__(self, shown: Callable[[], QWidget | None], busy: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._shown, self._busy = shown, busy
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._grab)
        self._compressor: ClipCompressor | None = None
        self._cost_ms = 0.0
        self._of: QWidget | None = None

    @property
    def on(self) -> bool:
        """Whether it is switched on."""
        return self._compressor is not None

    @property
    def seconds(self) -> float:
        """How much is kept."""
        return 0.0 if self._compressor is None else self._compressor.seconds

    @property
    def bytes(self) -> int:
        """How much memory that takes."""
        return 0 if self._compressor is None else self._compressor.bytes

    @property
    def interval_ms(self) -> int:
        """Milliseconds from one frame to the next."""
        return self._timer.interval()

    def switch(self, on: bool) -> None:
        """Begin, or end and forget what was kept."""
        if on == self.on:
            return
        if on:
            self._cost_ms, self._of = 0.0, None
            self._compressor = ClipCompressor()
            self._timer.start(round(LEAST_MS))
        else:
            self._timer.stop()
            compressor, self._compressor = self._compressor, None
            if compressor is not None:
                compressor.end()
        self.changed.emit()

    def taken(self) -> Clip | None:
        """Return what was seen in the last seconds; None where nothing is kept."""
        return None if self._compressor is None else self._compressor.taken()

    def _grab(self) -> None:
        widget, compressor = self._shown(), self._compressor
        if compressor is None:
            return
        if compressor.failure:
            self.switch(False)
            self.gave_up.emit(compressor.failure)
            return
        if widget is None or not widget.isVisible() or widget.window().isMinimized():
            return
        began = time.thread_time()
        if not compressor.full:
            compressor.add(time.perf_counter(), grabbed(widget), anew=widget is not self._of)
            self._of = widget
        self._cost_ms += ((time.thread_time() - began) * 1e3 - self._cost_ms) * SMOOTH
        wanted = max(LEAST_MS, self._cost_ms / SHARE) * (BUSY if self._busy() else 1.0)
        if abs(wanted - self._timer.interval()) > 0.1 * wanted:
            self._timer.setInterval(round(wanted))
