"""Damage of every kind, drawn from a seed: to the bytes of a file, to the structure of a session, to a table's text."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

PAGE = 4096
EDGES = (
    "NULL",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "1e400",
    "0.5",
    "''",
    "x''",
    "x'ff00fe'",
    "CAST(x'fffe' AS TEXT)",
    "'[[[[[[[[[[' || hex(zeroblob(3000))",
    "'{\"a\": ' || replace(hex(zeroblob(2000)), '00', '[') || '}'",
    "replace(hex(zeroblob(30000)), '00', '[')",
    "'null'",
    "'true'",
    "'[1, \"a\", null]'",
    "'\u202e\u0007=1+1'",
    "zeroblob(200000)",
    "replace(hex(zeroblob(50000)), '00', 'a')",
)
"""SQL expressions that no session has where a sound value is."""
HOSTILE = (
    "CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) AS n FROM r",
    "CREATE TRIGGER t AFTER INSERT ON example BEGIN DELETE FROM class; END",
    "CREATE TRIGGER t BEFORE UPDATE ON config BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TABLE more (a, b AS (zeroblob(2000000000)))",
    "ALTER TABLE class ADD COLUMN g AS (zeroblob(900000000))",
    "CREATE INDEX i ON class (abs(id) + length(name))",
    "CREATE UNIQUE INDEX i ON note (text)",
    "CREATE VIRTUAL TABLE f USING fts5(a)",
    "CREATE TABLE sqlite_stat1x (a)",
    "ALTER TABLE class RENAME COLUMN name TO label",
    "ALTER TABLE example RENAME TO examples",
    "DROP TABLE note",
    "DROP INDEX checkpoint_kept",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 3",
    "PRAGMA user_version = 1000000",
    "PRAGMA application_id = 1",
    "ALTER TABLE take ADD COLUMN more TEXT DEFAULT (hex(randomblob(1000000)))",
)
CELLS = (
    b"=1+1",
    b"nan",
    b"inf",
    b"-1e999",
    b"1e-999",
    b'"',
    b'"\n"',
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"a" * 70_000,
    b"9" * 400,
    "\u202eabc\u0007".encode(),
    b"?",
    b"{0 1, 2 3}",
    b"0x1p9",
    b"1,5",
    b"\r",
    b"1970-01-01T00:00:00",
)


def damaged_bytes(data: bytes, chance: random.Random) -> bytes:
    """Flip, overwrite, cut, insert, move: one to three places."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if not out:
            break
        at = chance.randrange(min(len(out), 128) if chance.random() < 0.1 else len(out))
        kind = chance.randrange(8)
        if kind <= 2:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 3:
            length = chance.choice((1, 4, 64, 1000))
            out[at : at + length] = chance.choice((b"\0" * length, b"\xff" * length, chance.randbytes(length)))
        elif kind == 4:
            del out[at:]
        elif kind == 5:
            out[at:at] = chance.randbytes(chance.choice((1, 7, PAGE)))
        elif kind == 6:
            del out[at : at + chance.choice((1, 3, 100, PAGE))]
        else:
            other = chance.randrange(len(out)) // PAGE * PAGE
            at = at // PAGE * PAGE
            out[at : at + PAGE] = out[other : other + PAGE]
    return bytes(out)


def damaged_session(path: Path, chance: random.Random) -> bool:
    """Damage a session file in place, in its bytes or through SQLite.

    Returns
    -------
    Whether a row may have got another value that its writer could have written: what SQLite itself stores for it.
    """
    if chance.random() < 0.6:
        path.write_bytes(damaged_bytes(path.read_bytes(), chance))
        return False
    with closing(sqlite3.connect(path, isolation_level=None)) as db, suppress(sqlite3.Error):
        act = chance.choice((_odd_cell, _odd_cell, _odd_cell, _swapped, _hostile, _odd_schema))
        act(db, chance)
    return True


def _tables(db: sqlite3.Connection) -> list[str]:
    named = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [str(row[0]) for row in named]


def _row(db: sqlite3.Connection, table: str, chance: random.Random) -> int | None:
    rows = [row[0] for row in db.execute(f'SELECT rowid FROM "{table}"')]
    return chance.choice(rows) if rows else None


def _odd_cell(db: sqlite3.Connection, chance: random.Random) -> None:
    table = chance.choice(_tables(db))
    columns = [str(row[1]) for row in db.execute(f'PRAGMA table_info("{table}")')]
    row = _row(db, table, chance)
    if row is not None:
        sql = f'UPDATE OR IGNORE "{table}" SET "{chance.choice(columns)}" = {chance.choice(EDGES)} WHERE rowid = ?'
        db.execute(sql, (row,))


def _swapped(db: sqlite3.Connection, chance: random.Random) -> None:
    """Two rows exchange one value."""
    table = chance.choice([name for name in _tables(db) if name not in ("config", "ground")])
    columns = [str(row[1]) for row in db.execute(f'PRAGMA table_info("{table}")') if not row[5]]
    one, other = _row(db, table, chance), _row(db, table, chance)
    if one is None or other is None or not columns:
        return
    column = chance.choice(columns)
    sql = f'SELECT "{column}" FROM "{table}" WHERE rowid = ?'
    values = [db.execute(sql, (row,)).fetchone()[0] for row in (one, other)]
    for row, value in ((one, values[1]), (other, values[0])):
        db.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE rowid = ?', (value, row))


def _hostile(db: sqlite3.Connection, chance: random.Random) -> None:
    db.execute(chance.choice(HOSTILE))


def _odd_schema(db: sqlite3.Connection, chance: random.Random) -> None:
    """The schema's own text is damaged."""
    db.execute("PRAGMA writable_schema=ON")
    rows = db.execute("SELECT rowid, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    row, sql = chance.choice(rows)
    text = damaged_bytes(sql.encode(), chance)
    db.execute("UPDATE sqlite_master SET sql = CAST(? AS TEXT) WHERE rowid = ?", (text, row))


def damaged_table(data: bytes, chance: random.Random) -> bytes:
    """Damage a CSV or ARFF text: cells, lines, the encoding, or any bytes."""
    kind = chance.randrange(8)
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    if kind <= 2:
        cells = lines[at].split(b",")
        cells[chance.randrange(len(cells))] = chance.choice(CELLS)
        lines[at] = b",".join(cells)
    elif kind == 3:
        lines[at:at] = [chance.choice(CELLS)] * chance.choice((1, 5))
    elif kind == 4:
        del lines[at : at + chance.choice((1, 1, len(lines)))]
    elif kind == 5:
        separator = chance.choice((b";", b"\t", b" ", b"|", b",,"))
        lines = [line.replace(b",", separator) for line in lines]
    elif kind == 6:
        encoding = chance.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1"))
        return data.decode("utf-8", "replace").encode(encoding, "replace")
    else:
        return damaged_bytes(data, chance)
    return b"\n".join(lines)
