"""A file of labelled data as a table of columns, whichever kind of file it was; with what is wrong with its lines."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.noted import Note
from dgstudio.reasons.wrong_lines import WrongLine
from dgstudio.records import dataclass
from dgstudio.streams.tables.columns import MOST_BAD, Column
from dgstudio.types import F32

I64 = npt.NDArray[np.int64]

MOST_TOLD = MOST_BAD
"""Problems that are told one by one; all are counted."""
PREVIEW = 12
"""Rows that are kept as they stand in the file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one line of the file; 0 where it is not about one line."""

    line: int
    what: WrongLine


@dataclass(slots=True)
class Problems:
    """What is wrong with the lines of a file: the first ones one by one, all of them as a count."""

    told: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, what: WrongLine) -> None:
        """One more."""
        self.count += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(Problem(line, what))


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
    notes : what a user should know about the whole file.
    raws : for each row the window (n, channels) that its features were taken from, or None; None: there are none.
    of_features : the file is known to hold features, not samples.
    """

    path: Path
    kind: str
    columns: list[Column]
    lines: I64
    preview: list[tuple[str, ...]] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    notes: list[Note] = field(default_factory=list)
    line_word: str = "line"
    raws: list[F32 | None] | None = None
    of_features: bool = False

    def __post_init__(self) -> None:
        self.preview = [tuple(plain_text(cell, LABEL) for cell in row) for row in self.preview]

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str | None) -> Column | None:
        """Return the column of this name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def called(self, *names: str) -> Column | None:
        """Return the first column that is called like one of these, in lower case, in their order."""
        return next((c for name in names for c in self.columns if c.name.lower() == name), None)


def shown(value: object) -> str:
    """Return a value as it is previewed."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
