"""A recording as a source: the rows of a file or of a folder of takes, played, paused, repeated, sought in."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.paths import sample
from dgstudio.reasons.noted import Note, RateNotUsed, RecordingTooShort, StretchesTooShort
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.features import default_window
from dgstudio.streams.recordings.playlist import Playlist
from dgstudio.streams.recordings.reading import SUFFIXES, read_recording
from dgstudio.streams.recordings.resampling import evened
from dgstudio.streams.recordings.timing import (
    HIGHEST_RATE,
    RecordedTake,
    Timing,
    stretches_of,
    takes_of,
    timing_as_recorded,
    timing_of,
    truth_of,
)
from dgstudio.streams.source import BLOCK_S, Knob, KnobKind, SourceKind, SourceRequest
from dgstudio.streams.tables.table import RecordingTable
from dgstudio.streams.timing.playback_clock import LATE_S, LOOP, PLAYING, POSITION, SPEED, StreamClock
from dgstudio.types import F32, Block, StreamKind, StreamSpec

FREE_BLOCK = 256
"""Samples in a block of a recording that is read as fast as possible."""
SPEEDS = (0.1, 20.0)
"""Range of the speed knob; a speed beyond it that was asked for at the start widens it."""


class RecordingSource:
    """Plays a recording, once or in a loop.

    Stream time begins at 0 and rises by 1/rate a sample, over loops and takes too. Where the file's times are uneven,
    its rows are interpolated (see `evened`), and a note says so: features need windows of equal length. Where the
    file's time leaps ahead, stream time leaps with it, and there is a break; playback waits for that at most two
    seconds. Where a take begins, where the file's time runs backwards, where a loop begins anew and after a seek there
    is a break too, and stream time goes on by one step. `Block.truth` indexes `spec.truth_names`; empty labels are
    unknown.

    A stream that dgstudio recorded (`dgstudio export --stream`) is played sample by sample as it was: the same windows,
    and with the same model the same answers to the last bit.

    Parameters
    ----------
    path
        A CSV, NPZ or ARFF file, or a folder of them (see `read_recording`).
    speed
        Stream seconds a wall second; 0 hands out samples as fast as they are read.
    loop
        Begin anew at the end; otherwise `read` raises `StreamEnded` there, until it is played again or sought in.
    rate
        Samples a second, used where the file has no times; None means 50, and a note says so.
    labels_column
        Column with the ground truth; None takes one with a usual name, if there is one.
    takes
        Numbers of the takes to play (see `take_table`), in this order; None plays the file as it is.

    Attributes
    ----------
    values
        All rows that are played, (n, channels) float32, read-only, NaN where a value is missing.
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
        table = read_recording(path, labels_column, rate)
        notes = list(table.notes)
        table, timing = _timed(table, rate, notes)
        names, self._truth = truth_of(path, table.labels, labels_column is not None, notes)
        self.spec = _spec_of(path.stem, table, timing.rate, names, float(speed))
        self.values: F32 = table.values
        self.values.setflags(write=False)
        self.sent = 0
        self._takes = tuple(takes_of(table, timing.breaks))
        stretches = stretches_of(timing, self._chosen(takes, path))
        self._list = Playlist(stretches, timing.rate, None if table.form is None else table.form.time)
        self._note_short(path, notes)
        self.notes: tuple[Note, ...] = tuple(notes)
        self._speeds = (min(SPEEDS[0], speed), max(SPEEDS[1], speed))
        # What any thread may change, and the one that reads follows.
        self._lock = threading.Lock()
        self._turned = threading.Event()
        """Set where something is to be followed at once."""
        self._playing, self._loop = True, loop
        self._sought: float | None = None
        # Where it plays; only `read` changes these.
        self._opened = False
        self._index, self._row = 0, self._list[0].start
        self._anchor = (0.0, self._row)
        """Stream time of a row of this stretch, from which that of the others is counted."""
        self._next = 0.0
        """Stream time of the next sample, where no seconds passed before it."""
        self._gap = False

    def take_table(self) -> tuple[RecordedTake, ...]:
        """Return all takes of the file in its order: those of its take column, else what lies between two breaks."""
        return self._takes

    def open(self) -> None:
        """Start the clock; opened again, playback goes on where it was, after a break."""
        self._gap |= self.sent > 0
        self._opened = True
        self._restart()

    def close(self) -> None:
        """Stop the clock."""
        self._opened = False
        self._clock.stop()
        self._turned.set()

    def read(self, timeout: float) -> Block | None:
        """Return the next block, which never holds a break, or None if it is not due within `timeout` wall seconds.

        Raises
        ------
        StreamEnded
            At the end of a recording that is played once.
        StreamError
            If the recording is not open.
        """
        if not self._opened:
            raise StreamError(f"The recording {self.spec.name} is not open: open it before reading.")
        self._turned.clear()
        self._follow()
        if self._at_end:
            raise StreamEnded(f"The recording {self.spec.name} has come to its end.")
        if not self._playing:
            self._turned.wait(max(timeout, 0.0))
            return None
        if not self._clock.running or self._clock.speed != self.spec.speed:
            self._restart()
        count = min(self._block, self._list[self._index].stop - self._row)
        if not self._clock.wait(self._time(self._row + count - 1), timeout):
            return None
        return self._taken(count)

    def condition(self) -> SourceCondition:
        """How it stands at this moment. Any thread."""
        if self._at_end and self._sought is None:
            return SourceCondition(Lamp.ENDED)
        if not self._opened:
            return SourceCondition(Lamp.WAITING)
        return SourceCondition(Lamp.RECEIVING if self._playing else Lamp.PAUSED)

    # -- knobs: any thread -----------------------------------------------------------------------------------------

    def knobs(self) -> tuple[Knob, ...]:
        """Return what is played and how, unless the recording is read as fast as possible. Any thread."""
        speed = self.spec.speed
        if not speed:
            return ()
        low, high = self._speeds
        length, position = round(self._list.length_s, 3), round(min(self._position(), self._list.length_s), 3)
        return (
            Knob(PLAYING, "Playing", KnobKind.BOOL, self._playing, tooltip="Play, or pause."),
            Knob(LOOP, "Loop", KnobKind.BOOL, self._loop, tooltip="Begin anew at the end; otherwise it stops there."),
            Knob(
                *(SPEED, "Playback speed", KnobKind.FLOAT, speed, low, high, 0.1, "×"),
                tooltip="How fast the recording is played; 1 is as it was recorded.",
            ),
            Knob(
                *(POSITION, "Position", KnobKind.FLOAT, position, 0.0, length, min(0.1, length / 100), "s"),
                tooltip="Which moment of the recording is played. Wherever it leaps, windows start afresh.",
            ),
        )

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Change it from the next block on. Any thread.

        Raises
        ------
        BadInputError
            For an unknown knob or a value of the wrong kind.
        """
        knob = next((k for k in self.knobs() if k.name == name), None)
        if knob is None:
            has = ", ".join(k.name for k in self.knobs()) or "none"
            raise BadInputError(f"The recording {self.spec.name} has no knob “{name}”; it has {has}.")
        fitting = knob.fitting(value)
        with self._lock:
            if name == SPEED:
                self.spec = replace(self.spec, speed=float(fitting))
            elif name == LOOP:
                self._loop = bool(fitting)
            elif name == PLAYING:
                self._playing = bool(fitting)
                if self._playing and self._at_end and self._sought is None:
                    self._sought = 0.0
            else:
                self._sought = float(fitting)
        if name in (PLAYING, POSITION):
            # Whoever waits for the next block looks again.
            self._clock.stop()
        self._turned.set()

    # -- the reading thread ----------------------------------------------------------------------------------------

    @property
    def _at_end(self) -> bool:
        return self._index == len(self._list)

    @property
    def _block(self) -> int:
        speed = self.spec.speed
        return max(1, round(BLOCK_S * self.spec.rate * speed)) if speed else FREE_BLOCK

    def _position(self) -> float:
        sought = self._sought
        return self._list.position(self._index, self._row) if sought is None else sought

    def _time(self, row: int) -> float:
        """Stream time of a row of the stretch that is playing."""
        since, anchor = self._anchor
        return since + self._list.offset(anchor, row)

    def _restart(self) -> None:
        self._clock.speed = self.spec.speed
        self._clock.start(self._next if self._at_end else self._time(self._row))

    def _follow(self) -> None:
        """Go where it was sought, and begin anew where it loops by now."""
        with self._lock:
            sought, self._sought = self._sought, None
        if sought is not None:
            self._go_to(*self._list.at(sought))
        elif self._at_end and self._loop:
            self._go_to(0, self._list[0].start)

    def _go_to(self, index: int, row: int) -> None:
        """Play from there: stream time goes on by one step, and windows start afresh."""
        self._index, self._row = index, row
        self._anchor = (self._next, row)
        self._gap |= self.sent > 0
        self._restart()

    def _taken(self, count: int) -> Block:
        part = slice(self._row, self._row + count)
        since, anchor = self._anchor
        times = since + self._list.offsets(anchor, part.start, part.stop)
        block = Block(times, self.values[part], None if self._truth is None else self._truth[part], self._gap)
        self.sent += count
        self._gap = False
        self._next = float(times[-1]) + 1.0 / self.spec.rate
        self._row += count
        if self._row == self._list[self._index].stop:
            self._next_stretch()
        return block

    def _next_stretch(self) -> None:
        index = self._index + 1
        if index == len(self._list):
            if not self._loop:
                self._index = index
                return
            index = 0
        stretch = self._list[index]
        self._index, self._row = index, stretch.start
        self._gap = True
        self._next += stretch.gap_s
        self._anchor = (self._next, stretch.start)
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
        lengths = np.array([self._list[i].stop - self._list[i].start for i in range(len(self._list))])
        short = int(np.count_nonzero(lengths < window))
        if short and len(lengths) == 1:
            notes.append(RecordingTooShort(path.name, int(lengths[0]), window, window_s))
        elif short:
            notes.append(StretchesTooShort(path.name, short, len(lengths), window, window_s))


def _timed(table: RecordingTable, rate: float | None, notes: list[Note]) -> tuple[RecordingTable, Timing]:
    """The table as it is played, evenly, and its timing; notes on both are added."""
    if table.form is not None:
        if rate is not None and abs(rate - table.form.rate) > 0.01 * table.form.rate:
            notes.append(RateNotUsed(table.form.rate, rate))
        return table, timing_as_recorded(table.form)
    timing = timing_of(table, rate, notes)
    even = evened(table, timing)
    if even is None:
        return table, timing
    notes.append(even.notes[-1])
    again = timing_of(even, rate, [])
    # Where the file broke off, so it does now; the rest is even.
    return even, again._replace(rate=timing.rate)


def _spec_of(name: str, table: RecordingTable, rate: float, truth: tuple[str, ...], speed: float) -> StreamSpec:
    form = table.form
    if form is not None:
        return StreamSpec(name, form.kind, rate, table.channels, form.window_s, form.hop_s, truth, speed)
    return StreamSpec(name, StreamKind.SIGNAL, rate, table.channels, *default_window(rate), truth, speed)


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
    "FILE or FOLDER",
    "A CSV, NPZ or ARFF file, or a folder of takes; basic_motions, a real smartwatch, comes with dgstudio.",
    lambda name: located(name) is not None,
    _open,
)
