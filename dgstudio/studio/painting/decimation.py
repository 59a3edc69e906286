"""Numbers behind the traces: samples thinned to pixel columns, and a range per channel that follows without jumping."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32, F64

WIDEN_S = 0.35
"""Wall seconds in which a range follows data that leaves it."""
SHRINK_S = 60.0
"""Wall seconds in which it closes in again: a still sensor must not be blown up to noise at once."""
NOTE_S = 0.25
"""Wall seconds between two looks at the data."""
LOOKED_AT = 256
"""Samples of the view that a look takes in."""
CALM_SAMPLES, CALM_LEAST = 2048, 64
"""Samples, the newest, from which it is told whether a channel is at rest; and how few tell nothing."""
QUANTILES = (0.01, 0.99)
CALM = 4.0
"""A channel that only makes noise is given a row this many times as wide as the noise: rest looks like rest."""
NOISE, MOTION = 0.3, 0.6
"""How alike a sample and the next one are (as a correlation), at most where there is but noise, at least in motion."""
STEADY = (1.5, 2.5)
"""Noise is as strong all the time: how many times the weakest eighth the strongest is, at most, and where not at all.

What comes and goes is something to see, even if its samples are as unlike as those of noise are.
"""
POINTS = 2.0
"""Samples a pixel column above which they are thinned."""


def columns(
    times: F64, values: F32, start: float, end: float, width: float, rate: float, dense: bool | None = None
) -> tuple[F64, F32]:
    """Thin samples to about two points a pixel column, the least and the greatest value of each.

    Columns are anchored in stream time, so that a scrolling trace keeps its shape from frame to frame.

    Parameters
    ----------
    times, values
        (n,) ascending stream seconds and (n, channels); NaN where a value is missing.
    start, end
        The stretch of stream time that `width` pixels show.
    rate
        Samples per second that the stream declares; a pause of more than 2.5 periods is a gap.
    dense
        Whether there are more samples than points to draw; None: where there are more than two a column.

    Returns
    -------
    (m,) pixels from the left edge and (m, channels) values; a row of NaN parts what a gap parts.
    """
    n, span = len(times), end - start
    if n == 0 or span <= 0 or width < 1:
        return np.zeros(0), np.zeros((0, values.shape[1] if values.ndim == 2 else 0), np.float32)
    column_s = span / width
    if not (n / width > POINTS if dense is None else dense):
        xs, ys, first, last = (times - start) / column_s, values, np.arange(n), np.arange(n)
        points = 1
    else:
        place = np.floor(times / column_s).astype(np.int64)
        first = np.concatenate([[0], np.flatnonzero(place[1:] != place[:-1]) + 1])
        last = np.concatenate([first[1:], [n]]) - 1
        low, high = np.fmin.reduceat(values, first, axis=0), np.fmax.reduceat(values, first, axis=0)
        # In the order in which they came, else every falling slope would be drawn as a saw.
        falling = values[first] > values[last]
        ys = np.empty((2 * len(first), values.shape[1]), np.float32)
        ys[0::2], ys[1::2] = np.where(falling, high, low), np.where(falling, low, high)
        left = place[first] - start / column_s
        xs = np.empty(2 * len(first))
        xs[0::2], xs[1::2] = left + 0.25, left + 0.75
        points = 2
    longest = max(2.5 / rate if rate > 0 else np.inf, 1.5 * column_s)
    breaks = np.flatnonzero(times[first[1:]] - times[last[:-1]] > longest) + 1
    if len(breaks):
        at = breaks * points
        xs, ys = np.insert(xs, at, xs[at]), np.insert(ys, at, np.nan, axis=0)
    return xs, ys


def finite_runs(values: F64) -> list[tuple[int, int]]:
    """Return the stretches [first, stop) of finite numbers."""
    finite = np.isfinite(values)
    if finite.all():
        return [(0, len(values))]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[0::2], edges[1::2], strict=True)]


class SlowRange:
    """What each channel's row spans: robust against spikes, quick to widen, slow to close in, never jumping."""

    def __init__(self) -> None:
        self.low: F64 = np.zeros(0)
        self.high: F64 = np.zeros(0)
        self._target: tuple[F64, F64] | None = None
        self._wall = 0.0
        self._noted = -np.inf

    def reset(self) -> None:
        """Forget the stream so far: another one begins."""
        self.low, self.high, self._target = np.zeros(0), np.zeros(0), None

    def follow(self, values: F32, wall: float) -> None:
        """Move towards the range of `values` (n, channels) at the wall time `wall` in seconds."""
        if values.shape[1] != len(self.low):
            self.reset()
            self.low, self.high = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
        if self._target is None or wall - self._noted >= NOTE_S or np.isnan(self.low).any():
            self._target = self._look(values)
            self._noted = wall
        low, high = self._target
        new = np.isnan(self.low)
        self.low[new], self.high[new] = low[new], high[new]
        passed = min(max(wall - self._wall, 0.0), 1.0)
        self._wall = wall
        quick, slow = 1 - np.exp(-passed / WIDEN_S), 1 - np.exp(-passed / SHRINK_S)
        known = np.isfinite(low)
        down, up = np.where(known, low - self.low, 0.0), np.where(known, high - self.high, 0.0)
        self.low += down * np.where(down < 0, quick, slow)
        self.high += up * np.where(up > 0, quick, slow)

    def cover(self, values: F32) -> None:
        """Widen at once to what these (n, channels) span: a stretch of the past does not come in slowly."""
        if values.shape[1] != len(self.low) or not len(values):
            return
        low, high = self._look(values)
        self.low, self.high = np.fmin(self.low, low), np.fmax(self.high, high)

    def take(self, other: SlowRange) -> None:
        """Be as another one is now."""
        self.low, self.high = other.low.copy(), other.high.copy()

    def away_from(self, other: SlowRange) -> float:
        """Return how far the ends of any row of `other` lie from those of this one, half a row being 1."""
        if len(self.low) != len(other.low):
            return np.inf
        # A channel without a value has no range on either side.
        unknown = np.isnan(self.low)
        if (unknown != np.isnan(other.low)).any():
            return np.inf
        ends = np.stack([other.low, other.high])
        moved = np.where(unknown, 0.0, self.scaled(ends) - other.scaled(ends))
        return float(np.abs(moved).max(initial=0.0))

    def scaled(self, values: F32 | F64) -> F64:
        """Return `values` (n, channels) with each channel's range as −1..1."""
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        # A constant channel lies in the middle of its row.
        half = np.maximum(half, np.maximum(1e-3 * np.abs(middle), 1e-9))
        scaled: F64 = (values - middle) / half
        return scaled

    def _look(self, values: F32) -> tuple[F64, F64]:
        seen = values[:: max(1, len(values) // LOOKED_AT)].astype(np.float64)
        seen[~np.isfinite(seen)] = np.nan
        # What is missing is sorted to the end; np.nanquantile takes ten times as long.
        seen.sort(axis=0)
        known = np.isfinite(seen).sum(0)
        low, high = (_quantile(seen, known, share) for share in QUANTILES)
        wider = (CALM - 1) * calmness(values[-CALM_SAMPLES:]) * (high - low) / 2
        return low - wider, high + wider


def calmness(values: F32) -> F64:
    """Return for each of the channels (n, channels) how surely it only makes noise, from 0 to 1.

    No unit tells noise from motion, but motion goes on from each sample to the next, and noise does not.
    """
    if len(values) < CALM_LEAST:
        return np.zeros(values.shape[1])
    known = np.isfinite(values)
    away = np.where(known, values, 0.0).astype(np.float64)
    away = np.where(known, away - away.sum(0) / np.maximum(known.sum(0), 1), 0.0)
    power = np.einsum("ij,ij->j", away, away)
    alike = np.einsum("ij,ij->j", away[1:], away[:-1]) / np.where(power > 0, power, 1.0)
    eighth = len(away) // 8
    strength = np.sqrt(np.square(away[: 8 * eighth]).reshape(8, eighth, -1).mean(1))
    weakest, strongest = strength.min(0), strength.max(0)
    change = strongest / np.where(weakest > 0, weakest, 1.0)
    change[weakest <= 0] = np.inf
    calm: F64 = np.clip((MOTION - alike) / (MOTION - NOISE), 0.0, 1.0)
    calm *= np.clip((STEADY[1] - change) / (STEADY[1] - STEADY[0]), 0.0, 1.0)
    calm[power <= 0] = 0.0
    return calm


def _quantile(ordered: F64, known: npt.NDArray[np.int64], share: float) -> F64:
    """Return the quantile of each column of which `known` numbers stand in order; NaN where there are none."""
    if not len(ordered):
        return np.full(ordered.shape[1], np.nan)
    place = share * np.maximum(known - 1, 0)
    below = place.astype(np.int64)
    column, above = np.arange(ordered.shape[1]), np.minimum(below + 1, np.maximum(known - 1, 0))
    low, high = ordered[below, column], ordered[above, column]
    result: F64 = low + (high - low) * (place - below)
    return result
