"""Exports as a user asks for them: nothing is overwritten without leave, nothing is half written, one sentence each."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from dgstudio.errors import BadInputError, DgstudioError, SessionError, SessionFormatError
from dgstudio.session.export import atomic_write
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.session.export.request import ExportRequest
from dgstudio.session.file import Session


def ask(session: Path, **wanted: object) -> list[str]:
    said: list[str] = []
    ExportRequest(session, **wanted).run(said.append)  # type: ignore[arg-type]  # a dictionary of fields by name
    return said


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_everything_at_once(story_file, tmp_path):
    said = ask(
        story_file,
        examples=tmp_path / "a.csv",
        model=tmp_path / "a.safetensors",
        report=tmp_path / "a.html",
    )
    assert [sentence.split()[-1] for sentence in said[:1]] == [f"{tmp_path / 'a.csv'}."]
    assert files_in(tmp_path) == ["a.csv", "a.html", "a.safetensors", "a.safetensors.json"]
    assert len(said) == 3


def test_the_session_is_not_changed(story_file, tmp_path):
    before = story_file.read_bytes()
    ask(story_file, examples=tmp_path / "a.csv", report=tmp_path / "a.html")
    assert story_file.read_bytes() == before


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, "Say what to export"),
        ({"version": 3, "report": "a.html"}, "--version says which model"),
        ({"examples": "a.txt"}, r"written as \.csv or \.npz, not “a\.txt”"),
        ({"model": "a"}, r"A model is written as \.onnx or \.safetensors, not “a”"),
        ({"report": "a.pdf"}, r"A report is written as \.html or \.htm"),
        ({"examples": "no/such/a.csv"}, "name a file in a folder that exists"),
        ({"examples": "folder.csv"}, "is a folder"),
        ({"examples": "there.csv"}, "exists already: choose another name, or add --overwrite"),
        ({"model": "m.onnx"}, r"m\.onnx\.json exists already"),
        ({"examples": "x.npz", "session": "x.npz"}, "is the session itself"),
        ({"examples": f"{'x' * 300}.csv"}, "Cannot write"),
        ({"examples": "a\0.csv"}, "Cannot write"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_done(story_file, tmp_path, monkeypatch, wanted, words):
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    for name in ("there.csv", "m.onnx.json"):
        Path(name).write_text("mine")
    before = files_in(tmp_path)
    paths = {name: Path(value) if isinstance(value, str) else value for name, value in wanted.items()}
    session = paths.pop("session", story_file)
    with pytest.raises(BadInputError, match=words):
        ask(session, **paths)
    assert files_in(tmp_path) == before and Path("there.csv").read_text() == "mine"


def test_with_leave_what_is_there_is_replaced_and_only_whole(story_file, tmp_path, monkeypatch):
    for name in ("a.csv", "a.safetensors", "a.safetensors.json"):
        (tmp_path / name).write_text("before")
    ask(story_file, examples=tmp_path / "a.csv", model=tmp_path / "a.safetensors", overwrite=True)
    assert all((tmp_path / name).stat().st_size > 100 for name in files_in(tmp_path))
    (tmp_path / "a.csv").write_text("before")
    full_disk(monkeypatch)
    with pytest.raises(DgstudioError, match=r"Cannot write .*a\.csv: no space left on device; nothing was written"):
        ask(story_file, examples=tmp_path / "a.csv", overwrite=True)
    assert (tmp_path / "a.csv").read_text() == "before" and len(files_in(tmp_path)) == 3


def full_disk(monkeypatch: pytest.MonkeyPatch, after: int = 0) -> None:
    """The disk takes `after` more files."""
    left, real = [after], os.fsync

    def full(descriptor: int) -> None:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        real(descriptor)

    monkeypatch.setattr(atomic_write.os, "fsync", full)


@pytest.mark.parametrize("after", [0, 1])
def test_a_model_and_its_card_are_there_together_or_not_at_all(story_file, tmp_path, monkeypatch, after):
    full_disk(monkeypatch, after)
    with pytest.raises(DgstudioError, match="no space left"):
        ask(story_file, model=tmp_path / "a.safetensors")
    assert files_in(tmp_path) == []


def test_a_card_that_cannot_be_put_in_place_takes_its_new_model_with_it(tmp_path, monkeypatch):
    real = Path.replace

    def held(self: Path, target: Path) -> Path:
        if target.suffix == ".json":
            raise PermissionError(errno.EACCES, "in use")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held)
    files = [(tmp_path / name, lambda new: new.write_text("x")) for name in ("m.onnx", "m.onnx.json")]
    with pytest.raises(DgstudioError, match=r"Cannot write .*: in use"):
        write_whole(files, overwrite=False)
    assert files_in(tmp_path) == []


def test_a_file_that_comes_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "a.csv"

    def slow(new: Path) -> None:
        new.write_text("ours")
        path.write_text("theirs")

    with pytest.raises(BadInputError, match="exists already"):
        write_whole([(path, slow)], overwrite=False)
    assert path.read_text() == "theirs" and files_in(tmp_path) == ["a.csv"]


def test_what_fails_halfway_leaves_nothing(tmp_path):
    def fails(new: Path) -> None:
        new.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_whole([(tmp_path / "a.csv", fails)], overwrite=False)
    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_written(open_folder: Path, as_user: Callable[[], AbstractContextManager[None]]):
    open_folder.chmod(0o555)
    with pytest.raises(DgstudioError, match=r"Cannot write .*a\.csv: permission denied"), as_user():
        write_whole([(open_folder / "a.csv", lambda new: new.write_text("x"))], overwrite=False)
    assert files_in(open_folder) == []


def test_a_session_that_can_only_be_read_is_exported_all_the_same(
    story_file: Path, open_folder: Path, as_user: Callable[[], AbstractContextManager[None]]
):
    copy = open_folder / "copy.dgs"
    with Session.open(story_file) as session:
        session.save_copy(copy)
    copy.chmod(0o444)
    out = open_folder / "out"
    out.mkdir()
    out.chmod(0o777)
    open_folder.chmod(0o555)
    with as_user():
        said = ask(copy, examples=out / "a.npz")
    assert "examples of" in said[0] and files_in(out) == ["a.npz"]


def test_a_session_that_is_open_elsewhere(story_file, tmp_path):
    with Session.open(story_file), pytest.raises(SessionError, match="is open in another dgstudio"):
        ask(story_file, examples=tmp_path / "a.csv")
    assert files_in(tmp_path) == []


def test_what_is_no_session(tmp_path):
    with pytest.raises(SessionFormatError, match="There is no session"):
        ask(tmp_path / "missing.dgs", examples=tmp_path / "a.csv")
    (tmp_path / "bad.dgs").write_text("no session")
    with pytest.raises(SessionFormatError, match="not a dgstudio session"):
        ask(tmp_path / "bad.dgs", examples=tmp_path / "a.csv")


def test_what_of_a_session_cannot_be_read_is_said(story_file, tmp_path):
    copy = tmp_path / "copy.dgs"
    with Session.open(story_file) as session:
        session.save_copy(copy)
        count = len(session.examples())
    with sqlite3.connect(copy) as db:
        db.execute("UPDATE example SET checksum = checksum + 1 WHERE id = 5")
    db.close()
    said = ask(copy, examples=tmp_path / "a.csv")
    assert said[0].startswith(f"{count - 1} examples") and any(line.startswith("Note: ") for line in said[1:])


def test_an_empty_session_gives_nothing_and_says_so(empty_file, tmp_path):
    for wanted, words in (
        ({"examples": tmp_path / "a.csv"}, "has no examples"),
        ({"model": tmp_path / "a.safetensors"}, "holds no version"),
        ({"report": tmp_path / "a.html"}, "neither examples nor versions"),
    ):
        with pytest.raises(BadInputError, match=words):
            ask(empty_file, **wanted)
    assert files_in(tmp_path) == ["empty.dgs"]
