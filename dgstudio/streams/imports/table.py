"""A file of labelled data as a table of columns, whichever kind of file it was; with what is wrong with its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgstudio.errors import DgstudioError
from dgstudio.streams.csvfile import Categories, number_in
from dgstudio.streams.table import categories_of
from dgstudio.types import F32, F64

I64 = npt.NDArray[np.int64]

MOST_TOLD = 200
"""Problems that are told in words; all are counted."""
MOST_CELLS = 60_000_000
"""Cells that fit the memory of a laptop beside everything else."""
MOST_BYTES = 1 << 30
PREVIEW = 12
"""Rows that are kept as they stand in the file."""
NAMED = frozenset({"label", "labels", "class", "activity", "gesture", "take", "takes", "split", "who", "source"})
"""Columns of names, in lower case: their cells mean names even where they are numbers."""


class Stopped(DgstudioError):
    """The user wants no more of it."""


class Watch:
    """How far a long piece of work is; whoever wants it no more calls `stop`. Any thread."""

    def __init__(self) -> None:
        self.share = 0.0
        self._stopped = False

    def stop(self) -> None:
        """Let the work end at its next step."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """Whether it is to end."""
        return self._stopped

    def at(self, share: float) -> None:
        """So much is done, 0..1; raises `Stopped` where it is to end."""
        self.share = share
        if self._stopped:
            raise Stopped("It was cancelled.")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line of the file; 0 where it is not about one line."""

    line: int
    text: str


@dataclass(slots=True)
class Problems:
    """What is wrong with the lines of a file: the first ones in words, all of them as a count."""

    told: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, text: str) -> None:
        """One more."""
        self.count += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(Problem(line, text))


class ImportColumn:
    """One column while it is read, in pieces: its cells as numbers, and as names where it holds any.

    Attributes
    ----------
    numbers : cells that are numbers, NaN included.
    words : cells that are neither numbers nor empty.
    bad : (row, cell) of the first such cells, where the column has no names.
    """

    def __init__(self, name: str, *, decimal_comma: bool = False, named: bool = False) -> None:
        self.name = name
        self.numbers = self.words = 0
        self.bad: dict[int, str] = {}
        self._decimal_comma = decimal_comma
        self._values: list[F64] = []
        self._codes: list[npt.NDArray[np.int32]] | None = [] if named or name.lower() in NAMED else None
        self._index: dict[str, int] = {}
        self._rows = 0

    @classmethod
    def of_numbers(cls, name: str, values: npt.NDArray[np.number]) -> ImportColumn:
        """A column of numbers that are there already, (n,)."""
        column = cls(name)
        column._codes = None
        column._values = [values.astype(np.float64)]
        column._rows = column.numbers = len(values)
        return column

    @classmethod
    def of_names(cls, name: str, names: Categories) -> ImportColumn:
        """A column of names that are there already."""
        column = cls(name, named=True)
        column._codes = [names.codes]
        column._index = {text: code for code, text in enumerate(names.names)}
        column._values = [np.full(len(names.codes), np.nan)]
        column._rows = column.words = len(names.codes)
        return column

    def add(self, cells: Sequence[str]) -> None:
        """Take the next cells."""
        if not self._rows and self._codes is None and cells and number_in(self._plain(cells[0])) is None:
            # It begins with a word, or with nothing: then its cells may all be names.
            self._codes = [] if cells[0].strip() not in ("", "?") else None
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

    def __len__(self) -> int:
        return self._rows

    def _plain(self, cell: str) -> str:
        return cell.replace(",", ".") if self._decimal_comma else cell

    def _one_by_one(self, cells: Sequence[str]) -> F64:
        values = np.full(len(cells), np.nan)
        for i, cell in enumerate(cells):
            number = number_in(cell)
            if number is not None:
                values[i] = number
                self.numbers += 1
            elif cell.strip() not in ("", "?"):
                self.words += 1
                if len(self.bad) < MOST_TOLD and self._codes is None:
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
            return Categories(np.concatenate(self._codes) if self._codes else np.zeros(0, np.int32), tuple(self._index))
        found = categories_of(self.values())
        assert found is not None, "there are values"
        return Categories(found.codes, tuple("" if name == "nan" else name for name in found.names))


@dataclass(slots=True, eq=False)
class ImportTable:
    """What a file holds, a row each sample or each example.

    Attributes
    ----------
    path : the file; `kind` says what it is, as in "CSV".
    columns : in the order of the file; all equally long.
    lines : (n,) int64, for each row the line of the file that it stands on, `line_word` says what is counted.
    preview : the first rows as they stand in the file, a text each column.
    problems : what was wrong while it was read; rows that could not be read are left out.
    notes : what a user should know about the whole file, a sentence each.
    raws : for each row the window (n, channels) that its features were taken from, or None; None: there are none.
    of_features : the file is known to hold features, not samples.
    """

    path: Path
    kind: str
    columns: list[ImportColumn]
    lines: I64
    preview: list[tuple[str, ...]] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    notes: list[str] = field(default_factory=list)
    line_word: str = "line"
    raws: list[F32 | None] | None = None
    of_features: bool = False

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str | None) -> ImportColumn | None:
        """Return the column of this name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def called(self, *names: str) -> ImportColumn | None:
        """Return the first column that is called like one of these, in lower case, in their order."""
        return next((c for name in names for c in self.columns if c.name.lower() == name), None)


def shown(value: object) -> str:
    """Return a value as it is previewed."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def shortened(cell: str) -> str:
    """Return a cell as a sentence can hold it."""
    text = " ".join(cell.split())
    return text if len(text) <= 40 else f"{text[:39]}…"
