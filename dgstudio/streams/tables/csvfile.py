"""Reading of CSV files as people have them: with or without a header, with gaps, text among numbers, a million rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import CHUNK_CELLS, COLUMNS, LABEL, LINE_CHARACTERS, RECORDING_CELLS
from dgstudio.reasons.noted import NameRepeated, NoHeader, Note
from dgstudio.reasons.reason import how_many
from dgstudio.reasons.wrong_lines import LengthOf
from dgstudio.records import dataclass
from dgstudio.streams.tables.columns import MOST_BAD, Column, name_in, number_in, too_many_cells

I64 = npt.NDArray[np.int64]

SEPARATORS = (",", ";", "\t")
CHUNK = 20_000
"""Rows that are held as Python text at once: a million rows of it would take some hundred megabytes."""


def encoding_of(path: Path, data: bytes) -> str:
    """Return the encoding of a text file: UTF-8, UTF-16 with a mark, or Latin-1.

    Raises
    ------
    BadInputError
        If it is not text, or has a line longer than the limit: lines are held whole.
    """
    _check_lines(path, data)
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
    raise BadInputError(f"{path} is not a text file: save it as CSV, which is text, or as NPZ.")


def _check_lines(path: Path, data: bytes) -> None:
    """Refuse a line that is too long; a stretch of that many bytes without an end of a line is looked for backwards."""
    begin = 0
    while begin + LINE_CHARACTERS < len(data):
        stop = begin + LINE_CHARACTERS
        end = max(data.rfind(b"\n", begin, stop), data.rfind(b"\r", begin, stop))
        if end < 0:
            raise BadInputError(
                f"{path} has a line of more than {LINE_CHARACTERS >> 20} MB: it is no table, choose another file."
            )
        begin = end + 1


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


@dataclass(frozen=True, slots=True, eq=False)
class CsvRows:
    """A CSV file that has been begun: what its first rows say, and all its rows of data, still to be read.

    `rows` yields the number of a line, from 1, and its cells; `notes` says what was found.
    """

    names: tuple[str, ...]
    header: bool
    decimal_comma: bool
    rows: Iterator[tuple[int, list[str]]]
    notes: list[Note]

    @property
    def length_of(self) -> LengthOf:
        """What gave the number of columns."""
        return LengthOf.HEADER if self.header else LengthOf.FIRST_ROW


def begin_csv(path: Path, data: bytes) -> CsvRows | None:
    """Begin the bytes of a CSV file; None where there is nothing in it.

    Separators are comma, semicolon (with decimal commas) or tab; empty lines and lines that begin with # are passed
    over. Without a header the columns are called ch1, ch2, …

    Raises
    ------
    BadInputError
        If the file is not text; while rows are read, too, where quotation marks are wrong.
    """
    encoding = encoding_of(path, data)
    with text_of(data, encoding) as file:
        first = next((line for line in file if line.strip() and not line.startswith("#")), "")
    if not first:
        return None
    separator = max(SEPARATORS, key=first.count)
    rows = rows_of(path, text_of(data, encoding), separator, quoted=b'"' in data)
    start, notes = list(islice(rows, 2)), list[Note]()
    if not start:
        # Nothing but quotation marks and what they enclose.
        return None
    names, header = names_of(start, notes)
    return CsvRows(tuple(names), header, separator == ";", chain(start[1:] if header else start, rows), notes)


def read_csv(path: Path, data: bytes, labels_column: str | None = None) -> tuple[list[Column], I64, list[Note]]:
    """Read the bytes of a CSV file into columns of equal length, the line of each row (n,), and notes on it.

    See `begin_csv`. The column `labels_column` is read as one of names.

    Raises
    ------
    BadInputError
        If the file is not text, is empty, or has rows of different lengths; the first such line is named.
    """
    csv_rows = begin_csv(path, data)
    if csv_rows is None:
        raise BadInputError(f"{path} is empty: a recording has a header and one row a sample.")
    columns = [Column(n, decimal_comma=csv_rows.decimal_comma, named=n == labels_column) for n in csv_rows.names]
    lines: list[I64] = []
    at_once = max(1, min(CHUNK, CHUNK_CELLS // len(columns)))
    read = 0
    while chunk := list(islice(csv_rows.rows, at_once)):
        read += len(chunk)
        if read * len(columns) > RECORDING_CELLS:
            raise too_many_cells(path, RECORDING_CELLS)
        for line, cells in chunk:
            if len(cells) != len(columns):
                has, wants = how_many(len(cells), "cell"), f"the {csv_rows.length_of} has {len(columns)}"
                raise BadInputError(f"Line {line} of {path} has {has} where {wants}: make every row equally long.")
        for column, cells_of in zip(columns, zip(*(cells for _, cells in chunk), strict=True), strict=True):
            column.add(cells_of)
        lines.append(np.fromiter((line for line, _ in chunk), np.int64, len(chunk)))
    return columns, np.concatenate(lines) if lines else np.zeros(0, np.int64), csv_rows.notes


def text_of(data: bytes, encoding: str) -> io.TextIOWrapper:
    """Return the text of a file's bytes, to be read line by line."""
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding)


