"""What the timeline knows: one mark an act, its publishes where it is unfolded, which versions are kept."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dgstudio.engine.adapt.version_acts import VersionAct, VersionActKind, VersionActs
from dgstudio.engine.runtime.history import History
from dgstudio.reasons.published import BegunHere
from dgstudio.records import dataclass
from dgstudio.types import U8, PublishRecord, RecordKind

LEARNED, PLAIN, REJECTED, BACK, CLASSES, SEALED, HELD = range(7)
"""How a mark looks: in its class's colour, grey, …; also the codes of `Timeline.codes`."""
_OF_ACT = {
    VersionActKind.TAKE: LEARNED,
    VersionActKind.LEARNED: LEARNED,
    VersionActKind.RELABELLED: LEARNED,
    VersionActKind.IMPORTED: LEARNED,
    VersionActKind.RESUMED: LEARNED,
    VersionActKind.REDONE: LEARNED,
    VersionActKind.CLASS_ADDED: CLASSES,
    VersionActKind.CLASS_REMOVED: CLASSES,
    VersionActKind.REBUILT: CLASSES,
    VersionActKind.NEW_BASE: CLASSES,
    VersionActKind.PROTECTED: SEALED,
    VersionActKind.SEALED: SEALED,
    VersionActKind.RELEASED: SEALED,
    VersionActKind.WENT_BACK: BACK,
    VersionActKind.PINNED: HELD,
    VersionActKind.UNPINNED: HELD,
    VersionActKind.REJECTED: REJECTED,
}
_OF_RECORD = {
    RecordKind.LEARNED: LEARNED,
    RecordKind.REJECTED: REJECTED,
    RecordKind.ROLLED_BACK: BACK,
    RecordKind.CLASS_ADDED: CLASSES,
    RecordKind.CLASS_REMOVED: CLASSES,
    RecordKind.REBUILT: CLASSES,
    RecordKind.CONSOLIDATED: CLASSES,
    RecordKind.BANK_SEALED: SEALED,
    RecordKind.PROTECTED: SEALED,
    RecordKind.RELEASED: SEALED,
}


class Mark(NamedTuple):
    """What stands in one place of the timeline: an act, or one of the records of an act that is unfolded."""

    act: int
    record: int | None = None
    """The number of the record in the history; None for the act as a whole."""


@dataclass(frozen=True, slots=True)
class Between:
    """What happened after one record, up to and with another: sums over the versions published, and counts."""

    published: int = 0
    learned: Counter[int] = field(default_factory=Counter)
    parts: int = 0
    bits: int = 0
    max_delta: float = 0.0
    protected: bool = False
    rejected: int = 0
    rolled_back: int = 0


