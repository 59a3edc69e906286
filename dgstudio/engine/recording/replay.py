"""Replaying a recorded session: features again from the samples, answers again from the stored versions, compared.

What is compared is what the receipt holds: digest of the features, active units, what each bank did, logits, answer.
Bits are compared between equal kernel names only; of another kernel's answers the largest difference is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field
from pathlib import Path

import numpy as np

from dgstudio.engine.recording.differences import (
    OtherSnapshot,
    ReceiptsUnordered,
    Rows,
    RowsDamaged,
    RowsMissing,
    RowsUncounted,
    VersionLost,
    WindowMissing,
)
from dgstudio.engine.recording.replayed import Replayed, answered_again, difference, truth_of
from dgstudio.engine.recording.stored_plans import StoredPlans
from dgstudio.errors import BadInputError
from dgstudio.kernel import KERNEL
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import RecordedAnswer, RecordedStretch
from dgstudio.session.recording.sample_reader import SampleTape
from dgstudio.session.restore import spec_of
from dgstudio.streams.features import Features
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.types import Reading, StreamSpec


@dataclass(frozen=True, slots=True)
class Difference:
    """The place where a replay is not what was recorded, and why."""

    stretch: int
    hop: int
    time: float | None
    """Stream time of the answer; None where it is not known."""
    version: int | None
    why: Reason

    @property
    def sentence(self) -> str:
        """Naming the place."""
        when = "" if self.time is None else f" at {self.time:.3f} s"
        who = "" if self.version is None else f", answered by v{self.version}"
        return f"Hop {self.hop}{when} (stretch {self.stretch + 1}{who}): {self.why.words}."


@dataclass(slots=True)
class ReplayFigures:
    """What a replay found. `mismatches` counts answers that were, or should have been, by this kernel, and differ.

    `seconds` are of recorded stream, `wall_s` of the clock. `other_kernel`: answers that another kernel gave, of which
    `other_differ` are not the same to the last bit; `largest` is the largest difference between two of their logits.
    """

    stretches: int = 0
    seconds: float = 0.0
    samples: int = 0
    answers: int = 0
    checked: int = 0
    mismatches: int = 0
    versions: int = 0
    lost_samples: int = 0
    lost_answers: int = 0
    other_kernel: int = 0
    other_differ: int = 0
    other_answers: int = 0
    """Of another kernel's answers, those with another class."""
    largest: float = 0.0
    kernels: list[str] = field(default_factory=list)
    """Other kernels than this one."""
    first: Difference | None = None
    wall_s: float = 0.0

    @property
    def realtime_factor(self) -> float:
        """Seconds of stream a second."""
        return self.seconds / self.wall_s if self.wall_s > 0 else 0.0


def replay_figures(path: Path) -> dict[str, float]:
    """Replay a session file and return `realtime_factor` and `mismatches`, for the bench.

    Answers of another kernel count as mismatches where they are not the same to the last bit.

    Raises
    ------
    BadInputError, SessionError
        Where the session holds no recording, or cannot be read.
    """
    with Session.reading(path) as session:
        figures = Replay(session).run()
    return {
        "realtime_factor": figures.realtime_factor,
        "mismatches": figures.mismatches + figures.other_differ,
        "answers": figures.answers,
        "versions": figures.versions,
        "seconds": figures.seconds,
    }


