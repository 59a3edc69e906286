"""dg-store: the one writer of the session file. A label is durable before the learner or the window hears of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dgstudio.engine.labels.import_door import StoreDoor
from dgstudio.engine.labels.label_book import LabelBook, Moved
from dgstudio.engine.labels.labeller import Labeller, OpenTake
from dgstudio.engine.labels.prequential import SET_ASIDE, SET_ASIDE_EVERY, TakeScores
from dgstudio.engine.labels.undo_actions import Acts
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.group_commit import GroupCommit, Write
from dgstudio.engine.runtime.worker import Worker
from dgstudio.errors import SessionError
from dgstudio.session.file import Session
from dgstudio.types import Act, ClassInfo, Event, Example, PublishRecord, Saving, Take

GROUP_S = 0.05
"""While a key is held, its examples are committed this often."""

SAID_ELSEWHERE = frozenset({"class added", "protected", "released"})
"""Kinds of acts that need no event of their own."""


@dataclass(frozen=True, slots=True)
class LabelSink:
    """Where acknowledged labels go: the learner's door."""

    absorb: Callable[[Sequence[Example], float], None]
    forget: Callable[[Sequence[int]], None]
    add_class: Callable[[int], None]
    remove_class: Callable[[int], None]
    take_ended: Callable[[str], None]
    """Called with who labelled the take."""
    protect: Callable[[], None]
    """Protect again what was protected, as an act that is done again."""
    roll_back: Callable[[int], None]
    still_in: Callable[[Sequence[int]], str] = lambda ids: ""
    """A sentence on the versions that have learned of examples that stand no more; "" where none has."""


