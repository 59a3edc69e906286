"""An engine on a session in which something is damaged: it is said, the file is left alone, what is sound goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dgstudio.engine.lifecycle.stream_config import keep_stream, kept_stream
from dgstudio.session.file import Session
from dgstudio.session.storage.connection import connect

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


def test_options_of_a_stream_that_are_of_another_type_are_left_out(tmp_path: Path) -> None:
    with Session.memory() as session:
        keep_stream(session, source="simulator", rate=50.0)
        assert kept_stream(session)["rate"] == 50.0
        session.set_config("stream", {"source": "simulator", "rate": "x", "speed": [], "base": 5, "seed": "y"})
        assert kept_stream(session) == {"source": "simulator"}
