"""Recording of the raw stream: samples, a receipt for each answer, and the versions that gave them. Part of dg-store.

The rings between the threads are its queue: it reads behind them about once a second, so neither the source nor an
answer ever waits for the disk. What they have let go of before it came is counted.
"""

from __future__ import annotations

import math
import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from dgstudio.engine.facts.running import (
    NotRecording,
    RecordingBegun,
    RecordingBehind,
    RecordingEnded,
    RecordingNotSaved,
    RecordingSavedAgain,
    RecordingTrouble,
)
from dgstudio.engine.recording.recorded_stream import PlacesOf
from dgstudio.engine.recording.recording_stats import RecordingFigures, counted
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.group_commit import Write
from dgstudio.engine.runtime.rings import RecordRing, SampleRing
from dgstudio.errors import SessionError
from dgstudio.kernel import KERNEL
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import Checkpoint
from dgstudio.session.recording.recorded import RECORDING, RecordedBlock, RecordedStretch
from dgstudio.session.restore import signal_of
from dgstudio.session.storage.watch_mark import is_watched
from dgstudio.types import UNKNOWN_TRUTH, Reading, StreamSpec

WRITE_EVERY_S = 1.0
"""What is lost of a recording, at most, when the program is killed."""
WATCHED_EVERY_S = 0.4
"""The same while another program watches the session: it shows what is written, so much later."""
ROW = 4096
"""Samples, and answers, that go into one row at most."""
HELD_BYTES = 32_000_000
"""What waits in memory at most while the file cannot be written; then recording stops."""
READING_BYTES = 1000
"""About what a reading holds beside its features."""
SPARE_BYTES = 64_000_000
"""Recording stops where less is free on the disk: labels come first."""
LOOK_EVERY_S = 5.0
LAST_S = 2.0
"""How long the end of a stretch waits for the versions of its last answers."""
RETRY_S = 2.0
PATIENCE_S = 10.0
"""How long an answer waits for its version to be handed over before it counts as lost."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Something to be written: what it is, about the bytes that it holds, and how much of it (seconds, answers, …)."""

    what: str
    held: int
    amount: float
    write: Callable[[Session], int]
    """Returns the bytes that it takes in the file."""
    note: Callable[[], None] | None = None
    """Called once it is in the file."""


