"""The learner: its core, and what the user does to it: classes, protecting, rolling back, rebuilding, a new base."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.learning.learner.consolidation import standing_on
from dgstudio.learning.learner.core import LearningCore
from dgstudio.learning.learner.learner_state import Moved
from dgstudio.learning.learner.publish_diff import parts_changed
from dgstudio.learning.learner.sealing import rule_on, unprotected
from dgstudio.learning.learner.training_state import Dials, Footing
from dgstudio.learning.learner.unlearning import Rebuild, first_seal, rebuild_without
from dgstudio.learning.settings import LOCKED_BANK, LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import F32, Example, Mode, PublishRecord


class Learner(LearningCore):
    """Learns from labels by `step`, and does what the user asks; each act is a version of its own, and says so.

    One thread calls it (dg-learn), unless a method says other. See `LearningCore` for how it is made.
    """

    def add_class(self, class_id: int) -> PublishRecord | None:
        """Publish that a class lives: the other classes' logits keep every byte."""
        head = self.store.head
        if class_id in head.classes:
            return None
        return self._act("class added", (*head.classes, class_id), f"class “{self._name_of(class_id)}” added")

    def remove_class(self, class_id: int) -> PublishRecord | None:
        """Publish that a class lives no more: it is masked in the output, and nothing that was learned changes."""
        head = self.store.head
        if class_id not in head.classes:
            return None
        kept = tuple(c for c in head.classes if c != class_id)
        return self._act("class removed", kept, f"class “{self._name_of(class_id)}” removed")

    def unprotected(self) -> dict[int, int]:
        """Example id → class id of what has been learned and is not protected yet."""
        return unprotected(self._footing, self._labels)

    def example(self, example_id: int) -> Example:
        """What is known of an example that was labelled, with its newest label."""
        return self._labels.example(example_id)

    def seal_and_protect(
        self, recent: Sequence[F32] = (), reason: str = "protected what it knows now"
    ) -> PublishRecord | None:
        """Protect what it knows now: fold the learned examples in for good, and let them join the protected inputs.

        `recent` are raw inputs (d,) that nobody has labelled: some of those that are answered surely join as well.

        Raises
        ------
        BadInputError
            If nothing has been learned since the last seal.
        """
        if self.mode is not Mode.OFF and self._unsaid():
            self.step()
        if not self.unprotected():
            raise BadInputError("Nothing new to protect: label something first.")
        return self._seal("protected", reason, recent)

    def set_protected(self, count: int) -> None:
        """Choose how many inputs at most join the protected ones at one seal.

        Raises
        ------
        BadInputError
            For a number that makes no sense.
        """
        self.settings = replace(self.settings, protected=count).check()

    def set_seal_at(self, count: int) -> None:
        """Choose how many examples fill the learning bank, so that it is sealed. `BadInputError` for less than one."""
        self.settings = replace(self.settings, seal_at=count).check()
        self._follow()

    @property
    def features_open(self) -> bool:
        """Whether D can still be chosen: the model began from nothing and has learned nothing yet. Any thread."""
        return self.store.head.phi is None and self._footing.sums is None

    def set_features(self, count: int) -> None:
        """Choose D, the number of random features of a model that begins from nothing.

        Raises
        ------
        BadInputError
            For less than one, or where the features are there already.
        """
        settings = replace(self.settings, features=count).check()
        if not self.features_open:
            raise BadInputError("The model has its features already: their number is chosen before the first label.")
        self.settings = settings
        self._stand_on(self.store.head, self._footing)

    def release_inputs(self, inputs: Iterable[F32]) -> PublishRecord | None:
        """Take these protected inputs (raw, (d,)) out of the contract; None where none of them is in it any more."""
        wanted = {np.ascontiguousarray(raw, np.float32).tobytes() for raw in inputs}
        rows = [n for n, raw in enumerate(self._footing.protected.inputs) if raw.tobytes() in wanted]
        return self.release(rows)

    def roll_back(self, version: int) -> PublishRecord:
        """Go back to a version, weights and learner's state alike; examples learned since are parked, not lost.

        Rule, mode and dials are those of that version again, except that learning that is off stays off. The gradient
        rule begins anew there: Adam's moments are not kept with a version, since they are as large as the base.
        Classes that live now go on living, without what was learned of them since. Labels that the user has taken
        back stay taken back.

        Raises
        ------
        BadInputError
            If there is no such version, or it can no longer be restored.
        """
        footing = self._footings.of(version)
        settings, mode = self._dialled(footing.dials)
        target, head = self.store.get(version), self.store.head
        kept = tuple(c for c in target.classes if c in head.classes)
        classes = kept + tuple(c for c in head.classes if c not in kept)
        reason = f"rolled back to v{version}"
        again = self.store.roll_back(version, classes=classes, unix=time.time())
        self._labels.park(self._labels.wanted_ids() - footing.every())
        # The gradient rule has nothing to move where there is no base.
        self.settings = settings if again.base is not None else replace(settings, rule=LOCKED_BANK)
        self.mode = mode
        self._stand_on(again, footing)
        audited = self._contract.audit(Plan(again), 0, self.protected_count)
        return self._record(
            "rolled back",
            again,
            reason,
            units_changed=parts_changed(head, again),
            to_version=version,
            bits_changed=audited.bits_changed,
            max_delta=audited.max_delta,
            flips=audited.flips,
        )

    def _dialled(self, dials: Dials | None) -> tuple[LearnerSettings, Mode]:
        """The settings and the mode with the dials of a version, where they are known."""
        if dials is None:
            return self.settings, self.mode
        settings = replace(self.settings, rule=dials.rule, tau=dials.tau, delta=dials.delta).check()
        mode = Mode(dials.mode)
        return settings, self.mode if Mode.OFF in (mode, self.mode) else mode

    # -- another model -----------------------------------------------------------------------------------------------

    def sealed_among(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Those of these examples that are sealed, ascending: only `plan_rebuild` gets rid of them."""
        sealed = {i for held in self._footing.seals for i in held.ids.tolist()}
        return tuple(sorted(sealed.intersection(ids)))

    def plan_rebuild(self, ids: Iterable[int]) -> Rebuild:
        """Make, without publishing it, the model that never saw these sealed examples, nor others taken back since.

        What was sealed from the first seal that holds one of them on is learned and sealed again, as far as it is
        still wanted, in the same banks; see `rebuild_without`.

        Raises
        ------
        BadInputError
            If none of them is sealed, or the version before that seal can no longer be restored.
        Rejected
            If what remains cannot be learned.
        """
        gone = frozenset(ids)
        first = first_seal(self._footing, gone)
        if first is None:
            raise BadInputError("None of these examples is sealed: there is nothing to rebuild.")
        stood = self._footings.of(first.before)
        before = self.store.get(first.before), stood
        head, settings = self.store.head, self.settings
        return rebuild_without(gone, head, self._footing, before, self._labels, settings, self.mode, self._mode_of)

    def accept_rebuild(self, rebuild: Rebuild) -> PublishRecord:
        """Publish what was planned, as head and serving; the present version stays to be gone back to.

        Examples that have come since are learned on top.

        Raises
        ------
        BadInputError
            If something has been sealed, released or rolled back since it was planned.
        """
        mine, planned = self._footing, rebuild.replaces
        if mine.seals is not planned.seals or mine.protected is not planned.protected:
            raise BadInputError("The model has been sealed, released or rolled back since this was planned: try again.")
        self._labels.forget(rebuild.wanted)
        snapshot, footing = rebuild.numbered(self.store.head, self.store.next_version, time.time())
        moved = rebuild.moved
        return self._switch(
            "rebuilt", snapshot, footing, bits_changed=moved.bits, max_delta=moved.max_delta, flips=moved.flips
        )

    def adopt_base(self, base: BaseModel, learned: Mapping[int, int]) -> PublishRecord:
        """Publish a new base without any bank, as head and serving; the present version stays to be gone back to.

        Parameters
        ----------
        base
            Trained from the examples; its protected inputs take the place of the present ones.
        learned
            Example id → class id of what it has learned: what has another label by now, or is not among them, is
            learned on top.

        Raises
        ------
        BadInputError
            If the base was made for other inputs.
        """
        snapshot, footing = standing_on(base, learned, self._labels, self.store.head, self.store.next_version)
        audited = self._contract.audit(Plan(snapshot), 0, self.protected_count)
        return self._switch(
            "consolidated",
            snapshot,
            footing,
            bits_changed=audited.bits_changed,
            max_delta=audited.max_delta,
            flips=audited.flips,
        )

    def _switch(self, kind: str, snapshot: Snapshot, footing: Footing, **figures: Unpack[Moved]) -> PublishRecord:
        """Publish another model as head and serving; protected answers may move, which is the user's own act."""
        # Before anything is published: sums that cannot be inverted must not become the footing.
        rule = rule_on(snapshot, footing, self.settings, self._labels, self._name_of)
        before = self.store.head
        self.store.keep(before.version)
        self.store.publish(snapshot)
        self.store.unpin()
        self._stand_on(snapshot, footing, rule)
        return self._record(kind, snapshot, snapshot.reason, units_changed=parts_changed(before, snapshot), **figures)

    def _mode_of(self, version: int) -> Mode:
        """The mode in which a version was learned; both where that is no longer known."""
        return Mode(self.store.get(version).mode) if self.store.holds(version) else Mode.BOTH
