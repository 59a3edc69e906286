"""The format of a session file: its tables, its version, and how an older version becomes this one."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable

from dgstudio.errors import SessionFormatError
from dgstudio.session.format import row_check
from dgstudio.session.format.codecs import pack

APPLICATION_ID = 0x64677374
"""SQLite's application id of a session file: "dgst" in ASCII."""

FORMAT = 6
"""The format that this dgstudio writes, in SQLite's user_version."""

# Blobs come last in a row: SQLite reads the columns before them without following the row's overflow pages.
# Columns that came later stand behind them, where `ALTER TABLE` puts them.
TABLES: dict[str, str] = {
    "class": """id INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, colour TEXT NOT NULL,
        living INTEGER NOT NULL""",
    "take": """id INTEGER PRIMARY KEY, class_id INTEGER NOT NULL, start_time REAL, end_time REAL,
        source TEXT NOT NULL, who TEXT NOT NULL, created_unix REAL, examples INTEGER NOT NULL""",
    "example": """id INTEGER PRIMARY KEY, class_id INTEGER NOT NULL, take_id INTEGER NOT NULL,
        start_time REAL, end_time REAL, learn INTEGER NOT NULL, active INTEGER NOT NULL, checksum INTEGER NOT NULL,
        raw_samples INTEGER, raw_channels INTEGER, features BLOB NOT NULL, raw BLOB""",
    "note": "example_id INTEGER PRIMARY KEY, text TEXT NOT NULL",
    "act": "id INTEGER PRIMARY KEY, done INTEGER NOT NULL, unix REAL, data TEXT NOT NULL",
    "checkpoint": """version INTEGER PRIMARY KEY, parent INTEGER, digest TEXT NOT NULL, kind TEXT NOT NULL,
        reason TEXT NOT NULL, unix REAL, kept INTEGER NOT NULL, learned_count INTEGER NOT NULL,
        array_count INTEGER NOT NULL, learned TEXT NOT NULL, checksum INTEGER NOT NULL, meta TEXT NOT NULL""",
    "ground": "id INTEGER PRIMARY KEY, key TEXT NOT NULL, array_count INTEGER NOT NULL, meta TEXT NOT NULL",
    "ground_array": "ground INTEGER NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL",
    "checkpoint_array": "version INTEGER NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL",
    "blob": "id TEXT PRIMARY KEY NOT NULL, data BLOB NOT NULL",
    "record": "id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL",
    "event": """id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, level TEXT NOT NULL, unix REAL,
        text TEXT NOT NULL, data TEXT NOT NULL""",
    "config": "key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL",
    "stretch": """id INTEGER PRIMARY KEY, began_unix REAL NOT NULL, ended_unix REAL, lost_samples INTEGER NOT NULL,
        lost_answers INTEGER NOT NULL, kernel TEXT NOT NULL, signal TEXT NOT NULL""",
    "stream_block": """id INTEGER PRIMARY KEY, stretch INTEGER NOT NULL, first INTEGER NOT NULL,
        count INTEGER NOT NULL, checksum INTEGER NOT NULL, marks TEXT NOT NULL, data BLOB NOT NULL""",
    "receipts": """id INTEGER PRIMARY KEY, stretch INTEGER NOT NULL, first INTEGER NOT NULL,
        count INTEGER NOT NULL, checksum INTEGER NOT NULL, answerers TEXT NOT NULL, data BLOB NOT NULL""",
}
"""Table → its columns as they were first."""

ADDED_COLUMNS: dict[int, dict[str, tuple[str, ...]]] = {
    2: {"class": ("place INTEGER",)},
    4: {"checkpoint": ("ground INTEGER", "recipe BLOB"), "stretch": ("samples INTEGER", "answers INTEGER")},
    6: dict.fromkeys(row_check.CHECKED, (f"{row_check.COLUMN} INTEGER",)),
}
"""Format → the columns that came with it, all of which may be empty."""