class StreamRecorder:
    """Records while it is on. dg-store calls; what says "any thread" may be called by any.

    It commits by itself, after the labels: a full disk takes nothing from a label. Receipts are written after the
    versions that they name. `answered` gives the sample up to which every hop has been answered.
    """

    def __init__(
        self,
        session: Session,
        spec: StreamSpec,
        ring: SampleRing,
        readings: RecordRing[Reading],
        events: EventQueue,
        answered: Callable[[], int],
    ) -> None:
        self.figures = RecordingFigures()
        """How the recording stands; replaced as a whole. Any thread may read it."""
        self.wanted = session.config(RECORDING) is True
        """Whether the user wants it, as the session remembers; it may have stopped by itself. Any thread may read."""
        self.places: list[PlacesOf] = []
        """Where what was written in this run is, stretch by stretch. Any thread may read it."""
        self._session = session
        self._spec = spec
        self._ring = ring
        self._readings = readings
        self._events = events
        self._answered = answered
        self._next_id = session.recorded.next_stretch()
        self._stretch: RecordedStretch | None = None
        self.first_answer = 0
        """Number in the ring of readings of the first answer that this stretch may hold. Any thread may read it."""
        self._sample = self._start = self._covered = self._reading = 0
        self._lost = (0, 0)
        self._given: set[int] = set()
        self._handed: deque[Checkpoint] = deque()
        self._written: set[int] = set()
        self._blocked_since: float | None = None
        self._waiting: deque[_Waiting] = deque()
        self._held = 0
        self._due = self._retry_at = self._look_at = 0.0
        self._end_by: float | None = None

    # -- any thread ----------------------------------------------------------------------------------------

    @property
    def on(self) -> bool:
        """Whether it records."""
        return self.figures.on

    @property
    def taking(self) -> bool:
        """Whether answers are being taken: while it records, and a moment longer, until their versions are there."""
        return self._stretch is not None

    @property
    def done(self) -> float:
        """The sample up to which all has been taken from the ring; infinite where nothing is recorded."""
        return self._sample if self.taking else math.inf

    def has(self, version: int) -> bool:
        """Whether a version was handed over by `keep`."""
        return version in self._given

    def keep(self, checkpoint: Checkpoint) -> None:
        """Hand over a version that answers what is recorded: it is never thinned out. dg-learn only."""
        self._given.add(checkpoint.version)
        self._handed.append(replace(checkpoint, recorded=True))

    # -- on and off ----------------------------------------------------------------------------------------

    def choose(self, on: bool) -> None:
        """Record from now on, or no more; the session remembers it."""
        self.wanted = on
        self._add("choice", 0, 0, lambda session: _remember(session, on))
        if on:
            self.begin()
        else:
            self.end()

    def begin(self) -> None:
        """Begin a stretch, with what the windows of the next answers need."""
        if self.on:
            return
        if self._session.read_only:
            self._events.say(NotRecording(RecordingTrouble.READ_ONLY, stopped=False))
            return
        if self._little_room():
            self._events.say(NotRecording(RecordingTrouble.DISK_FULL, stopped=False, room=SPARE_BYTES))
            return
        if self._stretch is not None:
            # One that was just ended and waits for its last versions.
            self._collect()
            self._close_stretch()
        now, ring = time.time(), self._ring
        self.first_answer = self._reading = self._readings.total
        # Serving may be behind the ring, and its next window begins about a window before what it has answered.
        self._start = max(ring.oldest, min(ring.total, self._answered()) - 2 * self._spec.window)
        self._sample = self._covered = self._start
        self._lost, self._blocked_since, self._due = (0, 0), None, 0.0
        signal = {**signal_of(self._spec), "truth_names": list(self._spec.truth_names)}
        self.places.append(PlacesOf(self._next_id))
        self._stretch = stretch = RecordedStretch(self._next_id, now, KERNEL, signal)
        self._next_id += 1
        self._add("stretch", 0, 1, lambda session: session.recorded.put_stretch(stretch))
        self.figures = replace(self.figures, on=True, began_unix=now)
        self._events.say(RecordingBegun())

    def begin_anew(self) -> None:
        """Go on in a stretch of its own: the session is in another file, which may lack what this one needs."""
        if self.on:
            self._collect()
            self._close_stretch()
            self._given.clear()
            self._written.clear()
            self.begin()

    def end(self) -> None:
        """Record no more, as soon as the versions of the last answers are there."""
        if self.on:
            self.figures = replace(self.figures, on=False)
            self._end_by = time.monotonic() + LAST_S
            self._due = 0.0

    def stop(self, trouble: RecordingTrouble, room: int) -> None:
        """Stop by itself, with what there is by now; see `NotRecording`."""
        self._collect()
        self._close_stretch()
        self._commit()
        self._events.say(NotRecording(trouble, stopped=True, room=room))

    # -- the work ------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Take what is new from the rings and write it, where it is time to. What fails ends the recording only."""
        try:
            self._turn()
        except Exception as error:
            self._close_stretch()
            self._events.say(NotRecording(RecordingTrouble.FAILED, stopped=True, error=repr(error)))

    def flush(self) -> None:
        """Take and write all that there is by now: a copy is about to be made."""
        self._due = self._retry_at = 0.0
        self.turn()

    def finish(self) -> None:
        """Write what is left, at the end of the program; what the session remembers stays as it is."""
        if self._stretch is not None:
            self._collect()
            self._close_stretch()
        self._commit()

    def waiting(self) -> list[Write]:
        """What could not be written yet, in order."""
        return [item.write for item in self._waiting]

    def _turn(self) -> None:
        now = time.monotonic()
        if self._stretch is not None and (now >= self._due or self._behind()):
            self._due = now + (WATCHED_EVERY_S if is_watched(self._session.path) else WRITE_EVERY_S)
            self._collect()
            if now >= self._look_at:
                self._look_at = now + LOOK_EVERY_S
                if self._little_room():
                    self.stop(RecordingTrouble.DISK_FULL, SPARE_BYTES)
        if self._end_by is not None and self._stretch is not None:
            self._due = 0.0
            if self._blocked_since is None or now >= self._end_by:
                self._close_stretch()
                self._commit()
                self._say_ended()
        if self._waiting and now >= self._retry_at:
            self._commit()
        if self._stretch is not None and self._held > HELD_BYTES:
            self.stop(RecordingTrouble.MEMORY_FULL, self._held)

    def _say_ended(self) -> None:
        figures, (samples, answers) = self.figures, self._lost
        self._events.say(RecordingEnded(figures.seconds, figures.bytes, samples, answers))

    def _behind(self) -> bool:
        return self._ring.total - self._sample > self._ring.capacity // 8

    def _little_room(self) -> bool:
        path = self._session.path
        if path is None:
            return False
        try:
            return shutil.disk_usage(path.parent).free < SPARE_BYTES
        except OSError:
            return False

    def _collect(self) -> None:
        """Queue versions, then answers up to the first one whose version is not there, with their samples."""
        stretch, lost = self._stretch, self._lost
        assert stretch is not None, "only a stretch that has begun is collected for"
        while self._handed:
            self._add_version(self._handed.popleft())
        answers = self._new_answers()
        self._collect_samples(stretch.id)
        # Looked at only now: a window is there once its samples are.
        whole = [reading for reading in answers if reading.sample - self._spec.window >= self._covered]
        if self._covered > self._start:
            self._lose(answers=len(answers) - len(whole))
        for first in range(0, len(whole), ROW):
            self._add_answers(stretch.id, whole[first : first + ROW])
        if lost == (0, 0) != self._lost:
            self._events.say(RecordingBehind())

    def _new_answers(self) -> list[Reading]:
        """The answers that are new, up to the first whose version has not been handed over."""
        readings, total = self._readings.since(self._reading)
        self._lose(answers=total - self._reading - len(readings))
        there = [reading.version in self._written for reading in readings]
        if all(there):
            self._blocked_since, self._reading = None, total
            return readings
        now = time.monotonic()
        if self._blocked_since is None:
            self._blocked_since = now
        if now - self._blocked_since > PATIENCE_S:
            # Without its version an answer can never be checked.
            readings = [reading for reading, known in zip(readings, there, strict=True) if known]
            self._lose(answers=len(there) - len(readings))
            self._blocked_since, self._reading = None, total
            return readings
        cut = there.index(False)
        self._reading = total - len(readings) + cut
        return readings[:cut]

    def _collect_samples(self, stretch: int) -> None:
        ring, total = self._ring, self._ring.total
        while self._sample < total:
            start, stop = self._sample, min(self._sample + ROW, total)
            got, truth = ring.window(start, stop), ring.truth(start, stop)
            if got is None or truth is None:
                oldest = min(max(ring.oldest, start + 1), total)
                self._lose(samples=oldest - start)
                self._sample = self._covered = oldest
                continue
            breaks = tuple(at for at in list(ring.breaks) if start <= at < stop)
            known = truth if (truth != UNKNOWN_TRUTH).any() else None
            self._add_block(stretch, RecordedBlock(start, *got, known, breaks))
            self._sample = stop

    def _lose(self, *, samples: int = 0, answers: int = 0) -> None:
        if not samples and not answers:
            return
        self._lost = self._lost[0] + samples, self._lost[1] + answers
        figures = self.figures
        self.figures = replace(
            figures, lost_samples=figures.lost_samples + samples, lost_answers=figures.lost_answers + answers
        )

    def _close_stretch(self) -> None:
        stretch, self._stretch, self._end_by = self._stretch, None, None
        self.figures = replace(self.figures, on=False)
        if stretch is not None:
            ended = replace(stretch, ended_unix=time.time(), lost_samples=self._lost[0], lost_answers=self._lost[1])
            self._add("stretch", 0, 1, lambda session: session.recorded.put_stretch(ended))

    # -- writing -------------------------------------------------------------------------------------------

    def _add_block(self, stretch: int, block: RecordedBlock) -> None:
        held, seconds = block.values.nbytes + block.times.nbytes, len(block.times) / self._spec.rate
        places = self.places[-1]
        self._add(
            "samples",
            held,
            seconds,
            lambda session: session.recorded.put_block(stretch, block),
            lambda: places.note_block(block.first, block.times),
        )

    def _add_answers(self, stretch: int, readings: list[Reading]) -> None:
        held = sum(reading.features.nbytes + READING_BYTES for reading in readings)
        places, first = self.places[-1], readings[0]
        self._add(
            "answers",
            held,
            len(readings),
            lambda session: session.recorded.put_answers(stretch, readings),
            lambda: places.note_answers(first.hop, first.sample),
        )

    def _add_version(self, checkpoint: Checkpoint) -> None:
        # Most of its arrays are its parent's, but which ones only the file knows.
        held = sum(array.nbytes for name, array in checkpoint.arrays.items() if name.startswith("bank"))
        self._add("version", held, 1, lambda session: session.put_recorded_checkpoint(checkpoint))
        self._written.add(checkpoint.version)

    def _add(
        self,
        what: str,
        held: int,
        amount: float,
        write: Callable[[Session], int],
        note: Callable[[], None] | None = None,
    ) -> None:
        self._waiting.append(_Waiting(what, held, amount, write, note))
        self._held += held

    def _commit(self) -> None:
        """Write all that waits as one transaction; where that fails it is tried again after `RETRY_S`."""
        if not self._waiting:
            return
        try:
            with self._session.batch():
                written = [(item.what, item.amount, item.write(self._session)) for item in self._waiting]
        except SessionError as error:
            self._retry_at = time.monotonic() + RETRY_S
            if not self.figures.failing:
                self._events.say(RecordingNotSaved(str(error)))
            self.figures = replace(self.figures, failing=str(error))
            return
        for item in self._waiting:
            if item.note is not None:
                item.note()
        self._waiting.clear()
        self._held = 0
        if self.figures.failing:
            self._events.say(RecordingSavedAgain())
        self.figures = counted(replace(self.figures, failing=""), written)


def _remember(session: Session, on: bool) -> int:
    session.set_config(RECORDING, on)
    return 0
