"""Memory that was freed, used again by other threads or given back to the system.

glibc keeps what arrays leave behind in arenas, one for each of the first threads that ask at the same time, eight times
as many as there are cores; what one thread has freed no other uses. And each time that a large array is freed it takes
all arrays up to that size, 32 MB at most, for what comes and goes, and puts the next ones among the small pieces: what
a session leaves behind there is torn apart by what lives on, and does not go back. After some switches of session twice
as much is kept as is in use.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

ARENAS = 2
"""Most of what allocates holds the interpreter, one thread at a time, and Qt paints beside it."""
APART = 256 << 10
"""Bytes from which a piece is the system's own, and back with it once it is freed: the arrays of sessions, not more."""
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
"""What `mallopt` calls the number of arenas, that size, and how much that is free at the end of an arena is kept."""


def keep_little_freed_memory() -> None:
    """Let all threads share a few arenas, and large pieces stand apart: before the first thread is started.

    Does nothing elsewhere than on glibc.
    """
    # musl has no arenas, and none of these functions.
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            choose = ctypes.CDLL(None).mallopt
            for what, value in ((_ARENA_MAX, ARENAS), (_MMAP_THRESHOLD, APART), (_TRIM_THRESHOLD, APART)):
                choose(ctypes.c_int(what), ctypes.c_int(value))


def give_back_freed_memory() -> None:
    """Give back what nobody uses; some milliseconds, in which the caller alone waits. Nothing elsewhere than on glibc.

    Any thread.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            trim = ctypes.CDLL(None).malloc_trim
            trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
            trim(0)
