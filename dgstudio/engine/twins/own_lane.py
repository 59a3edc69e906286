"""Our own model in another mode, on the same stream and labels: a second learner, and its answers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from dgstudio.engine.facts.compared import KeptAnswers, TwinFigures
from dgstudio.engine.runtime.abstention import decided
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.serving.lane import Hop
from dgstudio.engine.serving.serving_plan import ServingPlan
from dgstudio.engine.twins.learned_labels import LearnedLabels
from dgstudio.engine.twins.protected_watch import ProtectedWatch
from dgstudio.engine.twins.twin_lane import TwinAnswers
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.records import dataclass
from dgstudio.types import Example, PublishRecord, TwinKind, TwinReading, TwinState

BLOCK = 16
"""Examples absorbed in one turn: ours, in the same thread, waits no longer than for these."""
PUBLISH_EVERY_S = 0.1
"""While labels wait, it publishes no more often than this, as ours does."""
AUDIT_SLICE = 32
"""Protected inputs answered again in one turn."""


@dataclass(frozen=True, slots=True)
class _Learn:
    """Examples to be learned, with their present labels."""

    examples: Sequence[Example]


@dataclass(frozen=True, slots=True)
class _Forget:
    """Examples to be unlearned."""

    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Class:
    """A class that lives, or no more."""

    class_id: int
    living: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Protect:
    """What ours protects now."""

    protected: ProtectedSet


@dataclass(frozen=True, slots=True)
class _Rebuild:
    """Examples that ours holds no more in what it has sealed."""

    ids: Sequence[int]


_Task = _Learn | _Forget | _Class | _Protect | _Rebuild


class OwnLane:
    """A `TwinLane` of our own model: it proposes, proves and publishes by itself, in its own mode.

    It begins with the base, or from nothing, and learns the labels that stand, by the same rule and dials as ours. It
    protects the very inputs that ours protects, each with the answer that it gives itself when that joins. Labels that
    are taken back it forgets: sealed ones when ours is rebuilt without them, or at once where only it has sealed them.

    Parameters
    ----------
    make
        Makes its learner, in dg-learn: to invert its sums takes a tenth of a second.
    threshold
        Answers less likely than this are "unsure", as in ours.
    """

    def __init__(
        self, kind: TwinKind, make: Callable[[], Learner], classes: ClassTable, threshold: Callable[[], float]
    ) -> None:
        self.kind = kind
        self.learner: Learner | None = None
        """None until dg-learn has made it."""
        self._make = make
        self._threshold = threshold
        self._answers = TwinAnswers(classes)
        self.readings = self._answers.readings
        self._serving: ServingPlan | None = None
        self._watch: ProtectedWatch | None = None
        self._todo: deque[_Task] = deque()
        self._begun = self._busy = False
        self._protected: ProtectedSet | None = None
        self._settings: LearnerSettings | None = None
        """Of ours, as it was followed last."""
        self._seals: object = None
        """Of ours, likewise."""
        self._ours_sealed: set[int] = set()
        self._kept: set[int] = set()
        """Versions from which a rebuild may go on."""
        self._labels = LearnedLabels()
        self._published_at = 0.0

    @property
    def begun(self) -> bool:
        """Whether it has been told of the labels that stand. Any thread."""
        return self._begun

    @property
    def idle(self) -> bool:
        """Whether all that it was told so far has been done, and it has followed ours once. Any thread."""
        learner = self.learner
        if learner is None or not self._begun or self._protected is None or self._todo:
            return False
        # In this order: what has left the queue makes busy until it is pending, and what is pending until it is out.
        return not (self._busy or learner.pending or self._busy)

    def figures(self) -> TwinFigures:
        """What it has done so far. Any thread."""
        watch = self._watch
        queued = sum(len(task.examples) for task in self._todo.copy() if isinstance(task, _Learn))
        return self._answers.figures(
            self.kind,
            KeptAnswers(counted=False) if watch is None else watch.kept,
            learned=self._labels.learned,
            waiting=queued + self._labels.late,
            max_delta=0.0 if watch is None else watch.largest,
        )

    def answer(self, hop: Hop) -> TwinReading | None:
        """Answer one hop, once there is a version to answer with. dg-infer only."""
        serving = self._serving
        if serving is None:
            return None
        begin = time.perf_counter()
        plan = serving.now()
        answer = plan.answer(hop.features)
        took = time.perf_counter() - begin
        top, _ = decided(answer, self._threshold())
        classes = plan.snapshot.classes
        said = classes[top] if top >= 0 else None
        return self._answers.note(hop, classes, answer.probabilities, said, TwinState.VERSION, took * 1e6)

    # -- what it is told -----------------------------------------------------------------------------------------

    def begin(self, examples: Sequence[Example]) -> None:
        """Learn the labels that stand. dg-store only."""
        self._learn_later(examples)
        self._begun = True

    def absorb(self, examples: Sequence[Example]) -> None:
        """Learn labels; those from before `begin` stand when it is called. dg-store only."""
        if self._begun:
            self._learn_later(examples)

    def forget(self, ids: Sequence[int]) -> None:
        """Unlearn labels that were taken back. dg-store only."""
        if self._begun:
            self._todo.append(_Forget(ids))

    def end_take(self) -> None:
        """Each publish is a version: there is nothing to do. dg-store only."""

    def add_class(self, class_id: int) -> None:
        """Answer a class. Any thread."""
        self._todo.append(_Class(class_id, True))

    def remove_class(self, class_id: int) -> None:
        """No longer answer a class. Any thread."""
        self._todo.append(_Class(class_id, False))

    def follow(self, ours: Learner) -> None:
        """Take over the dials of ours and what it protects, and get rid of what it has got rid of. dg-learn only."""
        if ours.settings is not self._settings:
            self._settings = ours.settings
            self._turn_dials(ours.settings)
        training = ours.training
        if training.protected is not self._protected:
            self._protected = training.protected
            self._todo.append(_Protect(training.protected))
        if training.seals is not self._seals:
            self._seals = training.seals
            before, self._ours_sealed = self._ours_sealed, {i for held in training.seals for i in held.ids.tolist()}
            if before - self._ours_sealed:
                self._todo.append(_Rebuild(sorted(before - self._ours_sealed)))

    # -- dg-learn --------------------------------------------------------------------------------------------------

    def learn(self) -> bool:
        """One thing of what it was told, a publish if one is due, else a slice of its audit; the last is no work."""
        self._busy = True
        try:
            if self.learner is None:
                self._set_up()
                return True
            if self._work(self.learner):
                return True
            self._audit(self.learner)
            return False
        finally:
            self._busy = False

    def _set_up(self) -> None:
        learner = self._make()
        self._serving = ServingPlan(learner.store)
        self._watch = ProtectedWatch(learner)
        self.learner = learner

    def _work(self, learner: Learner) -> bool:
        # What joins the protected inputs is answered by what was learned before.
        first = not self._todo or isinstance(self._todo[0], _Protect)
        if learner.pending and (first or time.monotonic() - self._published_at > PUBLISH_EVERY_S):
            self._published_at = time.monotonic()
            self._note(learner, [learner.step()])
            return True
        if not self._todo:
            return False
        records = self._do(learner, self._todo.popleft())
        if any(records) or not learner.pending:
            self._note(learner, records)
        return True

    def _do(self, learner: Learner, task: _Task) -> Sequence[PublishRecord | None]:
        if isinstance(task, _Learn):
            self._labels.want(example.id for example in task.examples)
            return [learner.absorb(task.examples)]
        if isinstance(task, _Forget):
            self._labels.want_no_more(task.ids)
            record = learner.forget(task.ids)
            # What ours has sealed too goes when ours does.
            return [record, *self._rebuilt(learner, [i for i in task.ids if i not in self._ours_sealed])]
        if isinstance(task, _Class):
            return [(learner.add_class if task.living else learner.remove_class)(task.class_id)]
        if isinstance(task, _Protect):
            return learner.protect_as(task.protected)
        return self._rebuilt(learner, [i for i in task.ids if not self._labels.wants(i)])

    def _rebuilt(self, learner: Learner, ids: Sequence[int]) -> list[PublishRecord]:
        """Get rid of those of these examples that are sealed; what is protected stays so, with what it comes to."""
        sealed = learner.sealed_among(ids)
        if not sealed:
            return []
        records = [learner.accept_rebuild(learner.plan_rebuild(sealed))]
        return records if self._protected is None else [*records, *learner.protect_as(self._protected)]

    def _note(self, learner: Learner, records: Sequence[PublishRecord | None]) -> None:
        """See what has come of what was done."""
        assert self._watch is not None, "made with the learner"
        for record in records:
            if record is not None:
                self._watch.follow(record, learner)
        for held in learner.training.seals:
            if held.before not in self._kept:
                # A rebuild goes on from it.
                learner.store.keep(held.before)
                self._kept.add(held.before)
        self._labels.count(learner.training)

    def _audit(self, learner: Learner) -> None:
        if not learner.audit_complete and self._watch is not None:
            self._watch.audited(learner.audit_slice(AUDIT_SLICE), learner)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _learn_later(self, examples: Sequence[Example]) -> None:
        learnable = [example for example in examples if example.learn]
        self._todo.extend(_Learn(learnable[first : first + BLOCK]) for first in range(0, len(learnable), BLOCK))

    def _turn_dials(self, ours: LearnerSettings) -> None:
        learner = self.learner
        if learner is None:
            # It will be made with them.
            return
        own = learner.settings
        if own.rule != ours.rule:
            learner.set_rule(ours.rule)
        if (own.tau, own.delta) != (ours.tau, ours.delta):
            learner.set_openness(ours.tau, ours.delta)
        if own.seal_at != ours.seal_at:
            learner.set_seal_at(ours.seal_at)
        if own.features != ours.features and learner.features_open:
            learner.set_features(ours.features)


def settings_of(ours: LearnerSettings) -> LearnerSettings:
    """What a twin of our own model learns with: as ours, but that no input joins by itself."""
    return replace(ours, protected=0)
