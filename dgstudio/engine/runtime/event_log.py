"""What happened, kept in the session: what was told, and every act on the model, with times."""

from __future__ import annotations

from dgstudio.engine.facts.event import Event, EventKind, log_line
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.types import Level, LogLine, PublishRecord, RecordKind

ABOUT_SAVING = frozenset({EventKind.SAVED, EventKind.NOT_SAVED, EventKind.TAKE_SAVED})
"""Kinds that tell how writing goes: a file that cannot be written is not asked to keep that, and takes are in it."""
ELSEWHERE = frozenset({RecordKind.LEARNED, RecordKind.INITIAL, RecordKind.REJECTED})
"""Kinds of records that come up to ten times a second or at every beginning, or that are told as events."""


class EventLog:
    """Writes through dg-store; the session keeps the newest. Any thread."""

    def __init__(self, queue: StoreQueue) -> None:
        self._queue = queue

    def note(self, event: Event) -> None:
        """Keep what was told."""
        if event.kind not in ABOUT_SAVING:
            self._put(log_line(event))

    def note_record(self, record: PublishRecord) -> None:
        """Keep an act on the model: protected, released, rolled back, sealed, a class that came or went."""
        if record.kind not in ELSEWHERE:
            version = "" if record.version is None else f"v{record.version} "
            text = f"{version}{record.kind}: {record.reason.words}"
            self._put(LogLine(record.kind, text, Level.INFO, record.unix, {"record": record.seq}))

    def _put(self, line: LogLine) -> None:
        self._queue.write(lambda session: session.put_event(line))
