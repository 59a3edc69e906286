"""dg-clip: makes frames smaller and compresses them, so that the main thread need not."""

from __future__ import annotations

import queue
import threading
from typing import Final

from PySide6.QtGui import QImage

from dgstudio.studio.pictures.clip_frames import Clip, ClipFrames
from dgstudio.studio.pictures.pixels import pixels_of

WAITING: Final = 2
"""Frames that may wait; more are left out."""
JOIN_S: Final = 5.0


class ClipCompressor:
    """A thread, and the frames that it keeps. Its methods are called by the Qt thread."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[float, QImage, ClipFrames] | None] = queue.Queue()
        self._kept = ClipFrames()
        self.failure = ""
        """Why it has ended by itself; "" while it has not."""
        self._thread = threading.Thread(target=self._run, name="dg-clip", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether it does not keep up: the next frame is better left out."""
        return self._waiting.qsize() >= WAITING

    @property
    def seconds(self) -> float:
        """How much is kept."""
        return self._kept.seconds

    @property
    def bytes(self) -> int:
        """How much memory that takes."""
        return self._kept.bytes

    def add(self, when: float, image: QImage, *, anew: bool) -> None:
        """Keep this too; `anew`: and forget what was kept before."""
        if anew:
            self._kept = ClipFrames()
        self._waiting.put((when, image, self._kept))

    def taken(self) -> Clip | None:
        """Return what is kept; None where that is nothing."""
        return self._kept.taken()

    def end(self) -> None:
        """End the thread and forget everything."""
        self._waiting.put(None)
        self._thread.join(JOIN_S)
        self._kept = ClipFrames()

    def _run(self) -> None:
        try:
            while (item := self._waiting.get()) is not None:
                when, image, kept = item
                kept.add(when, pixels_of(image))
        except Exception as error:
            # Too little memory, say: the window goes on without it.
            self.failure = repr(error)
