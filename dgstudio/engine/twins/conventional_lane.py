"""A conventional twin on the same stream and labels: a network that is fine-tuned while it answers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.engine.facts.compared import KeptAnswers, LostAnswers, TwinFigures
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.serving.lane import Hop
from dgstudio.engine.twins.twin_lane import TwinAnswers
from dgstudio.learning.bank.cold_start import fitted_on
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.conventional import ConventionalTwin, InPlaceTwin, TwinStart
from dgstudio.learning.rules.dense import softmax
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, TwinKind, TwinReading

CHECK_EVERY_S = 0.25
BLOCK = 16
"""Examples learned in one turn: where the twin learns in dg-learn, ours waits no longer than for these."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Examples to be learned in one turn, or none: the end of a take. Not `new`: they are learned again."""

    examples: Sequence[Example]
    new: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    """Raw inputs (n, d) to be watched from then on, and their class ids."""

    inputs: F32
    labels: npt.NDArray[np.integer]


class _Look:
    """Only look what has become of the protected answers."""


def _blocks(examples: Sequence[Example], *, new: bool = True) -> list[_Block]:
    return [_Block(examples[start : start + BLOCK], new) for start in range(0, len(examples), BLOCK)]


class ConventionalLane:
    """A `TwinLane` of a network that answers with its present weights, and says of each answer what state it came from.

    A label that is taken back it keeps: a network that was fine-tuned on an example has no way to unlearn it. The class
    of a removed card it no longer answers. From nothing it learns all anew whenever it has twice as many examples, on
    their own scale, until something is protected, as ours does.
    """

    def __init__(self, kind: TwinKind, start: TwinStart, classes: ClassTable) -> None:
        self.kind = kind
        make = InPlaceTwin if kind is TwinKind.IN_PLACE else ConventionalTwin
        self.twin = make(start, replay=kind is TwinKind.REPLAY)
        self.learned = 0
        self._answers = TwinAnswers(classes)
        self.readings = self._answers.readings
        count = len(start.protected)
        self._kept = KeptAnswers(count, count, bits=False, counted=bool(count))
        self._watches = bool(count)
        """Whether it watches anything that it was told to, were it that there is nothing."""
        self._protected: ProtectedSet | None = None
        """What it was told last to watch. dg-learn only."""
        self._unattributed = 0
        self._max_delta = 0.0
        self._todo: deque[_Block | _Watch | _Look] = deque()
        self._seen: list[Example] | None = [] if start.normaliser is None else None
        """All examples that it has learned, while it learns them again on another scale."""
        self._fitted = 0
        """On how many of them the scale of its inputs rests."""
        self._begun = self._busy = False
        self._gone: frozenset[int] = frozenset()
        self._checked_at = 0.0

    @property
    def begun(self) -> bool:
        """Whether it has been told of the labels that stand. Any thread."""
        return self._begun

    @property
    def idle(self) -> bool:
        """Whether all that it was told so far has been done, and it has been told what to watch. Any thread."""
        # In this order: what has left the queue makes busy until it is done.
        return self._begun and self._protected is not None and not self._todo and not self._busy

    def figures(self) -> TwinFigures:
        """What it has done so far. Any thread."""
        waiting = sum(len(b.examples) for b in self._todo.copy() if isinstance(b, _Block) and b.new)
        return self._answers.figures(
            self.kind,
            self._kept,
            learned=self.learned,
            waiting=waiting,
            unattributed=self._unattributed,
            max_delta=self._max_delta,
        )

    def answer(self, hop: Hop) -> TwinReading:
        """Answer one hop. dg-infer only."""
        begin = time.perf_counter()
        answer = self.twin.read(hop.features)
        took = time.perf_counter() - begin
        classes, probabilities, gone = answer.classes, answer.probabilities, self._gone
        if gone:
            living = [column for column, class_id in enumerate(classes) if class_id not in gone]
            classes, probabilities = tuple(classes[column] for column in living), softmax(answer.logits[living])
        top = classes[int(probabilities.argmax())] if len(probabilities) else None
        return self._answers.note(hop, classes, probabilities, top, answer.state, took * 1e6)

    def begin(self, examples: Sequence[Example]) -> None:
        """Queue the labels that stand, in order, and a version after them. dg-store only."""
        self._learn_later(examples)
        if examples:
            self._todo.append(_Block(()))
        self._begun = True

    def absorb(self, examples: Sequence[Example]) -> None:
        """Queue labels; those from before `begin` stand when it is called. dg-store only."""
        if self._begun:
            self._learn_later(examples)

    def end_take(self) -> None:
        """The take is over: the state reached after the labels so far is a version. dg-store only."""
        if self._begun:
            self._todo.append(_Block(()))

    def add_class(self, class_id: int) -> None:
        """Answer a class, new or brought back. Any thread."""
        self.twin.add_class(class_id)
        self._gone -= {class_id}
        self._todo.append(_Look())

    def remove_class(self, class_id: int) -> None:
        """No longer answer a class; its column stays, with what it learned. Any thread."""
        self._gone |= {class_id}
        self._todo.append(_Look())

    def forget(self, ids: Sequence[int]) -> None:
        """It cannot. dg-store only."""

    def follow(self, ours: Learner) -> None:
        """Watch what ours protects, once what was labelled so far has been learned. dg-learn only."""
        protected = ours.training.protected
        if protected is not self._protected:
            self._protected = protected
            self._todo.append(_Watch(protected.inputs, protected.labels))

    def learn(self) -> bool:
        """Do one thing of what it was told, and now and then look what has become of the protected answers."""
        if not self._todo:
            return False
        self._busy = True
        try:
            self._do(self._todo.popleft())
            now = time.monotonic()
            if now - self._checked_at > CHECK_EVERY_S or not self._todo:
                self._checked_at = now
                self._look()
        finally:
            self._busy = False
        return True

    # -- inside ------------------------------------------------------------------------------------------------

    def _do(self, task: _Block | _Watch | _Look) -> None:
        if isinstance(task, _Watch):
            self.twin.watch(task.inputs, task.labels)
            self._watches = True
            if len(task.inputs):
                # Its answers are what it is held against: it goes on as it is.
                self._seen = None
        elif isinstance(task, _Block):
            self._learn_block(task)

    def _learn_later(self, examples: Sequence[Example]) -> None:
        self._todo.extend(_blocks([example for example in examples if example.learn]))

    def _learn_block(self, block: _Block) -> None:
        if not block.examples:
            self.twin.mark_version()
        elif not (block.new and self._seen is not None and self._begin_again(self._seen, block.examples)):
            self.twin.absorb(block.examples)
        self.learned += len(block.examples) if block.new else 0

    def _begin_again(self, seen: list[Example], examples: Sequence[Example]) -> bool:
        """From nothing: whenever there are twice as many examples, learn all of them again on their own scale, as ours
        does; returns whether that was due.
        """
        seen.extend(examples)
        fitted = len(fitted_on([example.id for example in seen]))
        if fitted <= self._fitted:
            return False
        self._fitted = fitted
        by_id = sorted(seen, key=lambda example: example.id)
        self.twin.begin_again(np.stack([example.features for example in by_id[:fitted]]))
        self._todo.extendleft(reversed(_blocks(seen, new=False)))
        return True

    def _look(self) -> None:
        """See what has become of the protected answers, and of what was read."""
        change = self.twin.protected_change(self._gone)
        lost = tuple(LostAnswers(*pair) for pair in change.lost)
        self._kept = KeptAnswers(change.watched, change.watched - change.flips, lost, bits=False, counted=self._watches)
        self._max_delta = change.largest
        self._unattributed = self.twin.count_unattributed()
