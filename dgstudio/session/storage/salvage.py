"""What can still be read of a damaged or foreign file: table by table, row by row, into memory; it is only read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from typing import Any

from dgstudio.errors import SessionFormatError
from dgstudio.records import dataclass
from dgstudio.session.format import row_check
from dgstudio.session.format.own_schema import Objects, SchemaReport, compare, objects_of
from dgstudio.session.format.schema import (
    ADDED_COLUMNS,
    TABLES,
    columns_of,
    create_tables,
    pack_arrays,
    pack_raw,
    tables_of,
    version_of,
)
from dgstudio.session.storage.connection import memory_database, tolerate
from dgstudio.session.storage.repair import PLURALS, repair

GAP = 50_000
"""Row ids that are looked for in a stretch that cannot be read."""
TRIES = 4_000
"""Readings of parts of that stretch: a damaged page of a table takes about a hundred to go round."""
IN_VAIN = 300
"""So many that give no row at all: what leads to the pages is damaged, not one of them."""
OWN_S, FOREIGN_S = 60.0, 8.0
"""So long rows are read of a damaged session of ours, and of a file that has what ours has not."""
STEPS = 20_000
"""Steps of SQLite between two looks at the clock."""
NAMED = 6
"""Foreign objects that are named one by one."""

_MAY_LACK = {text.split()[0] for added in ADDED_COLUMNS.values() for texts in added.values() for text in texts}
_RECORDED = ("stream_block", "receipts")


@dataclass
class _Lost:
    """Rows of one table that could not be read; None means an unknown number."""

    count: int | None = 0

    def one(self) -> None:
        self.count = None if self.count is None else self.count + 1


class _Budget:
    """Time and bytes that reading a file may take: rows may refer to the same pages again and again, without an end."""

    def __init__(self, db: sqlite3.Connection, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        pages, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        # Whatever is in the rows of a sound file is in its pages, once.
        self._bytes = int(pages) * int(size) + size
        self.over = False
        db.set_progress_handler(self._late, STEPS)

    def _late(self) -> bool:
        self.over = self.over or time.monotonic() > self._until
        return self.over

    def spend(self, row: Sequence[Any]) -> bool:
        """Whether there was room for a row."""
        self._bytes -= sum(len(value) for value in row if isinstance(value, str | bytes)) + len(row)
        self.over = self.over or self._bytes < 0
        return not self.over


def salvage(
    source: sqlite3.Connection, name: str, schema_report: SchemaReport | None = None
) -> tuple[sqlite3.Connection, list[str]]:
    """Copy every row that can be read into a new database in memory, and leave out what is not as it was written.

    Parameters
    ----------
    source
        The damaged or foreign session; only rows of its plain tables are read.
    name
        What to call it in sentences.
    schema_report
        How its schema differs from ours, if that could be seen.

    Returns
    -------
    The database, and one sentence for each thing that was left out, after a general one.

    Raises
    ------
    SessionFormatError
        Where not one row could be read.
    """
    tolerate(source)
    version = version_of(source)
    report = schema_report or _compared(source, version)
    tables = _plain_columns(source, tables_of(version))
    saved = memory_database()
    try:
        create_tables(saved)
        problems: list[str] = []
        budget = _Budget(source, OWN_S if report.ours else FOREIGN_S)
        source.set_authorizer(_only_rows)
        try:
            for table in tables_of(version):
                problems += _copy_table(source, saved, table, tables.get(table, []), budget)
        finally:
            source.set_authorizer(None)
            source.set_progress_handler(None, 0)
        if budget.over:
            problems.append("It holds more than a file of its size can: the rest was left out.")
        kept = sum(int(saved.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]) for table in TABLES)
        if kept == 0:
            raise SessionFormatError(
                f"{name} is damaged or truncated and nothing in it can be read; it is left as it is, restore it from "
                "a backup."
            )
        _bring_up(saved, version)
        problems = [*problems, *repair(saved)]
    except BaseException:
        saved.close()
        raise
    return saved, [_general(name, report, any_lost=bool(problems)), *problems]


def _bring_up(saved: sqlite3.Connection, version: int) -> None:
    """Give rows of an earlier format what they had not."""
    if version == 1:
        pack_arrays(saved)
        pack_raw(saved)
    if version < 6:
        for table in row_check.CHECKED:
            row_check.fill(saved, table)


def _general(name: str, report: SchemaReport, *, any_lost: bool) -> str:
    own = {f"table {table}" for table in TABLES}
    foreign, altered = [[t for t in report.foreign if (t in own) is ours] for ours in (False, True)]
    if foreign:
        return (
            f"{name} holds what is not dgstudio's ({_named(foreign)}): that was left out and nothing of it was run; "
            "the file is left as it is, save a copy to go on."
        )
    if altered:
        return (
            f"{name} is damaged, or was changed by something else than dgstudio ({_named(altered)}): what could be "
            "read was copied and nothing of it was run; the file is left as it is, save a copy to go on."
        )
    if any_lost:
        return f"{name} is damaged; what follows could not be read, and the file is left as it is."
    return f"{name} is damaged, but everything in it could be read; the file is left as it is."


def _named(things: Sequence[str]) -> str:
    shown = ("".join(filter(str.isprintable, thing))[:60] for thing in things[:NAMED])
    return ", ".join(shown) + (", …" if len(things) > NAMED else "")


def _compared(source: sqlite3.Connection, version: int) -> SchemaReport:
    """How the schema differs from ours, as far as it can be read at all."""
    try:
        return compare(source, version)
    except (sqlite3.Error, ValueError):
        return SchemaReport(missing=["everything"])


def _only_rows(action: int, _first: str | None, _second: str | None, _base: str | None, within: str | None) -> int:
    """What statements may do while rows are copied: read columns of tables, of no view and by no trigger."""
    plain = action == sqlite3.SQLITE_SELECT or (action == sqlite3.SQLITE_READ and within is None)
    return sqlite3.SQLITE_OK if plain else sqlite3.SQLITE_DENY


def _plain_columns(source: sqlite3.Connection, wanted: Sequence[str]) -> dict[str, list[str]]:
    """Table → its stored columns, of those tables that are tables: nothing that has to be computed."""
    try:
        objects: Objects = objects_of(source)
    except (sqlite3.Error, ValueError):
        return {}
    found = {}
    for table in wanted:
        if objects.get(("table", table), ())[:2] != ("create", "table"):
            continue
        try:
            rows = source.execute(f'PRAGMA table_xinfo("{table}")').fetchall()
        except (sqlite3.Error, ValueError):
            continue
        # The last column says of generated and hidden ones that they are.
        found[table] = [str(row[1]) for row in rows if row[6] == 0]
    return found


def _copy_table(
    source: sqlite3.Connection, saved: sqlite3.Connection, table: str, present: Sequence[str], budget: _Budget
) -> list[str]:
    plural = PLURALS[table]
    wanted = columns_of(saved, table)
    # A column that may be empty may have come with a later format.
    columns = [column for column in wanted if column in present]
    if not set(wanted) - set(columns) <= _MAY_LACK:
        return [f"The table of {plural} could not be read."]
    lost = _Lost()
    names = ", ".join(columns)
    marks = ", ".join("?" * (len(columns) + 1))
    insert = f'INSERT INTO "{table}" (rowid, {names}) VALUES ({marks})'
    saved.execute("BEGIN")
    for row in _readable_rows(source, f'SELECT rowid, {names} FROM "{table}" NOT INDEXED', lost, budget):
        if not budget.spend(row):
            break
        try:
            saved.execute(insert, row)
        except (sqlite3.Error, OverflowError, UnicodeError):
            # Read, but not a row that could ever have been written: bytes of something else.
            lost.one()
    saved.execute("COMMIT")
    if lost.count == 0:
        return []
    if lost.count is None:
        return [f"Some {plural} could not be read; how many is not known."]
    return [f"Up to {lost.count} {plural} could not be read."]


def _readable_rows(source: sqlite3.Connection, select: str, lost: _Lost, budget: _Budget) -> Iterator[Sequence[Any]]:
    """Rows from the front up to the first damage, from the back down to the last, then what lies between them."""
    last_front: int | None = None
    try:
        for row in source.execute(f"{select} ORDER BY rowid"):
            yield row
            last_front = row[0]
        return
    except (sqlite3.Error, ValueError):
        pass
    after = "" if last_front is None else f" WHERE rowid > {last_front}"
    first_back: int | None = None
    try:
        for row in source.execute(f"{select}{after} ORDER BY rowid DESC"):
            yield row
            first_back = row[0]
    except (sqlite3.Error, ValueError):
        pass
    low = 0 if last_front is None else last_front + 1
    high = low + GAP if first_back is None else first_back
    if high - low > GAP or first_back is None:
        lost.count = None
    yield from _between(source, select, range(low, min(high, low + GAP)), lost, budget)


def _between(
    source: sqlite3.Connection, select: str, rowids: range, lost: _Lost, budget: _Budget
) -> Iterator[Sequence[Any]]:
    """Rows of a stretch with damage in it: where it cannot be read, its halves are tried, down to single rows."""
    stretches, tries, found = [rowids], 0, False
    while stretches:
        stretch = stretches.pop()
        if not stretch:
            continue
        tries += 1
        if budget.over or tries > (TRIES if found else IN_VAIN):
            lost.count = None
            return
        try:
            rows = source.execute(f"{select} WHERE rowid BETWEEN ? AND ?", (stretch[0], stretch[-1])).fetchall()
        except (sqlite3.Error, ValueError, OverflowError):
            if len(stretch) == 1:
                lost.one()
            else:
                half = len(stretch) // 2
                stretches += [stretch[half:], stretch[:half]]
            continue
        found = found or bool(rows)
        yield from rows
