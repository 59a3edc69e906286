"""What can still be read of a damaged session: table by table, row by row, into memory; the file is only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dgstudio.errors import SessionFormatError
from dgstudio.session.format import rows
from dgstudio.session.format.checkpoint import decode
from dgstudio.session.format.recipes import checksum as recipe_checksum
from dgstudio.session.format.recipes import taken_apart
from dgstudio.session.format.schema import (
    TABLES,
    columns_of,
    create_tables,
    pack_arrays,
    pack_raw,
    tables_of,
    version_of,
)

GAP = 50_000
"""Row ids that are tried one by one in a stretch that cannot be read; about a second's work."""

_PLURALS = {
    "class": "classes",
    "take": "takes",
    "example": "examples",
    "note": "notes",
    "act": "entries of the undo history",
    "checkpoint": "checkpoints",
    "checkpoint_array": "array references",
    "ground": "grounds of versions",
    "ground_array": "array references of grounds",
    "blob": "arrays",
    "record": "records of the history",
    "event": "log lines",
    "config": "settings",
    "stretch": "recorded stretches",
    "stream_block": "blocks of the recorded stream",
    "receipts": "packs of receipts",
}
_MAY_LACK = {"place", "ground", "recipe", "samples", "answers"}
_RECOVERED_COLOUR = "#999999"


@dataclass
class _Lost:
    """Rows of one table that could not be read; None means an unknown number."""

    count: int | None = 0


def is_damaged(db: sqlite3.Connection) -> bool:
    """Whether pages or tables are not what SQLite wrote; reads the whole file, changes nothing."""
    try:
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            return True
        return any(not columns_of(db, table) for table in tables_of(version_of(db)))
    except sqlite3.Error as error:
        if is_corruption(error):
            return True
        raise


def is_corruption(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the bytes of the file are wrong, not that it could not get at them."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    # The low byte is the primary code; a page that the file is too short for is a short read.
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code == sqlite3.SQLITE_IOERR_SHORT_READ


def salvage(source: sqlite3.Connection, name: str) -> tuple[sqlite3.Connection, list[str]]:
    """Copy every row that can be read into a new database in memory.

    Parameters
    ----------
    source
        The damaged session; it is only read.
    name
        What to call it in sentences.

    Returns
    -------
    The database, and one sentence for each thing that could not be read.

    Raises
    ------
    SessionFormatError
        Where not one row could be read.
    """
    # Without this SQLite refuses a file that is shorter than its header says.
    source.execute("PRAGMA writable_schema=ON")
    saved = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        create_tables(saved)
        problems = [f"{name} is damaged; what follows could not be read, and the file is left as it is."]
        version = version_of(source)
        for table in tables_of(version):
            problems += _copy_table(source, saved, table)
        if version == 1:
            pack_arrays(saved)
            pack_raw(saved)
        kept = sum(int(saved.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]) for table in TABLES)
        if kept == 0:
            raise SessionFormatError(
                f"{name} is damaged or truncated and nothing in it can be read; it is left as it is, restore it from "
                "a backup."
            )
        problems += _drop_damaged_examples(saved)
        problems += _drop_damaged_checkpoints(saved)
        problems += _stand_in_classes(saved)
        if len(problems) == 1:
            problems = [f"{name} is damaged, but everything in it could be read; the file is left as it is."]
    except BaseException:
        saved.close()
        raise
    return saved, problems


def _copy_table(source: sqlite3.Connection, saved: sqlite3.Connection, table: str) -> list[str]:
    plural = _PLURALS[table]
    wanted = columns_of(saved, table)
    try:
        present = columns_of(source, table)
    except sqlite3.Error:
        present = ()
    # A column that may be empty may have come with a later format.
    columns = [column for column in wanted if column in present]
    if not set(wanted) - set(columns) <= _MAY_LACK:
        return [f"The table of {plural} could not be read."]
    lost = _Lost()
    names = ", ".join(columns)
    marks = ", ".join("?" * (len(columns) + 1))
    insert = f'INSERT INTO "{table}" (rowid, {names}) VALUES ({marks})'
    saved.execute("BEGIN")
    for row in _readable_rows(source, f'SELECT rowid, {names} FROM "{table}"', lost):
        try:
            saved.execute(insert, row)
        except sqlite3.Error:
            # Read, but not a row that could ever have been written: bytes of something else.
            lost.count = None if lost.count is None else lost.count + 1
    saved.execute("COMMIT")
    if lost.count == 0:
        return []
    if lost.count is None:
        return [f"Some {plural} could not be read; how many is not known."]
    return [f"Up to {lost.count} {plural} could not be read."]


