"""Damage inside rows and arrays is found at opening, wherever it is; the file is left alone, the sound rest goes on."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import DgstudioError, SessionError, SessionFormatError
from dgstudio.reasons.done import TakeMade
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.session.format import row_check, schema
from dgstudio.session.format.checkpoint import Checkpoint, content_id
from dgstudio.session.recording.recorded import RecordedStretch
from dgstudio.session.storage.connection import connect
from dgstudio.session.storage.examine import examine
from dgstudio.types import Act, ActKind, ClassInfo, Example, LogLine, PublishRecord, Take

EDGE = 2**63 - 1


def edit(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute(sql, values).rowcount > 0


def sealed(path: Path) -> None:
    """Let the checksums be those of a row that was written so: it was made by hand, not damaged."""
    with closing(connect(path, "mode=rw")) as db:
        for table in row_check.CHECKED:
            row_check.fill(db, table)


@pytest.fixture
def path(tmp_path: Path, filled: Callable[..., None], make_example: Callable[..., Example]) -> Path:
    """A session with a row in each table."""
    path = tmp_path / "a.dgs"
    filled(path)
    with Session.open(path) as session, session.batch():
        session.put_class(ClassInfo(2, "run", "2", "#56b4e9"))
        session.put_take(Take(2, 2, 5.0, 6.0, "simulator", "tap", 1e9, 2))
        session.put_examples([make_example(i, class_id=2, take_id=2) for i in (50, 51)])
        session.put_notes([(3, "a stumble"), (4, "half")])
        for number in (1, 2):
            session.put_act(Act(number, ActKind.TAKE, TakeMade(40, 4.0), take_id=number))
            session.put_record(PublishRecord(number, "learned", number, number - 1, Told("so"), 1.0, 1e9))
            session.put_event(LogLine("saved", "All is saved.", "good", 1e9))
        session.recorded.put_stretch(RecordedStretch(0, 1.0, "kernel", {"rate": 50.0}))
        session.set_references(2, 2)
    return path


def test_whatever_is_written_or_changed_keeps_its_checksum(
    path: Path, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    with Session.open(path) as session:
        assert session.report.ok
        first = session.examples()[0]
        session.set_active([1, 2], False)
        session.set_labels([replace(first, class_id=2)])
        session.put_notes([(3, ""), (5, "x")])
        session.set_act_done(2, False)
        session.keep_checkpoint(1)
        session.recorded.put_stretch(RecordedStretch(0, 1, "kernel", {"rate": 50.0}, ended_unix=5, lost_samples=2))
        session.put_examples(
            [replace(first, id=60, start=-0.0, end=float("inf")), replace(first, id=61, start=float("nan"))]
        )
        session.put_checkpoint(make_checkpoint(3, unix=5))
        session.thin_checkpoints(1)
        assert examine(session._database._connection, deep=True).sound
    with Session.open(path) as session:
        assert session.report.ok and not session.read_only


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "UPDATE class SET colour = '#e69f01' WHERE id = 1",
            "Class 1 goes on as “walk (recovered)” with its examples.",
        ),
        ("UPDATE class SET name = 'wolk' WHERE id = 1", "1 class is damaged and left out (id 1)."),
        ("UPDATE take SET who = 'tap' WHERE id = 1", "1 take is damaged and left out (id 1)."),
        ("UPDATE example SET class_id = 2 WHERE id = 7", "1 example has a damaged label: kept, but"),
        ("UPDATE example SET start_time = 1.25 WHERE id IN (7, 8)", "2 examples have a damaged label"),
        ("UPDATE example SET active = 0 WHERE id = 7", "labelled anew (id 7)."),
        ("UPDATE example SET learn = 1 - learn WHERE id = 7", "labelled anew (id 7)."),
        ("UPDATE example SET features = zeroblob(32) WHERE id = 7", "1 example is damaged and left out (id 7)."),
        ("UPDATE note SET text = 'a rumble' WHERE example_id = 3", "1 note is damaged and left out (id 3)."),
        ("UPDATE act SET done = 0 WHERE id = 1", "1 entry of the undo history is damaged and left out (id 1)."),
        ("UPDATE act SET data = replace(data, '40', '41') WHERE id = 1", "1 entry of the undo history is"),
        ("UPDATE record SET data = replace(data, '1.0', '2.0') WHERE id = 2", "1 record of the history is damaged"),
        ("UPDATE record SET id = 0 WHERE id = 2", "1 record of the history is damaged and left out (id 0)."),
        ("UPDATE event SET id = 0 WHERE id = 1", "1 log line is damaged and left out (id 0)."),
        ("UPDATE event SET unix = 3 WHERE id = 1", "1 log line is damaged and left out (id 1)."),
        ("UPDATE config SET value = '1' WHERE key = 'head'", "1 setting is damaged and left out (“head”)."),
        ("UPDATE config SET key = 'heat' WHERE key = 'head'", "1 setting is damaged and left out (“heat”)."),
        ("UPDATE checkpoint SET unix = 3 WHERE version = 2", "Version 2 of the model cannot be restored."),
        ("UPDATE checkpoint SET meta = replace(meta, '1', '2') WHERE version = 2", "Version 2 of the model cannot be"),
        (
            "UPDATE checkpoint_array SET name = 'bank0.v' WHERE version = 2 AND name = 'bank0.w'",
            "Version 2 of the model",
        ),
        ("UPDATE stretch SET kernel = 'other'", "1 recorded stretch is damaged and left out (id 0)."),
        ("UPDATE class SET row_check = NULL WHERE id = 2", "1 class is damaged and left out (id 2)."),
        ("UPDATE class SET name = CAST(x'77ff6c6b' AS TEXT) WHERE id = 1", "Class 1 goes on as “class 1 (recovered)”"),
        ("UPDATE event SET text = CAST(x'c328' AS TEXT) WHERE id = 1", "1 log line is damaged and left out (id 1)."),
    ],
)
def test_a_changed_row_is_named_and_the_file_left_alone(path: Path, tmp_path: Path, sql: str, said: str) -> None:
    edit(path, sql)
    before = path.read_bytes()
    with Session.open(path) as session:
        assert session.report.damaged and "what follows could not be read" in session.report.problems[0]
        assert any(said in problem for problem in session.report.problems[1:]), session.report.problems
        assert len(session.report.problems) < 4
        with pytest.raises(SessionError, match="it is damaged; save a copy"):
            session.set_config("a", 1)
        assert len(session.examples(active_only=False)) + sql.count("features") == 42
        assert {example.class_id for example in session.examples()} <= {info.id for info in session.classes()}
        assert {example.take_id for example in session.examples()} <= {take.id for take in session.takes()}
        assert session.latest_checkpoint() is not None
        session.save_copy(tmp_path / "b.dgs")
    assert path.read_bytes() == before
    with Session.open(tmp_path / "b.dgs") as session:
        assert session.report.ok and not session.read_only
    with Session.reading(path) as session:
        assert session.report.damaged
    assert path.read_bytes() == before


@pytest.mark.parametrize("table", ["record", "event"])
def test_a_row_that_stands_in_another_place_of_its_order_is_told(path: Path, table: str) -> None:
    edit(path, f"UPDATE {table} SET id = 90 WHERE id = 1")
    with Session.open(path) as session:
        assert session.report.damaged and session.read_only and "is damaged" in session.report.problems[0]


def test_a_last_number_that_is_damaged_costs_no_row(path: Path) -> None:
    with Session.open(path) as session:
        known = session.records(), session.events()
    edit(path, "UPDATE sqlite_sequence SET seq = 0")
    with Session.open(path) as session:
        assert (session.records(), session.events()) == known


def test_an_example_with_a_damaged_label_keeps_its_features_and_does_not_stand(
    path: Path, make_example: Callable[..., Example]
) -> None:
    edit(path, "UPDATE example SET class_id = 4097, raw_samples = 5 WHERE id = 50")
    with Session.open(path) as session:
        kept = next(example for example in session.examples(active_only=False) if example.id == 50)
        assert (kept.class_id, kept.take_id, kept.raw) == (2, 2, None), "that of its take"
        assert kept.features.tobytes() == make_example(50).features.tobytes()
        assert session.inactive_ids() == {50} and [info.id for info in session.classes()] == [1, 2]


def test_a_flipped_bit_in_a_shared_array_costs_the_versions_that_rest_on_it(
    path: Path, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    other = {"base.theta": np.ones(5, np.float32)}
    with Session.open(path) as session:
        session.put_checkpoint(make_checkpoint(3, arrays=other))
        session.put_checkpoint(make_checkpoint(4))
        session.set_references(4, 4)
    shared = content_id(np.arange(16, dtype=np.float32))
    with closing(sqlite3.connect(path)) as db:
        (data,) = db.execute("SELECT data FROM blob WHERE id = ?", (shared,)).fetchone()
    wrong = bytearray(data)
    wrong[len(wrong) // 2] ^= 1
    edit(path, "UPDATE blob SET data = ? WHERE id = ?", bytes(wrong), shared)
    before = path.read_bytes()
    with Session.open(path) as session:
        assert [info.version for info in session.checkpoints()] == [3]
        latest = session.latest_checkpoint()
        assert latest is not None and latest.version == 3, "the newest that is sound"
        assert [f"Version {v} of the model cannot be restored." in session.report.problems for v in (1, 2, 4)] == [
            True
        ] * 3
    assert path.read_bytes() == before
    edit(path, "DELETE FROM checkpoint WHERE version = 3")
    with Session.open(path) as session:
        assert session.latest_checkpoint() is None
        assert any("No version of the model is left" in problem for problem in session.report.problems)


def test_an_array_that_is_damaged_while_the_session_is_open_is_written_anew(
    path: Path, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    shared = content_id(np.arange(16, dtype=np.float32))
    with Session.open(path) as session:
        session._database._connection.execute("UPDATE blob SET data = x'0400' WHERE id = ?", (shared,))
        with pytest.raises(SessionFormatError):
            session.checkpoint(2)
        session.put_checkpoint(make_checkpoint(3))
        assert [session.checkpoint(version).version for version in (1, 2, 3)] == [1, 2, 3]
    with Session.open(path) as session:
        assert session.report.ok


def test_arrays_that_unpack_to_far_more_than_the_file_holds_are_not_all_unpacked(
    path: Path, make_checkpoint: Callable[..., Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(path) as session:
        session.put_checkpoint(make_checkpoint(3, arrays={f"{n}": np.full(2**20, n, np.float32) for n in range(4)}))
    with Session.open(path) as session:
        assert session.report.ok
    monkeypatch.setattr("dgstudio.session.storage.examine.UNPACKED_BYTES", 2**20)
    with Session.open(path) as session:
        assert "Version 3 of the model cannot be restored." in session.report.problems


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (f"UPDATE example SET id = {EDGE} WHERE id = 7", f"1 example is damaged and left out (id {EDGE})"),
        ("UPDATE example SET id = -3 WHERE id = 7", "1 example is damaged and left out (id -3)"),
        (f"UPDATE take SET id = {EDGE} WHERE id = 2", f"1 take is damaged and left out (id {EDGE})"),
        (f"UPDATE class SET id = {EDGE} WHERE id = 2", f"1 class is damaged and left out (id {EDGE})"),
        (f"UPDATE checkpoint SET version = {EDGE} WHERE version = 2", f"Version {EDGE} of the model"),
        (f"UPDATE act SET id = {EDGE} WHERE id = 2", f"(id {EDGE})"),
        (f"UPDATE record SET id = {EDGE} WHERE id = 2", f"(id {EDGE})"),
        (f"UPDATE event SET id = {EDGE} WHERE id = 2", f"(id {EDGE})"),
        (f"UPDATE stretch SET id = {EDGE}", f"(id {EDGE})"),
        (f"UPDATE sqlite_sequence SET seq = {EDGE}", "everything in it could be read"),
    ],
)
def test_numbers_at_the_edge_of_64_bits_are_damage(
    path: Path, tmp_path: Path, sql: str, said: str, make_example: Callable[..., Example]
) -> None:
    """Whoever made the file by hand may have made checksums for it as well."""
    edit(path, sql)
    sealed(path)
    with Session.open(path) as session:
        assert session.report.damaged and any(said in problem for problem in session.report.problems)
        session.save_copy(tmp_path / "b.dgs")
    with Session.open(tmp_path / "b.dgs") as session:
        assert session.report.ok
        session.put_examples([make_example(max(example.id for example in session.examples(False)) + 1)])
        session.put_event(LogLine("saved", "All is saved."))
        session.put_record(PublishRecord(9, "learned", 9, 8, Told("so"), 1.0, 1e9))
        assert session.recorded.next_stretch() < 10


@pytest.mark.parametrize(
    "sql",
    [
        'UPDATE record SET data = replace(data, \'"version":1\', \'"version":"x"\') WHERE id = 1',
        f"UPDATE record SET data = replace(data, '\"version\":1', '\"version\":{EDGE}') WHERE id = 1",
        "UPDATE record SET data = '{}' WHERE id = 1",
        "UPDATE record SET data = '[]' WHERE id = 1",
        "UPDATE record SET data = replace(hex(zeroblob(100000)), '0', '[') WHERE id = 1",
        "UPDATE act SET data = replace(hex(zeroblob(100000)), '0', '[') WHERE id = 1",
        "UPDATE act SET data = replace(data, '\"labels\":[]', '\"labels\":[[1,2,[[0,999999999999]]]]') WHERE id = 1",
        "UPDATE act SET data = replace(data, '\"take\":1', '\"take\":[1]') WHERE id = 1",
        "UPDATE event SET data = replace(hex(zeroblob(100000)), '0', '[') WHERE id = 1",
        "UPDATE config SET value = replace(hex(zeroblob(100000)), '0', '[') WHERE key = 'layout'",
        "UPDATE note SET text = x'00' WHERE example_id = 3",
        "UPDATE take SET class_id = 'x' WHERE id = 2",
        "UPDATE checkpoint SET unix = 'x' WHERE version = 1",
        "UPDATE checkpoint SET learned_count = 'many' WHERE version = 1",
        "UPDATE class SET name = 5.5 || x'ff' WHERE id = 2",
    ],
)
def test_a_row_that_nobody_could_have_written_is_lost_alone(path: Path, sql: str) -> None:
    edit(path, sql)
    sealed(path)
    with Session.open(path) as session:
        session.config("layout")
        rows = session.classes(), session.takes(), session.acts(), session.records(), session.events(), session.notes()
        assert len(session.report.problems) >= 1, session.report.problems
        assert any("damaged" in problem or "cannot be restored" in problem for problem in session.report.problems)
        assert len(session.examples()) == 42 and [len(some) for some in rows].count(0) == 0


def test_rows_of_an_earlier_format_are_looked_at_before_they_get_their_checksums(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        for table in row_check.CHECKED:
            db.execute(f"ALTER TABLE {table} DROP COLUMN {row_check.COLUMN}")
        db.execute("PRAGMA user_version=5")
        db.commit()
    sound = path.with_name("sound.dgs")
    shutil.copy(path, sound)
    edit(path, "UPDATE record SET data = substr(data, 2) WHERE id = 1")
    edit(path, "UPDATE example SET take_id = 1e300 WHERE id = 3")
    before = path.read_bytes()
    with Session.open(path) as session:
        assert session.report.damaged and session.report.backup is None
        assert "1 record of the history is damaged and left out (id 1)." in session.report.problems
        assert session.inactive_ids() == {3} and len(session.examples()) == 41
    assert path.read_bytes() == before and not list(path.parent.glob("*backup*"))
    with Session.open(sound) as session:
        assert session.report.ok and session.report.migrated_from == 5
        assert examine(session._database._connection, deep=True).sound
        assert schema.version_of(session._database._connection) == schema.FORMAT


def test_no_flipped_bit_goes_unnoticed(path: Path) -> None:
    """Any bit of the file: what it holds is the same, or opening says that it is not."""
    whole, draws = path.read_bytes(), random.Random(7)

    def content(session: Session) -> list[object]:
        versions = [session.checkpoint(info.version) for info in session.checkpoints()]
        rows = [session.classes(), session.takes(), session.records(), session.notes(), session.inactive_ids()]
        examples = [
            (e.id, e.class_id, e.take_id, e.start, e.end, e.learn, e.features.tobytes()) for e in session.examples()
        ]
        arrays = [(v.version, v.digest, v.meta, {name: a.tobytes() for name, a in v.arrays.items()}) for v in versions]
        return [repr(row) for row in (rows, examples, arrays, session.head, session.serving, session.config("layout"))]

    with Session.reading(path) as session:
        sound = content(session)
    told = 0
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[draws.randrange(len(damaged))] ^= 1 << draws.randrange(8)
        path.write_bytes(damaged)
        try:
            with Session.reading(path) as session:
                assert session.report.problems or content(session) == sound
                told += bool(session.report.problems)
        except DgstudioError:
            told += 1
    assert told > 3


def test_thousands_of_classes_open_in_about_a_second(tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    with Session.create(path) as session:
        session.put_classes(ClassInfo(i, f"class number {i}", "", "#000000") for i in range(3000))
    begun = time.monotonic()
    with Session.open(path) as session:
        assert len(session.classes()) == 3000 and session.report.ok
    assert time.monotonic() - begun < 30
