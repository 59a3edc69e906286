"""Which versions changed a unit, or what is said of a class, and which examples these had learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from dgstudio.engine.inspection.comparing.version_difference import LearnedDifference, learned_difference
from dgstudio.engine.inspection.reachable_versions import StandingVersion
from dgstudio.engine.inspection.unit_figures import UnitChange, unit_changes
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.types import F32


@dataclass(frozen=True, slots=True)
class ClassChange:
    """What a version changed in what is said of a class, against the version before it among those looked at.

    `base`: ‖Δ[V_·c, b2_c]‖; `banks`: (bank id, ‖ΔR_c‖) of those whose row is another, new or gone; Euclidean. `base` is
    None where the base is another one altogether.
    """

    version: int
    before: int
    base: float | None
    banks: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Blamed:
    """A change, and the examples that this version has learned and the one before has not."""

    change: UnitChange | ClassChange
    learned: LearnedDifference


@dataclass(frozen=True, slots=True)
class Blame:
    """Who changed something: oldest first, over `looked_at` versions in order; `reachable` can be gone back to."""

    found: tuple[Blamed, ...]
    looked_at: tuple[int, ...]
    reachable: int


def blame(
    history: Sequence[StandingVersion], changes: Callable[[Sequence[Snapshot]], Sequence[UnitChange | ClassChange]]
) -> tuple[Blamed, ...]:
    """Find who changed something among versions in order."""
    known = {standing.version: standing.training for standing in history}
    found = changes([standing.snapshot for standing in history])
    return tuple(Blamed(c, learned_difference(known[c.before], known[c.version])) for c in found)


def changes_of_unit(unit: int) -> Callable[[Sequence[Snapshot]], Sequence[UnitChange]]:
    """What `blame` asks for a unit."""
    return lambda history: unit_changes(history, unit)


def changes_of_class(class_id: int) -> Callable[[Sequence[Snapshot]], Sequence[ClassChange]]:
    """What `blame` asks for a class."""

    def changes(history: Sequence[Snapshot]) -> list[ClassChange]:
        pairs = (_class_change(before, after, class_id) for before, after in pairwise(history))
        return [change for change in pairs if change is not None]

    return changes


def _class_change(before: Snapshot, after: Snapshot, class_id: int) -> ClassChange | None:
    old, new = ({bank.id: bank for bank in s.banks} for s in (before, after))
    banks = []
    for bank_id in sorted(old.keys() | new.keys()):
        rows = [_row(s, bank_id, class_id) for s in (before, after)]
        if _stamp(before, bank_id, class_id) != _stamp(after, bank_id, class_id):
            banks.append((bank_id, _far(*rows)))
    base = _base_change(before, after, class_id)
    if base == 0.0 and not banks:
        return None
    return ClassChange(after.version, before.version, base, tuple(banks))


def _stamp(snapshot: Snapshot, bank_id: int, class_id: int) -> str | None:
    bank = next((bank for bank in snapshot.banks if bank.id == bank_id), None)
    return None if bank is None else bank.readout_stamps.get(class_id)


def _row(snapshot: Snapshot, bank_id: int, class_id: int) -> F32 | None:
    bank = next((bank for bank in snapshot.banks if bank.id == bank_id), None)
    return None if bank is None or class_id not in bank.classes else bank.R[bank.classes.index(class_id)]


def _far(a: F32 | None, b: F32 | None) -> float:
    if a is None or b is None or a.shape != b.shape:
        only = b if b is not None else a
        return float("nan") if only is None else float(np.linalg.norm(only.astype(np.float64)))
    return float(np.linalg.norm(b.astype(np.float64) - a))


def _base_change(before: Snapshot, after: Snapshot, class_id: int) -> float | None:
    a, b = before.base, after.base
    if a is b:
        return 0.0
    if a is None or b is None or a.V.shape != b.V.shape or a.classes != b.classes:
        return None
    if class_id not in b.classes:
        return 0.0
    column = b.classes.index(class_id)
    was, now = (np.append(base.V[:, column], base.b2[column]).astype(np.float64) for base in (a, b))
    return float(np.linalg.norm(now - was))
