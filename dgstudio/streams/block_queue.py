"""Samples that wait between the thread that has a device and the one that reads the source, in their order."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

from dgstudio.errors import StreamError
from dgstudio.types import F32, F64, Block

MOST = 512
"""Samples in a block, about."""


class BlockQueue:
    """Blocks in the order in which they were put in; nothing is left out while there is room.

    `put` belongs to one thread; `open`, `read` and `close` to one other. Any thread reads the counters.

    Parameters
    ----------
    name
        Of the stream, for what it says.
    capacity
        Samples that wait at most; those that come then are dropped and counted.
    """

    def __init__(self, name: str, capacity: int) -> None:
        self.taken = 0
        """Samples that were put in."""
        self.dropped = 0
        """Samples for which there was no room."""
        self._name, self._capacity = name, capacity
        self._blocks: deque[Block] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._opened = self._gap = False

    @property
    def waiting(self) -> bool:
        """Whether there is something to read. Any thread."""
        return bool(self._blocks)

    def put(self, times: F64, values: F32, *, gap: bool = False) -> bool:
        """Add samples at `times` (n,), rising, `values` (n, channels); `gap`: the first does not follow the last.

        Whether there was room for them.
        """
        count = len(times)
        if not count:
            return True
        with self._lock:
            if self._waiting + count > self._capacity:
                self.dropped += count
                self._gap = True
                return False
            self._blocks.append(Block(times, values, None, gap or self._gap))
            self._gap = False
            self._waiting += count
            self.taken += count
        self._arrived.set()
        return True

    def open(self) -> None:
        """Start; what came before is read first."""
        self._opened = True
        if not self._blocks:
            # The end before this has woken whoever waited.
            self._arrived.clear()

    def break_next(self) -> None:
        """What is put in next does not follow what was put in before."""
        with self._lock:
            self._gap = self.taken > 0

    def close(self) -> None:
        """Stop; a waiting `read` returns."""
        self._opened = False
        self._arrived.set()

    def read(self, timeout: float) -> Block | None:
        """Return what waits, up to the next gap, or None if nothing comes within `timeout` wall seconds.

        Raises
        ------
        StreamError
            If it is not open.
        """
        if not self._opened:
            raise StreamError(f"“{self._name}” is not open: open it before reading.")
        if not self._blocks:
            self._arrived.wait(max(timeout, 0.0))
        # Before the blocks are taken: what comes from now on sets it again.
        self._arrived.clear()
        with self._lock:
            taken: list[Block] = []
            count = 0
            while self._blocks and count < MOST and not (taken and self._blocks[0].break_before):
                taken.append(self._blocks.popleft())
                count += len(taken[-1].times)
            self._waiting -= count
        if not taken:
            return None
        if len(taken) == 1:
            return taken[0]
        times, values = ([getattr(block, name) for block in taken] for name in ("times", "values"))
        return Block(np.concatenate(times), np.concatenate(values), None, taken[0].break_before)