class Replay:
    """Goes through all stretches of a session once. One thread.

    Parameters
    ----------
    session
        It is only read.
    until
        Seconds of recorded stream after which it ends, all stretches laid end to end; None: all.
    speed
        Stream seconds a second; 0 is as fast as possible.
    each
        Called with every answer, in order.

    Raises
    ------
    BadInputError
        Where nothing was recorded.
    """

    def __init__(
        self,
        session: Session,
        *,
        until: float | None = None,
        speed: float = 0.0,
        each: Callable[[Replayed], None] | None = None,
    ) -> None:
        self.figures = ReplayFigures()
        self._session = session
        self._stretches = session.recorded.stretches()
        if not self._stretches:
            raise BadInputError(
                f"The session {session.name} holds no recording: switch on “Record the stream” while it is live."
            )
        self._until = until
        self._speed = speed
        self.each = each
        self._versions = StoredPlans(session)
        self._names = {info.id: info.name for info in session.classes()}
        self._judged: set[int] = set()
        self._began = 0.0

    @property
    def total_s(self) -> float:
        """Seconds of stream that there are to be replayed."""
        total = 0.0
        for stretch in self._stretches:
            bounds = self._session.recorded.bounds(stretch.id)
            total += 0.0 if bounds is None else (bounds[1] - bounds[0]) / float(stretch.signal["rate"])
        return total if self._until is None else min(total, self._until)

    def run(self) -> ReplayFigures:
        """Replay; returns the figures, which are up to date at any moment before, too. `SessionError` for the file."""
        self._began = time.perf_counter()
        try:
            for stretch in self._stretches:
                if not self._replay(stretch):
                    break
        finally:
            self.figures.wall_s = time.perf_counter() - self._began
            self.figures.versions = self._versions.count
        return self.figures

    def _replay(self, stretch: RecordedStretch) -> bool:
        """Replay one stretch; whether there is time for another."""
        figures, recorded = self.figures, self._session.recorded
        spec = spec_of(stretch.signal)
        features, tape = features_of(spec), SampleTape(recorded, stretch.id)
        figures.stretches += 1
        figures.lost_samples += stretch.lost_samples
        figures.lost_answers += stretch.lost_answers
        other = stretch.kernel != KERNEL
        if other and stretch.kernel not in figures.kernels:
            figures.kernels.append(stretch.kernel)
        before, bounds = figures.seconds, recorded.bounds(stretch.id)
        begin = 0 if bounds is None else bounds[0]
        next_hop: int | None = None
        seen = told = 0
        for kept in recorded.answers(stretch.id):
            if next_hop is not None and kept.first != next_hop and not stretch.lost_answers:
                self._missing(stretch, next_hop, kept.first - next_hop)
                told += max(0, kept.first - next_hop)
            next_hop = kept.first + kept.count
            seen += kept.count
            if kept.content is None:
                damaged = RowsDamaged(Rows.RECEIPT, kept.count)
                self._note(Difference(stretch.id, kept.first, None, None, damaged), kept.count)
                continue
            for answer in kept.content:
                figures.seconds = before + (answer.sample - begin) / spec.rate
                if self._until is not None and figures.seconds > self._until:
                    figures.seconds = self._until
                    figures.samples += tape.read
                    return False
                self._pace()
                self._answer(stretch, answer, tape, spec, features, other)
        tape.to_end()
        self._judge(stretch, tape)
        self._count(stretch, next_hop or 0, seen + told, tape)
        figures.samples += tape.read
        figures.seconds = before + (0.0 if bounds is None else (bounds[1] - bounds[0]) / spec.rate)
        return True

    def _answer(
        self,
        stretch: RecordedStretch,
        answer: RecordedAnswer,
        tape: SampleTape,
        spec: StreamSpec,
        features: Features,
        other: bool,
    ) -> None:
        figures = self.figures
        figures.answers += 1
        start = answer.sample - spec.window
        got = tape.window(start, answer.sample)
        if got is None:
            self._judge(stretch, tape)
            self._note(Difference(stretch.id, answer.hop, None, answer.version, WindowMissing()))
            return
        times, values, truth = got
        end = float(times[-1])
        plan = self._versions.plan(answer.version)
        if isinstance(plan, VersionLost):
            self._note(Difference(stretch.id, answer.hop, end, answer.version, plan))
            return
        elsewhere = self._versions.elsewhere.get(answer.version)
        if elsewhere is not None and elsewhere not in figures.kernels:
            figures.kernels.append(elsewhere)
        if plan.snapshot.digest != answer.digest and elsewhere is None:
            other_version = OtherSnapshot(answer.digest, answer.version, plan.snapshot.digest)
            self._note(Difference(stretch.id, answer.hop, end, answer.version, other_version))
            return
        begin = time.perf_counter()
        x = features(values)
        now = plan.answer(x)
        reading = answered_again(answer, plan, now, x, (float(times[0]), end), truth_of(spec, truth), begin)
        differs = difference(answer, reading, self._names)
        figures.checked += 1
        if other or elsewhere is not None:
            self._of_other_kernel(answer, reading, differs)
        elif differs is not None:
            self._note(Difference(stretch.id, answer.hop, end, answer.version, differs))
        if self.each is not None:
            self.each(Replayed(stretch.id, answer, reading, differs))

    def _of_other_kernel(self, answer: RecordedAnswer, now: Reading, differs: Reason | None) -> None:
        figures = self.figures
        figures.other_kernel += 1
        figures.other_differ += differs is not None
        figures.other_answers += answer.top != now.top
        if len(answer.logits) == len(now.logits) and len(now.logits):
            figures.largest = max(figures.largest, float(np.abs(answer.logits - now.logits).max()))

    def _note(self, difference: Difference, count: int = 1) -> None:
        self.figures.mismatches += count
        if self.figures.first is None:
            self.figures.first = difference

    def _missing(self, stretch: RecordedStretch, hop: int, count: int) -> None:
        why = RowsMissing(Rows.RECEIPT, count) if count > 0 else ReceiptsUnordered()
        self._note(Difference(stretch.id, hop, None, None, why), max(1, count))

    def _judge(self, stretch: RecordedStretch, tape: SampleTape) -> None:
        """Tell of samples that are damaged or missing, once a stretch."""
        damaged, missing = tape.damaged, tape.missing if not stretch.lost_samples else None
        told, kind = damaged or missing, RowsDamaged if damaged else RowsMissing
        if told is not None and stretch.id not in self._judged:
            self._judged.add(stretch.id)
            first, count = told
            why = kind(Rows.SAMPLE, count, first)
            self._note(Difference(stretch.id, self._hop_at(stretch, first), None, None, why))

    def _count(self, stretch: RecordedStretch, hop: int, answers: int, tape: SampleTape) -> None:
        """Tell of rows that lack where no row follows: at an end, or among what was lost on the way."""
        samples = tape.seen + (0 if stretch.lost_samples else tape.between)
        for rows, there, lost, counted in (
            (Rows.RECEIPT, answers, stretch.lost_answers, stretch.answers),
            (Rows.SAMPLE, samples, stretch.lost_samples, stretch.samples),
        ):
            missing = 0 if counted is None else counted - there
            if missing > 0:
                why = RowsUncounted(rows, missing, lost > 0)
                self._note(Difference(stretch.id, hop, None, None, why), missing if rows == Rows.RECEIPT else 1)

    def _hop_at(self, stretch: RecordedStretch, sample: int) -> int:
        """The first hop whose window holds a sample."""
        for kept in self._session.recorded.answers(stretch.id):
            for answer in kept.content or ():
                if answer.sample > sample:
                    return answer.hop
        return 0

    def _pace(self) -> None:
        """Wait until it is time for the next answer, where a speed was asked for."""
        if self._speed > 0:
            early = self.figures.seconds / self._speed - (time.perf_counter() - self._began)
            if early > 0:
                time.sleep(early)
