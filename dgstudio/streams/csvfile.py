"""Reading of CSV files as people have them: with or without a header, with gaps, text among numbers, a million rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.types import F64, I32

SEPARATORS = (",", ";", "\t")
CHUNK = 20_000
"""Rows that are held as Python text at once: a million rows of it would take some hundred megabytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Categories:
    """A column of names: `codes` (n,) int32 index `names`, which stand in the order in which they first appear."""

    codes: I32
    names: tuple[str, ...]


class Column:
    """One column while it is read, in pieces: its cells as numbers, and as names where it is one of names.

    `numbers`: cells that are numbers (NaN included); `texts`: cells that are neither numbers nor empty;
    `first_text`: the line of the first of those.
    """

    def __init__(self, name: str, *, decimal_comma: bool = False, named: bool = False) -> None:
        self.name = name
        self.numbers = 0
        self.texts = 0
        self.first_text = 0
        self._decimal_comma = decimal_comma
        self._values: list[F64] = []
        self._codes: list[I32] | None = [] if named or name.lower() in NAMED else None
        self._index: dict[str, int] = {}

    def __len__(self) -> int:
        return sum(len(part) for part in self._values)

    def add(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take the next cells, which stand on these lines of the file."""
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
            values = self._one_by_one(cells, lines)
        self._values.append(values)

    def _one_by_one(self, cells: Sequence[str], lines: Sequence[int]) -> F64:
        values = np.full(len(cells), np.nan)
        for i, cell in enumerate(cells):
            number = number_in(cell)
            if number is not None:
                values[i] = number
                self.numbers += 1
            elif cell.strip():
                self.first_text = self.first_text or lines[i]
                self.texts += 1
        return values

    def values(self) -> F64:
        """Return the cells as numbers, (n,), NaN for text and for empty cells."""
        return np.concatenate(self._values) if self._values else np.zeros(0)

    def categories(self) -> Categories:
        """Return the cells as names, stripped; only of columns of names."""
        assert self._codes is not None, "only columns of names keep them"
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.int32)
        return Categories(codes, tuple(self._index))


NAMED = frozenset({"label", "labels", "class", "activity", "gesture", "take", "split"})
"""Columns of names, in lower case: their cells mean names even where they are numbers."""


def number_in(cell: str) -> float | None:
    """Return the number that a cell holds, or None."""
    try:
        return float(cell)
    except ValueError:
        return None


def encoding_of(path: Path, data: bytes) -> str:
    """Return the encoding of a text file: UTF-8, UTF-16 with a mark, or Latin-1.

    Raises
    ------
    BadInputError
        If it is not text.
    """
    head = data[:65536]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if _decodes(data, "utf-16"):
            return "utf-16"
    elif b"\0" not in head:
        if _decodes(data, "utf-8"):
            return "utf-8-sig"
        control = sum(byte < 32 and byte not in b"\t\r\n" for byte in head)
        if control * 100 <= len(head):
            return "latin-1"
    raise BadInputError(f"{path} is not a text file: a recording is CSV (text) or NPZ.")


def _decodes(data: bytes, encoding: str) -> bool:
    """Whether all of it is text in this encoding; in pieces, since the text would take up to four times the memory."""
    decoder = codecs.getincrementaldecoder(encoding)()
    piece = 1 << 20
    try:
        for first in range(0, len(data), piece):
            decoder.decode(data[first : first + piece], first + piece >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def read_csv(path: Path, data: bytes, labels_column: str | None = None) -> tuple[list[Column], list[str]]:
    """Read the bytes of a CSV file into columns of equal length, and notes about what was found.

    Separators are comma, semicolon (with decimal commas) or tab; empty lines and lines that begin with # are passed
    over. Without a header the columns are called ch1, ch2, … The column `labels_column` is read as one of names.

    Raises
    ------
    BadInputError
        If the file is not text, is empty, or has rows of different lengths; the first such line is named.
    """
    encoding = encoding_of(path, data)
    with text_of(data, encoding) as file:
        first = next((line for line in file if line.strip() and not line.startswith("#")), "")
    if not first:
        raise BadInputError(f"{path} is empty: a recording has a header and one row a sample.")
    separator = max(SEPARATORS, key=first.count)
    with text_of(data, encoding) as file:
        rows = rows_of(path, file, separator, quoted=b'"' in data)
        start = list(islice(rows, 2))
        notes: list[str] = []
        names, has_header = names_of(start, notes)
        columns = [Column(n, decimal_comma=separator == ";", named=n == labels_column) for n in names]
        pending = start[1:] if has_header else start
        while chunk := pending + list(islice(rows, CHUNK - len(pending))):
            pending = []
            for line, cells in chunk:
                if len(cells) != len(columns):
                    what = "the header" if has_header else "the first row"
                    raise BadInputError(
                        f"Line {line} of {path} has {_cells(len(cells))} where {what} has {len(columns)}: "
                        "make every row equally long."
                    )
            lines = [line for line, _ in chunk]
            for column, cells_of in zip(columns, zip(*(cells for _, cells in chunk), strict=True), strict=True):
                column.add(cells_of, lines)
    return columns, notes


def text_of(data: bytes, encoding: str) -> io.TextIOWrapper:
    """Return the text of a file's bytes, to be read line by line."""
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding)


def rows_of(path: Path, file: io.TextIOWrapper, separator: str, *, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers from 1 and the cells of each row that is not empty and not a comment."""
    if not quoted:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                yield number, line.rstrip("\n").split(separator)
        return
    reader = csv.reader(file, delimiter=separator)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadInputError(
            f"Line {reader.line_num} of {path} is not CSV ({error}): check its quotation marks."
        ) from error


def names_of(start: list[tuple[int, list[str]]], notes: list[str]) -> tuple[list[str], bool]:
    """Return the names of the columns, and whether the first row gave them."""
    first = [cell.strip() for cell in start[0][1]]
    words = [bool(cell) and number_in(cell) is None for cell in first]
    second = start[1][1] if len(start) > 1 else []
    # A word above a number is a header; a word above a word may be a label in data without a header.
    over_number = any(w and number_in(s) is not None for w, s in zip(words, second, strict=False))
    only_words = any(words) and all(w or not cell for w, cell in zip(words, first, strict=True))
    if not (only_words or over_number):
        notes.append(f"There is no header: the columns are called ch1 to ch{len(first)}.")
        return [f"ch{i + 1}" for i in range(len(first))], False
    names: list[str] = []
    for i, cell in enumerate(first):
        name, number = cell or f"ch{i + 1}", 2
        while name in names:
            name, number = f"{cell} {number}", number + 1
        if number > 2:
            notes.append(f"The name “{cell}” is used more than once: column {i + 1} is called “{name}”.")
        names.append(name)
    return names, True


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
