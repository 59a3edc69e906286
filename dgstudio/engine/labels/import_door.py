"""dg-store's door for imports: examples are written out of sight, then stand by one act, or are gone again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.label_history import LabelHistory
from dgstudio.engine.labels.labeller import Labeller
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.streams.imports.watch import Stopped
from dgstudio.types import Act, ClassInfo, Example, Take

POLL_S = 0.2


class LetStand(Protocol):
    """Finds or makes classes by name (with whether it was made), adds takes, and makes the act."""

    def __call__(
        self,
        class_of: Callable[[str], tuple[ClassInfo, bool]],
        made: Callable[[str, dict[int, list[int]], list[ClassInfo]], Act],
        add_takes: Callable[[list[Take]], None],
    ) -> Act:
        """Do it, in dg-store."""
        ...


class ImportDoor:
    """Lets imports into the session. Its public methods wait for dg-store (`store`), which must run."""

    def __init__(
        self,
        queue: StoreQueue,
        history: LabelHistory,
        book: LabelBook,
        classes: ClassTable,
        labeller: Labeller,
        store: Worker,
    ) -> None:
        self._queue = queue
        self._history = history
        self._book = book
        self._classes = classes
        self._labeller = labeller
        self._store = store

    def reserve(self, examples: int, takes: int) -> tuple[int, int]:
        """Return the first of so many ids of examples, and of takes, which nobody else gets."""
        found: list[tuple[int, int]] = []
        self._and_wait(lambda: found.append(self._labeller.reserve(examples, takes)))
        return found[0]

    def put_hidden(self, examples: Sequence[Example]) -> None:
        """Write examples that do not stand yet, and wait until they are durable."""
        if not examples:
            return
        ids = [example.id for example in examples]

        def put() -> None:
            self._queue.file.add(lambda session: session.put_examples(examples))
            self._queue.file.add(lambda session: session.set_active(ids, False))
            self._queue.after(lambda: self._book.note_hidden(examples))

        self._and_wait(put)

    def drop_hidden(self, ids: Sequence[int]) -> None:
        """Remove what `put_hidden` wrote; does not wait."""

        def drop() -> None:
            self._queue.file.add(lambda session: session.drop_examples(ids, ()))
            self._queue.after(lambda: self._book.drop_hidden(ids))

        self._queue.ask(drop)

    def let_stand(self, let: LetStand) -> None:
        """Let what was written stand, by one act, and wait until that is durable and has been told."""

        def class_of(name: str) -> tuple[ClassInfo, bool]:
            key = name.casefold()
            known = next((info for info in self._classes.living() if info.name.casefold() == key), None)
            return (self._classes.add(name), True) if known is None else (known, False)

        def add_takes(takes: list[Take]) -> None:
            self._queue.file.add(lambda session: session.put_takes(takes))
            self._book.add_takes(takes)

        self._and_wait(lambda: self._history.do(lambda acts: let(class_of, acts.imported, add_takes)))

    def _and_wait(self, job: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            try:
                job()
            finally:
                self._queue.after(done.set)

        self._queue.ask(run)
        while not done.wait(POLL_S):
            if self._store.failed or not self._store.alive:
                raise Stopped("Nothing can be imported: the session is closed.")
