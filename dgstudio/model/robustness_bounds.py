"""Margins and bounds: how far an input or the weights may move before other parts answer, or the answer changes.

All are functions of snapshots and one input, in float64 (design 4). They hold for exact arithmetic; against the
serving kernel, which rounds to float32, within 2(k + 2)·2⁻²⁴·Σ|terms|.
"""

from __future__ import annotations

import math

import numpy as np

from dgstudio.model.plan import BANK_GAIN, UNKNOWN_LOGIT, Answer, Plan
from dgstudio.model.snapshot import Base, Snapshot
from dgstudio.records import dataclass
from dgstudio.types import BASE, F32, F64, NOBODY, BankState

EUCLIDEAN, LARGEST = "euclidean", "largest"
"""Norms in which a move h of the normalised input is measured: (Σ h_i²)^½, or max |h_i|."""


# -- margins: how far until other parts answer ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class GateMargin:
    """How safely the base's active set S is chosen for one input.

    Attributes
    ----------
    gamma : γ = s_(k) − s_(k+1). S stays as long as max_j |Δs_j| < γ/2 (design 4).
    radius : S stays as long as the normalised input moves by less than this.
    reach : (H,) float64, the same for each unit: how far at least until it leaves S, or enters it.
    leaves, enters : the units that change places first; −1 where all units are active.
    """

    gamma: float
    radius: float
    reach: F64
    leaves: int
    enters: int


def gate_margin(plan: Plan, answer: Answer, norm: str = EUCLIDEAN) -> GateMargin | None:
    """How far the input of an answer may move before the base's k-th gate changes; None without a base.

    With G = Θψ, i ∈ S and j ∉ S: (s_i − s_j)(x + h) = (s_i − s_j)(x) + (G_i − G_j)·h, and by Hölder's inequality
    |(G_i − G_j)·h| ≤ ‖G_i − G_j‖_* ‖h‖, with equality for some h. So S stays for every h with
    ‖h‖ < min over i, j of (s_i − s_j) / ‖G_i − G_j‖_*: the distance of x to the nearest of these hyperplanes
    (Mangasarian 1999, "Arbitrary-norm separating plane"). ‖·‖_* is the dual norm: Euclidean to Euclidean, Σ|·| to
    the largest. A raw input may move by as much times the normaliser's scale, feature by feature; clipping only
    shortens moves.

    Raises
    ------
    ValueError
        For a norm that is neither `EUCLIDEAN` nor `LARGEST`.
    """
    if norm not in (EUCLIDEAN, LARGEST):
        raise ValueError(f"There is no norm “{norm}”: choose {EUCLIDEAN} or {LARGEST}.")
    base = plan.snapshot.base
    if base is None:
        return None
    G, s = _gates(base), gate_scores(base, answer.x)
    inside = np.asarray(answer.active, np.intp)
    outside = np.setdiff1d(np.arange(base.hidden), inside)
    reach = np.full(base.hidden, math.inf)
    if not len(outside):
        return GateMargin(math.inf, math.inf, reach, -1, -1)
    # Never below 0: where rounding orders a pair the other way, it is a tie.
    gaps = np.maximum(s[inside][:, None] - s[outside][None], 0.0)
    slopes = _distances(G[inside], G[outside], norm)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Equal gates never change places: the tie between them is broken by index, for good.
        far = np.where(slopes > 0, gaps / slopes, math.inf)
    reach[inside], reach[outside] = far.min(1), far.min(0)
    i, j = np.unravel_index(int(far.argmin()), far.shape)
    return GateMargin(float(gaps.min()), float(far.min()), reach, int(inside[i]), int(outside[j]))


