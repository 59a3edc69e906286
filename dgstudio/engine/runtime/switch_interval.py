"""How often Python offers the interpreter to another thread: shorter while any engine runs."""

from __future__ import annotations

import sys
import threading

SWITCH_INTERVAL_S = 0.0005
"""`sys.setswitchinterval` while an engine runs: the longest that dg-infer waits for the interpreter."""

_lock = threading.Lock()
_engines = 0
_before = 0.0


def shorten() -> None:
    """An engine starts. Any thread."""
    global _engines, _before
    with _lock:
        if not _engines:
            _before = sys.getswitchinterval()
        _engines += 1
        sys.setswitchinterval(SWITCH_INTERVAL_S)


def restore() -> None:
    """An engine has ended; the last one gives back what there was before the first. Any thread."""
    global _engines
    with _lock:
        _engines -= 1
        if not _engines:
            sys.setswitchinterval(_before)
