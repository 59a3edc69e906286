"""What a user names as a recording, as one table: a CSV, NPZ or ARFF file, or a folder with one take a file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.guard import limits
from dgstudio.guard.files import read_regular
from dgstudio.reasons.noted import FileLeftOut, LinesWrong, Note, OtherRate, TakenAsTruth, TakesFound
from dgstudio.streams.imports.arff import read_arff
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.recordings.resampling import at_rate
from dgstudio.streams.recordings.timing import missing, takes_of, timing_of
from dgstudio.streams.tables.columns import Categories, too_many_cells
from dgstudio.streams.tables.csvfile import encoding_of, text_of
from dgstudio.streams.tables.table import LABEL_NAMES, RecordingTable, checked, listed, read_table, table_of
from dgstudio.types import I32

SUFFIXES = (".csv", ".npz", ".arff")
MOST_FILES = 2_000
SAME_RATE = 0.02
"""Rates of files of a folder that differ by less, as a share, are the same."""


def read_recording(path: Path, labels_column: str | None = None, rate: float | None = None) -> RecordingTable:
    """Read a file, or a folder with a file for each take.

    Parameters
    ----------
    labels_column
        Column with the labels; None takes one with a usual name, if any; of an ARFF file the only column of names too,
        and in a folder the names of folders or files.
    rate
        Rows a second of files that do not say their own.

    Raises
    ------
    BadInputError
        If it does not exist, is no recording, or has no rows or no channels.
    """
    if path.is_dir():
        return _read_folder(path, labels_column, rate)
    return _read_arff(path, labels_column) if path.suffix.lower() == ".arff" else read_table(path, labels_column)


def _read_arff(path: Path, labels_column: str | None) -> RecordingTable:
    try:
        data = read_regular(path, limits.TABLE_BYTES)
    except FileNotFoundError as error:
        raise BadInputError(f"There is no file {path}: check the path.") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} could not be read: {error}.") from error
    # Of takes, the rows of a bag are its channels, as nearly all such files have it.
    found = read_arff(path, text_of(data, encoding_of(path, data)), 0, Watch())
    notes = list(found.notes)
    if found.problems.count:
        first = found.problems.told[0]
        notes.append(LinesWrong(found.problems.count, first.line, first.what.words))
    named = [column.name for column in found.columns if column.words and not column.numbers]
    chosen = labels_column
    if chosen is None and found.called(*LABEL_NAMES) is None:
        # The class is one of few names and stands last; what it is called is left to whoever wrote the file.
        chosen = next(reversed([name for name in named if name != "take"]), None)
        notes += [] if chosen is None else [TakenAsTruth(chosen)]
    return checked(path, table_of(path, found.columns, found.lines, notes, chosen))


# -- folders ---------------------------------------------------------------------------------------------------------


def _read_folder(folder: Path, labels_column: str | None, rate: float | None) -> RecordingTable:
    files = _files_of(folder)
    notes: list[Note] = []
    tables: list[tuple[Path, RecordingTable]] = []
    cells = resampled = 0
    first_rate = 0.0
    for path in files:
        shown = path.relative_to(folder).as_posix()
        try:
            table = read_recording(path, labels_column, rate)
        except BadInputError as error:
            notes.append(FileLeftOut(shown, str(error)))
            continue
        if tables and table.channels != tables[0][1].channels:
            own, others = (listed(each.channels) for each in (table, tables[0][1]))
            notes.append(FileLeftOut(shown, f"It has the channels {own}, and others have {others}."))
            continue
        cells += table.values.size
        if cells > limits.RECORDING_CELLS:
            raise too_many_cells(folder, limits.RECORDING_CELLS)
        timing = timing_of(table, rate, [])
        first_rate = first_rate or timing.rate
        if abs(timing.rate - first_rate) > SAME_RATE * first_rate:
            table, resampled = at_rate(table, timing, first_rate), resampled + 1
        tables.append((path, replace(table, form=None)))
    if not tables:
        why = f": {notes[0].sentence}" if notes else ""
        raise BadInputError(f"{folder} holds no recording that can be played{why or ': CSV, NPZ or ARFF files.'}")
    notes += [OtherRate(resampled, first_rate)] if resampled else []
    return _joined(folder, tables, first_rate, notes)


def _files_of(folder: Path) -> list[Path]:
    """The recordings of a folder and of the folders in it, as people would order them."""
    try:
        inner = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        found = [
            path
            for place in (folder, *inner)
            for path in place.iterdir()
            if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
        ]
    except OSError as error:
        raise BadInputError(f"{folder} cannot be read: {error.strerror or error}.") from error
    if len(found) > MOST_FILES:
        raise BadInputError(f"{folder} holds {len(found):,} recordings: {MOST_FILES:,} are the most at once.")
    return sorted(found, key=lambda path: _natural(path.relative_to(folder).as_posix()))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts "take 2" before "take 10"."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _joined(folder: Path, tables: list[tuple[Path, RecordingTable]], rate: float, notes: list[Note]) -> RecordingTable:
    by, named = _labels(folder, tables)
    takes, times, labels = [], [], []
    number = 0
    names: dict[str, int] = {}
    for (_, table), given in zip(tables, named, strict=True):
        rows = len(table.values)
        timing = timing_of(table, rate, [])
        for take in takes_of(table, np.arange(rows) == 0):
            takes.append(np.full(take.n_rows, number, np.int32))
            number += 1
        times.append(np.arange(rows) / rate if table.time is None or not timing.from_times else table.time)
        labels.append(_codes(table, given, rows, names))
    values = np.concatenate([table.values for _, table in tables])
    known = tuple(name for name in names if not missing(name))
    notes.insert(0, TakesFound(number, len(tables), by, known))
    for _, table in tables:
        notes += [note for note in table.notes if note not in notes and not isinstance(note, TakenAsTruth)]
    return RecordingTable(
        tables[0][1].channels,
        values,
        np.concatenate(times),
        Categories(np.concatenate(labels), tuple(names)) if known else None,
        Categories(np.concatenate(takes), tuple(str(take) for take in range(number))),
        None,
        notes,
    )


def _codes(table: RecordingTable, given: str, rows: int, names: dict[str, int]) -> I32:
    """The labels of the rows of one file, by their place among all names."""
    if table.labels is None:
        return np.full(rows, names.setdefault(given, len(names)), np.int32)
    places = np.array([names.setdefault(name, len(names)) for name in table.labels.names], np.int32)
    return places[table.labels.codes]


def _labels(folder: Path, tables: list[tuple[Path, RecordingTable]]) -> tuple[str, list[str]]:
    """Where labels come from, in words, and that of each file; "" where it has none, or has its own."""
    if all(table.labels is not None for _, table in tables):
        return "labels come from the files", [""] * len(tables)
    inner = [path.parent.name if path.parent != folder else "" for path, _ in tables]
    if any(inner):
        return "labels are the names of the folders", inner
    stems = [re.sub(r"[\s_.-]*\d+$", "", path.stem) for path, _ in tables]
    if len(set(stems)) > 1:
        return "labels are the names of the files", stems
    return "", [""] * len(tables)
