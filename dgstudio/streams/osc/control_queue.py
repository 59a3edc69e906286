"""Messages that tell the program what to do, from whoever sends to whoever carries them out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from dgstudio.records import dataclass

CAPACITY = 256
"""Messages that wait at most: nobody turns so many knobs before they are looked at."""
WEKINATOR = "/wekinator/control/"
OURS = "/dgstudio/"
PREFIXES = (WEKINATOR, OURS)
"""Addresses that begin so are for the program, whatever its inputs' address is."""


@dataclass(frozen=True, slots=True)
class ControlMessage:
    """A wish as it came.

    Attributes
    ----------
    address, values : the message.
    moment : stream time at which it came; below 0 before the first input.
    after : how many inputs had come before it; None where inputs do not come one by one from the same sender.
    """

    address: str
    values: tuple[object, ...]
    moment: float | None = None
    after: int | None = None


class ControlQueue:
    """Bounded; one thread puts, one takes. `arrived` is set whenever there is something, and cleared by `take`."""

    def __init__(self) -> None:
        self.dropped = 0
        """Messages for which there was no room."""
        self.arrived = threading.Event()
        self._messages: deque[ControlMessage] = deque()
        self._attending: Callable[[ControlMessage], object] = lambda message: None
        self._lock = threading.Lock()

    def attend(self, first: Callable[[ControlMessage], object]) -> None:
        """Call `first` with each message that waits, and with each that is put from now on, by whoever puts it.

        What comes after a message on the same way comes after that call; it must be quick, and raise nothing.
        """
        with self._lock:
            for message in self._messages:
                first(message)
            self._attending = first

    def put(self, message: ControlMessage) -> None:
        """Add a message, unless too many wait."""
        with self._lock:
            if len(self._messages) >= CAPACITY:
                self.dropped += 1
                return
            self._attending(message)
            self._messages.append(message)
        self.arrived.set()

    def take(self) -> list[ControlMessage]:
        """Return all that waits, in the order in which it came."""
        self.arrived.clear()
        return [self._messages.popleft() for _ in range(len(self._messages))]


@runtime_checkable
class Controlled(Protocol):
    """A source whose sender also tells the program what to do."""

    controls: ControlQueue


def controls_of(source: object) -> ControlQueue | None:
    """Where messages come from that come with the inputs; None where these come otherwise."""
    return source.controls if isinstance(source, Controlled) else None
