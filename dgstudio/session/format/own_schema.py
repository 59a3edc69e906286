"""Whether all that a file's schema says is what dgstudio writes: a view, a trigger or an expression would be run."""

from __future__ import annotations

import re
import sqlite3
import string
from collections.abc import Iterator
from contextlib import closing
from dataclasses import field

from dgstudio.records import dataclass
from dgstudio.session.format import schema

Tokens = tuple[str, ...]
Objects = dict[tuple[str, str], Tokens]
"""(type, name) → the words of what made it; no words for an index that SQLite made by itself."""

_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?(?:\*/|$) | \s+            # nothing
    | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\]
    | [A-Za-z0-9_$\u0080-\U0010ffff.]+ | .""",
    re.VERBOSE | re.DOTALL,
)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_SEQUENCES: Tokens = ("create", "table", "sqlite_sequence", "(", "name", ",", "seq", ")")
_FIRST_ARRAYS = """CREATE TABLE checkpoint_array (version INTEGER NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL,
    PRIMARY KEY (version, name))"""
_FIRST_INDEX = "CREATE INDEX checkpoint_array_blob ON checkpoint_array (blob)"
_KEPT_INDEX = "CREATE INDEX checkpoint_kept ON checkpoint (kept)"
"""Indexes and a table of earlier formats."""


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """What a schema has that ours has not: `foreign` objects ("view v"), and own ones that are `missing` or altered.

    An altered one counts as both: there is a foreign object under our name.
    """

    foreign: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def ours(self) -> bool:
        """Whether the schema is ours, object by object."""
        return not (self.foreign or self.missing)


def tokens_of(sql: str) -> Tokens:
    """Words of a statement: without comments and spaces, in lower case, names without their quotes."""
    found = []
    for token in _TOKEN.findall(sql):
        if token.isspace() or token.startswith(("--", "/*")):
            continue
        # Only what SQLite takes to be the same: letters of ASCII.
        found.append((token[1:-1] if token[0] in '"`[' else token).translate(_LOWER))
    return tuple(found)


def objects_of(db: sqlite3.Connection) -> Objects:
    """All objects of a database. `sqlite3.Error` where its schema cannot be read."""
    found: Objects = {}
    rows = db.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master")
    for number, (kind, name, of, page, sql) in enumerate(rows):
        key = str(kind), str(name)
        if key in found:
            # Two of one name: which of them SQLite takes is not for us to find out.
            key = key[0], f"{name} ({number})"
        # SQLite would read a blob there too.
        words = tokens_of(sql) if isinstance(sql, str) else () if sql is None else ("?",)
        at_home = of == name if kind == "table" else of in schema.TABLES
        found[key] = words if at_home and isinstance(page, int) and page > 0 else ("?", *words)
    return found


def compare(db: sqlite3.Connection, version: int) -> SchemaReport:
    """Compare a database with what dgstudio makes of this format, afresh or out of an earlier one."""
    found = objects_of(db)
    best: SchemaReport | None = None
    for own, indexes in _expected(version):
        foreign = [
            f"{kind} {name}"
            for (kind, name), words in found.items()
            if own.get((kind, name)) != words and not (kind == "index" and words in indexes)
        ]
        missing = [f"{kind} {name}" for (kind, name), words in own.items() if found.get((kind, name)) != words]
        report = SchemaReport(foreign, missing)
        if report.ours:
            return report
        if best is None or len(foreign) < len(best.foreign):
            best = report
    assert best is not None, "there is always a format"
    return best


def _expected(version: int) -> Iterator[tuple[Objects, frozenset[Tokens]]]:
    """The schemas that a file of a format may have, the likeliest first, and indexes that it may have besides."""
    earlier = (_FIRST_INDEX, _KEPT_INDEX, *schema.INDEXES) if version < 4 else ()
    indexes = frozenset(map(tokens_of, earlier))
    for begun in range(version, 0, -1):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            _make(db, begun)
            if begun < version:
                schema.run_steps(db, begun, version)
            own = objects_of(db)
        # Not made before the first row of a table that counts.
        own.setdefault(("table", "sqlite_sequence"), _SEQUENCES)
        yield ({key: words for key, words in own.items() if version >= 4 or key[0] != "index" or not words}, indexes)


def _make(db: sqlite3.Connection, version: int) -> None:
    """Make an empty session as a dgstudio of that format did."""
    for table in schema.tables_of(version):
        if version == 1 and table == "checkpoint_array":
            db.execute(_FIRST_ARRAYS)
        else:
            db.execute(f'CREATE TABLE "{table}" ({schema.definition(table, version)})')
    indexes: tuple[str, ...]
    if version >= 4:
        indexes = schema.INDEXES
    elif version == 1:
        indexes = (_FIRST_INDEX,)
    else:
        indexes = (schema.ARRAY_INDEX, *(schema.RECORDING_INDEXES if version == 3 else ()))
    for index in indexes:
        db.execute(index)
