"""What the bench puts around the studio comes up and goes again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from waiting import wait_until

from dgstudio.bench import surroundings
from dgstudio.bench.surroundings import busy_cores, virtual_screen

DRAW = """
import os, sys
from dgstudio.bench.surroundings import virtual_screen
assert virtual_screen() == "", virtual_screen()
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("here")
label.show()
app.processEvents()
size = app.primaryScreen().size()
print(app.platformName(), size.width(), size.height(), os.environ["DISPLAY"])
"""


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="there is no Xvfb")
def test_a_window_is_drawn_on_a_screen_of_its_own_which_ends_with_the_process() -> None:
    without = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    command = [sys.executable, "-c", DRAW]
    done = subprocess.run(command, env=without, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    platform, width, height, display = done.stdout.split()
    assert (platform, width, height) == ("xcb", "1600", "1000")
    assert not Path(f"/tmp/.X11-unix/X{display.removeprefix(':')}").exists()


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a program of these lines in the place of Xvfb."""
    monkeypatch.setattr(surroundings.system_packages, "missing_libraries", list)
    monkeypatch.delenv("DISPLAY", raising=False)

    def put(lines: str) -> None:
        path = tmp_path / "Xvfb"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        monkeypatch.setattr(surroundings.shutil, "which", lambda name: str(path))

    return put


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in")
def test_a_server_that_does_not_come_up_leaves_no_display(program: Callable[[str], None]) -> None:
    program("exit 1")
    assert virtual_screen() == "Xvfb does not start" and "DISPLAY" not in os.environ


def test_without_the_server_or_a_library_of_qt_it_says_so(
    program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("exit 1")
    monkeypatch.setattr(surroundings.system_packages, "missing_libraries", lambda: ["libxcb.so.1"])
    assert virtual_screen() == "Qt lacks libxcb.so.1"
    monkeypatch.setattr(surroundings.shutil, "which", lambda name: None)
    assert virtual_screen() == "Xvfb is not installed"


def test_every_core_is_busy_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings.os, "cpu_count", lambda: 2)
    with busy_cores() as busy:
        assert busy == 2

        def at_work() -> list[psutil.Process]:
            return [child for child in psutil.Process().children() if surroundings.BUSY in child.cmdline()]

        # A process that has just been made is still the one that made it.
        wait_until(lambda: len(at_work()) == 2)
        ours = at_work()
        assert all(child.nice() == psutil.Process().nice() for child in ours)
    assert not any(child.is_running() for child in ours)
