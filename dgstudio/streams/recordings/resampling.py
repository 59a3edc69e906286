"""Recordings whose times are uneven, or of another rate: rows are interpolated onto an even grid."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dgstudio.reasons.noted import TimesEvened
from dgstudio.streams.recordings.timing import Timing, times_known
from dgstudio.streams.tables.columns import Categories
from dgstudio.streams.tables.table import RecordingTable
from dgstudio.streams.timing.rate_change import interpolated
from dgstudio.types import F64

WANDERS = 0.5
"""A row is out of place if it is more than this part of a step away from where even rows would be."""
SHARE = 0.05
"""If more rows than this share are out of place, times are uneven: a few late stamps are not."""
LEAST_ROWS = 8


def evened(table: RecordingTable, timing: Timing) -> RecordingTable | None:
    """Return the table on an even grid, with a note about it; None where its times are even, or there are none.

    Each part between two breaks is interpolated linearly by itself, at the rate of the whole; names are those of the
    row before. Times that wobble about an even grid are left alone: most often the stamps wobble, not the sampling.
    """
    if table.time is None or not timing.from_times:
        return None
    time = times_known(table.time)
    borders = [*np.flatnonzero(timing.breaks).tolist(), len(time)]
    if not any(_uneven(time[first:last]) for first, last in pairwise(borders)):
        return None
    steps = np.concatenate([np.diff(time[first:last]) for first, last in pairwise(borders)])
    found = at_rate(table, timing, timing.rate)
    found.notes.append(TimesEvened(timing.rate, float(steps.min()), float(steps.max())))
    return found


def at_rate(table: RecordingTable, timing: Timing, rate: float) -> RecordingTable:
    """Return the table with `rate` rows a second, each part between two breaks interpolated by itself."""
    rows = np.arange(len(table.values))
    time = times_known(table.time) if table.time is not None and timing.from_times else rows / timing.rate
    borders = [*np.flatnonzero(timing.breaks).tolist(), len(time)]
    values, times, before = [], [], []
    for first, last in pairwise(borders):
        own = np.maximum.accumulate(time[first:last])
        grid = own[0] + np.arange(int((own[-1] - own[0]) * rate + 1e-6) + 1) / rate
        values.append(interpolated(table.values[first:last], own, grid))
        times.append(grid)
        before.append(first + np.searchsorted(own, grid + 1e-9, side="right") - 1)
    source = np.concatenate(before)
    return replace(
        table,
        values=np.concatenate(values),
        time=np.concatenate(times),
        labels=_taken(table.labels, source),
        takes=_taken(table.takes, source),
        splits=_taken(table.splits, source),
    )


def _taken(names: Categories | None, rows: npt.NDArray[np.intp]) -> Categories | None:
    return None if names is None else Categories(names.codes[rows], names.names)


def _uneven(time: F64) -> bool:
    """Whether rows lie elsewhere than even rows would: some are lost, or the sensor has no steady rate."""
    if len(time) < LEAST_ROWS or time[-1] <= time[0]:
        return False
    rows = np.arange(len(time))
    slope, begin = np.polyfit(rows, time - time[0], 1)
    if slope <= 0:
        return False
    away = np.abs(time - time[0] - (begin + slope * rows)) / slope
    return float(np.mean(away > WANDERS)) > SHARE
