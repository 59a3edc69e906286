"""Why an extra could not be installed, and what a person is told of it."""

from __future__ import annotations

import re
import sysconfig
from enum import StrEnum

from dgstudio.errors import DgstudioError
from dgstudio.extras.known import Extra, joined, python_word, requirements


class InstallTrouble(StrEnum):
    """Why an installation fails."""

    NETWORK = "network"
    DISK = "disk"
    RIGHT = "right"
    SYSTEM = "system"
    PIP = "pip"
    CONFLICT = "conflict"
    VERSION = "version"
    OTHER = "other"


_SIGNS = (
    (InstallTrouble.DISK, r"No space left on device|\[Errno 28\]|\[Errno 122\]|Disk quota exceeded|WinError 112"),
    (InstallTrouble.SYSTEM, r"externally[- ]managed"),
    (InstallTrouble.RIGHT, r"\[Errno 13\]|\[Errno 30\]|Permission denied|Read-only file system|WinError 5\]"),
    (
        InstallTrouble.NETWORK,
        (
            r"NewConnectionError|NameResolutionError|Max retries exceeded|ConnectTimeout|ReadTimeout|timed out"
            r"|getaddrinfo|name resolution|ProxyError|SSLError|Connection (?:reset|refused|aborted|broken)"
            r"|error sending request|IncompleteRead|5\d\d Server Error"
        ),
    ),
    (InstallTrouble.CONFLICT, r"ResolutionImpossible|conflicting dependencies"),
    (InstallTrouble.VERSION, r"No matching distribution found"),
)
"""Why → what pip or uv then print. The first that fits counts: a full disk is what broke the connection."""


class InstallFailed(DgstudioError):
    """An extra could not be installed; `why` says what kind of trouble it is."""

    def __init__(self, why: InstallTrouble, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why


def why_of(said: str) -> InstallTrouble:
    """Why it failed, by what the process has said."""
    return next((why for why, signs in _SIGNS if re.search(signs, said)), InstallTrouble.OTHER)


def failed(why: InstallTrouble, extra: Extra, detail: str = "") -> InstallFailed:
    """The failure, with what a person is told of it."""
    what, it = extra.words, InstallTrouble
    sentences = {
        it.NETWORK: f"{what} could not be fetched: the package index does not answer. Check the network and try again.",
        it.DISK: f"There is not enough room on the disk for {what}{f' ({detail})' if detail else ''}: make some, and "
        "try again.",
        it.RIGHT: f"{sysconfig.get_path('purelib')} cannot be written: whoever installed dgstudio can run the line.",
        it.SYSTEM: "This Python belongs to the system, which lets pip install nothing into it: put dgstudio into a "
        "virtual environment, or install it with pipx.",
        it.PIP: "This Python has no pip to install with; to give it one: "
        f"{joined([python_word(), '-m', 'ensurepip', '--upgrade'])}",
        it.CONFLICT: f"No version of {what} goes together with what is installed, which was left as it is ({detail}).",
        it.VERSION: f"The package index has no {' or '.join(requirements(extra))} for this Python and this system.",
    }
    return InstallFailed(why, sentences.get(why, f"{what} could not be installed: {detail}"))
