"""Why a version is another one when it is learned again, or cannot be learned again: facts with fields."""

from __future__ import annotations

from enum import StrEnum

from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass

# -- what cannot be learned again ------------------------------------------------------------------------------------


class NotKept(StrEnum):
    """What a session does not keep of how a version was made."""

    TRAINING = "training"
    GRADIENT_STEPS = "gradient steps"
    LEFT_OUT = "left out"
    NO_SEAL = "no seal"
    REST = "rest"


_NOT_KEPT = {
    NotKept.TRAINING: "its base was trained anew, by many small steps that are not kept",
    NotKept.GRADIENT_STEPS: "the gradient rule has moved its base, step by step, and the steps are not kept",
    NotKept.LEFT_OUT: "its sealed banks were made anew, and what was left out of them is not kept",
    NotKept.NO_SEAL: "it protected what was learned without sealing a bank",
    NotKept.REST: "it has one part of what was learned, published apart, and the rest of what was learned before",
}


@dataclass(frozen=True, slots=True)
class NoRecipe(Reason):
    """How it was made is not kept."""

    lacks: NotKept

    @property
    def words(self) -> str:
        """With what lacks."""
        return _NOT_KEPT[self.lacks]


@dataclass(frozen=True, slots=True)
class ExamplesNotThere(Reason):
    """So many of its examples are not in the session; `first` is the id of one."""

    count: int
    first: int

    @property
    def words(self) -> str:
        """Naming the first."""
        if self.count == 1:
            return f"its example number {self.first} is not in the session"
        return f"{self.count} of its examples are not in the session, number {self.first} for one"


class Needed(StrEnum):
    """Which other version is needed to learn one again."""

    BEFORE = "the version before it, of which it kept a half,"
    COPIED = "the version that it copies"
    SEALED = "the version that was sealed"


@dataclass(frozen=True, slots=True)
class VersionNotThere(Reason):
    """Another version that is needed is not in the session, or, where it is `kept`, cannot be restored."""

    which: Needed
    kept: bool

    @property
    def words(self) -> str:
        """Which, and why."""
        return f"{self.which} {'cannot be restored' if self.kept else 'is not in the session any more'}"


# -- what differs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OtherDigest(Reason):
    """It comes out as another snapshot."""

    then: str
    now: str

    @property
    def words(self) -> str:
        """With the beginnings of both digests."""
        return f"it is {self.then[:8]}, and {self.now[:8]} now"


@dataclass(frozen=True, slots=True)
class NoCopy(Reason):
    """It is not the same as the version that it is said to copy."""

    of: int | None

    @property
    def words(self) -> str:
        """Naming that one."""
        return f"it is not what v{self.of} is, which it is said to copy"


@dataclass(frozen=True, slots=True)
class OtherSums(Reason):
    """Its weights are the same, and the sums into which examples were folded are not, or not `there`."""

    there: bool

    @property
    def words(self) -> str:
        """Which of the two."""
        return "its sums, into which the examples were folded, are others now" if self.there else "it has no sums"


@dataclass(frozen=True, slots=True)
class NotReadable(Reason):
    """It cannot be read, or what it was learned from cannot be used."""

    why: str

    @property
    def words(self) -> str:
        """As the error says."""
        return self.why
