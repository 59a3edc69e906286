"""Why something cannot be told of a version, a bank or an example: facts with fields."""

from __future__ import annotations

from dgstudio.errors import DgstudioError
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass


class UnavailableError(DgstudioError):
    """A question has no answer; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


class GivenUpError(DgstudioError):
    """Nobody wants the answer any more."""


# -- versions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VersionGone(Reason):
    """A version is neither in memory nor in the session."""

    version: int

    @property
    def words(self) -> str:
        """Naming it."""
        return f"v{self.version} is not kept any more"


@dataclass(frozen=True, slots=True)
class NotNotedYet(Reason):
    """A version has just been made, and what it was learned from is not noted yet: ask again."""

    version: int

    @property
    def words(self) -> str:
        """Naming it."""
        return f"v{self.version} has just been made: what it was learned from is about to be noted"


@dataclass(frozen=True, slots=True)
class VersionUnreadable(Reason):
    """A version is in the session and cannot be restored, or holds arrays that make no sense."""

    version: int
    why: str

    @property
    def words(self) -> str:
        """As the error says."""
        return f"v{self.version} cannot be restored: {self.why}"


@dataclass(frozen=True, slots=True)
class OtherInputs(Reason):
    """A version was made for inputs of another size than the one that is asked about."""

    version: int
    expected: int
    given: int

    @property
    def words(self) -> str:
        """Both sizes."""
        return f"v{self.version} reads {self.expected} features, and this input has {self.given}"


# -- what a bank rests on ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NothingNoted(Reason):
    """What a bank, by its place from 0, was learned from is not noted with the version."""

    bank: int

    @property
    def words(self) -> str:
        """Naming the bank."""
        return f"what bank {self.bank + 1} was learned from is not noted"


@dataclass(frozen=True, slots=True)
class ExamplesMissing(Reason):
    """So many examples of a bank are not in the session; `first` is the id of one."""

    bank: int
    count: int
    first: int

    @property
    def words(self) -> str:
        """How many."""
        return f"{self.count} of the examples of bank {self.bank + 1} are not in the session (number {self.first})"


@dataclass(frozen=True, slots=True)
class SolvedOtherwise(Reason):
    """What a bank was learned from does not give it again; `error` is by which share of all parts, inf: not at all."""

    bank: int
    error: float

    @property
    def words(self) -> str:
        """By how much."""
        again = f"what bank {self.bank + 1} was learned from does not give it again"
        return again if self.error == float("inf") else f"{again}: it misses by {self.error:.1g} of its parts"


# -- what an answer would be ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExampleNotLearned(Reason):
    """A version has not learned an example, so that it answers as it does without it."""

    version: int
    example: int

    @property
    def words(self) -> str:
        """Which."""
        return f"v{self.version} has not learned this example: without it, it answers the same"


@dataclass(frozen=True, slots=True)
class ExampleSealed(Reason):
    """An example is sealed in a bank: without it that bank, and those after it, have to be made anew."""

    bank: int

    @property
    def words(self) -> str:
        """Which bank, and what to do."""
        return f"it is sealed in bank {self.bank + 1}: delete it and accept the rebuild that is offered"


@dataclass(frozen=True, slots=True)
class ExampleInBase(Reason):
    """An example has moved the base itself, step by step, which cannot be taken back."""

    @property
    def words(self) -> str:
        """What is so."""
        return "it has moved the base itself, which cannot be taken back"


@dataclass(frozen=True, slots=True)
class NoSolution(Reason):
    """Without the example nothing could be learned, for a reason."""

    why: Reason

    @property
    def words(self) -> str:
        """As the learner says it."""
        return f"without it nothing could be learned: {self.why.words}"


@dataclass(frozen=True, slots=True)
class NoBase(Reason):
    """A version that began from nothing has no base, and so no gates."""

    version: int

    @property
    def words(self) -> str:
        """Naming it."""
        return f"v{self.version} has no base, and so no gates"


@dataclass(frozen=True, slots=True)
class NoUnit(Reason):
    """A version has no unit of this number."""

    version: int
    unit: int

    @property
    def words(self) -> str:
        """Which."""
        return f"v{self.version} has no unit {self.unit}"


@dataclass(frozen=True, slots=True)
class NoBank(Reason):
    """A version has no bank at this place."""

    version: int
    bank: int

    @property
    def words(self) -> str:
        """Which."""
        return f"v{self.version} has no bank {self.bank + 1}"


@dataclass(frozen=True, slots=True)
class NoUnitLeft(Reason):
    """With all units forced off there is no base to answer."""

    @property
    def words(self) -> str:
        """What is so."""
        return "with no unit on, the base cannot answer"
