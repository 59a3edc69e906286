"""A recording as a table in memory: what a CSV or NPZ file holds, and what had to be said about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.guard import limits
from dgstudio.guard.files import read_regular
from dgstudio.reasons.noted import (
    ColumnLeftOut,
    Note,
    TakenAsTruth,
    TextAmongNumbers,
    TimesMissing,
    TimesSince1970,
    TimeWithoutNumbers,
    ValuesMissing,
)
from dgstudio.reasons.reason import shortened
from dgstudio.records import dataclass
from dgstudio.streams.tables.columns import (
    Categories,
    Column,
    categories_of,
    require_columns,
    texts_of,
    too_many_cells,
)
from dgstudio.streams.tables.csvfile import read_csv
from dgstudio.streams.tables.npzfile import arrays_of
from dgstudio.types import F32, F64, StreamKind

TIME_NAMES = {"time": 1.0, "t": 1.0, "time_s": 1.0, "seconds": 1.0, "timestamp": 1.0, "time_ms": 1e-3, "ms": 1e-3}
"""Names of a time column, in lower case, and the seconds that its unit is."""
EPOCH_UNITS = (("nanoseconds", 1e17, 1e-9), ("microseconds", 1e14, 1e-6), ("milliseconds", 1e11, 1e-3))
"""Units of times that count from 1970, told by their size: the unit, from which number on, and its seconds."""
LABEL_NAMES = ("label", "labels", "class", "activity", "gesture")
TAKE_NAME = "take"
SPLIT_NAME = "split"
FORM_NAMES = ("kind", "rate", "window_s", "hop_s", "breaks")
"""Arrays of an NPZ file that say how the stream was that dgstudio recorded; see docs/session-format.md."""
LARGEST_FORM = 1e6
MOST_SAMPLES = 1_000_000
"""In a window: what a file says of it is not trusted."""
NO_TABLES = {
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "is a spreadsheet: save it as CSV."),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "holds JSON, which is not read: write it as CSV, a row a sample."),
}
"""Endings of files that many would name, and why they are not read."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordedForm:
    """How a stream was that dgstudio recorded: it is played as it was, sample by sample.

    `time` (n,) float64 seconds of stream time; `breaks` (n,) bool: samples that do not follow the one before.
    """

    kind: StreamKind
    rate: float
    window_s: float
    hop_s: float
    time: F64
    breaks: npt.NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class RecordingTable:
    """The rows of a recording.

    `values` (n, channels) float32, NaN where a value is missing; `time` (n,) float64 seconds or None; `labels`,
    `takes` and `splits` a name a row, or None. `notes` says what a user should know. `form` is there where dgstudio
    recorded it.
    """

    channels: tuple[str, ...]
    values: F32
    time: F64 | None = None
    labels: Categories | None = None
    takes: Categories | None = None
    splits: Categories | None = None
    notes: list[Note] = field(default_factory=list)
    form: RecordedForm | None = None


def read_table(path: Path, labels_column: str | None = None) -> RecordingTable:
    """Read a CSV or NPZ recording.

    Parameters
    ----------
    labels_column
        Column or array with the labels; None takes one called label, labels, class, activity or gesture, if any.

    Raises
    ------
    BadInputError
        If the file does not exist, is not a recording, or has no rows or no channels.
    """
    if path.suffix.lower() in NO_TABLES:
        raise BadInputError(f"{path} {NO_TABLES[path.suffix.lower()]}")
    try:
        if path.is_dir():
            raise BadInputError(f"{path} is a folder: name a CSV or NPZ file in it.")
        data = read_regular(path, limits.TABLE_BYTES)
    except FileNotFoundError as error:
        raise BadInputError(f"There is no file {path}: check the path.") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} could not be read: {error}.") from error
    if data.startswith(b"PK\x03\x04") or path.suffix.lower() == ".npz":
        table = _from_npz(path, data, labels_column)
    else:
        table = table_of(path, *read_csv(path, data, labels_column), labels_column)
    return checked(path, table)


def checked(path: Path, table: RecordingTable) -> RecordingTable:
    """Return the table, with a note on what is missing in it. `BadInputError` where it has no rows."""
    if not len(table.values):
        raise BadInputError(f"{path} has no rows: record some samples first.")
    bad = int(np.count_nonzero(~np.isfinite(table.values)))
    if bad:
        table.notes.append(ValuesMissing(bad, table.values.size))
    return table


