"""Memory that was freed goes back to the system."""

import subprocess
import sys

import numpy as np
import psutil
import pytest

from dgstudio.studio import freed_memory
from dgstudio.studio.freed_memory import ARENAS, give_back_freed_memory, keep_little_freed_memory

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


THREADS = """
import ctypes, sys, threading
from dgstudio.studio.freed_memory import keep_little_freed_memory
if sys.argv[1] == "shared":
    keep_little_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
there = threading.Barrier(9)
def work():
    libc.malloc(100_000)
    there.wait()
    there.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
there.wait()
# Ends with a line on each arena.
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
there.wait()
"""


@pytest.mark.skipif(not GLIBC, reason="glibc")
@pytest.mark.parametrize(("how", "most"), [("shared", ARENAS), ("each", 100)])
def test_threads_share_a_few_arenas(how, most):
    done = subprocess.run([sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=True)
    arenas = done.stdout.count("<heap nr=")
    assert 1 < arenas <= most and (how == "shared" or arenas > ARENAS)


FREED = """
import ctypes, sys
import numpy as np
from dgstudio.studio.freed_memory import keep_little_freed_memory
if sys.argv[1] == "little":
    keep_little_freed_memory()
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b c mapped d e used free f".split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
# Freed: from now on glibc, left alone, takes such arrays for what comes and goes.
np.ones(2_000_000)
kept = []
for _ in range(20):
    large = np.ones(1_000_000)
    kept.append(np.ones(10_000))
    del large
print(libc.mallinfo2().free)
"""


@pytest.mark.skipif(not GLIBC or not hasattr(freed_memory.ctypes.CDLL(None), "mallinfo2"), reason="glibc from 2.33 on")
def test_large_arrays_do_not_live_among_small_ones():
    free = {}
    for how in ("little", "usual"):
        done = subprocess.run([sys.executable, "-c", FREED, how], capture_output=True, text=True, check=True)
        free[how] = int(done.stdout)
    assert free["little"] < 2e6 < 7e6 < free["usual"]


def test_a_system_without_them_goes_on(monkeypatch):
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda name: object())
    keep_little_freed_memory()
    give_back_freed_memory()
