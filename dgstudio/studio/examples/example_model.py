"""The labelled examples that are shown, in their order: what the table and the thumbnails are views of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from dgstudio.engine.browse.analysis import CONFLICTING, IDENTICAL, MISLABELLED, NEAR, PROTECTED, UNKNOWN, WRONG_NOW
from dgstudio.engine.browse.example_query import Columns
from dgstudio.engine.labels.example_table import ExampleArrays
from dgstudio.engine.labels.label_book import shared_window
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.studio.theme.format import take_number
from dgstudio.types import F32, Example, LabelledBy

Index = QModelIndex | QPersistentModelIndex
HEADS = ("", "class", "take", "time", "labelled by", "learned", "answered now", "note")
WHO = {
    LabelledBy.HELD: "held key",
    LabelledBy.TAP: LabelledBy.TAP,
    LabelledBy.RETRO: "past stretch",
    LabelledBy.FILE: LabelledBy.FILE,
    LabelledBy.IMPORT: LabelledBy.IMPORT,
    LabelledBy.SUGGESTION: LabelledBy.SUGGESTION,
    LabelledBy.MESSAGE: LabelledBy.MESSAGE,
}
SAID = (MISLABELLED, CONFLICTING, IDENTICAL, NEAR, PROTECTED)
"""Marks that the tooltip names."""


def who_text(who: LabelledBy) -> str:
    """Return who labelled a take, in words."""
    return WHO[who]


class ExamplesModel(QAbstractTableModel):
    """Examples in rows, in the order given; columns as in `HEADS`.

    `name_of` gives a class's name, `colour_of` its colour.
    """

    def __init__(self, name_of: Callable[[int], str], colour_of: Callable[[int], str]) -> None:
        super().__init__()
        self._name_of, self._colour_of = name_of, colour_of
        self.ids: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._columns = Columns.of_standing(ExampleArrays.of([]), {}, {}, (), None)
        self._rows: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._pictured: Mapping[int, Sequence[Example]] = {}
        self._listed: list[Example] | None = None

    def show_rows(
        self, columns: Columns, rows: npt.NDArray[np.int64], pictured: Mapping[int, Sequence[Example]]
    ) -> bool:
        """Show these rows of the columns; `pictured` has, by take, the examples that have their raw window.

        Returns
        -------
        Whether other examples are shown than before, or in another order: what was selected is then no more.
        """
        ids = columns.ids[rows]
        same = np.array_equal(ids, self.ids)
        if not same:
            self.beginResetModel()
        self._columns, self._rows, self._pictured, self.ids = columns, rows, pictured, ids
        self._listed = None
        if not same:
            self.endResetModel()
        elif len(ids):
            self.dataChanged.emit(self.index(0, 0), self.index(len(ids) - 1, len(HEADS) - 1))
        return not same

    @property
    def examples(self) -> list[Example]:
        """The examples that are shown, in their order."""
        if self._listed is None:
            every = self._columns.examples
            self._listed = [every[row] for row in self._rows.tolist()]
        return self._listed

    def example(self, row: int) -> Example:
        """Return the example of a row."""
        return self._columns.examples[int(self._rows[row])]

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(HEADS)

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.about(index.row())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.text(index.row(), index.column()) if index.column() else self.about(index.row())
        return None

    def text(self, row: int, column: int) -> str:
        """Return what stands in a cell."""
        example = self.example(row)
        if column == 1:
            return self._name_of(example.class_id)
        if column == 2:
            return take_number(example.take_id)
        if column == 3:
            return f"{example.end:.2f} s"
        if column == 4:
            take = self._columns.takes.get(example.take_id)
            return "" if take is None else who_text(take.who)
        if column == 5:
            return "yes" if example.learn else "kept only"
        if column == 6:
            return self.answer(row)
        return self._columns.notes.get(example.id, "") if column == 7 else ""

    def answer(self, row: int) -> str:
        """Return what the serving version answers, like "rest 62 %"; "" where it has not been asked yet."""
        place = self._rows[row]
        answered = int(self._columns.answered[place])
        if answered == UNKNOWN:
            return ""
        if answered == UNSURE:
            return "unsure"
        return f"{self._name_of(answered)} {self._columns.sure[place] * 100:.0f} %"

    def is_wrong(self, row: int) -> bool:
        """Whether the serving version answers something else than the label."""
        return self.has(row, WRONG_NOW)

    def has(self, row: int, mark: str) -> bool:
        """Whether a row is what one of `MARKS` says."""
        return bool(self._columns.flags[mark][self._rows[row]])

    def note(self, row: int) -> str:
        """Return the note on a row's example; "" where there is none."""
        return self._columns.notes.get(self.example(row).id, "")

    def about(self, row: int) -> str:
        """Return all that is known of a row, in lines."""
        example = self.example(row)
        span = f"{example.start:.2f} to {example.end:.2f} s"
        name, number = self._name_of(example.class_id), take_number(example.take_id)
        lines = [f"Example {example.id}: {name}, take {number}, {span}"]
        answer = self.answer(row)
        if answer:
            lines.append(f"Answered now: {answer}")
        said = [mark for mark in SAID if self.has(row, mark)]
        if said:
            lines.append(", ".join(said).capitalize())
        note = self.note(row)
        if note:
            lines.append(f"Note: {note}")
        return "\n".join(lines)

    def colour(self, row: int) -> str:
        """Return the colour of a row's class."""
        return self._colour_of(self.example(row).class_id)

    def picture(self, row: int) -> F32 | None:
        """Return the window (n, channels) to draw for a row: its own, or that of its take that it shares most with."""
        example = self.example(row)
        return shared_window(example, self._pictured.get(example.take_id, ()))
