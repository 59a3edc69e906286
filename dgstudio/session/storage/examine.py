"""Looks at every row, array and version of a session for damage, once pages and schema are sound; changes nothing."""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any

from dgstudio.errors import SessionFormatError
from dgstudio.guard.texts import json_value
from dgstudio.records import dataclass
from dgstudio.session.format import rows
from dgstudio.session.format.checkpoint import decode
from dgstudio.session.format.recipes import checksum as recipe_checksum
from dgstudio.session.format.recipes import taken_apart
from dgstudio.session.format.row_check import CHECKED, COLUMN, row_check
from dgstudio.session.format.schema import TABLES

UNPACKED_BYTES, UNPACKED_TIMES = 2**30, 10
"""All arrays of a session unpack to no more than so many bytes, and so many times the file's own."""
_WITH_STRETCH = ("stream_block", "receipts")


@dataclass(slots=True)
class Findings:
    """What is not what was written.

    `rows` are numbers of rows (SQLite's rowid) by table; `labels` examples whose arrays are sound and whose label is
    not; `blobs` content ids; `versions` those that cannot be restored any more, `recipes` those that cannot be learned
    again any more.
    """

    rows: dict[str, list[int]] = field(default_factory=dict)
    labels: list[int] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    recipes: list[int] = field(default_factory=list)
    no_next: bool = False
    """Whether SQLite has no number left for the next row of a table that counts."""

    @property
    def sound(self) -> bool:
        """Whether all is as it was written."""
        return not (
            any(self.rows.values()) or self.labels or self.blobs or self.versions or self.recipes or self.no_next
        )

    def lost(self, table: str) -> set[int]:
        """Rows of a table that are damaged."""
        return set(self.rows.get(table, ()))


NUMBERED = ("record", "event")
"""Tables whose rows get their numbers from SQLite as they are written: from 1 on, each above the one before."""


def examine(db: sqlite3.Connection, *, deep: bool = False) -> Findings:
    """Compare each row with its checksum, each array with its content id, each version with what it needs.

    `deep`: make a value of each row as well, and look for the examples of each recipe: for files whose checksums were
    not written with their rows, and for `dgstudio check`. Recorded samples and receipts are looked at where they are
    read.
    """
    found = Findings()
    found.no_next = not all(_in_range(row[0]) for row in db.execute("SELECT seq FROM sqlite_sequence"))
    for table in TABLES:
        damaged = {*_out_of_range(db, table), *_never_given(db, table), *_other_sums(db, table, found)}
        worthless = set(_no_values(db, table)) if deep else set()
        if table == "example":
            found.labels = sorted({*found.labels, *worthless} - damaged)
        else:
            damaged |= worthless
        if damaged:
            found.rows[table] = sorted(damaged)
    _look_at_versions(db, found, deep=deep)
    return found


def _out_of_range(db: sqlite3.Connection, table: str) -> Iterator[int]:
    """Rows whose number leaves no room for a next one, or is none."""
    columns = ("rowid", "stretch") if table in _WITH_STRETCH else ("rowid",)
    for column in columns:
        low, high = db.execute(f'SELECT min({column}), max({column}) FROM "{table}"').fetchone()
        if low is not None and not (_in_range(low) and _in_range(high)):
            sql = f'SELECT rowid FROM "{table}" WHERE typeof({column}) <> ? OR {column} NOT BETWEEN 0 AND ?'
            yield from (row[0] for row in db.execute(sql, ("integer", rows.MOST_ID)))


def _never_given(db: sqlite3.Connection, table: str) -> Iterator[int]:
    """Rows with a number that SQLite has not given: no checksum covers it, and it is their place in the order."""
    if table in NUMBERED:
        # A last number that is damaged itself leaves rows behind it that follow each other.
        sql = f"""SELECT id FROM "{table}" WHERE id < 1 OR (
            id > (SELECT seq FROM sqlite_sequence WHERE name = ?) AND id - 1 NOT IN (SELECT id FROM "{table}"))"""
        yield from (row[0] for row in db.execute(sql, (table,)))


