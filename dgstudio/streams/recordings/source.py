"""A recording as a source: the rows of a CSV or NPZ file, played at the speed they were recorded with or another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.paths import sample
from dgstudio.reasons.noted import Note, RecordingTooShort, StretchesTooShort
from dgstudio.streams.features import default_window
from dgstudio.streams.playback_clock import LATE_S, StreamClock
from dgstudio.streams.recordings.timing import HIGHEST_RATE, RecordedTake, stretches_of, takes_of, timing_of, truth_of
from dgstudio.streams.source import BLOCK_S, Knob, KnobKind, SourceKind, SourceRequest
from dgstudio.streams.tables.table import read_table
from dgstudio.types import F32, Block, StreamKind, StreamSpec

SUFFIXES = (".csv", ".npz")
FREE_BLOCK = 256
"""Samples in a block of a recording that is read as fast as possible."""
SPEEDS = (0.1, 20.0)
"""Range of the speed knob; a speed beyond it that was asked for at the start widens it."""


class RecordingSource:
    """Plays a recording, once or in a loop.

    Stream time begins at 0 and rises by 1/rate a sample, over loops and takes too, however unevenly the file was
    written: features need windows of equal length. Where the file's time leaps ahead, stream time leaps with it, and
    there is a break; playback waits for that at most two seconds. Where a take begins, where the file's time runs
    backwards and where a loop begins anew there is a break too, and stream time goes on by one step. `Block.truth`
    indexes `spec.truth_names`; empty labels are unknown.

    Parameters
    ----------
    path
        A CSV or NPZ file (see `read_table`).
    speed
        Stream seconds a wall second; 0 hands out samples as fast as they are read.
    loop
        Begin anew at the end; otherwise `read` raises `StreamEnded` there.
    rate
        Samples a second, used where the file has no times; None means 50, and a note says so.
    labels_column
        Column with the ground truth; None takes one with a usual name, if there is one.
    takes
        Numbers of the takes to play (see `take_table`), in this order; None plays the file as it is.

    Attributes
    ----------
    values
        All rows of the file, (n, channels) float32, read-only, NaN where a value is missing.
    notes
        What a user should know about the file.
    sent
        Samples handed out so far.

    Raises
    ------
    BadInputError
        If the file cannot be used, or a rate, a speed, a column or a take makes no sense.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        speed: float = 1.0,
        loop: bool = True,
        rate: float | None = None,
        labels_column: str | None = None,
        takes: Sequence[int] | None = None,
    ) -> None:
        path = Path(path)
        if rate is not None and not 0 < rate <= HIGHEST_RATE:
            raise BadInputError(f"The rate {rate} cannot be used: give samples a second, up to {HIGHEST_RATE:g}.")
        self._clock = StreamClock(speed)  # refuses a speed that cannot be, before the file is read
        table = read_table(path, labels_column)
        notes = list(table.notes)
        timing = timing_of(table, rate, notes)
        names, self._truth = truth_of(path, table.labels, labels_column is not None, notes)
        window_s, hop_s = default_window(timing.rate)
        self.spec = StreamSpec(
            path.stem, StreamKind.SIGNAL, timing.rate, table.channels, window_s, hop_s, names, float(speed)
        )
        self.values: F32 = table.values
        self.values.setflags(write=False)
        self.sent = 0
        self._loop = loop
        self._takes = tuple(takes_of(table, timing.breaks))
        self._stretches = stretches_of(timing, self._chosen(takes, path))
        self._note_short(path, notes)
        self.notes: tuple[Note, ...] = tuple(notes)
        self._speeds = (min(SPEEDS[0], speed), max(SPEEDS[1], speed))
        self._index = 0
        self._row = self._stretches[0].start
        self._gaps_s = 0.0
        self._gap = False

    def take_table(self) -> tuple[RecordedTake, ...]:
        """Return all takes of the file in its order: those of its take column, else what lies between two breaks."""
        return self._takes

    def open(self) -> None:
        """Start the clock; opened again, playback goes on where it was, after a break."""
        self._gap |= self.sent > 0
        self._restart()

    def close(self) -> None:
        """Stop the clock."""
        self._clock.stop()

    def read(self, timeout: float) -> Block | None:
        """Return the next block, which never holds a break, or None if it is not due within `timeout` wall seconds.

        Raises
        ------
        StreamEnded
            At the end of a recording that is played once.
        StreamError
            If the recording is not open.
        """
        if not self._clock.running:
            raise StreamError(f"The recording {self.spec.name} is not open: open it before reading.")
        if self._index == len(self._stretches):
            raise StreamEnded(f"The recording {self.spec.name} has come to its end.")
        if self._clock.speed != self.spec.speed:
            self._restart()
        stretch = self._stretches[self._index]
        count = min(self._block, stretch.stop - self._row)
        if not self._clock.wait(self._time(self.sent + count - 1), timeout):
            return None
        part = slice(self._row, self._row + count)
        times = self._gaps_s + np.arange(self.sent, self.sent + count) / self.spec.rate
        truth = None if self._truth is None else self._truth[part]
        block = Block(times, self.values[part], truth, self._gap)
        self.sent += count
        self._row += count
        self._gap = False
        if self._row == stretch.stop:
            self._next_stretch()
        return block

    def knobs(self) -> tuple[Knob, ...]:
        """Return the playback speed, unless the recording is read as fast as possible. Any thread."""
        speed = self.spec.speed
        if not speed:
            return ()
        low, high = self._speeds
        tooltip = "How fast the recording is played; 1 is as it was recorded."
        return (Knob("speed", "Playback speed", KnobKind.FLOAT, speed, low, high, 0.1, "×", tooltip=tooltip),)

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Change the playback speed from the next block on. Any thread.

        Raises
        ------
        BadInputError
            For an unknown knob or a value of the wrong kind.
        """
        knob = next((k for k in self.knobs() if k.name == name), None)
        if knob is None:
            has = ", ".join(k.name for k in self.knobs()) or "none"
            raise BadInputError(f"The recording {self.spec.name} has no knob “{name}”; it has {has}.")
        self.spec = replace(self.spec, speed=float(knob.fitting(value)))

    @property
    def _block(self) -> int:
        speed = self.spec.speed
        return max(1, round(BLOCK_S * self.spec.rate * speed)) if speed else FREE_BLOCK

    def _time(self, number: int) -> float:
        """Stream time of the sample with this number, in the stretch that is playing."""
        return self._gaps_s + number / self.spec.rate

    def _restart(self) -> None:
        self._clock.speed = self.spec.speed
        self._clock.start(self._time(self.sent))

    def _next_stretch(self) -> None:
        self._index += 1
        if self._index == len(self._stretches):
            if not self._loop:
                return
            self._index = 0
        stretch = self._stretches[self._index]
        self._row = stretch.start
        self._gap = True
        if stretch.gap_s:
            self._gaps_s += stretch.gap_s
            if stretch.gap_s > LATE_S * self.spec.speed > 0:
                self._restart()

    def _chosen(self, takes: Sequence[int] | None, path: Path) -> Sequence[RecordedTake]:
        if takes is None:
            return self._takes
        by_number = {entry.take: entry for entry in self._takes}
        unknown = next((take for take in takes if take not in by_number), None)
        if unknown is not None or not len(takes):
            what = "No take was chosen" if unknown is None else f"There is no take {unknown}"
            numbers = sorted(by_number)
            raise BadInputError(f"{what} in {path}: it has {len(numbers)}, numbered {numbers[0]} to {numbers[-1]}.")
        return [by_number[take] for take in takes]

    def _note_short(self, path: Path, notes: list[Note]) -> None:
        """Say which part of what is played is too short for a window, and so gets no answer."""
        window, window_s = self.spec.window, self.spec.window / self.spec.rate
        lengths = np.array([stretch.stop - stretch.start for stretch in self._stretches])
        short = int(np.count_nonzero(lengths < window))
        if short and len(lengths) == 1:
            notes.append(RecordingTooShort(path.name, int(lengths[0]), window, window_s))
        elif short:
            notes.append(StretchesTooShort(path.name, short, len(lengths), window, window_s))


def located(name: str) -> Path | None:
    """Return the recording that a user means: a path, or the name of one in sample_data, with or without its ending.

    None if `name` looks like neither; a path that ends like a recording need not exist.
    """
    if not name.strip() or "\0" in name:
        return None
    path = Path(name).expanduser()
    try:
        if path.is_file():
            return path
        for suffix in ("", *SUFFIXES):
            shipped = sample(f"{name}{suffix}")
            if path.name == name and shipped.suffix in SUFFIXES and shipped.is_file():
                return shipped
        return path if path.suffix.lower() in SUFFIXES or path.is_dir() else None
    except OSError:  # a name longer than the system takes
        return None


def _open(request: SourceRequest) -> RecordingSource:
    path = located(request.name)
    assert path is not None, "only names that were claimed are opened"
    return RecordingSource(
        path, speed=request.speed, loop=request.loop, rate=request.rate, labels_column=request.labels_column
    )


KIND = SourceKind(
    "recording",
    "FILE.csv",
    "A recording in a CSV or NPZ file; basic_motions, a real smartwatch and four activities, comes with dgstudio.",
    lambda name: located(name) is not None,
    _open,
)
