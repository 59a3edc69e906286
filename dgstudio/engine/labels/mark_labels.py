"""What a source says of its own stream becomes takes: markers of another program, say."""

from __future__ import annotations

from collections.abc import Callable

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.labels.label_commands import LabelCommands
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.errors import BadInputError
from dgstudio.streams.marks import Mark, Marking
from dgstudio.streams.source import Source
from dgstudio.types import Level


class MarkLabels:
    """Carries out the marks of a source that has some. One thread: the one that labels by hand, too."""

    def __init__(
        self, source: Source, labels: LabelCommands, classes: ClassTable, ring: SampleRing, events: EventQueue
    ) -> None:
        self._marks = source.marks if isinstance(source, Marking) else None
        self._shift: Callable[[], float] = float
        self._labels, self._classes, self._ring, self._events = labels, classes, ring, events
        self._open = False
        self.carried_out = 0
        """Marks that were followed."""

    def follow(self, source: Source, shift: Callable[[], float]) -> None:
        """Carry out the marks of another source from now on; `shift` is added to its times. What is open ends."""
        edge = self._ring.edge()
        if self._open and edge is not None:
            self._labels.end_take(edge[0])
        self._open = False
        self._marks, self._shift = source.marks if isinstance(source, Marking) else None, shift

    def carry_out(self) -> None:
        """Follow all marks of moments that have come: each begins a take of its class, which is made if need be."""
        edge = None if self._marks is None else self._ring.edge()
        if self._marks is None or edge is None:
            return
        shift = self._shift()
        for mark in self._marks.take(edge[0] - shift):
            try:
                self._follow(Mark(mark.moment + shift, mark.name))
            except BadInputError as error:
                self._events.say(
                    Notice(EventKind.LABEL_LEFT_OUT, f"A marker cannot be followed: {error}", Level.WARNING)
                )

    def _follow(self, mark: Mark) -> None:
        if self._open:
            self._labels.end_take(mark.moment)
            self._open = False
        if mark.name is not None:
            info = self._classes.by_name(mark.name) or self._labels.add_class(mark.name)
            self._labels.begin_take(info.id, mark.moment)
            self._open = True
        self.carried_out += 1
