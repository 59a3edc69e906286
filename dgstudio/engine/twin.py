"""The conventional twin on the same stream and labels: a lane that answers, and a way to learn beside ours."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from dgstudio.engine.events import EventQueue
from dgstudio.engine.lane import Hop
from dgstudio.engine.rings import RecordRing
from dgstudio.engine.worker import Worker
from dgstudio.errors import BadInputError
from dgstudio.learning.conventional import ConventionalTwin, InPlaceTwin
from dgstudio.model.basefile import BaseModel
from dgstudio.types import Example, TwinReading

TWINS = ("in_place", "swap")
READINGS_KEPT = 4096
CHECK_EVERY_S = 0.25


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
    """Answers every hop with the twin's present weights, and says of each answer what state it came from."""

    def __init__(self, kind: str, twin: ConventionalTwin | InPlaceTwin) -> None:
        self.kind = kind
        self.twin = twin
        self.readings: RecordRing[TwinReading] = RecordRing(READINGS_KEPT)
        self.counts = TwinCounts()
        self._labels: deque[Sequence[Example]] = deque()
        self._marks = 0
        self._checked_at = 0.0

    def answer(self, hop: Hop) -> TwinReading:
        """Answer one hop. dg-infer only."""
        begin = time.perf_counter()
        answer = self.twin.read(hop.features)
        took = time.perf_counter() - begin
        top = int(answer.probabilities.argmax()) if len(answer.probabilities) else -1
        reading = TwinReading(
            hop=hop.number,
            end=hop.end,
            classes=answer.classes,
            probabilities=answer.probabilities,
            top=answer.classes[top] if top >= 0 else None,
            state=answer.state,
            latency_us=took * 1e6,
        )
        counts = self.counts
        counts.reads += 1
        counts.torn += answer.state == "torn"
        counts.unpublished += answer.state == "unpublished"
        self.readings.append(reading)
        return reading

    def absorb(self, examples: Sequence[Example]) -> None:
        """Queue labels. Any thread."""
        self._labels.append(examples)

    def end_take(self) -> None:
        """The take is over: the state reached after the labels so far is a version. Any thread."""
        self._labels.append(())

    def learn(self) -> bool:
        """Take one queued block, and now and then look what has become of the protected answers."""
        if not self._labels:
            return False
        examples = [example for example in self._labels.popleft() if example.learn]
        if examples:
            self.twin.absorb(examples)
            self.counts.learned += len(examples)
        else:
            self.twin.mark_version()
        now = time.monotonic()
        if now - self._checked_at > CHECK_EVERY_S or not self._labels:
            self._checked_at = now
            self.counts.flips, self.counts.max_delta = self.twin.protected_change()
            self.counts.unattributed = self.twin.count_unattributed()
        return True

    @property
    def idle(self) -> bool:
        """Whether all labels so far have been learned."""
        return not self._labels


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


def make_twin(kind: str, base: BaseModel) -> TwinLane:
    """A twin of the base's dense network. `BadInputError` for a kind that does not exist."""
    if kind not in TWINS:
        raise BadInputError(f"There is no twin “{kind}”: choose one of {', '.join(TWINS)}.")
    twin = InPlaceTwin(base) if kind == "in_place" else ConventionalTwin(base)
    return TwinLane(kind, twin)
