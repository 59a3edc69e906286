"""dg-store: the one writer of the session file. A label is durable before the learner or the window hears of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from dgstudio.engine.facts.labelling import TakeEmpty, TakeSaved
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.label_history import TaughtModel
from dgstudio.engine.labels.labeller import Labeller, OpenTake
from dgstudio.engine.labels.prequential import SET_ASIDE, SET_ASIDE_EVERY, PrequentialScores
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.types import Act, Cause, CauseKind, Example, LabelledBy, Take

GROUP_S = 0.05
"""While a key is held, its examples are committed this often."""


class StoreWorker(Worker):
    """Does what is asked for in the queue, and turns key presses into takes and examples.

    All public methods may be called from any thread; they only queue. When the file cannot be written the
    program goes on in memory, `StoreQueue.saved` says why, and the writes are tried again every two seconds.

    Parameters
    ----------
    sets_aside
        Whether every fifth take of a class is set aside from learning.
    edge
        Stream time at this moment.
    """

    name = "dg-store"

    def __init__(
        self,
        queue: StoreQueue,
        labeller: Labeller,
        book: LabelBook,
        classes: ClassTable,
        model: TaughtModel,
        events: EventQueue,
        edge: Callable[[], float],
        *,
        scores: PrequentialScores,
        recorder: StreamRecorder,
        sets_aside: bool,
        reaction_s: Callable[[], float],
        hold_s: float,
    ) -> None:
        super().__init__(events)
        self._queue = queue
        self._labeller = labeller
        self._book = book
        self._classes = classes
        self._model = model
        self._edge = edge
        self._scores = scores
        self._recorder = recorder
        self._sets_aside = sets_aside
        self._reaction_s = reaction_s
        self._hold_s = hold_s
        self._open: OpenTake | None = None

    # -- what others ask for -------------------------------------------------------------------------------

    def begin_take(self, class_id: int, start: float, who: LabelledBy = LabelledBy.HELD) -> None:
        """A key went down at stream time `start`."""
        wall = time.perf_counter()
        self._queue.ask(lambda: self._begin(class_id, start, wall, who))

    def end_take(self, end: float, *, trim: bool = True) -> None:
        """The key came up at stream time `end`; `trim` takes the reaction time off."""
        self._queue.ask(lambda: self._end(end - self._reaction_s() if trim else end))

    def cancel_take(self) -> None:
        """The press turned out to be a tap: forget the take that was begun."""
        self._queue.ask(self._cancel)

    def label_span(self, class_id: int, start: float, end: float, who: LabelledBy) -> None:
        """Label a stretch that has passed."""
        self._queue.ask(lambda: self._span(class_id, start, end, who))

    def note_examples(self, take: Take, examples: Sequence[Example]) -> None:
        """A take whose examples were made elsewhere (labels from a file)."""
        self._queue.ask(lambda: self._take_over(take, list(examples)))

    def file_take_ended(self) -> None:
        """No more examples come of the take that was noted last."""
        self._queue.ask(lambda: self._queue.after(lambda: self._model.act_ended(LabelledBy.FILE)))

    def set_aside(self, on: bool) -> None:
        """Set every fifth take of each class aside from learning from now on, or none."""

        def choose() -> None:
            self._sets_aside = on
            self._queue.file.add(lambda session: session.set_config(SET_ASIDE, on))

        self._queue.ask(choose)

    @property
    def idle(self) -> bool:
        """Whether everything asked for has been done and written; while the file cannot be written, done is enough."""
        return self._queue.idle

    def wake(self) -> None:
        """Let a waiting turn look at its jobs."""
        self._queue.wake()

    # -- the thread ----------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Do what was asked, grow the open take, commit once, then pass on what is durable."""
        self._queue.wait(GROUP_S if self._open is not None else 0.25)
        with self._queue.busy():
            self._queue.do_jobs()
            self._grow()
            self._queue.commit()
            self._recorder.turn()

    def finish(self) -> None:
        """End a take that is still open, write what is left, close the file."""
        try:
            self._queue.do_jobs()
            if self._open is not None:
                self._end(self._edge())
            self._queue.commit_now()
            self._recorder.finish()
        finally:
            self._queue.file.close()

    def _begin(self, class_id: int, start: float, wall: float, who: LabelledBy) -> None:
        if self._open is not None:
            self._end(start)
        self._open = self._opened(class_id, start, wall, who)

    def _cancel(self) -> None:
        open_take, self._open = self._open, None
        if open_take is None:
            return
        if open_take.written:
            self._finish_take(open_take, self._edge())
        else:
            self._labeller.give_back(open_take)

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

    def _span(self, class_id: int, start: float, end: float, who: LabelledBy) -> None:
        self._finish_take(self._opened(class_id, start, time.perf_counter(), who), end)

    def _opened(self, class_id: int, start: float, wall: float, who: LabelledBy) -> OpenTake:
        set_aside = False
        if self._sets_aside:
            # What was labelled a moment ago counts.
            self._queue.commit()
            set_aside = self._book.count_takes(class_id) % SET_ASIDE_EVERY == SET_ASIDE_EVERY - 1
        return self._labeller.open(class_id, start, wall, who, set_aside=set_aside)

    def _finish_take(self, open_take: OpenTake, end: float) -> None:
        take, examples = self._labeller.close(open_take, end, self._edge())
        if examples:
            self._write_examples(open_take, examples)
        if take.examples == 0:
            self.events.say(TakeEmpty(take, self._classes.name_of(take.class_id)))
            return
        self._score(open_take)
        assert open_take.prior is not None, "a take with examples was begun before they were passed on"
        answers = open_take.prior.of(take.id)
        self._queue.file.add(lambda session: session.put_take(take))
        self._queue.file.add(answers.keep)
        act = self._write_act_of(take)
        self._queue.after(lambda: self._scores.put(answers))
        self._queue.after(lambda: self._take_done(take, act, open_take.set_aside))

    def _score(self, open_take: OpenTake) -> None:
        if open_take.prior is not None:
            for example_id, reading, known in open_take.unscored:
                open_take.prior.add(example_id, reading, known)
            open_take.unscored.clear()

    def _write_act_of(self, take: Take) -> Act | None:
        act = self._book.act_of(take)
        if act is not None:
            self._queue.file.add(lambda session: session.put_act(act))
        return act

    def _take_done(self, take: Take, act: Act | None, set_aside: bool) -> None:
        self._book.close_take(take, act)
        self._model.act_ended(take.who)
        name, durable = self._classes.name_of(take.class_id), not self._queue.file.failing
        self.events.say(TakeSaved(take, name, set_aside=set_aside, durable=durable))

    def _take_over(self, take: Take, examples: list[Example]) -> None:
        made = time.perf_counter()
        self._queue.file.add(lambda session: session.put_take(take))
        self._queue.file.add(lambda session: session.put_examples(examples))
        act = self._write_act_of(take)
        self._queue.after(lambda: self._book.note(examples))
        self._queue.after(lambda: self._model.absorb(examples, made, _cause_of(take)))
        self._queue.after(lambda: self._book.close_take(take, act))

    def _write_examples(self, open_take: OpenTake, examples: list[Example]) -> None:
        if open_take.prior is None:
            # Before the learner hears of it.
            open_take.prior = self._scores.begin()
        made = time.perf_counter()
        if not open_take.written:
            take = open_take.take
            self._queue.file.add(lambda session: session.put_take(take))
            open_take.written = True
        self._queue.file.add(lambda session: session.put_examples(examples))
        self._queue.after(lambda: self._book.note(examples))
        cause = _cause_of(open_take.take)
        self._queue.after(lambda: self._model.absorb(examples, made, cause))


def _cause_of(take: Take) -> Cause:
    """A take as what is learned from it tells it."""
    return Cause(CauseKind.TAKE, take.id, take.class_id)
