"""Fields that tell when they change: what a panel shows it follows, and nobody compares or announces by hand.

Built on Qt's signals rather than on psygnal's evented dataclasses: a widget that Qt has deleted is told nothing more, a
callback that raises leaves the others theirs, and fields that change together are told once. There the first two raise
in whoever assigns, a paused group goes on emitting field by field, and mypy takes any name for a signal's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, overload

from PySide6.QtCore import QObject, Signal, SignalInstance

T = TypeVar("T")


class Field(Generic[T]):
    """A value of an `Evented` class, which begins as `first`; assigning another one tells whoever follows the field.

    Another is what neither is the same nor equal. Values are replaced, never written into: tuples, frozen dataclasses.
    """

    def __init__(self, first: T) -> None:
        self._first = first

    @overload
    def __get__(self, holder: None, kind: type) -> Field[T]: ...
    @overload
    def __get__(self, holder: Evented, kind: type) -> T: ...
    def __get__(self, holder: Evented | None, kind: type) -> Field[T] | T:
        if holder is None:
            return self
        value: T = holder._values.get(self, self._first)
        return value

    def __set__(self, holder: Evented, value: T) -> None:
        before = holder._values.get(self, self._first)
        if value is not before and value != before:
            holder._values[self] = value
            holder._note(self, before)


class _Watch(QObject):
    """The signal of some fields together."""

    changed = Signal()

    def __init__(self, fields: tuple[Field[Any], ...], parent: QObject) -> None:
        super().__init__(parent)
        self.fields = frozenset(fields)


class Evented(QObject):
    """Holds `Field`s. Qt thread only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._values: dict[Field[Any], Any] = {}
        self._watches: dict[tuple[Field[Any], ...], _Watch] = {}
        self._before: dict[Field[Any], object] = {}
        """What the fields were that have been assigned to since followers were told."""
        self._due: dict[_Watch, None] = {}
        self._updates = 0

    def when(self, *fields: Field[Any]) -> SignalInstance:
        """Return the signal that any of these fields has changed; it goes out once an update, however many have.

        The fields are named on the class: `state.when(StudioState.mode).connect(self._show_mode)`.
        """
        watch = self._watches.get(fields)
        if watch is None:
            watch = self._watches[fields] = _Watch(fields, self)
        return watch.changed

    @contextmanager
    def update(self) -> Iterator[None]:
        """Assign to several fields; who follows them is told at the end, and not of what is then as it was before."""
        self._updates += 1
        try:
            yield
        finally:
            self._updates -= 1
            if self._before:
                self._tell()

    def _note(self, field: Field[Any], before: object) -> None:
        self._before.setdefault(field, before)
        self._tell()

    def _tell(self) -> None:
        if self._updates:
            return
        held, self._before = self._before, {}
        values = ((field, before, self._values[field]) for field, before in held.items())
        changed = {field for field, before, now in values if now is not before and now != before}
        self._due.update({watch: None for watch in self._watches.values() if not changed.isdisjoint(watch.fields)})
        # A follower may assign in its turn: what is due to others then comes with that, and not a second time.
        while self._due:
            watch = next(iter(self._due))
            del self._due[watch]
            watch.changed.emit()
