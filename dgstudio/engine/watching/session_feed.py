"""What another program keeps in its session, brought to the tables of the one that watches: labels, versions, log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.abstention import kept_threshold
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.history import History
from dgstudio.engine.serving.lane import Lane
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.format.rows import NO_LABEL
from dgstudio.session.restore import restored
from dgstudio.session.versions.recipe_solver import OtherKernelError
from dgstudio.types import LogLine, Take

Labels = dict[int, tuple[int, bool]]
"""Example id → its class, and whether it stands."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What is brought up to date; the thread that follows is the only one that writes to it."""

    learner: Learner
    classes: ClassTable
    book: LabelBook
    history: History
    lane: Lane
    events: EventQueue


class SessionFeed:
    """Follows one session. One thread (dg-watch).

    Parameters
    ----------
    clock
        Unix time from which on takes are of the stream that is shown, and what is added to their times; None: none is.
    moved
        Called when the newest version, or the one that serves, is another one.
    told
        Whether a line of the log was told already.
    """

    def __init__(
        self,
        session: Session,
        tables: Followed,
        clock: Callable[[], tuple[float, float] | None],
        moved: Callable[[], object],
        told: Callable[[str], bool] = lambda sentence: False,
    ) -> None:
        self._session, self._tables, self._clock, self._moved, self._told = session, tables, clock, moved, told
        self._marks: tuple[float, ...] | None = None
        self._labels: Labels = session.labels()
        self._unlearned: Labels = {}
        """Labels that changed since the newest version here."""
        self._of_run: float | None = None
        self._record_row = 0
        newest = tables.history[-1].seq if len(tables.history) else -1
        self._seq = newest
        _, self._event_row = session.events_after(None)

    def read(self) -> None:
        """Take what is new from the file. `SessionError` where it cannot be read."""
        self._read_labels()
        self._read_records()
        self._read_versions()
        self._tables.lane.abstain = kept_threshold(self._session)
        lines, self._event_row = self._session.events_after(self._event_row)
        for line in lines:
            if not self._told(line.text):
                self._tables.events.say(_notice(line))

    def _read_labels(self) -> None:
        session, tables, clock = self._session, self._tables, self._clock()
        # Before what they tell of: what comes meanwhile is seen the next time.
        marks = session.label_marks()
        began = None if clock is None else clock[0]
        if marks == self._marks and began == self._of_run:
            return
        self._marks, self._of_run = marks, began
        known = {info.id: info for info in tables.classes.every()}
        tables.classes.put(info for info in session.classes() if known.get(info.id) != info)
        labels = {i: each for i, each in session.labels().items() if each[0] != NO_LABEL}
        changed = {i: each for i, each in labels.items() if self._labels.get(i) != each}
        # What is not there any more was never wholly there.
        self._labels = labels
        self._unlearned.update(changed)
        examples = session.examples_by_id(changed)
        hidden = frozenset(i for i, (_, stands) in changed.items() if not stands)
        present: list[Take] = []
        earlier: list[Take] = []
        for take in session.takes():
            if clock is not None and take.created_unix >= clock[0]:
                present.append(replace(take, start=take.start + clock[1], end=take.end + clock[1]))
            else:
                earlier.append(take)
        acts, done = session.acts()
        tables.book.follow(examples, hidden, present, earlier, acts, done, session.notes())

    def _read_records(self) -> None:
        records, self._record_row = self._session.records_after(self._record_row)
        offset = 0.0 if (clock := self._clock()) is None else clock[1]
        for record in records:
            if record.seq > self._seq:
                self._seq = record.seq
                self._tables.history.append(replace(record, time=record.time + offset))

    def _read_versions(self) -> None:
        store, head, serving = self._tables.learner.store, self._session.head, self._session.serving
        if head is not None and head > store.head.version:
            self._go_on_from(head)
        wanted = None if serving is None or serving == self._session.head else serving
        if wanted == store.pinned:
            return
        try:
            if wanted is None:
                store.unpin()
            else:
                self._tables.learner.recalled(wanted)
                store.pin(wanted)
        except BadInputError:
            # It was thinned out, or the next one is on its way.
            return
        self._moved()

    def _go_on_from(self, head: int) -> None:
        learner, labels = self._tables.learner, self._unlearned
        try:
            checkpoint = self._session.checkpoint(head)
        except OtherKernelError as error:
            checkpoint = error.again
        try:
            snapshot, training = restored(checkpoint, learner.store.head)
            standing = [i for i, (_, stands) in labels.items() if stands]
            learner.follow(
                snapshot,
                training,
                labelled=self._session.examples_by_id(standing),
                gone=[i for i, (_, stands) in labels.items() if not stands],
                parked=[int(i) for i in checkpoint.meta.get("parked", ())],
            )
        except (BadInputError, ValueError, TypeError) as error:
            self._tables.events.say(Notice(EventKind.SESSION, f"Version {head} cannot be shown: {error}"))
            return
        self._unlearned = {}
        self._moved()


def _notice(line: LogLine) -> Notice:
    """A line of the other program's log, as this one tells it."""
    kinds = {kind.value: kind for kind in EventKind}
    return Notice(kinds.get(line.kind, EventKind.SESSION), line.text, line.level)
