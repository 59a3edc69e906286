"""Files made to hurt are refused in a sentence, or read: within a second or two, and within 1 GB of memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("hostile_files.py")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited as Linux does it")
def test_hostile_files_get_a_sentence_in_time_and_in_little_memory(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(PROGRAM), str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) > 100
    for name, raised, said, seconds in lines:
        assert raised in ("", "BadInputError"), (name, raised, said)
        assert not raised or (said.endswith(".") and "\n" not in said and len(said) < 500), (name, said)
        assert seconds < 5, (name, seconds)
    refused = {name for name, raised, *_ in lines if raised}
    assert {"quotes.csv", "bomb.npz", "no rows, endless columns.npz", "many columns.csv"} <= refused
