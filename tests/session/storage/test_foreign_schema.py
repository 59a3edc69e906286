"""A file whose schema is not dgstudio's runs nothing: its plain rows are copied out, the rest is left out and named."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.session.file import Session
from dgstudio.session.format import own_schema, row_check, schema
from dgstudio.session.storage import salvage

AGES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
COUNT = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) SELECT count(*) FROM n)"
DEADLINE_S = 10.0
"""Whatever runs would take for ever."""


@pytest.fixture
def path(tmp_path: Path, filled: Callable[..., None]) -> Path:
    path = tmp_path / "a.dgs"
    filled(path)
    return path


def script(path: Path, text: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in text.split(";;"):
            db.execute(statement)


def remade(table: str, columns: str) -> str:
    """A script that makes a table anew with other columns and puts the rows back."""
    names = ", ".join(text.split()[0] for text in schema.definition(table, schema.FORMAT).split(", "))
    return (
        f'ALTER TABLE "{table}" RENAME TO old;;CREATE TABLE "{table}" ({columns});;'
        f'INSERT INTO "{table}" ({names}) SELECT {names} FROM old;;DROP TABLE old'
    )


OWN = {table: schema.definition(table, schema.FORMAT) for table in schema.TABLES}
HOSTILE = {
    "view": "CREATE VIEW extra AS SELECT 1",
    "view for a table": f"DROP TABLE record;;CREATE VIEW record AS {AGES} i AS id, '' AS data, 0 AS row_check FROM n",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON example BEGIN UPDATE example SET active = 0;; END".replace(";;", ";"),
    "table": "CREATE TABLE extra (x)",
    "index": "CREATE INDEX extra ON example (take_id)",
    "expression index": "CREATE INDEX extra ON example (abs(id))",
    "partial index": "CREATE INDEX extra ON example (id) WHERE length(hex(zeroblob(1e6))) > 1",
    "generated column": remade("note", f"{OWN['note']}, huge AS (hex(zeroblob(500000000)))"),
    "stored column": remade("note", f"{OWN['note']}, more TEXT GENERATED ALWAYS AS (text || text) STORED"),
    "check": remade("note", f"{OWN['note']}, CHECK (text <> 'x')"),
    "default": remade("note", f"{OWN['note']}, more TEXT DEFAULT (hex(randomblob(5)))"),
    "collation": remade("note", OWN["note"].replace("text TEXT", "text TEXT COLLATE NOCASE")),
    "virtual table": "CREATE VIRTUAL TABLE extra USING fts5(x)",
    "virtual for a table": "DROP TABLE event;;CREATE VIRTUAL TABLE event USING fts5(id, kind, level, unix, text, data)",
    "statistics": "ANALYZE",
    "other type": remade("note", OWN["note"].replace("text TEXT", "text BLOB")),
    "without rowid": remade("class", OWN["class"]).replace(f"({OWN['class']})", f"({OWN['class']}) WITHOUT ROWID"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_of_a_foreign_schema_is_run(path: Path, tmp_path: Path, what: str) -> None:
    script(path, HOSTILE[what])
    before = path.read_bytes()
    begun = time.monotonic()
    for opened in (Session.open, Session.reading):
        with opened(path) as session:
            assert session.read_only and session.report.problems, "it is said"
            assert len(session.examples()) == 40 and session.latest_checkpoint() is not None
            own = set(schema.TABLES) | {"sqlite_sequence"}
            tables = session._database.read("SELECT name FROM sqlite_master WHERE type = 'table'")
            assert {row[0] for row in tables} == own
            assert session._database.read("SELECT count(*) FROM sqlite_master WHERE type IN ('view', 'trigger')") == [
                (0,)
            ]
            assert "nothing of it was run" in session.report.problems[0]
            with pytest.raises(SessionError, match="save a copy"):
                session.set_config("a", 1)
            session.save_copy(tmp_path / "b.dgs", overwrite=True)
    assert time.monotonic() - begun < DEADLINE_S
    assert path.read_bytes() == before
    with Session.open(tmp_path / "b.dgs") as session:
        assert session.report.ok and len(session.examples()) == 40


def test_what_is_foreign_is_named(path: Path) -> None:
    script(path, "CREATE VIEW seen AS SELECT 1;;CREATE TABLE extra (x)")
    with Session.open(path) as session:
        first = session.report.problems[0]
        assert (
            "holds what is not dgstudio's (view seen, table extra): that was left out and nothing of it was run"
            in first
        )
        assert len(session.report.problems) == 1


def test_a_schema_under_another_name_is_seen(path: Path) -> None:
    """Bytes written into the schema itself, as no statement would."""
    evil = "CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM example; END"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema=ON")
        sql = "UPDATE sqlite_master SET sql = CAST(? AS BLOB) WHERE name = 'sqlite_autoindex_blob_1'"
        db.execute(sql, (evil,))
    with Session.open(path) as session:
        assert session.read_only and len(session.examples()) == 40
        assert "nothing of it was run" in session.report.problems[0]
        assert session._database.read("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'") == [(0,)]


@pytest.mark.parametrize("text", [b"\xff\xfe", b"CREATE TABLE note (\xff)"])
def test_a_damaged_text_in_the_schema_is_survived(path: Path, text: bytes) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema=ON")
        db.execute("UPDATE sqlite_master SET sql = CAST(? AS TEXT) WHERE name = 'note'", (text,))
    before = path.read_bytes()
    for opened in (Session.open, Session.reading):
        with opened(path) as session:
            assert session.report.damaged and len(session.examples()) == 40
    assert path.read_bytes() == before


def test_rows_without_end_are_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salvage, "FOREIGN_S", 0.0)
    monkeypatch.setattr(salvage, "STEPS", 10)
    script(path, "CREATE VIEW seen AS SELECT 1")
    with pytest.raises(SessionFormatError, match="nothing in it can be read"):
        Session.open(path)


@pytest.mark.parametrize("begun", range(1, schema.FORMAT + 1))
def test_every_format_and_every_way_to_this_one_is_ours(begun: int) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        own_schema._make(db, begun)
        db.execute(f"PRAGMA user_version={begun}")
        assert own_schema.compare(db, begun).ours
        row_check.install(db)
        schema.migrate(db, "a")
        assert own_schema.compare(db, schema.FORMAT).ours
        db.execute("ALTER TABLE note ADD COLUMN more")
        report = own_schema.compare(db, schema.FORMAT)
        assert (report.foreign, report.missing) == (["table note"], ["table note"])


def test_words_of_a_schema_are_compared_not_how_they_are_written() -> None:
    assert own_schema.tokens_of('CREATE  TABLE "a" (x /* so */ INTEGER)') == own_schema.tokens_of(
        "create table a(X integer)"
    )
    assert own_schema.tokens_of("CREATE TABLE a (x 'k')") != own_schema.tokens_of("CREATE TABLE a (x k)")
    assert own_schema.tokens_of("CREATE TABLE \u212a (x)") != own_schema.tokens_of("CREATE TABLE k (x)"), (
        "the Kelvin sign"
    )
