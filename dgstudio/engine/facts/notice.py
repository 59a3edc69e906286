"""What is said in a sentence that was made where it is shown, or that an error brought with it."""

from __future__ import annotations

from dgstudio.engine.facts.event import EventKind, Fact
from dgstudio.records import dataclass
from dgstudio.types import Level


@dataclass(frozen=True, slots=True)
class Notice(Fact):
    """A sentence about something, for people only."""

    about: EventKind
    text: str
    matters: Level = Level.INFO

    @property
    def kind(self) -> EventKind:
        """What it is about."""
        return self.about

    @property
    def level(self) -> Level:
        """How much it matters."""
        return self.matters

    @property
    def sentence(self) -> str:
        """The sentence itself."""
        return self.text
