"""The recorded samples of a stretch, read forward, with what is damaged or missing among them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dgstudio.session.recording.recorded import Kept, Recorded, RecordedBlock
from dgstudio.types import F32, F64, UNKNOWN_TRUTH


class SampleTape:
    """The samples of a stretch, read forward; no more than a few blocks are held."""

    def __init__(self, recorded: Recorded, stretch: int) -> None:
        self._blocks: Iterator[Kept[RecordedBlock]] = recorded.blocks(stretch)
        self._start = self._stop = 0
        self._end: int | None = None
        self._times: F64 = np.zeros(0)
        self._values: F32 = np.zeros((0, 0), np.float32)
        self._truth = np.zeros(0, np.int16)
        self.read = 0
        """Samples read so far."""
        self.seen = 0
        """The same with those of damaged blocks."""
        self.between = 0
        """Samples that lack between two blocks."""
        self.damaged: tuple[int, int] | None = None
        """First sample and count of the first block whose bytes are not what was written."""
        self.missing: tuple[int, int] | None = None
        """First sample and count of the first gap between two blocks."""

    def window(self, start: int, stop: int) -> tuple[F64, F32, np.ndarray] | None:
        """Times, values and truth of the samples [start, stop), which may not go back; None if they are not there."""
        while self._stop < stop and self._next(start):
            pass
        if start < self._start or stop > self._stop:
            return None
        part = slice(start - self._start, stop - self._start)
        # A copy, as the ring gives: where a product begins in memory must make no difference.
        return self._times[part], self._values[part].copy(), self._truth[part]

    def to_end(self) -> None:
        """Read what is left, to see that it is whole."""
        while self._next(self._stop):
            pass

    def _next(self, needed: int) -> bool:
        """Append the next block and let go of what lies before `needed`; False at the end."""
        kept = next(self._blocks, None)
        if kept is None:
            return False
        block = kept.content
        if self._end not in (None, kept.first):
            gap = kept.first - (self._end or 0)
            self.missing = self.missing or (self._end or 0, gap)
            self.between += max(0, gap)
        self._end = kept.first + kept.count
        self.seen += kept.count
        if block is None:
            self.damaged = self.damaged or (kept.first, kept.count)
            return True
        self.read += kept.count
        truth = np.full(kept.count, UNKNOWN_TRUTH, np.int16) if block.truth is None else block.truth
        if kept.first != self._stop or not len(self._times):
            self._start, self._times, self._values, self._truth = kept.first, block.times, block.values, truth
        else:
            left = max(0, min(needed - self._start, len(self._times)))
            self._start += left
            self._times = np.concatenate([self._times[left:], block.times])
            self._values = np.concatenate([self._values[left:], block.values])
            self._truth = np.concatenate([self._truth[left:], truth])
        self._stop = kept.first + kept.count
        return True
