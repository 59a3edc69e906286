"""The rings between the threads: samples with their arrival times, and the newest records of anything.

Each ring has one writer. Readers never wait for it: they copy, then check that what they copied was not
overwritten meanwhile, and say so if it was.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

import numpy as np

from dgstudio.types import F32, F64, UNKNOWN_TRUTH, Block

T = TypeVar("T")
Numbers = TypeVar("Numbers", F32, F64)


class SampleRing:
    """The last `capacity` samples of a stream, numbered from 0 for as long as the engine lives.

    One thread appends (dg-source); any thread reads. A sample's number never changes; `total` is the number of
    the next one. `breaks` holds the numbers of samples that do not follow the one before them.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        self.capacity = capacity
        self.channels = channels
        self._chunk = max(1, capacity // 16)
        self._times = np.zeros(capacity, np.float64)
        self._values = np.zeros((capacity, channels), np.float32)
        self._truth = np.full(capacity, UNKNOWN_TRUTH, np.int16)
        self._arrival = np.zeros(capacity, np.float64)
        self.breaks: deque[int] = deque([0], maxlen=4096)
        self.total = 0
        self.grown = threading.Event()
        """Set after every append; the one consumer (dg-infer) clears it."""

    @property
    def oldest(self) -> int:
        """Number of the oldest sample that may be read: the slots before it are the writer's to overwrite."""
        return max(0, self.total - self.capacity + self._chunk)

    def append(self, block: Block, arrival_wall: float) -> None:
        """Add a block that arrived at `arrival_wall`, in pieces small enough that readers never meet the writer."""
        if len(block.times) and block.break_before and self.breaks[-1] != self.total:
            self.breaks.append(self.total)
        for first in range(0, len(block.times), self._chunk):
            part = slice(first, first + self._chunk)
            n = len(block.times[part])
            at = self._span(self.total, self.total + n)
            self._times[at] = block.times[part]
            self._values[at] = block.values[part]
            self._truth[at] = UNKNOWN_TRUTH if block.truth is None else block.truth[part]
            self._arrival[at] = arrival_wall
            self.total += n
        self.grown.set()

    def _span(self, start: int, stop: int) -> slice | np.ndarray:
        first = start % self.capacity
        if first + (stop - start) <= self.capacity:
            return slice(first, first + stop - start)
        return np.arange(start, stop) % self.capacity

    def window(self, start: int, stop: int) -> tuple[F64, F32] | None:
        """Times (n,) and values (n, channels) of the samples [start, stop), copied; None if no longer held."""
        if stop > self.total or start < self.oldest:
            return None
        times, values = self._copied(self._times, start, stop), self._copied(self._values, start, stop)
        return (times, values) if start >= self.oldest else None

    def _copied(self, array: Numbers, start: int, stop: int) -> Numbers:
        """A part of an array; in one step for the interpreter, whose lock numpy gives up to copy 500 numbers."""
        part = array[self._span(start, stop)]
        return np.frombuffer(bytearray(part), array.dtype).reshape(part.shape)

    def truth(self, start: int, stop: int) -> np.ndarray | None:
        """Ground truth (n,) int16 of the samples [start, stop), or None if they are no longer held."""
        if stop > self.total or start < self.oldest:
            return None
        truth = self._truth[self._span(start, stop)].copy()
        return truth if start >= self.oldest else None

    def arrival(self, sample: int) -> float:
        """When the sample with this number arrived, in `perf_counter` seconds."""
        return float(self._arrival[sample % self.capacity])

    def time(self, sample: int) -> float:
        """Stream time of the sample with this number."""
        return float(self._times[sample % self.capacity])

    def edge(self) -> tuple[float, float] | None:
        """Stream time and arrival of the newest sample, or None before the first."""
        total = self.total
        return (self.time(total - 1), self.arrival(total - 1)) if total else None

    def latest(self, seconds: float) -> tuple[F64, F32]:
        """The samples of the last `seconds` of stream time, oldest first: times (n,), values (n, channels)."""
        total = self.total
        if not total:
            return np.zeros(0), np.zeros((0, self.channels), np.float32)
        start = self._first(total)
        times = self._times[self._span(start, total)]
        start += int(np.searchsorted(times, times[-1] - seconds))
        got = self.window(start, total)
        return got if got is not None else (np.zeros(0), np.zeros((0, self.channels), np.float32))

    def reach(self) -> tuple[float, float] | None:
        """Stream times of the oldest sample that may be relied on and of the newest, or None before the first."""
        total = self.total
        return (self.time(self._first(total)), self.time(total - 1)) if total else None

    def between(self, start: float, end: float) -> tuple[F64, F32]:
        """The samples of stream time [start, end] that are still held: times (n,), values (n, channels), copied."""
        total = self.total
        nothing = np.zeros(0), np.zeros((0, self.channels), np.float32)
        if not total:
            return nothing
        first = self._first(total)
        times = self._times[self._span(first, total)]
        low, high = np.searchsorted(times, (start - 1e-9, end + 1e-9))
        got = self.window(first + int(low), first + int(high)) if high > low else None
        return got if got is not None else nothing

    def _first(self, total: int) -> int:
        # A chunk later than what may be read: the writer goes on while a reader copies.
        return min(self.oldest + self._chunk, total - 1) if self.oldest else 0


class RecordRing(Generic[T]):
    """The newest `capacity` records of one writer, numbered from 0; readers pull what they have not seen."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._items: list[T | None] = [None] * capacity
        self.total = 0

    def append(self, item: T) -> None:
        """Add one record, dropping the oldest when full. One thread only."""
        self._items[self.total % self.capacity] = item
        self.total += 1

    def since(self, number: int) -> tuple[list[T], int]:
        """Records from `number` on that are still held, oldest first, and the number to ask for next time."""
        total = self.total
        first = max(number, total - self.capacity + 1, 0)
        items = [self._items[i % self.capacity] for i in range(first, total)]
        # The slot of the record that is being written now counts as overwritten, too.
        overwritten = max(0, self.total - self.capacity + 1 - first)
        return [item for item in items[overwritten:] if item is not None], total

    def latest(self, count: int) -> list[T]:
        """At most the newest `count` records, oldest first."""
        return self.since(max(0, self.total - count))[0]

    @property
    def newest(self) -> T | None:
        """The newest record, or None."""
        total = self.total
        return self._items[(total - 1) % self.capacity] if total else None


class Latencies:
    """The newest `capacity` durations of one writer, for percentiles."""

    def __init__(self, capacity: int = 8192) -> None:
        self._values = np.zeros(capacity, np.float64)
        self.total = 0

    def add(self, value: float) -> None:
        """Note one duration, in the unit of the caller's choice."""
        self._values[self.total % len(self._values)] = value
        self.total += 1

    def since(self, number: int) -> F64:
        """The durations noted from `number` on that are still held, in no stated order."""
        held = min(self.total - number, len(self._values))
        at = np.arange(self.total - max(held, 0), self.total) % len(self._values)
        return self._values[at]

    def percentile(self, *shares: float) -> tuple[float, ...]:
        """Percentiles (0..100) of what is held; zeros before the first."""
        n = min(self.total, len(self._values))
        if n == 0:
            return tuple(0.0 for _ in shares)
        # As np.percentile, which imports numpy.ma while the window comes up.
        at = np.multiply(shares, (n - 1) / 100)
        low = at.astype(np.intp)
        high = np.minimum(low + 1, n - 1)
        ranked = np.partition(self._values[:n], sorted({*low.tolist(), *high.tolist()}))
        return tuple((ranked[low] + (at - low) * (ranked[high] - ranked[low])).tolist())