def table_of(
    path: Path,
    columns: list[Column],
    lines: npt.NDArray[np.int64],
    notes: list[Note],
    labels_column: str | None = None,
) -> RecordingTable:
    """Return columns of equal length as a recording: which is the time, which names what, and which are channels.

    Parameters
    ----------
    lines
        (n,) where each row stands in the file.
    labels_column
        As in `read_table`.

    Raises
    ------
    BadInputError
        If there is no channel, or no column for the labels as asked for.
    """
    by_name = {c.name.lower(): c for c in reversed(columns)}
    label = _label_column(path, columns, labels_column)
    take, split = (c if c is not label else None for c in (by_name.get(TAKE_NAME), by_name.get(SPLIT_NAME)))
    time = next((by_name[n] for n in TIME_NAMES if n in by_name and by_name[n] is not label), None)
    special = {id(c) for c in (label, take, split, time) if c is not None}
    if time is not None and not time.numbers:
        if len(time):
            notes.append(TimeWithoutNumbers(time.name))
        time = None
    channels = []
    for column in columns:
        if id(column) in special or not len(column):
            continue
        if not column.numbers:
            notes.append(ColumnLeftOut(column.name, empty=not column.words))
            continue
        if column.words:
            notes.append(TextAmongNumbers(column.name, column.words, int(lines[column.first_word])))
        channels.append(column)
    rows = len(columns[0])
    if rows and not channels:
        raise BadInputError(f"{path} has no column of numbers for a channel: check the separator and the columns.")
    if label is not None and labels_column is None:
        notes.append(TakenAsTruth(label.name))
    values = np.empty((rows, len(channels)), np.float32)
    with np.errstate(over="ignore"):  # beyond float32 is infinite, counted and repaired as such
        for i, column in enumerate(channels):
            values[:, i] = column.values()
    return RecordingTable(
        channels=tuple(c.name for c in channels),
        values=values,
        time=None if time is None else seconds_of(time.name, time.values(), lines, "line", notes),
        labels=None if label is None else label.categories(),
        takes=None if take is None else take.categories(),
        splits=None if split is None else split.categories(),
        notes=notes,
    )


def _label_column(path: Path, columns: list[Column], asked: str | None) -> Column | None:
    if asked is None:
        return next((c for n in LABEL_NAMES for c in columns if c.name.lower() == n), None)
    for column in columns:
        if column.name == asked:
            return column
    has = listed(c.name for c in columns)
    raise BadInputError(f"{path} has no column “{asked}” for the labels; it has {has}.")


def seconds_of(name: str, times: F64, lines: npt.NDArray[np.int64], line_word: str, notes: list[Note]) -> F64:
    """Return times in seconds, by the unit that the name of their column says or their size betrays.

    Parameters
    ----------
    times
        (n,) as they stand in the file, NaN where there is none.
    lines
        (n,) where each row stands in the file; `line_word` says what is counted.
    notes
        What a user should know is added: the unit, and times that are missing.
    """
    unit = TIME_NAMES[name.lower()]
    missing = np.flatnonzero(~np.isfinite(times))
    if len(missing):
        first = int(lines[missing[0]])
        notes.append(TimesMissing(name, len(missing), first, line_word, len(times) - len(missing)))
    known = np.abs(times[np.isfinite(times)])
    size = float(np.median(known)) if unit == 1.0 and len(known) else 0.0
    for what, least, factor in EPOCH_UNITS:
        if size > least and unit == 1.0:
            notes.append(TimesSince1970(name, what))
            unit = factor
    seconds: F64 = times * unit
    return seconds


