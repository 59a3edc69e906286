"""dg-watch: follows a session file that another program writes, and shows what is new in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dgstudio.engine.facts.watched import Watched, Writer
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.watching.recorded_feed import RecordedFeed
from dgstudio.engine.watching.session_feed import SessionFeed
from dgstudio.engine.watching.station_ears import StationEars
from dgstudio.engine.watching.watched_source import WatchedSource
from dgstudio.session.file import Session
from dgstudio.session.storage.watch_mark import WatchMark
from dgstudio.streams.condition import Lamp

TURN_S = 0.02
LOOK_S = 0.1
"""How often the file is asked whether there is something new."""
WRITER_S = 0.5
"""How often it is asked who writes it."""
LIVE_S = 2.5
"""A stream of which nothing new was recorded for longer has stopped."""


class StationFollower(Worker):
    """Reads the file as it grows. It writes nothing into it, and whoever writes waits for nothing.

    A mark beside the file says that it is watched.

    Attributes
    ----------
    watched : how it stands; replaced as a whole. Any thread.
    """

    name = "dg-watch"

    def __init__(
        self,
        session: Session,
        source: WatchedSource,
        labels: SessionFeed,
        stream: RecordedFeed,
        events: EventQueue,
        changed: Callable[[], object],
        ears: StationEars | None = None,
    ) -> None:
        super().__init__(events)
        self._ears = ears
        self._session, self._source = session, source
        self._labels, self._stream = labels, stream
        self._changed = changed
        self._mark = WatchMark(session.path)
        self._version: int | None = None
        self._newest: float | None = None
        self._written_wall = self._newest_wall = time.perf_counter()
        self._look_at = self._writer_at = 0.0
        self._writer = _writer_of(session)
        self.watched = Watched(session.name, self._writer)

    def turn(self) -> None:
        """Look whether there is something new, and show what it is time for."""
        now = time.perf_counter()
        self._mark.renew()
        if now >= self._writer_at:
            self._writer_at = now + WRITER_S
            writer = _writer_of(self._session)
            if writer is not self._writer:
                # The last of it may have come after the last look.
                self._writer, self._version = writer, None
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._look(now)
        self._stream.show()
        self._note()
        self.pause(TURN_S)

    def finish(self) -> None:
        """Watch and hear nothing any more."""
        self._mark.remove()
        if self._ears is not None:
            self._ears.close()

    def recover(self, error: Exception) -> None:
        """Read all of it again."""
        self._version = None

    def _look(self, now: float) -> None:
        version = self._session.data_version()
        if version == self._version:
            return
        if self._version is not None:
            self._written_wall = now
        self._version = version
        self._stream.read()
        if self._stream.newest != self._newest:
            self._newest, self._newest_wall = self._stream.newest, now
        self._labels.read()
        self._changed()

    def _note(self) -> None:
        now, stream = time.perf_counter(), self._stream
        recorded = stream.recorded and self._writer is not Writer.NOBODY
        fresh = now - self._newest_wall
        behind = None
        if stream.newest is not None:
            behind = fresh + stream.newest - stream.shown
        if self._writer is Writer.NOBODY:
            self._source.lamp = Lamp.ENDED
        elif recorded and stream.newest is not None:
            self._source.lamp = Lamp.RECEIVING if fresh < LIVE_S else Lamp.LOST
        else:
            self._source.lamp = Lamp.WAITING
        silent = now - self._written_wall
        self.watched = Watched(
            self._session.name,
            self._writer,
            recorded,
            behind,
            silent,
            receipts_only=stream.receipts_only,
            heard=None if self._ears is None else self._ears.answer,
        )


def _writer_of(session: Session) -> Writer:
    """Who writes the file: a window leaves a trace beside it while it is open."""
    if not session.written_elsewhere:
        return Writer.NOBODY
    path: Path | None = session.path
    with suppress(OSError):
        if path is not None and path.with_name(path.name + ".running").exists():
            return Writer.WINDOW
    return Writer.STATION
