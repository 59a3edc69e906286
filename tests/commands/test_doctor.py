"""The doctor: what it finds here, and what it says where something is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dgstudio import cli
from dgstudio.commands import doctor
from dgstudio.commands.doctor import Finding, examine
from dgstudio.extras.known import EXTRAS, line


@pytest.fixture
def without_qt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start of Qt is a process of its own; most tests are not about that."""
    monkeypatch.setattr(doctor, "_qt_starts", lambda: iter([Finding("ok", "Qt starts", "draws")]))


def about(subject: str) -> list[Finding]:
    return [finding for finding in examine() if finding.subject == subject]


def test_this_machine_is_well() -> None:
    findings = examine()
    assert not [finding for finding in findings if finding.level == "bad"]
    subjects = {finding.subject for finding in findings}
    assert {"Python", "Libraries", "Qt", "Qt starts", "Display", "Kernel", "torch", "Base model", "Fonts"} <= subjects
    assert "platform offscreen" in next(f.text for f in findings if f.subject == "Qt starts")


def test_a_missing_library_and_another_qt_are_bad_and_say_what_to_run(
    monkeypatch: pytest.MonkeyPatch, without_qt: None
) -> None:
    versions: dict[str, str | None] = {"PySide6_Essentials": "6.12.0", "scipy": None, "torch": None}
    version = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: versions.get(name, version(name)))
    assert about("Libraries") == [Finding("bad", "Libraries", "missing: scipy; run pip install scipy")]
    (qt,) = about("Qt")
    assert qt.level == "bad" and "6.12.0" in qt.text and "pip install PySide6_Essentials==6.11.3" in qt.text
    versions["PySide6_Essentials"] = None
    assert about("Qt")[0].level == "note" and about("Qt")[0].text.endswith(line(EXTRAS["studio"]))
    assert about("torch")[0].level == "note"
    versions |= {"onnx": None, "onnxruntime": "1.22.0", "matplotlib": None, "pillow": None}
    assert about("ONNX models")[0].level == about("Reports")[0].level == "note"
    assert about("ONNX models")[0].text.startswith("onnx not installed")
    extras = {"torch": "train", "ONNX models": "export", "Reports": "report", "Moving pictures": "animation"}
    for subject, extra in extras.items():
        assert about(subject)[0].text.endswith(f"to install it: {line(EXTRAS[extra])}")


def test_a_qt_that_does_not_start_names_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(command: list[str], **_: Any) -> Any:
        return subprocess.CompletedProcess(command, 1, "", "ImportError: libEGL.so.1: cannot open shared object file\n")

    monkeypatch.setattr(doctor.subprocess, "run", fails)
    found = about("Qt starts")
    assert found and all(finding.level == "bad" and "libEGL.so.1" in finding.text for finding in found)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the wheels of Qt bring everything")
def test_missing_system_libraries_are_bad_and_what_only_wayland_lacks_is_a_note(
    monkeypatch: pytest.MonkeyPatch, without_qt: None
) -> None:
    lacking: dict[bool, list[str]] = {False: ["libEGL.so.1"], True: ["libEGL.so.1", "libwayland-cursor.so.0"]}
    monkeypatch.setattr(doctor.system_packages, "missing_libraries", lambda *, wayland=False: lacking[wayland])
    (found,) = about("System libraries")
    assert found.level == "bad" and "lacks libEGL.so.1" in found.text
    lacking[False] = []
    (found,) = about("System libraries")
    assert found.level == "note" and "Wayland" in found.text and "libwayland-cursor.so.0" in found.text
    lacking[True] = []
    assert about("System libraries")[0].level == "ok"


def test_a_missing_base_or_font_is_bad(monkeypatch: pytest.MonkeyPatch, without_qt: None, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "asset", lambda name: tmp_path / name)
    bases = about("Base model")
    assert len(bases) == 3 and all(f.level == "bad" and "python -m dgstudio.lab.bases" in f.text for f in bases)
    assert about("Fonts")[0].level == "bad"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_it_says_what_works(monkeypatch: pytest.MonkeyPatch, without_qt: None) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    (display,) = about("Display")
    assert display.level == "note" and "dgstudio run" in display.text


def test_a_folder_that_cannot_be_written_is_bad(
    monkeypatch: pytest.MonkeyPatch, without_qt: None, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "file"))
    (folder,) = about("Sessions")
    assert folder.level == "bad" and "DGSTUDIO_HOME" in folder.text


def test_a_check_that_fails_itself_is_a_finding(monkeypatch: pytest.MonkeyPatch, without_qt: None) -> None:
    def fails() -> Any:
        raise RuntimeError("a bug")
        yield

    monkeypatch.setattr(doctor, "_kernel", fails)
    assert Finding("bad", "fails", "the check itself failed: RuntimeError('a bug')") in examine()


@pytest.mark.parametrize(("level", "status"), [("ok", 0), ("note", 0), ("bad", 1)])
def test_the_command_ends_with_a_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    level: str,
    status: int,
    without_qt: None,
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: [Finding(level, "Thing", "what [it] is")])
    monkeypatch.setattr(sys, "argv", ["dgstudio", "doctor"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    assert left.value.code == status and "Thing" in out and "what [it] is" in out
    assert err.count("\n") == (1 if status else 0)
