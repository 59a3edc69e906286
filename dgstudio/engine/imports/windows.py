"""Windows cut from imported samples: at the stream's rate, by the same rule as a take that is held (design 6)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.engine.imports.column_mapping import Choices
from dgstudio.engine.labels.labeller import SHARE
from dgstudio.errors import BadInputError
from dgstudio.reasons.noted import NoExamplesOfStretches, Note, RateOfStream, Resampled
from dgstudio.records import dataclass
from dgstudio.streams.features import repair
from dgstudio.streams.imports.table import ImportTable
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.recordings.timing import HIGHEST_RATE, Stretch, stretches_of, takes_of, timing_of
from dgstudio.streams.tables.table import RecordingTable, seconds_of
from dgstudio.types import F32, I32, StreamSpec

LEARN_EVERY_S = 0.1
"""Windows of a take closer than this are kept, not learned: as when a key is held."""
ALIKE = 0.01
"""Rates that differ by less, as a share, are the same."""

I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class Cut:
    """The windows of a recording.

    Attributes
    ----------
    pieces : the stretches without a break, each (samples, channels) float32 at the stream's rate.
    piece : (n,) int64, the piece that each window lies in.
    ends : (n,) int64, the sample after its last one in that piece.
    labels : (n,) int32. `takes` : (n,) int64, counted from 0.
    learnable : (n,) bool, far enough from the window before it in its take.
    apart : (n,) bool, that share no sample with the one before it that has this, in its take.
    since : (n,) float64, seconds of the file at which each window's piece begins.
    """

    pieces: list[F32]
    piece: I64
    ends: I64
    labels: I32
    takes: I64
    learnable: Flags
    apart: Flags
    since: npt.NDArray[np.float64]


def cut_windows(
    table: ImportTable,
    choices: Choices,
    spec: StreamSpec,
    values: F32,
    labels: I32,
    notes: list[Note],
    watch: Watch,
) -> Cut:
    """Cut the windows that labels mean.

    Parameters
    ----------
    values
        (rows, channels) float32 in the order of the stream's channels, NaN where one is missing.
    labels
        (rows,) int32, negative where there is none.
    notes
        What the user should know is added.
    """
    rate, stretches = _stretches(table, choices, spec, values, notes)
    factor = spec.rate / rate if abs(spec.rate - rate) > ALIKE * rate else 1.0
    if factor != 1.0:
        notes.append(Resampled(rate, spec.rate))
    pieces: list[F32] = []
    found: list[tuple[I64, ...]] = []
    since: list[float] = []
    take = short = 0
    for number, stretch in enumerate(stretches):
        rows = _rows_of(stretch, factor)
        pieces.append(_sampled(values, stretch, rows))
        since.append(stretch.start / rate)
        short += len(rows) < spec.window
        nearest = np.minimum(np.round(rows).astype(np.int64), stretch.stop - 1)
        for label, ends in _runs(labels[nearest], spec.window, spec.hop):
            count = len(ends)
            found.append((np.full(count, number), ends, np.full(count, label), np.full(count, take)))
            take += 1
        watch.at(0.3 + 0.7 * (number + 1) / len(stretches))
    if short:
        notes.append(NoExamplesOfStretches(short, len(stretches), spec.window_s))
    if found:
        piece, ends, labelled, takes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    else:
        piece = ends = labelled = takes = np.zeros(0, np.int64)
    return Cut(
        pieces,
        piece,
        ends,
        labelled.astype(np.int32),
        takes,
        _every(takes, ends, max(1, round(LEARN_EVERY_S * spec.rate))),
        _every(takes, ends, spec.window),
        np.asarray(since)[piece] if len(piece) else np.zeros(0),
    )


def _stretches(
    table: ImportTable, choices: Choices, spec: StreamSpec, values: F32, notes: list[Note]
) -> tuple[float, list[Stretch]]:
    """The rate of the file, and its stretches without a break."""
    asked = choices.rate
    if asked is not None and not 0 < asked <= HIGHEST_RATE:
        raise BadInputError(f"The rate {asked:g} cannot be used: give samples a second, up to {HIGHEST_RATE:g}.")
    time, take = table.column(choices.time), table.column(choices.take)
    if time is None and asked is None:
        notes.append(RateOfStream(spec.rate))
    recording = RecordingTable(
        channels=spec.channels,
        values=values,
        time=None if time is None else seconds_of(time.name, time.values(), table.lines, table.line_word, notes),
        takes=None if take is None else take.categories(),
    )
    timing = timing_of(recording, spec.rate if asked is None else asked, notes)
    return timing.rate, stretches_of(timing, list(takes_of(recording, timing.breaks)))


def _rows_of(stretch: Stretch, factor: float) -> npt.NDArray[np.float64]:
    """The rows, fractions too, at which the stream's clock would have sampled a stretch."""
    count = int((stretch.stop - stretch.start - 1) * factor + 1e-9) + 1
    return stretch.start + np.arange(count) / factor


def _sampled(values: F32, stretch: Stretch, rows: npt.NDArray[np.float64]) -> F32:
    part = values[stretch.start : stretch.stop]
    if len(rows) == len(part):
        return part
    own = np.arange(stretch.start, stretch.stop)
    whole = repair(part)[0]
    return np.stack([np.interp(rows, own, whole[:, i]) for i in range(part.shape[1])], axis=1).astype(np.float32)


def _runs(labels: I32, window: int, hop: int) -> list[tuple[int, I64]]:
    """For each run of one label its windows: those that lie in it for at least half of the shorter of the two.

    All are complete by the end of the run, so none can belong to two.
    """
    grid = np.arange(window, len(labels) + 1, hop)
    edges = np.concatenate([[0], np.flatnonzero(labels[1:] != labels[:-1]) + 1, [len(labels)]])
    runs = []
    for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if labels[first] < 0:
            continue
        least = first + SHARE * min(window, stop - first)
        ends = grid[(grid >= least) & (grid <= stop)]
        if len(ends):
            runs.append((int(labels[first]), ends))
    return runs


def _every(takes: I64, ends: I64, apart: int) -> Flags:
    """The windows that follow the last chosen one of their take by at least so many samples."""
    chosen = np.zeros(len(ends), np.bool_)
    last_take, due = -1, 0
    for i, (take, end) in enumerate(zip(takes.tolist(), ends.tolist(), strict=True)):
        if take != last_take or end >= due:
            chosen[i] = True
            # On a grid of its own, so that hops that do not divide the distance do not lower the rate.
            due = end + apart if take != last_take else max(due + apart, end + 1)
            last_take = take
    return chosen
