"""What is shipped: pins that agree, and a source archive that can do what its Makefile says."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from importlib.util import module_from_spec, spec_from_file_location
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


@pytest.mark.parametrize("extras", [[], ["studio"]], ids=["station", "window"])
def test_what_is_needed_is_pinned_with_all_that_it_brings_along(extras: list[str]) -> None:
    """So that pip and pipx, which know no constraints, install what was tested."""
    texts = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    rows = [Requirement(text) for text in texts]
    named = {canonicalize_name(row.name) for row in rows}
    for row in rows:
        for text in distribution(row.name).requires or []:
            brought = Requirement(text)
            if brought.marker is None or brought.marker.evaluate({"extra": ""}):
                assert canonicalize_name(brought.name) in named, f"{row.name} brings {brought.name}"


@pytest.mark.parametrize(
    ("part", "groups"),
    [("window", ["studio"]), ("all", ["studio", "dev", "lab", "export", "report", "animation", "serial", "lsl"])],
)
def test_what_is_set_up_is_what_was_tested_with_the_hash_of_every_file(part: str, groups: list[str]) -> None:
    locked: dict[str, str] = {}
    for line in (ROOT / "requirements" / f"{part}.txt").read_text(encoding="utf-8").replace("\\\n", "").splitlines():
        row = Requirement(line.split("--hash")[0])
        locked[canonicalize_name(row.name)] = str(row.specifier)
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}", line), f"{row.name} has no hash: make lock"
    assert locked.items() <= pins().items(), "make lock"
    wanted = PROJECT["project"]["dependencies"] + [row for group in groups for row in EXTRAS[group]]
    assert {canonicalize_name(Requirement(row).name) for row in wanted} <= set(locked), "make lock"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n    rich==15.0.0 from a:\n",
            "another file for rich==15.0.0 than",
        ),
        ("WARNING: Retrying after NewConnectionError", "cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: something else", "pip could not install what is needed: something else"),
        ("", "it gave no reason"),
    ],
)
def test_what_pip_complains_of_is_told_in_a_sentence(said: str, told: str) -> None:
    spec = spec_from_file_location("set_up", ROOT / "scripts" / "set_up.py")
    assert spec is not None and spec.loader is not None
    set_up = module_from_spec(spec)
    spec.loader.exec_module(set_up)
    assert told in set_up.what_pip_says(said)


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
    assert text.startswith("# dgstudio") and "## The first five minutes" in text
    assert not re.findall(r"\]\((?!https?://)", text) and "picture above" not in text
