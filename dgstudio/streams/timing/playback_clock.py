"""The clock of a source that makes its own samples: it waits until a sample of stream time is due on the wall."""

from __future__ import annotations

import math
import threading
import time

from dgstudio.errors import BadInputError

PLAYING, LOOP, POSITION, SPEED = "playing", "loop", "position", "speed"
"""Knobs of what is played, by which it is paused, repeated, sought in, hurried."""
LATE_S = 2.0
"""Wall seconds behind from which the clock starts afresh (a laptop that slept) instead of hurrying after."""


class StreamClock:
    """Maps stream time to wall time at `speed` stream seconds a wall second; 0 means that everything is due.

    One thread waits; any thread may `stop`.

    Raises
    ------
    BadInputError
        For a speed that is negative or not a finite number.
    """

    def __init__(self, speed: float) -> None:
        if not (math.isfinite(speed) and speed >= 0):
            raise BadInputError(f"The speed {speed} cannot be used: give 0 (as fast as possible) or a positive number.")
        self.speed = float(speed)
        self.slips = 0
        """How often the clock started afresh because it was late."""
        self._wall = 0.0
        self._stream = 0.0
        self._stopped = threading.Event()
        self._stopped.set()

    @property
    def running(self) -> bool:
        """Whether the clock was started and not stopped since."""
        return not self._stopped.is_set()

    def start(self, stream_time: float) -> None:
        """Let `stream_time` be now."""
        self._wall, self._stream = time.perf_counter(), stream_time
        self._stopped.clear()

    def stop(self) -> None:
        """Stop; a waiting thread returns at once."""
        self._stopped.set()

    def wait(self, stream_time: float, timeout: float) -> bool:
        """Wait at most `timeout` wall seconds for `stream_time`; return whether it is due."""
        if self._stopped.is_set():
            return False
        if self.speed == 0:
            return True
        left = self._wall + (stream_time - self._stream) / self.speed - time.perf_counter()
        if left < -LATE_S:
            self.slips += 1
            self._wall, self._stream = time.perf_counter(), stream_time
            return True
        if left > 0:
            self._stopped.wait(min(left, max(timeout, 0.0)))
            if self._stopped.is_set():
                return False
        return left <= timeout
