"""How often the window is drawn: as often as the main thread can, and less under load; the answers never wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import exp

LEAST_MS, USUAL_MS, MOST_MS = 16.0, 33.0, 100.0
"""Between two frames: where drawing is cheap, where nobody is told of it, and at most."""
MOST_LATE_MS = 50.0
"""As long as frames become because they come late, however little they cost."""
SHARE = 0.4
"""Of one core that the main thread may take: half of it less a margin for what comes in bursts."""
LATE, ON_TIME = 1.3, 1.12
"""Time between two frames, in intervals: above the one the machine is busy, below the other it has time."""
DEAD = 1.15
"""As much shorter must an interval that would do be before it is taken."""
ONCE_COST, ONCE_LATE = 4.0, 2.0
"""What one frame counts at most: so many times the usual cost, so many intervals."""
SMOOTH_S, LENGTHEN_S, SHORTEN_S = 1.0, 0.4, 3.0
"""Seconds in which figures, and the interval, go two thirds of their way."""
FULL_MS = 1.02 * LEAST_MS
"""Below this it is the shortest interval, which is not to be missed by a millisecond."""
LONGEST_GAP_S = 0.5
"""A pause that is longer was none of the load: a window was moved, a machine slept."""


class FrameGovernor:
    """Measures what frames cost the main thread and how late they come, and says how long the next one lasts.

    Parameters
    ----------
    wall, cpu
        Seconds that have passed, and those of them that this thread was at work.
    """

    def __init__(
        self, wall: Callable[[], float] = time.perf_counter, cpu: Callable[[], float] = time.thread_time
    ) -> None:
        self._wall, self._cpu = wall, cpu
        self._before: tuple[float, float] | None = None
        self._cost_ms = SHARE * USUAL_MS
        self._late = 1.0
        self._exact_ms = USUAL_MS
        self._shortens = self._yields = False
        self.interval_ms = round(USUAL_MS)
        """Milliseconds from one frame to the next."""

    @property
    def share(self) -> float:
        """Of one core that the main thread takes."""
        return self._cost_ms / max(self._exact_ms * self._late, 1e-9)

    @property
    def yields_to(self) -> int:
        """Frames a second while fewer are drawn than usual, else 0."""
        return round(1e3 / self.interval_ms) if self._yields else 0

    def next_frame(self) -> int:
        """Note that a frame begins; return how many milliseconds there are to the next."""
        now = self._wall(), self._cpu()
        before, self._before = self._before, now
        if before is None:
            return self.interval_ms
        passed, busy = now[0] - before[0], now[1] - before[1]
        if not 0.0 < passed < LONGEST_GAP_S:
            return self.interval_ms
        new = 1 - exp(-passed / SMOOTH_S)
        # One frame in which much was made, as a panel or a stage, is no load yet: only several of them are.
        busy_ms = min(busy * 1e3, ONCE_COST * max(self._cost_ms, SHARE * USUAL_MS))
        self._cost_ms += (busy_ms - self._cost_ms) * new
        self._late += (min(passed * 1e3 / self.interval_ms, ONCE_LATE) - self._late) * new
        self._go_to(self._wanted(), passed)
        return self.interval_ms

    def _wanted(self) -> float:
        least = min(max(LEAST_MS, self._cost_ms / SHARE), MOST_MS)
        now = self._exact_ms
        if self._late > LATE:
            # Fewer frames leave the others more of a busy machine.
            self._shortens = False
            return max(least, min(now * LATE, max(now, MOST_LATE_MS)))
        # Once it has begun it goes all the way: what stops at the margin would begin anew with each gust.
        self._shortens = self._late < ON_TIME and least * (1.0 if self._shortens else DEAD) < now
        return least if self._shortens else max(least, now)

    def _go_to(self, wanted: float, passed: float) -> None:
        within = LENGTHEN_S if wanted > self._exact_ms else SHORTEN_S
        self._exact_ms += (wanted - self._exact_ms) * (1 - exp(-passed / within))
        # A timer that is set anew begins anew: not for less than can be noticed.
        if abs(self._exact_ms - self.interval_ms) >= max(1.0, 0.05 * self.interval_ms) or self._exact_ms < FULL_MS:
            self.interval_ms = round(self._exact_ms)
        self._yields = self._exact_ms > (1.05 if self._yields else 1.2) * USUAL_MS
