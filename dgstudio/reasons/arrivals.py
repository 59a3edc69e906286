"""What is wrong with what comes from outside, or does not come: reasons that the lamp of a source shows."""

from __future__ import annotations

from dgstudio.reasons.reason import Reason, how_many, shortened
from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class WrongNumberOfInputs(Reason):
    """A message holds another number of values than the stream has inputs."""

    came: int
    expected: int

    @property
    def words(self) -> str:
        """With both numbers."""
        return f"wrong number of inputs: {self.came}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class TooManyInputs(Reason):
    """A message holds more values than a stream may have inputs."""

    came: int
    most: int

    @property
    def words(self) -> str:
        """With both numbers."""
        return f"too many inputs: {self.came:,}, and {self.most:,} is the most"


@dataclass(frozen=True, slots=True)
class NotNumbers(Reason):
    """A message holds something else than finite numbers."""

    what: str
    """What was there instead, as in "a text"."""

    @property
    def words(self) -> str:
        """Naming what was there."""
        return f"inputs must be finite numbers, and {self.what} came"


@dataclass(frozen=True, slots=True)
class OtherAddress(Reason):
    """Messages come, but to another address than the one that is listened to."""

    came: str
    expected: str

    @property
    def words(self) -> str:
        """Naming both addresses."""
        return f"messages come to {shortened(self.came)}, and none to {shortened(self.expected)}"


@dataclass(frozen=True, slots=True)
class NothingComes(Reason):
    """Nothing has come for some seconds, or ever (`seconds` None)."""

    seconds: int | None = None

    @property
    def words(self) -> str:
        """As in "nothing for 12 s"."""
        return "nothing has come yet" if self.seconds is None else f"nothing for {self.seconds} s"


@dataclass(frozen=True, slots=True)
class Trouble(Reason):
    """The sentence of an error of the system or of a library, without its full stop."""

    said: str

    @property
    def words(self) -> str:
        """As it was said."""
        return self.said.rstrip(".")


@dataclass(frozen=True, slots=True)
class Counted(Reason):
    """How many of something there were that were left out."""

    count: int
    what: str
    """One of them: "packet"."""
    why: str
    """As in "too large"."""

    @property
    def words(self) -> str:
        """As in "3 packets too large"."""
        return f"{how_many(self.count, self.what)} {self.why}"
