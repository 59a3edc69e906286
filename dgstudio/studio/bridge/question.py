"""A question to dg-inspect that a page asks again whenever what it is about has changed; nothing waits for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

from dgstudio.engine.inspection.inspection_worker import Asked, InspectionWorker

if TYPE_CHECKING:
    from dgstudio.engine.inspection.inspector import Inspector

T = TypeVar("T")


class Question(Generic[T]):
    """The newest question of one topic. Qt thread only."""

    def __init__(self, inspection: InspectionWorker, topic: Hashable) -> None:
        self._inspection, self._topic = inspection, topic
        self._key: object = None
        self._asked: Asked[T] | None = None

    @property
    def open(self) -> bool:
        """Whether the answer is still waited for."""
        return self._asked is not None

    def ask(self, key: object, question: Callable[[Inspector], T]) -> bool:
        """Ask, unless the last question was about the same `key`; returns whether it was another."""
        if key == self._key:
            return False
        self._key = key
        self._asked = self._inspection.ask(self._topic, question)
        return True

    def forget(self) -> None:
        """Want no answer any more, and ask anew next time."""
        self._key = self._asked = None

    def take(self) -> Asked[T] | None:
        """Return what was asked last once it has been answered or refused, and only then; None before, and after."""
        asked = self._asked
        if asked is None or not asked.done:
            return None
        self._asked = None
        if asked.superseded:
            # Given up by dg-inspect: it may be asked again.
            self._key = None
            return None
        return asked
