"""`dgstudio check`: a sound session is said to be, damage is named wherever it is, and what is sound can be saved."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from dgstudio import cli
from dgstudio.commands.terminal import terminal
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.recording import recorder
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.session.file import Session
from dgstudio.session.format import row_check
from dgstudio.session.storage.connection import connect
from dgstudio.streams.registry import open_source


class Done(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs `dgstudio check` in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    terminal.cache_clear()

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["dgstudio", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        status = left.value.code
        return Done(status if isinstance(status, int) else 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recorded session as bytes, with whole versions and recipes."""
    path = tmp_path_factory.mktemp("made") / "a.dgs"
    source = open_source("basic_motions", speed=0.0, loop=False, labels_column="label")
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setattr(recorder, "ROW", 100)
        settings = EngineSettings(lossless=True, feed_labels=True)
        with Engine(source, base_for(source.spec)[0], Session.create(path), settings) as engine:
            engine.recording.record(True)
            while engine.recorder.figures.answers < 120:
                engine.infer.pause(0.01)
    return path.read_bytes()


@pytest.fixture
def path(made: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "gestures.dgs"
    path.write_bytes(made)
    return path


def edit(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(sql).rowcount > 0
        db.commit()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", ""),
        ("UPDATE class SET name = name || 'x' WHERE id = (SELECT min(id) FROM class)", "1 class is damaged"),
        ("UPDATE example SET learn = 1 - learn WHERE id = 1", "1 example has a damaged label"),
        ("UPDATE blob SET data = substr(data, 1, 40) || x'00' || substr(data, 42)", "cannot be restored"),
        (
            "UPDATE stream_block SET data = x'00' WHERE id = (SELECT max(id) FROM stream_block)",
            "is damaged (id",
        ),
        ("DELETE FROM receipts WHERE id = (SELECT min(id) FROM receipts)", "receipts of the recorded stretch 1, "),
        (
            "UPDATE receipts SET checksum = 1 WHERE id = (SELECT min(id) FROM receipts)",
            "1 pack of receipts of the",
        ),
        ("DELETE FROM stretch", "of no stretch that is known"),
        ("UPDATE checkpoint SET recipe = x'00' || recipe WHERE recipe IS NOT NULL", "are learned again when they are"),
        ("CREATE VIEW v AS SELECT 1", "holds what is not dgstudio's (view v)"),
    ],
)
def test_damage_is_named_and_what_is_sound_is_saved(
    check: Callable[..., Done], path: Path, tmp_path: Path, sql: str, said: str
) -> None:
    if sql.startswith("CREATE"):
        with closing(sqlite3.connect(path)) as db:
            db.execute(sql)
    elif sql:
        edit(path, sql)
    before = path.read_bytes()
    done = check(path)
    assert done.status == bool(sql) and said in done.out
    assert ("is sound: " in done.out) == (not sql) and ("--rescue" in done.out) == bool(sql)
    new = tmp_path / "new.dgs"
    assert check(path, "--rescue", new).status == bool(sql)
    assert path.read_bytes() == before, "the session itself is only read"
    done = check(new)
    assert done.status == 0 and "is sound: " in done.out


def test_a_version_that_is_no_model_is_named_and_left_out(
    check: Callable[..., Done], path: Path, tmp_path: Path
) -> None:
    """All its checksums are right: somebody wrote it so."""
    with closing(connect(path, "mode=rw")) as db:
        db.execute("BEGIN")
        db.execute("UPDATE checkpoint SET digest = 'f' || substr(digest, 2) WHERE version = 1 AND ground IS NULL")
        (version,) = db.execute("SELECT max(version) FROM checkpoint WHERE ground IS NULL").fetchone()
        db.execute("UPDATE checkpoint SET meta = '{}', checksum = 2745614147 WHERE version = ?", (version,))
        row_check.fill(db, "checkpoint")
        db.execute("COMMIT")
    done = check(path, "--rescue", tmp_path / "new.dgs")
    assert done.status == 1 and f"Version {version} of the session is incomplete" in done.out
    assert check(tmp_path / "new.dgs").status == 0


def test_a_recipe_whose_example_is_gone_is_named(check: Callable[..., Done], path: Path) -> None:
    edit(path, "DELETE FROM example WHERE id = 0")
    done = check(path)
    assert done.status == 1 and "cannot be any more" in done.out


def test_what_cannot_be_checked_is_refused(check: Callable[..., Done], path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("no session")
    for done in (check(other), check(tmp_path / "missing.dgs")):
        assert done.status == 2 and done.err.startswith("dgstudio: ") and done.err.count("\n") == 1
    assert check().status == 2
    assert check(path, "--rescue", path).status == 1
    assert check(path, "--rescue", other).status == 1 and other.read_text() == "no session"
    with Session.open(path):
        assert check(path).status == 2
