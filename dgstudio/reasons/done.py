"""What an act did to labels and classes: its fields are as things were named then, its words are for the history."""

from __future__ import annotations

from dgstudio.reasons.reason import Reason, example_count
from dgstudio.records import dataclass

SHORT = 40
"""Characters of a note that the history shows."""


@dataclass(frozen=True, slots=True)
class TakeMade(Reason):
    """A take was recorded or labelled."""

    examples: int
    seconds: float

    @property
    def words(self) -> str:
        """As in "42 examples, 2.1 s"."""
        return f"{self.examples} examples, {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class ExamplesRelabelled(Reason):
    """Examples got another label."""

    examples: int
    name: str

    @property
    def words(self) -> str:
        """As in "3 examples relabelled as rest"."""
        return f"{example_count(self.examples)} relabelled as {self.name}"


@dataclass(frozen=True, slots=True)
class ExamplesDeleted(Reason):
    """Examples stand no more."""

    examples: int

    @property
    def words(self) -> str:
        """As in "3 examples deleted"."""
        return f"{example_count(self.examples)} deleted"


@dataclass(frozen=True, slots=True)
class NotePut(Reason):
    """Examples got a note, or, where it is empty, lost theirs."""

    examples: int
    note: str

    @property
    def words(self) -> str:
        """As in "Note on 1 example: “left hand”"."""
        count = example_count(self.examples)
        if not self.note:
            return f"Note taken off {count}"
        short = self.note if len(self.note) <= SHORT else f"{self.note[: SHORT - 1]}…"
        return f"Note on {count}: “{short}”"


@dataclass(frozen=True, slots=True)
class TakeTakenBack(Reason):
    """What stood of the newest take of a class stands no more."""

    name: str
    examples: int

    @property
    def words(self) -> str:
        """As in "Last take of wave taken back (12 examples)"."""
        return f"Last take of {self.name} taken back ({example_count(self.examples)})"


@dataclass(frozen=True, slots=True)
class ClassMade(Reason):
    """A class was added."""

    name: str

    @property
    def words(self) -> str:
        """As in "Class wave added"."""
        return f"{_class_named(self.name)} added"


@dataclass(frozen=True, slots=True)
class ClassEdited(Reason):
    """A class got another name, key or colour; None: it kept what it had. An empty key is none."""

    name: str
    renamed: str | None = None
    key: str | None = None
    recoloured: bool = False

    @property
    def words(self) -> str:
        """As in "Class wave renamed to circle, on key 3"."""
        words = [] if self.renamed is None else [f"renamed to {self.renamed}"]
        if self.key is not None:
            words.append(f"on key {self.key}" if self.key else "without a key")
        if self.recoloured:
            words.append("in another colour")
        return f"{_class_named(self.name)} {', '.join(words)}"


@dataclass(frozen=True, slots=True)
class ClassMoved(Reason):
    """A class stands at another place among the classes."""

    name: str

    @property
    def words(self) -> str:
        """As in "Class wave moved"."""
        return f"{_class_named(self.name)} moved"


@dataclass(frozen=True, slots=True)
class ClassEnded(Reason):
    """A class was removed with its examples, or, with a name in `into`, these got that label."""

    name: str
    examples: int
    into: str | None = None

    @property
    def words(self) -> str:
        """As in "Class wave merged into circle (12 examples)"."""
        what = example_count(self.examples) if self.examples else "without examples"
        how = "removed" if self.into is None else f"merged into {self.into}"
        return f"{_class_named(self.name)} {how} ({what})"


@dataclass(frozen=True, slots=True)
class ExamplesImported(Reason):
    """Examples of a file stand from now on."""

    examples: int
    classes: int
    file: str

    @property
    def words(self) -> str:
        """As in "60 examples of 3 classes imported from walk.csv"."""
        several = "1 class" if self.classes == 1 else f"{self.classes} classes"
        return f"{example_count(self.examples)} of {several} imported from {self.file}"


def _class_named(name: str) -> str:
    """As in "Class wave"; a name that says already what it is stands alone: "“class 1”"."""
    return f"“{name}”" if name.lower().startswith("class") else f"Class {name}"
