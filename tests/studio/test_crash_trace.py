"""What is left beside a session by a program that did not end in order."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from dgstudio.session.file import Session
from dgstudio.studio.crash_trace import SUFFIX, crash_text, crashes, sessions_left_open

CRASHES = """
import ctypes, os, sys
from pathlib import Path
from dgstudio.studio.crash_trace import CrashTrace
trace = CrashTrace()
trace.follow(Path(sys.argv[1]))
assert Path(sys.argv[1] + ".running").stat().st_mode & 0o777 == 0o600 or os.name == "nt"
if sys.argv[2] == "segfault":
    ctypes.string_at(0)
elif sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
trace.done()
"""


def ended(session: Path, how: str) -> None:
    subprocess.run([sys.executable, "-c", CRASHES, str(session), how], check=False, capture_output=True, timeout=60)


def names(session: Path) -> list[str]:
    return [path.name for path in session.parent.iterdir()]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "talk.dgs"
    Session.create(path).close()
    return path


def test_nothing_is_left_where_a_program_ended_in_order(session):
    ended(session, "")
    assert names(session) == ["talk.dgs"] and crashes([session]) == []


def test_a_crash_is_told_once_and_its_trace_kept(session):
    ended(session, "segfault")
    (crash,) = crashes([session, session, session.with_name("other.dgs")])
    assert crash.session == session and ("egmentation" in crash.fault or "access violation" in crash.fault)
    text = crash.trace.read_text()
    assert "dgstudio" in text.splitlines()[0] and "string_at" in text
    assert crashes([session]) == [] and crash.trace.name.startswith("talk.dgs.crash-2")
    assert crash.fault in crash_text(crash, False) and crash.trace.name in crash_text(crash, True)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_program_leaves_no_trace_but_is_told(session):
    ended(session, "killed")
    (crash,) = crashes([session])
    assert crash.fault == "" and crash.trace is None and not any(name.endswith(SUFFIX) for name in names(session))
    assert "talk.dgs was open" in crash_text(crash, False)


def test_a_session_that_is_open_has_not_crashed(session):
    left = session.with_name(session.name + SUFFIX)
    left.write_text("begun\n")
    with Session.open(session):
        assert crashes([session]) == [] and left.exists()
        assert [crash.session for crash in crashes([], session)] == [session]


def test_what_lies_in_the_default_folder_is_found(own_home: Any, session, monkeypatch):
    monkeypatch.setenv("DGSTUDIO_HOME", str(session.parent))
    folder = session.parent / "sessions"
    assert sessions_left_open() == []
    folder.mkdir()
    (folder / f"a.dgs{SUFFIX}").write_text("")
    assert sessions_left_open() == [folder / "a.dgs"]
    # A trace without its session is nobody's.
    assert crashes(sessions_left_open()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_closes_the_window_in_order(number, tmp_path):
    path = tmp_path / "s.dgs"
    command = [sys.executable, "-m", "dgstudio", "--session", str(path)]
    program = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    try:
        running = path.with_name(path.name + SUFFIX)
        wait_until(lambda: running.exists() or program.poll() is not None, "the window")
        program.send_signal(number)
        said = program.communicate(timeout=60)[1]
    finally:
        program.kill()
        program.wait()
    assert program.returncode == 128 + number and said == ""
    assert names(path) == ["s.dgs"], "saved, and the -wal file folded in"
