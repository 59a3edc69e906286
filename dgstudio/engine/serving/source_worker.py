"""dg-source: reads the source and fills the sample ring, whatever else happens."""

from __future__ import annotations

import time
from collections.abc import Callable

from dgstudio.engine.facts.running import StreamFound, StreamLost, StreamNotClosed, StreamOver
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.engine.runtime.worker import Worker
from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.reasons.arrivals import Trouble
from dgstudio.streams.condition import Reporting, SourceCondition, condition_of
from dgstudio.streams.source import Source
from dgstudio.types import Block, StreamState

RETRY_S = 1.0


class SourceWorker(Worker):
    """Reads blocks and appends them; a lost stream is reopened once a second and said once.

    `room` is asked before each block when nothing may be lost: it returns False while serving is behind.
    """

    name = "dg-source"

    def __init__(
        self, source: Source, ring: SampleRing, events: EventQueue, room: Callable[[], bool] | None = None
    ) -> None:
        super().__init__(events)
        self._source = source
        self._ring = ring
        self._room = room
        self._open = False
        self._gap = True
        self._lost_said = False
        self._trouble: Trouble | None = None
        self.state = StreamState.OPENING

    def condition(self) -> SourceCondition:
        """What the lamp of the source shows. Any thread."""
        if self.state is not StreamState.LOST and isinstance(self._source, Reporting):
            return self._source.condition()
        return condition_of(self.state, self._trouble if self.state is StreamState.LOST else None)

    def turn(self) -> None:
        """Open if need be, then read one block."""
        if self.state == StreamState.ENDED:
            # What is over may be played again, or sought in.
            self.pause(0.1)
        if self._room is not None and not self._room():
            self.pause(0.001)
            return
        try:
            if not self._open:
                self._source.open()
                self._open = True
            block = self._source.read(0.05)
            self._check(block)
        except StreamEnded:
            if self.state != StreamState.ENDED:
                self.state = StreamState.ENDED
                self._ring.grown.set()
                self.events.say(StreamOver(self._source.spec.name))
            return
        except (StreamError, BadInputError) as error:
            self._lose(error)
            return
        if block is None:
            return
        if self.state != StreamState.LIVE:
            self._found()
        if self._gap and self._ring.total:
            block = type(block)(block.times, block.values, block.truth, True)
        self._gap = False
        self._ring.append(block, time.perf_counter())

    def recover(self, error: Exception) -> None:
        """A source that raised something unforeseen is treated as lost."""
        self._lose(error)

    def finish(self) -> None:
        """Close the source."""
        if self._open:
            self._source.close()

    def _check(self, block: Block | None) -> None:
        if block is not None and block.values.shape[1] != self._ring.channels:
            raise StreamError(
                f"{self._source.spec.name} sends {block.values.shape[1]} channels now, and began with "
                f"{self._ring.channels}: begin a new session with this stream."
            )

    def _found(self) -> None:
        self.state = StreamState.LIVE
        if self._lost_said:
            self.events.say(StreamFound(self._source.spec.name))
            self._lost_said = False

    def _lose(self, error: Exception) -> None:
        self._trouble = Trouble(str(error))
        self.state = StreamState.LOST
        self._gap = True
        if not self._lost_said:
            self._lost_said = True
            self.events.say(StreamLost(str(error)))
        if self._open:
            self._open = False
            try:
                self._source.close()
            except Exception as closing:
                self.events.say(StreamNotClosed(str(closing)))
        self.pause(RETRY_S)
