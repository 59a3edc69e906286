"""Writes to the session file, gathered and committed together; while the file cannot be written they wait in memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from dgstudio.engine.facts.saving import EntryLeftOut, NotSaved, SavedAgain, SessionRescued
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.errors import SessionError
from dgstudio.session.file import Session
from dgstudio.session.storage.file_place import SessionLostError
from dgstudio.session.storage.location import rescue_paths
from dgstudio.types import SaveState, Saving

RETRY_S = 2.0
LOOK_S = 2.0
"""How often the file is looked after while nothing is written."""
VERSIONS_HELD = 64
"""Versions kept in memory while the file cannot be written; of labels and history everything is."""

Write = Callable[[Session], object]


class GroupCommit:
    """The queue of writes of one session. One thread calls it (dg-store); the attributes may be read by any.

    Attributes
    ----------
    saved : how saving stands.
    kept : versions that the session file holds, as of the last commit.
    memory : puts into a session what the program knows of this one, where its file cannot be read any more.
    rescued : called once the session goes on in another file, with whether all of the one before could be read.
    """

    def __init__(self, session: Session, events: EventQueue) -> None:
        self.saved = _in_order(session)
        self.kept: frozenset[int] = session.versions()
        self.memory: Write = lambda session: None
        self.rescued: list[Callable[[bool], object]] = []
        self._session = session
        self._events = events
        self._writes: deque[Write] = deque()
        self._versions: deque[Write] = deque()
        self._retry_at = 0.0
        self._look_at = 0.0

    @property
    def failing(self) -> bool:
        """Whether the file could not be written when that was last tried. Any thread."""
        return self.saved.failed

    @property
    def waits(self) -> bool:
        """Whether something waits to be written that can be. Any thread."""
        return bool(self._writes) and not self.failing

    def add(self, write: Write) -> None:
        """Queue a write for the next commit."""
        self._writes.append(write)

    def add_version(self, write: Write) -> None:
        """Queue the write of a version; the oldest are given up where the file cannot be written for long."""
        self._writes.append(write)
        self._versions.append(write)
        if self.failing:
            self._give_up_versions()

    def retry(self) -> None:
        """Let the next commit try to write, however short a while ago that failed."""
        self._retry_at = 0.0

    def commit(self) -> None:
        """Write all that waits as one transaction; where that fails it is tried again after `RETRY_S`.

        Nothing counts as saved before the path has been seen to name the file still; where it does not, the session
        goes on in a new file beside it, with everything.
        """
        now = time.monotonic()
        if now < self._retry_at:
            return
        if self._writes:
            self._try_to_write(now)
        if now >= self._look_at:
            self._look(now)

    def copy_to(self, path: Path, overwrite: bool, more: Sequence[Write] = ()) -> None:
        """Write all that the session has to a new file, and what waits, here and in `more`, too.

        `SessionError` where that fails.
        """
        waiting = [*self._writes, *more]
        self._session.save_copy(path, overwrite, (lambda copy: self._put(copy, waiting)) if waiting else None)

    def go_on_in(self, path: Path, overwrite: bool) -> None:
        """Write all that the session has, and what waits, to a new file, and go on in that. `SessionError` as above."""
        waiting = list(self._writes)
        self._session.go_on_in(path, overwrite, (lambda copy: self._put(copy, waiting)) if waiting else None)
        # What waited is in the new file.
        self._writes.clear()
        self._versions.clear()
        self.kept = self._session.versions()
        self.saved = Saving(SaveState.SAVED)

    def close(self) -> None:
        """Close the file; one that was lost since the last look is rescued first."""
        self._look(time.monotonic())
        self._session.close()

    def _look(self, now: float) -> None:
        """Look whether the path still names the file; rescue everything where it does not."""
        self._look_at = now + LOOK_S
        try:
            self._session.check_place()
        except SessionLostError as error:
            self._rescue(error, now)

    def _rescue(self, lost: SessionLostError, now: float) -> None:
        why = ""
        for path in rescue_paths(lost.path):
            try:
                self._session.rescue_in(path, lost, self.memory)
            except SessionError as error:
                why = str(error)
                continue
            self._events.say(SessionRescued(lost.path, lost.loss, path, lost.whole))
            for told in self.rescued:
                told(lost.whole)
            if self._writes:
                self._try_to_write(now)
            else:
                self._written()
            return
        self._failed(f"{lost} {why}", now)

    def _try_to_write(self, now: float) -> None:
        try:
            self._put(self._session, list(self._writes))
        except SessionLostError as error:
            self._rescue(error, now)
        except SessionError as error:
            self._failed(str(error), now)
        else:
            failed = self.failing
            self._written()
            if failed:
                self._events.say(SavedAgain())
            # It may have gone while that was written: then all of it is read from the file before, and not put twice.
            self._look(now)

    def _failed(self, why: str, now: float) -> None:
        self._retry_at = now + RETRY_S
        if not self.failing:
            self._events.say(NotSaved(why))
        self.saved = Saving(SaveState.FAILED, why)
        self._give_up_versions()

    def _written(self) -> None:
        """All that waited is in the file."""
        self._writes.clear()
        self._versions.clear()
        with suppress(SessionError):
            self.kept = self._session.versions()
        self.saved = _in_order(self._session)

    def _put(self, session: Session, writes: list[Write]) -> None:
        try:
            self._put_all(session, writes)
        except SessionError:
            raise
        except Exception:
            self._put_each(session, writes)

    def _put_all(self, session: Session, writes: list[Write]) -> None:
        with session.batch():
            for write in writes:
                write(session)

    def _put_each(self, session: Session, writes: list[Write]) -> None:
        """One of them cannot be written whatever the disk does: leave it out, say so, and keep the others."""
        for write in writes:
            try:
                self._put_all(session, [write])
            except SessionError:
                raise
            except Exception as error:
                self._events.say(EntryLeftOut(repr(error)))

    def _give_up_versions(self) -> None:
        while len(self._versions) > VERSIONS_HELD:
            self._writes.remove(self._versions.popleft())


def _in_order(session: Session) -> Saving:
    return Saving(SaveState.MEMORY_ONLY if session.path is None else SaveState.SAVED)