def rows_of(path: Path, file: io.TextIOWrapper, separator: str, *, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers from 1 and the cells of each row that is not empty and not a comment.

    Raises
    ------
    BadInputError
        For a row with too many cells, or too long, and where quotation marks are wrong; the line is named.
    """
    if not quoted:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                if len(line) > COLUMNS:
                    _check_cells(path, number, line.count(separator) + 1)
                yield number, line.rstrip("\n").split(separator)
        return
    row = _OneRow(path, file)
    reader = csv.reader(row, delimiter=separator)
    try:
        for cells in reader:
            row.taken = 0
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                _check_cells(path, reader.line_num, len(cells))
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadInputError(
            f"Line {reader.line_num} of {path} is not CSV ({error}): check its quotation marks."
        ) from error


class _OneRow:
    """Lines for a reader that takes one row of as many as it likes, as long as that one is not too long.

    `taken` characters are of the row that is being read; whoever has it sets that to 0.
    """

    def __init__(self, path: Path, lines: Iterator[str]) -> None:
        self._path, self._lines = path, lines
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken += len(line)
        if self.taken > LINE_CHARACTERS:
            raise BadInputError(
                f"{self._path} has a row of more than {LINE_CHARACTERS >> 20} MB: check its quotation marks."
            )
        return line


def _check_cells(path: Path, line: int, count: int) -> None:
    if count > COLUMNS:
        raise BadInputError(f"Line {line} of {path} has {count:,} cells: {COLUMNS:,} is the most.")


def names_of(start: list[tuple[int, list[str]]], notes: list[Note]) -> tuple[list[str], bool]:
    """Return the names of the columns, and whether the first row gave them."""
    first = [cell.strip() for cell in start[0][1]]
    words = [bool(cell) and number_in(cell) is None for cell in first]
    second = start[1][1] if len(start) > 1 else []
    # A word above a number is a header; a word above a word may be a label in data without a header.
    over_number = any(w and number_in(s) is not None for w, s in zip(words, second, strict=False))
    only_words = any(words) and all(w or not cell for w, cell in zip(words, first, strict=True))
    if not (only_words or over_number):
        notes.append(NoHeader(len(first)))
        return [f"ch{i + 1}" for i in range(len(first))], False
    names: dict[str, None] = {}
    tried: dict[str, int] = {}
    repeated: list[Note] = []
    for i, cell in enumerate(name_in(cell, LABEL) for cell in first):
        name, number = cell or f"ch{i + 1}", tried.get(cell, 1)
        while name in names:
            number += 1
            name = f"{cell} {number}"
        tried[cell] = number
        if name != (cell or f"ch{i + 1}"):
            repeated.append(NameRepeated(cell, i + 1, name))
        names[name] = None
    notes += repeated[:MOST_BAD]
    return list(names), True
