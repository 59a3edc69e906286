"""Two versions and many inputs: whose answer is another one, from what to what, and which keep every bit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dgstudio.engine.inspection.inputs import InputKind, Inputs, InputSets
from dgstudio.engine.inspection.unavailable import GivenUpError
from dgstudio.engine.runtime.abstention import decided
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32

AT_A_TIME = 64
"""Inputs that are answered between two looks whether somebody still wants to know."""

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Flow:
    """So many inputs went from one answer to another (class ids, or `UNSURE`); `label` is theirs, −1: not known."""

    before: int
    after: int
    label: int
    count: int


@dataclass(frozen=True, eq=False)
class AnswersMoved:
    """The answers of two versions to inputs of one kind.

    Attributes
    ----------
    inputs : which.
    before, after : (n,) class ids, or `UNSURE`.
    identical : (n,) whether the logits of all classes that live in both have the same bytes.
    """

    inputs: Inputs
    before: Ids
    after: Ids
    identical: Flags

    @property
    def kind(self) -> InputKind:
        """Where the inputs come from."""
        return self.inputs.kind

    @cached_property
    def changed(self) -> Flags:
        """(n,) whose answer is another one."""
        found: Flags = self.before != self.after
        return found

    @property
    def changed_ids(self) -> Ids:
        """The ids of these, as in `Inputs.ids`."""
        return self.inputs.ids[self.changed]

    def ids_of(self, flow: Flow) -> Ids:
        """The ids of the inputs that a flow counts."""
        rows = (self.before == flow.before) & (self.after == flow.after) & (self.inputs.labels == flow.label)
        found: Ids = self.inputs.ids[rows]
        return found

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """From what to what, by label, of those that changed; most frequent first."""
        rows = np.stack([self.before, self.after, self.inputs.labels], axis=1)[self.changed]
        if not len(rows):
            return ()
        kinds, counts = np.unique(rows, axis=0, return_counts=True)
        found = [Flow(b, a, label, n) for (b, a, label), n in zip(kinds.tolist(), counts.tolist(), strict=True)]
        return tuple(sorted(found, key=lambda flow: -flow.count))

    def matrix(self) -> tuple[tuple[int, ...], Ids]:
        """Count all inputs: the answers that occur, and how many went from each (rows) to each (columns)."""
        answers = np.unique(np.concatenate([self.before, self.after]))
        counts = np.zeros((len(answers), len(answers)), np.int64)
        np.add.at(counts, (np.searchsorted(answers, self.before), np.searchsorted(answers, self.after)), 1)
        return tuple(int(c) for c in answers), counts


@dataclass(frozen=True, slots=True, eq=False)
class AllCompared:
    """What became of all protected inputs, labelled examples and recent live inputs between two versions."""

    before: int
    after: int
    protected: AnswersMoved
    examples: AnswersMoved
    live: AnswersMoved


def compare_all(
    a: Plan, b: Plan, sets: InputSets, abstain: float = 0.0, go_on: Callable[[], bool] = lambda: True
) -> AllCompared:
    """Answer all inputs with both versions, by the kernel that serves.

    Raises
    ------
    GivenUpError
        Where `go_on` said so.
    """
    protected, examples, live = (_moved(a, b, inputs, abstain, go_on) for inputs in sets.every)
    return AllCompared(a.snapshot.version, b.snapshot.version, protected, examples, live)


def _moved(a: Plan, b: Plan, inputs: Inputs, abstain: float, go_on: Callable[[], bool]) -> AnswersMoved:
    shared = [c for c in a.snapshot.classes if c in b.snapshot.classes]
    before, was = answered(a, inputs.raw, abstain, go_on)
    after, now = answered(b, inputs.raw, abstain, go_on)
    identical = (_bits(a, was, shared) == _bits(b, now, shared)).all(1)
    return AnswersMoved(inputs, before, after, identical)


def _bits(plan: Plan, logits: F32, classes: list[int]) -> npt.NDArray[np.uint32]:
    """The bits of the logits of some classes, (n, len(classes))."""
    columns = [plan.snapshot.classes.index(c) for c in classes]
    return np.ascontiguousarray(logits[:, columns]).view(np.uint32)


def answered(plan: Plan, raw: F32, abstain: float = 0.0, go_on: Callable[[], bool] = lambda: True) -> tuple[Ids, F32]:
    """Class id that a version answers to each raw input (n, d), or `UNSURE`, (n,); and the logits (n, C).

    Raises
    ------
    GivenUpError
        Where `go_on` said so.
    """
    classes = plan.snapshot.classes
    found, logits = np.full(len(raw), UNSURE, np.int64), np.zeros((len(raw), len(classes)), np.float32)
    for start in range(0, len(raw), AT_A_TIME):
        if not go_on():
            raise GivenUpError
        for row in range(start, min(start + AT_A_TIME, len(raw))):
            answer = plan.answer(raw[row])
            place, _ = decided(answer, abstain)
            logits[row] = answer.logits
            if place >= 0:
                found[row] = classes[place]
    return found, logits
