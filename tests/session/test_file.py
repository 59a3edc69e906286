"""A session keeps what was put into it, in batches that hold or never were."""

from __future__ import annotations

import json
import math
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from waiting import DEADLINE_S

from dgstudio.errors import SessionError
from dgstudio.guard.limits import NAME
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.published import LearnedFrom
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.session.format.schema import FORMAT
from dgstudio.types import ClassInfo, Example, LogLine, PublishRecord, Take

floats32 = st.floats(width=32, allow_nan=True, allow_infinity=True) | st.sampled_from([-0.0, math.nan])


def same_bytes(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_everything_comes_back_after_closing(tmp_path: Path, make_example: Callable[..., Example]) -> None:
    path = tmp_path / "deep" / "er" / "a.dgs"
    classes = [ClassInfo(1, "walk", "1", "#e69f00"), ClassInfo(2, "running", "2", "#56b4e9", living=False)]
    take = Take(4, 1, 0.5, 2.5, "simulator", "retro", 1.7e9, 12)
    record = PublishRecord(
        seq=3,
        kind="learned",
        version=7,
        parent=6,
        reason=LearnedFrom((("rest", 5),), held=(1, 2)),
        time=1.5,
        unix=1.7e9,
        new_examples=((1, 5),),
    )
    rejected = PublishRecord(
        seq=4, kind="rejected", version=None, parent=7, reason=Told("bits"), time=2.0, unix=1.7e9, max_delta=math.inf
    )
    event = LogLine("saved", "All is saved.", "good", 1.7e9, {"version": np.int64(3), "values": np.arange(2)})
    with Session.create(path) as session:
        with session.batch():
            for info in classes:
                session.put_class(info)
            session.put_take(take)
            session.put_examples([make_example(1), make_example(2)])
            session.put_record(record)
            session.put_record(rejected)
            session.put_event(event)
            session.put_event(LogLine("odd", "Not plain.", data={1, 2}))
            session.set_config("layout", {"talk": [1, 2.5, None, "x"]})
        assert session.name == "a"
    with Session.open(path) as session:
        assert session.report.ok
        assert not session.read_only
        assert session.classes() == classes
        assert session.takes() == [take]
        assert [vars_of(kept) for kept in session.records()] == [vars_of(record), vars_of(rejected)]
        first, odd = session.events()
        assert first == LogLine("saved", "All is saved.", "good", 1.7e9, {"version": 3, "values": [0, 1]})
        assert odd.data == "{1, 2}"
        assert session.config("layout") == {"talk": [1, 2.5, None, "x"]}
        assert session.config("never set", 5) == 5
        for kept, put in zip(session.examples(), [make_example(1), make_example(2)], strict=True):
            assert (kept.id, kept.class_id, kept.take_id, kept.learn) == (put.id, put.class_id, put.take_id, put.learn)
            assert (kept.start, kept.end) == (put.start, put.end)
            assert same_bytes(kept.features, put.features)
            assert same_bytes(kept.raw, put.raw)
    assert [p.name for p in path.parent.iterdir()] == ["a.dgs"]


def vars_of(record: PublishRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in PublishRecord.__slots__}


@settings(max_examples=40, deadline=None)
@given(
    features=hnp.arrays(np.float32, st.integers(0, 30), elements=floats32),
    raw=st.none() | hnp.arrays(np.float32, st.tuples(st.integers(0, 9), st.integers(0, 4)), elements=floats32),
    times=st.tuples(floats32, floats32),
)
def test_any_example_comes_back_byte_for_byte(features: np.ndarray, raw: np.ndarray | None, times: tuple) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.dgs"
        with Session.create(path) as session:
            session.put_examples([Example(9, 1, 2, features, *times, raw=raw)])
        with Session.open(path) as session:
            (kept,) = session.examples()
    assert same_bytes(kept.features, features)
    assert same_bytes(kept.raw, raw)
    np.testing.assert_array_equal([kept.start, kept.end], times)
    with pytest.raises(ValueError, match="read-only"):
        kept.features[...] = 0


@settings(max_examples=50, deadline=None)
@given(name=st.text(min_size=0, max_size=300) | st.just("\ud83d"), key=st.sampled_from(["1", "", "é", "🙂"]))
def test_any_class_name_is_kept_as_it_can_be_shown(name: str, key: str) -> None:
    with Session.memory() as session:
        session.put_class(ClassInfo(1, name, key, "#000000"))
        (info,) = session.classes()
    assert info.name == (plain_text(name.encode("utf-8", "replace").decode(), NAME) or "class 1")
    assert info.key == key


@pytest.mark.parametrize(
    "bad",
    [
        Example(1, 1, 1, np.zeros(3), 0, 1),
        Example(1, 1, 1, np.zeros((3, 3), np.float32), 0, 1),
        Example(1, 1, 1, np.zeros(3, np.float32), 0, 1, raw=np.zeros(4, np.float32)),
        Example(2**70, 1, 1, np.zeros(3, np.float32), 0, 1),
    ],
)
def test_an_example_that_would_change_on_disk_is_refused(bad: Example) -> None:
    with Session.memory() as session:
        with pytest.raises(SessionError):
            session.put_examples([bad])
        assert session.examples() == []


def test_undo_is_soft_and_relabel_keeps_the_rest(make_example: Callable[..., Example]) -> None:
    with Session.memory() as session:
        session.put_examples([make_example(i) for i in range(1, 6)])
        assert session.set_active([2, 3, 99], False) == 2
        assert [e.id for e in session.examples()] == [1, 4, 5]
        assert [e.id for e in session.examples(active_only=False)] == [1, 2, 3, 4, 5]
        assert session.inactive_ids() == {2, 3}
        assert session.set_active([3], True) == 1
        assert session.set_labels([replace(make_example(i), class_id=8) for i in (3, 4)]) == 2
        assert [(e.id, e.class_id) for e in session.examples()] == [(1, 1), (3, 8), (4, 8), (5, 1)]
        assert same_bytes(session.examples()[1].features, make_example(3).features)


def test_a_batch_that_fails_leaves_nothing_and_can_be_tried_again(
    tmp_path: Path, make_example: Callable[..., Example]
) -> None:
    with Session.create(tmp_path / "a.dgs") as session:

        def then(fail: Callable[[], object]) -> None:
            with session.batch():
                session.put_examples([make_example(1)])
                fail()

        with pytest.raises(KeyError):
            then(lambda: {}["missing"])
        assert session.examples() == []
        with pytest.raises(SessionError, match="plain data"):
            then(lambda: session.set_config("x", object()))
        assert session.examples() == []
        with session.batch():
            session.put_examples([make_example(1)])
            with pytest.raises(SessionError, match="in a batch already"), session.batch():
                pass
        assert len(session.examples()) == 1


def test_a_swallowed_failure_does_not_commit_half_a_batch(make_example: Callable[..., Example]) -> None:
    with Session.memory() as session:

        def swallow() -> None:
            with session.batch():
                session.put_examples([make_example(1)])
                with suppress(SessionError):
                    session.set_active([2**80], True)

        with pytest.raises(SessionError, match="not saved"):
            swallow()
        assert session.examples() == []


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path, make_example: Callable[..., Example]) -> None:
    path = tmp_path / "a.dgs"
    with Session.create(path) as session:
        session.put_examples([make_example(1)])
        connection = session._database._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 2}")
        many = [make_example(i, dim=2000) for i in range(2, 40)]
        for _ in range(2):
            with pytest.raises(SessionError) as caught, session.batch():
                session.put_examples(many)
            assert str(caught.value).count(".") == 2
            assert "the disk is full; free some space" in str(caught.value)
        assert [e.id for e in session.examples()] == [1]
        connection.execute("PRAGMA max_page_count=1000000")
        with session.batch():
            session.put_examples(many)
    with Session.open(path) as session:
        assert session.report.ok
        assert len(session.examples()) == 39