def _in_range(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value <= rows.MOST_ID


def _other_sums(db: sqlite3.Connection, table: str, found: Findings) -> Iterator[int]:
    """Rows that have another checksum; of examples with sound arrays `found` has the label instead."""
    if table == "blob":
        yield from _damaged_blobs(db, found)
    if table not in CHECKED:
        return
    columns = CHECKED[table]
    count, more = len(columns) + 2, {"example": ", checksum, features, raw"}.get(table, "")
    for row in db.execute(f'SELECT rowid, {COLUMN}, {", ".join(columns)}{more} FROM "{table}" NOT INDEXED'):
        if more and not rows.has_its_arrays(*row[count:]):
            yield row[0]
        elif row_check(*row[2:count]) != row[1]:
            if more:
                found.labels.append(row[0])
            else:
                yield row[0]


def _damaged_blobs(db: sqlite3.Connection, found: Findings) -> Iterator[int]:
    pages, size = (int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    room = UNPACKED_BYTES + UNPACKED_TIMES * pages * size
    for rowid, identity, data in db.execute("SELECT rowid, id, data FROM blob NOT INDEXED"):
        try:
            room -= decode(data, identity).nbytes if room >= 0 else 0
        except (SessionFormatError, *rows.NOT_A_VALUE):
            damaged = True
        else:
            damaged = room < 0
        if damaged:
            found.blobs.append(str(identity))
            yield rowid


_VALUES: dict[str, tuple[str, Callable[[rows.Row], object]]] = {
    "class": (rows.CLASS_COLUMNS, rows.class_of),
    "take": (rows.TAKE_COLUMNS, rows.take_of),
    "example": (rows.EXAMPLE_COLUMNS, rows.example_of),
    "note": ("example_id, text", rows.note_of),
    "act": ("id, unix, data", rows.act_of),
    "checkpoint": (rows.INFO_COLUMNS, rows.info_of),
    "record": ("id, data", rows.record_of),
    "event": (rows.EVENT_COLUMNS, rows.line_of),
    "config": ("key, value", lambda row: json_value(row[1], plain=False)),
    "stretch": ("id, signal", lambda row: json_value(row[1], plain=False)),
}
"""Table → its columns, and what makes a value of them."""


def _no_values(db: sqlite3.Connection, table: str) -> Iterator[int]:
    """Rows that no value can be made of."""
    if table not in _VALUES:
        return
    columns, value_of = _VALUES[table]
    for rowid, *row in db.execute(f'SELECT rowid, {columns} FROM "{table}" NOT INDEXED'):
        try:
            value_of(row)
        except rows.NOT_A_VALUE:
            yield rowid


def _look_at_versions(db: sqlite3.Connection, found: Findings, *, deep: bool) -> None:
    blobs = {row[0] for row in db.execute("SELECT id FROM blob")} - set(found.blobs)
    arrays = _sound_arrays(db, "checkpoint_array", "version", blobs, found)
    grounds = _sound_grounds(db, blobs, found)
    examples: set[int] = set()
    if deep:
        examples = {row[0] for row in db.execute("SELECT id FROM example")} - found.lost("example")
    # They are few, and whoever lists them reads all.
    damaged = found.lost("checkpoint").union(_no_values(db, "checkpoint"))
    sql = """SELECT version, digest, array_count, learned, checksum, meta, ground, recipe FROM checkpoint NOT INDEXED
        ORDER BY version"""
    for version, digest, count, learned, checksum, meta, ground, recipe in db.execute(sql):
        if ground is not None:
            needs = examples if deep else None
            if version in damaged or not _recipe_holds(digest, checksum, grounds.get(ground), recipe, needs):
                found.recipes.append(version)
        elif version in damaged or not (
            arrays[version] == count
            and learned in blobs
            and isinstance(meta, str)
            and zlib.crc32(meta.encode()) == checksum
            and not (deep and not _is_json(meta))
        ):
            found.versions.append(version)


def _sound_arrays(db: sqlite3.Connection, table: str, owner: str, blobs: set[str], found: Findings) -> Counter[int]:
    """How many arrays each owner has that can be read."""
    damaged = found.lost(table)
    sql = f"SELECT rowid, {owner}, blob FROM {table} NOT INDEXED"
    return Counter(number for rowid, number, blob in db.execute(sql) if rowid not in damaged and blob in blobs)


def _sound_grounds(db: sqlite3.Connection, blobs: set[str], found: Findings) -> dict[int, str]:
    """Number → metadata of each ground that is whole."""
    arrays, damaged = _sound_arrays(db, "ground_array", "ground", blobs, found), found.lost("ground")
    stored = db.execute("SELECT id, array_count, meta FROM ground NOT INDEXED")
    return {number: meta for number, count, meta in stored if number not in damaged and arrays[number] == count}


def _recipe_holds(digest: Any, checksum: int, ground: str | None, recipe: Any, examples: set[int] | None) -> bool:
    if ground is None or not isinstance(recipe, bytes) or not isinstance(digest, str):
        return False
    if recipe_checksum(digest, recipe) != checksum:
        return False
    if examples is None:
        return True
    try:
        ids, _, meta = taken_apart(recipe, ground)
    except SessionFormatError:
        return False
    return examples.issuperset(ids.tolist()) and _is_json(meta)


def _is_json(text: str) -> bool:
    try:
        json_value(text, plain=False)
    except (ValueError, TypeError):
        return False
    return True
