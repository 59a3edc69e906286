"""The whole gating in figures: who fires for what, how alike classes route, what units do and cost, what is new.

Pure functions of gates on inputs (`GateTable`) and of live answers (`Reading`). A gate pattern is the set of units that
an input opens; the overlap of two is Jaccard's, |S ∩ S'| / |S ∪ S'|. Figures of nothing are NaN, and never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dgstudio.engine.inspection.gate_table import GateTable
from dgstudio.engine.inspection.inputs import UNLABELLED
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Base
from dgstudio.records import dataclass
from dgstudio.types import F64, I32, Reading

BINS = 40
OVERLAP_MOST = 200
"""Of each class so many inputs at most are compared with each other, evenly spread."""
ALIKE = 0.95
"""Two units are redundant where the inputs on which they fire overlap this far."""
ALWAYS = 0.999
"""A unit is always on where it fires on this share of all inputs."""
PAIRS_MOST = 50

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


# -- classes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class FiringShares:
    """On which share (0..1) of the inputs of a class (rows) a unit (columns) fires, (C, H); `counts` inputs a class."""

    classes: tuple[int, ...]
    counts: Ids
    shares: F64


def firing_shares(fires: Flags, labels: Ids) -> FiringShares:
    """Count fires (n, H) by class (n,); inputs without a label are left out."""
    classes = [int(c) for c in np.unique(labels) if c != UNLABELLED]
    rows = [labels == c for c in classes]
    shares = np.array([fires[row].mean(0) for row in rows]).reshape(len(classes), fires.shape[1])
    return FiringShares(tuple(classes), np.array([row.sum() for row in rows], np.int64), shares)


@dataclass(frozen=True, slots=True, eq=False)
class ClassOverlap:
    """Mean overlap (0..1) of the gate patterns of two inputs, one of each class, (C, C); an input not with itself."""

    classes: tuple[int, ...]
    overlap: F64


def class_overlap(fires: Flags, labels: Ids) -> ClassOverlap:
    """Compare the patterns (n, H) of each class with those of each class."""
    classes = [int(c) for c in np.unique(labels) if c != UNLABELLED]
    parts = [fires[_spread(np.flatnonzero(labels == c))].astype(np.float32) for c in classes]
    overlap = np.full((len(classes), len(classes)), np.nan)
    for i, a in enumerate(parts):
        for j in range(i, len(parts)):
            pairs = _jaccard(a, parts[j])
            if i == j:
                # Each with each of the others, not with itself.
                n = len(a)
                overlap[i, i] = (pairs.sum() - np.trace(pairs)) / (n * (n - 1)) if n > 1 else np.nan
            else:
                overlap[i, j] = overlap[j, i] = pairs.mean()
    return ClassOverlap(tuple(classes), overlap)


def _spread(rows: Ids) -> Ids:
    if len(rows) <= OVERLAP_MOST:
        return rows
    return rows[np.linspace(0, len(rows) - 1, OVERLAP_MOST).astype(np.int64)]


def _jaccard(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> F64:
    """Overlap of each pattern of one with each of the other, (n, m); 0 of two empty ones."""
    both = (a @ b.T).astype(np.float64)
    either = a.sum(1)[:, None] + b.sum(1)[None, :] - both
    overlap: F64 = both / np.maximum(either, 1.0)
    return overlap


# -- units ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class UnitLoad:
    """How the work is spread over the units.

    Attributes
    ----------
    load : on which share (0..1) of all inputs each unit fires, (H,); k/H each if it were even.
    dead, always_on : units that fire on none, and on all.
    redundant : (unit, unit, overlap 0..1 of the inputs on which they fire) of pairs that nearly always fire together,
        those that are always on left out; the most alike first, at most 50.
    imbalance : standard deviation over mean of the load: 0 if it is even.
    """

    load: F64
    dead: tuple[int, ...]
    always_on: tuple[int, ...]
    redundant: tuple[tuple[int, int, float], ...]
    imbalance: float


def unit_load(fires: Flags) -> UnitLoad:
    """Look at the units' fires (n, H)."""
    load: F64 = fires.mean(0) if len(fires) else np.full(fires.shape[1], np.nan)
    usual = np.flatnonzero((load > 0) & (load < ALWAYS))
    alike = _jaccard(fires.T[usual].astype(np.float32), fires.T[usual].astype(np.float32))
    rows, columns = np.nonzero(np.triu(alike >= ALIKE, 1))
    order = np.argsort(-alike[rows, columns], kind="stable")[:PAIRS_MOST]
    pairs = ((int(usual[rows[i]]), int(usual[columns[i]]), float(alike[rows[i], columns[i]])) for i in order)
    mean = float(load.mean()) if len(load) else float("nan")
    return UnitLoad(
        load,
        tuple(np.flatnonzero(load == 0).tolist()),
        tuple(np.flatnonzero(load >= ALWAYS).tolist()),
        tuple(pairs),
        float(load.std() / mean) if mean > 0 else float("nan"),
    )


# -- margins and cost ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Values in the unit of their figure: counts (b,) between edges (b + 1,); least, median and greatest."""

    edges: F64
    counts: Ids
    least: float
    median: float
    greatest: float


def distribution(values: F64) -> Distribution:
    """Of finite values; what is not finite is left out."""
    known = values[np.isfinite(values)]
    if not len(known):
        nothing = float("nan")
        return Distribution(np.zeros(0), np.zeros(0, np.int64), nothing, nothing, nothing)
    counts, edges = np.histogram(known, BINS)
    return Distribution(edges, counts, float(known.min()), float(np.median(known)), float(known.max()))


