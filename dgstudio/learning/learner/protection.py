"""What stays for good: sealing what the learning bank has learned, protecting inputs, and releasing them again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from dgstudio.errors import Rejected
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.contract.protected_selection import Chosen, contradicted
from dgstudio.learning.learner.learner_state import LearnerState
from dgstudio.learning.learner.learning_queue import LearningQueue
from dgstudio.learning.learner.publisher import Publisher
from dgstudio.learning.learner.training.sealing import seal, unprotected
from dgstudio.reasons.published import InputsReleased, ProtectedByUser, ReleasedBy, Sealing
from dgstudio.types import F32, Example, PublishRecord, RecordKind

WhySealed = Callable[[int, int, int], Sealing]
"""Makes the reason of a seal: of how many examples it is about, how many of them and of recent inputs it protects."""


class Protection:
    """Seals, protects and releases; each is a version of its own. One thread."""

    def __init__(self, state: LearnerState, queue: LearningQueue, publisher: Publisher) -> None:
        self._state = state
        self._queue = queue
        self._publisher = publisher

    def unprotected(self) -> dict[int, int]:
        """Example id → class id of what has been learned and is not protected yet."""
        return unprotected(self._state.training, self._state.labels)

    def seal(
        self, kind: RecordKind, why: WhySealed, recent: Sequence[F32] = (), chosen: Chosen | None = None
    ) -> PublishRecord:
        """Fold the learning bank's examples into the sums, seal it, and let some of them join P.

        `why` makes the reason of what the seal came to. `recent` are raw inputs (d,) without a label that may join as
        well; `chosen` those that are to join instead. A record of a rejection where that cannot be done.
        """
        state, publisher = self._state, self._publisher
        head, settings, training = state.store.head, state.settings, state.training
        try:
            if len(training.learned) and (full := self._queue.no_more_banks()):
                raise Rejected(full)
            version, unix = publisher.next_version, time.time()
            made = seal(head, training, state.rule, state.labels, settings, version, unix, recent, chosen)
            # Before anything is published: sums that cannot be inverted must not become what the learner goes on from.
            rule = state.rule_for(made.snapshot, made.training)
        except Rejected as error:
            self._queue.cannot_seal()
            self._queue.follow()
            return publisher.record(RecordKind.REJECTED, None, error.reason)
        reason = why(made.learned, made.protected, made.recent)
        snapshot = made.snapshot.with_(reason=reason.words)
        publisher.publish(snapshot)
        publisher.go_on_from(snapshot, made.training, rule)
        return publisher.record(kind, snapshot, reason, sealed=made.learned)

    def protect_as(self, other: ProtectedSet) -> list[PublishRecord]:
        """Protect the very inputs that another learner does: seal, let join what lacks, and release what is too many.

        What joins has the answers that it gets here and now.
        """
        mine = [row.tobytes() for row in self._state.training.protected.inputs]
        theirs = [row.tobytes() for row in other.inputs]
        had, wanted = set(mine), set(theirs)
        lacking = np.array([key not in had for key in theirs], bool)
        released = self.release_rows([number for number, key in enumerate(mine) if key not in wanted])
        records = [] if released is None else [released]
        if lacking.any():
            chosen = Chosen(other.inputs[lacking], other.labels[lacking], other.ids[lacking])
            records.append(self.seal(RecordKind.PROTECTED, ProtectedByUser, chosen=chosen))
        return records

    def release_rows(self, rows: Iterable[int]) -> PublishRecord | None:
        """Take protected inputs, by their numbers, out of the contract."""
        return self._keep_only(self._state.training.protected.without_rows(rows), ReleasedBy.USER)

    def release_relabelled(self, added: Sequence[Example]) -> PublishRecord | None:
        """Release what these examples, as they are labelled now, contradict. None where that is nothing."""
        protected = self._state.training.protected
        store = self._state.store
        kept = dict(zip(protected.ids.tolist(), protected.labels.tolist(), strict=True))
        relabelled = [e.id for e in added if kept.get(e.id, e.class_id) != e.class_id]
        against = contradicted(protected, store.plan(store.head), added)
        if not relabelled and not against:
            return None
        return self._keep_only(protected.without_rows(against).without(relabelled), ReleasedBy.LABEL)

    def _keep_only(self, protected: ProtectedSet, by: ReleasedBy) -> PublishRecord | None:
        """Publish a version that answers as the newest does and protects these inputs only; None if that is all."""
        state, publisher = self._state, self._publisher
        count = len(state.training.protected) - len(protected)
        if not count:
            return None
        reason = InputsReleased(count, by)
        after = publisher.numbered(state.store.head, reason)
        publisher.publish(after)
        publisher.go_on_from(after, replace(state.training, protected=protected))
        return publisher.record(RecordKind.RELEASED, after, reason)
