"""Only regular files are read, whatever stands where a file is named; and what we make is for its user alone."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from dgstudio.commands.importing import run_import
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import BadInputError, DgstudioError, SessionFormatError
from dgstudio.guard.files import UnusableFileError, keep_mode, make_folder, make_private, read_regular, require_regular
from dgstudio.guard.terminal import PlainConsole
from dgstudio.lab.data import load
from dgstudio.session.export.examples import export_examples
from dgstudio.session.export.request import ExportRequest
from dgstudio.session.file import Session
from dgstudio.streams.imports.reading import read_import
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.registry import open_source
from dgstudio.types import ClassInfo, Example, Take

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and modes of Unix")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=["pipe", "device", "socket", "folder", "link to a pipe"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes something that is no file, under a name."""
    bound: list[socket.socket] = []

    def make(name: str) -> Path:
        path = tmp_path / name
        if request.param == "pipe":
            os.mkfifo(path)
        elif request.param == "device":
            path.symlink_to("/dev/zero")
        elif request.param == "socket":
            here = socket.socket(socket.AF_UNIX)
            bound.append(here)
            # A socket's path must be short.
            before = Path.cwd()
            os.chdir(tmp_path)
            here.bind(name)
            os.chdir(before)
        elif request.param == "folder":
            path.mkdir()
        else:
            os.mkfifo(tmp_path / "pipe")
            path.symlink_to(tmp_path / "pipe")
        return path

    yield make
    for here in bound:
        here.close()


def one_sentence(path: Path, open_it: Callable[[], object]) -> None:
    with pytest.raises(DgstudioError) as caught:
        open_it()
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text and str(path) in text
    assert any(word in text for word in ("a pipe", "a device", "a socket", "a folder"))


def test_what_is_no_file_is_refused_wherever_a_file_is_read(odd: Callable[[str], Path]) -> None:
    path = odd("a.csv")
    if not path.is_dir():
        # A folder may hold takes: see the tests of those.
        one_sentence(path, lambda: open_source(str(path)))
    one_sentence(path, lambda: read_import(path, 2, Watch()))
    for look in (lambda: require_regular(path), lambda: read_regular(path, 100)):
        with pytest.raises(UnusableFileError, match="not a file"):
            look()
    base = odd("b.safetensors") if not path.is_symlink() else path
    spec = open_source("simulator").spec
    one_sentence(base, lambda: base_for(spec, str(base)))


@pytest.mark.parametrize("name", ["a.npz", "a.arff", "a.tsv"])
def test_of_any_ending(odd: Callable[[str], Path], name: str) -> None:
    path = odd(name)
    one_sentence(path, lambda: read_import(path, 2, Watch()))
    if name == "a.npz" and not path.is_dir():
        one_sentence(path, lambda: open_source(str(path)))
        one_sentence(path, lambda: load(str(path)))


def test_as_a_session(odd: Callable[[str], Path], tmp_path: Path) -> None:
    path = odd("a.dgs")
    console = PlainConsole()
    one_sentence(path, lambda: Session.open(path))
    one_sentence(path, lambda: Session.reading(path))
    one_sentence(path, lambda: Session.create(path, overwrite=True))
    one_sentence(path, lambda: ExportRequest(path, tmp_path / "x.csv").run(print))
    options = {"label": None, "time": None, "rate": None, "features": False, "only_plan": True}
    one_sentence(path, lambda: run_import(path, path.with_name("b.csv"), console, **options))


@pytest.mark.parametrize("end", ["-wal", "-journal", "-shm"])
def test_a_pipe_or_a_link_beside_a_session_is_not_read_from(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.dgs"
    Session.create(path).close()
    beside = tmp_path / f"a.dgs{end}"
    os.mkfifo(beside)
    with pytest.raises(SessionFormatError, match="is a pipe, not a file; move it away"):
        Session.open(path)
    beside.unlink()
    other = tmp_path / "other"
    other.write_text("mine")
    beside.symlink_to(other)
    with pytest.raises(SessionFormatError, match="is a link"):
        Session.open(path)
    assert other.read_text() == "mine"


def test_an_export_takes_no_device_s_place(tmp_path: Path) -> None:
    with session_of(tmp_path / "s.dgs", "walk") as session, pytest.raises(BadInputError, match="is a device"):
        export_examples(session, Path("/dev/null"), overwrite=True)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    assert read_regular(path, 100) == b"x" * 100
    with pytest.raises(UnusableFileError, match="larger than"):
        read_regular(path, 99)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UnusableFileError, match="larger than 1 MB"):
        read_regular(path, 1 << 20)
    path.write_bytes(b"")
    assert read_regular(path, 0) == b""
    if Path("/proc/self/maps").exists():
        # It says that it is empty.
        with pytest.raises(UnusableFileError, match="larger than"):
            read_regular(Path("/proc/self/maps"), 100)


# -- what we make ------------------------------------------------------------------------------------------------------


def session_of(path: Path, *names: str) -> Session:
    session = Session.create(path)
    for number, name in enumerate(names):
        session.put_class(ClassInfo(number, name, "", "#111111"))
        session.put_take(Take(number, number, 0.0, 1.0, "tape"))
        session.put_examples([Example(number, number, number, np.ones(2, np.float32), 0.0, 1.0)])
    return session


def test_sessions_and_their_copies_are_for_their_user_alone_and_exports_for_whom_new_files_are(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        path = tmp_path / "new" / "folder" / "a.dgs"
        with session_of(path, "walk") as session:
            beside = path.with_name("a.dgs-wal")
            assert beside.exists() and mode_of(beside) == 0o600
            session.save_copy(tmp_path / "copy.dgs")
            for name in ("a.csv", "a.npz"):
                export_examples(session, tmp_path / name)
        assert [mode_of(made) for made in (path, tmp_path / "copy.dgs")] == [0o600, 0o600]
        assert [mode_of(tmp_path / name) for name in ("a.csv", "a.npz")] == [0o644, 0o644]
        assert mode_of(path.parent) == mode_of(path.parent.parent) == 0o700
    finally:
        os.umask(umask)


def test_what_takes_a_file_s_place_has_its_mode(tmp_path: Path) -> None:
    with session_of(tmp_path / "s.dgs", "walk") as session:
        for name in ("a.csv", "a.dgs"):
            (tmp_path / name).write_text("before")
            (tmp_path / name).chmod(0o640)
        export_examples(session, tmp_path / "a.csv", overwrite=True)
        session.save_copy(tmp_path / "a.dgs", overwrite=True)
        (tmp_path / "s.dgs").chmod(0o644)
    with Session.open(tmp_path / "s.dgs"):
        pass
    assert [mode_of(tmp_path / name) for name in ("a.csv", "a.dgs", "s.dgs")] == [0o640, 0o640, 0o644]


def test_files_and_folders_of_the_house(tmp_path: Path) -> None:
    make_private(tmp_path / "a")
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "a")
    make_folder(tmp_path / "b" / "c")
    make_folder(tmp_path / "b" / "c")
    with pytest.raises(OSError):
        make_folder(tmp_path / "a" / "d")
    keep_mode(tmp_path / "a", tmp_path / "nothing")
    assert (mode_of(tmp_path / "a"), mode_of(tmp_path / "b")) == (0o600, 0o700)
