"""Connections to a session's database that run nothing of what a file says, and what errors of SQLite mean."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from dgstudio.guard.limits import ARRAY_BYTES
from dgstudio.session.format import row_check

BUSY_S = 0.5
"""How long another process may keep the file before it counts as open there."""

_ELSEWHERE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_NOMEM,
    }
)
"""Codes that say something of the system, not of the bytes in the file."""


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Connection by URI with explicit transactions, usable from any one thread at a time."""
    uri = f"{path.absolute().as_uri()}?{options}"
    return guarded(sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False))


def memory_database() -> sqlite3.Connection:
    """An empty database without a file."""
    return guarded(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))


def guarded(db: sqlite3.Connection) -> sqlite3.Connection:
    """Prepare a connection for a file that may come from someone else: what its schema says is data, not to be run."""
    db.execute("PRAGMA trusted_schema=OFF")
    db.execute("PRAGMA cell_size_check=ON")
    # A file that gets shorter meanwhile is then an error, not the end of the program.
    db.execute("PRAGMA mmap_size=0")
    _defend(db, True)
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, ARRAY_BYTES)
    db.text_factory = _text
    row_check.install(db)
    return db


def tolerate(db: sqlite3.Connection) -> None:
    """Let a damaged schema, or a file that is shorter than its header says, be read as far as it goes."""
    _defend(db, False)
    db.execute("PRAGMA writable_schema=ON")


def _defend(db: sqlite3.Connection, on: bool) -> None:
    # Python 3.11 cannot set it; SQL from a file is not run there either.
    configure, option = getattr(db, "setconfig", None), getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE", None)
    if configure is not None and option is not None:
        configure(option, on)


def _text(data: bytes) -> str | bytes:
    """A text, or its bytes where they are none: one damaged text must not hide the other rows."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def is_corruption(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the bytes of the file are wrong, not that it could not get at them."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    # The low byte is the primary code; a page that the file is too short for is a short read.
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code == sqlite3.SQLITE_IOERR_SHORT_READ


def is_of_the_file(error: BaseException) -> bool:
    """Whether an error comes from what is in the file, whatever that may be, and not from the system."""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, ValueError | TypeError | OverflowError | RecursionError)
    code: int = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_IOERR:
        return is_corruption(error)
    return code & 0xFF not in _ELSEWHERE
