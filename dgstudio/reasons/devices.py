"""What is wrong with what a device sends: reasons that the lamp of a source shows."""

from __future__ import annotations

from dgstudio.reasons.reason import Reason, shortened
from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class GarbledLine(Reason):
    """A line holds something else than numbers."""

    line: str

    @property
    def words(self) -> str:
        """With the line."""
        return f"lines of numbers are expected, and “{shortened(self.line)}” came"


@dataclass(frozen=True, slots=True)
class NoLines(Reason):
    """Bytes come, and are no lines of text: most often another speed than the device's was set."""

    baud: int

    @property
    def words(self) -> str:
        """With the speed."""
        return f"what comes is no text: is {self.baud:,} baud what the board sends at"


@dataclass(frozen=True, slots=True)
class NoLinesYet(Reason):
    """So many more lines are needed before it is known what they hold."""

    came: int

    @property
    def words(self) -> str:
        """With how many have come."""
        return "no line has come yet" if not self.came else f"{self.came} lines have come, too few to tell how fast"


@dataclass(frozen=True, slots=True)
class NoLslStream(Reason):
    """No such LSL stream is on the network; `others` are there, in words."""

    wanted: str
    others: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """With those that are there."""
        none = f"there is no LSL stream {self.wanted}".rstrip() + " on the network"
        if not self.others:
            return f"{none}: is its sender running"
        return f"{none}, but {shortened(', '.join(self.others), 200)}"
