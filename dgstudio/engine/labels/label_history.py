"""The user's acts on labels and classes: done in dg-store, made durable, told to the model; undone and done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from dgstudio.engine.facts.event import Fact
from dgstudio.engine.facts.labelling import ActWalked, LabelsChanged, NothingToWalk, StillLearned
from dgstudio.engine.labels.label_book import LabelBook, LabelsMoved
from dgstudio.engine.labels.undo_actions import Acts
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.types import Act, ActKind, Cause, CauseKind, Example, LabelledBy

CAUSES = {
    ActKind.TAKE: CauseKind.TAKE,
    ActKind.CLASS_ADDED: CauseKind.CLASS_ADDED,
    ActKind.CLASS_REMOVED: CauseKind.CLASS_REMOVED,
    ActKind.CLASSES_MERGED: CauseKind.CLASS_REMOVED,
    ActKind.RELABELLED: CauseKind.RELABELLED,
    ActKind.DELETED: CauseKind.DELETED,
    ActKind.IMPORTED: CauseKind.IMPORTED,
}
"""What the model is told of acts when they are done; those that are not here change no label and no life of a class."""
SAID_ELSEWHERE = frozenset({ActKind.CLASS_ADDED, ActKind.PROTECTED, ActKind.RELEASED})
"""Kinds of acts that need no event of their own."""


class TaughtModel(Protocol):
    """The model that learns from the labels: what it is told of them once they are durable. dg-store calls."""

    def absorb(self, examples: Sequence[Example], made_wall: float, cause: Cause) -> None:
        """Learn these examples, which exist since `made_wall`; `cause` is what the user did that they come of."""

    def forget(self, ids: Sequence[int], cause: Cause) -> None:
        """Unlearn these."""

    def add_class(self, class_id: int, cause: Cause) -> None:
        """A class lives; it is told before what is labelled with it."""

    def remove_class(self, class_id: int, cause: Cause) -> None:
        """A class lives no more; it is told after what was labelled with it."""

    def act_ended(self, who: LabelledBy) -> None:
        """A take is over, or another act on labels; `who` labelled it, as in `Take`."""

    def go_to(self, version: int | None, cause: Cause) -> None:
        """Go to the version on the other side of an act; None: protect again what it had protected."""

    def still_in(self, ids: Sequence[int]) -> StillLearned | None:
        """The versions that have learned of examples that stand no more; None where none has."""
        ...


class LabelHistory:
    """Does acts, and walks back and forth in the history of them. `ask` and `walk` may be called from any thread."""

    def __init__(
        self, queue: StoreQueue, book: LabelBook, classes: ClassTable, model: TaughtModel, events: EventQueue
    ) -> None:
        self._queue = queue
        self._book = book
        self._classes = classes
        self._acts = Acts(book, classes)
        self._model = model
        self._events = events

    def ask(self, make: Callable[[Acts], Act | None]) -> None:
        """Have the act done that `make` makes of how things stand by then."""
        self._queue.ask(lambda: self.do(make))

    def walk(self, *, back: bool) -> None:
        """Take back the newest act, or do again what was taken back last."""
        self._queue.ask(lambda: self._walk(back))

    # -- dg-store only -------------------------------------------------------------------------------------

    def do(self, make: Callable[[Acts], Act | None]) -> None:
        """Do what the user wishes; `make` sees the book and the classes with all that came before."""
        self._queue.commit()
        act = make(self._acts)
        if act is None:
            return
        self._queue.file.add(lambda session: session.put_act(act))
        moved = self._book.do(act)
        # Before the learner hears of it: what has learned them so far.
        still = self._model.still_in(moved.gone) if moved.gone else None
        self._pass_on(moved, self._cause(moved, CAUSES.get(act.kind, CauseKind.RELABELLED)))
        if act.kind not in SAID_ELSEWHERE:
            self._say_done(partial(LabelsChanged, act, still))

    def _walk(self, back: bool) -> None:
        # What was done a moment ago must be in the book, and with the learner, before it is taken back.
        self._queue.commit()
        moved = self._book.walk(back=back)
        if moved is None:
            self._events.say(NothingToWalk(back))
            return
        act = moved.act
        self._queue.file.add(lambda session: session.set_act_done(act.id, not back))
        cause = self._cause(moved, CauseKind.UNDONE if back else CauseKind.REDONE)
        self._pass_on(moved, cause)
        if act.version is not None:
            version = act.version if back else act.made
            self._queue.after(lambda: self._model.go_to(version, cause))
        count, name = 0, ""
        if act.take_id is not None:
            count = len(moved.gone) + len(moved.labelled)
            name = self._classes.name_of(self._book.take(act.take_id).class_id)
        self._say_done(partial(ActWalked, act, back, count, name))

    def _say_done(self, fact: Callable[..., Fact]) -> None:
        """Say that an act was done, once it is durable; where it could not be saved yet, that."""
        self._queue.after(lambda: self._events.say(fact(durable=not self._queue.file.failing)))

    def _cause(self, moved: LabelsMoved, kind: CauseKind) -> Cause:
        """The act as what comes of it tells it, with the class that it is about if it is about one."""
        act = moved.act
        about = {change.after if change.after is not None else change.before for change in act.labels}
        about |= {change.after.id for change in act.classes}
        if act.take_id is not None:
            about.add(self._book.take(act.take_id).class_id)
        return Cause(kind, act.id, about.pop() if len(about) == 1 else None)

    def _pass_on(self, moved: LabelsMoved, cause: Cause) -> None:
        """Write what an act moved; once it is durable, let the model hear of it."""
        gone, labelled, classes, noted = moved.gone, moved.labelled, moved.classes, moved.noted
        file = self._queue.file
        self._classes.put(classes)
        if classes:
            file.add(lambda session: session.put_classes(classes))
        if gone:
            file.add(lambda session: session.set_active(gone, False))
        if labelled:
            file.add(lambda session: session.set_labels(labelled))
        if noted:
            file.add(lambda session: session.put_notes(noted))
        made = time.perf_counter()
        self._queue.after(lambda: self._tell(moved, made, cause))

    def _tell(self, moved: LabelsMoved, made: float, cause: Cause) -> None:
        # Classes come before what is labelled with them, and go after it.
        for class_id in moved.born:
            self._model.add_class(class_id, cause)
        if moved.gone:
            self._model.forget(moved.gone, cause)
        if moved.labelled:
            self._model.absorb(moved.labelled, made, cause)
        if moved.gone or moved.labelled:
            # The version on either side of an act can be gone back to.
            self._model.act_ended(LabelledBy.HELD)
        for class_id in moved.ended:
            self._model.remove_class(class_id, cause)