ARRAY_INDEX = "CREATE INDEX checkpoint_array_version ON checkpoint_array (version)"
RECORDING_INDEXES = (
    "CREATE INDEX stream_block_place ON stream_block (stretch, first, count)",
    "CREATE INDEX receipts_place ON receipts (stretch, first, count)",
)
RECIPE_INDEXES = (
    # Of thousands of versions that a recording keeps, those that thin out, or are whole, are found without the others.
    "CREATE INDEX checkpoint_kept ON checkpoint (kept, ground)",
    "CREATE UNIQUE INDEX ground_key ON ground (key)",
    "CREATE INDEX ground_array_ground ON ground_array (ground)",
)
INDEXES = (ARRAY_INDEX, *RECORDING_INDEXES, *RECIPE_INDEXES)


ADDED_IN = {"act": 2, "stretch": 3, "stream_block": 3, "receipts": 3, "note": 3, "ground": 4, "ground_array": 4}
"""Tables that earlier formats did not have."""


def tables_of(version: int) -> list[str]:
    """Names of the tables of a format."""
    return [name for name in TABLES if ADDED_IN.get(name, 1) <= version]


def definition(table: str, version: int) -> str:
    """Columns of a table as they are in a format."""
    # Without the spaces the whole schema has room in the first page: it is lost with that page only.
    later = [text for step, added in sorted(ADDED_COLUMNS.items()) if step <= version for text in added.get(table, ())]
    return ", ".join([" ".join(TABLES[table].split()), *later])


def _create(db: sqlite3.Connection, table: str, version: int) -> None:
    db.execute(f'CREATE TABLE "{table}" ({definition(table, version)})')


def _add_columns(db: sqlite3.Connection, version: int) -> None:
    """Add what came with a format to the tables of the one before."""
    for table, columns in ADDED_COLUMNS[version].items():
        if ADDED_IN.get(table, 1) < version:
            for column in columns:
                db.execute(f'ALTER TABLE "{table}" ADD COLUMN {column}')


def pack_arrays(db: sqlite3.Connection) -> None:
    """Compress arrays as they were in format 1."""
    for (identity,) in db.execute("SELECT id FROM blob").fetchall():
        (data,) = db.execute("SELECT data FROM blob WHERE id = ?", (identity,)).fetchone()
        # By fours, whatever the items are: only the size differs, and nearly all arrays are of float32.
        packed = pack(data, 4 if len(data) % 4 == 0 else 1)
        db.execute("UPDATE blob SET data = ? WHERE id = ?", (packed, identity))


def pack_raw(db: sqlite3.Connection) -> None:
    """Compress raw windows as they were in format 1; damaged examples stay damaged."""
    for (identity,) in db.execute("SELECT id FROM example WHERE raw IS NOT NULL").fetchall():
        sql = "SELECT checksum, features, raw FROM example WHERE id = ?"
        checksum, features, raw = db.execute(sql, (identity,)).fetchone()
        if len(raw) % 4 == 0 and zlib.crc32(raw, zlib.crc32(features)) == checksum:
            packed = pack(raw, 4)
            values = packed, zlib.crc32(packed, zlib.crc32(features)), identity
            db.execute("UPDATE example SET raw = ?, checksum = ? WHERE id = ?", values)


def _to_2(db: sqlite3.Connection) -> None:
    """Arrays are compressed, the parts of a version are indexed by version alone, classes have places, acts are kept.

    Which acts there were follows from the takes when the session is resumed.
    """
    pack_arrays(db)
    pack_raw(db)
    _add_columns(db, 2)
    _create(db, "act", 2)
    db.execute("ALTER TABLE checkpoint_array RENAME TO old")
    db.execute("DROP INDEX IF EXISTS checkpoint_array_blob")
    _create(db, "checkpoint_array", 2)
    db.execute("INSERT INTO checkpoint_array SELECT version, name, blob FROM old ORDER BY rowid")
    db.execute("DROP TABLE old")
    db.execute(ARRAY_INDEX)


