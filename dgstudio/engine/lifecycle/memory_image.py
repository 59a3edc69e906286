"""What a running engine knows of its session, for a new file where the session's own cannot be read any more."""

from __future__ import annotations

from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.history import History
from dgstudio.session.file import Session


class MemoryImage:
    """Classes, takes, examples, notes, the undo history and the history of publishes. Any thread.

    Versions of the model are not among them: whoever has the learner writes its head anew.
    """

    def __init__(self, classes: ClassTable, book: LabelBook, history: History) -> None:
        self._classes, self._book, self._history = classes, book, history

    def __call__(self, session: Session) -> None:
        """Put all of it into a session that may hold some of it already."""
        book = self._book
        takes = book.every_take()
        with session.batch():
            session.put_classes(self._classes.every())
            session.put_takes(takes.values())
            for take_id in takes:
                session.put_examples(book.examples_of(take_id))
            standing = {example.id for example in book.active_examples()}
            session.set_active(
                [e.id for take_id in takes for e in book.examples_of(take_id) if e.id not in standing], False
            )
            session.put_notes(book.notes().items())
            acts, done = book.history()
            for act in acts:
                session.put_act(act)
            for act in acts[done:]:
                session.set_act_done(act.id, False)
            known = max((record.seq for record in session.records()), default=-1)
            for record in self._history:
                if record.seq > known:
                    session.put_record(record)
