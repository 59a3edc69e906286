"""What the engine has to say: one bounded queue of events that the window or the command line drains."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from dgstudio.engine.facts.event import Event, Fact


class EventQueue:
    """Bounded: when nobody drains it, the oldest events are dropped and counted. Any thread may call."""

    def __init__(self, capacity: int = 1000) -> None:
        self._events: deque[Event] = deque()
        self._capacity = capacity
        self._lock = threading.Lock()
        self.dropped = 0
        self.kept: Callable[[Event], None] = lambda _event: None
        """Called with each event by the thread that says it."""

    def say(self, fact: Fact) -> None:
        """Append an event: this fact, now."""
        event = Event(fact, time.time())
        with self._lock:
            if len(self._events) >= self._capacity:
                self._events.popleft()
                self.dropped += 1
            self._events.append(event)
        self.kept(event)

    @property
    def waiting(self) -> bool:
        """Whether there is something to drain. Any thread."""
        return bool(self._events)

    def drain(self) -> list[Event]:
        """Take everything that is waiting, oldest first."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
        return events
