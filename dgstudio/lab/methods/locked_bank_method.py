"""The studio's own learner: the locked bank on a gated base, contract always on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgstudio.lab.methods import Factory, Labels, Start
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.plan import Plan
from dgstudio.types import F32, Example, RecordKind


class LockedBank:
    """A `Learner` of the studio with the settings of the start; its answers are those of the serving kernel."""

    def __init__(self, start: Start) -> None:
        self._learner = Learner.begin(start.base, start.settings)
        self._plan = Plan(self._learner.store.head)
        self._rejections = 0

    def add_class(self, class_id: int) -> None:
        """Publish that the class lives."""
        self._learner.add_class(class_id)
        self._follow()

    def absorb(self, examples: Sequence[Example]) -> None:
        """Take examples into the set."""
        self._learner.absorb(examples)

    def publish(self) -> bool:
        """Solve, project, prove, assign: one step of the learner."""
        record = self._learner.step()
        self._rejections += record is not None and record.kind == RecordKind.REJECTED
        self._follow()
        return self._learner.pending

    def protect(self) -> F32:
        """Seal the learning bank; some of its examples join the protected inputs."""
        before = len(self._learner.training.protected.cohorts)
        record = self._learner.seal_and_protect()
        self._rejections += record is not None and record.kind == RecordKind.REJECTED
        self._follow()
        joined = self._learner.training.protected.cohorts[before:]
        dim = self._learner.training.protected.inputs.shape[1]
        return np.concatenate([np.zeros((0, dim), np.float32), *(cohort.inputs for cohort in joined)])

    def logits_of(self, raw: F32) -> tuple[tuple[int, ...], F32]:
        """Living classes and logits, by the serving kernel."""
        return self._plan.snapshot.classes, self._plan.logits_of(raw)

    def answer(self, raw: F32) -> Labels:
        """Class ids, one input at a time: a forced choice, as the rivals make, where the studio would say "unsure"."""
        classes = np.asarray((*self._plan.snapshot.classes, -1), np.int64)
        answers = [self._plan.answer(row) for row in raw]
        result: Labels = classes[[int(a.logits.argmax()) if a.unsure else a.top for a in answers]]
        return result

    def plan(self) -> Plan:
        """The plan of the newest version."""
        return self._plan

    def rejections(self) -> int:
        """Proposals that broke the contract or could not be solved."""
        return self._rejections

    def _follow(self) -> None:
        if self._plan.snapshot is not self._learner.store.head:
            self._plan = Plan(self._learner.store.head)


METHODS: dict[str, Factory] = {"ours": LockedBank}
