"""Checksums over rows: what a class, a take, a label or a setting *is*, so that a flipped bit in one is noticed."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from typing import Any

COLUMN = "row_check"
"""The column of these tables that holds `row_check` of the others, except of those with a sum of their own."""

CHECKED: dict[str, tuple[str, ...]] = {
    "class": ("id", "name", "key", "colour", "living", "place"),
    "take": ("id", "class_id", "start_time", "end_time", "source", "who", "created_unix", "examples"),
    # What an example is labelled as, apart from its arrays, so that another label costs no look at these.
    "example": (
        "id",
        "class_id",
        "take_id",
        "start_time",
        "end_time",
        "learn",
        "active",
        "checksum",
        "raw_samples",
        "raw_channels",
    ),
    "note": ("example_id", "text"),
    "act": ("id", "done", "unix", "data"),
    "checkpoint": (
        "version",
        "parent",
        "digest",
        "kind",
        "reason",
        "unix",
        "kept",
        "learned_count",
        "array_count",
        "learned",
        "checksum",
        "ground",
    ),
    "ground": ("id", "key", "array_count", "meta"),
    "ground_array": ("ground", "name", "blob"),
    "checkpoint_array": ("version", "name", "blob"),
    # Their numbers are given by SQLite as they are written.
    "record": ("data",),
    "event": ("kind", "level", "unix", "text", "data"),
    "config": ("key", "value"),
    "stretch": (
        "id",
        "began_unix",
        "ended_unix",
        "lost_samples",
        "lost_answers",
        "kernel",
        "signal",
        "samples",
        "answers",
    ),
}
"""Table → the columns that its checksum is over, in this order."""


def row_check(*values: Any) -> int:
    """CRC-32 of a row's values, as SQLite gives them back: numbers as Python writes them, texts as UTF-8, NUL between.

    Python's shortest digits of a float64 give the same number again, in every version of it.
    """
    texts = [value if value.__class__ is str else repr(value) for value in values]
    return zlib.crc32("\0".join(texts).encode("utf-8", "surrogatepass"))


def install(db: sqlite3.Connection) -> None:
    """Let statements of this connection call `row_check`: what is changed in place changes its checksum with it."""
    db.create_function(COLUMN, -1, row_check, deterministic=True)


def expression(table: str, changes: dict[str, str] | None = None) -> str:
    """SQL of a row's checksum; `changes` are SQL expressions of what columns are to become."""
    new = changes or {}
    return f"{COLUMN}({', '.join(new.get(column, column) for column in CHECKED[table])})"


def fill(db: sqlite3.Connection, table: str) -> None:
    """Write the checksum of each row that lacks it or has another. A text that is not UTF-8 leaves its row without."""
    wanted = list(_wanted(db, table))
    db.executemany(f'UPDATE "{table}" SET {COLUMN} = ? WHERE rowid = ?', wanted)


def _wanted(db: sqlite3.Connection, table: str) -> Iterator[tuple[int | None, int]]:
    columns = ", ".join(CHECKED[table])
    for rowid, stored, *values in db.execute(f'SELECT rowid, {COLUMN}, {columns} FROM "{table}" NOT INDEXED'):
        check = None if any(value.__class__ is bytes for value in values) else row_check(*values)
        if check != stored:
            yield check, rowid
