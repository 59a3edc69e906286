"""What is shipped: pins that agree, and a source archive that can do what its Makefile says."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    rows = (Requirement(line) for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(row.name): str(row.specifier) for row in rows}


@pytest.mark.parametrize("group", ["", *EXTRAS])
def test_what_is_installed_is_what_was_tested(group: str) -> None:
    wanted = EXTRAS[group] if group else PROJECT["project"]["dependencies"]
    for row in map(Requirement, wanted):
        assert str(row.specifier) == pins()[canonicalize_name(row.name)], row.name


def test_what_the_window_needs_is_pinned_with_all_that_it_brings_along() -> None:
    """So that pipx, which knows no constraints, installs what was tested."""
    rows = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    named = {canonicalize_name(row.name) for row in rows}
    for row in rows:
        for text in distribution(row.name).requires or []:
            brought = Requirement(text)
            if brought.marker is None or brought.marker.evaluate({"extra": ""}):
                assert canonicalize_name(brought.name) in named, f"{row.name} brings {brought.name}"


def test_the_source_archive_holds_what_the_makefile_calls() -> None:
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    called = set(re.findall(r"\b((?:scripts|docs|tests|\.ci)/[\w./-]+)", (ROOT / "Makefile").read_text()))
    assert {"scripts/setup.sh", "scripts/run.sh", "scripts/fresh.py"} <= called
    for path in called:
        assert (ROOT / path).exists() and path.split("/")[0] in shipped, path


def test_a_package_index_shows_neither_a_broken_picture_nor_a_broken_link() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for rule in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    assert text.startswith("# dgstudio") and "## Two commands" in text
    assert not re.findall(r"\]\((?!https?://)", text) and "made by `make picture`" not in text