@dataclass(frozen=True, slots=True)
class BankMargin:
    """How safely one bank does what it does on one input.

    Attributes
    ----------
    bank : its id.
    router : r − τ; the bank is open where this is above 0.
    disagreement : (max_{c≠ĉ} t_c − t_ĉ) + δ, ĉ the answer of what lies below; it speaks where this is above 0. None
        where it is closed, and where there is nothing to disagree with (δ off, or no ĉ).
    """

    bank: int
    router: float
    disagreement: float | None

    @property
    def least(self) -> float:
        """How far what it did is from being something else: the smaller of |r − τ| and the disagreement's |·|."""
        return min(abs(self.router), math.inf if self.disagreement is None else abs(self.disagreement))


def bank_margins(plan: Plan, answer: Answer) -> tuple[BankMargin, ...]:
    """|r − τ| of every router, and of the open banks the distance of the disagreement to −δ (design 4)."""
    snapshot, z = plan.snapshot, answer.z
    if z is None:
        return ()
    below = None if snapshot.base is None else snapshot.base.classes[int(answer.base_logits.argmax())]
    found = []
    for place, bank in enumerate(snapshot.banks):
        gap: float | None = None
        if answer.state[place] != BankState.CLOSED:
            t = bank.R.astype(np.float64) @ z
            if below is not None and math.isfinite(bank.delta):
                own = float(t[bank.classes.index(below)]) if below in bank.classes else 0.0
                others = [float(v) for c, v in zip(bank.classes, t, strict=True) if c != below]
                gap = (max(others) - own + bank.delta) if others else -math.inf
            if answer.state[place] == BankState.SPEAKING:
                below = bank.classes[int(t.argmax())]
        found.append(BankMargin(bank.id, float(answer.r[place]) - bank.tau, gap))
    return tuple(found)


# -- bounds: how much the answer may change ------------------------------------------------------------------------


def routing_room(plan: Plan, answer: Answer) -> float:
    """Every number of Θ, c and the routers may move by less than this, and the same parts are active and open.

    A number that moves by ε moves a score by at most ε(‖ψx‖₁ + 1), so two scores change places only if
    2ε(‖ψx‖₁ + 1) ≥ γ; and r_b by at most ε‖z‖₁, which must stay below |r_b − τ_b|. (Hölder's inequality with the
    largest change of a number; γ and |r − τ| are the margins of design 4.)
    """
    room = math.inf
    base = plan.snapshot.base
    if base is not None and math.isfinite(answer.margin):
        room = answer.margin / (2 * (float(np.abs(_features(base, answer.x)).sum()) + 1))
    if answer.z is not None:
        size = float(np.abs(answer.z.astype(np.float64)).sum())
        room = min([room, *(abs(margin.router) / size for margin in bank_margins(plan, answer))])
    return room


def weight_bound(plan: Plan, answer: Answer, epsilon: float) -> F64:
    """|Δ logit_c| at most, (C,) in the order of the living classes, if no weight moves by more than ε.

    The same parts answer. Where the base does, with W1, b1, V, b2 moved: |Δu_j| ≤ η = ε(‖x‖₁ + 1), since relu does
    not stretch, so by the weight bound of design 4, |Δb2_c| + Σ_{j∈S} |V'_jc u'_j − V_jc u_j|, it is at most
    ε + Σ_{j∈S} (|V_jc| η + ε (u_j + η)). Where a bank speaks, with its read-out moved: 10·ε·‖z‖₁. A class that the part
    does not know keeps its −30.
    """
    snapshot = plan.snapshot
    if answer.speaker == NOBODY:
        return np.zeros(len(snapshot.classes))
    if answer.speaker == BASE:
        base = snapshot.base
        assert base is not None, "the base answers"
        eta = epsilon * (float(np.abs(answer.x.astype(np.float64)).sum()) + 1)
        V = np.abs(base.V[answer.active].astype(np.float64))
        u = answer.activations.astype(np.float64)
        bound = epsilon + V.sum(0) * eta + epsilon * (u + eta).sum()
        return _over_living(snapshot, base.classes, bound)
    assert answer.z is not None, "a bank speaks, so there are features"
    bank = snapshot.banks[answer.speaker]
    size = BANK_GAIN * epsilon * float(np.abs(answer.z.astype(np.float64)).sum())
    return _over_living(snapshot, bank.classes, np.full(len(bank.classes), size))


