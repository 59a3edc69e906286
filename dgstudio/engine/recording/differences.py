"""Why a recorded answer is not given again, to the last bit, or cannot be compared: facts with fields."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from dgstudio.reasons.reason import Reason, how_many
from dgstudio.records import dataclass
from dgstudio.types import BankState

NOT_THERE = "not in the file"


class Rows(StrEnum):
    """What a recording keeps."""

    RECEIPT = "receipt"
    SAMPLE = "sample"


# -- what cannot be compared -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowsDamaged(Reason):
    """So many rows have other bytes than were written; `first` is the number of the first, None for those from here."""

    rows: Rows
    count: int
    first: int | None = None

    @property
    def words(self) -> str:
        """As in "the 40 receipts from here on have other bytes than were written"."""
        have = "has" if self.count == 1 else "have"
        return f"the {how_many(self.count, self.rows)} {_since(self.first)} {have} other bytes than were written"


@dataclass(frozen=True, slots=True)
class RowsMissing(Reason):
    """So many rows lack in the middle; `first` is the number of the first, None for those from here."""

    rows: Rows
    count: int
    first: int | None = None

    @property
    def words(self) -> str:
        """As in "the 40 samples from number 80 on are not in the file"."""
        return f"the {how_many(self.count, self.rows)} {_since(self.first)} {_are(self.count)} {NOT_THERE}"


@dataclass(frozen=True, slots=True)
class RowsUncounted(Reason):
    """A stretch has so many rows fewer than it was told to have: at an end, or among those `lost` on the way."""

    rows: Rows
    count: int
    lost: bool

    @property
    def words(self) -> str:
        """As in "3 receipts at its beginning or end are not in the file"."""
        which = f"{self.count} of its {self.rows}s" if self.lost else how_many(self.count, self.rows)
        where = "" if self.lost else " at its beginning or end"
        return f"{which}{where} {_are(self.count)} {NOT_THERE}"


@dataclass(frozen=True, slots=True)
class ReceiptsUnordered(Reason):
    """A receipt is of an earlier hop than the one before it."""

    @property
    def words(self) -> str:
        """The same for all."""
        return "its receipts are out of order"


@dataclass(frozen=True, slots=True)
class WindowMissing(Reason):
    """What was answered is not there."""

    @property
    def words(self) -> str:
        """The same for all."""
        return f"the samples of its window are {NOT_THERE}"


@dataclass(frozen=True, slots=True)
class VersionLost(Reason):
    """The version that answered cannot be restored."""

    why: str

    @property
    def words(self) -> str:
        """With why."""
        return f"its version cannot be served again ({self.why})"


@dataclass(frozen=True, slots=True)
class OtherSnapshot(Reason):
    """The version that answered has another digest than the one that the receipt `named`."""

    named: str
    version: int
    digest: str

    @property
    def words(self) -> str:
        """With the beginnings of both."""
        return f"its receipt names the snapshot {self.named[:8]}, and v{self.version} is {self.digest[:8]}"


# -- what differs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OtherClasses(Reason):
    """The answer had logits of other classes, by their ids."""

    then: tuple[int, ...]
    now: tuple[int, ...]

    @property
    def words(self) -> str:
        """With both."""
        return f"it had logits of the classes {self.then}, and has them of {self.now} now"


@dataclass(frozen=True, slots=True)
class OtherLogit(Reason):
    """The first logit that differs, of the class of this name."""

    name: str
    then: np.float32
    now: np.float32

    @property
    def words(self) -> str:
        """With both values, to the last digit that tells them apart."""
        return f"the logit of {self.name} was {self.then!s}, and is {self.now!s} now"


@dataclass(frozen=True, slots=True)
class OtherFeatures(Reason):
    """The features have another digest."""

    then: str
    now: str

    @property
    def words(self) -> str:
        """With both."""
        return f"its features have the digest {self.then} in the receipt, and {self.now} now"


@dataclass(frozen=True, slots=True)
class OtherGate(Reason):
    """A unit was active, or not, and is the other now."""

    unit: int
    then_active: bool

    @property
    def words(self) -> str:
        """Naming the unit."""
        return f"unit {self.unit} was {'active' if self.then_active else 'not active'}, and is the other now"


@dataclass(frozen=True, slots=True)
class OtherRoute(Reason):
    """A bank, counted from 0, did something else."""

    bank: int
    then: BankState
    now: BankState

    @property
    def words(self) -> str:
        """With both; the first bank is called 1."""
        return f"bank {self.bank + 1} was {self.then.name.lower()}, and is {self.now.name.lower()} now"


@dataclass(frozen=True, slots=True)
class OtherAnswer(Reason):
    """The answer was another class; None is "unsure"."""

    then: str | None
    now: str | None

    @property
    def words(self) -> str:
        """With both."""
        then, now = ("“unsure”" if name is None else name for name in (self.then, self.now))
        return f"the answer was {then}, and is {now} now"


def _since(first: int | None) -> str:
    return "from here on" if first is None else f"from number {first} on"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
