"""An extra is installed by a process of its own: what it says, what it costs, how it ends. pip is a script here."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dgstudio.extras import __main__ as command
from dgstudio.extras import installation, known
from dgstudio.extras.failures import InstallFailed, InstallTrouble
from dgstudio.extras.installation import (
    CPU,
    GPU,
    GPU_MB,
    Installation,
    InstallState,
    plan_words,
)
from dgstudio.extras.known import EXTRAS

Pip = Callable[..., Path]

REPORT = """
import json, sys
if "--report" in sys.argv:
    path = sys.argv[sys.argv.index("--report") + 1]
    json.dump({"install": [{"metadata": {"version": VERSION}}]}, open(path, "w"))
    sys.exit(0)
"""
UV = """
import pathlib, sys
if "--target" in sys.argv:
    place = pathlib.Path(sys.argv[sys.argv.index("--target") + 1], "bin")
    place.mkdir(parents=True)
    (place / "uv").write_text("#!" + sys.executable + chr(10) + SCRIPT)
    (place / "uv").chmod(0o755)
    sys.exit(0)
"""


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pip:
    """Puts a script into the place of pip, after which packages are there; what it was asked is in the file."""
    there: list[bool] = []
    monkeypatch.setattr(known, "installed", lambda *_: bool(there))
    monkeypatch.setattr(sys, "platform", "linux")

    def put(script: str, *, works: bool = True) -> Path:
        log = tmp_path / "asked.txt"
        note = f"import sys\nopen({str(log)!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))\n"
        (tmp_path / "pip.py").write_text(note + script, encoding="utf-8")
        monkeypatch.setattr(installation, "pip_command", lambda: (sys.executable, str(tmp_path / "pip.py")))
        if works:
            monkeypatch.setattr(installation.importlib, "invalidate_caches", lambda: there.append(True))
        return log

    return put


def until(true: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(2000):
        if true():
            return
        waiting.wait(0.01)
    raise AssertionError("it never came to that")


def done(extra: str, **options: bool) -> Installation:
    it = Installation(EXTRAS[extra], **options)
    it.start()
    it.join(30.0)
    assert it.over
    return it


def test_pip_is_asked_for_the_pins_and_nothing_that_is_there_may_change(pip: Pip, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    log = pip(f"import shutil\nshutil.copy(sys.argv[sys.argv.index('-c') + 1], {str(kept)!r})")
    told: list[str] = []
    it = Installation(EXTRAS["export"], tell=told.append)
    it.run()
    assert (it.state, it.share, it.failure) == (InstallState.DONE, 1.0, "")
    (asked,) = log.read_text().splitlines()
    assert asked.startswith("install ") and asked.endswith(" ".join(known.requirements(EXTRAS["export"])))
    rows = kept.read_text().splitlines()
    import numpy as np

    assert f"numpy=={np.__version__}" in rows and not [row for row in rows if row.startswith(("onnx", "pip="))]
    assert told[0] == "Looking for onnx and onnxruntime" and "40 MB" in told[1] and told[-1].endswith("are installed.")


def test_what_pip_is_at_is_told_in_plain_words(pip: Pip) -> None:
    pip(
        "print('Collecting onnx==1.23.2')\n"
        "print('  Obtaining dependency information for onnx from somewhere')\n"
        "print('  Downloading onnx-1.23.2-cp311-cp311-linux.whl.metadata (7.3 kB)')\n"
        "print('  Downloading onnx-1.23.2-cp311-cp311-linux.whl (8.9 MB)')\n"
        "print('Downloading ml_dtypes-0.6.0-cp311-cp311-linux.whl')\n"
        "print('Installing collected packages: protobuf, onnx')\n"
        "print('Successfully installed onnx', end='')"
    )
    told: list[str] = []
    Installation(EXTRAS["export"], tell=told.append).run()
    assert told[2:-1] == [
        "Looking for onnx",
        "Downloading onnx (8.9 MB)",
        "Downloading ml_dtypes",
        "Installing protobuf and onnx",
    ]


def test_the_bar_follows_what_has_come(pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = tmp_path / "go"
    monkeypatch.setattr(installation, "LOOK_S", 0.0)
    pip(
        "import os, pathlib, tempfile, threading\n"
        f"gate = pathlib.Path({str(gate)!r})\n"
        "with tempfile.NamedTemporaryFile() as part:\n"
        "    os.truncate(part.name, 20_000_000)\n"
        "    while not gate.exists(): threading.Event().wait(0.01)\n"
    )
    it = Installation(EXTRAS["export"])
    it.start()
    until(lambda: it.share > 0.35)
    assert it.state == InstallState.RUNNING and it.share < 0.45
    gate.touch()
    it.join(30.0)
    assert it.state == InstallState.DONE and it.share == 1.0


@pytest.mark.parametrize(
    ("said", "why", "words"),
    [
        (
            "Retrying after NewConnectionError ... [Errno -2] Name or service not known",
            InstallTrouble.NETWORK,
            "Check the network",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            InstallTrouble.DISK,
            "room",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied",
            InstallTrouble.RIGHT,
            "cannot be written",
        ),
        ("error: externally-managed-environment", InstallTrouble.SYSTEM, "pipx"),
        ("ERROR: ResolutionImpossible: for help visit somewhere", InstallTrouble.CONFLICT, "left as it is"),
        ("ERROR: No matching distribution found for onnx==9", InstallTrouble.VERSION, "has no onnx=="),
        ("ERROR: the moon is in the wrong place", InstallTrouble.OTHER, "the moon is in the wrong place"),
    ],
)
def test_a_failure_is_one_sentence_that_says_what_to_do(pip: Pip, said: str, why: str, words: str) -> None:
    pip(f"print({said!r}, file=sys.stderr)\nsys.exit(1)")
    it = done("export")
    assert (it.state, it.why) == (InstallState.FAILED, why)
    assert words in it.failure and "Traceback" not in it.failure and "\n" not in it.failure


def test_what_cannot_work_is_not_begun(pip: Pip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = pip("")
    monkeypatch.setattr(installation, "_free_mb", lambda _folder: 12.0)
    full = done("export")
    assert full.why == InstallTrouble.DISK and "130 MB are needed, 12 MB free" in full.failure
    monkeypatch.setattr(installation.os, "access", lambda *_: False)
    assert done("export").why == InstallTrouble.RIGHT
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(installation.sysconfig, "get_path", lambda _name: str(tmp_path))
    assert done("export").why == InstallTrouble.SYSTEM
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    bare = done("export")
    assert bare.why == InstallTrouble.PIP and "-m ensurepip" in bare.failure
    with pytest.raises(InstallFailed, match="ensurepip"):
        Installation(EXTRAS["export"]).make_plan()
    assert not log.exists()


def test_packages_that_are_not_there_afterwards_are_told(pip: Pip) -> None:
    pip("", works=False)
    it = done("report")
    assert it.state == InstallState.FAILED and "matplotlib and Jinja2 cannot be found: restart" in it.failure


def test_a_pip_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installation, "pip_command", lambda: (str(tmp_path / "nothing"),))
    it = done("export")
    assert it.state == InstallState.FAILED and it.failure == "Nothing was installed: No such file or directory."


def test_cancel_ends_the_process_and_its_children_and_leaves_no_file(pip: Pip, tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    pip(
        "import os, pathlib, subprocess, tempfile, threading\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        f"pathlib.Path({str(begun)!r} + '.new').write_text(f'{{child.pid}} {{tempfile.gettempdir()}}')\n"
        f"try:\n    os.rename({str(begun)!r} + '.new', {str(begun)!r})\n    threading.Event().wait()\n"
        f"except KeyboardInterrupt:\n    pathlib.Path({str(ended)!r}).touch()\n    child.wait()\n"
    )
    it = Installation(EXTRAS["export"])
    it.start()
    until(begun.exists)
    child, folder = begun.read_text().split(" ", 1)
    assert Path(folder).is_dir()
    it.cancel()
    assert it.join(20.0) and it.state == InstallState.CANCELLED and ended.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)
    assert not Path(folder).exists()


def test_a_process_that_does_not_hear_is_killed(pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dgstudio.extras import process

    monkeypatch.setattr(process, "GRACE_S", 0.05)
    begun = tmp_path / "begun"
    pip(
        "import pathlib, signal, threading\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"pathlib.Path({str(begun)!r}).touch()\nthreading.Event().wait()"
    )
    it = Installation(EXTRAS["export"])
    it.start()
    until(begun.exists)
    it.cancel()
    assert it.join(20.0) and it.state == InstallState.CANCELLED


# -- torch -----------------------------------------------------------------------------------------------------------


def test_torch_comes_by_pip_alone_where_pip_has_the_small_build(pip: Pip) -> None:
    log = pip(REPORT.replace("VERSION", "'2.13.0+cpu'"))
    it = done("train")
    assert it.state == InstallState.DONE and it.plan is not None and it.plan.build == CPU
    probe, real = log.read_text().splitlines()
    assert "--dry-run" in probe and "--dry-run" not in real and real.endswith(known.requirements(EXTRAS["train"])[0])


def test_else_uv_brings_the_small_build_and_pip_the_rest(
    pip: Pip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uv" else find(name))
    uv = tmp_path / "uv.txt"
    script = (
        f"import sys\nopen({str(uv)!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))\nprint('+ torch==2.13.0+cpu')\n"
    )
    log = pip(REPORT.replace("VERSION", "'2.13.0'") + UV.replace("SCRIPT", repr(script)))
    it = done("train")
    assert it.state == InstallState.DONE, it.failure
    assert it.plan is not None and it.plan.build == CPU and it.plan.download_mb == EXTRAS["train"].download_mb
    probe, real = uv.read_text().splitlines()
    assert probe == f"{real} --dry-run" and "--torch-backend cpu" in real and "--no-deps" in real
    assert len(log.read_text().splitlines()) == 3


@pytest.mark.parametrize("agrees", [True, False])
def test_the_large_build_is_asked_about_first(pip: Pip, monkeypatch: pytest.MonkeyPatch, agrees: bool) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uv" else find(name))
    script = "print('error: dns error'); raise SystemExit(2)"
    log = pip(REPORT.replace("VERSION", "'2.13.0'") + UV.replace("SCRIPT", repr(script)))
    it = Installation(EXTRAS["train"])
    it.start()
    until(lambda: it.state == InstallState.ASKING)
    assert it.plan is not None and it.plan.build == GPU and (it.plan.download_mb, it.plan.disk_mb) == GPU_MB
    assert "3 GB to download, 6 GB on disk" in plan_words(it.plan) == it.text
    assert len(log.read_text().splitlines()) == 2
    (it.agree if agrees else it.cancel)()
    assert it.join(30.0) and it.state == (InstallState.DONE if agrees else InstallState.CANCELLED)
    assert len(log.read_text().splitlines()) == (3 if agrees else 2)


def test_a_question_that_nobody_answers_is_given_up(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "PROBE_S", 0.2)
    pip("import threading\nif '--dry-run' in sys.argv or '--target' in sys.argv: threading.Event().wait()")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uv" else find(name))
    it = done("train", ask=False)
    assert it.plan is not None and it.plan.build == GPU and it.state == InstallState.DONE


def test_without_a_network_torch_is_not_even_planned(pip: Pip) -> None:
    pip("print('NewConnectionError: Failed to establish a new connection'); sys.exit(1)")
    it = done("train")
    assert it.why == InstallTrouble.NETWORK and it.plan is None


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_says_how_far_it_is_and_ends_with_a_status(
    pip: Pip, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pip("print('Collecting onnx==1')")
    assert command.main(["plan", "export"]) == 0
    assert (
        capsys.readouterr().out == "onnx and onnxruntime, for ONNX models: about 40 MB to download, 130 MB on disk.\n"
    )
    assert command.main(["install", "export"]) == 0
    out, err = capsys.readouterr()
    assert "Looking for onnx\n" in out and out.endswith("are installed.\n") and not err
    pip("sys.exit(1)", works=False)
    monkeypatch.setattr(command, "satisfied", lambda _extra: True)
    assert command.main(["install", "export"]) == 0
    assert "Nothing to install" in capsys.readouterr().out


def test_the_command_fails_with_one_sentence(pip: Pip, capsys: pytest.CaptureFixture[str]) -> None:
    pip("print('[Errno 28] No space left on device'); sys.exit(1)")
    assert command.main(["install", "report", "export"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("dgstudio: There is not enough room") and err.count("\n") == 1


def test_ctrl_c_ends_the_command(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    pip("import os, signal, threading\nos.kill(os.getppid(), signal.SIGINT)\nthreading.Event().wait()")
    # A run that was started in the background ignores interrupts, and so would we.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert command.main(["install", "export"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)


def test_unknown_extras_are_refused() -> None:
    done = subprocess.run([sys.executable, "-m", "dgstudio.extras", "install", "more"], capture_output=True, text=True)
    assert done.returncode == 2 and "invalid choice" in done.stderr
