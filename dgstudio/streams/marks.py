"""What a source says of its own stream while it runs: from this moment on it is a class, or no more."""

from __future__ import annotations

from collections import deque
from typing import Protocol, runtime_checkable

from dgstudio.records import dataclass

CAPACITY = 1024
"""Marks that wait at most: nobody labels as fast."""


@dataclass(frozen=True, slots=True)
class Mark:
    """From stream time `moment` on the stream is of the class `name`; None: of none."""

    moment: float
    name: str | None


class MarkQueue:
    """Bounded; the thread that reads the source puts, another one takes, in the order of time."""

    def __init__(self) -> None:
        self.dropped = 0
        """Marks for which there was no room."""
        self._marks: deque[Mark] = deque()

    def put(self, mark: Mark) -> None:
        """Add a mark, unless too many wait."""
        if len(self._marks) >= CAPACITY:
            self.dropped += 1
            return
        self._marks.append(mark)

    def take(self, until: float) -> list[Mark]:
        """Return those up to a stream time, in their order."""
        found: list[Mark] = []
        while self._marks and self._marks[0].moment <= until:
            found.append(self._marks.popleft())
        return found


@runtime_checkable
class Marking(Protocol):
    """A source that labels its own stream."""

    marks: MarkQueue
    marks_wanted: bool
    """Whether there may be any, as the user wants it."""
