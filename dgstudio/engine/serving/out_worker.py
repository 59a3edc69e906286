"""dg-out: hands readings to sinks in a thread of its own, so that no sink can slow serving."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from dgstudio.engine.facts.running import OutputBehind, OutputFailed
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.types import Reading

Sink = Callable[[Reading], None]
CAPACITY = 4096
FINISH_S = 2.0
"""At the end, what waits is handed on for so long; an output that is slower than that loses the rest."""


class OutWorker(Worker):
    """A bounded queue of readings. When the sinks cannot keep up, the newest are dropped and counted, and it is
    said once; a lossless engine waits instead. A sink that raises is taken out of the list, and that is said; one
    that can be closed is, at the end.
    """

    name = "dg-out"

    def __init__(self, events: EventQueue, *, lossless: bool) -> None:
        super().__init__(events)
        self.dropped = 0
        self.switched_off: dict[Sink, str] = {}
        """Sinks that failed, and why; they got no more."""
        self._lossless = lossless
        self._sinks: list[Sink] = []
        self._queue: deque[Reading] = deque()
        self._wake = threading.Event()
        self._busy = False

    def add(self, sink: Sink) -> None:
        """Add a sink; it is called in dg-out. Before the start."""
        self._sinks.append(sink)

    def send(self, reading: Reading) -> None:
        """Queue one reading. dg-infer only."""
        if not self._sinks:
            return
        while self._lossless and len(self._queue) >= CAPACITY and not self.stopping:
            self._wake.set()
            self.pause(0.001)
        if len(self._queue) >= CAPACITY:
            self._drop(1)
            return
        self._queue.append(reading)
        self._wake.set()

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """Those that were added and have not failed. Any thread."""
        return tuple(self._sinks)

    @property
    def idle(self) -> bool:
        """Whether everything sent has been handed on."""
        return not self._queue and not self._busy

    def wake(self) -> None:
        """Let a waiting turn look at the queue."""
        self._wake.set()

    def turn(self) -> None:
        """Hand on everything that waits."""
        self._wake.wait(0.1)
        self._wake.clear()
        while self._queue and not self.stopping:
            self._hand_on()

    def finish(self) -> None:
        """Hand on what is left, as far as there is time."""
        until = time.monotonic() + FINISH_S
        while self._queue and time.monotonic() < until:
            self._hand_on()
        if self._queue:
            self._drop(len(self._queue))
            self._queue.clear()
        for sink in list(self._sinks):
            close = getattr(sink, "close", None)
            if close is not None:
                self._guarded(sink, close)

    def _drop(self, count: int) -> None:
        if not self.dropped:
            self.events.say(OutputBehind())
        self.dropped += count

    def _hand_on(self) -> None:
        self._busy = True
        reading = self._queue.popleft()
        for sink in list(self._sinks):
            self._guarded(sink, partial(sink, reading))
        self._busy = False

    def _guarded(self, sink: Sink, do: Callable[[], object]) -> None:
        """Let a sink do something; where it fails it is taken out."""
        try:
            do()
        except Exception as error:
            self._sinks.remove(sink)
            self.switched_off[sink] = str(error)
            self.events.say(OutputFailed(getattr(sink, "name", "An output"), str(error)))