@dataclass(frozen=True, slots=True, eq=False)
class ChangeBound:
    """How much an answer can have changed from one snapshot to another.

    Attributes
    ----------
    classes : the C class ids living in both.
    routing : (C,) float64, Σ over flipped units |V_jc| u_j, each unit's in the snapshot that opens it.
    weights : (C,) float64, |Δb2_c| + Σ over units open in both |V'_jc u'_j − V_jc u_j|; of a bank that speaks in both,
        10 Σ_d |R'_cd z'_d − R_cd z_d|.
    flipped : the units that are open in one of them only, ascending.
    """

    classes: tuple[int, ...]
    routing: F64
    weights: F64
    flipped: tuple[int, ...]

    @property
    def total(self) -> F64:
        """|Δ logit_c| is at most this, (C,)."""
        return self.routing + self.weights


def change_bound(a: Plan, b: Plan, raw: F32) -> ChangeBound:
    """Bound the change of each logit from `a` to `b` on raw features (d,), by who answers and with what (design 4).

    Routing bound: |Δ logit_c| ≤ Σ over flipped units |V_jc| u_j; no flips, no change. Weight bound (no flips):
    |Δ logit_c| ≤ |Δb2_c| + Σ_{j active} |V'_jc u'_j − V_jc u_j|. Together, by the triangle inequality, they bound
    any change of the base's answer. Where another part answers than before, or the bases have different units, there
    is no such sum: all of the change itself is put down to routing.
    """
    one, other = a.answer(raw), b.answer(raw)
    classes = tuple(c for c in a.snapshot.classes if c in b.snapshot.classes)
    zero = np.zeros(len(classes))
    was, now = (_columns(plan.snapshot, answer.logits, classes) for plan, answer in ((a, one), (b, other)))
    old, new = a.snapshot.base, b.snapshot.base
    flips = np.setxor1d(one.active, other.active)
    flipped = tuple(int(j) for j in flips)
    if one.speaker == other.speaker == BASE and old is not None and new is not None and old.hidden == new.hidden:
        mine, its = _contributions(old, one, classes), _contributions(new, other, classes)
        moved = np.abs(its - mine)
        routing = moved[flips].sum(0)
        weights = np.delete(moved, flips, axis=0).sum(0) + np.abs(_offsets(new, classes) - _offsets(old, classes))
        return ChangeBound(classes, routing, weights, flipped)
    if one.speaker >= 0 and other.speaker >= 0:
        bank, its_bank = a.snapshot.banks[one.speaker], b.snapshot.banks[other.speaker]
        if bank.id == its_bank.id and one.z is not None and other.z is not None and len(one.z) == len(other.z):
            terms = _terms(bank.R, bank.classes, one.z, classes)
            its_terms = _terms(its_bank.R, its_bank.classes, other.z, classes)
            weights = np.abs(its_terms - terms).sum(1)
            return ChangeBound(classes, zero, weights, flipped)
    return ChangeBound(classes, np.abs(now - was), zero, flipped)


