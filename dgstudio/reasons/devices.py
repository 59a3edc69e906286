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
            return f"{none}: start its sender"
        return f"{none}, but {shortened(', '.join(self.others), 200)}"


@dataclass(frozen=True, slots=True)
class NoPhone(Reason):
    """No phone has sent anything yet; `host` and `port` are what is typed in its app."""

    host: str
    port: int

    @property
    def words(self) -> str:
        """With what is to be typed."""
        return f"no phone has sent yet: type {self.host}, port {self.port} in its app"


@dataclass(frozen=True, slots=True)
class SomeSensorsOnly(Reason):
    """A phone sends, and it is not known yet what all, or some of its sensors are still missing."""

    addresses: tuple[str, ...]

    @property
    def words(self) -> str:
        """With the addresses that are waited for, or have come so far."""
        return f"a phone sends: looking at {shortened(', '.join(self.addresses), 80) or 'what it sends'}"
