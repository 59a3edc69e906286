"""How it stands with a source, as data: what its lamp shows, in the window and in the terminal."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, runtime_checkable

from dgstudio.reasons.arrivals import Counted
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.types import StreamState


class Lamp(StrEnum):
    """How it stands with a source."""

    WAITING = "waiting"
    """Nothing has come yet."""
    RECEIVING = "receiving"
    PAUSED = "paused"
    """A recording stands still, as its user wants it."""
    WRONG = "wrong"
    """What comes cannot be used."""
    LOST = "lost"
    """It came, and comes no more."""
    RETRYING = "retrying"
    """It could not be opened or broke, and is tried again."""
    ENDED = "ended"
    """A recording that plays once is over."""


@dataclass(frozen=True, slots=True)
class HeardMessages:
    """What somebody has sent to one address lately.

    Attributes
    ----------
    address, sender : where the messages went, and the machine that they came from.
    count : values in the newest of them.
    rate : messages a second.
    newest : the values of the newest, numbers and texts, the first few.
    """

    address: str
    sender: str
    count: int
    rate: float
    newest: tuple[float | str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceCondition:
    """One moment of a source.

    Attributes
    ----------
    rate : values a second that came lately; None where the source does not measure it.
    why : what is wrong, where something is.
    counted : what was left out since the start, and how much; nothing that did not happen.
    heard : messages that came lately, by address; nothing where the source hears none.
    """

    lamp: Lamp
    rate: float | None = None
    why: Reason | None = None
    counted: tuple[Counted, ...] = ()
    heard: tuple[HeardMessages, ...] = ()

    @property
    def words(self) -> str:
        """As in "receiving, 100 a second" or "wrong: …"; for a line of text."""
        if self.lamp is Lamp.RECEIVING and self.rate is not None:
            return f"{self.lamp}, {self.rate:.0f} a second"
        return f"{self.lamp}: {self.why.words}" if self.why is not None else self.lamp.value


_LAMPS = {
    StreamState.OPENING: Lamp.WAITING,
    StreamState.LIVE: Lamp.RECEIVING,
    StreamState.ENDED: Lamp.ENDED,
    StreamState.LOST: Lamp.RETRYING,
}


def condition_of(state: StreamState, why: Reason | None = None) -> SourceCondition:
    """What is known of a source that does not report: how reading it goes."""
    return SourceCondition(_LAMPS[state], why=why)


@runtime_checkable
class Reporting(Protocol):
    """A source that says itself how it stands. Sources that do not are judged by what is read of them."""

    def condition(self) -> SourceCondition:
        """How it stands at this moment. Any thread."""
        ...
