"""Going over to another model: an earlier version, one rebuilt without some examples, one on a new base."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Unpack

from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner_state import LearnerState
from dgstudio.learning.learner.publish_diff import parts_changed
from dgstudio.learning.learner.publisher import AuditFigures, Publisher
from dgstudio.learning.learner.training.consolidation import start_on_base
from dgstudio.learning.learner.training.training_state import Dials, TrainingState
from dgstudio.learning.learner.training.unlearning import Rebuild, first_seal, rebuild_without
from dgstudio.learning.settings import LOCKED_BANK, LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.published import BaseTrained, RolledBack
from dgstudio.reasons.reason import Reason
from dgstudio.types import Mode, PublishRecord, RecordKind


class ModelSwitch:
    """Publishes a model that may move protected answers, which is the user's own act, and says how far. One thread."""

    def __init__(self, state: LearnerState, publisher: Publisher) -> None:
        self._state = state
        self._publisher = publisher

    def roll_back(self, version: int) -> PublishRecord:
        """Go back to a version, weights, dials and learner's state alike; see `Learner.roll_back`."""
        state, publisher = self._state, self._publisher
        training = state.states.of(version)
        settings, mode = self._as_then(training.dials)
        target, head = state.store.get(version), state.store.head
        kept = tuple(c for c in target.classes if c in head.classes)
        classes = kept + tuple(c for c in head.classes if c not in kept)
        again = state.store.roll_back(version, classes=classes, unix=time.time())
        # The gradient rule has nothing to move where there is no base.
        state.settings = settings if again.base is not None else replace(settings, rule=LOCKED_BANK)
        rule = state.settings.rule
        state.labels.stand_on(training.published(rule), training.sealed(rule))
        state.mode = mode
        publisher.go_on_from(again, training)
        changed = parts_changed(head, again)
        moved = self._moved_by(again)
        return publisher.record(
            RecordKind.ROLLED_BACK,
            again,
            RolledBack(version),
            units_changed=changed,
            to_version=version,
            waiting=len(state.labels.set_aside),
            **moved,
        )

    def plan_rebuild(self, ids: Iterable[int]) -> Rebuild:
        """Make, without publishing it, the model that never saw these sealed examples; see `Learner.plan_rebuild`."""
        state, gone = self._state, frozenset(ids)
        first = first_seal(state.training, gone)
        if first is None:
            raise BadInputError("None of these examples is sealed: there is nothing to rebuild.")
        then = state.states.of(first.before)
        before = state.store.get(first.before), then
        return rebuild_without(
            gone, state.store.head, state.training, before, state.labels, state.settings, state.mode, self._mode_of
        )

    def accept_rebuild(self, rebuild: Rebuild) -> PublishRecord:
        """Publish what was planned; see `Learner.accept_rebuild`."""
        state, planned = self._state, rebuild.replaces
        if state.training.seals is not planned.seals or state.training.protected is not planned.protected:
            raise BadInputError("The model has been sealed, released or rolled back since this was planned: try again.")
        state.labels.forget(rebuild.wanted)
        snapshot, training = rebuild.numbered(state.store.head, self._publisher.next_version, time.time())
        moved = rebuild.moved
        return self._switch(
            RecordKind.REBUILT,
            rebuild.reason,
            snapshot,
            training,
            bits_changed=moved.bits,
            max_delta=moved.max_delta,
            flips=moved.flips,
        )

    def adopt_base(self, base: BaseModel, learned: Mapping[int, int]) -> PublishRecord:
        """Publish a new base without any bank; see `Learner.adopt_base`."""
        state = self._state
        snapshot, training = start_on_base(base, learned, state.labels, state.store.head, self._publisher.next_version)
        return self._switch(
            RecordKind.CONSOLIDATED, BaseTrained(len(base.classes)), snapshot, training, **self._moved_by(snapshot)
        )

    def _switch(
        self,
        kind: RecordKind,
        reason: Reason,
        snapshot: Snapshot,
        training: TrainingState,
        **moved: Unpack[AuditFigures],
    ) -> PublishRecord:
        """Publish another model as head and serving; the present version stays to be gone back to."""
        store, publisher = self._state.store, self._publisher
        # Before anything is published: sums that cannot be inverted must not become what the learner goes on from.
        rule = self._state.rule_for(snapshot, training)
        before = store.head
        store.keep(before.version)
        publisher.publish(snapshot)
        store.unpin()
        publisher.go_on_from(snapshot, training, rule)
        changed = parts_changed(before, snapshot)
        return publisher.record(kind, snapshot, reason, units_changed=changed, **moved)

    def _moved_by(self, snapshot: Snapshot) -> AuditFigures:
        """How far protected answers, as the present contract has them, move by a version."""
        audited = self._state.contract.audit(Plan(snapshot), 0, self._state.protected_count)
        return AuditFigures(bits_changed=audited.bits_changed, max_delta=audited.max_delta, flips=audited.flips)

    def _as_then(self, dials: Dials | None) -> tuple[LearnerSettings, Mode]:
        """The settings and the mode with the dials of a version, where they are known."""
        settings, mode = self._state.settings, self._state.mode
        if dials is None:
            return settings, mode
        then = Mode(dials.mode)
        settings = replace(settings, rule=dials.rule, tau=dials.tau, delta=dials.delta).check()
        return settings, mode if Mode.OFF in (then, mode) else then

    def _mode_of(self, version: int) -> Mode:
        """The mode in which a version was learned; both where that is no longer known."""
        store = self._state.store
        return Mode(store.get(version).mode) if store.holds(version) else Mode.BOTH
