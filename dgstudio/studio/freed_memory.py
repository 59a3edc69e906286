"""Memory that was freed, given back to the system.

glibc keeps what large arrays leave behind, for each thread that made them, though none is larger than what the next
session takes: after ten switches of session three times as much as is in use.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back_freed_memory() -> None:
    """Give back what nobody uses; some milliseconds, in which the caller alone waits. Nothing elsewhere than on glibc.

    Any thread.
    """
    if sys.platform != "linux":
        return
    # musl has no such function, and gives back by itself.
    with suppress(AttributeError, OSError):
        trim = ctypes.CDLL(None).malloc_trim
        trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
        trim(0)