def _add_recording(db: sqlite3.Connection) -> None:
    """Format 3 has room for a recorded stream."""
    for table in ("stretch", "stream_block", "receipts"):
        _create(db, table, 3)
    for index in RECORDING_INDEXES:
        db.execute(index)


def _add_notes(db: sqlite3.Connection) -> None:
    """Format 3 has room for notes on examples."""
    _create(db, "note", 3)


def _to_3(db: sqlite3.Connection) -> None:
    """Tables that came with format 3, one function each."""
    _add_recording(db)
    _add_notes(db)


def _to_4(db: sqlite3.Connection) -> None:
    """Format 4 keeps versions by recipe, and counts what a stretch holds."""
    _add_columns(db, 4)
    for table in ("ground", "ground_array"):
        _create(db, table, 4)
    db.execute("DROP INDEX IF EXISTS checkpoint_kept")
    for index in RECIPE_INDEXES:
        db.execute(index)


def _to_5(db: sqlite3.Connection) -> None:
    """Format 5 has versions with structured features, which older programs do not know; its tables are the same."""


def _to_6(db: sqlite3.Connection) -> None:
    """Format 6 has a checksum over each row; `migrate` computes them."""
    _add_columns(db, 6)


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _to_2, 2: _to_3, 3: _to_4, 4: _to_5, 5: _to_6}
"""From a version to the next: `MIGRATIONS[n]` turns the tables of format n into those of n + 1.

It runs inside a transaction, after a backup copy, and leaves user_version alone. Format 1 is the first.
"""


def create_tables(db: sqlite3.Connection) -> None:
    """Make an empty session out of an empty database, in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        _create(db, table, FORMAT)
    for index in INDEXES:
        db.execute(index)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={FORMAT}")
    db.execute("COMMIT")


def columns_of(db: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Names of the columns that a table has in this database; empty where there is no such table."""
    return tuple(row[1] for row in db.execute(f'PRAGMA table_info("{table}")'))


def version_of(db: sqlite3.Connection) -> int:
    """Format version that is written in the database."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def check_version(name: str, application_id: int, version: int) -> None:
    """Refuse what is not a session, or is from the future, before anything touches it.

    Raises
    ------
    SessionFormatError
        Naming both versions where the file is newer than this dgstudio, or older than it can bring up to date.
    """
    if application_id != APPLICATION_ID or version < 1:
        raise SessionFormatError(f"{name} is not a dgstudio session; choose a file that dgstudio has saved.")
    if version > FORMAT:
        raise SessionFormatError(
            f"{name} was saved in session format {version} by a newer dgstudio, and this one reads formats up to "
            f"{FORMAT}; update dgstudio to open it."
        )
    if any(step not in MIGRATIONS for step in range(version, FORMAT)):
        raise SessionFormatError(
            f"{name} was saved in session format {version}, which this dgstudio (format {FORMAT}) can no longer "
            "bring up to date; open it with an older dgstudio."
        )


def run_steps(db: sqlite3.Connection, version: int, until: int) -> None:
    """Turn the tables of one format into those of a later one."""
    for step in range(version, until):
        MIGRATIONS[step](db)


def migrate(db: sqlite3.Connection, name: str) -> None:
    """Bring the tables to `FORMAT` in one transaction; on any failure they stay as they were.

    Raises
    ------
    SessionFormatError
        Where a step fails; the database is then unchanged.
    """
    version = version_of(db)
    try:
        db.execute("BEGIN IMMEDIATE")
        run_steps(db, version, FORMAT)
        for table in row_check.CHECKED:
            row_check.fill(db, table)
        db.execute(f"PRAGMA user_version={FORMAT}")
        db.execute("COMMIT")
    except (sqlite3.Error, ValueError, zlib.error) as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise SessionFormatError(
            f"{name} could not be brought from session format {version} to {FORMAT} ({error}); it is unchanged, open "
            "it with the dgstudio that saved it."
        ) from error
