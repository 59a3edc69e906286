"""What dg-store is to do, in the order in which it was asked for, and what follows once that is durable."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.group_commit import GroupCommit, Write
from dgstudio.session.file import Session
from dgstudio.types import PublishRecord, Saving


class StoreQueue:
    """Any thread asks; one thread (dg-store) does. A job writes to `file`, and says `after` what is to follow.

    Attributes
    ----------
    file : the writes of the next group commit. Jobs only.
    """

    def __init__(self, session: Session, events: EventQueue) -> None:
        self.file = GroupCommit(session, events)
        self._jobs: deque[Callable[[], None]] = deque()
        self._after: deque[Callable[[], None]] = deque()
        self._asked = threading.Event()
        self._busy = False

    # -- any thread ----------------------------------------------------------------------------------------

    def ask(self, job: Callable[[], None]) -> None:
        """Have this done in dg-store."""
        self._jobs.append(job)
        self._asked.set()

    def write(self, write: Write) -> None:
        """Queue a write (a record, a setting) for the next group commit."""
        self.ask(lambda: self.file.add(write))

    def write_version(self, write: Write) -> None:
        """Queue the write of a version; the oldest are given up where the file cannot be written for long."""
        self.ask(lambda: self.file.add_version(write))

    def put_record(self, record: PublishRecord) -> None:
        """Queue one entry of the history."""
        self.write(lambda session: session.put_record(record))

    def wake(self) -> None:
        """Let whoever waits look at the jobs."""
        self._asked.set()

    @property
    def saved(self) -> Saving:
        """How saving stands."""
        return self.file.saved

    @property
    def kept(self) -> frozenset[int]:
        """Versions that the session file holds, as of the last commit."""
        return self.file.kept

    @property
    def idle(self) -> bool:
        """Whether everything asked for has been done and written; while the file cannot be written, done is enough."""
        # In this order: what has left the queue makes busy, until it has been passed on.
        if self._jobs or self._busy:
            return False
        return not self.file.waits

    # -- dg-store only -------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Wait until something is asked for, at most so long."""
        self._asked.wait(seconds)
        self._asked.clear()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """What is done inside is not over yet: until its end the queue is not idle."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def do_jobs(self) -> None:
        """Do what was asked for."""
        while self._jobs:
            self._jobs.popleft()()

    def after(self, job: Callable[[], None]) -> None:
        """Do this once all that was written so far is durable, or no disk could take it, which has been said."""
        self._after.append(job)

    def commit(self) -> None:
        """Write what waits, if that can be, then let the others hear of it."""
        self.file.commit()
        while self._after:
            self._after.popleft()()

    def commit_now(self) -> None:
        """The same, however short a while ago writing failed."""
        self.file.retry()
        self.commit()
