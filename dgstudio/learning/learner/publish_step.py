"""One step of learning: propose, prove, publish."""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from dgstudio.errors import Rejected
from dgstudio.kernel import KERNEL
from dgstudio.learning.learner.learner_state import LearnerState
from dgstudio.learning.learner.learning_queue import LearningQueue
from dgstudio.learning.learner.protection import Protection
from dgstudio.learning.learner.publish_diff import fresh_classes, parts_changed, set_change
from dgstudio.learning.learner.publish_parts import parts_between, with_part
from dgstudio.learning.learner.publisher import Publisher
from dgstudio.learning.settings import LOCKED_BANK
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.published import BankFilled, LearnedAgain, LearnedFrom, PartPublished
from dgstudio.reasons.refused import ExamplesNotFinite, Fault, Faulty
from dgstudio.types import Mode, PublishRecord, RecordKind, SetChange


class PublishStep:
    """Lets the rule propose a version, proves it against the contract, and publishes it. One thread."""

    def __init__(self, state: LearnerState, queue: LearningQueue, publisher: Publisher, protection: Protection) -> None:
        self._state = state
        self._queue = queue
        self._publisher = publisher
        self._protection = protection

    def take(self, *, whole: bool = False) -> PublishRecord | None:
        """Publish at most one version. None where there was nothing to do, or nothing changed.

        `whole`: not part by part, though that has been chosen.
        """
        if not self._queue.pending:
            return None
        try:
            return self._taken(whole)
        finally:
            self._queue.judge()

    def _taken(self, whole: bool) -> PublishRecord | None:
        state, publisher = self._state, self._publisher
        refused = state.labels.refused
        if refused:
            count = len(refused)
            refused.clear()
            return publisher.record(RecordKind.REJECTED, None, ExamplesNotFinite(count))
        rule, head, learned = state.rule, state.store.head, state.rule.learned
        if self._queue.full(learned):
            return self._protection.seal(RecordKind.BANK_SEALED, partial(BankFilled, held=len(rule)))
        begin = time.perf_counter()
        try:
            # What is on its way arrives, though learning may be off by now.
            mode = state.mode if state.mode is not Mode.OFF else Mode(head.mode)
            proposal = rule.propose(head, mode)
            taken = rule.proposed
            if proposal.digest == head.digest:
                state.took(taken)
                state.note(head.version)
                self._queue.follow()
                return None
            if state.parts_apart and not whole and rule.name == LOCKED_BANK:
                part = self._one_part(head, proposal, mode, begin)
                if part is not None:
                    return part
            reason = self._reason(taken)
            candidate = publisher.numbered(proposal, reason, mode=mode.value)
            state.contract.prove(head, candidate, rule.name, state.store.plan)
            if state.settings.audit_at_publish == "full":
                state.contract.audit(state.store.plan(candidate), 0, state.protected_count).require_unmoved()
        except Rejected as error:
            why = error.reason
            self._queue.refuse(learned, why)
            return publisher.record(RecordKind.REJECTED, None, why, duration_ms=(time.perf_counter() - begin) * 1e3)
        publisher.publish(candidate)
        duration = (time.perf_counter() - begin) * 1e3
        fresh = fresh_classes(state.published, taken)
        # Steps of the gradient depend on their order: the set alone would not give them again.
        change = set_change(state.published, taken) if rule.unlearns else None
        state.took(taken)
        state.evidence = rule.evidence(candidate)
        self._queue.refuse_no_more()
        publisher.note(candidate)
        return publisher.record(
            RecordKind.LEARNED,
            candidate,
            reason,
            new_examples=tuple(sorted(fresh.items())),
            units_changed=parts_changed(head, candidate),
            duration_ms=duration,
            change=change,
            by_gradient=not rule.unlearns,
        )

    def _one_part(self, head: Snapshot, proposal: Snapshot, mode: Mode, begin: float) -> PublishRecord | None:
        """Publish one part of a proposal; None where it is to be published whole, as its last part is."""
        state, publisher = self._state, self._publisher
        parts = parts_between(head, proposal)
        if len(parts) < 2:
            return None
        # With the version, so that the order can be had again.
        drawn = np.random.default_rng((state.settings.seed, publisher.next_version)).integers(len(parts))
        part, left = parts[int(drawn)], len(parts) - 1
        reason = PartPublished(None if part.class_id is None else state.name_of(part.class_id), left)
        candidate = publisher.numbered(with_part(head, proposal, part), reason, mode=mode.value)
        state.contract.prove(head, candidate, LOCKED_BANK, state.store.plan)
        publisher.publish(candidate)
        duration = (time.perf_counter() - begin) * 1e3
        state.took_part()
        self._queue.refuse_no_more()
        publisher.note(candidate)
        return publisher.record(
            RecordKind.LEARNED,
            candidate,
            reason,
            units_changed=parts_changed(head, candidate),
            duration_ms=duration,
            # Its set is that of the version before it; the last part tells of what comes with all of them.
            change=SetChange(),
            parts_left=left,
        )

    def give_up(self) -> int:
        """After something unforeseen: go on from the newest version, what it had not learned set aside."""
        state, queue = self._state, self._queue
        unlearned = state.labels.wanted_ids() - state.training.every()
        state.labels.park(unlearned)
        # Its evidence still stands; solving again might be what failed.
        self._publisher.go_on_from(state.store.head, state.training, explain=False)
        queue.refuse(state.rule.learned, Faulty(Fault.LEARNING_FAILED))
        queue.cannot_seal()
        queue.judge()
        return len(unlearned)

    def _reason(self, taken: dict[int, int]) -> LearnedFrom | LearnedAgain:
        """Why the proposal is made."""
        rule, published = self._state.rule, self._state.published
        before, gone = published, 0
        if not rule.unlearns:
            before = {i: c for i, c in published.items() if i in taken}
            gone = len(published) - len(before)
        if self._state.applied is None and taken == published:
            return LearnedAgain(KERNEL)
        fresh = sorted(fresh_classes(before, taken).items())
        forgot = sum(example_id not in taken for example_id in before)
        return LearnedFrom(tuple((self._state.name_of(c), n) for c, n in fresh), forgot, gone, rule.held_still)
