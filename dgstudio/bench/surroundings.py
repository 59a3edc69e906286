"""What the bench puts around the studio: a virtual screen where there is none, and work for every core."""

from __future__ import annotations

import atexit
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dgstudio import system_packages
from dgstudio.errors import DgstudioError

SCREEN, LARGE_SCREEN = (1600, 1000), (2560, 1440)
READY_S, ENDED_S = 20.0, 5.0
"""As long as a virtual X server may take to come up, and to end."""
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    for _ in range(200_000):\n        pass"
"""Computes until whoever started it is gone."""


def virtual_screen(size: tuple[int, int] = SCREEN) -> str:
    """Give this process a screen of its own where it has none: an X server that draws into memory, until it ends.

    Returns
    -------
    Why there is none, as the end of a sentence; empty where there is one now.
    """
    server = shutil.which("Xvfb")
    if server is None:
        return "Xvfb is not installed"
    with suppress(DgstudioError):
        if lacking := system_packages.missing_libraries():
            return f"Qt lacks {', '.join(lacking)}"
    ours, theirs = os.pipe()
    # It names the first display that is free. Without a reset it stays when the last window has gone.
    screen = f"{size[0]}x{size[1]}x24"
    command = [server, "-displayfd", str(theirs), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, pass_fds=(theirs,), stdin=quiet, stdout=quiet, stderr=quiet)
    os.close(theirs)
    display = _line(ours)
    os.close(ours)
    if not display:
        _ended(process)
        return "Xvfb does not start"
    # After Qt, which is imported later and ends the process when its screen goes.
    atexit.register(_ended, process)
    os.environ["DISPLAY"] = f":{display}"
    return ""


def _line(pipe: int) -> str:
    """The line that comes out of a pipe, to its end: the server gives up where it cannot write that."""
    said = b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([pipe], [], [], READY_S)
        part = os.read(pipe, 16) if ready else b""
        if not part:
            return ""
        said += part
    return said.decode().strip()


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, wait, and kill it if it does not: a server that is killed leaves its socket behind."""
    process.terminate()
    try:
        process.wait(ENDED_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def busy_cores() -> Iterator[int]:
    """Keep every core busy with a process of its own, at normal priority; gives their number."""
    command = [sys.executable, "-S", "-c", BUSY, str(os.getpid())]
    busy = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
    try:
        yield len(busy)
    finally:
        for process in busy:
            _ended(process)
