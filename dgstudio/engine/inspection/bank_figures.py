"""One bank: its router against its threshold over time and over inputs, and what it answered instead of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.engine.inspection.inputs import InputKind, InputSets
from dgstudio.engine.inspection.unavailable import NoBank, UnavailableError
from dgstudio.learning.rules.locked_bank_rule import all_living, answers
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.types import F32, F64, U8, BankState, Reading

BINS = 40

SnapshotOf = Callable[[int], Snapshot | None]
"""Gives a version that is in memory; None where it is not."""


@dataclass(frozen=True, slots=True, eq=False)
class RouterHistogram:
    """How r is distributed over inputs of a kind: `counts` (BINS,) between the edges of the figures; open on `open`."""

    kind: InputKind
    counts: npt.NDArray[np.int64]
    open: int
    count: int


@dataclass(frozen=True, slots=True)
class OverruledCount:
    """So often a bank answered `after` where what lies below it answered `before` (class ids; None: nothing did)."""

    before: int | None
    after: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class BankFigures:
    """A bank of one version, and what became of it live.

    Attributes
    ----------
    tau, delta : it is open where r > τ, and speaks where it disagrees by more than −δ.
    times, r, taus, states : of the live answers by versions that have this bank, oldest first: end of the window in
        stream seconds, r and τ of that version, and its `BankState`; (m,).
    edges : of the histograms, (BINS + 1,), over all r found.
    histograms : of protected, of its own examples, and of live inputs, by this version.
    overruled : of the live answers, most frequent first.
    unknown : live answers by versions that memory has let go of: they are left out.
    """

    version: int
    place: int
    bank_id: int
    sealed: bool
    tau: float
    delta: float
    times: F64
    r: F32
    taus: F32
    states: U8
    edges: F64
    histograms: tuple[RouterHistogram, ...]
    overruled: tuple[OverruledCount, ...]
    unknown: int


def bank_figures(
    plan: Plan, place: int, sets: InputSets, protected: F32, learned: F32, snapshot_of: SnapshotOf
) -> BankFigures:
    """Look at a bank of a version, by its place from 0.

    Parameters
    ----------
    protected, learned
        Raw inputs (n, d): what this version protects, and the examples that the bank was learned from.

    Raises
    ------
    UnavailableError
        Where there is no such bank.
    """
    snapshot = plan.snapshot
    if not 0 <= place < len(snapshot.banks):
        raise UnavailableError(NoBank(snapshot.version, place))
    bank = snapshot.banks[place]
    kinds = (
        (InputKind.PROTECTED, protected),
        (InputKind.EXAMPLE, learned),
        (InputKind.LIVE, sets.live.raw),
    )
    found = [(kind, routed(plan, place, raw)) for kind, raw in kinds]
    every = np.concatenate([r for _, r in found] + [np.array([bank.tau], np.float32)])
    edges: F64 = np.histogram_bin_edges(every[np.isfinite(every)], BINS)
    histograms = tuple(
        RouterHistogram(kind, np.histogram(r, edges)[0], int((r > np.float32(bank.tau)).sum()), len(r))
        for kind, r in found
    )
    live, unknown = _live_of(sets.readings, place, bank.id, snapshot_of)
    return BankFigures(
        version=snapshot.version,
        place=place,
        bank_id=bank.id,
        sealed=bank.sealed,
        tau=bank.tau,
        delta=bank.delta,
        times=np.array([reading.end for reading, _ in live]),
        r=np.array([reading.bank_r[place] for reading, _ in live], np.float32),
        taus=np.array([reading.bank_tau[place] for reading, _ in live], np.float32),
        states=np.array([reading.bank_state[place] for reading, _ in live], np.uint8),
        edges=edges,
        histograms=histograms,
        overruled=overruled_by(live, place),
        unknown=unknown,
    )


def routed(plan: Plan, place: int, raw: F32) -> F32:
    """R of a bank on raw inputs (n, d), as the kernel that serves computes it, (n,)."""
    if not len(raw):
        return np.zeros(0, np.float32)
    return plan.prove_closed(place, plan.embed_rows(raw), np.inf)[1]


def _live_of(
    readings: Sequence[Reading], place: int, bank_id: int, snapshot_of: SnapshotOf
) -> tuple[list[tuple[Reading, Snapshot]], int]:
    """The answers by versions that have the bank at this place, with these; and how many are of unknown versions."""
    versions: dict[int, Snapshot | None] = {}
    found, unknown = [], 0
    for reading in readings:
        if reading.version not in versions:
            versions[reading.version] = snapshot_of(reading.version)
        snapshot = versions[reading.version]
        if snapshot is None:
            unknown += 1
        elif len(reading.bank_r) > place and snapshot.banks[place].id == bank_id:
            found.append((reading, snapshot))
    return found, unknown


def overruled_by(live: Iterable[tuple[Reading, Snapshot]], place: int) -> tuple[OverruledCount, ...]:
    """What a bank answered instead of what lies below it, counted over live answers with their versions."""
    spoken: dict[int, list[Reading]] = {}
    versions: dict[int, Snapshot] = {}
    for reading, snapshot in live:
        if reading.bank_state[place] == BankState.SPEAKING and len(reading.features):
            spoken.setdefault(snapshot.version, []).append(reading)
            versions[snapshot.version] = snapshot
    counts: Counter[tuple[int | None, int]] = Counter()
    for version, readings in spoken.items():
        raw, banks = np.stack([reading.features for reading in readings]), versions[version].banks
        below = _answered(versions[version].with_(banks=banks[:place]), raw)
        after = _answered(versions[version].with_(banks=banks[: place + 1]), raw)
        counts.update((b, a) for b, a in zip(below, after, strict=True) if a is not None)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][1], item[0][0] or -1))
    return tuple(OverruledCount(before, after, count) for (before, after), count in ordered)


def _answered(lower: Snapshot, raw: F32) -> list[int | None]:
    """Class id that the parts of a version answer to each input, however unsure; None where nothing answers."""
    if not answers(lower):
        return [None] * len(raw)
    plan = Plan(all_living(lower))
    return [plan.snapshot.classes[i] for i in plan.logits_of_rows(raw).argmax(1).tolist()]
