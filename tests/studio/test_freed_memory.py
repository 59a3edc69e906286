"""Memory that was freed goes back to the system."""

import sys

import numpy as np
import psutil
import pytest

from dgstudio.studio import freed_memory
from dgstudio.studio.freed_memory import give_back_freed_memory

GLIBC = sys.platform == "linux" and hasattr(freed_memory.ctypes.CDLL(None), "malloc_trim")
PIECE, PIECES = 100_000, 1000
"""Bytes: too small for the system's own care, 100 MB in all."""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(freed_memory.ctypes.CDLL(None), "malloc_trim"), reason="glibc"
)
def test_what_was_freed_is_given_back():
    process = psutil.Process()
    arrays = [np.ones(PIECE, np.uint8) for _ in range(PIECES)]
    # What lives at the end of the heap keeps what lies before it from going by itself.
    last = arrays[-1].copy()
    arrays.clear()
    kept = process.memory_info().rss
    give_back_freed_memory()
    assert process.memory_info().rss < kept - 0.5 * PIECE * PIECES and last.all()


def test_a_system_without_it_goes_on(monkeypatch):
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda name: object())
    give_back_freed_memory()
