"""The process that exports says what came of it as data, a line each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dgstudio.session.export.kinds import OVERWRITE
from dgstudio.session.export.process import main


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_is_written_is_told(story_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = tmp_path / "a.csv"
    assert main([str(story_file), "examples", str(to)]) == 0
    (said,) = lines(capsys)
    assert said.keys() == {"said"} and str(to) in said["said"] and to.exists()


def test_a_refusal_is_told_apart(story_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = tmp_path / "a.csv"
    to.write_text("mine")
    assert main([str(story_file), "examples", str(to)]) == 1
    (refused,) = lines(capsys)
    assert refused.keys() == {"refused"} and "exists already" in refused["refused"] and to.read_text() == "mine"
    assert main([str(story_file), "examples", str(to), OVERWRITE]) == 0
    assert to.read_text() != "mine"