def test_one_thread_writes_while_another_reads(tmp_path: Path, make_example: Callable[..., Example]) -> None:
    with Session.create(tmp_path / "a.dgs") as session:
        failures: list[BaseException] = []

        def write() -> None:
            try:
                for i in range(0, 100, 2):
                    with session.batch():
                        session.put_examples([make_example(i)])
                        session.put_examples([make_example(i + 1)])
            except BaseException as error:
                failures.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        seen = [0]
        while writer.is_alive():
            seen.append(len(session.examples()))
        writer.join()
        assert not failures
        assert all(count % 2 == 0 for count in seen), "half a batch was seen"
        assert seen == sorted(seen)
        assert len(session.examples()) == 100


def test_a_closed_session_says_so(make_example: Callable[..., Example]) -> None:
    session = Session.memory()
    assert session.path is None
    assert not session.read_only
    assert session.name == "not saved"
    session.close()
    session.close()
    for act in (session.classes, lambda: session.put_examples([make_example(1)]), lambda: session.set_config("a", 1)):
        with pytest.raises(SessionError, match="closed"):
            act()


def test_create_never_takes_the_place_of_a_session_unasked(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    with pytest.raises(SessionError, match="exists already"):
        Session.create(path)
    with Session.open(path) as session, pytest.raises(SessionError, match="open in another dgstudio"):
        Session.create(path, overwrite=True)
    with Session.open(path) as session:
        assert len(session.examples()) == 40
    with Session.create(path, overwrite=True) as session:
        assert session.examples() == []
    with pytest.raises(SessionError, match="folder"):
        Session.create(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SessionError, match="could not be made"):
        Session.create(tmp_path / "file" / "a.dgs")


def test_a_memory_session_can_be_saved(tmp_path: Path, make_example: Callable[..., Example]) -> None:
    path = tmp_path / "a.dgs"
    with Session.memory() as session:
        session.put_examples([make_example(1)])
        session.save_copy(path)
        with pytest.raises(SessionError, match="exists already"):
            session.save_copy(path)
        session.put_examples([make_example(2)])
        session.save_copy(path, overwrite=True)
    with Session.open(path) as session:
        assert session.report.ok
        assert [e.id for e in session.examples()] == [1, 2]
        with pytest.raises(SessionError, match="its own place"):
            session.save_copy(path, overwrite=True)


def test_the_file_is_locked_against_a_second_dgstudio(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    program = (
        "import sys; from dgstudio.session.file import Session; from dgstudio.errors import SessionError\n"
        "try: Session.open(sys.argv[1]).close(); print('opened')\n"
        "except SessionError as error: print(error)"
    )

    def open_elsewhere() -> str:
        command = [sys.executable, "-c", program, str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True).stdout.strip()

    with Session.open(path) as session:
        with pytest.raises(SessionError, match=r"is open in another dgstudio .*; close it there"):
            Session.open(path)
        # The refused attempt above must not have freed the lock.
        assert "is open in another dgstudio" in open_elsewhere()
        session.set_config("still", "writable")
    assert open_elsewhere() == "opened"


def test_the_settings_of_the_file_are_the_durable_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    with Session.create(path) as session:
        pragma = {
            name: session._database._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "application_id", "user_version")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "application_id": 0x64677374, "user_version": FORMAT}
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_a_record_of_a_later_dgstudio_loses_only_the_fields_unknown_here() -> None:
    with Session.memory() as session:
        session.put_record(PublishRecord(1, "learned", 2, 1, LearnedFrom(), 0.5, 1e9))
        (data,) = session._database.read("SELECT data FROM record")[0]
        newer = json.dumps({**json.loads(data), "colour": "blue"})
        session._database.write("UPDATE record SET data = ?", [(newer,)])
        (record,) = session.records()
        assert record.version == 2
        assert session.report.ok
        session._database.write("UPDATE record SET data = ?", [("{",)])
        assert session.records() == []
        assert "damaged and left out" in session.report.problems[0]


def test_a_session_goes_on_in_another_file(tmp_path: Path, make_example: Callable[..., Example]) -> None:
    first, second = tmp_path / "a.dgs", tmp_path / "b.dgs"
    with Session.create(first) as session:
        session.put_examples([make_example(1)])
        with pytest.raises(SessionError, match="its own place"):
            session.go_on_in(first, overwrite=True)
        session.go_on_in(second)
        assert (session.path, session.name) == (second, "b")
        session.put_examples([make_example(2)])
        with Session.open(first) as before:
            assert [e.id for e in before.examples()] == [1]
        with pytest.raises(SessionError, match="exists already"):
            session.go_on_in(first)
        assert session.path == second
    with Session.open(second) as again:
        assert [e.id for e in again.examples()] == [1, 2]
    with Session.memory() as memory:
        memory.go_on_in(tmp_path / "c.dgs", more=lambda copy: copy.put_examples([make_example(3)]))
        assert [e.id for e in memory.examples()] == [3] and not memory.read_only


def test_reading_changes_and_locks_nothing(tmp_path: Path, make_example: Callable[..., Example]) -> None:
    path = tmp_path / "a.dgs"
    with Session.create(path) as session:
        session.put_examples([make_example(1)])
        with pytest.raises(SessionError, match="open in another dgstudio"):
            Session.reading(path)
    before, files = path.read_bytes(), sorted(tmp_path.iterdir())
    with Session.reading(path) as read:
        assert [e.id for e in read.examples()] == [1] and read.read_only
        with pytest.raises(SessionError, match="Nothing can be saved"):
            read.put_examples([make_example(2)])
        Session.open(path).close()
    assert sorted(tmp_path.iterdir()) == files and path.read_bytes() == before
    with pytest.raises(SessionError, match="no session"):
        Session.reading(tmp_path / "b.dgs")