def gate_margins(table: GateTable) -> F64:
    """γ = s_(k) − s_(k+1) on each input, (n,), in scores; inf where all units fire."""
    fires = table.fires
    inside = np.where(fires, table.scores, np.inf).min(1, initial=np.inf)
    outside = np.where(fires, -np.inf, table.scores).max(1, initial=-np.inf)
    result: F64 = inside - outside
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """Multiply–accumulates of live answers, gates and features counted; `dense`: of a dense network of that size."""

    times: F64
    macs: Ids
    dense: int | None


def cost(readings: Sequence[Reading], plan_of: Callable[[int], Plan | None], base: Base | None) -> Cost:
    """Count each live answer by the version that gave it; answers of versions that are gone are left out."""
    plans: dict[int, Plan | None] = {}
    times, macs = [], []
    for reading in readings:
        if reading.version not in plans:
            plans[reading.version] = plan_of(reading.version)
        plan = plans[reading.version]
        if plan is not None and len(plan.snapshot.banks) == len(reading.bank_state):
            times.append(reading.end)
            macs.append(plan.macs_of(len(reading.active), reading.bank_state))
    dense = None if base is None else base.W1.size + base.V.size
    return Cost(np.array(times), np.array(macs, np.int64), dense)


# -- over time -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """What changes from answer to answer: seconds of stream time (m,), and how many units and answers changed in each.

    A unit that begins or ends to fire counts once. Seconds without answers are left out.
    """

    seconds: Ids
    gates: Ids
    answers: Ids


def flips(readings: Sequence[Reading]) -> Flips:
    """Count over consecutive live answers; those with a gap between them are not compared."""
    gates: dict[int, int] = {}
    answers: dict[int, int] = {}
    for before, after in pairwise(readings):
        second = int(np.floor(after.end))
        gates.setdefault(second, 0)
        answers.setdefault(second, 0)
        if after.hop != before.hop + 1:
            continue
        gates[second] += len(np.setxor1d(before.active, after.active, assume_unique=True))
        answers[second] += before.top != after.top
    seconds = sorted(gates)
    counts = (np.array([of[s] for s in seconds], np.int64) for of in (gates, answers))
    return Flips(np.array(seconds, np.int64), *counts)


# -- what is new ---------------------------------------------------------------------------------------------------


def novelty(fires: Flags, known: Flags) -> F64:
    """How unlike all known patterns (m, H) each pattern (n, H) is, (n,): 1 less the largest overlap; NaN if m = 0."""
    if not len(known):
        return np.full(len(fires), np.nan)
    result: F64 = 1.0 - _jaccard(fires.astype(np.float32), known.astype(np.float32)).max(1, initial=0.0)
    return result


@dataclass(frozen=True, slots=True)
class NearestByGates:
    """A labelled example whose gate pattern is like an input's: its id, its class, the overlap (0..1)."""

    example_id: int
    class_id: int
    overlap: float


def nearest_by_gates(active: I32, table: GateTable, count: int = 5) -> tuple[NearestByGates, ...]:
    """The inputs of a table whose patterns overlap most with a set of active units (k,), the most alike first."""
    if not len(table.inputs):
        return ()
    pattern = np.zeros((1, table.scores.shape[1]), np.float32)
    pattern[0, active] = 1.0
    overlap = _jaccard(pattern, table.fires.astype(np.float32))[0]
    order = np.argsort(-overlap, kind="stable")[:count]
    ids, labels = table.inputs.ids, table.inputs.labels
    return tuple(NearestByGates(int(ids[i]), int(labels[i]), float(overlap[i])) for i in order)


# -- all of it -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class GatingFigures:
    """The gating of one version's base over protected inputs, labelled examples and live inputs.

    Attributes
    ----------
    shares, overlap : over protected inputs and labelled examples, by class.
    load : over all inputs.
    margins : γ over all inputs, in scores.
    cost, flips : of the live answers, by the versions that gave them.
    inputs : how many protected inputs, labelled examples and live ones these are.
    novelty_times, novelty : of the live inputs against protected and labelled ones: end of the window in stream
        seconds, and how unlike each pattern is, 0..1; (m,).
    """

    version: int
    units: int
    active: int
    shares: FiringShares
    overlap: ClassOverlap
    load: UnitLoad
    margins: Distribution
    cost: Cost
    flips: Flips
    novelty_times: F64
    novelty: F64
    inputs: tuple[int, int, int]


def gating_figures(
    plan: Plan,
    protected: GateTable,
    examples: GateTable,
    live: GateTable,
    readings: Sequence[Reading],
    plan_of: Callable[[int], Plan | None],
) -> GatingFigures:
    """Gather the figures of a version that has a base; the inputs of `live` are of `readings`."""
    labelled = protected, examples
    base = plan.snapshot.base
    assert base is not None, "only a base has gates"
    ends = {reading.hop: reading.end for reading in readings}
    fires = np.concatenate([table.fires for table in labelled])
    labels = np.concatenate([table.inputs.labels for table in labelled])
    return GatingFigures(
        version=plan.snapshot.version,
        units=base.hidden,
        active=base.k,
        shares=firing_shares(fires, labels),
        overlap=class_overlap(fires, labels),
        load=unit_load(np.concatenate([fires, live.fires])),
        margins=distribution(np.concatenate([gate_margins(table) for table in (*labelled, live)])),
        cost=cost(readings, plan_of, base),
        flips=flips(readings),
        novelty_times=np.array([ends[hop] for hop in live.inputs.ids.tolist()]),
        novelty=novelty(live.fires, fires),
        inputs=(len(protected.inputs), len(examples.inputs), len(live.inputs)),
    )
