"""What the timeline of versions knows: one slot a record, where versions and special events are, and words for them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field

import numpy as np

from dgstudio.engine.runtime.history import History
from dgstudio.reasons.published import BaseLoaded, BegunFromNothing, BegunHere
from dgstudio.records import dataclass
from dgstudio.studio.theme.format import grouped
from dgstudio.types import U8, PublishRecord, RecordKind

LEARNED, INITIAL, REJECTED, ROLLED_BACK, CLASSES, SEALED = range(6)
"""Codes of `Timeline.codes`."""
_CODES = {
    RecordKind.INITIAL: INITIAL,
    RecordKind.REJECTED: REJECTED,
    RecordKind.ROLLED_BACK: ROLLED_BACK,
    RecordKind.CLASS_ADDED: CLASSES,
    RecordKind.CLASS_REMOVED: CLASSES,
    RecordKind.BANK_SEALED: SEALED,
    RecordKind.PROTECTED: SEALED,
    RecordKind.RELEASED: SEALED,
    RecordKind.REBUILT: SEALED,
    RecordKind.CONSOLIDATED: SEALED,
}


@dataclass(frozen=True, slots=True)
class Between:
    """What happened after one record, up to and with another: sums over the versions published, and counts."""

    published: int = 0
    learned: Counter[int] = field(default_factory=Counter)
    parts: int = 0
    bits: int = 0
    protected: bool = False
    rejected: int = 0
    rolled_back: int = 0


class Timeline:
    """The history as slots, oldest first. `sync` takes over what is new, so a long history costs nothing again.

    It keeps numbers only: the records themselves stay in the history, and may be packed there.
    """

    def __init__(self) -> None:
        self._history = History()
        self._began: PublishRecord | None = None
        self.notable: list[int] = []
        """Slots of everything that is neither a plain publish nor a rejection, ascending."""
        self.rejections: list[int] = []
        """Slots of the rejections, ascending."""
        self.published = self.rolled_back = 0
        self.reachable: frozenset[int] | None = None
        """Versions that are still kept; None: all."""
        self._codes = bytearray()
        self._versions, self._slots = array("q"), array("q")
        """Every version, ascending, and its slot."""
        self._taken = 0
        """The number of the record that comes next."""
        self._between: tuple[tuple[int, int], Between] | None = None

    def __len__(self) -> int:
        return len(self._codes)

    def record(self, slot: int) -> PublishRecord:
        """Return the record of a slot; of the last one for −1. Raises IndexError."""
        at = slot + len(self) if slot < 0 else slot
        if at == 0 and self._began is not None:
            return self._began
        return self._history[at - (self._began is not None)]

    def sync(self, history: History, serving: int) -> bool:
        """Take over what `history` has more than before; begin anew if it is another one. Return whether it changed.

        A history that does not begin with the first version gets a slot for the one it began from.
        """
        # Before anything is published, the one slot is that of the serving version, which may still change.
        waits = not history and self._began is not None and self._began.version == serving
        begun = history is self._history and (self._taken > 0 or waits)
        if not begun:
            self._begin(history, serving)
        records, self._taken = history.since(self._taken)
        for record in records:
            self._add(record)
        return bool(records) or not begun

    def _begin(self, history: History, serving: int) -> None:
        self._history = history
        self.notable, self.rejections = [], []
        self._began = self._between = None
        self._versions, self._slots = array("q"), array("q")
        self.published = self.rolled_back = 0
        self._codes, self._taken = bytearray(), 0
        first = history[0] if history else None
        if first is not None and first.kind == RecordKind.INITIAL:
            return
        version = serving if first is None else first.parent
        if version is not None:
            self._began = PublishRecord(-1, RecordKind.INITIAL, version, None, BegunHere(version), 0.0, 0.0)
            self._add(self._began)

    def _add(self, record: PublishRecord) -> None:
        slot, code = len(self), _CODES.get(record.kind, LEARNED)
        self._codes.append(code)
        if code == REJECTED:
            self.rejections.append(slot)
        elif code != LEARNED:
            self.notable.append(slot)
        if record.version is not None:
            self._versions.append(record.version)
            self._slots.append(slot)
            self.published += code != INITIAL
        self.rolled_back += code == ROLLED_BACK

    def codes(self, first: int, stop: int) -> U8:
        """Return the codes of the slots [first, stop) as a copy."""
        return np.frombuffer(bytes(self._codes[first:stop]), np.uint8)

    def code(self, slot: int) -> int:
        """Return the code of one slot."""
        return self._codes[slot]

    def slot_of(self, version: int | None) -> int | None:
        """Return the slot where a version was published, or None."""
        if version is None:
            return None
        place = bisect_left(self._versions, version)
        held = place < len(self._versions) and self._versions[place] == version
        return self._slots[place] if held else None

    def version_at(self, slot: int) -> int | None:
        """Return the version that was published in a slot, or None for a rejection."""
        place = bisect_left(self._slots, slot)
        held = place < len(self._slots) and self._slots[place] == slot
        return self._versions[place] if held else None

    def gone(self, slot: int) -> bool:
        """Whether the version of a slot has been thinned out; False for a rejection, which never was one."""
        version = self.version_at(slot)
        return version is not None and not self.reaches(version)

    def reaches(self, version: int) -> bool:
        """Whether a version is still kept, and can be pinned or rolled back to."""
        return self.reachable is None or version in self.reachable

    def nearest(self, version: int) -> int | None:
        """Return the kept version that is nearest to this one, the older of two; None where none is kept."""
        kept = [v for v in self._versions if self.reaches(v)]
        return min(kept, key=lambda v: (abs(v - version), v), default=None)

    def versions_in(self, first: int, stop: int) -> tuple[int, int] | None:
        """Return the lowest and the highest version published in the slots [first, stop), or None without one."""
        low, high = bisect_left(self._slots, first), bisect_left(self._slots, stop)
        return (self._versions[low], self._versions[high - 1]) if low < high else None

    def between(self, first: int, last: int) -> Between:
        """Return what happened in the slots (first, last]; what was asked for last is remembered."""
        if self._between is not None and self._between[0] == (first, last):
            return self._between[1]
        ahead = int(self._began is not None)
        records = self._history[first + 1 - ahead : last + 1 - ahead]
        published = [record for record in records if record.version is not None]
        learned: Counter[int] = Counter()
        for record in published:
            learned.update(dict(record.new_examples))
        found = Between(
            len(published),
            learned,
            sum(record.units_changed for record in published),
            sum(record.bits_changed for record in published),
            any(record.protected for record in records),
            sum(record.kind == RecordKind.REJECTED for record in records),
            sum(record.kind == RecordKind.ROLLED_BACK for record in records),
        )
        self._between = (first, last), found
        return found


def counts_text(timeline: Timeline) -> str:
    """Return "42 published · 3 rejected · 1 rolled back"."""
    published, rejected, back = timeline.published, len(timeline.rejections), timeline.rolled_back
    return f"{grouped(published)} published · {grouped(rejected)} rejected · {grouped(back)} rolled back"


def learned_text(counts: tuple[tuple[int, int], ...], name_of: Callable[[int | None], str]) -> str:
    """Return "12 examples of circle and 3 of rest"."""
    parts = [(count, name_of(class_id)) for class_id, count in counts if count]
    if not parts:
        return ""
    first, name = parts[0]
    words = [f"{first} example{'s' if first != 1 else ''} of {name}"]
    words += [f"{count} of {other}" for count, other in parts[1:]]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def note_of(record: PublishRecord) -> str:
    """Return the annotation above the line; empty for what needs none."""
    if record.kind == RecordKind.INITIAL:
        match record.reason:
            case BaseLoaded():
                return "base model"
            case BegunFromNothing() | BegunHere():
                return record.reason.words
            case _:
                return "first version"
    if record.kind == RecordKind.ROLLED_BACK:
        return f"rolled back to v{record.to_version}" if record.to_version is not None else "rolled back"
    if record.kind in (RecordKind.CLASS_ADDED, RecordKind.CLASS_REMOVED):
        return f"{record.reason.words} ▸"
    if record.kind in (RecordKind.BANK_SEALED, RecordKind.PROTECTED, RecordKind.RELEASED, RecordKind.REBUILT):
        return record.kind
    if record.kind == RecordKind.CONSOLIDATED:
        return "new base"
    return ""


def short_digest(digest: str) -> str:
    """Return the two ends of a long digest."""
    return digest if len(digest) <= 8 else f"{digest[:4]}…{digest[-2:]}"


def holds_text(counts: Mapping[int, int], name_of: Callable[[int | None], str]) -> str:
    """Return "holds 120 examples of circle and 98 of rest", of class id → examples that a version has learned."""
    words = learned_text(tuple(counts.items()), name_of)
    return f"holds {words}" if words else "holds no example"


def details_of(
    record: PublishRecord,
    name_of: Callable[[int | None], str],
    *,
    serving: int,
    pinned: int | None,
    holds: Mapping[int, int] | None = None,
) -> str:
    """Return everything there is to say of one record, in one line; `holds` as in `holds_text`, where it is known."""
    if record.kind == RecordKind.REJECTED:
        parts = ["not published", record.reason.words, f"after v{record.parent}" if record.parent is not None else ""]
        return " · ".join(part for part in parts if part)
    state = ""
    if record.version is not None and record.version == serving:
        state = " (serving, pinned)" if pinned == record.version else " (serving)"
    learned = learned_text(record.new_examples, name_of)
    what = (
        f"learned from {learned}"
        if record.kind == RecordKind.LEARNED and learned
        else record.reason.words or record.kind
    )
    parts = [f"v{record.version}{state}", what, "" if holds is None else holds_text(holds, name_of)]
    if record.seq >= 0 and record.kind != RecordKind.INITIAL:
        changed = record.units_changed
        parts.append(f"{changed} part{'s' if changed != 1 else ''} changed" if changed else "no weight changed")
        parts.append(protected_text(record))
        if record.duration_ms > 0:
            parts.append(f"{record.duration_ms:.3g} ms to solve and check")
        if record.parent is not None:
            parts.append(f"parent v{record.parent}")
    if record.digest:
        parts.append(f"digest {short_digest(record.digest)}")
    return " · ".join(part for part in parts if part)


def protected_text(record: PublishRecord) -> str:
    """Say what happened to the protected answers at a publish."""
    if not record.protected:
        return "nothing protected"
    if not record.bits_changed:
        return "protected: bit-identical"
    return f"protected: {grouped(record.bits_changed)} bits changed, max |Δ| {record.max_delta:.2g}"


def compared_text(timeline: Timeline, one: int, other: int, name_of: Callable[[int | None], str]) -> str:
    """Say what happened between two slots, from the records alone."""
    first, last = sorted((one, other))
    between = timeline.between(first, last)
    ends = [timeline.version_at(slot) for slot in (first, last)]
    names = " → ".join(f"v{version}" if version is not None else "a rejected one" for version in ends)
    published, bits = between.published, between.bits
    parts = [names, f"{published} publish{'es' if published != 1 else ''} apart"]
    parts.append(learned_text(tuple(between.learned.most_common(4)), name_of) or "no new examples")
    parts.append(f"{between.parts} changes of parts")
    held = between.protected
    parts.append(f"protected: {grouped(bits)} bits changed" if bits else "protected: bit-identical" if held else "")
    parts.append(f"{between.rejected} rejected" if between.rejected else "")
    parts.append(f"{between.rolled_back} rolled back" if between.rolled_back else "")
    return " · ".join(part for part in parts if part)