class StoreWorker(Worker, StoreDoor):
    """Turns key presses into takes and examples, writes everything in group commits, then passes it on.

    All public methods may be called from any thread; they only queue. When the file cannot be written the
    program goes on in memory, `saved` says why, and the writes are tried again every two seconds.
    """

    name = "dg-store"

    def __init__(
        self,
        session: Session,
        labeller: Labeller,
        book: LabelBook,
        classes: ClassTable,
        sink: LabelSink,
        events: EventQueue,
        edge: Callable[[], float],
        *,
        scores: TakeScores,
        recorder: StreamRecorder,
        reaction_s: Callable[[], float],
        hold_s: float,
    ) -> None:
        super().__init__(events)
        self._file = GroupCommit(session, events)
        self._labeller = labeller
        self._book = book
        self._scores = scores
        self._recorder = recorder
        self.sets_aside = session.config(SET_ASIDE) is True
        """Whether every fifth take of a class is set aside from learning. dg-store writes."""
        self._classes = classes
        self._acts = Acts(book, classes)
        self._sink = sink
        self._edge = edge
        self._reaction_s = reaction_s
        self._hold_s = hold_s
        self._jobs: deque[Callable[[], None]] = deque()
        self._busy = False
        self._after: deque[Callable[[], None]] = deque()
        self._open: OpenTake | None = None
        self._wake = threading.Event()

    @property
    def saved(self) -> Saving:
        """How saving stands. Any thread."""
        return self._file.saved

    @property
    def kept(self) -> frozenset[int]:
        """Versions that the session file holds, as of the last commit. Any thread."""
        return self._file.kept

    # -- what others ask for -------------------------------------------------------------------------------

    def begin_take(self, class_id: int, start: float, who: str = "held") -> None:
        """A key went down at stream time `start`."""
        wall = time.perf_counter()
        self._ask(lambda: self._begin(class_id, start, wall, who))

    def end_take(self, end: float, *, trim: bool = True) -> None:
        """The key came up at stream time `end`; `trim` takes the reaction time off."""
        self._ask(lambda: self._end(end - self._reaction_s() if trim else end))

    def cancel_take(self) -> None:
        """The press turned out to be a tap: forget the take that was begun."""
        self._ask(self._cancel)

    def label_span(self, class_id: int, start: float, end: float, who: str) -> None:
        """Label a stretch that has passed."""
        self._ask(lambda: self._span(class_id, start, end, who))

    def note_examples(self, take: Take, examples: Sequence[Example]) -> None:
        """A take whose examples were made elsewhere (labels from a file)."""
        self._ask(lambda: self._take_over(take, list(examples)))

    def file_take_ended(self) -> None:
        """No more examples come of the take that was noted last."""
        self._ask(lambda: self._after.append(lambda: self._sink.take_ended("file")))

    def hand_over(self, taker: Callable[[list[Example]], None]) -> None:
        """Give `taker` the learnable examples that stand, in dg-store: every later one goes to the sink."""
        self._ask(lambda: self._hand_over(taker))

    def set_aside(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning from now on, or none."""
        self._ask(lambda: self._set_aside(on))

    def record(self, on: bool) -> None:
        """Record the stream from now on, or no more."""
        self._ask(lambda: self._recorder.choose(on))

    def save_copy(self, path: Path, *, overwrite: bool) -> None:
        """Write all that the session has to a new file, what could not be saved so far too; an event follows."""
        self._ask(lambda: self._save_copy(path, overwrite))

    def go_on_in(self, path: Path, *, overwrite: bool) -> None:
        """Write all that the session has to a new file and go on in that one; an event follows."""
        self._ask(lambda: self._go_on_in(path, overwrite))

    def copy_for(self, path: Path, then: Callable[[SessionError | None], None]) -> None:
        """Write the same to a new file, then call `then` in dg-store, with what went wrong or None."""
        self._ask(lambda: self._copy_for(path, then))

    def class_added(self, info: ClassInfo) -> None:
        """A class was added to the table."""
        self._ask(lambda: self._act(lambda: self._acts.class_added(info)))

    def relabel(self, ids: Sequence[int], class_id: int) -> None:
        """Give examples another class."""
        self._ask(lambda: self._act(lambda: self._acts.relabelled(ids, class_id)))

    def delete(self, ids: Sequence[int]) -> None:
        """Let examples stand no more."""
        self._ask(lambda: self._act(lambda: self._acts.deleted(ids)))

    def put_note(self, ids: Sequence[int], text: str) -> None:
        """Let examples have this note; "" is none."""
        self._ask(lambda: self._act(lambda: self._acts.noted(ids, text)))

    def take_back_last(self, class_id: int) -> None:
        """Let the newest take of a class stand no more."""
        self._ask(lambda: self._act(lambda: self._acts.last_take_taken_back(class_id)))

    def protected(self, record: PublishRecord) -> None:
        """What the model knew was protected, or protected inputs were released; it can be taken back."""
        self._ask(lambda: self._act(lambda: self._acts.protected(record)))

    def edit_classes(self, kind: str, text: str, infos: Sequence[ClassInfo]) -> None:
        """Let classes be this from now on."""
        self._ask(lambda: self._act(lambda: self._acts.classes_edited(kind, text, infos)))

    def remove_class(self, class_id: int, into: int | None = None) -> None:
        """End a class: its examples stand no more, or get the label `into`."""
        self._ask(lambda: self._act(lambda: self._acts.class_removed(class_id, into)))

    def undo(self) -> None:
        """Take back the newest act."""
        self._ask(lambda: self._walk(back=True))

    def redo(self) -> None:
        """Do again what was taken back."""
        self._ask(lambda: self._walk(back=False))

    def write(self, write: Write) -> None:
        """Queue a write (a record, a setting) for the next group commit."""
        self._ask(lambda: self._file.add(write))

    def write_version(self, write: Write) -> None:
        """Queue the write of a version; the oldest are given up where the file cannot be written for long."""
        self._ask(lambda: self._file.add_version(write))

    @property
    def idle(self) -> bool:
        """Whether everything asked for has been done and written; while the file cannot be written, done is enough."""
        # In this order: what has left the queue makes busy, until it has been passed on.
        if self._jobs or self._busy:
            return False
        return not self._file.waits

    def wake(self) -> None:
        """Let a waiting turn look at its jobs."""
        self._wake.set()

    # -- the thread ----------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Do what was asked, grow the open take, commit once, then pass on what is durable."""
        self._wake.wait(GROUP_S if self._open is not None else 0.25)
        self._wake.clear()
        self._busy = True
        try:
            self._do_jobs()
            self._grow()
            self._commit()
            self._recorder.turn()
        finally:
            self._busy = False

    def finish(self) -> None:
        """End a take that is still open, write what is left, close the file."""
        try:
            self._do_jobs()
            if self._open is not None:
                self._end(self._edge())
            self._commit_now()
            self._recorder.finish()
        finally:
            self._file.close()

    def _do_jobs(self) -> None:
        while self._jobs:
            self._jobs.popleft()()

    def _ask(self, job: Callable[[], None]) -> None:
        self._jobs.append(job)
        self._wake.set()

    def _begin(self, class_id: int, start: float, wall: float, who: str) -> None:
        if self._open is not None:
            self._end(start)
        self._open = self._opened(class_id, start, wall, who)

    def _cancel(self) -> None:
        open_take, self._open = self._open, None
        if open_take is not None and open_take.written:
            self._finish_take(open_take, self._edge())

    def _grow(self) -> None:
        open_take = self._open
        if open_take is None or time.perf_counter() - open_take.held_since_wall < self._hold_s:
            return
        # What was noted in earlier turns: the learner did not wait for it.
        self._score(open_take)
        now = self._edge()
        examples = self._labeller.grow(open_take, now - self._reaction_s(), now)
        if examples:
            self._write_examples(open_take, examples)

    def _end(self, end: float) -> None:
        open_take, self._open = self._open, None
        if open_take is not None:
            self._finish_take(open_take, end)

    def _span(self, class_id: int, start: float, end: float, who: str) -> None:
        self._finish_take(self._opened(class_id, start, time.perf_counter(), who), end)

    def _opened(self, class_id: int, start: float, wall: float, who: str) -> OpenTake:
        set_aside = False
        if self.sets_aside:
            # What was labelled a moment ago counts.
            self._commit()
            set_aside = self._book.count_takes(class_id) % SET_ASIDE_EVERY == SET_ASIDE_EVERY - 1
        return self._labeller.open(class_id, start, wall, who, set_aside=set_aside)

    def _set_aside(self, on: bool) -> None:
        self.sets_aside = on
        self._file.add(lambda session: session.set_config(SET_ASIDE, on))

    def _finish_take(self, open_take: OpenTake, end: float) -> None:
        take, examples = self._labeller.close(open_take, end, self._edge())
        if examples:
            self._write_examples(open_take, examples)
        if take.examples == 0:
            text = f"No window lies inside that take of {self._acts.name(take.class_id)}: hold the key a little longer."
            self.events.say(Event("take empty", text, "warning", data=take))
            return
        self._score(open_take)
        assert open_take.prior is not None, "a take with examples was begun before they were passed on"
        answers = open_take.prior.of(take.id)
        self._file.add(lambda session: session.put_take(take))
        self._file.add(answers.keep)
        act = self._write_act_of(take)
        self._after.append(lambda: self._scores.put(answers))
        self._after.append(lambda: self._take_done(take, act, open_take.set_aside))

    def _score(self, open_take: OpenTake) -> None:
        if open_take.prior is not None:
            for example_id, reading, known in open_take.unscored:
                open_take.prior.add(example_id, reading, known)
            open_take.unscored.clear()

    def _write_act_of(self, take: Take) -> Act | None:
        act = self._book.act_of(take)
        if act is not None:
            self._file.add(lambda session: session.put_act(act))
        return act

    def _take_done(self, take: Take, act: Act | None, set_aside: bool) -> None:
        self._book.close_take(take, act)
        self._sink.take_ended(take.who)
        seconds = take.end - take.start
        text = f"{take.examples} examples of {self._acts.name(take.class_id)}, {seconds:.1f} s"
        if set_aside:
            text += ", set aside: scored, not learned"
        if self._file.failing:
            self.events.say(Event("take saved", f"{text} – not saved yet", "warning", data=take))
        else:
            self.events.say(Event("take saved", text, "good", data=take))

    def _take_over(self, take: Take, examples: list[Example]) -> None:
        made = time.perf_counter()
        self._file.add(lambda session: session.put_take(take))
        self._file.add(lambda session: session.put_examples(examples))
        act = self._write_act_of(take)
        self._after.append(lambda: self._book.note(examples))
        self._after.append(lambda: self._sink.absorb(examples, made))
        self._after.append(lambda: self._book.close_take(take, act))

    def _write_examples(self, open_take: OpenTake, examples: list[Example]) -> None:
        if open_take.prior is None:
            # Before the learner hears of it.
            open_take.prior = self._scores.begin()
        made = time.perf_counter()
        if not open_take.written:
            take = open_take.take
            self._file.add(lambda session: session.put_take(take))
            open_take.written = True
        self._file.add(lambda session: session.put_examples(examples))
        self._after.append(lambda: self._book.note(examples))
        self._after.append(lambda: self._sink.absorb(examples, made))

    def _walk(self, *, back: bool) -> None:
        # What was done a moment ago must be in the book, and with the learner, before it is taken back.
        self._commit()
        moved = self._book.undo() if back else self._book.redo()
        if moved is None:
            self.events.say(Event("undo", "Nothing to undo." if back else "Nothing to redo."))
            return
        act = moved.act
        self._file.add(lambda session: session.set_act_done(act.id, not back))
        self._pass_moved(moved)
        if act.version is not None:
            version = act.version if back else act.made
            self._after.append(self._sink.protect if version is None else lambda: self._sink.roll_back(version))
        self._say_done(Event("undo", self._acts.words(moved, back), data=act))

    def _say_done(self, event: Event) -> None:
        """Say that an act was done, once it is durable; where it could not be saved yet, that."""

        def say() -> None:
            if self._file.failing:
                text = f"{event.text.rstrip('.')} – not saved yet."
                self.events.say(replace(event, text=text, level="warning"))
            else:
                self.events.say(event)

        self._after.append(say)

    def _commit_now(self) -> None:
        self._file.retry()
        self._commit()

    def _pass_moved(self, moved: Moved) -> None:
        """Write what an act moved; once it is durable, let the learner hear of it."""
        gone, labelled, classes, noted = moved.gone, moved.labelled, moved.classes, moved.noted
        self._classes.put(classes)
        if classes:
            self._file.add(lambda session: session.put_classes(classes))
        if gone:
            self._file.add(lambda session: session.set_active(gone, False))
        if labelled:
            self._file.add(lambda session: session.set_labels(labelled))
        if noted:
            self._file.add(lambda session: session.put_notes(noted))
        made = time.perf_counter()
        self._after.append(lambda: self._tell(moved, made))

    def _tell(self, moved: Moved, made: float) -> None:
        # Classes come before what is labelled with them, and go after it.
        for class_id in moved.born:
            self._sink.add_class(class_id)
        if moved.gone:
            self._sink.forget(moved.gone)
        if moved.labelled:
            self._sink.absorb(moved.labelled, made)
            self._sink.take_ended("held")
        for class_id in moved.ended:
            self._sink.remove_class(class_id)

    def _act(self, make: Callable[[], Act | None]) -> None:
        """Do what the user wishes; `make` sees the book and the classes with all that came before."""
        self._commit()
        act = make()
        if act is None:
            return
        self._file.add(lambda session: session.put_act(act))
        moved = self._book.do(act)
        # Before the learner hears of it: what has learned them so far.
        still = self._sink.still_in(moved.gone) if moved.gone else ""
        self._pass_moved(moved)
        if act.kind not in SAID_ELSEWHERE:
            text = f"{act.text}. {still}".strip()
            self._say_done(Event("labels changed", text, "good", data=act))

    def _hand_over(self, taker: Callable[[list[Example]], None]) -> None:
        # What was labelled a moment ago is noted and absorbed together: not one without the other.
        self._commit()
        taker([example for example in self._book.active_examples() if example.learn])

    def _save_copy(self, path: Path, overwrite: bool) -> None:
        try:
            self._write_copy(path, overwrite)
        except SessionError as error:
            self.events.say(Event("copy not saved", str(error), "error"))
            return
        self.events.say(Event("copy saved", f"Everything so far is in the copy {path}.", "good", data=path))

    def _go_on_in(self, path: Path, overwrite: bool) -> None:
        self._commit_now()
        try:
            self._file.go_on_in(path, overwrite)
        except SessionError as error:
            self.events.say(Event("copy not saved", str(error), "error"))
            return
        self.events.say(Event("saved as", f"This session goes on in {path}.", "good", data=path))

    def _copy_for(self, path: Path, then: Callable[[SessionError | None], None]) -> None:
        try:
            self._write_copy(path, overwrite=False)
        except SessionError as error:
            then(error)
        else:
            then(None)

    def _write_copy(self, path: Path, overwrite: bool) -> None:
        self._commit_now()
        self._recorder.flush()
        self._file.copy_to(path, overwrite, self._recorder.waiting())

    def _commit(self) -> None:
        """Write what waits, if that can be, then let the others hear of it."""
        self._file.commit()
        while self._after:
            self._after.popleft()()

    def put_record(self, record: PublishRecord) -> None:
        """Queue one entry of the history."""
        self.write(lambda session: session.put_record(record))
