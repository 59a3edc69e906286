"""Samples brought to another rate while they come: interpolated onto an even grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32, F64, Block


class RateChange:
    """Brings a stream to `rate` samples a second, block by block. One thread.

    Each channel is interpolated linearly between the samples beside; the truth is that of the sample before. What lies
    on both sides of a break, or of a silence of more than `gap_s` seconds, is not joined: the grid begins anew there.
    """

    def __init__(self, rate: float, gap_s: float) -> None:
        self._rate, self._gap_s = rate, gap_s
        self._begin, self._done = 0.0, 0
        """Where the grid begins, and how many of its places have been given."""
        self._last: Block | None = None
        """The newest sample: what comes next is joined to it."""
        self._break = False

    def taken(self, block: Block) -> Block | None:
        """The samples of the grid up to the end of `block`; None where there is none yet."""
        last = self._last
        if last is None or block.break_before or block.times[0] - last.times[-1] > self._gap_s:
            self._break |= block.break_before or last is not None
            self._begin, self._done, last = float(block.times[0]), 0, None
        times, values, truth = _joined(last, block)
        self._last = _newest(block)
        reached = int((times[-1] - self._begin) * self._rate + 1e-6) + 1
        grid = self._begin + np.arange(self._done, reached) / self._rate
        if not len(grid):
            return None
        self._done = reached
        before, self._break = self._break, False
        known = None if truth is None else truth[np.searchsorted(times, grid + 1e-9, side="right") - 1]
        return Block(grid, interpolated(values, times, grid), known, before)


def interpolated(values: F32, time: F64, grid: F64) -> F32:
    """Each channel of `values` (n, channels) at the times of `grid`; where a neighbour is missing, so is the place."""
    found = np.empty((len(grid), values.shape[1]), np.float32)
    for channel in range(values.shape[1]):
        found[:, channel] = np.interp(grid, time, values[:, channel])
    return found


def _joined(last: Block | None, block: Block) -> tuple[F64, F32, npt.NDArray[np.int16] | None]:
    if last is None:
        return block.times, block.values, block.truth
    truth = None
    if block.truth is not None and last.truth is not None:
        truth = np.concatenate((last.truth, block.truth))
    return np.concatenate((last.times, block.times)), np.concatenate((last.values, block.values)), truth


def _newest(block: Block) -> Block:
    return Block(block.times[-1:], block.values[-1:], None if block.truth is None else block.truth[-1:])
