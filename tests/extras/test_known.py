"""Which extras there are, what is missing of them, and the line that gets them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dgstudio.extras import known
from dgstudio.extras.known import EXTRAS, Extra, extra_of, line, missing, needs, requirements, satisfied

ROOT = Path(known.__file__).parents[2]
TWO = Extra("two", "testing", {"pip": "pip", "no_such_package": "no-such.package"}, 1, 2)


def test_extras_bring_what_the_project_file_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {
        known.key_of(row.split(">")[0].split("=")[0])
        for rows in project["optional-dependencies"].values()
        for row in rows
    }
    for extra in EXTRAS.values():
        assert {known.key_of(name) for name in extra.packages.values()} <= named


def test_the_smallest_extra_of_a_package_is_named() -> None:
    found = extra_of("matplotlib"), extra_of("onnxruntime"), extra_of("sklearn"), extra_of("numpy")
    assert [extra.name if extra else None for extra in found] == ["report", "export", "lab", None]


def test_what_is_missing_is_found_without_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing(TWO) == ("no-such.package",)
    assert not satisfied(TWO)
    # Half installed: a folder that can be imported, and no word that it is whole.
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    assert missing(TWO) == ("no-such.package",)


def test_a_package_that_stands_in_the_way_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    assert "pip" in missing(TWO)


@pytest.mark.parametrize(("version", "well"), [("2.13.0", True), ("2.13.0+cpu", True), ("2.12.1", False)])
def test_a_pin_is_kept_by_any_build(monkeypatch: pytest.MonkeyPatch, version: str, well: bool) -> None:
    monkeypatch.setattr(known, "installed", lambda *_: True)
    monkeypatch.setattr(known, "tested_versions", lambda: {"torch": "2.13.0"})
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: version)
    assert satisfied(EXTRAS["train"]) is well


def test_requirements_are_pins_in_a_checkout_and_else_those_of_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "constraints.txt").write_text("# tested\nONNX==1.2.3  # here\nonnxruntime==4.5\n", encoding="utf-8")
    monkeypatch.setattr(known, "_ROOT", tmp_path)
    assert requirements(EXTRAS["export"]) == ("onnx==1.2.3", "onnxruntime==4.5")
    (tmp_path / "constraints.txt").unlink()
    demands = ["numpy>=2", 'Scikit_Learn==1.9.1; extra == "lab"', "river >= 0.22 ; extra == 'lab'"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _name: demands)
    assert requirements(EXTRAS["lab"]) == ("Scikit_Learn==1.9.1", "river>=0.22", "matplotlib")


def test_the_line_is_that_of_the_interpreter_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(known, "tested_versions", lambda: {"onnx": "1", "onnxruntime": "2", "torch": "3"})
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "my venv" / "python"))
    assert line(EXTRAS["export"]).endswith("python' -m pip install onnx==1 onnxruntime==2")
    assert line(EXTRAS["export"]).startswith(f"'{tmp_path}/my venv/")
    (tmp_path / "pipx_metadata.json").touch()
    assert line(EXTRAS["export"]) == "pipx inject dgstudio onnx==1 onnxruntime==2"
    monkeypatch.setattr(sys, "executable", str(ROOT / ".venv" / "bin" / "python"))
    monkeypatch.chdir(ROOT)
    # torch is chosen with care on Linux only; elsewhere the usual build is the small one.
    monkeypatch.setattr(sys, "platform", "linux")
    assert line(EXTRAS["train"]) == ".venv/bin/python -m dgstudio.extras install train"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert line(EXTRAS["train"]) == "pipx inject dgstudio torch==3"
    (tmp_path / "pipx_metadata.json").unlink()
    assert line(EXTRAS["train"]) == ".venv/bin/python -m pip install torch==3"
    monkeypatch.chdir(tmp_path)
    assert line(EXTRAS["train"]).startswith(str(ROOT))


def test_a_sentence_says_what_and_how() -> None:
    assert needs("The digits come with", "sklearn") == (
        f"The digits come with scikit-learn, which is not installed; to install it: {line(EXTRAS['lab'])}"
    )
    assert needs("This needs", "numpy") == "This needs numpy, which is not installed."


def test_nothing_but_the_standard_library_is_needed() -> None:
    """What set-up calls before anything is installed: without the site-packages, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "dgstudio.extras", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "EXTRA" in done.stdout, done.stderr
