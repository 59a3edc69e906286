"""NPZ files to be imported: samples, takes of samples, or features, with labels beside them; never unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.guard.limits import IMPORT_CELLS, LABEL
from dgstudio.reasons.noted import Note, TakesHeld
from dgstudio.streams.imports.table import PREVIEW, ImportTable, shown
from dgstudio.streams.tables.columns import Categories, Column, categories_of, require_columns, texts_of, too_many_cells
from dgstudio.streams.tables.npzfile import arrays_of
from dgstudio.streams.tables.table import listed

Array = npt.NDArray[Any]
LABELS, CLASS_NAMES = "y", "class_names"
NAMES = ("feature_names", "channels")
"""Arrays that name the columns of X."""


def read_npz(path: Path, data: bytes, channels: int) -> ImportTable:
    """Read the arrays of an NPZ file: X or values (rows, columns), or (takes, samples, channels), and one entry a row.

    `y` holds labels, or places in `class_names`; `feature_names` or `channels` name the columns.

    Raises
    ------
    BadInputError
        If it is damaged, holds Python objects, or has no such array.
    """
    arrays = arrays_of(path, data)
    key = next((name for name in ("X", "values") if name in arrays), None)
    if key is None:
        raise BadInputError(f"{path.name} has no array “X” or “values”; it has {listed(arrays)}.")
    values = arrays[key][:, None] if arrays[key].ndim == 1 else arrays[key]
    if values.ndim not in (2, 3) or not values.size or values.dtype.kind not in "fiub":
        what = f"{values.dtype} of shape {values.shape}"
        raise BadInputError(f"“{key}” in {path.name} is {what}: it must be numbers (rows, columns).")
    notes: list[Note] = []
    entries, repeat = len(values), 1
    if values.ndim == 3:
        values = _samples_last(values, channels, notes)
        repeat = values.shape[1]
        values = values.reshape(-1, values.shape[2])
    require_columns(path, values.shape[1])
    if values.size > IMPORT_CELLS:
        raise too_many_cells(path, IMPORT_CELLS)
    columns = _named_columns(arrays, values)
    for name, array in arrays.items():
        if name == key or name in (CLASS_NAMES, *NAMES) or array.shape != (entries,):
            continue
        column = _column(name, array, arrays.get(CLASS_NAMES), path)
        if column is not None:
            columns.append(_repeated(column, repeat))
    if repeat > 1 and not any(column.name == "take" for column in columns):
        codes = np.arange(entries, dtype=np.int32)
        columns.append(_repeated(Column.of_names("take", Categories(codes, tuple(map(str, codes)))), repeat))
    lines = np.arange(1, len(values) + 1, dtype=np.int64)
    texts = [texts_of(_first(column)) for column in columns]
    preview = [tuple(text[row] for text in texts) for row in range(min(PREVIEW, len(values)))]
    return ImportTable(path, "NPZ", columns, lines, preview, notes=notes, line_word="row")


def _samples_last(values: Array, channels: int, notes: list[Note]) -> Array:
    """Turn takes into (takes, samples, channels), whichever of the two axes is time."""
    if values.shape[1] == channels != values.shape[2]:
        values = values.transpose(0, 2, 1)
    takes, samples, wide = values.shape
    notes.append(TakesHeld(takes, samples, samples, wide))
    return values


def _named_columns(arrays: dict[str, Array], values: Array) -> list[Column]:
    wide = values.shape[1]
    names = next((arrays[n] for n in NAMES if n in arrays and arrays[n].shape == (wide,)), None)
    given = [name[:LABEL] for name in texts_of(names)] if names is not None and names.dtype.kind in "US" else []
    if len(set(given)) < wide:
        given = [f"ch{i + 1}" for i in range(wide)]
    return [Column.of_numbers(name, values[:, i]) for i, name in enumerate(given)]


def _column(name: str, array: Array, class_names: Array | None, path: Path) -> Column | None:
    if name == LABELS and class_names is not None and array.dtype.kind in "iu" and class_names.dtype.kind in "US":
        if len(array) and not 0 <= array.min() <= array.max() < len(class_names):
            raise BadInputError(f"“y” in {path.name} points beyond “class_names”: it is not what dgstudio exports.")
        return Column.of_names("class", Categories(array.astype(np.int32), tuple(texts_of(class_names))))
    if array.dtype.kind in "US" or name == LABELS:
        return Column.of_names("label" if name == LABELS else name, categories_of(array))
    if array.dtype.kind in "fiub":
        return Column.of_numbers("take" if name == "takes" else name, array)
    return None


def _repeated(column: Column, times: int) -> Column:
    """The same with every entry as often as its take has samples."""
    if times == 1:
        return column
    if column.words:
        names = column.categories()
        return Column.of_names(column.name, Categories(np.repeat(names.codes, times), names.names))
    return Column.of_numbers(column.name, np.repeat(column.values(), times))


def _first(column: Column) -> Array:
    """The first cells, for a preview."""
    if column.words:
        names = column.categories()
        return np.asarray([names.names[code] for code in names.codes[:PREVIEW].tolist()], np.str_)
    return np.asarray([shown(value) for value in column.values()[:PREVIEW].tolist()], np.str_)
