"""The session's file is deleted, replaced or cut short by somebody else while the program has it open."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.session.check import check
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import RecordedBlock, RecordedStretch
from dgstudio.session.storage.file_place import FilePlace, SessionLostError
from dgstudio.session.storage.writer_lock import WriterLock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody at a file that is open")


def delete(path: Path) -> None:
    path.unlink()


def delete_both(path: Path) -> None:
    path.unlink()
    path.with_name(path.name + "-wal").unlink()


def delete_wal(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"somebody else's")
    other.replace(path)


def cut_to_nothing(path: Path) -> None:
    os.truncate(path, 0)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 4096 // 2 * 4096)


def cut_wal(path: Path) -> None:
    os.truncate(path.with_name(path.name + "-wal"), 0)


SIGNAL = {"name": "test", "kind": "signal", "rate": 50.0, "channels": ["x", "y"], "window_s": 1.0, "hop_s": 0.1}
ACTS = [delete, delete_both, delete_wal, replace, cut_to_nothing, cut, cut_wal]


def rescued(path: Path) -> Path:
    return path.with_name(f"{path.stem} rescued.dgs")


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("recorded", [False, True])
def test_everything_goes_on_in_a_new_file_beside_it(act: Callable[[Path], None], recorded: bool, rigs, tmp_path):
    path = tmp_path / "talk.dgs"
    rig = rigs(Session.create(path))
    engine = rig.engine
    if recorded:
        engine.recording.record(True)
    first = rig.teach("jump", "Running")
    # So that something lies in the main file, too.
    engine.session._database.read("PRAGMA wal_checkpoint(FULL)")
    engine.session.check_place()
    act(path)
    left = path.read_bytes() if path.exists() else None
    second = rig.teach("nod", "Badminton")
    told = rig.heard("session rescued").fact
    assert told.path == rescued(path) == engine.session.path and told.whole == (act.__name__[:3] != "cut")
    third = rig.teach("wave", "Walking")
    head, examples = engine.learner.store.head, {e.id: e.class_id for e in engine.book.active_examples()}
    assert engine.stop() == []
    # Nobody has touched what is there now.
    assert (path.read_bytes() if path.exists() else None) == left
    with Session.open(told.path) as session:
        assert session.report.problems == []
        assert {info.id for info in session.classes()} >= {first, second, third}
        assert {e.id: e.class_id for e in session.examples()} == examples
        assert session.latest_checkpoint().digest == head.digest and len(session.acts()[0]) >= 6
        assert [r.seq for r in session.records()] == [r.seq for r in engine.learn.history]
        assert session.config("stream") is None and session.config("features") == list(engine.features.names)
        if recorded:
            assert session.recorded.stretches()
    with check(told.path) as found:
        # What was recorded and cannot be read any more is counted as lost in it.
        assert found.problems == []


def test_a_file_that_goes_while_it_is_written_has_nothing_twice(rigs, tmp_path, monkeypatch):
    path = tmp_path / "talk.dgs"
    rig = rigs(Session.create(path))
    rig.teach("jump", "Running")
    put = Session.put_record

    def put_and_lose(session: Session, record: Any) -> None:
        put(session, record)
        monkeypatch.setattr(FilePlace, "check", lambda place: None)
        monkeypatch.setattr(Session, "put_record", put)
        path.unlink()

    check = FilePlace.check
    look = Session.check_place

    def after_the_commit(session: Session) -> None:
        monkeypatch.setattr(FilePlace, "check", check)
        look(session)

    monkeypatch.setattr(Session, "put_record", put_and_lose)
    monkeypatch.setattr(Session, "check_place", after_the_commit)
    rig.teach("nod", "Badminton")
    assert rig.heard("session rescued").fact.whole
    assert rig.engine.stop() == []
    with Session.open(rescued(path)) as session:
        assert [r.seq for r in session.records()] == [r.seq for r in rig.engine.learn.history]
        assert len(session.examples()) == rig.engine.book.total > 0
        assert len({act.id for act in session.acts()[0]}) == len(session.acts()[0])


def test_a_file_that_goes_while_nothing_is_written_is_rescued_at_the_end(rigs, tmp_path):
    path = tmp_path / "talk.dgs"
    rig = rigs(Session.create(path))
    rig.teach("jump", "Running")
    path.unlink()
    assert rig.engine.stop() == []
    with Session.open(rescued(path)) as session:
        assert session.examples() and session.latest_checkpoint() is not None


def test_where_no_file_can_be_made_all_waits_in_memory(rigs, tmp_path, monkeypatch):
    folder = tmp_path / "stick"
    folder.mkdir()
    path = folder / "talk.dgs"
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder can be made here")
    rig = rigs(Session.create(path))
    folder.rename(tmp_path / "pulled")
    (tmp_path / "stick").write_text("nor here")
    rig.teach("jump", "Running")
    assert "deleted" in rig.heard("not saved").sentence and rig.engine.queue.file.failing
    (tmp_path / "stick").unlink()
    (tmp_path / "stick").mkdir()
    rig.engine.queue.ask(rig.engine.queue.file.retry)
    assert rig.heard("session rescued").fact.path == rescued(path)
    assert rig.engine.stop() == []
    with Session.open(rescued(path)) as session:
        assert len(session.examples()) == rig.engine.book.total > 0


def test_what_was_recorded_and_is_cut_off_is_counted_as_lost(tmp_path):
    path, new = tmp_path / "a.dgs", tmp_path / "a rescued.dgs"
    chance = np.random.default_rng(0)
    with Session.create(path) as session:
        session.recorded.put_stretch(RecordedStretch(0, 10.0, "kernel", SIGNAL))
        # 10 MB: more than SQLite keeps in memory.
        with session.batch():
            for first in range(0, 1_300_000, 10_000):
                values = chance.normal(size=(10_000, 2)).astype(np.float32)
                session.recorded.put_block(0, RecordedBlock(first, np.arange(10_000.0), values))
        # What is written next begins the -wal file anew.
        session._database.read("PRAGMA wal_checkpoint(RESTART)")
        session.set_config("more", 1)
        session.check_place()
        cut(path)
        with pytest.raises(SessionLostError) as lost:
            session.check_place()
        session.rescue_in(new, lost.value, lambda session: None)
        (stretch,) = session.recorded.stretches()
        there = sum(kept.count for kept in session.recorded.blocks(0))
        assert 0 < there == stretch.samples < 1_300_000 and stretch.samples + stretch.lost_samples == 1_300_000
    with check(new) as found:
        assert found.problems == []


def test_what_sqlite_does_itself_is_no_loss(tmp_path):
    path = tmp_path / "a.dgs"
    with Session.create(path) as session:
        for number in range(40):
            session.set_config(f"large {number}", "x" * 600_000)
            session.check_place()
        session._database.read("PRAGMA wal_checkpoint(TRUNCATE)")
        session._database.read("PRAGMA wal_checkpoint(FULL)")


def test_a_place_tells_what_became_of_it(tmp_path: Any):
    path = tmp_path / "a"
    path.write_bytes(b"1234")
    place = FilePlace(path, WriterLock(path))
    place.check()
    path.write_bytes(b"12345")
    place.check()
    path.write_bytes(b"1234")
    with pytest.raises(SessionLostError, match="truncated"):
        place.check()