def _readable_rows(source: sqlite3.Connection, select: str, lost: _Lost) -> Iterable[Sequence[Any]]:
    """Rows from the front up to the first damage, from the back down to the last, then one by one between them."""
    last_front: int | None = None
    try:
        for row in source.execute(f"{select} ORDER BY rowid"):
            yield row
            last_front = row[0]
        return
    except sqlite3.Error:
        pass
    after = "" if last_front is None else f" WHERE rowid > {last_front}"
    first_back: int | None = None
    try:
        for row in source.execute(f"{select}{after} ORDER BY rowid DESC"):
            yield row
            first_back = row[0]
    except sqlite3.Error:
        pass
    low = 0 if last_front is None else last_front + 1
    high = low + GAP if first_back is None else first_back
    if high - low > GAP or first_back is None:
        lost.count = None
    for rowid in range(low, min(high, low + GAP)):
        try:
            row = source.execute(f"{select} WHERE rowid = ?", (rowid,)).fetchone()
        except sqlite3.Error:
            lost.count = None if lost.count is None else lost.count + 1
            continue
        if row is not None:
            yield row


def damaged_examples(db: sqlite3.Connection) -> list[int]:
    """Ids of examples whose stored bytes are not those that were written."""
    damaged = []
    for row in db.execute(f"SELECT {rows.EXAMPLE_COLUMNS} FROM example"):
        try:
            rows.example_of(row)
        except (TypeError, ValueError):
            damaged.append(int(row[0]))
    return damaged


def _drop_damaged_examples(saved: sqlite3.Connection) -> list[str]:
    damaged = damaged_examples(saved)
    saved.executemany("DELETE FROM example WHERE id = ?", [(identity,) for identity in damaged])
    return sentence_of_damaged_examples(damaged)


def sentence_of_damaged_examples(damaged: Sequence[int]) -> list[str]:
    """One sentence that names the examples left out, or none."""
    if not damaged:
        return []
    ids = ", ".join(map(str, damaged[:8])) + (", …" if len(damaged) > 8 else "")
    count = "1 example is" if len(damaged) == 1 else f"{len(damaged)} examples are"
    return [f"{count} damaged and left out (id {ids})."]


def _drop_damaged_checkpoints(saved: sqlite3.Connection) -> list[str]:
    damaged = []
    for identity, data in saved.execute("SELECT id, data FROM blob").fetchall():
        try:
            decode(data, identity)
        except SessionFormatError:
            damaged.append((identity,))
    saved.executemany("DELETE FROM blob WHERE id = ?", damaged)
    missing = """SELECT version FROM checkpoint_array WHERE blob NOT IN (SELECT id FROM blob)
        UNION SELECT version FROM checkpoint WHERE ground IS NULL AND learned NOT IN (SELECT id FROM blob)
        UNION SELECT version FROM checkpoint WHERE ground IS NULL AND array_count <>
            (SELECT count(*) FROM checkpoint_array WHERE checkpoint_array.version = checkpoint.version)
        ORDER BY 1"""
    versions = [int(row[0]) for row in saved.execute(missing)]
    recipes = _damaged_recipes(saved)
    for version in (*versions, *recipes):
        saved.execute("DELETE FROM checkpoint WHERE version = ?", (version,))
        saved.execute("DELETE FROM checkpoint_array WHERE version = ?", (version,))
    problems = [f"Version {version} of the model cannot be restored." for version in versions]
    if recipes:
        named = ", ".join(f"v{version}" for version in recipes[:8]) + (", …" if len(recipes) > 8 else "")
        problems.append(
            f"Of the versions that are learned again when they are needed, {len(recipes)} cannot be any more ({named})."
        )
    return problems


def _damaged_recipes(saved: sqlite3.Connection) -> list[int]:
    """Versions whose recipe, or something that it needs, could not be read."""
    sound: dict[int, str] = {}
    for number, count, meta in saved.execute("SELECT id, array_count, meta FROM ground"):
        sql = "SELECT count(*) FROM ground_array JOIN blob ON blob.id = ground_array.blob WHERE ground = ?"
        if saved.execute(sql, (number,)).fetchone()[0] == count:
            sound[int(number)] = str(meta)
    present = {int(row[0]) for row in saved.execute("SELECT id FROM example")}
    damaged = []
    sql = "SELECT version, digest, checksum, ground, recipe FROM checkpoint WHERE ground IS NOT NULL ORDER BY version"
    for version, digest, checksum, ground, data in saved.execute(sql):
        try:
            ids = taken_apart(data, sound[ground])[0].tolist()
            if recipe_checksum(digest, data) != checksum or not present.issuperset(ids):
                damaged.append(int(version))
        except (SessionFormatError, KeyError, TypeError, AttributeError):
            damaged.append(int(version))
    return damaged


def _stand_in_classes(saved: sqlite3.Connection) -> list[str]:
    """Examples of a class whose row is lost keep their class, under a name that says so."""
    orphans = """SELECT class_id FROM example UNION SELECT class_id FROM take EXCEPT SELECT id FROM class ORDER BY 1"""
    ids = [int(row[0]) for row in saved.execute(orphans)]
    stand_ins = [(identity, f"class {identity} (recovered)", "", _RECOVERED_COLOUR, 1, None) for identity in ids]
    saved.executemany(f"INSERT INTO class ({rows.CLASS_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", stand_ins)
    return [f"The name of class {identity} could not be read; its examples are kept." for identity in ids]
