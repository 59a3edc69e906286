"""What opening does with files that are missing, foreign, newer, older, damaged or read-only."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from waiting import DEADLINE_S

from dgstudio.errors import SessionError, SessionFormatError
from dgstudio.session.file import Session
from dgstudio.session.format import schema
from dgstudio.session.format.checkpoint import content_id
from dgstudio.session.format.row_check import CHECKED, COLUMN
from dgstudio.session.recording.recorded import RecordedStretch
from dgstudio.types import Example

PAGE = 4096
OLD = schema.FORMAT
"""An older format, once a later one has been made up."""


def one_sentence(error: BaseException) -> str:
    text = str(error)
    assert text.endswith(".")
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def digest_of(path: Path) -> bytes:
    return path.read_bytes()


def edit(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(sql, values)


def killed(path: Path, program: str) -> None:
    """Run a program on an open session `s` and kill it there, so that its commits stay in the -wal file."""
    code = (
        "import os, signal, sys, numpy as np; from dgstudio.session.file import Session\n"
        "from dgstudio.types import *\n"
        f"s = Session.open(sys.argv[1])\n{program}\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], timeout=DEADLINE_S, check=False)
    assert path.with_name(path.name + "-wal").stat().st_size > 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"label,x,y\nwalk,1,2\n", "not a dgstudio session"),
        (b"SQLite format 3\0", "not a dgstudio session"),
        (os.urandom(5000), "not a dgstudio session"),
        (b"\x80\x04\x95cos\nsystem\n", "not a dgstudio session"),
    ],
)
def test_what_is_no_session_is_refused_untouched(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.dgs"
    path.write_bytes(content)
    with pytest.raises(SessionFormatError, match=words) as caught:
        Session.open(path)
    assert str(path) in one_sentence(caught.value)
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["a.dgs"]


def test_a_folder_a_missing_file_and_odd_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionFormatError, match="is a folder"):
        Session.open(tmp_path)
    with pytest.raises(SessionFormatError, match="There is no session"):
        Session.open(tmp_path / "missing.dgs")
    with pytest.raises(SessionFormatError):
        Session.open(tmp_path / "a\0b.dgs")
    with pytest.raises(SessionError):
        Session.create(tmp_path / "a\0b.dgs")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b.dgs", "50%?#&.dgs", "écho 🙂.dgs", "x'; DROP.dgs"])
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    with Session.create(tmp_path / name) as session:
        session.set_config("a", 1)
    with Session.open(tmp_path / name) as session:
        assert session.config("a") == 1
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_another_sqlite_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "browser.sqlite"
    edit(path, "CREATE TABLE history (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(SessionFormatError, match="not a dgstudio session"):
        Session.open(path)
    assert path.read_bytes() == before


def test_a_session_from_the_future_is_refused_by_version(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    edit(path, f"PRAGMA user_version={schema.FORMAT + 6}")
    before = path.read_bytes()
    with pytest.raises(
        SessionFormatError, match=rf"session format {OLD + 6} by a newer dgstudio.*up to {OLD}; update"
    ) as caught:
        Session.open(path)
    one_sentence(caught.value)
    assert path.read_bytes() == before


def test_a_session_from_the_future_that_was_killed_is_refused_too(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    killed(path, "s._database._connection.execute('PRAGMA user_version=7')")
    before = path.read_bytes()
    with pytest.raises(SessionFormatError, match="session format 7"):
        Session.open(path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.dgs", "a.dgs-shm", "a.dgs-wal"]


# -- older formats: the steps of a later format, to exercise the way there ---------------------------------


def as_format_5(db: sqlite3.Connection) -> None:
    """Make of a session what format 5 had."""
    for table in filter(lambda table: COLUMN in schema.columns_of(db, table), CHECKED):
        db.execute(f"ALTER TABLE {table} DROP COLUMN {COLUMN}")


def as_format_3(db: sqlite3.Connection) -> None:
    """Make of a session what format 3 had."""
    as_format_5(db)
    db.execute("DROP INDEX checkpoint_kept")
    db.execute("CREATE INDEX checkpoint_kept ON checkpoint (kept)")
    for table, column in (
        ("checkpoint", "ground"),
        ("checkpoint", "recipe"),
        ("stretch", "samples"),
        ("stretch", "answers"),
    ):
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in ("ground", "ground_array"):
        db.execute(f"DROP TABLE {table}")


def as_format_2(db: sqlite3.Connection) -> None:
    """Make of a session what format 2 had."""
    as_format_3(db)
    for table in ("stretch", "stream_block", "receipts", "note"):
        db.execute(f"DROP TABLE {table}")
    db.execute("DROP INDEX checkpoint_kept")


def test_a_session_of_format_2_gets_room_for_a_recording(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    with closing(sqlite3.connect(path)) as db:
        as_format_2(db)
        db.execute("PRAGMA user_version=2")
        db.commit()
    with Session.open(path) as session:
        assert session.report.migrated_from == 2 and session.report.ok
        assert session.report.backup == tmp_path / "a.dgs.backup-v2"
        assert session.recorded.stretches() == [] and session.recorded.next_stretch() == 0
        session.recorded.put_stretch(RecordedStretch(0, 1.0, "kernel", {"rate": 50.0}))
        assert [stretch.kernel for stretch in session.recorded.stretches()] == ["kernel"]
        assert len(session.examples()) == 40
    with closing(sqlite3.connect(tmp_path / "a.dgs.backup-v2")) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (2,)
        assert old.execute("SELECT count(*) FROM example").fetchone() == (40,)


def test_an_older_session_is_migrated_after_a_backup(
    tmp_path: Path, filled: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    killed(path, "s.put_class(ClassInfo(2, 'run', '2', '#000000'))")
    (tmp_path / f"a.dgs.backup-v{OLD}").write_text("an earlier one")
    monkeypatch.setattr(schema, "FORMAT", OLD + 1)
    with pytest.raises(
        SessionFormatError, match=rf"format {OLD}, which this dgstudio \(format {OLD + 1}\) can no longer"
    ):
        Session.open(path)
    monkeypatch.setitem(
        schema.MIGRATIONS, OLD, lambda db: db.execute("ALTER TABLE take ADD COLUMN note TEXT NOT NULL DEFAULT ''")
    )
    with Session.open(path) as session:
        assert session.report.migrated_from == OLD
        assert session.report.backup == tmp_path / f"a.dgs.backup-v{OLD}-2"
        assert len(session.examples()) == 40
        assert "note" in schema.columns_of(session._database._connection, "take")
    with Session.open(path) as session:
        assert session.report.migrated_from is None
    monkeypatch.undo()
    assert (tmp_path / f"a.dgs.backup-v{OLD}").read_text() == "an earlier one"
    with Session.open(tmp_path / f"a.dgs.backup-v{OLD}-2") as old:
        assert [info.name for info in old.classes()] == ["walk", "run"]
        assert len(old.examples()) == 40


def test_a_session_of_format_1_comes_back_byte_for_byte(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    with Session.open(path) as session:
        before, examples = session.checkpoint(2), session.examples()
        arrays = {name: array.copy() for name, array in before.arrays.items()}
    with closing(sqlite3.connect(path)) as db:
        for array in (*arrays.values(), before.learned):
            plain = safetensors.numpy.save({"array": array})
            db.execute("UPDATE blob SET data = ? WHERE id = ?", (plain, content_id(array)))
        db.execute("DROP INDEX checkpoint_array_version")
        db.execute("ALTER TABLE checkpoint_array RENAME TO new")
        db.execute(
            """CREATE TABLE checkpoint_array (version INTEGER NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL,
                PRIMARY KEY (version, name))"""
        )
        db.execute("CREATE INDEX checkpoint_array_blob ON checkpoint_array (blob)")
        db.execute("INSERT INTO checkpoint_array SELECT version, name, blob FROM new WHERE version = 2")
        db.execute("DROP TABLE new")
        db.execute("DELETE FROM checkpoint WHERE version <> 2")
        used = "(SELECT blob FROM checkpoint_array UNION SELECT learned FROM checkpoint)"
        db.execute(f"DELETE FROM blob WHERE id NOT IN {used}")
        for example in examples:
            if example.raw is not None:
                raw = example.raw.tobytes()
                checksum = zlib.crc32(raw, zlib.crc32(example.features.tobytes()))
                db.execute("UPDATE example SET raw = ?, checksum = ? WHERE id = ?", (raw, checksum, example.id))
        as_format_2(db)
        db.execute("ALTER TABLE class DROP COLUMN place")
        db.execute("DROP TABLE act")
        db.execute("PRAGMA user_version=1")
        db.commit()
    with Session.open(path) as session:
        assert session.report.migrated_from == 1
        assert not session.report.problems
        after = session.checkpoint(2)
        assert after.digest == before.digest
        assert any(example.raw is not None for example in examples)
        assert [(e.id, e.raw is None or e.raw.tobytes()) for e in session.examples()] == [
            (e.id, e.raw is None or e.raw.tobytes()) for e in examples
        ]
        assert after.learned.tolist() == before.learned.tolist()
        assert {name: array.tobytes() for name, array in after.arrays.items()} == {
            name: array.tobytes() for name, array in arrays.items()
        }


def test_a_session_of_format_2_gets_room_for_notes(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    with closing(sqlite3.connect(path)) as db:
        as_format_2(db)
        db.execute("PRAGMA user_version=2")
        db.commit()
    with Session.open(path) as session:
        assert (session.report.migrated_from, session.report.backup) == (2, tmp_path / "a.dgs.backup-v2")
        session.put_notes([(3, "a stumble"), (4, "half"), (5, "x")])
        session.put_notes([(4, ""), (5, "a nod")])
    with Session.open(path) as session:
        assert session.notes() == {3: "a stumble", 5: "a nod"} and session.report.ok
        assert len(session.examples()) == 40


def test_a_migration_that_fails_leaves_the_old_session(
    tmp_path: Path, filled: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dgs"
    filled(path)

    def half(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM example")
        db.execute("ALTER TABLE no_such_table ADD COLUMN x")

    monkeypatch.setattr(schema, "FORMAT", OLD + 1)
    monkeypatch.setitem(schema.MIGRATIONS, OLD, half)
    with pytest.raises(SessionFormatError, match=f"could not be brought from session format {OLD} to {OLD + 1}"):
        Session.open(path)
    monkeypatch.undo()
    with Session.open(path) as session:
        assert len(session.examples()) == 40


# -- read-only ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.parametrize("crashed", [False, True])
def test_a_read_only_session_can_be_read(
    what: str,
    crashed: bool,
    open_folder: Path,
    tmp_path: Path,
    filled: Callable[..., None],
    make_example: Callable[..., Example],
    as_user: Callable[[], AbstractContextManager[None]],
) -> None:
    path = open_folder / "a.dgs"
    filled(path)
    if crashed:
        killed(path, "s.put_class(ClassInfo(2, 'run', '2', '#000000'))")
    for file in open_folder.iterdir():
        file.chmod(0o444)
    if what == "folder":
        open_folder.chmod(0o555)
    before = {file.name: file.read_bytes() for file in open_folder.iterdir()}
    with as_user(), Session.open(path) as session:
        assert session.read_only
        assert not session.report.damaged
        assert "can be read but nothing can be saved" in session.report.problems[0]
        assert [info.name for info in session.classes()] == ["walk", "run"][: 1 + crashed]
        assert len(session.examples()) == 40
        assert session.checkpoint(2).version == 2
        with pytest.raises(SessionError, match=r"Nothing can be saved.*read-only; save a copy") as caught:
            session.put_examples([make_example(1)])
        one_sentence(caught.value)
        copy = tmp_path / "copy.dgs"
        with closing(sqlite3.connect(":memory:")) as other:
            session._database._connection.backup(other)
    assert {file.name: file.read_bytes() for file in open_folder.iterdir()} == before
    open_folder.chmod(0o755)
    with Session.open(path) as session:
        session.save_copy(copy)
    with Session.open(copy) as session:
        assert len(session.examples()) == 40


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_that_may_not_be_read_is_said(
    open_folder: Path, filled: Callable[..., None], as_user: Callable[[], AbstractContextManager[None]]
) -> None:
    path = open_folder / "a.dgs"
    filled(path)
    path.chmod(0)
    with as_user(), pytest.raises(SessionError, match=r"cannot be read|cannot be opened") as caught:
        Session.open(path)
    one_sentence(caught.value)
    open_folder.chmod(0o555)
    with as_user(), pytest.raises(SessionError, match="could not be made"):
        Session.create(open_folder / "b.dgs")


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_an_older_session_that_is_read_only_is_migrated_in_memory(
    open_folder: Path,
    filled: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    as_user: Callable[[], AbstractContextManager[None]],
) -> None:
    path = open_folder / "a.dgs"
    filled(path)
    path.chmod(0o444)
    monkeypatch.setattr(schema, "FORMAT", OLD + 1)
    monkeypatch.setitem(schema.MIGRATIONS, OLD, lambda db: db.execute("UPDATE class SET name = 'new ' || name"))
    before = path.read_bytes()
    with as_user(), Session.open(path) as session:
        assert [info.name for info in session.classes()] == ["new walk"]
        assert session.report.migrated_from == OLD
        assert session.report.backup is None
    assert path.read_bytes() == before


# -- damage ------------------------------------------------------------------------------------------------


def overwrite(path: Path, page: int, bytes_: bytes = b"\xa5" * PAGE) -> None:
    data = bytearray(path.read_bytes())
    data[page * PAGE : page * PAGE + len(bytes_)] = bytes_
    path.write_bytes(data)


def test_a_truncated_session_gives_what_is_left(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path, 200)
    whole = path.read_bytes()
    kept = []
    for share in (0.9, 0.6, 0.3):
        cut = whole[: int(len(whole) * share)]
        path.write_bytes(cut)
        with Session.open(path) as session:
            assert session.read_only
            assert session.report.damaged
            assert "is damaged; what follows could not be read" in session.report.problems[0]
            assert len(session.report.problems) > 1
            assert all(problem.endswith(".") for problem in session.report.problems)
            kept.append(len(session.examples()))
            with pytest.raises(SessionError, match="it is damaged; save a copy"):
                session.set_config("a", 1)
        assert path.read_bytes() == cut
        assert [p.name for p in tmp_path.iterdir()] == ["a.dgs"]
    assert kept[0] > 100
    assert kept == sorted(kept, reverse=True)


def test_a_session_cut_after_its_first_page_is_refused(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    for size in (PAGE, 700, 60):
        cut = path.read_bytes()[:size]
        path.write_bytes(cut)
        with pytest.raises(SessionFormatError) as caught:
            Session.open(path)
        one_sentence(caught.value)
        assert path.read_bytes() == cut


def test_every_single_damaged_page_is_survived(
    tmp_path: Path, filled: Callable[..., None], make_example: Callable[..., Example]
) -> None:
    """Whichever page is lost, opening gives only true examples, says so, and leaves the file alone."""
    whole = tmp_path / "whole.dgs"
    filled(whole, 120)
    pages = whole.stat().st_size // PAGE
    path = tmp_path / "a.dgs"
    most_lost = 0
    for page in range(1, pages, 3):
        shutil.copyfile(whole, path)
        overwrite(path, page)
        before = path.read_bytes()
        with Session.open(path) as session:
            assert session.report.problems, f"page {page} is lost and nobody says so"
            examples = session.examples()
            for example in examples:
                assert example.features.tobytes() == make_example(example.id).features.tobytes()
            assert {example.class_id for example in examples} <= {info.id for info in session.classes()}
            if session.report.damaged:
                most_lost = max(most_lost, 120 - len(examples))
            for info in session.checkpoints():
                try:
                    session.checkpoint(info.version)
                except SessionFormatError as error:
                    one_sentence(error)
            session.latest_checkpoint()
            session.records()
            session.config("layout")
        if session.report.damaged:
            assert path.read_bytes() == before
    assert most_lost > 0


def test_damage_beside_commits_of_a_killed_writer_touches_neither_file(
    tmp_path: Path, filled: Callable[..., None]
) -> None:
    path = tmp_path / "a.dgs"
    filled(path, 100)
    killed(path, "s.put_class(ClassInfo(2, 'run', '2', '#000000'))")
    overwrite(path, 12)
    # SQLite's own index of the -wal file is made anew by whoever reads it first.
    (tmp_path / "a.dgs-shm").unlink()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with Session.open(path) as session:
        assert session.report.damaged
        assert [info.name for info in session.classes()] == ["walk", "run"]
        copy = tmp_path / "copy" / "saved.dgs"
        session.save_copy(copy)
        kept = len(session.examples())
    with Session.open(copy) as session:
        assert session.report.ok
        assert len(session.examples()) == kept > 0
    shutil.rmtree(copy.parent)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_flipped_bits_inside_an_example_are_noticed(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    edit(path, "UPDATE example SET features = zeroblob(32) WHERE id = 7")
    edit(path, "UPDATE example SET features = 'text' WHERE id = 8")
    before = path.read_bytes()
    with Session.open(path) as session:
        assert session.report.problems[1:] == ["2 examples are damaged and left out (id 7, 8)."]
        assert session.read_only and session.report.damaged
        assert {7, 8}.isdisjoint(example.id for example in session.examples())
        assert len(session.examples()) == 38
        session.save_copy(tmp_path / "b.dgs")
    assert path.read_bytes() == before
    with Session.open(tmp_path / "b.dgs") as session:
        assert session.report.ok and len(session.examples()) == 38


def test_a_lost_class_leaves_its_examples(tmp_path: Path, filled: Callable[..., None]) -> None:
    path = tmp_path / "a.dgs"
    filled(path)
    edit(path, "DROP TABLE class")
    with Session.open(path) as session:
        assert "The table of classes could not be read." in session.report.problems
        assert [info.name for info in session.classes()] == ["class 1 (recovered)"]
        assert len(session.examples()) == 40


def test_nothing_in_a_session_is_unpickled(tmp_path: Path, filled: Callable[..., None]) -> None:
    """A blob that would run a program when unpickled is only bytes that do not fit."""
    path = tmp_path / "a.dgs"
    filled(path)
    witness = tmp_path / "witness"
    bomb = b"cbuiltins\nopen\n(V" + str(witness).encode() + b"\nVw\ntR."
    edit(path, "UPDATE blob SET data = ?", bomb)
    edit(path, "UPDATE example SET features = ?", bomb)
    edit(path, "UPDATE config SET value = ?", bomb)
    with Session.open(path) as session:
        assert session.examples() == []
        assert session.config("layout", "usual") == "usual"
        assert session.latest_checkpoint() is None
        assert any("cannot be restored" in problem for problem in session.report.problems)
    assert not witness.exists()


def test_stored_numbers_do_not_depend_on_how_they_lay_in_memory() -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    with Session.memory() as session:
        session.put_examples([Example(1, 1, 1, values[:, 2], 0, 1, raw=values.T[::2])])
        session.put_examples([Example(2, 1, 1, values[0].astype(">f4"), 0, 1)])
        first, second = session.examples()
    np.testing.assert_array_equal(first.features, values[:, 2])
    np.testing.assert_array_equal(first.raw, values.T[::2])
    np.testing.assert_array_equal(second.features, values[0])


@pytest.mark.parametrize("size", [100, 511, 4095])
def test_what_is_left_of_a_session_without_a_whole_page_is_not_written_to(tmp_path, size):
    path = tmp_path / "a.dgs"
    Session.create(path).close()
    left = path.read_bytes()[:size]
    path.write_bytes(left)
    with pytest.raises(SessionFormatError):
        Session.open(path)
    assert path.read_bytes() == left