def _from_npz(path: Path, data: bytes, labels_key: str | None) -> RecordingTable:
    arrays = arrays_of(path, data)
    key = next((k for k in ("X", "values") if k in arrays), None)
    if key is None:
        raise BadInputError(f"{path} has no array “X” or “values”; it has {listed(arrays)}.")
    values = arrays[key][:, None] if arrays[key].ndim == 1 else arrays[key]
    if values.ndim != 2 or not values.shape[1] or values.dtype.kind not in "fiub":
        what = f"{values.dtype} of shape {values.shape}"
        raise BadInputError(f"“{key}” in {path} is {what}: it must be numbers (rows, channels).")
    require_columns(path, values.shape[1])
    if values.size > limits.RECORDING_CELLS:
        raise too_many_cells(path, limits.RECORDING_CELLS)
    rows = len(values)

    def column(name: str | None, kinds: str) -> npt.NDArray[Any] | None:
        if name is None or name not in arrays:
            return None
        array = arrays[name]
        if array.shape != (rows,):
            raise BadInputError(f"“{name}” in {path} has shape {array.shape}: it must hold one entry a row ({rows}).")
        if array.dtype.kind not in kinds:
            raise BadInputError(f"“{name}” in {path} holds {array.dtype}, which cannot be used as {name}.")
        return array

    if labels_key is not None and labels_key not in arrays:
        raise BadInputError(f"{path} has no array “{labels_key}” for the labels; it has {listed(arrays)}.")
    label_name = labels_key or next((k for k in ("y", *LABEL_NAMES) if k in arrays), None)
    found = (column(name, "fiubUS") for name in (label_name, TAKE_NAME, SPLIT_NAME))
    labels, takes, splits = (None if array is None else categories_of(array) for array in found)
    time_name = next((n for n in TIME_NAMES if n in arrays), "time")
    time = column(time_name, "fiu")
    names = arrays.get("channels", np.array([f"ch{i + 1}" for i in range(values.shape[1])]))
    if names.shape != (values.shape[1],) or names.dtype.kind not in "US":
        raise BadInputError(f"“channels” in {path} must be {values.shape[1]} names, one for each column of “{key}”.")
    notes: list[Note] = []
    with np.errstate(over="ignore"):
        floats = values.astype(np.float32)
    return RecordingTable(
        channels=tuple(name[: limits.LABEL] for name in texts_of(names)),
        values=floats,
        time=None
        if time is None
        else seconds_of(time_name, time.astype(np.float64), np.arange(1, rows + 1), "row", notes),
        labels=labels,
        takes=takes,
        splits=splits,
        notes=notes,
        form=_form_of(path, arrays, rows),
    )


def _form_of(path: Path, arrays: dict[str, npt.NDArray[Any]], rows: int) -> RecordedForm | None:
    """How the stream was, in a file that dgstudio wrote of one; None in others."""
    if any(name not in arrays for name in (*FORM_NAMES, "time")):
        return None
    kind, breaks, time = str(arrays["kind"]), arrays["breaks"], arrays["time"]
    numbers = [arrays[name] for name in ("rate", "window_s", "hop_s")]
    if any(number.shape or number.dtype.kind not in "fiu" for number in numbers):
        raise BadInputError(f"“rate”, “window_s” and “hop_s” in {path} must be a number each.")
    rate, window_s, hop_s = (float(number) for number in numbers)
    if kind not in tuple(StreamKind):
        raise BadInputError(f"{path} holds a stream of the kind “{shortened(kind)}”, which cannot be played.")
    if kind == StreamKind.IMAGE:
        # What was recorded of pictures is what the model saw of them.
        kind = StreamKind.VALUES
    if not all(0 < number < LARGEST_FORM for number in (rate, window_s, hop_s)) or window_s * rate > MOST_SAMPLES:
        raise BadInputError(f"{path} says that it has a rate, a window or a hop that cannot be: it is damaged.")
    if breaks.shape != (rows,) or breaks.dtype.kind != "b":
        raise BadInputError(f"“breaks” in {path} must say of each of the {rows} rows whether it follows no other.")
    seconds = time.astype(np.float64)
    if time.shape != (rows,) or not np.isfinite(seconds).all() or (np.diff(seconds) < 0).any():
        raise BadInputError(f"“time” in {path} must be seconds that rise, one for each of the {rows} rows.")
    return RecordedForm(StreamKind(kind), rate, window_s, hop_s, seconds, breaks.astype(np.bool_))


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence lists them, at most twelve."""
    texts = list(names)
    return ", ".join(texts[:12]) + (f" and {len(texts) - 12} more" if len(texts) > 12 else "") if texts else "none"
