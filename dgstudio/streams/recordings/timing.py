"""The time of a recording: its rate, where it breaks, its takes, and the ground truth of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.reasons.noted import (
    LEAST_TIMES,
    GapsInTime,
    LabelsAreNumbers,
    Note,
    RateAssumed,
    RateNotUsed,
    SamplesFarApart,
    TimeRunsBack,
    TimesDoNotRise,
    TimesTooClose,
)
from dgstudio.records import dataclass
from dgstudio.streams.tables.columns import Categories
from dgstudio.streams.tables.table import RecordedForm, RecordingTable
from dgstudio.types import F64, UNKNOWN_TRUTH

RATE = 50.0
"""Samples a second of a file that does not say its own, and for which nobody said one."""
HIGHEST_RATE = 100_000.0
"""Samples a second above which a number is no rate but a mistake."""
GAP_STEPS = 5
GAP_S = 0.1
"""A step in time is a gap if it is more than `GAP_STEPS` usual ones and more than this: a few lost samples are not."""
MOST_LABELS = 1000
"""More different labels than this are not classes but numbers."""


@dataclass(frozen=True, slots=True)
class RecordedTake:
    """One take of a recording: `n_rows` rows from `start_row` on. `label` and `split` are "" where they are unknown.

    `take` is the file's own number if it has one for each take, else they are counted from 0 in the order of the file.
    """

    take: int
    split: str
    label: str
    start_row: int
    n_rows: int


class Stretch(NamedTuple):
    """Rows [start, stop) without a break inside; `gap_s` seconds beyond one step have passed before them."""

    start: int
    stop: int
    gap_s: float


class Timing(NamedTuple):
    """`breaks` (n,) bool: rows that do not follow the one before; `gaps` (n,) seconds beyond one step before a row.

    `from_times`: the file's times say when each row was taken, and not only when a packet of them came.
    """

    rate: float
    breaks: npt.NDArray[np.bool_]
    gaps: F64
    from_times: bool = False


def timing_of(table: RecordingTable, rate: float | None, notes: list[Note]) -> Timing:
    """Find the rate and the breaks of a table, and add notes about both."""
    rows = len(table.values)
    breaks = np.zeros(rows, np.bool_)
    breaks[0] = True
    gaps = np.zeros(rows)
    if table.takes is not None:
        breaks[1:] = table.takes.codes[1:] != table.takes.codes[:-1]
    steps = None if table.time is None else _steps(table.time)
    usual = None if steps is None else _usual_step(steps)
    if steps is None or usual is None or usual * HIGHEST_RATE < 1:
        if usual is not None:
            notes.append(TimesTooClose(usual))
        elif steps is not None:
            notes.append(TimesDoNotRise())
        if rate is None:
            notes.append(RateAssumed(RATE))
        return Timing(RATE if rate is None else float(rate), breaks, gaps)
    own = float(f"{1 / usual:.6g}")
    if rate is not None and abs(rate - own) > 0.01 * own:
        notes.append(RateNotUsed(own, rate))
    if own < 1:
        notes.append(SamplesFarApart(usual))
    forward = float(np.median(steps[steps > 0]))
    # Where one take follows another, the time between them says when they were recorded, not how they belong together.
    ahead = (steps > max(GAP_STEPS * max(usual, forward), GAP_S)) & ~breaks[1:]
    back = (steps < -0.1 * usual) & ~breaks[1:]
    if ahead.any():
        notes.append(GapsInTime(int(np.count_nonzero(ahead)), float(steps[ahead].max())))
    if back.any():
        notes.append(TimeRunsBack(int(np.count_nonzero(back))))
    gaps[1:] = np.where(ahead, steps - usual, 0.0)
    breaks[1:] |= ahead | back
    return Timing(own, breaks, gaps, from_times=bool(np.median(steps[steps >= 0]) > 0))


def timing_as_recorded(stream: RecordedForm) -> Timing:
    """Return the timing of a stream that dgstudio recorded: it says itself where it broke, and how fast it came."""
    time, breaks = stream.time, stream.breaks.copy()
    breaks[0] = True
    gaps = np.zeros(len(time))
    # After a break it may have gone on at once, or some time later.
    gaps[1:] = np.where(breaks[1:], np.maximum(0.0, np.diff(time) - 1.0 / stream.rate), 0.0)
    return Timing(stream.rate, breaks, gaps, from_times=True)


def times_known(time: F64) -> F64:
    """Return the times (n,), missing ones interpolated between their neighbours."""
    known = np.isfinite(time)
    rows = np.arange(len(time))
    return time if known.all() else np.interp(rows, rows[known], time[known])


def _steps(time: F64) -> F64 | None:
    """Return the steps (n − 1,) between the times of rows, missing ones interpolated; None if there are none."""
    if np.count_nonzero(np.isfinite(time)) < LEAST_TIMES:
        return None
    return np.diff(times_known(time))


def _usual_step(steps: F64) -> float | None:
    """Return the median step; where most are 0 (samples came in packets), their mean; None if time stands still."""
    forward = steps[steps >= 0]
    if 2 * len(forward) < len(steps) or not forward.any():
        return None
    step = float(np.median(forward))
    if step > 0:
        return step
    packet = float(np.median(forward[forward > 0]))
    return float(np.mean(forward[forward <= GAP_STEPS * packet]))


def truth_of(
    path: Path, labels: Categories | None, asked: bool, notes: list[Note]
) -> tuple[tuple[str, ...], npt.NDArray[np.int16] | None]:
    """Return the names of the labels and which of them each row has."""
    if labels is None:
        return (), None
    known = [code for code, name in enumerate(labels.names) if not missing(name)]
    if len(known) > MOST_LABELS:
        note = LabelsAreNumbers(path.name, len(known))
        if asked:
            raise BadInputError(f"{note.finding} Choose another column.")
        notes.append(note)
        return (), None
    index = np.full(len(labels.names), UNKNOWN_TRUTH, np.int16)
    index[known] = np.arange(len(known))
    return tuple(labels.names[code] for code in known), index[labels.codes]


def missing(name: str) -> bool:
    """Whether a label says that there is none."""
    return name.lower() in ("", "nan")


def takes_of(table: RecordingTable, breaks: npt.NDArray[np.bool_]) -> Iterator[RecordedTake]:
    """Yield the takes of a table in its order: runs of equal entries of its take column, else what breaks divide."""
    if table.takes is not None:
        codes = table.takes.codes
        starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
        numbers = [_whole(table.takes.names[codes[start]]) for start in starts]
    else:
        starts, numbers = np.flatnonzero(breaks), []
    if not numbers or None in numbers or len(set(numbers)) < len(numbers):
        numbers = list(range(len(starts)))
    stops = np.append(starts[1:], len(table.values))
    for number, start, stop in zip(numbers, starts.tolist(), stops.tolist(), strict=True):
        assert number is not None
        split = "" if table.splits is None else table.splits.names[table.splits.codes[start]]
        yield RecordedTake(number, split, _commonest(table.labels, start, stop), start, stop - start)


def _whole(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _commonest(labels: Categories | None, start: int, stop: int) -> str:
    """Return the label that most of the labelled rows have."""
    if labels is None:
        return ""
    codes, counts = np.unique(labels.codes[start:stop], return_counts=True)
    named = [
        (count, -code)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
        if not missing(labels.names[code])
    ]
    return labels.names[-max(named)[1]] if named else ""


def stretches_of(timing: Timing, takes: Sequence[RecordedTake]) -> list[Stretch]:
    """Cut the takes, in this order, into stretches without a break inside."""
    stretches: list[Stretch] = []
    played = -1
    for take in takes:
        stop = take.start_row + take.n_rows
        inner = np.flatnonzero(timing.breaks[take.start_row + 1 : stop]) + take.start_row + 1
        borders = [take.start_row, *inner.tolist(), stop]
        for first, last in pairwise(borders):
            # Between rows that are no neighbours in the file, there is no time to keep.
            stretches.append(Stretch(first, last, float(timing.gaps[first]) if first == played else 0.0))
            played = last
    return stretches
