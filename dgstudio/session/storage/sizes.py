"""What a session would take in memory, looked at before anything of it is unpacked."""

from __future__ import annotations

import sqlite3

from dgstudio.errors import SessionFormatError
from dgstudio.guard.limits import CLASSES, WINDOWS_FREE_BYTES, WINDOWS_GROWTH


def check_sizes(db: sqlite3.Connection, name: str) -> None:
    """Refuse a session of too many classes, or whose raw windows would take far more memory than its file.

    Raises
    ------
    SessionFormatError
        Naming what there is too much of.
    """
    classes = int(db.execute("SELECT count(*) FROM class").fetchone()[0])
    if classes > CLASSES:
        raise SessionFormatError(f"{name} has {classes:,} classes, the most is {CLASSES:,}; choose another session.")
    pages, page = (int(db.execute(f"PRAGMA {what}").fetchone()[0]) for what in ("page_count", "page_size"))
    sql = "SELECT total(4.0 * max(raw_samples, 0) * max(raw_channels, 0)) FROM example WHERE raw_samples IS NOT NULL"
    windows = float(db.execute(sql).fetchone()[0])
    if windows > max(WINDOWS_FREE_BYTES, WINDOWS_GROWTH * pages * page):
        raise SessionFormatError(
            f"{name} has examples that would take {windows / 1e6:,.0f} MB of memory, far more than they can need; "
            "choose another session."
        )
