"""What a feature asks of the window that it stands in: room, a look, somebody who tells the user."""

from __future__ import annotations

from typing import Protocol, TypeVar

from PySide6.QtWidgets import QWidget

from dgstudio.engine.facts.event import Fact
from dgstudio.studio.theme.theme import Themed
from dgstudio.types import Level

Part = TypeVar("Part", bound=Themed)


class Teller(Protocol):
    """Whoever tells the user something."""

    def say(self, fact: Fact) -> None:
        """Show it and note it."""
        ...

    def log(self, fact: Fact) -> None:
        """Note it."""
        ...

    def show(self, text: str, level: Level = Level.INFO) -> None:
        """Show a sentence for a moment."""
        ...


class Room(Protocol):
    """Where there is room for what lies over the window, and for lines across it."""

    desk: QWidget

    def add_line(self, line: QWidget) -> None:
        """Put a line across the window."""
        ...


class Dresser(Protocol):
    """Whoever gives new parts the look of the others."""

    def dress(self, part: Part) -> Part:
        """Give it to a part, now and whenever it changes; returns the part."""
        ...
