"""dg-store's door for imports: examples are written out of sight, then stand by one act, or are gone again."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.labeller import Labeller
from dgstudio.engine.labels.undo_actions import Acts
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.group_commit import GroupCommit
from dgstudio.streams.imports.table import Stopped
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


class StoreDoor(ABC):
    """The part of dg-store that takes imports in. Its public methods wait for dg-store, which must run."""

    failed: bool
    _file: GroupCommit
    _book: LabelBook
    _classes: ClassTable
    _labeller: Labeller
    _acts: Acts
    _after: deque[Callable[[], None]]

    @abstractmethod
    def _ask(self, job: Callable[[], None]) -> None: ...

    @abstractmethod
    def _act(self, make: Callable[[], Act | None]) -> None: ...

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether the thread runs."""

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
            self._file.add(lambda session: session.put_examples(examples))
            self._file.add(lambda session: session.set_active(ids, False))
            self._after.append(lambda: self._book.note_hidden(examples))

        self._and_wait(put)

    def drop_hidden(self, ids: Sequence[int]) -> None:
        """Remove what `put_hidden` wrote; does not wait."""

        def drop() -> None:
            self._file.add(lambda session: session.drop_examples(ids, ()))
            self._after.append(lambda: self._book.drop_hidden(ids))

        self._ask(drop)

    def let_stand(self, let: LetStand) -> None:
        """Let what was written stand, by one act, and wait until that is durable and has been told."""

        def class_of(name: str) -> tuple[ClassInfo, bool]:
            key = name.casefold()
            known = next((info for info in self._classes.living() if info.name.casefold() == key), None)
            return (self._classes.add(name), True) if known is None else (known, False)

        def add_takes(takes: list[Take]) -> None:
            self._file.add(lambda session: session.put_takes(takes))
            self._book.add_takes(takes)

        self._and_wait(lambda: self._act(lambda: let(class_of, self._acts.imported, add_takes)))

    def _and_wait(self, job: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            try:
                job()
            finally:
                self._after.append(done.set)

        self._ask(run)
        while not done.wait(POLL_S):
            if self.failed or not self.alive:
                raise Stopped("Nothing can be imported: the session is closed.")
