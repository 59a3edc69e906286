"""Memory that was freed, used again by other threads or given back to the system.

glibc keeps what arrays leave behind in arenas, one for each of the first threads that ask at the same time, eight times
as many as there are cores. What one thread has freed no other uses: after some switches of session three times as much
is kept as is in use.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

ARENAS = 2
"""Most of what allocates holds the interpreter, one thread at a time, and Qt paints beside it."""
_ARENA_MAX = -8
"""What `mallopt` calls their number."""


def share_arenas() -> None:
    """Let all threads share a few arenas: before the first thread is started. Does nothing elsewhere than on glibc."""
    # musl has no arenas, and none of these functions.
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(ctypes.c_int(_ARENA_MAX), ctypes.c_int(ARENAS))


def give_back_freed_memory() -> None:
    """Give back what nobody uses; some milliseconds, in which the caller alone waits. Nothing elsewhere than on glibc.

    Any thread.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            trim = ctypes.CDLL(None).malloc_trim
            trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
            trim(0)
