"""The core of the learner: takes labels, lets an update rule propose, proves, publishes, seals what is full."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Self

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.auditing import RotatingAudit
from dgstudio.learning.changes import fresh_classes, parts_changed, reason_of
from dgstudio.learning.contract import AuditResult, Contract
from dgstudio.learning.evidence import Evidence
from dgstudio.learning.footing import Dials, Footing
from dgstudio.learning.footings import Footings, Recall, beginning
from dgstudio.learning.labels import Labels
from dgstudio.learning.protected import ProtectedSet
from dgstudio.learning.reservoir import contradicted
from dgstudio.learning.rules import UpdateRule
from dgstudio.learning.sealing import examples as _examples
from dgstudio.learning.sealing import rule_on, seal, what_stays
from dgstudio.learning.settings import LOCKED_BANK, RULES, LearnerSettings
from dgstudio.model.basefile import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.types import F32, Example, Mode, PublishRecord


class LearningCore:
    """What `Learner` learns with. Owns the store, the contract and one update rule.

    One thread calls it (dg-learn), unless a method says other.

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
    mode
        What may change, to begin with.
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
        mode: Mode = Mode.BOTH,
        next_version: int = 0,
        next_seq: int = 0,
    ) -> None:
        self.settings = (settings or LearnerSettings()).check()
        self.store = SnapshotStore(head, next_version=next_version)
        self.mode = mode
        self._name_of = name_of
        self._seq = next_seq
        self._published: dict[int, int] = {}
        self._footing = footing
        self._labels = Labels(examples, parked)
        self._waiting_classes: frozenset[int] = frozenset()
        self._footings = Footings(self.store, recall)
        self._evidence: Evidence | None = None
        self._applied = self._dials
        """The dials that `head` was made with, or that it was taken up under."""
        self._rejected: object = None
        self._why = ""
        self.crowded = ""
        """Why labelled examples wait that the learning bank has no room for, as a sentence; "" while none does. Any
        thread may read it."""
        self.refusal = ""
        """Why the present examples and dials were refused, as the end of a sentence; "" where they were not. Any
        thread may read it."""
        self._unsealable: dict[int, int] | None = None
        self.pending = False
        """Whether a `step` has something to do. Any thread may read it."""
        self._audit = RotatingAudit()
        self._stand_on(head, footing)

    @classmethod
    def begin(cls, base: BaseModel | None, settings: LearnerSettings | None = None, **options: object) -> Self:
        """A learner of a new model: with a base, its protected inputs are protected from version 0; or from nothing."""
        return cls(*beginning(base), settings, **options)  # type: ignore[arg-type]

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def offered_modes(self) -> tuple[Mode, ...]:
        """The modes that can be set. Any thread."""
        return self._rule.offered_modes

    @property
    def offered_rules(self) -> tuple[str, ...]:
        """The update rules that can be set. Any thread."""
        return RULES if self.store.head.base is not None else (LOCKED_BANK,)

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
        """What `head`'s learning bank rests on; None while there is none, and under a rule that gives none.

        Any thread may take and use it.
        """
        return self._evidence

    # -- labels ----------------------------------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example]) -> PublishRecord | None:
        """Want these to be learned, with their present labels; those with `learn` False are passed over.

        A protected example that gets another label, and a protected recent input that lies where one is labelled
        otherwise, is released from the contract, which is a version of its own and returned; the example is then
        learned anew. Numbers that are not finite are refused, which the next `step` says.
        """
        protected = self._footing.protected
        kept = dict(zip(protected.ids.tolist(), protected.labels.tolist(), strict=True))
        added = self._labels.add(examples)
        relabelled = [e.id for e in added if kept.get(e.id, e.class_id) != e.class_id]
        stays = protected.without_rows(contradicted(protected, Plan(self.store.head), added)).without(relabelled)
        released = self._release(stays, "relabelled") if len(stays) < len(protected) else None
        self._follow()
        return released

    def forget(self, ids: Iterable[int]) -> PublishRecord | None:
        """Want these to be learned no more. Exact in the learning bank; what stays for good is said."""
        gone = set(ids)
        self._labels.forget(gone)
        stays = what_stays(self._footing, gone, self.settings.rule)
        self._follow()
        return self._record("rejected", None, stays) if stays else None

    def release(self, rows: Iterable[int]) -> PublishRecord | None:
        """Take protected inputs, by their numbers, out of the contract: their answers may move from now on."""
        return self._release(self._footing.protected.without_rows(rows), "released")

    def resume_parked(self) -> None:
        """Learn again what a roll-back parked."""
        self._labels.resume()
        self._rejected = None
        self._rule.reconsider()
        self._follow()

    # -- the dials ---------------------------------------------------------------------------------------------------

    def set_mode(self, mode: Mode) -> None:
        """Choose what may change; labels that arrive while it is off wait. `BadInputError` for a mode not offered."""
        if mode not in self.offered_modes:
            raise BadInputError(f"This learner cannot learn in mode “{mode}”: choose {', '.join(self.offered_modes)}.")
        self.mode = mode
        self._rule.reconsider()
        self._follow()

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
        head = self.store.head
        rule = rule_on(head, self._footing, settings, self._labels, self._name_of)
        self.settings = settings
        self._stand_on(head, self._footing, rule)

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
    def _dials(self) -> Dials:
        return Dials(self.settings.rule, self.mode.value, self.settings.tau, self.settings.delta)

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
            taken = self._rule.proposed
            if proposal.digest == head.digest:
                self._took(taken)
                self._footings.note(head.version, self._footing)
                self._follow()
                return None
            reason = self._reason(taken)
            candidate = proposal.with_(
                version=self.store.next_version,
                parent=head.version,
                mode=self.mode.value,
                reason=reason,
                unix=time.time(),
            )
            self._contract.prove(head, candidate, self._rule.name)
            if self.settings.audit_at_publish == "full":
                self._contract.audit(Plan(candidate), 0, self.protected_count).require_unmoved()
        except Rejected as error:
            self._rejected, self._why = (learned, self._dials), str(error)
            return self._record("rejected", None, self._why, duration_ms=(time.perf_counter() - begin) * 1e3)
        self.store.publish(candidate)
        took = (time.perf_counter() - begin) * 1e3
        fresh = fresh_classes(self._published, taken)
        self._took(taken)
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

    def give_up(self) -> int:
        """After something unforeseen: go on from `head`, what it had not learned set aside. Returns how many.

        What was to be unlearned or sealed is not tried again before something else changes.
        """
        unlearned = self._labels.wanted_ids() - self._footing.every()
        self._labels.park(unlearned)
        # Its evidence still stands; solving again might be what failed.
        self._stand_on(self.store.head, self._footing, explain=False)
        self._rejected, self._unsealable = (self._rule.learned, self._dials), dict(self._published)
        self._why = "learning them failed"
        self._judge()
        return len(unlearned)

    # -- the audit -------------------------------------------------------------------------------------------------

    @property
    def audit_complete(self) -> bool:
        """Whether every protected input has been answered again since the last publish. Any thread."""
        return self._audit.complete

    def audit_slice(self, count: int) -> AuditResult:
        """Answer the next protected inputs with `head`, in rotation, and compare bytes with their references."""
        return self._audit.slice(self._contract, self.store.head, count)

    def audit_all(self) -> AuditResult:
        """Answer every protected input with `head` and compare bytes with their references. Any thread."""
        return self._contract.audit(Plan(self.store.head), 0, self.protected_count)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _stand_on(
        self, head: Snapshot, footing: Footing, rule: UpdateRule | None = None, *, explain: bool = True
    ) -> None:
        """Bring rule and contract to what a version was learned from."""
        self._footing = footing
        self._certified = footing.certified
        self._contract: Contract = Contract(footing.protected)
        self._rule: UpdateRule = rule or rule_on(head, footing, self.settings, self._labels, self._name_of)
        self._published = footing.published(self.settings.rule)
        self._applied = self._dials
        self._rejected = self._unsealable = None
        if explain:
            self._evidence = self._explained(head)
        self._stood_on(head)
        self._follow()

    def _explained(self, head: Snapshot) -> Evidence | None:
        """Evidence of a version that was not just proposed: solved again, and only if it gives the same bank."""
        if self.settings.rule != LOCKED_BANK or not len(self._rule) or not head.banks:
            return None
        try:
            again = self._rule.propose(head, Mode(head.mode))
        except Rejected:
            return None
        new, old = again.banks[-1].ids, head.banks[-1].ids
        return self._rule.evidence(head) if (new["w"], new["R"]) == (old["w"], old["R"]) else None

    def _stood_on(self, snapshot: Snapshot) -> None:
        """Note the footing of a version that has become `head`, and begin its audit."""
        published = self._footing.with_published(self._published, self.settings.rule)
        self._footing = replace(published, dials=self._dials)
        self._footings.note(snapshot.version, self._footing)
        if self._labels.has_unwanted:
            self._labels.let_go(self._footing.every())
        if self._certified is not None and self.store.holds(self._certified):
            self.store.keep(self._certified)
        self._audit.begin(self.protected_count)
        self._follow()

    def _took(self, taken: dict[int, int]) -> None:
        """Note that `head` is what these examples and the dials give."""
        self._rule.accept()
        self._published, self._applied = taken, self._dials
        self._footing = replace(self._footing.with_published(taken, self.settings.rule), dials=self._dials)

    def _reason(self, taken: dict[int, int]) -> str:
        """Why the proposal is made."""
        before, gone = self._published, 0
        if not self._rule.unlearns:
            before = {i: c for i, c in before.items() if i in taken}
            gone = len(self._published) - len(before)
        left_out = f"{_examples(gone)} left out from now on" if gone else ""
        return "; ".join(filter(None, (reason_of(before, taken, self._name_of), self._rule.remark, left_out)))

    def _follow(self) -> None:
        """Bring the rule's set to what is wanted, unless nothing may be learned now."""
        sealed = self._footing.sealed(self.settings.rule)
        self._waiting_classes = self._labels.late(sealed, self._published)
        if self.mode is not Mode.OFF:
            target, present = self._with_room(self._labels.target(sealed)), self._rule.learned
            self._rule.forget([i for i in present if i not in target])
            self._rule.absorb([self._labels.example(i) for i, c in target.items() if present.get(i) != c])
        self._judge()

    def _with_room(self, target: dict[int, int]) -> dict[int, int]:
        """As much of it as the learning bank has room for: what is learned, then what was labelled first.

        So a publish never costs more than one with 2 `seal_at` examples, whatever keeps the bank from being sealed.
        """
        full = self._no_more_banks()
        # A bank that could not be sealed may be with some examples more.
        learned = self._published.keys() & target.keys()
        room = max(self.settings.seal_at * (1 if full or self._unsealable is None else 2), len(learned))
        self.crowded = ""
        if self.settings.rule != LOCKED_BANK or len(target) <= room:
            return target
        if full or self._unsealable is not None:
            waiting = _examples(len(target) - room)
            self.crowded = f"{waiting} wait, not learned yet. {full or 'The learning bank cannot be sealed.'}"
        first = sorted(target, key=lambda i: (i not in learned, i))[:room]
        return {i: target[i] for i in sorted(first)}

    def _no_more_banks(self) -> str:
        """Why no bank can be sealed any more, as a sentence; "" while one can."""
        if len(self._footing.seals) < self.settings.max_banks:
            return ""
        return (
            f"The model has {len(self._footing.seals)} sealed banks, the most that serving stays quick with: "
            "roll back, or choose “Train a new base from all examples”."
        )

    def _judge(self) -> None:
        """See whether there is something to do; kept as one flag, so that other threads can ask."""
        todo = self._unsaid() or self._full(self._rule.learned) or bool(self._labels.refused)
        self.pending = self.mode is not Mode.OFF and todo
        self.refusal = self._why if self._rejected == (self._rule.learned, self._dials) else self.crowded

    def _unsaid(self) -> bool:
        """Whether `head` is not what the present examples and dials give, as far as is known."""
        learned = self._rule.learned
        moved = learned != self._published or (bool(learned) and self._dials != self._applied)
        return moved and (learned, self._dials) != self._rejected

    def _full(self, learned: dict[int, int]) -> bool:
        """Whether the learning bank is to be sealed by itself."""
        full = self.settings.rule == LOCKED_BANK and len(learned) >= self.settings.seal_at
        return full and learned == self._published and learned != self._unsealable and not self._no_more_banks()

    def _act(self, kind: str, classes: tuple[int, ...], reason: str) -> PublishRecord:
        head = self.store.head
        version = self.store.next_version
        after = head.with_(version=version, parent=head.version, classes=classes, reason=reason, unix=time.time())
        self.store.publish(after)
        self._stood_on(after)
        return self._record(kind, after, reason)

    def _seal(self, kind: str, reason: str, recent: Sequence[F32] = ()) -> PublishRecord:
        """Fold the learning bank's examples into the sums, seal it, and let some of them join P."""
        head, settings, version = self.store.head, self.settings, self.store.next_version
        try:
            if len(self._footing.learned) and (full := self._no_more_banks()):
                raise Rejected(full.rstrip("."))
            made = seal(head, self._footing, self._rule, self._labels, settings, version, time.time(), recent)
            # Before anything is published: sums that cannot be inverted must not become the footing.
            rule = rule_on(made.snapshot, made.footing, settings, self._labels, self._name_of)
        except Rejected as error:
            self._unsealable = dict(self._published)
            self._follow()
            return self._record("rejected", None, str(error))
        reason = f"{reason}: {_examples(made.learned)}, {made.protected} of them protected"
        if made.recent:
            reason += f", and {made.recent} recent input{'' if made.recent == 1 else 's'}"
        snapshot = made.snapshot.with_(reason=reason)
        self.store.publish(snapshot)
        self._stand_on(snapshot, made.footing, rule)
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

    def footing_of(self, version: int) -> Footing:
        """What a version stands on. `BadInputError` where it can no longer be restored."""
        return self._footing if version == self.store.head.version else self._footings.of(version)

    def footings_held(self) -> dict[int, Footing]:
        """What the versions in memory stand on. Any thread."""
        return self._footings.held()

    def recalled(self, version: int) -> Snapshot:
        """The snapshot of a version, fetched if memory has let it go. `BadInputError` where there is none."""
        if not self.store.holds(version):
            self._footings.of(version)
        return self.store.get(version)

    def _record(self, kind: str, snapshot: Snapshot | None, reason: str, **figures: object) -> PublishRecord:
        self._seq += 1
        record = PublishRecord(
            seq=self._seq - 1,
            kind=kind,
            version=None if snapshot is None else snapshot.version,
            parent=self.store.head.version if snapshot is None else snapshot.parent,
            # Few reasons there are, and many records: they add up over the hours.
            reason=sys.intern(reason),
            time=0.0,
            unix=time.time(),
            digest="" if snapshot is None else snapshot.digest,
            examples=len(self._rule),
            protected=self.protected_count,
        )
        return replace(record, **figures)  # type: ignore[arg-type]
