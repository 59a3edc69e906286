"""The history of versions by the user's acts: each record belongs to one; one can go from act to act."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import field
from enum import StrEnum

from dgstudio.engine.runtime.history import History
from dgstudio.reasons.published import LearnedAgain, LearnedFrom, PartPublished
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.types import Cause, CauseKind, PublishRecord, RecordKind

TOGETHER_S = 3.0
"""Records of an earlier dgstudio, which did not keep what they come of, are one act if they are no further apart."""


class VersionActKind(StrEnum):
    """What the user did, or what became of itself, that made versions."""

    BEGAN = "began"
    TAKE = "take"
    LEARNED = "learned"
    """Examples were learned, and from which act they came is not known."""
    FORGOT = "forgot"
    """The same of examples that were unlearned."""
    UNDONE = "undone"
    REDONE = "redone"
    RELABELLED = "relabelled"
    DELETED = "deleted"
    IMPORTED = "imported"
    CLASS_ADDED = "class added"
    CLASS_REMOVED = "class removed"
    PROTECTED = "protected"
    SEALED = "sealed"
    """The learning bank was full."""
    RELEASED = "released"
    WENT_BACK = "went back"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    REBUILT = "rebuilt"
    NEW_BASE = "new base"
    RESUMED = "resumed"
    DIALS = "dials"
    LEARNED_AGAIN = "learned again"
    """By another kernel."""
    REJECTED = "rejected"
    """Nothing was published, and from which act it came is not known."""


_OF_CAUSE = {
    CauseKind.TAKE: VersionActKind.TAKE,
    CauseKind.RELABELLED: VersionActKind.RELABELLED,
    CauseKind.DELETED: VersionActKind.DELETED,
    CauseKind.IMPORTED: VersionActKind.IMPORTED,
    CauseKind.CLASS_ADDED: VersionActKind.CLASS_ADDED,
    CauseKind.CLASS_REMOVED: VersionActKind.CLASS_REMOVED,
    CauseKind.UNDONE: VersionActKind.UNDONE,
    CauseKind.REDONE: VersionActKind.REDONE,
    CauseKind.DIALS: VersionActKind.DIALS,
    CauseKind.RESUMED: VersionActKind.RESUMED,
    CauseKind.MODEL: VersionActKind.LEARNED,
}
_OF_RECORD = {
    RecordKind.INITIAL: VersionActKind.BEGAN,
    RecordKind.CLASS_ADDED: VersionActKind.CLASS_ADDED,
    RecordKind.CLASS_REMOVED: VersionActKind.CLASS_REMOVED,
    RecordKind.BANK_SEALED: VersionActKind.SEALED,
    RecordKind.PROTECTED: VersionActKind.PROTECTED,
    RecordKind.RELEASED: VersionActKind.RELEASED,
    RecordKind.ROLLED_BACK: VersionActKind.WENT_BACK,
    RecordKind.REBUILT: VersionActKind.REBUILT,
    RecordKind.CONSOLIDATED: VersionActKind.NEW_BASE,
    RecordKind.PINNED: VersionActKind.PINNED,
    RecordKind.UNPINNED: VersionActKind.UNPINNED,
}
ALONE = frozenset(
    {
        RecordKind.INITIAL,
        RecordKind.ROLLED_BACK,
        RecordKind.REBUILT,
        RecordKind.CONSOLIDATED,
        RecordKind.PROTECTED,
        RecordKind.PINNED,
        RecordKind.UNPINNED,
    }
)
"""Kinds of records that begin an act, whatever came before."""
CLOSED = frozenset(
    {
        VersionActKind.BEGAN,
        VersionActKind.WENT_BACK,
        VersionActKind.PROTECTED,
        VersionActKind.SEALED,
        VersionActKind.PINNED,
        VersionActKind.UNPINNED,
    }
)
"""Kinds of acts that nothing joins: they are over with their one record."""
WALKED = frozenset({CauseKind.UNDONE, CauseKind.REDONE})
"""Causes that name an act, whatever kind of record it comes to."""
TOGETHER = frozenset({CauseKind.IMPORTED, *WALKED})
"""Causes of which all records are one act, seals of a full bank among them."""


@dataclass(slots=True)
class VersionAct:
    """One act and what came of it; the newest one grows as long as it goes on.

    `first`, `last` are the numbers of its first and last record in the history; records in between are its own.
    """

    kind: VersionActKind
    first: int
    last: int
    cause: Cause | None
    reason: Reason
    """Of its first record that is not plain learning, if it has one; else of its newest."""
    before: int | None
    """The newest version when it began; None where there was none."""
    class_id: int | None = None
    """The class that it is about, None where it is about none, or several."""
    version: int | None = None
    """The last version that it published; None where it published none."""
    to_version: int | None = None
    """The version that was gone back to, or that serves from then on."""
    learned: Counter[int] = field(default_factory=Counter)
    """Class id → examples that were learned first in it."""
    forgot: int = 0
    waiting: int = 0
    """Examples that it set aside until they are resumed."""
    published: int = 0
    rejected: int = 0
    began_time: float = 0.0
    """Stream time of its first record, and of its last."""
    time: float = 0.0
    unix: float = 0.0
    """When it was last heard of."""

    @property
    def records(self) -> int:
        """How many records it has."""
        return self.last - self.first + 1


class VersionActs:
    """The acts of a history, oldest first. `sync` takes over what is new: a long history costs nothing again.

    One thread at a time. A version that was gone back to *stands for* that version: it has the same content, and what
    is learned on it branches off there.

    Parameters
    ----------
    history
        Whose records they are of.
    began
        Stands in for what the history does not go back to, as the record −1.
    """

    def __init__(self, history: History, began: PublishRecord | None = None) -> None:
        self._history = history
        self._acts: list[VersionAct] = []
        self._taken = 0
        self._versions, self._places, self._numbers = array("q"), array("q"), array("q")
        """Every version, ascending, the place of its act, and the number of its record."""
        self._stands_for: dict[int, int] = {}
        if began is not None:
            self._add(-1, began)

    def __len__(self) -> int:
        return len(self._acts)

    def __getitem__(self, place: int) -> VersionAct:
        return self._acts[place]

    def sync(self) -> int:
        """Take over what the history has more than before; returns the place of the first act that is new or has grown.

        Where nothing is new, that is the number of acts.
        """
        records, self._taken = self._history.since(self._taken)
        changed, number = len(self._acts), self._taken - len(records)
        for record in records:
            joined = self._add(number, record)
            changed = min(changed, len(self._acts) - 1) if joined else changed
            number += 1
        return changed

    def place_of(self, version: int | None) -> int | None:
        """The place of the act that published a version; None where no record tells of it."""
        if version is None:
            return None
        at = bisect_left(self._versions, version)
        return self._places[at] if at < len(self._versions) and self._versions[at] == version else None

    def number_of(self, version: int | None) -> int | None:
        """The number of the record that published a version; None where none did."""
        if version is None:
            return None
        at = bisect_left(self._versions, version)
        return self._numbers[at] if at < len(self._versions) and self._versions[at] == version else None

    @property
    def versions(self) -> Sequence[int]:
        """Every version that a record tells of, ascending."""
        return self._versions

    def of_record(self, number: int) -> int:
        """The place of the act that a record of the history belongs to. Raises IndexError."""
        if not 0 <= number < self._taken:
            raise IndexError(number)
        low, high = 0, len(self._acts) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._acts[middle].first <= number else (low, middle - 1)
        return low

    def stands_for(self, version: int) -> int:
        """The version whose content this one has, since it went back to that; itself where it did not."""
        return self._stands_for.get(version, version)

    def origin(self, place: int) -> int | None:
        """The place of the act whose version an act that went back went to; None for any other."""
        act = self._acts[place]
        gone_back = act.version is not None and act.version in self._stands_for
        return self.place_of(self.stands_for(act.version)) if gone_back and act.version is not None else None

    def is_forward(self, version: int, stood: int) -> bool:
        """Whether a version has later content than one at which the model stood: to go there is to go forward."""
        return self.stands_for(version) > self.stands_for(stood)

    def before(self, version: int, kept: Container[int]) -> int | None:
        """The version before the act that a version stands in, or before the last one before that is `kept`."""
        place = self.place_of(self.stands_for(version))
        while place is not None:
            earlier = self._acts[place].before
            if earlier is None:
                return None
            earlier = self.stands_for(earlier)
            if earlier in kept:
                return earlier
            place = self.place_of(earlier)
        return None

    def after(self, version: int, kept: Container[int]) -> int | None:
        """The version at the end of the act that comes after the one that a version stands in, where it is `kept`.

        Inside an act that is its own end. Where several acts began there, it is the one that was last been in, or in
        what came of it.
        """
        stands = self.stands_for(version)
        place = self.place_of(stands)
        if place is None:
            return None
        own = self._acts[place].version
        if own is not None and own != stands and own in kept:
            return own
        newest = self._visited()
        for child in sorted(self._children(place), key=lambda child: -newest[child]):
            end = self._acts[child].version
            if end is not None and end in kept:
                return end
        return None

    # -- inside ------------------------------------------------------------------------------------------------

    def _children(self, place: int) -> list[int]:
        return [child for child in range(place + 1, len(self._acts)) if self._parent(child) == place]

    def _parent(self, place: int) -> int | None:
        """The act on whose versions an act began; None for one that only went somewhere, and for the first."""
        act = self._acts[place]
        if act.version is None or act.version in self._stands_for or act.before is None:
            return None
        parent = self.place_of(self.stands_for(act.before))
        # Learned on one that it went back to itself: an undone protection, then more.
        return parent if parent != place else None

    def _visited(self) -> list[int]:
        """Of each act the place of the last one after which the model stood there, or in what came of it."""
        newest = list(range(len(self._acts)))
        for place, act in enumerate(self._acts):
            stood = None if act.version is None else self.place_of(self.stands_for(act.version))
            if stood is not None:
                newest[stood] = max(newest[stood], place)
        for place in range(len(self._acts) - 1, -1, -1):
            parent = self._parent(place)
            if parent is not None:
                newest[parent] = max(newest[parent], newest[place])
        return newest

    def _add(self, number: int, record: PublishRecord) -> bool:
        """Let a record join the newest act, which is returned, or begin one."""
        newest = self._acts[-1] if self._acts else None
        joins = newest is not None and _joins(newest, record)
        if newest is None or not joins:
            newest = VersionAct(
                _kind_of(record), number, number, record.cause, record.reason, record.parent, began_time=record.time
            )
            if record.cause is not None:
                newest.class_id = record.cause.class_id
            self._acts.append(newest)
        _grow(newest, number, record)
        if record.version is not None:
            self._versions.append(record.version)
            self._places.append(len(self._acts) - 1)
            self._numbers.append(number)
            if record.kind == RecordKind.ROLLED_BACK and record.to_version is not None:
                self._stands_for[record.version] = self.stands_for(record.to_version)
        return joins


def _kind_of(record: PublishRecord) -> VersionActKind:
    """The kind of act that a record begins."""
    cause = record.cause
    if cause is not None and (cause.kind in TOGETHER or record.kind == RecordKind.RELEASED):
        # A release that a label brought about is part of that.
        return _OF_CAUSE[cause.kind]
    known = _OF_RECORD.get(record.kind)
    if known is not None:
        return known
    if isinstance(record.reason, LearnedAgain):
        return VersionActKind.LEARNED_AGAIN
    if cause is not None:
        return _OF_CAUSE[cause.kind]
    if record.kind == RecordKind.REJECTED:
        return VersionActKind.REJECTED
    return VersionActKind.FORGOT if _only_forgot(record) else VersionActKind.LEARNED


def _only_forgot(record: PublishRecord) -> bool:
    reason = record.reason
    return isinstance(reason, LearnedFrom) and reason.forgot > 0 and not record.new_examples


def _joins(act: VersionAct, record: PublishRecord) -> bool:
    """Whether a record belongs to the act before it."""
    if record.kind in ALONE or act.kind in CLOSED:
        return False
    if record.cause is not None or act.cause is not None:
        together = act.cause is not None and act.cause.kind in TOGETHER
        return record.cause == act.cause and (together or record.kind != RecordKind.BANK_SEALED)
    # As far as an earlier dgstudio's records tell.
    if record.kind not in (RecordKind.LEARNED, RecordKind.REJECTED) or record.unix - act.unix > TOGETHER_S:
        return False
    if VersionActKind.REJECTED in (act.kind, _kind_of(record)):
        return act.kind in (VersionActKind.REJECTED, VersionActKind.LEARNED, VersionActKind.FORGOT)
    return act.kind == _kind_of(record) and act.learned.keys() == dict(record.new_examples).keys()


def _grow(act: VersionAct, number: int, record: PublishRecord) -> None:
    act.last, act.time, act.unix = number, record.time, record.unix
    if act.kind == VersionActKind.REJECTED and record.version is not None:
        act.kind = _kind_of(record)
    if record.kind == RecordKind.REJECTED:
        act.rejected += 1
    if record.version is not None:
        act.version = record.version
        act.published += record.kind != RecordKind.INITIAL
        act.learned.update(dict(record.new_examples))
    if isinstance(record.reason, LearnedFrom):
        act.forgot += record.reason.forgot
    if record.kind in _OF_RECORD and number == act.first:
        act.reason, act.to_version, act.waiting = record.reason, record.to_version, record.waiting
    elif record.version is not None and isinstance(act.reason, LearnedFrom | PartPublished):
        act.reason = record.reason
