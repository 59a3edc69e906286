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
from dgstudio.streams.source_fit import rate_change
from dgstudio.types import Block, StreamSpec, StreamState

RETRY_S = 1.0


class SourceWorker(Worker):
    """Reads blocks and appends them; a lost stream is reopened once a second and said once.

    `stream` is what the ring holds: a source of another rate is brought to it. None: what the source gives. `room` is
    asked before each block when nothing may be lost: it returns False while serving is behind.

    Attributes
    ----------
    shift : seconds from the source's own time to the stream's, which goes on when another source takes its place.
    first : number of the source's first sample in the ring. Any thread may read both.
    """

    name = "dg-source"

    def __init__(
        self,
        source: Source,
        ring: SampleRing,
        events: EventQueue,
        room: Callable[[], bool] | None = None,
        *,
        stream: StreamSpec | None = None,
    ) -> None:
        super().__init__(events)
        self._source = source
        self._stream = stream or source.spec
        self._rate_change = rate_change(self._stream, source.spec)
        self._ring = ring
        self._room = room
        self._next: Source | None = None
        """What is read from the next turn on, instead."""
        self._truth_names = source.spec.truth_names
        self._open = False
        self._gap = True
        self._aligns = False
        """Whether the next block tells how its times fit to those before."""
        self.shift, self.first = 0.0, 0
        self._lost_said = False
        self._trouble: Trouble | None = None
        self.state = StreamState.OPENING

    def condition(self) -> SourceCondition:
        """What the lamp of the source shows. Any thread."""
        if self.state is not StreamState.LOST and isinstance(self._source, Reporting):
            return self._source.condition()
        return condition_of(self.state, self._trouble if self.state is StreamState.LOST else None)

    def switch(self, source: Source) -> None:
        """Read another source, not yet opened, instead of this one, which is closed; after a break. Any thread."""
        self._next = source

    def turn(self) -> None:
        """Open if need be, then read one block."""
        if self._next is not None:
            self._change(self._next)
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
        if self._rate_change is not None:
            block = self._rate_change.taken(block)
        if block is not None:
            self._ring.append(self._placed(block), time.perf_counter())
            self._gap = False

    def recover(self, error: Exception) -> None:
        """A source that raised something unforeseen is treated as lost."""
        self._lose(error)

    def finish(self) -> None:
        """Close the source."""
        if self._open:
            self._source.close()
        if self._next is not None:
            # It may listen already.
            self._next.close()

    def _change(self, source: Source) -> None:
        self._close()
        self._source, self._next = source, None
        self._rate_change = rate_change(self._stream, source.spec)
        self._gap = self._aligns = True
        self.first = self._ring.total
        self._lost_said = False
        self.state = StreamState.OPENING

    def _placed(self, block: Block) -> Block:
        """The block in the stream's own time; what another source knows of its truth is not what is asked for here."""
        if self._aligns:
            self._aligns = False
            edge = self._ring.edge()
            if edge is not None:
                spec = self._source.spec
                passed = (time.perf_counter() - edge[1]) * (spec.speed or 1.0)
                self.shift = edge[0] + max(passed, 1.0 / self._stream.rate) - float(block.times[0])
        gap = block.break_before or bool(self._gap and self._ring.total)
        truth = block.truth if self._source.spec.truth_names == self._truth_names else None
        if not self.shift and gap == block.break_before and truth is block.truth:
            return block
        return Block(block.times + self.shift, block.values, truth, gap)

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
        self._rate_change = rate_change(self._stream, self._source.spec)
        if not self._lost_said:
            self._lost_said = True
            self.events.say(StreamLost(str(error)))
        self._close()
        self.pause(RETRY_S)

    def _close(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._source.close()
        except Exception as closing:
            self.events.say(StreamNotClosed(str(closing)))
