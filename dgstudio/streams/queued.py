"""What sources share of which every value counts (OSC messages, say): each is a sample of its own when it comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgstudio.streams.block_queue import BlockQueue
from dgstudio.types import F32, Block, StreamSpec

CAPACITY = 8192
"""Values that wait at most: four seconds at two thousand a second."""


BEFORE_ALL = -1.0
"""The stream time of what comes before the first value."""


class QueuedSource:
    """A stream of what others put in, in the order in which it came: no value is left out while there is room.

    Stream time is the time at which a value came, in seconds since the first one; it rises from value to value. Where
    a steady rate is wanted instead, `PushSource` samples what was pushed last.

    `put` and `moment` belong to one thread, or to several that take turns; `open`, `read` and `close` to one other.
    Any thread reads the counters.
    """

    def __init__(self, spec: StreamSpec, *, capacity: int = CAPACITY) -> None:
        self.spec = spec
        self._queue = BlockQueue(spec.name, capacity)
        self._begun: float | None = None
        self._last = -np.inf

    @property
    def taken(self) -> int:
        """Values that were taken, and come out of `read` in this order."""
        return self._queue.taken

    @property
    def dropped(self) -> int:
        """Values for which there was no room."""
        return self._queue.dropped

    @property
    def waiting(self) -> bool:
        """Whether there is something to read."""
        return self._queue.waiting

    def put(self, values: Sequence[float] | F32, wall: float) -> float | None:
        """Add a value (channels,) that came at `wall` (`perf_counter`); its stream time, or None if there is no room.

        The caller has checked that it has the stream's channels, and that all are finite.
        """
        if self._begun is None:
            self._begun = wall
        time = self.moment(wall)
        return time if self._queue.put(np.array([time]), np.array([values], np.float32)) else None

    def moment(self, wall: float) -> float:
        """The stream time of something that came at `wall`: after all that came before it. Below 0 before the first."""
        if self._begun is None:
            return BEFORE_ALL
        # What comes together has an order all the same; a microsecond is less than any sensor's jitter.
        self._last = max(wall - self._begun, self._last + 1e-6)
        return self._last

    def open(self) -> None:
        """Start; what came before is read first. Opened again, the stream goes on after a break."""
        self._queue.open()

    def close(self) -> None:
        """Stop; a waiting `read` returns. Closing twice does nothing."""
        self._queue.close()
        self._queue.break_next()

    def read(self, timeout: float) -> Block | None:
        """Return what has come, or None if nothing comes within `timeout` wall seconds.

        Raises
        ------
        StreamError
            If the source is not open.
        """
        return self._queue.read(timeout)