class Timeline:
    """The history as marks in places, oldest first. `sync` takes over what is new: a long history costs nothing again.

    It keeps acts and numbers only: the records themselves stay in the history, and may be packed there.
    """

    def __init__(self) -> None:
        self._history = History()
        self._began: PublishRecord | None = None
        self.acts = VersionActs(self._history)
        self.reachable: frozenset[int] | None = None
        """Versions that are still kept; None: all."""
        self.rejections: list[int] = []
        """Acts that came to nothing but rejections, ascending."""
        self.backs: list[int] = []
        """Acts that went back to a version, ascending."""
        self._codes, self._classes = bytearray(), array("q")
        self._open: dict[int, int] = {}
        """Acts that are unfolded, ascending → their records."""
        self._starts: list[tuple[int, int, int]] = []
        """Of each of these: the place of its mark, itself, its records."""
        self._between: tuple[tuple[int, int], Between] | None = None

    def __len__(self) -> int:
        """How many places there are."""
        return len(self.acts) + sum(self._open.values())

    # -- taking over ---------------------------------------------------------------------------------------------

    def sync(self, history: History, serving: int) -> bool:
        """Take over what `history` has more than before; begin anew if it is another one. Return whether it changed.

        A history that does not begin with the first version gets a mark for the one it began from.
        """
        # Before anything is published, the one mark is that of the serving version, which may still change.
        waits = not history and self._began is not None and self._began.version == serving
        begun = history is self._history and (len(self.acts) > (self._began is not None) or waits)
        if not begun:
            self._begin(history, serving)
        changed = self.acts.sync()
        if not begun:
            changed = 0
        if changed == len(self.acts):
            return not begun
        self._take_up(changed)
        return True

    def _begin(self, history: History, serving: int) -> None:
        self._history = history
        self.rejections, self.backs = [], []
        self._began = self._between = None
        self._codes, self._classes = bytearray(), array("q")
        self._open, self._starts = {}, []
        first = history[0] if history else None
        if first is None or first.kind != RecordKind.INITIAL:
            version = serving if first is None else first.parent
            if version is not None:
                self._began = PublishRecord(-1, RecordKind.INITIAL, version, None, BegunHere(version), 0.0, 0.0)
        self.acts = VersionActs(history, self._began)

    def _take_up(self, changed: int) -> None:
        del self._codes[changed:], self._classes[changed:]
        for kept in (self.rejections, self.backs):
            del kept[bisect_left(kept, changed) :]
        for place in range(changed, len(self.acts)):
            act = self.acts[place]
            code = look_of(act)
            self._codes.append(code)
            self._classes.append(-1 if (class_id := class_of(act)) is None else class_id)
            if code == REJECTED:
                self.rejections.append(place)
            if self.acts.origin(place) is not None:
                self.backs.append(place)
            if place in self._open:
                self._open[place] = act.records
        self._lay_out()

    # -- unfolding -----------------------------------------------------------------------------------------------

    def folds(self, act: int) -> bool:
        """Whether an act has more than one record, so that it can be unfolded."""
        return self.acts[act].records > 1

    def unfolded(self, act: int) -> bool:
        """Whether the records of an act have places of their own."""
        return act in self._open

    def fold(self, act: int, *, unfold: bool) -> None:
        """Give the records of an act places of their own after its mark, or take them away."""
        if unfold and self.folds(act):
            self._open[act] = self.acts[act].records
        else:
            self._open.pop(act, None)
        self._open = dict(sorted(self._open.items()))
        self._lay_out()

    def _lay_out(self) -> None:
        self._starts, more = [], 0
        for act, records in self._open.items():
            self._starts.append((act + more, act, records))
            more += records

    # -- places --------------------------------------------------------------------------------------------------

    def mark_at(self, place: int) -> Mark:
        """Return what stands in a place. Raises IndexError."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        more = 0
        for start, act, records in self._starts:
            if place <= start:
                break
            if place <= start + records:
                return Mark(act, self.acts[act].first + place - start - 1)
            more += records
        return Mark(place - more)

    def place_of(self, mark: Mark) -> int:
        """Return where a mark stands; that of its act where that is folded."""
        more = sum(records for _, act, records in self._starts if act < mark.act)
        inside = mark.record is not None and mark.act in self._open
        return (
            mark.act + more + (1 + mark.record - self.acts[mark.act].first if inside and mark.record is not None else 0)
        )

    def holds(self, mark: Mark) -> bool:
        """Whether there is such a mark: another history may have fewer."""
        return mark.act < len(self.acts) and (mark.record is None or mark.record <= self.acts[mark.act].last)

    def mark_of(self, version: int | None) -> Mark | None:
        """Return the mark of a version: that of its record where its act is unfolded, of its act otherwise."""
        act = self.acts.place_of(version)
        if act is None:
            return None
        return Mark(act, self.acts.number_of(version) if act in self._open else None)

    def version_of(self, mark: Mark) -> int | None:
        """Return the version that a mark stands for: of an act the last; None where nothing was published."""
        if mark.record is not None:
            return self.record(mark.record).version
        act = self.acts[mark.act]
        return act.version if act.version is not None else act.to_version

    def record_of(self, mark: Mark) -> PublishRecord:
        """Return the record of a mark; of an act the last one."""
        return self.record(mark.record if mark.record is not None else self.acts[mark.act].last)

    def record(self, number: int) -> PublishRecord:
        """Return a record by its number in the history; −1 is the stand-in of one that it does not go back to."""
        if number < 0 and self._began is not None:
            return self._began
        return self._history[number]

    def codes(self, first: int, stop: int) -> U8:
        """Return how the marks of the acts [first, stop) look, as a copy."""
        return np.frombuffer(bytes(self._codes[first:stop]), np.uint8)

    def classes(self, first: int, stop: int) -> npt.NDArray[np.int64]:
        """Return the classes that the acts [first, stop) are about, −1 for none, as a copy."""
        return np.array(self._classes[first:stop], np.int64)

    def acts_in(self, first: int, stop: int) -> tuple[int, int]:
        """Return the acts [first, stop) that have marks, or records, in the places [first, stop)."""
        if stop <= first:
            return 0, 0
        return self.mark_at(first).act, self.mark_at(stop - 1).act + 1

    def look(self, mark: Mark) -> tuple[int, int | None]:
        """Return how a mark looks, and the class that it is about."""
        act = self.acts[mark.act]
        if mark.record is None:
            return look_of(act), class_of(act)
        record = self.record(mark.record)
        fresh = max(record.new_examples, key=lambda pair: pair[1], default=None)
        code = _OF_RECORD.get(record.kind, PLAIN)
        return (PLAIN, None) if code == LEARNED and fresh is None else (code, fresh[0] if fresh is not None else None)

    # -- versions ------------------------------------------------------------------------------------------------

    def gone(self, mark: Mark) -> bool:
        """Whether the version of a mark has been thinned out; False for a rejection, which never was one."""
        version = self.version_of(mark)
        return version is not None and not self.reaches(version)

    def reaches(self, version: int) -> bool:
        """Whether a version is still kept, and can be pinned or rolled back to."""
        return self.reachable is None or version in self.reachable

    def nearest(self, version: int) -> int | None:
        """Return the kept version that is nearest to this one, the older of two; None where none is kept."""
        kept = [v for v in self.acts.versions if self.reaches(v)]
        return min(kept, key=lambda v: (abs(v - version), v), default=None)

    def before_act(self, mark: Mark) -> int | None:
        """Return the version before the act of a mark; None where there was none."""
        before = self.acts[mark.act].before
        return None if before is None or self.acts.place_of(before) is None else before

    def between(self, one: int, other: int) -> Between:
        """Return what happened between two records, the earlier left out; what was asked for last is remembered."""
        first, last = sorted((one, other))
        if self._between is not None and self._between[0] == (first, last):
            return self._between[1]
        records = self._history[max(0, first + 1) : last + 1]
        published = [record for record in records if record.version is not None]
        learned: Counter[int] = Counter()
        for record in published:
            learned.update(dict(record.new_examples))
        found = Between(
            len(published),
            learned,
            sum(record.units_changed for record in published),
            sum(record.bits_changed for record in published),
            max((record.max_delta for record in published), default=0.0),
            any(record.protected for record in records),
            sum(record.kind == RecordKind.REJECTED for record in records),
            sum(record.kind == RecordKind.ROLLED_BACK for record in records),
        )
        self._between = (first, last), found
        return found


def class_of(act: VersionAct) -> int | None:
    """The class that an act is about: its own, or the one that most was learned of."""
    if act.class_id is not None:
        return act.class_id
    return max(act.learned, key=lambda class_id: act.learned[class_id], default=None)


def look_of(act: VersionAct) -> int:
    """How the mark of an act looks."""
    if not act.published and act.rejected:
        return REJECTED
    code = _OF_ACT.get(act.kind, PLAIN)
    return PLAIN if code == LEARNED and class_of(act) is None else code
