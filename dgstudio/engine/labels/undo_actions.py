"""What the user can do to labels and classes, as acts: what each would change, given how things stand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.reasons.done import (
    ClassEnded,
    ClassMade,
    ExamplesDeleted,
    ExamplesImported,
    ExamplesRelabelled,
    NotePut,
    TakeTakenBack,
)
from dgstudio.reasons.reason import Reason
from dgstudio.types import (
    Act,
    ActKind,
    ClassChange,
    ClassInfo,
    Example,
    LabelChange,
    NoteChange,
    PublishRecord,
    RecordKind,
)


class Acts:
    """Makes acts of wishes, numbered, of how the book and the classes stand now. Used by dg-store only.

    A wish that would change nothing makes none.
    """

    def __init__(self, book: LabelBook, classes: ClassTable) -> None:
        self._book = book
        self._classes = classes

    def relabelled(self, ids: Sequence[int], class_id: int) -> Act | None:
        """These examples get another label."""
        moving = [example for example in self._book.standing(ids) if example.class_id != class_id]
        what = ExamplesRelabelled(len(moving), self._classes.name_of(class_id))
        return self._made(ActKind.RELABELLED, what, _changes(moving, class_id))

    def deleted(self, ids: Sequence[int]) -> Act | None:
        """These examples stand no more."""
        going = self._book.standing(ids)
        return self._made(ActKind.DELETED, ExamplesDeleted(len(going)), _changes(going, None))

    def all_deleted(self) -> Act | None:
        """No example stands any more."""
        return self.deleted([example.id for info in self._classes.every() for example in self._book.of_class(info.id)])

    def noted(self, ids: Sequence[int], text: str) -> Act | None:
        """These examples have this note from now on; "" is none."""
        known, by_note = self._book.notes(), dict[str, list[int]]()
        for example in self._book.standing(ids):
            before = known.get(example.id, "")
            if before != text:
                by_note.setdefault(before, []).append(example.id)
        if not by_note:
            return None
        changes = tuple(NoteChange(before, text, tuple(sorted(ids))) for before, ids in sorted(by_note.items()))
        what = NotePut(sum(len(change.ids) for change in changes), text)
        return Act(self._book.next_number(), ActKind.NOTED, what, unix=time.time(), notes=changes)

    def last_take_taken_back(self, class_id: int) -> Act | None:
        """What stands of the newest take in which this class has examples stands no more."""
        newest = max((example.take_id for example in self._book.of_class(class_id)), default=None)
        if newest is None:
            return None
        going = [e for e in self._book.of_class(class_id) if e.take_id == newest]
        what = TakeTakenBack(self._classes.name_of(class_id), len(going))
        return self._made(ActKind.DELETED, what, _changes(going, None))

    def class_added(self, info: ClassInfo) -> Act | None:
        """A class is born."""
        return self._made(ActKind.CLASS_ADDED, ClassMade(info.name), classes=(ClassChange(None, info),))

    def classes_edited(self, kind: ActKind, what: Reason, infos: Sequence[ClassInfo]) -> Act | None:
        """Classes are this from now on."""
        pairs = [(self._classes.get(info.id), info) for info in infos]
        changes = tuple(ClassChange(before, after) for before, after in pairs if before != after)
        return self._made(kind, what, classes=changes)

    def class_removed(self, class_id: int, into: int | None) -> Act | None:
        """A class ends: its examples stand no more, or get the label `into`."""
        info = self._classes.get(class_id)
        if not info.living:
            return None
        examples = self._book.of_class(class_id)
        kind = ActKind.CLASS_REMOVED if into is None else ActKind.CLASSES_MERGED
        what = ClassEnded(info.name, len(examples), None if into is None else self._classes.name_of(into))
        return self._made(kind, what, _changes(examples, into), (ClassChange(info, replace(info, living=False)),))

    def imported(self, name: str, labelled: dict[int, list[int]], born: Sequence[ClassInfo]) -> Act:
        """Examples of a file stand from now on: class id → their ids; with the classes that are made for them."""
        what = ExamplesImported(sum(map(len, labelled.values())), len(labelled), name)
        changes = tuple(LabelChange(None, class_id, tuple(ids)) for class_id, ids in sorted(labelled.items()))
        classes = tuple(ClassChange(None, info) for info in born)
        return Act(self._book.next_number(), ActKind.IMPORTED, what, changes, classes, unix=time.time())

    def protected(self, record: PublishRecord) -> Act | None:
        """What the model knew was protected, or protected inputs were released."""
        made = record.version if record.kind == RecordKind.RELEASED else None
        return Act(
            self._book.next_number(),
            ActKind(record.kind),
            record.reason,
            unix=record.unix,
            version=record.parent,
            made=made,
        )

    def _made(
        self, kind: ActKind, what: Reason, labels: tuple[LabelChange, ...] = (), classes: tuple[ClassChange, ...] = ()
    ) -> Act | None:
        if not labels and not classes:
            return None
        return Act(self._book.next_number(), kind, what, labels, classes, unix=time.time())


def _changes(examples: Sequence[Example], after: int | None) -> tuple[LabelChange, ...]:
    """The change to one label, by the labels that the examples have."""
    by_label: dict[int, list[int]] = {}
    for example in examples:
        by_label.setdefault(example.class_id, []).append(example.id)
    return tuple(LabelChange(before, after, tuple(sorted(ids))) for before, ids in sorted(by_label.items()))
