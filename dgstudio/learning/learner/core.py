"""The core of the learner: takes labels, lets an update rule propose, proves, publishes, seals what is full."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.contract.protected_selection import contradicted
from dgstudio.learning.learner.learner_state import Standing
from dgstudio.learning.learner.publish_diff import fresh_classes, parts_changed, reason_of
from dgstudio.learning.learner.sealing import examples as _examples
from dgstudio.learning.learner.sealing import rule_on, seal, what_stays
from dgstudio.learning.settings import LOCKED_BANK
from dgstudio.model.plan import Plan
from dgstudio.types import F32, Example, Mode, PublishRecord


class LearningCore(Standing):
    """What `Learner` learns with. One thread calls it (dg-learn), unless a method says other.

    What is learned is a set: the examples that the user labelled, less those taken back and those parked by a
    roll-back. Each `step` proposes from `head`, proves the proposal against the contract, and publishes it in one
    assignment; a proposal that fails changes nothing and is returned as a record of kind "rejected".
    """

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

    # -- inside ------------------------------------------------------------------------------------------------------

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
        return self._record(kind, snapshot, reason, sealed=made.learned)

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
