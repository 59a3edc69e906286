"""What a twin is to the engine: a lane that answers every hop, and a learner of every label; and how it is counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dgstudio.engine.facts.compared import KeptAnswers, TwinFigures
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.rings import RecordRing
from dgstudio.engine.serving.lane import Hop
from dgstudio.learning.learner.learner import Learner
from dgstudio.types import F32, Example, TwinKind, TwinReading, TwinState

READINGS_KEPT = 4096


class TwinLane(Protocol):
    """A model that is compared with ours. It begins with the labels that stand, and learns every label from then on.

    Attributes
    ----------
    kind : which twin it is.
    readings : its newest answers.
    """

    kind: TwinKind
    readings: RecordRing[TwinReading]

    @property
    def idle(self) -> bool:
        """Whether all that it was told so far has been done, and it has followed ours once. Any thread."""
        ...

    @property
    def begun(self) -> bool:
        """Whether it has been told of the labels that stand. Any thread."""
        ...

    def figures(self) -> TwinFigures:
        """What it has done so far. Any thread."""
        ...

    def answer(self, hop: Hop) -> TwinReading | None:
        """Answer one hop; None while it cannot yet. dg-infer only."""
        ...

    def begin(self, examples: Sequence[Example]) -> None:
        """Learn the labels that stand, in order, a version after them. dg-store only."""
        ...

    def absorb(self, examples: Sequence[Example]) -> None:
        """Learn labels; those from before `begin` stand when it is called. dg-store only."""
        ...

    def forget(self, ids: Sequence[int]) -> None:
        """Labels were taken back: unlearn them, where it can. dg-store only."""
        ...

    def end_take(self) -> None:
        """A take, or another act on labels, is over. dg-store only."""
        ...

    def add_class(self, class_id: int) -> None:
        """Answer a class, new or brought back. Any thread."""
        ...

    def remove_class(self, class_id: int) -> None:
        """No longer answer a class. Any thread."""
        ...

    def follow(self, ours: Learner) -> None:
        """Follow what our own model protects, and what it no longer holds; called again and again. dg-learn only."""
        ...

    def learn(self) -> bool:
        """Do one thing of what it was told; whether there was one. Its learner's thread."""
        ...


class TwinAnswers:
    """The answers of one twin: the newest are kept, all are counted. dg-infer writes.

    Attributes
    ----------
    reads, torn, unpublished : how many there are, and how many of them in these states.
    truth_seen, truth_right : of inputs whose truth is known, and how many of them were right.
    """

    def __init__(self, classes: ClassTable) -> None:
        self.readings: RecordRing[TwinReading] = RecordRing(READINGS_KEPT)
        self.reads = self.torn = self.unpublished = self.truth_seen = self.truth_right = 0
        self._classes = classes

    def note(
        self,
        hop: Hop,
        classes: tuple[int, ...],
        probabilities: F32,
        top: int | None,
        state: TwinState,
        latency_us: float,
    ) -> TwinReading:
        """Keep and count an answer: `probabilities` of `classes`, the class that is answered, where it came from."""
        reading = TwinReading(
            hop=hop.number,
            end=hop.end,
            classes=classes,
            probabilities=probabilities,
            top=top,
            state=state,
            latency_us=latency_us,
            truth=hop.truth,
        )
        self.reads += 1
        self.torn += state == TwinState.TORN
        self.unpublished += state == TwinState.UNPUBLISHED
        if hop.truth is not None:
            self.truth_seen += 1
            self.truth_right += top is not None and self._classes.names.get(top) == hop.truth
        self.readings.append(reading)
        return reading

    def figures(
        self,
        kind: TwinKind,
        answers: KeptAnswers,
        *,
        learned: int,
        waiting: int,
        unattributed: int = 0,
        max_delta: float = 0.0,
    ) -> TwinFigures:
        """With what its learner knows. Any thread."""
        return TwinFigures(
            kind=kind,
            answers=answers,
            learned=learned,
            waiting=waiting,
            reads=self.reads,
            torn=self.torn,
            unpublished=self.unpublished,
            unattributed=unattributed,
            max_delta=max_delta,
            truth_seen=self.truth_seen,
            truth_right=self.truth_right,
        )
