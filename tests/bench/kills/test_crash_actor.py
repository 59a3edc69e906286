"""`kill -9` at random moments while a window is worked in: its file holds what the window had shown as saved."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dgstudio.bench.kills.crash_actor import start_doomed
from dgstudio.bench.kills.crash_test import run_kills

KILLS = 6


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_what_a_window_had_shown_as_saved_is_there_after_it_was_killed(tmp_path: Path) -> None:
    killed = run_kills(start_doomed, tmp_path, KILLS)
    assert killed.lost == []
    assert killed.damaged == 0
    assert killed.kills == KILLS
    assert killed.shown > KILLS, "the windows hardly did anything"
