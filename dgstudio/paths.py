"""Where files that ship with the program lie, in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def asset(name: str) -> Path:
    """Path of a file or folder in assets/; it need not exist."""
    return _folder("assets") / name


def sample(name: str) -> Path:
    """Path of a recording in sample_data/; it need not exist."""
    return _folder("sample_data") / name
