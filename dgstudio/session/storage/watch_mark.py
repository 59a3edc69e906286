"""A mark beside a session that somebody watches: who writes it brings its recording to the file sooner then."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from dgstudio.guard.files import PRIVATE_FILE

FRESH_S = 3.0
"""A mark that nobody has renewed for longer is of a program that is gone."""
RENEWED_S = 1.0
_ONLY_A_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class WatchMark:
    """The mark of one who watches, renewed about once a second. One thread.

    Where nothing can be written beside the session there is none, and it is watched as it is written anyway.
    """

    def __init__(self, session: Path | None) -> None:
        self._place = None if session is None else _beside(session)
        self._due = 0.0

    def renew(self) -> None:
        """Say that it is still watched, if that was not said lately."""
        now = time.monotonic()
        if self._place is None or now < self._due:
            return
        self._due = now + RENEWED_S
        with suppress(OSError):
            number = os.open(self._place, os.O_WRONLY | os.O_CREAT | _ONLY_A_FILE, PRIVATE_FILE)
            try:
                os.utime(self._place)
            finally:
                os.close(number)

    def remove(self) -> None:
        """Say that it is watched no more; another one that watches it says so again."""
        if self._place is not None:
            with suppress(OSError):
                self._place.unlink(missing_ok=True)


def is_watched(session: Path | None) -> bool:
    """Whether somebody watches a session at this moment. Any thread."""
    if session is None:
        return False
    try:
        return abs(time.time() - _beside(session).stat().st_mtime) < FRESH_S
    except OSError:
        return False


def _beside(session: Path) -> Path:
    return session.with_name(session.name + ".watched")
