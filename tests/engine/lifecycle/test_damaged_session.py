"""An engine on a session in which something is damaged: it is said, the file is left alone, what is sound goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dgstudio.engine.lifecycle.stream_config import keep_stream, kept_stream
from dgstudio.session.export.request import ExportRequest
from dgstudio.session.file import Session
from dgstudio.session.storage.connection import connect
from dgstudio.studio.launch import StudioOptions, make_engine
from dgstudio.types import ClassInfo, Level

Rigs = Callable[..., Any]
NEW = "Badminton"


@pytest.fixture
def path(rigs: Rigs, tmp_path: Path) -> Path:
    """A session that has learned two takes."""
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    for name in (NEW, "Walking"):
        rig.teach(name, name)
    assert rig.engine.stop() == []
    return path


def flip(path: Path, array: str) -> None:
    """Change one bit of an array that versions share."""
    with closing(sqlite3.connect(path)) as db:
        sql = "SELECT rowid, data FROM blob WHERE id IN (SELECT blob FROM checkpoint_array WHERE name = ?)"
        for rowid, data in db.execute(sql, (array,)).fetchall():
            wrong = bytearray(data)
            wrong[len(wrong) // 2] ^= 1
            db.execute("UPDATE blob SET data = ? WHERE rowid = ?", (bytes(wrong), rowid))
        db.commit()


def newest(path: Path) -> int:
    with Session.reading(path) as session:
        return max(session.versions())


def test_a_model_of_which_no_version_is_left_is_said_and_begins_above_what_there_was(path: Path, rigs: Rigs) -> None:
    last = newest(path)
    flip(path, "normaliser.mean")
    before = path.read_bytes()
    rig = rigs(Session.open(path))
    said = [event.sentence for event in rig.events("session")]
    assert any("is damaged; what follows could not be read" in sentence for sentence in said)
    assert any(f"of which v{last} was the last, can be restored" in sentence for sentence in said)
    assert rig.engine.learner.store.head.version > last and rig.engine.book.total > 0
    rig.play(NEW)
    rig.settle()
    rig.engine.stop()
    assert path.read_bytes() == before


def test_a_damaged_head_is_passed_over_for_the_newest_sound_version(path: Path, rigs: Rigs) -> None:
    last = newest(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE checkpoint SET digest = 'x' || digest WHERE version = ?", (last,))
        db.commit()
    before = path.read_bytes()
    with Session.open(path) as session:
        left = max(session.versions())
    assert 0 < left < last
    rig = rigs(Session.open(path))
    assert any(f"Version {last} of the model cannot be restored." in event.sentence for event in rig.events("session"))
    assert rig.engine.learner.store.head.version >= left
    rig.engine.stop()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "settings",
    [
        {"learning": '{"mode":[],"rule":7}', "features": "5", "signal": "[]", "head": '"x"', "abstain": "[]"},
        {
            "learning": '{"mode":"both","rule":"locked bank","tau":0,"delta":null,"protected":1e999}',
            "features": '{"a":[1]}',
            "signal": '{"name":1,"kind":"signal","rate":"x"}',
            "serving": "1e999",
            "layout": "[" * 100_000,
            "recording": "{}",
        },
        {"learning": "[[]]", "features": "[[]]", "signal": "[" * 100_000},
    ],
)
def test_settings_of_other_types_are_not_the_end_of_the_session(
    path: Path, rigs: Rigs, settings: dict[str, str]
) -> None:
    with closing(connect(path, "mode=rw")) as db:
        sql = "INSERT INTO config VALUES (?1, ?2, row_check(?1, ?2)) ON CONFLICT (key) DO UPDATE SET "
        db.executemany(sql + "value = ?2, row_check = row_check(?1, ?2)", settings.items())
    rig = rigs(Session.open(path))
    assert not rig.engine.session.report.damaged and rig.events("session")
    assert rig.engine.book.total > 0 and rig.engine.learner.store.head.version > 1


def test_examples_of_another_length_and_a_list_for_what_is_parked_cost_no_session(path: Path, rigs: Rigs) -> None:
    with closing(connect(path, "mode=rw")) as db:
        row = "id, class_id, take_id, start_time, end_time, learn, active, checksum, raw_samples, raw_channels"
        db.execute("UPDATE example SET features = x'00000000', raw = NULL, checksum = 558161692 WHERE id = 0")
        db.execute(f"UPDATE example SET row_check = row_check({row}) WHERE id = 0")
    with Session.open(path) as session:
        assert session.report.ok
    rig = rigs(Session.open(path))
    assert any("are left out: 1" in event.sentence for event in rig.events("session"))


def test_an_act_on_a_take_that_is_not_there_is_not_in_the_history(path: Path, rigs: Rigs) -> None:
    with closing(connect(path, "mode=rw")) as db:
        db.execute("DELETE FROM example WHERE take_id = 1")
        db.execute("DELETE FROM take WHERE id = 1")
    rig = rigs(Session.open(path))
    for _ in range(9):
        rig.engine.labels.undo()
    for _ in range(9):
        rig.engine.labels.redo()
    rig.settle()
    assert rig.events("undo") and all(event.level != Level.ERROR for event in rig.said), "dg-store has not failed"


def test_thousands_of_classes_come_as_one_version(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "many.dgs"
    assert rigs(Session.create(path)).engine.stop() == []
    with Session.open(path) as session:
        session.put_classes(ClassInfo(i, f"class {i}", "", "#56b4e9") for i in range(100, 3100))
    rig = rigs(Session.open(path))
    head = rig.engine.learner.store.head
    assert len(head.classes) > 3000 and head.version < 5 and "3,000 classes added" in head.reason


def test_a_strangers_session_opens_in_the_studio_and_runs_nothing(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, '' AS text FROM n"
        db.execute(f"CREATE VIEW endless AS {endless}")
        db.execute("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM example; END")
    before = path.read_bytes()
    engine, _, _ = make_engine(StudioOptions(session=path, source="basic_motions"))
    engine.start()
    try:
        said = [event.sentence for event in engine.events.drain()]
        assert any("(view endless, trigger t): that was left out" in sentence for sentence in said)
        assert engine.book.total > 0
    finally:
        engine.stop()
    lines: list[str] = []
    ExportRequest(path, examples=tmp_path / "a.npz").run(lines.append)
    assert any("holds what is not dgstudio's" in line for line in lines) and (tmp_path / "a.npz").exists()
    assert path.read_bytes() == before


def test_options_of_a_stream_that_are_of_another_type_are_left_out(tmp_path: Path) -> None:
    with Session.memory() as session:
        keep_stream(session, source="simulator", rate=50.0)
        assert kept_stream(session)["rate"] == 50.0
        session.set_config("stream", {"source": "simulator", "rate": "x", "speed": [], "base": 5, "seed": "y"})
        assert kept_stream(session) == {"source": "simulator"}
