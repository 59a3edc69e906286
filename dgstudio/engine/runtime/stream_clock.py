"""The time of a stream that is being read, between two of its samples too."""

from __future__ import annotations

import time
from collections.abc import Callable

from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.streams.source import Source


class StreamClock:
    """Tells stream time. Any thread. `source` gives the present one; `live` says whether it delivers at this moment."""

    def __init__(self, source: Callable[[], Source], ring: SampleRing, live: Callable[[], bool]) -> None:
        self._source = source
        self._ring = ring
        self._live = live

    @property
    def speed(self) -> float:
        """Stream seconds per wall second."""
        speed = self._source().spec.speed
        return speed if speed > 0 else 1.0

    def now(self) -> float:
        """Stream time at this moment: the newest sample's, plus what has passed since, at most half a second."""
        edge = self._ring.edge()
        if edge is None:
            return 0.0
        passed = min(time.perf_counter() - edge[1], 0.5)
        return edge[0] + (passed * self.speed if self._live() else 0.0)
