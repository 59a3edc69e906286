"""What is wrong with a line of a file that is read to be imported, and what becomes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum

from dgstudio.reasons.reason import how_many, shortened
from dgstudio.records import dataclass


class WrongLine(ABC):
    """What is wrong with a line: a frozen dataclass. Nobody reads its words but people."""

    __slots__ = ()

    @property
    @abstractmethod
    def words(self) -> str:
        """It in words, without a full stop, as they follow the number of the line."""


class Outcome(StrEnum):
    """What becomes of it."""

    LEFT_OUT = "left out"
    AS_MISSING = "taken as missing"


class LengthOf(StrEnum):
    """What says how many cells a row has."""

    HEADER = "header"
    FIRST_ROW = "first row"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, slots=True)
class RowOfOtherLength(WrongLine):
    """A row has other than the `wanted` number of cells."""

    cells: int
    wanted: int
    by: LengthOf

    @property
    def words(self) -> str:
        """As in "has 2 cells where the header has 4: left out"."""
        attributes = self.by == LengthOf.ATTRIBUTES
        wants = f"there are {self.wanted} attributes" if attributes else f"the {self.by} has {self.wanted}"
        return f"has {how_many(self.cells, 'cell')} where {wants}: {Outcome.LEFT_OUT}"


@dataclass(frozen=True, slots=True)
class NotSparse(WrongLine):
    """A row that begins as a sparse one does, and is none."""

    @property
    def words(self) -> str:
        """The same for all."""
        return f"is no sparse row: {Outcome.LEFT_OUT}"


@dataclass(frozen=True, slots=True)
class NotDeclared(WrongLine):
    """A cell holds none of the values that its column declares."""

    cell: str
    column: str

    @property
    def words(self) -> str:
        """Naming both."""
        return f"“{shortened(self.cell)}” is none of the values of “{self.column}”: {Outcome.AS_MISSING}"


@dataclass(frozen=True, slots=True)
class RelationUneven(WrongLine):
    """A take, which is a relation in one cell, is empty, or no table."""

    @property
    def words(self) -> str:
        """The same for all."""
        return f"its relation is empty or has rows of different lengths: {Outcome.LEFT_OUT}"


@dataclass(frozen=True, slots=True)
class NoNumberInRelation(WrongLine):
    """A cell of a take is no number."""

    cell: str

    @property
    def words(self) -> str:
        """Naming the cell."""
        return f"“{shortened(self.cell)}” in its relation is no number: {Outcome.AS_MISSING}"


@dataclass(frozen=True, slots=True)
class OtherChannels(WrongLine):
    """A take has another number of channels than the first one."""

    has: int
    first: int

    @property
    def words(self) -> str:
        """With both numbers."""
        return f"has {self.has} channels where the first take has {self.first}: {Outcome.LEFT_OUT}"


@dataclass(frozen=True, slots=True)
class NoNameOfAClass(WrongLine):
    """A label that begins on this line, and that so many rows have, can be no class."""

    label: str
    rows: int
    why: str

    @property
    def words(self) -> str:
        """With why."""
        rows = "1 row is" if self.rows == 1 else f"{self.rows:,} rows are"
        return f"“{shortened(self.label)}” cannot be a class, {rows} {Outcome.LEFT_OUT}: {self.why}"


@dataclass(frozen=True, slots=True)
class CellNoNumber(WrongLine):
    """A cell of a channel, or of a feature, holds a word."""

    cell: str
    column: str
    outcome: Outcome

    @property
    def words(self) -> str:
        """As in "“abc” in “ax” is no number: taken as missing"."""
        return f"“{shortened(self.cell)}” in “{self.column}” is no number: {self.outcome}"


@dataclass(frozen=True, slots=True)
class NoValue(WrongLine):
    """A feature is missing."""

    column: str

    @property
    def words(self) -> str:
        """Naming the column."""
        return f"“{self.column}” has no value: {Outcome.LEFT_OUT}"


@dataclass(frozen=True, slots=True)
class ValueTooLarge(WrongLine):
    """A feature is infinite, or larger than float32."""

    column: str
    value: float

    @property
    def words(self) -> str:
        """Naming both."""
        return f"“{self.column}” is {self.value:g}, which is beyond what features can be: {Outcome.LEFT_OUT}"
