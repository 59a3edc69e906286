"""What of a recording is played, in which order, and when each row of it is due."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from dgstudio.streams.recordings.timing import Stretch
from dgstudio.types import F64


class Playlist:
    """Stretches one after the other, laid out on a line of seconds that begins with 0. Immutable.

    Parameters
    ----------
    stretches
        At least one, each with a row at least.
    rate
        Rows a second.
    time
        Seconds of all rows of the file, where each is to be played at its own time; None: `rate` of them a second.
    """

    def __init__(self, stretches: Sequence[Stretch], rate: float, time: F64 | None = None) -> None:
        self._stretches = tuple(stretches)
        self._step = 1.0 / rate
        self._time = time
        begins, at = [], 0.0
        for stretch in self._stretches:
            at += stretch.gap_s
            begins.append(at)
            at += self.offset(stretch.start, stretch.stop - 1) + self._step
        self._begins = begins
        self.length_s = at
        """Seconds that all of it takes at its own speed."""

    def __len__(self) -> int:
        return len(self._stretches)

    def __getitem__(self, number: int) -> Stretch:
        return self._stretches[number]

    def offset(self, first: int, row: int) -> float:
        """Seconds from row `first` to another one of the same stretch."""
        return (row - first) * self._step if self._time is None else float(self._time[row] - self._time[first])

    def offsets(self, first: int, start: int, stop: int) -> F64:
        """Seconds from row `first` to each of the rows [start, stop) of the same stretch, (n,)."""
        if self._time is None:
            return np.arange(start - first, stop - first, dtype=np.float64) * self._step
        return self._time[start:stop] - float(self._time[first])

    def position(self, number: int, row: int) -> float:
        """Seconds from the beginning to a row of a stretch; of the row after its last, to its end."""
        if number >= len(self._stretches):
            return self.length_s
        stretch = self._stretches[number]
        if row < stretch.stop:
            return self._begins[number] + self.offset(stretch.start, row)
        return self._begins[number] + self.offset(stretch.start, stretch.stop - 1) + self._step

    def at(self, position: float) -> tuple[int, int]:
        """Return stretch and row that are due at a position; what lies in a gap is the row after it."""
        number = max(0, bisect_right(self._begins, position + 1e-9) - 1)
        stretch = self._stretches[number]
        within = position - self._begins[number]
        if self._time is None:
            row = stretch.start + round(within / self._step)
        else:
            own = self._time[stretch.start : stretch.stop] - self._time[stretch.start]
            row = stretch.start + int(np.searchsorted(own, within - 1e-9))
        row = max(row, stretch.start)
        if row < stretch.stop:
            return number, row
        return (number + 1, self._stretches[number + 1].start) if number + 1 < len(self) else (number, stretch.stop - 1)
