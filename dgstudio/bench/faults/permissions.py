"""The system's administrator writes wherever he likes; for what permissions do to others, he must do without that."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

VERSION_3 = 0x20080522
"""Of Linux' structures of capabilities: two times 32 of them."""
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
"""Capabilities: to write, and to read, whatever permissions say."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def obey_permissions() -> None:
    """Let permissions count for this thread and those that it starts, whoever it runs as; on Linux, nothing elsewhere.

    For good: what was given up does not come back.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None)
    header, held = _Header(VERSION_3, 0), (_Capabilities * 2)()
    if libc.capget(ctypes.byref(header), held) == 0:
        for kind in ("effective", "permitted"):
            setattr(held[0], kind, getattr(held[0], kind) & ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH))
        libc.capset(ctypes.byref(header), held)


def permissions_count(folder: Path) -> bool:
    """Whether a folder in `folder` that may only be read cannot be written to by this thread."""
    probe = folder / "read-only"
    probe.mkdir()
    probe.chmod(0o500)
    try:
        (probe / "file").touch()
    except PermissionError:
        return True
    else:
        (probe / "file").unlink()
        return False
    finally:
        probe.chmod(0o700)
        probe.rmdir()
