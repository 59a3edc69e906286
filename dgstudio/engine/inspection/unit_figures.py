"""One unit of the base: when it fires, what it reads and what it says, and which versions changed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from dgstudio.engine.inspection.gate_table import GateTable, gate_table
from dgstudio.engine.inspection.inputs import InputKind, Inputs, InputSets
from dgstudio.engine.inspection.unavailable import NoUnit, UnavailableError
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Base, Snapshot
from dgstudio.records import dataclass
from dgstudio.types import F32, F64

STRONGEST = 10


@dataclass(frozen=True, slots=True)
class UnitInput:
    """An input as one unit sees it: which one, its class, s_j, how far that is from changing places, and u_j.

    `number` as in `Inputs.ids`; `distance` as in `GateTable.distances`.
    """

    kind: InputKind
    number: int
    class_id: int
    score: float
    distance: float
    activation: float


@dataclass(frozen=True, slots=True)
class FiringShare:
    """On which share of the inputs of a kind a unit fires, of all and of each class; NaN of none."""

    kind: InputKind
    count: int
    share: float
    by_class: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What a version changed in a unit, against the version before it among those that are kept.

    `routing`: ‖Δ[Θ_j, c_j]‖; `incoming`: ‖Δ[W1_j, b1_j]‖; `outgoing`: ‖ΔV_j‖, Euclidean. All are None where the base
    is another one altogether.
    """

    version: int
    before: int
    routing: float | None
    incoming: float | None
    outgoing: float | None


@dataclass(frozen=True, slots=True, eq=False)
class UnitFigures:
    """A unit of one version's base.

    Attributes
    ----------
    firing : of protected, labelled and live inputs, in this order.
    strongest, nearest_misses : of all inputs, those where it fires with the greatest distance, and those where it does
        not with the smallest.
    gate, gate_bias : Θ_j (p,) and c_j; over the features where the base has no ψ.
    incoming, bias : W1_j (d,), in the order of the features, and b1_j.
    outgoing, classes : V_j (C₀,) and what its entries stand for.
    changes : by versions in memory, oldest first.
    """

    version: int
    unit: int
    firing: tuple[FiringShare, ...]
    strongest: tuple[UnitInput, ...]
    nearest_misses: tuple[UnitInput, ...]
    gate: F32
    gate_bias: float
    projected: bool
    incoming: F32
    bias: float
    outgoing: F32
    classes: tuple[int, ...]
    changes: tuple[UnitChange, ...]


def unit_figures(plan: Plan, unit: int, sets: InputSets, history: Iterable[Snapshot]) -> UnitFigures:
    """Look at a unit of a version; `history` are the versions whose changes are told, oldest first.

    Raises
    ------
    UnavailableError
        Where there is no such unit.
    """
    base = plan.snapshot.base
    if base is None or not 0 <= unit < base.hidden:
        raise UnavailableError(NoUnit(plan.snapshot.version, unit))
    tables = [table for inputs in sets.every if (table := gate_table(plan, inputs)) is not None]
    seen = [seen for table in tables for seen in _seen(plan, base, unit, table)]
    fires = sorted((s for s in seen if s.distance > 0), key=lambda s: -s.distance)
    misses = sorted((s for s in seen if s.distance <= 0), key=lambda s: -s.distance)
    return UnitFigures(
        version=plan.snapshot.version,
        unit=unit,
        firing=tuple(firing_share(table.inputs, table.fires[:, unit]) for table in tables),
        strongest=tuple(fires[:STRONGEST]),
        nearest_misses=tuple(misses[:STRONGEST]),
        gate=base.theta[unit],
        gate_bias=float(base.c[unit]),
        projected=base.psi is not None,
        incoming=base.W1[unit],
        bias=float(base.b1[unit]),
        outgoing=base.V[unit],
        classes=base.classes,
        changes=unit_changes(tuple(history), unit),
    )


def firing_share(inputs: Inputs, fires: np.ndarray) -> FiringShare:
    """The share of inputs on which something holds (n,), of all and by class."""
    by_class = tuple((c, float(fires[inputs.labels == c].mean())) for c in inputs.classes)
    share = float(fires.mean()) if len(fires) else float("nan")
    return FiringShare(inputs.kind, len(inputs), share, by_class)


def unit_changes(history: Sequence[Snapshot], unit: int) -> tuple[UnitChange, ...]:
    """Which of these versions, in order, changed a unit against the one before it, and by how much."""
    found = []
    for before, after in pairwise(history):
        a, b = before.base, after.base
        if a is b or b is None or (a is not None and a.ids == b.ids):
            continue
        if a is None or a.hidden != b.hidden or a.inputs != b.inputs or a.classes != b.classes:
            found.append(UnitChange(after.version, before.version, None, None, None))
        elif 0 <= unit < b.hidden and not _same_unit(a, b, unit):
            found.append(UnitChange(after.version, before.version, *_moved(a, b, unit)))
    return tuple(found)


def _same_unit(a: Base, b: Base, unit: int) -> bool:
    return a.unit_stamps[unit] == b.unit_stamps[unit] and a.routing_stamps[unit] == b.routing_stamps[unit]


def _moved(a: Base, b: Base, unit: int) -> tuple[float, float, float]:
    def far(*pairs: tuple[F32, F32]) -> float:
        squares = [np.square(after.astype(np.float64) - before).sum() for before, after in pairs]
        return float(np.sqrt(sum(squares)))

    def one(values: F32) -> F32:
        return values[unit : unit + 1]

    return (
        far((a.theta[unit], b.theta[unit]), (one(a.c), one(b.c))) if a.theta.shape == b.theta.shape else float("nan"),
        far((a.W1[unit], b.W1[unit]), (one(a.b1), one(b.b1))),
        far((a.V[unit], b.V[unit])),
    )


def _seen(plan: Plan, base: Base, unit: int, table: GateTable) -> list[UnitInput]:
    """The inputs that may be among the strongest and the nearest misses of a unit."""
    if not len(table.inputs):
        return []
    inputs, distances = table.inputs, table.distances(unit)
    fires: F64 = np.where(table.fires[:, unit], distances, -np.inf)
    misses: F64 = np.where(table.fires[:, unit], -np.inf, distances)
    rows = {int(i) for far in (fires, misses) for i in np.argsort(-far, kind="stable")[:STRONGEST] if far[i] > -np.inf}
    found = []
    for i in sorted(rows):
        x = plan.normalise(inputs.raw[i]).astype(np.float64)
        u = max(0.0, float(base.W1[unit].astype(np.float64) @ x + base.b1[unit]))
        # A tie counts as what the gates made of it.
        distance = max(distances[i], np.finfo(float).tiny) if table.fires[i, unit] else min(distances[i], 0.0)
        score = float(table.scores[i, unit])
        found.append(UnitInput(inputs.kind, int(inputs.ids[i]), int(inputs.labels[i]), score, float(distance), u))
    return found
