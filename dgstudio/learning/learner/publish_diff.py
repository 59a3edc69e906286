"""What a publish changed, in counts: parts of the snapshot, examples learned first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import zip_longest

from dgstudio.model.snapshot import Snapshot
from dgstudio.types import SetChange

LearnedLabels = Mapping[int, int]
"""Example id → class id."""


def parts_changed(before: Snapshot, after: Snapshot) -> int:
    """How many parts differ: base units (gate, weights or both), of each bank its router and each class's read-out."""
    changed = 0
    if before.base is not after.base and before.base is not None and after.base is not None:
        was, now = (zip(b.unit_stamps, b.routing_stamps, strict=True) for b in (before.base, after.base))
        # A new base may have another number of units.
        changed += sum(a != b for a, b in zip_longest(was, now))
    old, new = ({bank.id: bank for bank in snapshot.banks} for snapshot in (before, after))
    for bank_id in old.keys() | new.keys():
        a, b = old.get(bank_id), new.get(bank_id)
        if a is b:
            continue
        if a is None or b is None:
            only = a if a is not None else b
            assert only is not None
            changed += 1 + len(only.classes)
            continue
        changed += a.router_stamp != b.router_stamp
        stamps_a, stamps_b = a.readout_stamps, b.readout_stamps
        changed += sum(stamps_a.get(c) != stamps_b.get(c) for c in stamps_a.keys() | stamps_b.keys())
    return changed


def fresh_classes(before: LearnedLabels, after: LearnedLabels) -> Counter[int]:
    """Class id → how many examples `after` has learned that `before` had not, or with another label."""
    return Counter(class_id for example_id, class_id in after.items() if before.get(example_id) != class_id)


def set_change(before: LearnedLabels, after: LearnedLabels) -> SetChange:
    """What `after` has learned that `before` had not, or with another label, and what it lacks of it; runs of ids."""
    gained: list[list[int]] = []
    for example_id, class_id in sorted(after.items()):
        if before.get(example_id) == class_id:
            continue
        if gained and gained[-1][1] + 1 == example_id and gained[-1][2] == class_id:
            gained[-1][1] = example_id
        else:
            gained.append([example_id, example_id, class_id])
    lost: list[list[int]] = []
    for example_id in sorted(before.keys() - after.keys()):
        if lost and lost[-1][1] + 1 == example_id:
            lost[-1][1] = example_id
        else:
            lost.append([example_id, example_id])
    return SetChange(tuple((a, b, c) for a, b, c in gained), tuple((a, b) for a, b in lost))


def changed(before: LearnedLabels, change: SetChange) -> dict[int, int]:
    """The set that comes of `before` by a change."""
    after = dict(before)
    for first, last in change.lost:
        for example_id in range(first, last + 1):
            after.pop(example_id, None)
    for first, last, class_id in change.gained:
        after.update(dict.fromkeys(range(first, last + 1), class_id))
    return after
