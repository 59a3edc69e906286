"""The labels as they stand: takes, counts and newest windows a class, and the history that undo walks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dgstudio.types import F32, Example, Take

THUMBNAILS = 8
"""Newest windows kept for each class's card."""


@dataclass(slots=True)
class ClassLabels:
    """What one class has: `learnable` counts the examples that are learned, `thumbs` its newest windows."""

    examples: int = 0
    learnable: int = 0
    thumbs: deque[F32] = field(default_factory=lambda: deque(maxlen=THUMBNAILS))


@dataclass(frozen=True, slots=True)
class Done:
    """One act that undo takes back: a take with its examples, or the birth of a class."""

    kind: str
    """"take" or "class"."""
    class_id: int
    take_id: int = -1


class LabelBook:
    """dg-store writes; any thread reads. Examples stay in memory so that undo and redo need no file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._takes: dict[int, Take] = {}
        self._examples: dict[int, list[Example]] = {}
        self._hidden: set[int] = set()
        self._earlier: set[int] = set()
        self._labels: dict[int, ClassLabels] = {}
        self._done: list[Done] = []
        self._undone: list[Done] = []
        self.changes = 0
        """Grows with every change, so that a reader knows whether to look again."""

    def restore(self, takes: Iterable[Take], examples: Iterable[Example], active_takes: set[int]) -> None:
        """Fill an empty book from a session. The times of these takes are of another run's clock."""
        with self._lock:
            for take in takes:
                self._takes[take.id] = take
                self._earlier.add(take.id)
                if take.id in active_takes:
                    self._done.append(Done("take", take.class_id, take.id))
                else:
                    self._hidden.add(take.id)
            for example in examples:
                self._examples.setdefault(example.take_id, []).append(example)
                if example.take_id not in self._hidden:
                    self._add(example)
            self.changes += 1

    def note(self, examples: Sequence[Example]) -> None:
        """Add examples that are safe on disk (or that no disk could take, which has been said)."""
        with self._lock:
            for example in examples:
                self._examples.setdefault(example.take_id, []).append(example)
                self._add(example)
            self.changes += 1

    def close_take(self, take: Take) -> None:
        """Add a finished take to the history, or its new state; what was undone can no longer be redone."""
        with self._lock:
            if take.id not in self._takes:
                self._done.append(Done("take", take.class_id, take.id))
            self._takes[take.id] = take
            self._undone.clear()
            self.changes += 1

    def class_born(self, class_id: int) -> None:
        """Add the birth of a class to the history."""
        with self._lock:
            self._done.append(Done("class", class_id))
            self._undone.clear()
            self.changes += 1

    def undo(self) -> Done | None:
        """Take back the newest act and return it; None when there is nothing left."""
        return self._move(self._done, self._undone, hide=True)

    def redo(self) -> Done | None:
        """Do again what was taken back last; None when there is nothing."""
        return self._move(self._undone, self._done, hide=False)

    def _move(self, source: list[Done], target: list[Done], *, hide: bool) -> Done | None:
        with self._lock:
            if not source:
                return None
            done = source.pop()
            target.append(done)
            if done.kind == "take":
                (self._hidden.add if hide else self._hidden.discard)(done.take_id)
                self._recount(done.class_id)
            self.changes += 1
            return done

    def examples_of(self, take_id: int) -> list[Example]:
        """All examples of a take, undone or not."""
        with self._lock:
            return list(self._examples.get(take_id, ()))

    def active_examples(self) -> list[Example]:
        """Every example whose take stands, in order of noting."""
        with self._lock:
            return [e for take, items in self._examples.items() if take not in self._hidden for e in items]

    def takes(self, since: float = float("-inf")) -> list[Take]:
        """The takes of this run that stand and end after `since` (stream time), in order."""
        with self._lock:
            out = self._hidden | self._earlier
            return [t for t in self._takes.values() if t.id not in out and t.end >= since]

    def take(self, take_id: int) -> Take:
        """The take with this id."""
        with self._lock:
            return self._takes[take_id]

    def labels(self, class_id: int) -> tuple[int, int, list[F32]]:
        """(examples, learnable examples, newest windows) of a class."""
        with self._lock:
            labels = self._labels.get(class_id)
            return (0, 0, []) if labels is None else (labels.examples, labels.learnable, list(labels.thumbs))

    @property
    def total(self) -> int:
        """Examples that stand, of all classes."""
        with self._lock:
            return sum(labels.examples for labels in self._labels.values())

    def _add(self, example: Example) -> None:
        labels = self._labels.setdefault(example.class_id, ClassLabels())
        labels.examples += 1
        labels.learnable += example.learn
        if example.raw is not None:
            labels.thumbs.append(example.raw)

    def _recount(self, class_id: int) -> None:
        self._labels[class_id] = ClassLabels()
        for take_id, examples in self._examples.items():
            if take_id not in self._hidden:
                for example in examples:
                    if example.class_id == class_id:
                        self._add(example)
