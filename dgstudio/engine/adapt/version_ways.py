"""How versions came of one another, as the history notes it: the way on which one that is not kept is learned again."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from enum import StrEnum

from dgstudio.engine.runtime.history import History
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.types import PublishRecord, RecordKind


class WhyNot(StrEnum):
    """Why a version cannot be learned again."""

    UNKNOWN = "unknown"
    GRADIENT = "gradient"
    NOT_NOTED = "not noted"
    PART = "part"
    OWN_ACT = "own act"


_WORDS = {
    WhyNot.UNKNOWN: "the history does not tell how it was made",
    WhyNot.GRADIENT: "steps of the gradient have moved its base, and the steps are not kept",
    WhyNot.NOT_NOTED: "an earlier dgstudio made it, which did not note what each version had learned",
    WhyNot.PART: "it is one part of what was learned, published apart",
    WhyNot.OWN_ACT: "it stands on a version that an act of yours made, and that version is lost",
}


@dataclass(frozen=True, slots=True)
class CannotLearnAgain(Reason):
    """A version is not kept, and cannot be made again; `version` is the one for which that is so."""

    version: int
    why: WhyNot

    @property
    def words(self) -> str:
        """As in "v12 cannot be learned again: steps of the gradient …"."""
        return f"v{self.version} cannot be learned again: {_WORDS[self.why]}"


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How a version comes about again: from a version that is kept, through what these records say was learned."""

    start: int
    records: tuple[PublishRecord, ...]

    @property
    def target(self) -> PublishRecord:
        """The record of the version itself."""
        return self.records[-1]


class VersionWays:
    """How each version of a history came of the one before it, as far as it is noted. One thread at a time.

    Few numbers a version, so that a long way back is found while a pointer moves.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._taken = 0
        self.versions = array("q")
        """Ascending."""
        self._numbers, self._parents = array("q"), array("q")
        self._obstacles: list[WhyNot | None] = []
        self.sync()

    def sync(self) -> None:
        """Take over what is new in the history."""
        records, taken = self._history.since(self._taken)
        for number, record in enumerate(records, self._taken):
            if record.version is not None:
                self.versions.append(record.version)
                self._numbers.append(number)
                self._parents.append(-1 if record.parent is None else record.parent)
                self._obstacles.append(_obstacle(record))
        self._taken = taken

    def to(self, version: int, kept: Callable[[int], bool]) -> Way | CannotLearnAgain:
        """Find the way to a version that is not kept, or say why there is none."""
        found = self._places_to(version, kept)
        if isinstance(found, CannotLearnAgain):
            return found
        records = tuple(self._history[self._numbers[place]] for place in reversed(found))
        return Way(self._parents[found[-1]], records)

    def refusal(self, version: int, kept: Callable[[int], bool]) -> CannotLearnAgain | None:
        """Why there is no way; None where there is one."""
        found = self._places_to(version, kept)
        return found if isinstance(found, CannotLearnAgain) else None

    def _places_to(self, version: int, kept: Callable[[int], bool]) -> list[int] | CannotLearnAgain:
        """Places of the versions on the way, the last one first."""
        places: list[int] = []
        at = version
        while not kept(at):
            place = bisect_left(self.versions, at)
            if place == len(self.versions) or self.versions[place] != at:
                return CannotLearnAgain(version, WhyNot.UNKNOWN)
            obstacle = self._obstacles[place]
            # What comes after it is a function of its set, whatever was published of that before.
            if obstacle is not None and (obstacle is not WhyNot.PART or at == version):
                return CannotLearnAgain(version, obstacle)
            places.append(place)
            at = self._parents[place]
        return places


def _obstacle(record: PublishRecord) -> WhyNot | None:
    """Why a version cannot be made of its parent."""
    if record.by_gradient:
        return WhyNot.GRADIENT
    if record.kind != RecordKind.LEARNED:
        return WhyNot.OWN_ACT
    if record.change is None:
        return WhyNot.NOT_NOTED
    if record.parts_left:
        return WhyNot.PART
    return WhyNot.UNKNOWN if record.parent is None or record.parent < 0 else None
