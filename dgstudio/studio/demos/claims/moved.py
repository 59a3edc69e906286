"""Which parts of the model have moved since a step of a demo began: those that route, and those that compute."""

from __future__ import annotations

from itertools import zip_longest

from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass


@dataclass(frozen=True, slots=True)
class Moved:
    """How many gates of units and routers of banks differ, and how many units' weights and read-outs of classes."""

    routing: int = 0
    weights: int = 0


def moved(before: Snapshot, after: Snapshot) -> Moved:
    """Compare two versions, part by part; a part that only one of them has has moved."""
    if before is after:
        return Moved()
    routing = weights = 0
    if before.base is not after.base and before.base is not None and after.base is not None:
        routing += _differ(before.base.routing_stamps, after.base.routing_stamps)
        weights += _differ(before.base.unit_stamps, after.base.unit_stamps)
    old, new = ({bank.id: bank for bank in snapshot.banks} for snapshot in (before, after))
    for bank_id in old.keys() | new.keys():
        a, b = old.get(bank_id), new.get(bank_id)
        routing += (None if a is None else a.router_stamp) != (None if b is None else b.router_stamp)
        was, now = ({} if bank is None else bank.readout_stamps for bank in (a, b))
        weights += sum(was.get(class_id) != now.get(class_id) for class_id in was.keys() | now.keys())
    return Moved(routing, weights)


def _differ(before: tuple[str, ...], after: tuple[str, ...]) -> int:
    return sum(a != b for a, b in zip_longest(before, after))
