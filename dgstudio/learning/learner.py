"""The learner: takes labels, lets an update rule propose, proves, publishes; seals, rolls back, and never forgets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.changes import fresh_classes, parts_changed, reason_of
from dgstudio.learning.contract import AuditResult, Contract
from dgstudio.learning.evidence import Evidence
from dgstudio.learning.footing import Footing, Seal, id_array
from dgstudio.learning.locked_bank import LockedBankRule, spread_by_class
from dgstudio.learning.protected import ProtectedSet
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
        self._refused: dict[str, set[int]] = {}
        self._known = {example.id: example for example in self._learnable(examples)}
        self._wanted = {example.id: example.class_id for example in self._known.values()}
        self._parked = frozenset(parked)
        self._waiting_classes: frozenset[int] = frozenset()
        self._footings: dict[int, Footing] = {}
        self._evidence: Evidence | None = None
        self._rejected_set: dict[int, int] | None = None
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
        return self._parked

    def waiting_for(self, class_id: int) -> bool:
        """Whether examples of this class are not in the newest version yet. Any thread."""
        return class_id in self._waiting_classes

    def evidence(self) -> Evidence | None:
        """What `head`'s learning bank rests on; None while there is none. Any thread may take and use it."""
        return self._evidence

    # -- labels ----------------------------------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example]) -> None:
        """Want these to be learned, with their present labels; those with `learn` False are passed over.

        Refused, which the next `step` says: numbers that are not finite, and another label for a sealed example.
        """
        for example in self._learnable(examples):
            if self._wanted.get(example.id, example.class_id) != example.class_id:
                for seal in self._sealing({example.id}):
                    why = f"sealed in bank {seal.bank} cannot be relabelled: {_before(seal)}"
                    self._refused.setdefault(why, set()).add(example.id)
            self._known[example.id] = example
            self._wanted[example.id] = example.class_id
        self._follow()

    def forget(self, ids: Iterable[int]) -> PublishRecord | None:
        """Want these to be learned no more. Exact in the learning bank; those in a sealed one stay, which is said."""
        gone = set(ids)
        for example_id in gone:
            self._wanted.pop(example_id, None)
        sealed = self._sealing(gone)
        self._follow()
        if not sealed:
            return None
        count = sum(len(gone.intersection(seal.ids.tolist())) for seal in sealed)
        return self._record(
            "rejected",
            None,
            f"{_examples(count)} sealed in bank {sealed[0].bank} cannot be unlearned: {_before(sealed[0])}",
        )

    def resume_parked(self) -> None:
        """Learn again what a roll-back parked."""
        self._parked = frozenset()
        self._rejected_set = None
        self._follow()

    def set_mode(self, mode: Mode) -> None:
        """Choose what may change; labels that arrive while it is off wait. `BadInputError` for a mode not offered."""
        if mode not in self.offered_modes:
            raise BadInputError(f"This learner cannot learn in mode “{mode}”: choose {', '.join(self.offered_modes)}.")
        self.mode = mode
        self._follow()

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
        if self._refused:
            why, ids = self._refused.popitem()
            return self._record("rejected", None, f"{_examples(len(ids))} {why}")
        learned = self._rule.learned
        if self._full(learned):
            return self._seal("bank sealed", f"{len(self._rule)} examples fill the learning bank")
        begin = time.perf_counter()
        head = self.store.head
        try:
            proposal = self._rule.propose(head)
            if proposal.digest == head.digest:
                self._published = learned
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
            self._rejected_set = learned
            return self._record("rejected", None, str(error), duration_ms=(time.perf_counter() - begin) * 1e3)
        self.store.publish(candidate)
        took = (time.perf_counter() - begin) * 1e3
        fresh = fresh_classes(self._published, learned)
        self._published = learned
        self._rejected_set = None
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
        if self.mode is not Mode.OFF and self._rule.learned not in (self._published, self._rejected_set):
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
        self._parked |= frozenset(self._wanted) - footing.every()
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
        every = self._footing.every()
        unlearned = frozenset(i for i in self._wanted if i not in every)
        self._parked |= unlearned
        # Its evidence still stands; solving again might be what failed.
        self._stand_on(self.store.head, self._footing, explain=False)
        self._rejected_set, self._unsealable = self._rule.learned, dict(self._published)
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
        self._rule: LockedBankRule = rule or self._rule_on(head, footing)
        # With the labels of that time, so that what was relabelled or taken back since is seen to be unlearned.
        self._published = footing.published()
        self._rule.absorb(self._as_published(self._published))
        self._rejected_set = self._unsealable = None
        if explain:
            self._evidence = self._explained(head)
        self._stood_on(head)
        self._follow()

    def _rule_on(self, head: Snapshot, footing: Footing) -> LockedBankRule:
        return LockedBankRule(self.settings, _below(head, footing), footing.sums, footing.protected.inputs)

    def _explained(self, head: Snapshot) -> Evidence | None:
        """Evidence of a version that was not just proposed: solved again, and only if it gives the same bank."""
        if not len(self._rule) or not head.banks:
            return None
        try:
            again = self._rule.propose(head)
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
        sealed = {int(i) for seal in self._footing.seals for i in seal.ids}
        target = {i: c for i, c in self._wanted.items() if i not in self._parked and i not in sealed}
        published = self._published
        late = {c for i, c in self._wanted.items() if i not in sealed and published.get(i) != c}
        self._waiting_classes = frozenset(late)
        if self.mode is not Mode.OFF:
            present = self._rule.learned
            self._rule.forget([i for i in present if i not in target])
            self._rule.absorb([self._known[i] for i, c in target.items() if present.get(i) != c])
        self._judge()

    def _judge(self) -> None:
        """See whether there is something to do; kept as one flag, so that other threads can ask."""
        learned = self._rule.learned
        unsaid = learned != self._published and learned != self._rejected_set
        self.pending = self.mode is not Mode.OFF and (unsaid or self._full(learned) or bool(self._refused))

    def _full(self, learned: dict[int, int]) -> bool:
        """Whether the learning bank is to be sealed by itself."""
        full = len(learned) >= self.settings.seal_at and learned == self._published
        return full and learned != self._unsealable

    def _learnable(self, examples: Iterable[Example]) -> list[Example]:
        """Those to be learned; those whose numbers are not finite are noted as refused."""
        wanted = [example for example in examples if example.learn]
        good = [example for example in wanted if np.isfinite(example.features).all()]
        if len(good) < len(wanted):
            refused = {example.id for example in wanted} - {example.id for example in good}
            self._refused.setdefault("left out: their numbers are not finite", set()).update(refused)
        return good

    def _as_published(self, labels: Mapping[int, int]) -> list[Example]:
        """The known ones of these examples, with these labels."""
        return [replace(self._known[i], class_id=c) for i, c in labels.items() if i in self._known]

    def _sealing(self, ids: set[int]) -> list[Seal]:
        """The seals that hold any of these examples."""
        return [seal for seal in self._footing.seals if ids.intersection(seal.ids.tolist())]

    def _act(self, kind: str, classes: tuple[int, ...], reason: str) -> PublishRecord:
        head = self.store.head
        version = self.store.next_version
        after = head.with_(version=version, parent=head.version, classes=classes, reason=reason, unix=time.time())
        self.store.publish(after)
        self._stood_on(after)
        return self._record(kind, after, reason)

    def _seal(self, kind: str, reason: str) -> PublishRecord:
        """Fold the learning bank's examples into the sums, seal it, and let some of them join P."""
        head, rule = self.store.head, self._rule
        sealed = head.with_(
            version=self.store.next_version,
            parent=head.version,
            banks=(*head.banks[:-1], replace(head.banks[-1], sealed=True)),
            reason=reason,
            unix=time.time(),
        )
        try:
            # Exactly what `head` has learned: what was rejected since goes on to the next bank.
            rule.forget([i for i, c in rule.learned.items() if self._published.get(i) != c])
            rule.absorb(self._as_published({i: c for i, c in self._published.items() if i not in rule}))
            sums = rule.folded()
            labels = rule.learned
            ids = id_array(labels)
            class_ids = np.array([labels[int(i)] for i in ids], np.int64)
            room = max(0, min(self.settings.protected, self.settings.protected_max - self.protected_count))
            chosen = spread_by_class(ids, class_ids, room)
            inputs = np.array([self._known[int(i)].features for i in chosen], np.float32)
            joined = np.array([labels[int(i)] for i in chosen], np.int64)
            protected = self._footing.protected.joined(Plan(sealed), inputs, joined)
            seal = Seal(sealed.banks[-1].id, ids, head.version)
            certified = sealed.version if len(chosen) else self._certified
            seals = (*self._footing.seals, seal)
            footing = Footing(id_array(()), id_array(()), protected, sums, seals, certified)
            # Made before anything is published: sums that cannot be inverted must not become the footing.
            following = self._rule_on(sealed, footing)
        except Rejected as error:
            self._unsealable = dict(self._published)
            self._follow()
            return self._record("rejected", None, str(error))
        self.store.publish(sealed)
        self._stand_on(sealed, footing, following)
        return self._record(kind, sealed, f"{reason}: {_examples(len(ids))}, {len(chosen)} of them protected")

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


def _below(head: Snapshot, footing: Footing) -> Snapshot:
    """What lies below the learning bank of a version: its sealed banks, and φ unless that is still being fitted."""
    sealed = tuple(bank for bank in head.banks if bank.sealed)
    if footing.sums is None:
        return head.with_(banks=(), normaliser=None, phi=None)
    return head.with_(banks=sealed)


def _examples(count: int) -> str:
    return f"{count} example{'' if count == 1 else 's'}"


def _before(seal: Seal) -> str:
    return f"roll back to v{seal.before} to go before the seal"
