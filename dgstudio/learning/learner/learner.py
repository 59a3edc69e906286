"""The learner: what the user does to a model while it answers. Each act is a version of its own, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Self, TypedDict, Unpack

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.contract.contract import AuditResult
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.label_set import Fetch, LabelSet
from dgstudio.learning.learner.learner_state import LearnerState
from dgstudio.learning.learner.learning_queue import LearningQueue
from dgstudio.learning.learner.model_switch import ModelSwitch
from dgstudio.learning.learner.protection import Protection, WhySealed
from dgstudio.learning.learner.publish_step import PublishStep
from dgstudio.learning.learner.publisher import Publisher
from dgstudio.learning.learner.training.sealing import what_stays
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.learner.training.training_states import Recall, beginning
from dgstudio.learning.learner.training.unlearning import Rebuild
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import LOCKED_BANK, RULES, LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.published import ClassAdded, ClassesAdded, ClassRemoved, Pinned, ProtectedByUser, Unpinned
from dgstudio.reasons.reason import Reason
from dgstudio.reasons.refused import NoRoom
from dgstudio.types import F32, Example, Mode, PublishRecord, RecordKind


class LearnerOptions(TypedDict, total=False):
    """What a learner of a new model may be given besides its settings; see `Learner`."""

    examples: Sequence[Example]
    parked: Iterable[int]
    name_of: Callable[[int], str]
    recall: Recall
    fetch: Fetch
    mode: Mode
    next_version: int
    next_seq: int


class Learner:
    """Learns from labels by `step`, and does what the user asks.

    One thread calls it (dg-learn), unless a method says other. What is learned is a set: the examples that the user
    labelled, less those taken back and those parked by a roll-back. Each `step` proposes from `head`, proves the
    proposal against the contract, and publishes it in one assignment; a proposal that fails changes nothing and is
    returned as a record of kind "rejected".

    It is put together from objects with one subject each, around one `LearnerState`: `LearningQueue` knows what is
    still to be learned, `PublishStep` learns it, `Protection` seals, protects and releases, `ModelSwitch` goes back,
    rebuilds and takes new bases, and `Publisher` makes what they made the newest version.

    Parameters
    ----------
    head
        The version to go on from.
    training
        What `head` was learned from; see `begin` for a new model.
    name_of
        Names a class in reasons.
    examples
        What the user has labelled so far; those that `training` does not know are learned next.
    parked
        Ids that wait for `resume_parked`, as `Learner.parked` gave them.
    recall
        Where older versions come from once memory has let them go.
    fetch
        Where examples come from that were taken back, once memory has let them go.
    mode
        What may change, to begin with.
    next_version, next_seq
        First numbers that are free.
    learn_again
        Whether what `head` has learned is to be learned by this kernel: another one learned it.
    """

    def __init__(
        self,
        head: Snapshot,
        training: TrainingState,
        settings: LearnerSettings | None = None,
        *,
        examples: Sequence[Example] = (),
        parked: Iterable[int] = (),
        name_of: Callable[[int], str] = "class {}".format,
        recall: Recall = lambda version: None,
        fetch: Fetch = lambda ids: (),
        mode: Mode = Mode.BOTH,
        next_version: int = 0,
        next_seq: int = 0,
        learn_again: bool = False,
    ) -> None:
        settings = settings or LearnerSettings()
        self._labels = LabelSet(examples, parked, fetch)
        self._labels.hold_parked(training.published(settings.rule))
        self._state = LearnerState(head, training, settings, mode, self._labels, name_of, recall, next_version)
        self.store = self._state.store
        self._queue = LearningQueue(self._state)
        self._publisher = Publisher(self._state, self._queue, next_seq)
        self._protection = Protection(self._state, self._queue, self._publisher)
        self._step = PublishStep(self._state, self._queue, self._publisher, self._protection)
        self._model_switch = ModelSwitch(self._state, self._publisher)
        self._publisher.go_on_from(head, training)
        if learn_again:
            self._state.applied = None
            self._queue.judge()

    @classmethod
    def begin(
        cls, base: BaseModel | None, settings: LearnerSettings | None = None, **options: Unpack[LearnerOptions]
    ) -> Self:
        """A learner of a new model: with a base, its protected inputs are protected from the first version on; or not.

        The first version is 0, or the `next_version` that is free.
        """
        return cls(*beginning(base, options.get("next_version", 0)), settings, **options)

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def settings(self) -> LearnerSettings:
        """The settings, as they are now. Any thread may read them."""
        return self._state.settings

    @settings.setter
    def settings(self, settings: LearnerSettings) -> None:
        self._state.settings = settings

    @property
    def mode(self) -> Mode:
        """What may change. Any thread."""
        return self._state.mode

    @property
    def pending(self) -> bool:
        """Whether a `step` has something to do. Any thread."""
        return self._queue.pending

    @property
    def crowded(self) -> NoRoom | None:
        """That labelled examples wait that the learning bank has no room for; None while none does. Any thread."""
        return self._queue.crowded

    @property
    def refusal(self) -> Reason | None:
        """Why the present examples and dials were refused; None where they were not. Any thread."""
        return self._queue.refusal

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """The modes that can be set. Any thread."""
        return self._state.rule.offered_modes

    @property
    def offered_rules(self) -> tuple[str, ...]:
        """The update rules that can be set. Any thread."""
        return RULES if self.store.head.base is not None else (LOCKED_BANK,)

    @property
    def protected_count(self) -> int:
        """N. Any thread."""
        return self._state.protected_count

    @property
    def certified_version(self) -> int | None:
        """The last version that protected something. Any thread."""
        return self._state.training.certified

    @property
    def training(self) -> TrainingState:
        """What `head` was learned from."""
        return self._state.training

    @property
    def parked(self) -> frozenset[int]:
        """Ids of examples that a roll-back, or a failure, set aside until `resume_parked`. Any thread.

        Those too that a version which was gone back to has learned, and that were taken back or relabelled since.
        """
        return self._labels.set_aside

    def waiting_for(self, class_id: int) -> bool:
        """Whether examples of this class are not in the newest version yet. Any thread."""
        return class_id in self._queue.waiting_classes

    def evidence(self) -> Evidence | None:
        """What `head`'s learning bank rests on; None while there is none, and under a rule that gives none.

        Any thread may take and use it.
        """
        return self._state.evidence

    def copied_rule(self) -> LockedBankRule | None:
        """A copy of the rule, for another thread to go on with; None under a rule that cannot be copied."""
        rule = self._state.rule
        return rule.copy() if isinstance(rule, LockedBankRule) else None

    def training_of(self, version: int) -> TrainingState:
        """What a version was learned from. `BadInputError` where it can no longer be restored."""
        return self._state.training if version == self.store.head.version else self._state.states.of(version)

    def states_held(self) -> dict[int, TrainingState]:
        """What the versions in memory were learned from. Any thread."""
        return self._state.states.held()

    def recalled(self, version: int) -> Snapshot:
        """The snapshot of a version, fetched if memory has let it go. `BadInputError` where there is none."""
        if not self.store.holds(version):
            self._state.states.of(version)
        return self.store.get(version)

    def take_up_again(self, snapshot: Snapshot, training: TrainingState) -> None:
        """Hold a version that had been let go of, and what it was learned from; nothing that serves or learns moves.

        Raises
        ------
        BadInputError
            If another content was published under its number.
        """
        self.store.adopt(snapshot)
        self._state.states.note(snapshot.version, training)

    def follow(
        self,
        head: Snapshot,
        training: TrainingState,
        *,
        labelled: Sequence[Example] = (),
        gone: Iterable[int] = (),
        parked: Iterable[int] = (),
    ) -> None:
        """Go on from a version that another program has published, and from what was labelled there since.

        Nothing is learned here, and nothing published: the version is that one, with its number.

        Parameters
        ----------
        labelled, gone
            Examples that stand with these labels by now, and the ids of those that stand no more.
        parked
            As `Learner.parked` of the other one.

        Raises
        ------
        BadInputError
            If a version of that number, or a later one, is here already.
        """
        self.store.publish(head)
        self._labels.add(labelled)
        self._labels.forget(gone)
        self._labels.parked = frozenset(parked)
        self._labels.hold_parked(training.published(self.settings.rule))
        self._publisher.go_on_from(head, training)

    # -- the audit -------------------------------------------------------------------------------------------------

    @property
    def audit_complete(self) -> bool:
        """Whether every protected input has been answered again since the last publish. Any thread."""
        return self._state.audit.complete

    def audit_slice(self, count: int) -> AuditResult:
        """Answer the next protected inputs with `head`, in rotation, and compare bytes with their references."""
        return self._state.audit.slice(self._state.contract, self.store.plan(self.store.head), count)

    def audit_all(self) -> AuditResult:
        """Answer every protected input with `head` and compare bytes with their references. Any thread."""
        return self._state.contract.audit(self.store.plan(self.store.head), 0, self.protected_count)

    # -- labels ----------------------------------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example]) -> PublishRecord | None:
        """Want these to be learned, with their present labels; those with `learn` False are passed over.

        A protected example that gets another label, and a protected recent input that lies where one is labelled
        otherwise, is released from the contract, which is a version of its own and returned; the example is then
        learned anew. Numbers that are not finite are refused, which the next `step` says.
        """
        added = self._labels.add(examples)
        released = self._protection.release_relabelled(added)
        self._queue.follow()
        return released

    def forget(self, ids: Iterable[int]) -> PublishRecord | None:
        """Want these to be learned no more. Exact in the learning bank; what stays for good is said."""
        gone = set(ids)
        self._labels.forget(gone)
        stays = what_stays(self._state.training, gone, self.settings.rule)
        self._queue.follow()
        return None if stays is None else self._publisher.record(RecordKind.REJECTED, None, stays)

    def release(self, rows: Iterable[int]) -> PublishRecord | None:
        """Take protected inputs, by their numbers, out of the contract: their answers may move from now on."""
        return self._protection.release_rows(rows)

    def resume_parked(self) -> None:
        """Learn again what a roll-back parked, and unlearn what stayed learned by it only."""
        self._labels.resume()
        self._queue.refuse_no_more()
        self._state.rule.reconsider()
        self._queue.follow()

    # -- the dials ---------------------------------------------------------------------------------------------------

    def set_mode(self, mode: Mode) -> None:
        """Choose what may change; labels that arrive while it is off wait. `BadInputError` for a mode not offered."""
        if mode not in self.offered_modes:
            raise BadInputError(f"This learner cannot learn in mode “{mode}”: choose {', '.join(self.offered_modes)}.")
        self._state.mode = mode
        self._state.rule.reconsider()
        self._queue.follow()

    def set_rule(self, name: str) -> None:
        """Choose the update rule; all banks stay, and what another rule has learned stays learned.

        Raises
        ------
        BadInputError
            For an unknown name, or one that needs a base where there is none.
        """
        settings = replace(self.settings, rule=name).check()
        if name == self.settings.rule:
            return
        head, training = self.store.head, self._state.training
        rule = self._state.rule_for(head, training, settings)
        self._state.settings = settings
        self._publisher.go_on_from(head, training, rule)

    def set_openness(self, tau: float, delta: float | None = None) -> None:
        """Choose τ, and δ unless None, of the learning bank; sealed banks keep theirs. The next `step` applies it.

        Raises
        ------
        BadInputError
            For a τ that leaves protected inputs no room, or a δ that makes no sense.
        """
        delta = self.settings.delta if delta is None else delta
        self._state.settings = replace(self.settings, tau=tau, delta=delta).check()
        self._state.rule.set_dials(tau, delta)
        self._queue.follow()

    # -- publishing ------------------------------------------------------------------------------------------------

    def get_ready(self) -> None:
        """Compute what the first `step` would wait for. Raises `Rejected` as that would."""
        self._state.rule.get_ready()

    def step(self, *, whole: bool = False) -> PublishRecord | None:
        """Propose, prove, publish: at most one version. None where there was nothing to do, or nothing changed.

        `whole`: all of it at once, though parts are published apart.
        """
        return self._step.take(whole=whole)

    @property
    def parts_apart(self) -> bool:
        """Whether what is learned is published part by part. Any thread."""
        return self._state.parts_apart

    def set_parts_apart(self, on: bool) -> None:
        """Let each step publish one atomic part of what is proposed, in random order, until the newest version is it.

        A part is the learning bank's router, or its read-out of one class. Each version in between is proved as any
        other is. What cannot be cut is published whole: see `parts_between`; steps of the gradient rule are too.
        """
        self._state.parts_apart = on

    def give_up(self) -> int:
        """After something unforeseen: go on from `head`, what it had not learned set aside. Returns how many.

        What was to be unlearned or sealed is not tried again before something else changes.
        """
        return self._step.give_up()

    # -- classes -----------------------------------------------------------------------------------------------------

    def add_class(self, class_id: int) -> PublishRecord | None:
        """Publish that a class lives: the other classes' logits keep every byte."""
        head = self.store.head
        if class_id in head.classes:
            return None
        return self._with_classes(
            RecordKind.CLASS_ADDED, (*head.classes, class_id), ClassAdded(self._state.name_of(class_id))
        )

    def add_classes(self, class_ids: Sequence[int]) -> PublishRecord:
        """Publish that several classes live, none of which the head has, as one version."""
        kept = self.store.head.classes
        return self._with_classes(RecordKind.CLASS_ADDED, (*kept, *class_ids), ClassesAdded(len(class_ids)))

    def remove_class(self, class_id: int) -> PublishRecord | None:
        """Publish that a class lives no more: it is masked in the output, and nothing that was learned changes."""
        head = self.store.head
        if class_id not in head.classes:
            return None
        kept = tuple(c for c in head.classes if c != class_id)
        return self._with_classes(RecordKind.CLASS_REMOVED, kept, ClassRemoved(self._state.name_of(class_id)))

    # -- protecting ----------------------------------------------------------------------------------------------------

    def unprotected(self) -> dict[int, int]:
        """Example id → class id of what has been learned and is not protected yet."""
        return self._protection.unprotected()

    def example(self, example_id: int) -> Example:
        """What is known of an example that was labelled, with its newest label."""
        return self._labels.example(example_id)

    def seal_and_protect(self, recent: Sequence[F32] = (), why: WhySealed = ProtectedByUser) -> PublishRecord | None:
        """Protect what it knows now: fold the learned examples in for good, and let them join the protected inputs.

        `recent` are raw inputs (d,) that nobody has labelled: some of those that are answered surely join as well.
        `why` as in `Protection.seal`.

        Raises
        ------
        BadInputError
            If nothing has been learned since the last seal.
        """
        if self._state.training.partway or (self.mode is not Mode.OFF and self._queue.unsaid()):
            self.step(whole=True)
        if not self.unprotected():
            raise BadInputError("Nothing new to protect: label something first.")
        return self._protection.seal(RecordKind.PROTECTED, why, recent)

    def protect_as(self, other: ProtectedSet) -> list[PublishRecord]:
        """Protect the very inputs that another learner does, with the answers that they get here and now.

        What has been learned so far is sealed where inputs join; each record is of a version, or says why there is
        none.
        """
        return self._protection.protect_as(other)

    def set_protected(self, count: int) -> None:
        """Choose how many inputs at most join the protected ones at one seal.

        Raises
        ------
        BadInputError
            For a number that makes no sense.
        """
        self._state.settings = replace(self.settings, protected=count).check()

    def set_seal_at(self, count: int) -> None:
        """Choose how many examples fill the learning bank, so that it is sealed. `BadInputError` for less than one."""
        self._state.settings = replace(self.settings, seal_at=count).check()
        self._queue.follow()

    @property
    def features_open(self) -> bool:
        """Whether D can still be chosen: the model began from nothing and has learned nothing yet. Any thread."""
        return self.store.head.phi is None and self._state.training.sums is None

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
        self._state.settings = settings
        self._publisher.go_on_from(self.store.head, self._state.training)

    def release_inputs(self, inputs: Iterable[F32]) -> PublishRecord | None:
        """Take these protected inputs (raw, (d,)) out of the contract; None where none of them is in it any more."""
        wanted = {np.ascontiguousarray(raw, np.float32).tobytes() for raw in inputs}
        rows = [n for n, raw in enumerate(self._state.training.protected.inputs) if raw.tobytes() in wanted]
        return self.release(rows)

    def roll_back(self, version: int) -> PublishRecord:
        """Go back to a version, weights and learner's state alike; examples learned since are parked, not lost.

        Rule, mode and dials are those of that version again, except that learning that is off stays off. The gradient
        rule begins anew there: Adam's moments are not kept with a version, since they are as large as the base.
        Classes that live now go on living, without what was learned of them since. The model stays there: labels that
        were taken back or changed since are learned as they were then until `resume_parked`, or until the user says
        something else of them.

        Raises
        ------
        BadInputError
            If there is no such version, or it can no longer be restored.
        """
        return self._model_switch.roll_back(version)

    def pin(self, version: int) -> PublishRecord | None:
        """Serve a version until `unpin`, whatever is learned meanwhile. None where it is held already.

        Raises
        ------
        BadInputError
            If there is no such version, or it can no longer be restored.
        """
        self.recalled(version)
        if self.store.pinned == version:
            return None
        self.store.pin(version)
        return self._publisher.record(RecordKind.PINNED, None, Pinned(version), to_version=version)

    def unpin(self) -> PublishRecord | None:
        """Serve the newest version again. None where it serves already."""
        if self.store.pinned is None:
            return None
        self.store.unpin()
        newest = self.store.head.version
        return self._publisher.record(RecordKind.UNPINNED, None, Unpinned(newest), to_version=newest)

    # -- another model -----------------------------------------------------------------------------------------------

    def sealed_among(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Those of these examples that are sealed, ascending: only `plan_rebuild` gets rid of them."""
        sealed = {i for held in self._state.training.seals for i in held.ids.tolist()}
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
        return self._model_switch.plan_rebuild(ids)

    def accept_rebuild(self, rebuild: Rebuild) -> PublishRecord:
        """Publish what was planned, as head and serving; the present version stays to be gone back to.

        Examples that have come since are learned on top.

        Raises
        ------
        BadInputError
            If something has been sealed, released or rolled back since it was planned.
        """
        return self._model_switch.accept_rebuild(rebuild)

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
        return self._model_switch.adopt_base(base, learned)

    def _with_classes(self, kind: RecordKind, classes: tuple[int, ...], reason: Reason) -> PublishRecord:
        after = self._publisher.numbered(self.store.head, reason, classes=classes)
        self._publisher.publish(after)
        self._publisher.note(after)
        return self._publisher.record(kind, after, reason)
