"""The package in docs/example-source: built, installed, and used by the program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "example-source"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, as pip installs it."""
    folder = tmp_path_factory.mktemp("example")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder / "wheels")]
    done = subprocess.run([*pip, *build, str(EXAMPLE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "wheels").glob("*.whl")
    target = ["install", "--no-deps", "--no-index", "--target", str(folder / "site"), str(wheel)]
    done = subprocess.run([*pip, *target], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def dgstudio(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(installed), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "DGSTUDIO_HOME": str(cwd / "home")}
    command = [sys.executable, "-m", "dgstudio", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_its_source_features_and_output_do_what_they_say(installed: Path, tmp_path: Path) -> None:
    outs = ("--out", "answerfile:answer.txt", "--out", "jsonl:answers.jsonl")
    options = ("--source", "load", "--rate", "50", "--features", "extremes", "--duration", "4", *outs)
    done = dgstudio(installed, tmp_path, "run", *options, "--session", "load.dgs", "--record")
    assert done.returncode == 0, done.stderr + done.stdout
    answers = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert len(answers) > 20 and all(answer["answer"] is None for answer in answers)
    assert (tmp_path / "answer.txt").read_text() == "unsure"
    assert "changes of the answer file" in done.stdout
    again = dgstudio(installed, tmp_path, "replay", "load.dgs", "--audit")
    assert again.returncode == 0, again.stdout
    assert "bit for bit" in again.stdout
    more = dgstudio(installed, tmp_path, "run", "load.dgs", "--duration", "2")
    assert more.returncode == 0 and "load" in more.stdout, more.stderr
    lacking = dgstudio(tmp_path, tmp_path, "run", "load.dgs", "--source", "simulator", "--duration", "2")
    assert lacking.returncode == 1 and "There are no features “extremes”" in lacking.stderr


def test_doctor_names_it(installed: Path, tmp_path: Path) -> None:
    told = dgstudio(installed, tmp_path, "doctor").stdout
    assert "Sources of packages" in told and "load" in told and "extremes" in told and "answerfile" in told


def test_without_it_the_session_says_what_it_lacks(tmp_path: Path) -> None:
    done = dgstudio(tmp_path, tmp_path, "run", "--source", "simulator", "--features", "extremes", "--duration", "1")
    assert done.returncode == 1 and "There are no features “extremes”" in done.stderr
    done = dgstudio(tmp_path, tmp_path, "run", "--source", "load", "--duration", "1")
    assert done.returncode == 1 and "There is no source “load”" in done.stderr


def test_the_source_is_some_forty_lines() -> None:
    lines = (EXAMPLE / "dgstudio_example" / "load.py").read_text().splitlines()
    assert len([line for line in lines if line.strip() and not line.startswith(('"""', "import", "from"))]) <= 40
