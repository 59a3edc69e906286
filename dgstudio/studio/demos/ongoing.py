"""What takes a while: a class that is held, a way that the pointer is drawn along."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from dgstudio.studio.demos.parts import DemoParts

Place = tuple[float, float]


class Ongoing(Protocol):
    """Something that goes on for some seconds of the script. Qt thread only."""

    def advance(self, seconds: float) -> bool:
        """Go on by so many seconds; whether it is over now."""
        ...

    def rest(self) -> None:
        """The script is paused: do nothing until it goes on."""
        ...

    def end(self) -> None:
        """Stop at once."""
        ...


class Holding:
    """A class that is held, as by its key, until its time is over or somebody ends it."""

    def __init__(self, parts: DemoParts, class_id: int, seconds: float) -> None:
        self._labelling, self._class, self._left = parts.labelling, class_id, seconds
        self._resting = False
        self._labelling.press(class_id)

    def advance(self, seconds: float) -> bool:
        """Hold on; after a rest, press again."""
        if self._resting:
            self._resting = False
            self._labelling.press(self._class)
        elif self._labelling.held != self._class:
            return True
        self._left -= seconds
        if self._left <= 0:
            self.end()
        return self._left <= 0

    def rest(self) -> None:
        """Let go: nothing is labelled while the audience talks."""
        self._resting = True
        self.end()

    def end(self) -> None:
        """Let go."""
        if self._labelling.held == self._class:
            self._labelling.stop()


class Drawing:
    """The pointer on its way along some places of the pad, at an even pace."""

    def __init__(self, parts: DemoParts, way: Sequence[Place], seconds: float) -> None:
        self._parts, self._way = parts, way
        self._lengths = [math.dist(a, b) for a, b in pairwise(way)]
        self._seconds, self._gone = seconds, 0.0
        parts.commands.point(*way[0])

    def advance(self, seconds: float) -> bool:
        """Move the pointer on."""
        self._gone += seconds
        self._parts.commands.point(*self.place_at(self._gone / self._seconds))
        return self._gone >= self._seconds

    def rest(self) -> None:
        """Stay there."""

    def end(self) -> None:
        """Stay there."""

    def place_at(self, share: float) -> Place:
        """Return where the pointer is after this share (0..1) of the way."""
        left = min(max(share, 0.0), 1.0) * sum(self._lengths)
        for (a, b), length in zip(pairwise(self._way), self._lengths, strict=True):
            if left <= length and length > 0:
                part = left / length
                return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
            left -= length
        return self._way[-1]
