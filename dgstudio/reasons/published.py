"""Why a version was published."""

from __future__ import annotations

from abc import abstractmethod
from enum import StrEnum

from dgstudio.reasons.reason import Reason, example_count, how_many
from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class BaseLoaded(Reason):
    """The first version: a base model that knows these classes."""

    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """As in "base model: knows rest, walk"."""
        return f"base model: knows {', '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class BegunFromNothing(Reason):
    """The first version, without a base model."""

    @property
    def words(self) -> str:
        """The same for all."""
        return "begun from nothing"


@dataclass(frozen=True, slots=True)
class BegunHere(Reason):
    """Stands in for the first version where the history does not go back to it: the oldest that is known."""

    version: int

    @property
    def words(self) -> str:
        """What it began with, as far as that is known."""
        return "began here" if self.version > 1 else "base model"


@dataclass(frozen=True, slots=True)
class LearnedAgain(Reason):
    """The same examples as before, by another kernel than the one that learned them first."""

    kernel: str

    @property
    def words(self) -> str:
        """As in "learned again by kernel dg4"."""
        return f"learned again by kernel {self.kernel}"


@dataclass(frozen=True, slots=True)
class LearnedFrom(Reason):
    """What the learning bank or the base has learned.

    `fresh` are (class name, examples) that were learned first, `forgot` counts those that were unlearned, `left_out`
    those that stay in the base but count no more. `held`: in how many of so many steps of the gradient the gates had
    to be held still; None where in none.
    """

    fresh: tuple[tuple[str, int], ...] = ()
    forgot: int = 0
    left_out: int = 0
    held: tuple[int, int] | None = None

    @property
    def words(self) -> str:
        """As in "learned from 12 examples of circle, forgot 3 examples"."""
        parts = []
        if self.fresh:
            (name, count), *rest = self.fresh
            more = [f"{n} of {other}" for other, n in rest]
            parts.append("learned from " + ", ".join([f"{example_count(count)} of {name}", *more]))
        if self.forgot:
            parts.append(f"forgot {example_count(self.forgot)}")
        said = [", ".join(parts) or "learned anew"]
        if self.held is not None:
            said.append(f"the gates were held still in {self.held[0]} of {self.held[1]} steps")
        if self.left_out:
            said.append(f"{example_count(self.left_out)} left out from now on")
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class PartPublished(Reason):
    """One atomic part of what was learned, apart from the rest: the read-out of class `name`, or the router.

    `left` parts are still to come.
    """

    name: str | None
    left: int

    @property
    def words(self) -> str:
        """As in "read-out of circle alone, 3 parts still to come"."""
        part = "router" if self.name is None else f"read-out of {self.name}"
        return f"{part} alone, {how_many(self.left, 'part')} still to come"


@dataclass(frozen=True, slots=True)
class Sealing(Reason):
    """What was learned was folded in for good: `learned` examples, of which `protected` joined the protected inputs.

    `recent` inputs without a label joined as well.
    """

    learned: int
    protected: int
    recent: int

    @property
    @abstractmethod
    def occasion(self) -> str:
        """Why now, in words."""

    @property
    def words(self) -> str:
        """As in "protected what it knows now: 20 examples, 10 of them protected"."""
        words = f"{self.occasion}: {example_count(self.learned)}, {self.protected} of them protected"
        return words + (f", and {how_many(self.recent, 'recent input')}" if self.recent else "")


@dataclass(frozen=True, slots=True)
class ProtectedByUser(Sealing):
    """The user wished it."""

    @property
    def occasion(self) -> str:
        """Why now, in words."""
        return "protected what it knows now"


@dataclass(frozen=True, slots=True)
class BankFilled(Sealing):
    """The learning bank was full of so many examples."""

    held: int

    @property
    def occasion(self) -> str:
        """Why now, in words."""
        return f"{self.held} examples fill the learning bank"


@dataclass(frozen=True, slots=True)
class BecameStable(Sealing):
    """The answers for these classes have not changed for some seconds, and the user wants such protected."""

    names: tuple[str, ...]
    seconds: float

    @property
    def occasion(self) -> str:
        """Why now, in words."""
        return f"{' and '.join(self.names)} stable for {self.seconds:.0f} s, protected by itself"


class ReleasedBy(StrEnum):
    """What takes inputs out of the contract."""

    USER = "released"
    LABEL = "relabelled"


@dataclass(frozen=True, slots=True)
class InputsReleased(Reason):
    """So many protected inputs are protected no more."""

    count: int
    by: ReleasedBy

    @property
    def words(self) -> str:
        """As in "2 protected inputs released: the answers may move"."""
        return f"{how_many(self.count, 'protected input')} {self.by}: the answers may move"


@dataclass(frozen=True, slots=True)
class ClassAdded(Reason):
    """A class lives."""

    name: str

    @property
    def words(self) -> str:
        """As in "class “circle” added"."""
        return f"class “{self.name}” added"


@dataclass(frozen=True, slots=True)
class ClassesAdded(Reason):
    """Many classes live at once: a session brought them."""

    count: int

    @property
    def words(self) -> str:
        """As in "3,000 classes added"."""
        return f"{self.count:,} classes added"


@dataclass(frozen=True, slots=True)
class ClassRemoved(Reason):
    """A class lives no more."""

    name: str

    @property
    def words(self) -> str:
        """As in "class “circle” removed"."""
        return f"class “{self.name}” removed"


@dataclass(frozen=True, slots=True)
class RolledBack(Reason):
    """The user went back to a version."""

    version: int

    @property
    def words(self) -> str:
        """As in "rolled back to v3"."""
        return f"rolled back to v{self.version}"


@dataclass(frozen=True, slots=True)
class Pinned(Reason):
    """The user wants this version to answer, whatever is learned meanwhile."""

    version: int

    @property
    def words(self) -> str:
        """As in "v3 serves, and is held"."""
        return f"v{self.version} serves, and is held"


@dataclass(frozen=True, slots=True)
class Unpinned(Reason):
    """The user wants the newest version to answer again, which is this."""

    version: int

    @property
    def words(self) -> str:
        """As in "the newest serves again: v14"."""
        return f"the newest serves again: v{self.version}"


@dataclass(frozen=True, slots=True)
class RebuiltWithout(Reason):
    """The model was made anew as if it had never seen so many examples, from version `before` on."""

    examples: int
    banks: int
    before: int

    @property
    def words(self) -> str:
        """As in "rebuilt without 6 examples: 1 sealed bank made anew since v3"."""
        made = f"{how_many(self.banks, 'sealed bank')} made anew since v{self.before}"
        return f"rebuilt without {example_count(self.examples)}: {made}"


@dataclass(frozen=True, slots=True)
class BaseTrained(Reason):
    """A new base was trained from all examples, and chosen."""

    classes: int

    @property
    def words(self) -> str:
        """As in "new base trained from all examples: knows 7 classes"."""
        return f"new base trained from all examples: knows {self.classes} classes"
