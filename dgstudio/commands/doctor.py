"""`dgstudio doctor`: what this machine has, what is missing, and the line that installs it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from dgstudio import system_packages
from dgstudio.engine.lifecycle.base_catalogue import SHIPPED
from dgstudio.errors import DgstudioError
from dgstudio.extras.known import EXTRAS, line, listed, missing
from dgstudio.guard.files import make_folder
from dgstudio.kernel import KERNEL, golden
from dgstudio.kernel.backend import choose
from dgstudio.model.base_model_file import BaseModel
from dgstudio.paths import asset
from dgstudio.records import dataclass
from dgstudio.session.storage.location import session_folder

NEEDED = (
    "numpy",
    "scipy",
    "safetensors",
    "typer",
    "rich",
    "platformdirs",
    "psutil",
    "python-osc",
)
"""What everything needs."""
QT = "PySide6_Essentials"
QT_WANTED = "6.11.3"
QT_PROBE = """
import sys
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("dgstudio")
assert not label.grab().isNull()
print(app.platformName(), len(QFontDatabase.families()))
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; a note is about what works, but."""

    level: Literal["ok", "note", "bad"]
    subject: str
    text: str


def examine() -> list[Finding]:
    """Look at everything; a check that fails unexpectedly is a finding itself."""
    findings: list[Finding] = []
    for check in (
        _python,
        _libraries,
        _qt_version,
        _system_libraries,
        _qt_starts,
        _display,
        _kernel,
        _torch,
        _exports,
        _bases,
        _devices,
        _plug_ins,
        _folder,
    ):
        findings.extend(_contained(check))
    return findings


def _contained(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:
        return [Finding("bad", check.__name__.strip("_"), f"the check itself failed: {error!r}")]


def _python() -> Iterator[Finding]:
    right = (3, 11) <= sys.version_info[:2] <= (3, 13)
    advice = "" if right else ": dgstudio needs Python 3.11, 3.12 or 3.13"
    yield Finding("ok" if right else "bad", "Python", f"{platform.python_version()}{advice}")


def _libraries() -> Iterator[Finding]:
    missing = [name for name in NEEDED if _version(name) is None]
    if missing:
        yield Finding("bad", "Libraries", f"missing: {', '.join(missing)}; run pip install {' '.join(missing)}")
    else:
        yield Finding("ok", "Libraries", ", ".join(f"{name} {_version(name)}" for name in NEEDED[:3]) + " and the rest")


def _qt_version() -> Iterator[Finding]:
    found = _version(QT)
    if found == QT_WANTED:
        yield Finding("ok", "Qt", f"{QT} {found}")
    elif found is None:
        text = (
            "not installed: the window needs it; dgstudio run and all that draws nothing do without; to install it: "
            f"{line(EXTRAS['studio'])}"
        )
        yield Finding("note", "Qt", text)
    else:
        advice = f"{found} is installed, and only {QT_WANTED} is known to work: run pip install {QT}=={QT_WANTED}"
        yield Finding("bad", "Qt", advice)


def _system_libraries() -> Iterator[Finding]:
    """What the files of Qt lack on this machine, as the dynamic linker sees it."""
    if not sys.platform.startswith("linux") or _version(QT) is None:
        return
    needed = system_packages.missing_libraries()
    wayland = [name for name in system_packages.missing_libraries(wayland=True) if name not in needed]
    subject = "System libraries"
    if needed:
        yield Finding("bad", subject, f"Qt lacks {', '.join(needed)}. {system_packages.advice([*needed, *wayland])}")
    elif wayland:
        advice = system_packages.advice(wayland)
        yield Finding("note", subject, f"on a Wayland screen Qt lacks {', '.join(wayland)}. {advice}")
    else:
        yield Finding("ok", subject, "nothing that Qt needs is missing")


def _qt_starts() -> Iterator[Finding]:
    """In a process of its own: a Qt that lacks a library ends the process that asks."""
    if _version(QT) is None:
        return
    lacking = [name for name in EXTRAS["studio"].packages.values() if _version(name) is None]
    if lacking:
        yield Finding("bad", "Window", f"missing: {listed(lacking)}; to install it: {line(EXTRAS['studio'])}")
    for name in ("offscreen", *([] if _screen() is None else [""])):
        environment = {**os.environ, "QT_LOGGING_RULES": "*=false"}
        if name:
            environment["QT_QPA_PLATFORM"] = name
        done = subprocess.run(
            [sys.executable, "-c", QT_PROBE], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode == 0:
            yield Finding("ok", "Qt starts", f"draws a window on the platform {done.stdout.split()[0]}")
        else:
            lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
            reason = lines[-1] if lines else f"it ended with status {done.returncode}"
            yield Finding("bad", "Qt starts", f"not on the platform {name or 'of this screen'} ({reason})")


def _screen() -> str | None:
    if not sys.platform.startswith("linux"):
        return "the system's own"
    return os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")


def _display() -> Iterator[Finding]:
    screen = _screen()
    if screen is None:
        text = "none: dgstudio run, bench and proof work without one, the studio needs one"
        yield Finding("note", "Display", text)
    else:
        yield Finding("ok", "Display", screen)


def _kernel() -> Iterator[Finding]:
    used, why = choose()
    found = golden.digest(used)
    if found != golden.GOLDEN:
        text = (
            f"{KERNEL} ({used.about}) computes {found} where every machine must get {golden.GOLDEN}: please report it"
        )
        yield Finding("bad", "Kernel", text)
    elif used.compiled:
        yield Finding("ok", "Kernel", f"{KERNEL} ({used.about}): the same bytes as on every machine, tried just now")
    else:
        text = f"{KERNEL} in numpy: the same bytes, twenty times as slow. {why} Install a C compiler and set up again"
        yield Finding("note", "Kernel", text)


def _torch() -> Iterator[Finding]:
    found = _version("torch")
    if found is None:
        text = f"not installed: only training bases and comparing speed need it; to install it: {line(EXTRAS['train'])}"
        yield Finding("note", "torch", text)
    else:
        yield Finding("ok", "torch", found)


def _exports() -> Iterator[Finding]:
    named = (("ONNX models", "export"), ("Reports", "report"), ("Moving pictures", "animation"))
    for what, name in named:
        extra = EXTRAS[name]
        missing = [package for package in extra.packages.values() if _version(package) is None]
        if missing:
            text = f"{listed(missing)} not installed: only exporting them needs that; to install it: {line(extra)}"
            yield Finding("note", what, text)
        else:
            yield Finding(
                "ok", what, " · ".join(f"{package} {_version(package)}" for package in extra.packages.values())
            )


def _bases() -> Iterator[Finding]:
    for stream, name in SHIPPED.items():
        try:
            base = BaseModel.load(asset(name))
        except DgstudioError as error:
            yield Finding("bad", "Base model", f"{error} Make it with python -m dgstudio.lab.bases.")
        else:
            knows = ", ".join(base.class_names)
            yield Finding("ok", "Base model", f"{stream}: knows {knows}; {len(base.protected)} protected inputs")
    fonts = sorted(path.stem for path in asset("fonts").glob("*.ttf"))
    if fonts:
        yield Finding("ok", "Fonts", ", ".join(fonts))
    else:
        yield Finding("bad", "Fonts", "the files in assets/fonts are missing: install dgstudio again")


def _devices() -> Iterator[Finding]:
    """What of other programs and boards can be read."""
    for name in ("serial", "lsl"):
        extra = EXTRAS[name]
        lacking = missing(extra)
        what = extra.brings[:1].upper() + extra.brings[1:]
        if lacking:
            yield Finding("note", what, f"{listed(lacking)} not installed; to install: {line(extra)}")
        else:
            yield Finding("ok", what, ", ".join(f"{each} {_version(each)}" for each in extra.packages.values()))
    from dgstudio.streams.serial.ports import ports_found

    found = ports_found()
    if found:
        yield Finding("ok", "Boards plugged in", ", ".join(port.words for port in found))


def _plug_ins() -> Iterator[Finding]:
    """What installed packages bring, and what of it is broken."""
    from dgstudio.streams import registry
    from dgstudio.streams.plugins.entry_points import FEATURES, plugins
    from dgstudio.streams.plugins.own_features import FeatureKind
    from dgstudio.streams.sinks import registry as sinks

    for what, there in (
        ("Sources of packages", registry.plugin_kinds()),
        ("Features of packages", plugins(FEATURES, FeatureKind)),
        ("Outputs of packages", sinks.plugin_kinds()),
    ):
        if there.found:
            yield Finding("ok", what, ", ".join(kind.name for kind in there.found))
        for broken in there.broken:
            yield Finding("note", what, broken.sentence)


def _folder() -> Iterator[Finding]:
    folder = session_folder()
    try:
        make_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        text = f"{folder} cannot be written ({error.strerror}): set DGSTUDIO_HOME to a folder of yours"
        yield Finding("bad", "Sessions", text)
    else:
        yield Finding("ok", "Sessions", f"{folder}: {_sessions(folder)}")


def _sessions(folder: Path) -> str:
    count = len(list(folder.glob("*.dgs")))
    return f"{count} session{'' if count == 1 else 's'}"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
