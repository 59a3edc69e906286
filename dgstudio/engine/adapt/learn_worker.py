"""dg-learn: absorbs labels in blocks, publishes at most ten times a second, and audits while it has nothing to do."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Empty, Queue

from dgstudio.engine.adapt.drift import DriftWatch
from dgstudio.engine.adapt.routing_margins import RoomWatch
from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.learning import ContractBroken, ExamplesParked, ExamplesWait, ProposalRejected, StreamDrifted
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.history import History
from dgstudio.engine.runtime.rings import Latencies
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.serving.lane import Lane
from dgstudio.engine.serving.receipt_audit import ReceiptAudit
from dgstudio.errors import DgstudioError, Rejected
from dgstudio.learning.bank.attribution import difference
from dgstudio.learning.contract.contract import AuditResult
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.model.certificate import decompose
from dgstudio.model.plan import BANK_GAIN
from dgstudio.records import dataclass
from dgstudio.types import OWN_ACTS, Cause, Example, LearnerActivity, Level, PublishRecord, RecordKind

BLOCK = 16
"""Examples absorbed at a time: long enough to use matrix products, short enough to stay responsive."""
QUEUED = 512
"""Examples that are queued as one."""
AUDIT_SLICE = 8
"""Protected inputs re-answered in one idle turn."""
CAUSES = 3
"""Classes at most that a publish names as what moved the live answer."""
IDLE_S = 0.25
PART_AFTER_S = (0.05, 0.4)
"""Where what is learned is published part by part: how long the next part waits, between these two."""
LENT_S = 1.0
"""How long somebody who wants a copy of the rule waits for dg-learn."""

Command = Callable[[Learner], PublishRecord | None]


@dataclass(frozen=True, slots=True)
class _Labels:
    """Examples to be learned, which exist since `made_wall`, and what the user did that they come of."""

    examples: Sequence[Example]
    made_wall: float
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class _Wish:
    """A command, and what the user did that it comes of."""

    command: Command
    cause: Cause | None


@dataclass(slots=True)
class LearnCounts:
    """Counters that only dg-learn writes."""

    absorbed: int = 0
    absorb_s: float = 0.0
    """Processor time of dg-learn spent on absorbing examples."""
    busy_s: float = 0.0
    """The same, with commands, publishing and what is said of a publish; auditing left out."""
    publishes: int = 0
    rejections: int = 0
    roll_backs: int = 0
    audited: int = 0
    bits_changed: int = 0


class LearnWorker(Worker):
    """Owns the learner: nobody else calls it while this thread runs.

    Others follow it, each called in this thread, in order.

    Attributes
    ----------
    published : called with every record; where a version was made, it is theirs to keep a checkpoint.
    audited : called with what each slice of the audit found.
    rested : called whenever there is nothing to learn.
    meanwhile : called after each turn's work; True where it had something to do, and wants the next turn at once.
    """

    name = "dg-learn"

    def __init__(
        self,
        learner: Learner,
        lane: Lane,
        events: EventQueue,
        history: History,
        *,
        publish_hz: float,
    ) -> None:
        super().__init__(events)
        self.published: list[Callable[[PublishRecord, Learner], None]] = []
        self.audited: list[Callable[[AuditResult, Learner], None]] = []
        self.rested: list[Callable[[Learner], None]] = []
        self.meanwhile: list[Callable[[], bool]] = []
        self.counts = LearnCounts()
        self.history = history
        self.publish_ms = Latencies()
        self.label_to_publish_ms = Latencies()
        self.paused = threading.Event()
        """While set, labels wait: the bench's blocks with the learner off."""
        self.receipts = ReceiptAudit(lane)
        self.drift = DriftWatch(lane)
        self.room = RoomWatch()
        self.protected = learner.protected_count
        self.learned = len(learner.training.every())
        """Examples that the newest version has learned, the sealed ones too."""
        self.sealed = _sealed(learner)
        """Those of them that are sealed."""
        self.state = LearnerActivity.IDLE
        self._learner = learner
        self._lane = lane
        self._interval = 1.0 / publish_hz if publish_hz > 0 else 0.0
        # One queue, so that a label is learned before the wish to take it back is heard.
        self._queue: deque[_Wish | _Labels] = deque()
        self._cause: Cause | None = None
        """What the user did that was heard of last: what is published next comes of it."""
        self._wake = threading.Event()
        self._next_publish = 0.0
        self._oldest_label: float | None = None
        self._quiet = False
        self._crowded = False
        self._busy = False
        self._evidence = learner.evidence()

    # -- what others ask for: any thread, nothing waits -------------------------------------------------------

    def absorb(self, examples: Sequence[Example], made_wall: float, cause: Cause | None = None) -> None:
        """Learn these examples, which exist since `made_wall`; `cause` is what the user did that they come of."""
        # In parts: each block taken off a long list would copy the rest of it.
        for first in range(0, len(examples), QUEUED):
            self._queue.append(_Labels(examples[first : first + QUEUED], made_wall, cause))
        self._wake.set()

    def ask(self, command: Command, cause: Cause | None = None) -> None:
        """Run a command on the learner between two blocks; a record that it returns is published as news.

        `cause` is what the user did that it comes of, and what is learned next as well.
        """
        self._queue.append(_Wish(command, cause))
        self._wake.set()

    def request(self, act: Command, cause: Cause | None = None) -> None:
        """Have an act of the user's done on the learner; a refusal becomes an event, not a failed thread."""

        def run(learner: Learner) -> PublishRecord | None:
            try:
                return act(learner)
            except DgstudioError as error:
                self.events.say(Notice(EventKind.REFUSED, str(error), Level.WARNING))
                return None

        self.ask(run, cause)

    def lent_rule(self) -> LockedBankRule | None:
        """A copy of the learner's rule, for another thread; None under another rule, or where dg-learn does not come.

        Waits for dg-learn, which takes some milliseconds; not for dg-learn itself.
        """
        lent: Queue[LockedBankRule | None] = Queue()
        self.ask(lambda learner: lent.put(learner.copied_rule()))
        try:
            return lent.get(timeout=LENT_S)
        except Empty:
            return None

    def wake(self) -> None:
        """Let a waiting turn look at its queues."""
        self._wake.set()

    @property
    def labels_waiting(self) -> bool:
        """Whether labels are queued that the learner has not taken yet."""
        return any(isinstance(item, _Labels) for item in list(self._queue))

    @property
    def idle(self) -> bool:
        """Whether everything asked for so far has been absorbed, published or rejected."""
        if self._queue:
            return False
        # In this order: what has left the queue makes busy until it is pending, and what is pending until it is news.
        return not (self._busy or self._learner.pending or self._busy)

    def recount(self) -> None:
        """Count anew what the newest version has learned and protects; whoever may call the learner."""
        self.protected = self._learner.protected_count
        self.learned = len(self._learner.training.every())
        self.sealed = _sealed(self._learner)

    # -- the thread ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Compute what the first label would wait for, while the window is being made."""
        # The first proposal says it again, in its record.
        with suppress(Rejected):
            self._learner.get_ready()

    def turn(self) -> None:
        """One command, one block of labels, one publish if it is due, else a slice of the audit."""
        if self.paused.is_set():
            self.state = LearnerActivity.OFF
            # What serves goes on answering, and may be recorded.
            self._rest()
            self._wake.wait(0.05)
            self._wake.clear()
            return
        begin = time.thread_time()
        self._busy = True
        try:
            worked = self._command_or_labels()
            worked = self._publish_if_due() or worked
        finally:
            self._busy = False
        self._tell_crowded()
        if worked:
            self.state, self._quiet = LearnerActivity.LEARNING, False
            self.counts.busy_s += time.thread_time() - begin
        for work in self.meanwhile:
            worked = work() or worked
        if worked:
            return
        self.state = LearnerActivity.IDLE
        self._rest()
        if not self._quiet:
            self._quiet = self._audit() and not self._look_round()
        checked = self.receipts.turn()
        if self.drift.turn(self._learner.store.head):
            self.events.say(StreamDrifted())
        waits = self._until_publish() if self._learner.pending else IDLE_S
        self._wake.wait(min(waits, 0.02 if checked or not self._quiet else IDLE_S))
        self._wake.clear()

    def _rest(self) -> None:
        for rest in self.rested:
            rest(self._learner)

    def _tell_crowded(self) -> None:
        """Say once that examples wait for which there is no room; their number is in the lamps' words."""
        crowded = self._learner.crowded
        if (crowded is not None) != self._crowded:
            self._crowded = crowded is not None
            if crowded is not None:
                self.events.say(ExamplesWait(crowded))

    def recover(self, error: Exception) -> None:
        """Go on from `head`; what it had not learned yet is set aside, so that it cannot fail again and again."""
        count = self._learner.give_up()
        self.counts.rejections += 1
        if count:
            self.events.say(ExamplesParked(count))

    def _command_or_labels(self) -> bool:
        """One command, or as many of the labels before the next command as fit a block, all of one cause."""
        block: list[Example] = []
        while self._queue and len(block) < BLOCK:
            item = self._queue[0]
            if isinstance(item, _Wish):
                if not block:
                    self._run_command(item)
                    return True
                break
            if block and item.cause != self._cause:
                break
            self._queue.popleft()
            examples, self._cause = item.examples, item.cause
            room = BLOCK - len(block)
            block.extend(examples[:room])
            if len(examples) > room:
                self._queue.appendleft(_Labels(examples[room:], item.made_wall, item.cause))
            if self._oldest_label is None and any(example.learn for example in examples[:room]):
                self._oldest_label = item.made_wall
        if block:
            begin = time.thread_time()
            record = self._learner.absorb(block)
            self.counts.absorb_s += time.thread_time() - begin
            self.counts.absorbed += sum(example.learn for example in block)
            if record is not None:
                self._news(record, self._cause)
        return bool(block)

    def _run_command(self, wish: _Wish) -> None:
        self._queue.popleft()
        record = wish.command(self._learner)
        if wish.cause is not None:
            self._cause = wish.cause
        if record is not None:
            self._news(record, wish.cause)

    def _until_publish(self) -> float:
        return max(0.0, self._next_publish - time.perf_counter())

    def _publish_if_due(self) -> bool:
        if not self._learner.pending or self._until_publish() > 0:
            return False
        self._next_publish = time.perf_counter() + self._interval
        record = self._learner.step()
        if record is None:
            self._oldest_label = None
            return False
        if record.parts_left:
            self._next_publish = time.perf_counter() + random.uniform(*PART_AFTER_S)
        if self._oldest_label is not None and record.version is not None:
            waited = (time.perf_counter() - self._oldest_label) * 1e3
            record = replace(record, label_to_publish_ms=waited)
            self.label_to_publish_ms.add(waited)
            self._oldest_label = None
        if record.version is not None:
            self.publish_ms.add(record.duration_ms)
        self._news(record, self._cause)
        return True

    def _news(self, record: PublishRecord, cause: Cause | None) -> None:
        record = self._with_causes(self._with_live_change(replace(record, cause=cause)))
        counts = self.counts
        counts.publishes += record.version is not None
        counts.rejections += record.kind == RecordKind.REJECTED
        counts.roll_backs += record.kind == RecordKind.ROLLED_BACK
        if record.kind not in OWN_ACTS:
            counts.bits_changed += record.bits_changed
        self.protected = self._learner.protected_count
        self.learned = len(self._learner.training.every())
        self.sealed = _sealed(self._learner)
        self.history.append(record)
        if record.kind == RecordKind.REJECTED:
            self.events.say(ProposalRejected(record))
        for follow in self.published:
            follow(record, self._learner)

    def _with_live_change(self, record: PublishRecord) -> PublishRecord:
        """When it was, and how far the newest live input's logits moved by it, in two parts (design 4)."""
        reading = self._lane.readings.newest
        if reading is None:
            return record
        record = replace(record, time=reading.end)
        if record.version is None or record.parent is None:
            return record
        store = self._learner.store
        if not (store.holds(record.parent) and store.holds(record.version)):
            return record
        before, after = store.get(record.parent), store.get(record.version)
        a, b = store.plan(before), store.plan(after)
        routing, representation, _ = decompose(a, b, reading.features)
        if not len(routing):
            return record
        top_a, top_b = a.answer(reading.features).top, b.answer(reading.features).top
        was = before.classes[top_a] if top_a >= 0 else None
        now = after.classes[top_b] if top_b >= 0 else None
        return replace(
            record,
            routing_delta=float(abs(routing).max()),
            representation_delta=float(abs(representation).max()),
            live_flip=was != now,
        )

    def _with_causes(self, record: PublishRecord) -> PublishRecord:
        """Whose examples moved the newest live answer, where learning did."""
        if record.parts_left:
            # Of a part nobody knows whose examples it is; the last one tells of all.
            return record
        before, self._evidence = self._evidence, self._learner.evidence()
        reading = self._lane.readings.newest
        if (
            record.kind != RecordKind.LEARNED
            or reading is None
            or not (record.routing_delta or record.representation_delta)
        ):
            return record
        shares = difference(before, self._evidence, reading.features).by_class()
        moved = [(c, BANK_GAIN * share) for c, share in shares.items() if share]
        largest = sorted(moved, key=lambda item: -abs(item[1]))
        return replace(record, live_causes=tuple(largest[:CAUSES]))

    def _look_round(self) -> bool:
        """Look at a few protected inputs' margins; whether there was something to look at."""
        store = self._learner.store
        return self.room.turn(store.plan(store.head), self._learner.training.protected)

    def _audit(self) -> bool:
        """Audit a slice; True when the whole protected set has been audited since the last publish."""
        result = self._learner.audit_slice(AUDIT_SLICE)
        self.counts.audited += result.checked
        if result.bits_changed:
            self.counts.bits_changed += result.bits_changed
            self.events.say(ContractBroken(result.bits_changed))
        for follow in self.audited:
            follow(result, self._learner)
        return self._learner.audit_complete


def _sealed(learner: Learner) -> int:
    training = learner.training
    return len({i for held in training.seals for i in held.ids.tolist()}.difference(training.learned.tolist()))
