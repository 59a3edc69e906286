"""What a program that did not end in order leaves beside its session, and what the next one makes of it."""

from __future__ import annotations

import faulthandler
import os
import platform
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from dgstudio import __version__
from dgstudio.guard.files import PRIVATE_FILE
from dgstudio.kernel import KERNEL
from dgstudio.records import dataclass
from dgstudio.session.storage.location import session_folder
from dgstudio.session.storage.opening import is_open_elsewhere

SUFFIX = ".running"
"""After the name of a session: its program runs, or has not ended in order."""
FATAL = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (.{1,200})$", re.MULTILINE)
_ONLY_A_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Whoever gave the session may have put a link or a pipe beside it: neither is followed, or waited for."""
LARGEST = 1_000_000
"""As much of a trace as is read."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A program that did not end in order while `session` was open in it.

    Attributes
    ----------
    unix : when its trace was written last, in Unix seconds.
    fault : what Python calls the crash, "Segmentation fault" for one; empty where the process was killed, or the
        machine stopped.
    trace : where the trace is kept; None where there was nothing to keep.
    """

    session: Path
    unix: float
    fault: str
    trace: Path | None


class CrashTrace:
    """While it is open, a crash of this process writes the Python stack of every thread beside the session.

    Files of sessions come and go: `follow` is told of each. `done` says that the program ended in order. Main thread.
    """

    def __init__(self) -> None:
        self._session: Path | None = None
        self._file: IO[bytes] | None = None

    def follow(self, session: Path | None) -> None:
        """Go on beside this session; None: nothing is kept. Where nothing can be written, there is no trace."""
        if session == self._session:
            return
        self.done()
        if session is None:
            return
        self._session = session
        with suppress(OSError):
            # Opened for this user alone: a trace names files.
            number = os.open(_beside(session), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _ONLY_A_FILE, PRIVATE_FILE)
            self._file = os.fdopen(number, "wb", buffering=0)
            self._file.write(_header().encode())
            faulthandler.enable(self._file, all_threads=True)

    def done(self) -> None:
        """Nothing is open any more; the file goes."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            with suppress(OSError):
                if self._session is not None:
                    _beside(self._session).unlink(missing_ok=True)
        self._session = self._file = None


def crashes(sessions: Iterable[Path], own: Path | None = None) -> list[Crash]:
    """What is left beside these sessions by programs that did not end in order, the latest first; each is told once.

    A trace that says where the crash was is kept under another name; nothing else of it remains. Sessions that are open
    in a program are passed over, except this one's `own`. Any thread.
    """
    found = []
    mine = [] if own is None else [own.absolute()]
    for session in dict.fromkeys(path.absolute() for path in [*mine, *sessions]):
        left = _beside(session)
        with suppress(OSError, ValueError):
            if left.is_file() and session.is_file() and (session in mine or not is_open_elsewhere(session)):
                found.append(_told(session, left))
    return sorted(found, key=lambda crash: -crash.unix)


def sessions_left_open() -> list[Path]:
    """Sessions in the default folder that are open in a program, or were when it did not end in order."""
    folder = session_folder()
    return [folder / path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")]


def crash_text(crash: Crash, open_now: bool) -> str:
    """The sentence that tells of it."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(crash.unix))
    what = f"crashed ({crash.fault})" if crash.fault else "did not end in order"
    trace = f" Where it crashed stands in {crash.trace.name} beside it." if crash.trace is not None else ""
    if open_now:
        return f"dgstudio {what} when this session was open last, {when}; it goes on from what was saved.{trace}"
    return f"dgstudio {what} when {crash.session.name} was open, {when}; what was saved is in it.{trace}"


def _told(session: Path, left: Path) -> Crash:
    unix = left.stat().st_mtime
    with os.fdopen(os.open(left, os.O_RDONLY | _ONLY_A_FILE), "rb") as file:
        text = file.read(LARGEST).decode("utf-8", "replace")
    fault = FATAL.search(text)
    if fault is None:
        left.unlink()
        return Crash(session, unix, "", None)
    kept = session.with_name(session.name + time.strftime(".crash-%Y%m%d-%H%M%S.txt", time.localtime(unix)))
    left.replace(kept)
    return Crash(session, unix, fault[1], kept)


def _beside(session: Path) -> Path:
    return session.with_name(session.name + SUFFIX)


def _header() -> str:
    # Not `platform.platform()`, which starts another program to ask for the processor's name.
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    began = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return (
        f"dgstudio {__version__}, kernel {KERNEL}, Python {platform.python_version()} on {system}\n"
        f"began {began}, process {os.getpid()}: {' '.join(sys.argv)}\n"
        "This file goes when the program ends in order.\n\n"
    )