# -- over many inputs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Margins of N inputs, float64: over the protected ones they say how much room routing has left.

    Attributes
    ----------
    gamma, radius : (N,), as in `GateMargin`; inf without a base.
    router : (N, B), r − τ of each bank.
    disagreement : (N, B), as in `BankMargin`, NaN where that has none.
    """

    gamma: F64
    radius: F64
    router: F64
    disagreement: F64

    def __len__(self) -> int:
        return len(self.gamma)

    def __add__(self, other: Room) -> Room:
        return Room(
            np.concatenate([self.gamma, other.gamma]),
            np.concatenate([self.radius, other.radius]),
            np.concatenate([self.router, other.router]),
            np.concatenate([self.disagreement, other.disagreement]),
        )


def room(plan: Plan, inputs: F32) -> Room:
    """Margins of raw inputs (N, d), each answered alone by the serving kernel."""
    gamma, radius, router, disagreement = [], [], [], []
    for raw in inputs:
        answer = plan.answer(raw)
        gates = gate_margin(plan, answer)
        gamma.append(math.inf if gates is None else gates.gamma)
        radius.append(math.inf if gates is None else gates.radius)
        banks = bank_margins(plan, answer)
        router.append([margin.router for margin in banks])
        disagreement.append([math.nan if m.disagreement is None else m.disagreement for m in banks])
    shape = len(inputs), len(plan.snapshot.banks)
    return Room(
        np.asarray(gamma, np.float64),
        np.asarray(radius, np.float64),
        np.asarray(router, np.float64).reshape(shape),
        np.asarray(disagreement, np.float64).reshape(shape),
    )


# -- inside --------------------------------------------------------------------------------------------------------


def _gates(base: Base) -> F64:
    """G = Θψ, (H, d)."""
    theta = base.theta.astype(np.float64)
    return theta if base.psi is None else theta @ base.psi.astype(np.float64)


def _features(base: Base, x: F32) -> F64:
    wide = x.astype(np.float64)
    return wide if base.psi is None else wide @ base.psi.T.astype(np.float64)


def gate_scores(base: Base, x: F32) -> F64:
    """s = Θψ(x) + c of normalised inputs (d,) or (n, d), in float64: (H,) or (n, H)."""
    scores: F64 = _features(base, x) @ base.theta.T.astype(np.float64) + base.c
    return scores


def _distances(A: F64, B: F64, norm: str) -> F64:
    """‖A_i − B_j‖ in the dual norm, (len(A), len(B))."""
    if norm == LARGEST:
        # A row at a time: all differences at once would take k(H − k)d numbers.
        return np.array([np.abs(row - B).sum(1) for row in A])
    sizes = np.square(A).sum(1)[:, None] + np.square(B).sum(1)
    squares = sizes - 2 * (A @ B.T)
    # Where two rows are nearly the same, the difference of sums says little.
    i, j = np.nonzero(squares <= 1e-8 * sizes)
    squares[i, j] = np.square(A[i] - B[j]).sum(1)
    distances: F64 = np.sqrt(squares)
    return distances


def _over_living(snapshot: Snapshot, own: tuple[int, ...], bound: F64) -> F64:
    by_class = dict(zip(own, bound.tolist(), strict=True))
    return np.array([by_class.get(c, 0.0) for c in snapshot.classes])


def _columns(snapshot: Snapshot, logits: F32, classes: tuple[int, ...]) -> F64:
    places = [snapshot.classes.index(c) for c in classes]
    columns: F64 = logits[places].astype(np.float64)
    return columns


def _contributions(base: Base, answer: Answer, classes: tuple[int, ...]) -> F64:
    """V_jc u_j of every unit, (H, C): 0 where it is not open, and for classes that the base does not know."""
    table = np.zeros((base.hidden, len(classes)))
    u = answer.activations.astype(np.float64)
    for column, class_id in enumerate(classes):
        if class_id in base.classes:
            V = base.V[answer.active, base.classes.index(class_id)]
            table[answer.active, column] = V.astype(np.float64) * u
    return table


def _offsets(base: Base, classes: tuple[int, ...]) -> F64:
    """b2 (C,), −30 for classes that the base does not know."""
    known = dict(zip(base.classes, base.b2.tolist(), strict=True))
    return np.array([known.get(c, UNKNOWN_LOGIT) for c in classes])


def _terms(R: F32, own: tuple[int, ...], z: F32, classes: tuple[int, ...]) -> F64:
    """10 R_cd z_d, (C, D+1), and −30 in one more column for classes that the bank does not know."""
    table = np.zeros((len(classes), len(z) + 1))
    for row, class_id in enumerate(classes):
        if class_id in own:
            table[row, :-1] = BANK_GAIN * R[own.index(class_id)].astype(np.float64) * z
        else:
            table[row, -1] = UNKNOWN_LOGIT
    return table
