"""The conventional twin on the same stream and labels: a lane that answers, and a way to learn beside ours."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import numpy as np

from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import RecordRing
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.serving.lane import Hop
from dgstudio.learning.bank.cold_start import fitted_on
from dgstudio.learning.rules.conventional import ConventionalTwin, InPlaceTwin, TwinStart
from dgstudio.learning.rules.dense import softmax
from dgstudio.records import dataclass
from dgstudio.types import Example, TwinKind, TwinReading, TwinState

READINGS_KEPT = 4096
CHECK_EVERY_S = 0.25
BLOCK = 16
"""Examples learned in one turn: where the twin learns in dg-learn, ours waits no longer than for these."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Examples to be learned in one turn, or none: the end of a take. Not `new`: they are learned again."""

    examples: Sequence[Example]
    new: bool = True


def _blocks(examples: Sequence[Example], *, new: bool = True) -> list[_Block]:
    return [_Block(examples[start : start + BLOCK], new) for start in range(0, len(examples), BLOCK)]


@dataclass(slots=True)
class TwinCounts:
    """What the twin has done so far. `reads` and the first two kinds by dg-infer, the rest by its learner."""

    reads: int = 0
    torn: int = 0
    unpublished: int = 0
    unattributed: int = 0
    flips: int = 0
    max_delta: float = 0.0
    learned: int = 0


class TwinLane:
    """Answers every hop with the twin's present weights, and says of each answer what state it came from.

    It learns the labels that stood when it began, then every label that is given. A label that is taken back it keeps:
    a network that was fine-tuned on an example has no way to unlearn it. The class of a removed card it no longer
    answers.
    """

    def __init__(self, kind: TwinKind, twin: ConventionalTwin | InPlaceTwin, *, from_nothing: bool = False) -> None:
        self.kind = kind
        self.twin = twin
        self.readings: RecordRing[TwinReading] = RecordRing(READINGS_KEPT)
        self.counts = TwinCounts()
        self._labels: deque[_Block] = deque()
        self._seen: list[Example] | None = [] if from_nothing else None
        """All examples that it has learned, where it began from nothing: it does so again on another scale."""
        self._fitted = 0
        """On how many of them the scale of its inputs rests."""
        self._unreferenced = from_nothing
        self._begun = False
        self._gone: frozenset[int] = frozenset()
        self._checked_at = 0.0

    def answer(self, hop: Hop) -> TwinReading:
        """Answer one hop. dg-infer only."""
        begin = time.perf_counter()
        answer = self.twin.read(hop.features)
        took = time.perf_counter() - begin
        classes, probabilities, gone = answer.classes, answer.probabilities, self._gone
        if gone:
            living = [column for column, class_id in enumerate(classes) if class_id not in gone]
            classes, probabilities = tuple(classes[column] for column in living), softmax(answer.logits[living])
        top = int(probabilities.argmax()) if len(probabilities) else -1
        reading = TwinReading(
            hop=hop.number,
            end=hop.end,
            classes=classes,
            probabilities=probabilities,
            top=classes[top] if top >= 0 else None,
            state=answer.state,
            latency_us=took * 1e6,
        )
        counts = self.counts
        counts.reads += 1
        counts.torn += answer.state == TwinState.TORN
        counts.unpublished += answer.state == TwinState.UNPUBLISHED
        self.readings.append(reading)
        return reading

    def begin(self, examples: Sequence[Example]) -> None:
        """Queue the labels that stand, in order, and a version after them. dg-store only."""
        self._begun = True
        self.absorb(examples)
        if examples:
            self.end_take()

    def absorb(self, examples: Sequence[Example]) -> None:
        """Queue labels; those from before `begin` stand when it is called. dg-store only."""
        if self._begun:
            self._labels.extend(_blocks(examples))

    def end_take(self) -> None:
        """The take is over: the state reached after the labels so far is a version. dg-store only."""
        if self._begun:
            self._labels.append(_Block(()))

    def add_class(self, class_id: int) -> None:
        """Answer a class, new or brought back. Any thread."""
        self.twin.add_class(class_id)
        self._gone -= {class_id}

    def remove_class(self, class_id: int) -> None:
        """No longer answer a class; its column stays, with what it learned. Any thread."""
        self._gone |= {class_id}

    def learn(self) -> bool:
        """Take one queued block, and now and then look what has become of the protected answers."""
        if not self._labels:
            return False
        block = self._labels.popleft()
        examples = [example for example in block.examples if example.learn]
        if examples:
            if block.new and self._seen is not None and self._begin_again(examples):
                return True
            self.twin.absorb(examples)
            self.counts.learned += len(examples) if block.new else 0
        elif not block.examples:
            self.twin.mark_version()
        if self._unreferenced and not self._labels:
            # Only now does it know what it was asked to keep.
            self._unreferenced = False
            self.twin.note_reference()
        now = time.monotonic()
        if now - self._checked_at > CHECK_EVERY_S or not self._labels:
            self._checked_at = now
            self.counts.flips, self.counts.max_delta = self.twin.protected_change()
            self.counts.unattributed = self.twin.count_unattributed()
        return True

    def _begin_again(self, examples: Sequence[Example]) -> bool:
        """From nothing: whenever there are twice as many examples, learn all of them again on their own scale, as ours
        does; returns whether that was due.
        """
        assert self._seen is not None, "it began from nothing"
        self._seen.extend(examples)
        fitted = len(fitted_on([example.id for example in self._seen]))
        if fitted <= self._fitted:
            return False
        self._fitted = fitted
        self.counts.learned += len(examples)
        by_id = sorted(self._seen, key=lambda example: example.id)
        self.twin.begin_again(np.stack([example.features for example in by_id[:fitted]]))
        self._labels.extendleft(reversed(_blocks(self._seen, new=False)))
        self._unreferenced = True
        return True

    @property
    def idle(self) -> bool:
        """Whether all labels so far have been learned."""
        return self._begun and not self._labels


class TwinWorker(Worker):
    """dg-twin: the in-place control learns in a thread of its own, since its point is to collide."""

    name = "dg-twin"

    def __init__(self, lane: TwinLane, events: EventQueue) -> None:
        super().__init__(events)
        self._lane = lane

    def turn(self) -> None:
        """Learn one block, or wait for one."""
        if not self._lane.learn():
            self.pause(0.01)


def make_twin(kind: TwinKind, start: TwinStart) -> TwinLane:
    """A twin that begins with these weights; without a normaliser, from nothing."""
    twin = InPlaceTwin(start) if kind == TwinKind.IN_PLACE else ConventionalTwin(start)
    return TwinLane(kind, twin, from_nothing=start.normaliser is None)
