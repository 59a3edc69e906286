"""What a station sends by OSC, heard by who watches it: its answers and its log, before they are in the file."""

from __future__ import annotations

import time
from collections import deque

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.facts.watched import HeardAnswer
from dgstudio.engine.remote.reports import LOG
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.guard.texts import plain_text
from dgstudio.streams.osc.endpoint import Endpoint, Networks
from dgstudio.streams.osc.packets import OscMessage
from dgstudio.streams.osc.receiver import OscReceiver
from dgstudio.streams.sinks.osc import CONFIDENCE, VERSION, class_of
from dgstudio.types import Level

FRESH_S = 2.0
"""An answer that was heard longer ago is none of now."""
REMEMBERED = 256
"""Lines of the log that were heard, and are not told again when they are read."""


class StationEars:
    """Listens where a station sends to (`--out osc:…`). `listen` and `close` belong to one thread; any asks.

    Parameters
    ----------
    at
        Port, and the address of the answers.
    events
        Where lines of the station's log are told.
    """

    def __init__(self, at: Endpoint, events: EventQueue, allowed: Networks = ()) -> None:
        self.at = at
        self._events = events
        self._answer, self._confidence, self._version = 0, 0.0, -1
        self._wall = float("-inf")
        self._told: deque[str] = deque(maxlen=REMEMBERED)
        """Lines that were heard, and not read in the file yet."""
        self._read: deque[str] = deque(maxlen=REMEMBERED)
        """Lines that were read, and not heard yet."""
        self._receiver = OscReceiver(at, self._hear, allowed)

    @property
    def port(self) -> int:
        """The port that packets come to."""
        return self._receiver.port

    def listen(self) -> None:
        """Hear from now on. `StreamError` where the port cannot be had."""
        self._receiver.listen()

    def close(self) -> None:
        """Give the port back."""
        self._receiver.close()

    @property
    def answer(self) -> HeardAnswer | None:
        """The newest answer that was heard; None where that is too long ago."""
        if time.perf_counter() - self._wall > FRESH_S:
            return None
        return HeardAnswer(class_of(self._answer), self._confidence, None if self._version < 0 else self._version)

    def told(self, sentence: str) -> bool:
        """Whether a line of the log that was just read was heard already; asked once for each."""
        return _crossed(sentence, self._told, self._read)

    def _hear(self, message: OscMessage, wall: float) -> None:
        values = message.values
        if message.address == self.at.path and len(values) == 1 and isinstance(values[0], int | float):
            self._answer, self._wall = int(values[0]), wall
        elif message.address == CONFIDENCE and len(values) == 1 and isinstance(values[0], int | float):
            self._confidence = float(values[0])
        elif message.address == VERSION and values and isinstance(values[0], int):
            self._version = values[0]
        elif message.address == LOG and len(values) == 2 and all(isinstance(value, str) for value in values):
            level, sentence = (plain_text(str(value)) for value in values)
            if not _crossed(sentence, self._read, self._told):
                known = {each.value: each for each in Level}
                self._events.say(Notice(EventKind.SESSION, sentence, known.get(level, Level.INFO)))


def _crossed(sentence: str, other: deque[str], own: deque[str]) -> bool:
    """Whether a line has come on the other way before; else it is remembered as come on this one."""
    try:
        other.remove(sentence)
    except ValueError:
        own.append(sentence)
        return False
    return True
