"""Lines about what goes on, not more of them than somebody will read: a station runs for months."""

from __future__ import annotations

import time
from collections.abc import Callable

BURST = 30
"""Lines that may come at once."""
A_MINUTE = 10.0
"""Lines a minute that may come for long."""


class LineLimit:
    """Passes lines on as long as they are few; of those in between it says how many there were, once there is room."""

    def __init__(self, say: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._room, self._filled = float(BURST), clock()
        self.left_out = 0
        """Lines since the last one that was passed on."""

    def __call__(self, line: str) -> None:
        """Say a line, or count it."""
        now = self._clock()
        self._room = min(float(BURST), self._room + (now - self._filled) * A_MINUTE / 60.0)
        self._filled = now
        # One of the room is for the line that says how many there were.
        if self._room < (2.0 if self.left_out else 1.0):
            self.left_out += 1
            return
        if self.left_out:
            self._say(f"[dim]… {self.left_out:,} lines left out[/]")
            self._room, self.left_out = self._room - 1.0, 0
        self._room -= 1.0
        self._say(line)
