"""A session file that one program writes and others watch: one writer, and readers that disturb nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import DEADLINE_S

from dgstudio.errors import SessionError, SessionFormatError, SessionInUseError
from dgstudio.session.file import Session
from dgstudio.session.format import schema
from dgstudio.session.storage.opening import is_open_elsewhere
from dgstudio.types import ClassInfo, Example

WRITER = """
import sys
from dgstudio.session.file import Session
from dgstudio.types import ClassInfo
with Session.open(sys.argv[1]) as session:
    print("open", flush=True)
    for line in sys.stdin:
        number = int(line)
        session.put_class(ClassInfo(number, f"class {number}", "", "#000000"))
        print("put", flush=True)
"""


class Writer:
    """Another program that writes a session: one class at a time."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.hear("open")

    def hear(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word

    def put(self, number: int) -> None:
        assert self.process.stdin is not None
        print(number, file=self.process.stdin, flush=True)
        self.hear("put")

    def end(self, number: int | None = None) -> None:
        assert self.process.stdin is not None
        if number is not None:
            self.process.send_signal(number)
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    writer = Writer(path)
    try:
        yield writer
    finally:
        if writer.process.poll() is None:
            writer.end()


@pytest.fixture
def path(tmp_path: Path, filled: Callable[..., None]) -> Path:
    filled(tmp_path / "a.dgs")
    return tmp_path / "a.dgs"


def names(session: Session) -> list[str]:
    return [info.name for info in session.classes()]


def test_what_another_program_writes_is_seen_as_soon_as_it_is_durable(path: Path) -> None:
    with writing(path) as writer, Session.watching(path) as watched:
        assert watched.read_only and watched.written_elsewhere and watched.report.ok
        for number in range(2, 40):
            writer.put(number)
            assert names(watched)[-1] == f"class {number}"
        assert len(watched.examples()) == 40
        with pytest.raises(SessionError, match="another program writes it"):
            watched.set_config("a", 1)
        writer.end()
        assert not watched.written_elsewhere and names(watched)[-1] == "class 39"
        # All of it is in the file itself, though somebody watches.
        assert not path.with_name("a.dgs-wal").exists() or not path.with_name("a.dgs-wal").stat().st_size
        with Session.open(path) as session:
            session.put_class(ClassInfo(99, "mine", "", "#000000"))
            assert watched.written_elsewhere and names(watched)[-1] == "mine"
    with Session.open(path) as session:
        assert session.report.ok and len(session.classes()) == 40


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_writer_is_noticed_and_the_next_one_goes_on(path: Path) -> None:
    with writing(path) as writer, Session.watching(path) as watched:
        writer.put(2)
        writer.end(signal.SIGKILL)
        assert not watched.written_elsewhere and names(watched)[-1] == "class 2"
        with Session.open(path) as session:
            assert not session.read_only and session.report.ok and names(session)[-1] == "class 2"
            assert watched.written_elsewhere


def test_watching_keeps_nobody_out_and_frees_no_lock(path: Path) -> None:
    with writing(path) as writer:
        for _ in range(3):
            with Session.watching(path) as watched:
                assert watched.written_elsewhere and is_open_elsewhere(path)
            with pytest.raises(SessionInUseError, match="watch it"):
                Session.open(path)
            with pytest.raises(SessionInUseError):
                Session.reading(path)
        writer.put(5)
    # A session of this very process is watched, too, and stays locked for others afterwards.
    with Session.open(path) as session:
        with Session.watching(path) as watched:
            session.put_class(ClassInfo(6, "six", "", "#000000"))
            assert watched.written_elsewhere and names(watched)[-1] == "six"
        with pytest.raises(SessionInUseError):
            Session.open(path)
        refused = subprocess.run(
            [sys.executable, "-c", WRITER, str(path)], input="", capture_output=True, text=True, check=False
        )
        assert refused.returncode and "SessionInUseError" in refused.stderr
    assert sorted(file.name for file in path.parent.iterdir()) == ["a.dgs"]


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody at a file that is open")
def test_a_file_that_is_moved_keeps_its_lock(path: Path) -> None:
    with writing(path):
        moved = path.rename(path.with_name("b.dgs"))
        with pytest.raises(SessionInUseError):
            Session.open(moved)
        assert is_open_elsewhere(moved)
        moved.rename(path)


def test_a_writer_is_not_held_up_by_those_who_watch(path: Path, make_example: Callable[..., Example]) -> None:
    with Session.open(path) as session:
        watched = [Session.watching(path) for _ in range(4)]
        for number in range(100, 300):
            session.put_examples([make_example(number)])
            assert len(watched[number % 4].examples_by_id([number])) == 1
        wal = path.with_name("a.dgs-wal")
        assert wal.stat().st_size < 8 << 20
        for each in watched:
            each.close()


def test_what_cannot_be_watched_says_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SessionFormatError, match="There is no session"):
        Session.watching(path.with_name("none.dgs"))
    with monkeypatch.context() as patch:
        patch.setitem(schema.MIGRATIONS, schema.FORMAT, lambda db: None)
        patch.setattr(schema, "FORMAT", schema.FORMAT + 1)
        with pytest.raises(SessionFormatError, match="earlier dgstudio"):
            Session.watching(path)
    data = bytearray(path.read_bytes())
    for place in range(12 * 4096, 16 * 4096):
        data[place] ^= 255
    path.write_bytes(data)
    with pytest.raises(SessionFormatError, match="damaged, and cannot be watched"):
        Session.watching(path)
