"""Lines about what goes on, not more of them than somebody will read: a station runs for months."""

from __future__ import annotations

import time
from collections.abc import Callable

BURST = 30
"""Lines that may come at once."""
A_MINUTE = 10.0
"""Lines a minute that may come for long."""


class LineLimit:
    """Says whether one more line may come. One thread.

    Parameters
    ----------
    burst, a_minute
        How many lines may come at once, and for long.
    clock
        Gives the present in seconds.
    """

    def __init__(
        self, burst: int = BURST, a_minute: float = A_MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._a_second, self._clock = float(burst), a_minute / 60.0, clock
        self._room, self._filled = self._burst, clock()
        self._left_out = 0

    def admit(self) -> int | None:
        """Return how many lines were left out since the last one that came, or None: leave this one out as well."""
        now = self._clock()
        self._room = min(self._burst, self._room + (now - self._filled) * self._a_second)
        self._filled = now
        # The line that says how many were left out takes room, too.
        if self._room < (2.0 if self._left_out else 1.0):
            self._left_out += 1
            return None
        left_out, self._left_out = self._left_out, 0
        self._room -= 2.0 if left_out else 1.0
        return left_out
