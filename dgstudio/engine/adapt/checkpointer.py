"""Which versions go to the session file, and which of them are kept for good."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.lifecycle.resume import checkpoint_of
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.serving.lane import Lane
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.reasons.stored import Told
from dgstudio.types import CauseKind, PublishRecord, RecordKind

ON_DISK = 4
"""Versions not kept for good that stay in the session file, dense among the new, sparse among the old. Few: between the
ends of two takes there is little to go back to."""
WRITE_EVERY_S = 1.0
LEAVING_BEHIND = frozenset(
    {
        RecordKind.BANK_SEALED,
        RecordKind.PROTECTED,
        RecordKind.RELEASED,
        RecordKind.REBUILT,
        RecordKind.CONSOLIDATED,
        RecordKind.ROLLED_BACK,
    }
)
"""Kinds of versions whose parent is kept for good: it is where a rebuild begins, or where one may want to go back; of
a roll-back the version that it went back to."""


class Checkpointer:
    """Versions that are the user's own act, or end a take or another act on labels, are written at once and stay; of
    those learned while a take goes on, the newest is written once a second, and they thin out. While the stream is
    recorded, every version that answers is written and stays.

    What is not written yet is no loss: labels are durable before they are learned, and what was learned from them is
    a function of their set. For the same reason a version that has only answered what is recorded may be stored by its
    recipe; ends of takes, what is pinned, rolled back to, or left behind by an act that cannot be learned again, are
    whole.
    """

    def __init__(self, queue: StoreQueue, learn: LearnWorker, lane: Lane, recorder: StreamRecorder) -> None:
        self._queue = queue
        self._learn = learn
        self._lane = lane
        self._recorder = recorder
        self._answered = 0
        self._act_over = threading.Event()
        self._due = 0.0
        self._unwritten: PublishRecord | None = None

    def begun(self, records: Sequence[PublishRecord], learner: Learner) -> None:
        """Write what an engine starts with, before its threads run."""
        for record in records:
            self._queue.put_record(record)
        if records:
            self._unwritten = records[-1]
            self._write(learner)

    def published(self, record: PublishRecord, learner: Learner) -> None:
        """Write a record, and the version that it made. dg-learn only."""
        self._queue.put_record(record)
        if record.version is not None:
            if record.cause is not None and record.cause.kind == CauseKind.DIALS:
                # What it was made with is the user's own act, and stands nowhere else.
                self._act_over.set()
            left = record.to_version if record.kind == RecordKind.ROLLED_BACK else record.parent
            if left is not None and record.kind in LEAVING_BEHIND:
                self.keep(left, learner)
            self._unwritten = record
            if record.kind != RecordKind.LEARNED:
                self._write(learner)
        self.rested(learner)

    def rested(self, learner: Learner) -> None:
        """Write what is due. dg-learn only."""
        if self._unwritten is not None and time.monotonic() >= self._due:
            self._write(learner)
        self.answering(learner)
        self._keep_end_of_act(learner)

    def answering(self, learner: Learner) -> None:
        """While the stream is recorded, hand over the versions that have answered since the last call. dg-learn only.

        One that cannot be restored any more is passed over: the recorder says that its answers are lost.
        """
        if not self._recorder.taking:
            return
        readings, total = self._lane.readings.since(max(self._answered, self._recorder.first_answer))
        self._answered = total
        for version in {reading.version for reading in readings}:
            self.answers(version, learner)

    def answers(self, version: int, learner: Learner) -> None:
        """Hand over a version that answers what is recorded. Whoever may call the learner."""
        if self._recorder.has(version):
            return
        with suppress(BadInputError):
            learner.recalled(version)
            self._recorder.keep(checkpoint_of(learner, self._record_of(version), recorded=True))

    def pinned(self, learner: Learner) -> None:
        """What serves has been chosen: a version that is pinned is kept for good. dg-learn only."""
        version = learner.store.pinned
        if version is not None:
            self._write(learner)
            self.keep(version, learner)
        self._refer(learner)

    def act_ended(self) -> None:
        """The version in which a take, or another act on labels, is wholly learned is to be kept. Any thread."""
        self._act_over.set()
        self._learn.ask(self._keep_end_of_act)

    def ended(self, learner: Learner) -> None:
        """Write the newest version, and which were head and serving at the end. After dg-learn has ended."""
        self.answering(learner)
        self._write(learner)
        self._refer(learner)

    def written(self, learner: Learner) -> None:
        """Write the newest version now: the session is about to be copied. dg-learn only."""
        self.answering(learner)
        self._write(learner)

    def anew(self, learner: Learner) -> None:
        """Write head and what serves, whole: the session goes on in a file that may lack them. dg-learn only."""
        for version in {learner.store.head.version, learner.store.serving.version}:
            self.keep(version, learner)
        self._refer(learner)

    def keep(self, version: int, learner: Learner) -> None:
        """Keep a version for good: whole, unless memory has let go of it; then the file has it as it is."""
        if not learner.store.holds(version):
            self._queue.write(lambda session: session.keep_checkpoint(version))
            return
        checkpoint = checkpoint_of(learner, self._record_of(version), kept=True)
        self._queue.write_version(lambda session: session.put_checkpoint(checkpoint))

    def _refer(self, learner: Learner) -> None:
        head, serving = learner.store.head.version, learner.store.serving.version
        self._queue.write(lambda session: session.set_references(head, serving))

    def _write(self, learner: Learner) -> None:
        record, self._unwritten = self._unwritten, None
        if record is None:
            return
        self._due = time.monotonic() + WRITE_EVERY_S
        # Else what is kept for the recording would begin to thin out.
        recorded = record.version is not None and self._recorder.has(record.version)
        checkpoint = checkpoint_of(learner, record, recorded=recorded)
        self._queue.write_version(lambda session: session.put_checkpoint(checkpoint))
        # With each version, not at the end only: after a kill, an earlier opening's head would be gone on from.
        self._refer(learner)
        self._queue.write(lambda session: session.thin_checkpoints(ON_DISK))

    def _keep_end_of_act(self, learner: Learner) -> None:
        if self._act_over.is_set() and not learner.pending and not self._learn.labels_waiting:
            self._act_over.clear()
            self._write(learner)
            self.keep(learner.store.head.version, learner)

    def _record_of(self, version: int) -> PublishRecord:
        """The entry of the history that tells of a version; a stand-in where it is gone."""
        found = next((record for record in reversed(self._learn.history) if record.version == version), None)
        return found or PublishRecord(-1, RecordKind.LEARNED, version, None, Told(""), 0.0, 0.0)
