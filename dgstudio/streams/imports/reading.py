"""Reading a file that is to be imported: which kind it is, and CSV row by row, with every line that is wrong."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.guard import limits
from dgstudio.guard.files import read_regular
from dgstudio.reasons.wrong_lines import RowOfOtherLength
from dgstudio.streams.imports.arff import read_arff
from dgstudio.streams.imports.npz import read_npz
from dgstudio.streams.imports.table import PREVIEW, ImportTable, Problems
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.tables.columns import Column, too_many_cells
from dgstudio.streams.tables.csvfile import begin_csv, encoding_of, text_of
from dgstudio.streams.tables.table import NO_TABLES

CHUNK = 256
"""Rows turned into columns at a time: while that goes on, no other thread runs."""
SUFFIXES = (".csv", ".tsv", ".txt", ".npz", ".arff")


def read_import(path: Path, channels: int, watch: Watch, named: Collection[str] = ()) -> ImportTable:
    """Read a CSV, NPZ or ARFF file of labelled samples or features.

    Parameters
    ----------
    channels
        How many channels the stream has: it says which axis of a file with takes is time.
    named
        Columns that are to be read as names although they hold numbers.

    Raises
    ------
    BadInputError
        If the file does not exist, is of no such kind, or holds nothing.
    Stopped
        If `watch` says so.
    """
    data = _bytes_of(path)
    watch.at(0.05)
    if data.startswith(b"PK\x03\x04") or path.suffix.lower() == ".npz":
        table = read_npz(path, data, channels)
    elif path.suffix.lower() == ".arff":
        table = read_arff(path, text_of(data, encoding_of(path, data)), channels, watch)
    else:
        table = _read_csv(path, data, watch, named)
    if not len(table):
        raise BadInputError(f"{path.name} has no rows: there is nothing to import.")
    if not table.columns:
        raise BadInputError(f"{path.name} has no columns: there is nothing to import.")
    if len(table) * len(table.columns) > limits.IMPORT_CELLS:
        raise too_many_cells(path, limits.IMPORT_CELLS)
    watch.at(1.0)
    return table


def _bytes_of(path: Path) -> bytes:
    if path.suffix.lower() in NO_TABLES:
        raise BadInputError(f"{path.name} {NO_TABLES[path.suffix.lower()]}")
    try:
        if path.is_dir():
            raise BadInputError(f"{path} is a folder: name a CSV, NPZ, ARFF or session file in it.")
        return read_regular(path, limits.TABLE_BYTES)
    except FileNotFoundError as error:
        raise BadInputError(f"There is no file {path}: check the path.") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} could not be read: {error}.") from error


def _read_csv(path: Path, data: bytes, watch: Watch, named: Collection[str]) -> ImportTable:
    csv_rows = begin_csv(path, data)
    if csv_rows is None:
        raise BadInputError(f"{path.name} is empty: there is nothing to import.")
    problems, preview = Problems(), list[tuple[str, ...]]()
    lines: list[int] = []
    total = data.count(b"\n") + 1
    columns = [Column(n, decimal_comma=csv_rows.decimal_comma, named=n in named, guess=True) for n in csv_rows.names]
    at_once = max(1, min(CHUNK, limits.CHUNK_CELLS // len(columns)))
    while chunk := list(islice(csv_rows.rows, at_once)):
        whole = [(line, cells) for line, cells in chunk if len(cells) == len(columns)]
        for line, cells in chunk if len(whole) < len(chunk) else ():
            if len(cells) != len(columns):
                problems.add(line, RowOfOtherLength(len(cells), len(columns), csv_rows.length_of))
        if whole:
            for column, cells_of in zip(columns, zip(*(cells for _, cells in whole), strict=True), strict=True):
                column.add(cells_of)
            lines += [line for line, _ in whole]
            preview += [tuple(cells) for _, cells in whole[: PREVIEW - len(preview)]]
        watch.at(min(1.0, 0.1 + 0.9 * chunk[-1][0] / total))
        if len(lines) * len(columns) > limits.IMPORT_CELLS:
            raise too_many_cells(path, limits.IMPORT_CELLS)
    return ImportTable(path, "CSV", columns, np.asarray(lines, np.int64), preview, problems, csv_rows.notes)
