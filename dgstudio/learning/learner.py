"""The learner: takes labels, lets an update rule propose, proves, publishes; seals, rolls back, and never forgets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.changes import fresh_classes, parts_changed, reason_of
from dgstudio.learning.contract import AuditResult, Contract
from dgstudio.learning.evidence import Evidence
from dgstudio.learning.footing import Footing, Seal, id_array
from dgstudio.learning.labels import Labels
from dgstudio.learning.locked_bank import LockedBankRule
from dgstudio.learning.protected import ProtectedSet
from dgstudio.learning.sealing import rule_on, seal
from dgstudio.learning.settings import LearnerSettings
from dgstudio.learning.statistics import Sums
from dgstudio.model.basefile import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.types import Example, Mode, PublishRecord

Recall = Callable[[int], tuple[Snapshot, Footing] | None]
"""Fetches a version that memory no longer holds, with what the learner stood on; None where there is none."""


class Learner:
    """Owns the store, the contract and one update rule. One thread calls it (dg-learn), unless a method says other.

    What is learned is a set: the examples that the user labelled, less those taken back and those parked by a
    roll-back. Each `step` proposes from `head`, proves the proposal against the contract, and publishes it in one
    assignment; a proposal that fails changes nothing and is returned as a record of kind "rejected".

    Parameters
    ----------
    head
        The version to go on from.
    footing
        What `head` was learned from; see `begin` for a new model.
    name_of
        Names a class in reasons.
    examples
        What the user has labelled so far; those that `footing` does not know are learned next.
    parked
        Ids among them that wait for `resume_parked`.
    recall
        Where older versions come from once memory has let them go.
    next_version, next_seq
        First numbers that are free.
    """

    def __init__(
        self,
        head: Snapshot,
        footing: Footing,
        settings: LearnerSettings | None = None,
        *,
        examples: Sequence[Example] = (),
        parked: Iterable[int] = (),
        name_of: Callable[[int], str] = "class {}".format,
        recall: Recall = lambda version: None,
        next_version: int = 0,
        next_seq: int = 0,
    ) -> None:
        self.settings = (settings or LearnerSettings()).check()
        self.store = SnapshotStore(head, next_version=next_version)
        self.mode = Mode.BOTH
        self._name_of = name_of
        self._recall = recall
        self._seq = next_seq
        self._published: dict[int, int] = {}
        self._footing = footing
        self._labels = Labels(examples, parked)
        self._waiting_classes: frozenset[int] = frozenset()
        self._footings: dict[int, Footing] = {}
        self._evidence: Evidence | None = None
        self._applied = self._dials
        """The dials that `head` was made with, or that it was taken up under."""
        self._rejected: object = None
        self._unsealable: dict[int, int] | None = None
        self._plan: Plan | None = None
        self.pending = False
        """Whether a `step` has something to do. Any thread may read it."""
        self._audit_at = 0
        self._audit_left = 0
        self._stand_on(head, footing)

    @classmethod
    def begin(cls, base: BaseModel | None, settings: LearnerSettings | None = None, **options: object) -> Learner:
        """A learner of a new model: with a base, its protected inputs are protected from version 0; or from nothing."""
        if base is None:
            footing = Footing(id_array(()), id_array(()), ProtectedSet(), None, (), None)
            return cls(Snapshot(reason="initial", unix=time.time()), footing, settings, **options)  # type: ignore[arg-type]
        head = base.snapshot().with_(unix=time.time())
        protected = ProtectedSet().joined(Plan(head), base.protected, base.protected_labels)
        sums = Sums(base.A0, base.B0, base.b_r, tuple(base.classes))
        footing = Footing(id_array(()), id_array(()), protected, sums, (), 0 if len(protected) else None)
        return cls(head, footing, settings, **options)  # type: ignore[arg-type]

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """The modes that can be set. Any thread."""
        return self._rule.offered_modes

    @property
    def protected_count(self) -> int:
        """N. Any thread."""
        return len(self._contract.protected)

    @property
    def certified_version(self) -> int | None:
        """The last version that protected something. Any thread."""
        return self._certified

    @property
    def footing(self) -> Footing:
        """What `head` stands on."""
        return self._footing

    @property
    def parked(self) -> frozenset[int]:
        """Ids of examples that a roll-back, or a failure, set aside until `resume_parked`. Any thread."""
        return self._labels.parked

    def waiting_for(self, class_id: int) -> bool:
        """Whether examples of this class are not in the newest version yet. Any thread."""
        return class_id in self._waiting_classes

    def evidence(self) -> Evidence | None:
        """What `head`'s learning bank rests on; None while there is none. Any thread may take and use it."""
        return self._evidence

    # -- labels ----------------------------------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example]) -> PublishRecord | None:
        """Want these to be learned, with their present labels; those with `learn` False are passed over.

        A protected example that gets another label is released from the contract, which is a version of its own and
        returned; it is then learned anew. Numbers that are not finite are refused, which the next `step` says.
        """
        sealed = self._footing.sealed()
        relabelled = [e.id for e in self._labels.add(examples) if sealed.get(e.id, e.class_id) != e.class_id]
        released = self._release(self._footing.protected.without(relabelled), "relabelled") if relabelled else None
        self._follow()
        return released

    def forget(self, ids: Iterable[int]) -> PublishRecord | None:
        """Want these to be learned no more. Exact in the learning bank; those in a sealed one stay, which is said."""
        gone = set(ids)
        self._labels.forget(gone)
        sealed = [held for held in self._footing.seals if gone.intersection(held.ids.tolist())]
        self._follow()
        if not sealed:
            return None
        count = sum(len(gone.intersection(held.ids.tolist())) for held in sealed)
        return self._record(
            "rejected",
            None,
            f"{_examples(count)} sealed in bank {sealed[0].bank} cannot be unlearned: {_before(sealed[0])}",
        )

    def release(self, rows: Iterable[int]) -> PublishRecord | None:
        """Take protected inputs, by their numbers, out of the contract: their answers may move from now on."""
        return self._release(self._footing.protected.without_rows(rows), "released")

    def resume_parked(self) -> None:
        """Learn again what a roll-back parked."""
        self._labels.resume()
        self._rejected = None
        self._follow()

    # -- the dials ---------------------------------------------------------------------------------------------------

    def set_mode(self, mode: Mode) -> None:
        """Choose what may change; labels that arrive while it is off wait. `BadInputError` for a mode not offered."""
        if mode not in self.offered_modes:
            raise BadInputError(f"This learner cannot learn in mode “{mode}”: choose {', '.join(self.offered_modes)}.")
        self.mode = mode
        self._follow()

    def set_openness(self, tau: float, delta: float | None = None) -> None:
        """Choose τ, and δ unless None, of the learning bank; sealed banks keep theirs. The next `step` applies it.

        Raises
        ------
        BadInputError
            For a τ that leaves protected inputs no room, or a δ that makes no sense.
        """
        delta = self.settings.delta if delta is None else delta
        self.settings = replace(self.settings, tau=tau, delta=delta).check()
        self._rule.set_dials(tau, delta)
        self._follow()

    @property
    def _dials(self) -> tuple[Mode, float, float]:
        return self.mode, self.settings.tau, self.settings.delta

    # -- publishing ------------------------------------------------------------------------------------------------

    def step(self) -> PublishRecord | None:
        """Propose, prove, publish: at most one version. None where there was nothing to do, or nothing changed."""
        if not self.pending:
            return None
        try:
            return self._step()
        finally:
            self._judge()

    def _step(self) -> PublishRecord | None:
        if self._labels.refused:
            count = len(self._labels.refused)
            self._labels.refused.clear()
            return self._record("rejected", None, f"{_examples(count)} left out: their numbers are not finite")
        learned = self._rule.learned
        if self._full(learned):
            return self._seal("bank sealed", f"{len(self._rule)} examples fill the learning bank")
        begin = time.perf_counter()
        head = self.store.head
        try:
            proposal = self._rule.propose(head, self.mode)
            if proposal.digest == head.digest:
                self._published, self._applied = learned, self._dials
                self._footing = self._footing.with_published(learned)
                self._footings[head.version] = self._footing
                self._follow()
                return None
            reason = reason_of(self._published, learned, self._name_of)
            candidate = proposal.with_(
                version=self.store.next_version,
                parent=head.version,
                mode=self.mode.value,
                reason=reason,
                unix=time.time(),
            )
            self._contract.prove(head, candidate)
            if self.settings.audit_at_publish == "full":
                self._contract.audit(Plan(candidate), 0, self.protected_count).require_unmoved()
        except Rejected as error:
            self._rejected = (learned, self._dials)
            return self._record("rejected", None, str(error), duration_ms=(time.perf_counter() - begin) * 1e3)
        self.store.publish(candidate)
        took = (time.perf_counter() - begin) * 1e3
        fresh = fresh_classes(self._published, learned)
        self._published, self._applied = learned, self._dials
        self._rejected = None
        self._evidence = self._rule.evidence(candidate)
        self._stood_on(candidate)
        return self._record(
            "learned",
            candidate,
            reason,
            new_examples=tuple(sorted(fresh.items())),
            units_changed=parts_changed(head, candidate),
            duration_ms=took,
        )

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

    def seal_and_protect(self) -> PublishRecord | None:
        """Protect what it knows now: fold the learned examples in for good, and let them join the protected inputs.

        Raises
        ------
        BadInputError
            If nothing has been learned since the last seal.
        """
        if self.mode is not Mode.OFF and self._unsaid():
            self.step()
        if not self._published or not len(self._rule):
            raise BadInputError("Nothing new to protect: label something first.")
        return self._seal("protected", "protected what it knows now")

    def roll_back(self, version: int) -> PublishRecord:
        """Go back to a version, weights and learner's state alike; examples learned since are parked, not lost.

        Classes that live now go on living, without what was learned of them since. Labels that the user has taken
        back stay taken back.

        Raises
        ------
        BadInputError
            If there is no such version, or it can no longer be restored.
        """
        footing = self._footing_of(version)
        target, head = self.store.get(version), self.store.head
        kept = tuple(c for c in target.classes if c in head.classes)
        classes = kept + tuple(c for c in head.classes if c not in kept)
        reason = f"rolled back to v{version}"
        again = self.store.roll_back(version, classes=classes, unix=time.time())
        self._labels.park(self._labels.wanted_ids() - footing.every())
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

    def give_up(self) -> int:
        """After something unforeseen: go on from `head`, what it had not learned set aside. Returns how many.

        What was to be unlearned or sealed is not tried again before something else changes.
        """
        unlearned = self._labels.wanted_ids() - self._footing.every()
        self._labels.park(unlearned)
        # Its evidence still stands; solving again might be what failed.
        self._stand_on(self.store.head, self._footing, explain=False)
        self._rejected, self._unsealable = (self._rule.learned, self._dials), dict(self._published)
        self._judge()
        return len(unlearned)

    # -- the audit -------------------------------------------------------------------------------------------------

    @property
    def audit_complete(self) -> bool:
        """Whether every protected input has been answered again since the last publish. Any thread."""
        return self._audit_left <= 0

    def audit_slice(self, count: int) -> AuditResult:
        """Answer the next protected inputs with `head`, in rotation, and compare bytes with their references."""
        count = min(count, max(0, self._audit_left))
        if not count:
            return AuditResult()
        result = self._contract.audit(self._head_plan(), self._audit_at, count)
        self._audit_at = (self._audit_at + count) % max(1, self.protected_count)
        self._audit_left -= count
        return result

    def audit_all(self) -> AuditResult:
        """Answer every protected input with `head` and compare bytes with their references. Any thread."""
        return self._contract.audit(Plan(self.store.head), 0, self.protected_count)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _stand_on(
        self, head: Snapshot, footing: Footing, rule: LockedBankRule | None = None, *, explain: bool = True
    ) -> None:
        """Bring rule and contract to what a version was learned from."""
        self._footing = footing
        self._certified = footing.certified
        self._contract: Contract = Contract(footing.protected)
        self._rule: LockedBankRule = rule or rule_on(head, footing, self.settings)
        # With the labels of that time, so that what was relabelled or taken back since is seen to be unlearned.
        self._published = footing.published()
        self._rule.absorb(self._labels.as_learned(self._published))
        self._applied = self._dials
        self._rejected = self._unsealable = None
        if explain:
            self._evidence = self._explained(head)
        self._stood_on(head)
        self._follow()

    def _explained(self, head: Snapshot) -> Evidence | None:
        """Evidence of a version that was not just proposed: solved again, and only if it gives the same bank."""
        if not len(self._rule) or not head.banks:
            return None
        try:
            again = self._rule.propose(head, Mode(head.mode))
        except Rejected:
            return None
        return self._rule.evidence(head) if again.banks[-1].ids == head.banks[-1].ids else None

    def _stood_on(self, snapshot: Snapshot) -> None:
        """Note the footing of a version that has become `head`, and begin its audit."""
        self._footing = self._footing.with_published(self._published)
        self._footings[snapshot.version] = self._footing
        self._footings = {v: f for v, f in self._footings.items() if self.store.holds(v)}
        if self._certified is not None and self.store.holds(self._certified):
            self.store.keep(self._certified)
        self._audit_left = self.protected_count
        self._follow()

    def _follow(self) -> None:
        """Bring the rule's set to what is wanted, unless nothing may be learned now."""
        sealed = self._footing.sealed()
        self._waiting_classes = self._labels.late(sealed, self._published)
        if self.mode is not Mode.OFF:
            target, present = self._labels.target(sealed), self._rule.learned
            self._rule.forget([i for i in present if i not in target])
            self._rule.absorb([self._labels.example(i) for i, c in target.items() if present.get(i) != c])
        self._judge()

    def _judge(self) -> None:
        """See whether there is something to do; kept as one flag, so that other threads can ask."""
        todo = self._unsaid() or self._full(self._rule.learned) or bool(self._labels.refused)
        self.pending = self.mode is not Mode.OFF and todo

    def _unsaid(self) -> bool:
        """Whether `head` is not what the present examples and dials give, as far as is known."""
        learned = self._rule.learned
        moved = learned != self._published or (bool(learned) and self._dials != self._applied)
        return moved and (learned, self._dials) != self._rejected

    def _full(self, learned: dict[int, int]) -> bool:
        """Whether the learning bank is to be sealed by itself."""
        full = len(learned) >= self.settings.seal_at and learned == self._published
        return full and learned != self._unsealable

    def _act(self, kind: str, classes: tuple[int, ...], reason: str) -> PublishRecord:
        head = self.store.head
        version = self.store.next_version
        after = head.with_(version=version, parent=head.version, classes=classes, reason=reason, unix=time.time())
        self.store.publish(after)
        self._stood_on(after)
        return self._record(kind, after, reason)

    def _seal(self, kind: str, reason: str) -> PublishRecord:
        """Fold the learning bank's examples into the sums, seal it, and let some of them join P."""
        head, settings, version = self.store.head, self.settings, self.store.next_version
        try:
            if len(self._footing.seals) >= settings.max_banks:
                raise Rejected(
                    f"The model has {len(self._footing.seals)} sealed banks, the most that serving stays quick with: "
                    "roll back, or train a new base from all examples"
                )
            made = seal(head, self._footing, self._rule, self._labels, self._published, settings, version, time.time())
        except Rejected as error:
            self._unsealable = dict(self._published)
            self._follow()
            return self._record("rejected", None, str(error))
        reason = f"{reason}: {_examples(made.folded)}, {made.protected} of them protected"
        snapshot = made.snapshot.with_(reason=reason)
        self.store.publish(snapshot)
        self._stand_on(snapshot, made.footing, made.rule)
        return self._record(kind, snapshot, reason)

    def _release(self, protected: ProtectedSet, why: str) -> PublishRecord | None:
        """Make a smaller P the footing of a new version, which answers as `head` does."""
        count = len(self._footing.protected) - len(protected)
        if not count:
            return None
        head = self.store.head
        reason = f"{count} protected input{'' if count == 1 else 's'} {why}: the answers may move"
        version = self.store.next_version
        after = head.with_(version=version, parent=head.version, reason=reason, unix=time.time())
        self.store.publish(after)
        self._stand_on(after, replace(self._footing, protected=protected))
        return self._record("released", after, reason)

    def _footing_of(self, version: int) -> Footing:
        if version not in self._footings or not self.store.holds(version):
            found = self._recall(version)
            if found is None:
                self.store.get(version)
                raise BadInputError(f"Version {version} cannot be rolled back to: what it was learned from is gone.")
            self.store.adopt(found[0])
            self._footings[version] = found[1]
        return self._footings[version]

    def recalled(self, version: int) -> Snapshot:
        """The snapshot of a version, fetched if memory has let it go. `BadInputError` where there is none."""
        if not self.store.holds(version):
            self._footing_of(version)
        return self.store.get(version)

    def _head_plan(self) -> Plan:
        if self._plan is None or self._plan.snapshot is not self.store.head:
            self._plan = Plan(self.store.head)
        return self._plan

    def _record(self, kind: str, snapshot: Snapshot | None, reason: str, **figures: object) -> PublishRecord:
        self._seq += 1
        record = PublishRecord(
            seq=self._seq - 1,
            kind=kind,
            version=None if snapshot is None else snapshot.version,
            parent=self.store.head.version if snapshot is None else snapshot.parent,
            reason=reason,
            time=0.0,
            unix=time.time(),
            digest="" if snapshot is None else snapshot.digest,
            examples=len(self._rule),
            protected=self.protected_count,
        )
        return replace(record, **figures)  # type: ignore[arg-type]


def _examples(count: int) -> str:
    return f"{count} example{'' if count == 1 else 's'}"


def _before(held: Seal) -> str:
    return f"roll back to v{held.before} to go before the seal"
