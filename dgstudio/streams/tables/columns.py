"""One column of a file while it is read: its cells as numbers, and as names where it holds names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import CELL, COLUMNS
from dgstudio.guard.texts import plain_text, text_of_cell
from dgstudio.records import dataclass
from dgstudio.types import F64, I32

NAMED = frozenset({"label", "labels", "class", "activity", "gesture", "take", "takes", "split", "who", "source"})
"""Columns of names, in lower case: their cells mean names even where they are numbers."""
EMPTY = ("", "?")
"""Cells in which there is nothing."""
MOST_BAD = 200
"""Words among numbers that a column remembers as they stand in the file; all are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Categories:
    """A column of names: `codes` (n,) int32 index `names`, which stand in the order in which they first appear."""

    codes: I32
    names: tuple[str, ...]


class Column:
    """Takes cells piece by piece.

    Parameters
    ----------
    decimal_comma
        Numbers are written as in 1,5.
    named
        Its cells are names, whatever they look like; columns called as in `NAMED` are that anyway.
    guess
        A column that begins with a word is taken for one of names.

    Attributes
    ----------
    numbers : cells that are numbers, NaN included.
    words : cells that are neither numbers nor empty.
    first_word : row of the first of those, from 0; -1 where there is none.
    bad : row → cell of the first such cells, where the column has no names.
    """

    def __init__(self, name: str, *, decimal_comma: bool = False, named: bool = False, guess: bool = False) -> None:
        self.name = name
        self.numbers = self.words = 0
        self.first_word = -1
        self.bad: dict[int, str] = {}
        self._decimal_comma, self._guess = decimal_comma, guess
        self._values: list[F64] = []
        self._codes: list[I32] | None = [] if named or name.lower() in NAMED else None
        self._index: dict[str, int] = {}
        self._rows = 0

    @classmethod
    def of_numbers(cls, name: str, values: npt.NDArray[np.number]) -> Self:
        """A column of numbers that are there already, (n,)."""
        column = cls(name)
        column._codes = None
        column._values = [values.astype(np.float64)]
        column._rows = column.numbers = len(values)
        return column

    @classmethod
    def of_names(cls, name: str, names: Categories) -> Self:
        """A column of names that are there already."""
        column = cls(name, named=True)
        column._codes = [names.codes]
        column._index = {text: code for code, text in enumerate(names.names)}
        column._values = [np.full(len(names.codes), np.nan)]
        column._rows = column.words = len(names.codes)
        return column

    def __len__(self) -> int:
        return self._rows

    def add(self, cells: Sequence[str]) -> None:
        """Take the next cells."""
        begins = self._guess and not self._rows and self._codes is None and bool(cells)
        if begins and number_in(self._plain(cells[0])) is None:
            # It begins with a word, or with nothing: then its cells may all be names.
            self._codes = [] if cells[0].strip() not in EMPTY else None
        if self._codes is not None:
            index = self._index
            codes = (index.setdefault(cell.strip(), len(index)) for cell in cells)
            self._codes.append(np.fromiter(codes, np.int32, len(cells)))
        if self._decimal_comma:
            cells = [cell.replace(",", ".") for cell in cells]
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
            self.numbers += len(cells)
        except ValueError:
            values = self._one_by_one(cells)
        self._values.append(values)
        self._rows += len(cells)

    def _plain(self, cell: str) -> str:
        return cell.replace(",", ".") if self._decimal_comma else cell

    def _one_by_one(self, cells: Sequence[str]) -> F64:
        values = np.full(len(cells), np.nan)
        for i, cell in enumerate(cells):
            number = number_in(cell)
            if number is not None:
                values[i] = number
                self.numbers += 1
            elif cell.strip() not in EMPTY:
                if not self.words:
                    self.first_word = self._rows + i
                self.words += 1
                if len(self.bad) < MOST_BAD and self._codes is None:
                    self.bad[self._rows + i] = cell.strip()
        return values

    def values(self) -> F64:
        """Return the cells as numbers, (n,), NaN for words and for empty cells."""
        if len(self._values) > 1:
            self._values = [np.concatenate(self._values)]
        return self._values[0] if self._values else np.zeros(0)

    @property
    def named(self) -> bool:
        """Whether its cells are at hand as they stand in the file."""
        return self._codes is not None or not self.words

    def categories(self) -> Categories:
        """Return the cells as names; numbers are named as people write them, an empty cell is ""."""
        if self._codes is not None:
            codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.int32)
            return Categories(codes, tuple(map(name_in, self._index)))
        found = categories_of(self.values())
        return Categories(found.codes, tuple("" if name == "nan" else name for name in found.names))


def number_in(cell: str) -> float | None:
    """Return the number that a cell holds, or None."""
    try:
        return float(cell)
    except ValueError:
        return None


def name_in(cell: str, most: int = CELL) -> str:
    """Return the name that a cell holds: plain, cut to so many characters, without what exports put before formulas."""
    return plain_text(text_of_cell(cell.strip()), most)


def require_columns(path: Path, count: int) -> None:
    """Refuse a table with more columns than the limit, in a sentence."""
    if count > COLUMNS:
        raise BadInputError(
            f"{path.name} has {count:,} columns: {COLUMNS:,} is the most, leave out what is not needed."
        )


def too_many_cells(path: Path, most: int) -> BadInputError:
    """Say that a table has more cells than the limit."""
    return BadInputError(f"{path.name} has more than {most:,} cells, the most at once: split it into several files.")


def texts_of(array: npt.NDArray[Any]) -> list[str]:
    """Return the entries as plain text; whole numbers without a decimal point, whatever their type."""
    entries = array.tolist()
    if array.dtype.kind == "S":
        return [plain_text(entry.decode("utf-8", "replace").strip(), CELL) for entry in entries]
    if array.dtype.kind == "f":
        return [str(int(entry)) if entry.is_integer() else str(entry) for entry in entries]
    return [plain_text(str(entry).strip(), CELL) for entry in entries]


def categories_of(array: npt.NDArray[Any]) -> Categories:
    """Return the entries (n,) as names, in the order in which they first appear."""
    found, first, codes = np.unique(array, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    return Categories(rank[codes], tuple(texts_of(found[order])))
