"""Publishing: a version becomes the newest, the learner goes on from it, and a record says what came of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, TypedDict, Unpack

from dgstudio.learning.learner.learner_state import LearnerState
from dgstudio.learning.learner.learning_queue import LearningQueue
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.rules.update_rule import UpdateRule
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.published import BegunFromNothing
from dgstudio.reasons.reason import Reason
from dgstudio.types import PublishRecord, RecordKind, SetChange


class AuditFigures(TypedDict, total=False):
    """How far protected answers moved; see `PublishRecord`."""

    bits_changed: int
    max_delta: float
    flips: int


class RecordFigures(AuditFigures, total=False):
    """What a record may tell besides what every one does; see `PublishRecord`."""

    new_examples: tuple[tuple[int, int], ...]
    units_changed: int
    duration_ms: float
    to_version: int | None
    sealed: int
    waiting: int
    change: SetChange | None
    by_gradient: bool
    parts_left: int


class Publisher:
    """Numbers versions and records. One thread.

    Parameters
    ----------
    next_seq
        The first number of a record that is free.
    """

    def __init__(self, state: LearnerState, queue: LearningQueue, next_seq: int) -> None:
        self._state = state
        self._queue = queue
        self._seq = next_seq
        self._reason: Reason = BegunFromNothing()
        """That of the newest record."""

    @property
    def next_version(self) -> int:
        """The number that the next version gets."""
        return self._state.store.next_version

    def numbered(self, snapshot: Snapshot, reason: Reason, **changes: Any) -> Snapshot:
        """The same as the version to come, made now; `changes` as for `Snapshot.with_`."""
        parent = self._state.store.head.version
        said = reason.words
        return snapshot.with_(version=self.next_version, parent=parent, reason=said, unix=time.time(), **changes)

    def publish(self, snapshot: Snapshot) -> None:
        """Make it the newest version: one assignment. Whoever calls this then calls `note` or `go_on_from`."""
        self._state.store.publish(snapshot)

    def go_on_from(
        self, head: Snapshot, training: TrainingState, rule: UpdateRule | None = None, *, explain: bool = True
    ) -> None:
        """Go on from the newest version, which was learned from something else than the one before."""
        # At once, since it answers already: making the rule takes a while.
        self._state.states.note(head.version, training)
        self._state.go_on_from(head, training, rule, explain=explain)
        self._queue.begin()
        self.note(head)

    def note(self, snapshot: Snapshot) -> None:
        """Note what the newest version was learned from, and begin its audit."""
        state = self._state
        state.note(snapshot.version)
        if state.labels.has_unwanted:
            state.labels.let_go(state.training.every())
        certified = state.training.certified
        if certified is not None and state.store.holds(certified):
            state.store.keep(certified)
        state.audit.begin(state.protected_count)
        self._queue.follow()

    def record(
        self, kind: RecordKind, snapshot: Snapshot | None, reason: Reason, **figures: Unpack[RecordFigures]
    ) -> PublishRecord:
        """Say what was done; `snapshot` is None where nothing was published."""
        state = self._state
        self._seq += 1
        # Few reasons there are, and many records: they add up over the hours.
        self._reason = self._reason if reason == self._reason else reason
        record = PublishRecord(
            seq=self._seq - 1,
            kind=kind,
            version=None if snapshot is None else snapshot.version,
            parent=state.store.head.version if snapshot is None else snapshot.parent,
            reason=self._reason,
            time=0.0,
            unix=time.time(),
            digest="" if snapshot is None else snapshot.digest,
            examples=len(state.rule),
            protected=state.protected_count,
        )
        return replace(record, **figures)
