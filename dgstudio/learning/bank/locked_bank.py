"""The locked bank: the page to open to understand how a model learns while it answers. Numpy, and LAPACK's Cholesky.

A bank stands above what was there before it, a base and older banks, and answers instead of these where it is open
(and, by its δ, does not merely agree):

    z = φ(x)                     fixed features of an input, (D+1,); the last of them is 1
    r = 1 + w·z                  its router: the bank is open where r > τ                   routing
    t = R z                      its read-out: one score a class, about 0 to 1              representation

To learn is to solve for w and R anew. Three things determine them: sums over all that was learned for good, the
labelled examples, and the protected inputs P, whose answers must not move.

    1  features      z = φ(x), by the kernel that serves
    2  statistics    A0 = Σ v z zᵀ + ridge,  B0 = Σ v z yᵀ,  b_r = −2 Σ v z   over what was learned for good
                     M0 = A0⁻¹,  W0 = M0 [B0 | b_r]                           what they alone would answer
    3  weights       v_i = κμ / s_c                                           s_c examples of its class
    4  regression    S α = [Y | 0] − Z W0,  S = K + diag(1/v),  K = Z M0 Zᵀ
                     [R | w] = W0 + Qᵀ α,   Q = Z M0                          one column a class; the router is the last
    5  projection    w ← w − A⁻¹ Z_Pᵀ λ,  λ ≥ 0,  so that r ≤ −m on all of P
    6  lean          t_c ← t_c + β_c (r + 1.5 s_c^(−1/2))
    7  proof         r < τ − gap on all of P, as the kernel that serves computes it

Steps 2 to 4 are one weighted ridge regression on z. The read-out is fitted to Y, a 1 for each example's class; the
router to w·z = −2 on what was learned for good and 0 on the examples, so that r aims at −1 on the old and at +1 on the
new. The matrix is A = A0 + Zᵀ diag(v) Z, and by Woodbury's identity A⁻¹ (B0 + Zᵀ diag(v) Y) = W0 + Qᵀ α. So a publish
costs the number of examples cubed, not D cubed, and an example that is taken back takes its row with it.

What is published is a function of the sums, P and the *set* of examples, to the last bit: z comes from one input at a
time, products have fixed shapes, examples are sorted by id, and the projection begins at 0. Undo, relabelling and
unlearning are exact for that reason, and every score splits exactly into what sums and P give and what each example
gives: t = base_partᵀ z + Σ_i α_i (q_i·z), likewise r − 1; `base_part` is W0 less the sums' share of step 5, leaned.

Shapes: D features, n examples, N protected inputs, C classes. All is float64, except that features come, and sums and
weights are kept, in float32. `rules.locked_bank_rule` keeps the set of examples and calls this; `contract` proves.

Sources: Woodbury (1950); random Fourier features (Rahimi and Recht 2007; orthogonal ones, Yu et al. 2016); Hildreth
(1957) for the projection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dgstudio.errors import Rejected
from dgstudio.learning.bank.lapack import cholesky, reciprocal_condition, solve_factored, symmetric_inverse
from dgstudio.learning.settings import PROJECTION_SLACK, PROOF_GAP, LearnerSettings
from dgstudio.model.plan import Plan
from dgstudio.reasons.refused import BankWouldOpen, Fault, Faulty, IllConditioned, RouterNotClosed
from dgstudio.records import dataclass
from dgstudio.types import F32, F64

METHOD = 2
"""Which method learns. Raise it with every change that moves a bit of what is learned: of the features, the regression,
the projection, how a seal folds in, or what a bank knows. A test that learns a stored recipe again holds it to that."""

RIDGE = 0.1
RIDGE_BIAS = 0.01
"""On A0's diagonal; the smaller one belongs to the last entry of z, which is 1."""
RCOND_LEAST = 1e-12
"""Below this reciprocal condition the solution's digits are noise."""
LEAN_FEW = 1.5
"""How much more a bank leans towards a class with few examples."""

Places = npt.NDArray[np.intp]


# -- 1 features ----------------------------------------------------------------------------------------------------


def features(plan: Plan, raw: F32) -> F64:
    """Embed one raw input (d,) float32: z = φ(x) = [√(2/D) cos(Ω g(x) + ϕ) ; 1], (D+1,) float64.

    g(x) is the normalised input and, above a base, all its units as they were at birth, not gated; Ω and ϕ are drawn
    once (`base_model`, or `cold_start` from nothing). By the kernel that serves, one input at a time, so that what is
    proved here is what will be answered.
    """
    return plan.embed(raw).astype(np.float64)


def features_of_rows(plan: Plan, raw: F32) -> F64:
    """The same of many raw inputs (n, d), each by itself: (n, D+1) float64."""
    phi = plan.snapshot.phi
    assert phi is not None, "only a snapshot with features can embed"
    return plan.embed_rows(raw)[:, : phi.dim].astype(np.float64)


# -- 2 statistics --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """A0 (D+1, D+1), B0 (D+1, C), b_r (D+1,) float32, and the classes that B0's columns stand for.

    A0 = Σ v z zᵀ + diag(0.1; bias 0.01), B0[:, c] = Σ_{i∈c} v z, b_r = −2 Σ v z, over all that was learned for good.
    """

    A0: F32
    B0: F32
    b_r: F32
    classes: tuple[int, ...]

    @classmethod
    def empty(cls, dim: int) -> Sums:
        """Return the sums of no data: the ridge alone. `dim` is D + 1."""
        ridge = np.full(dim, RIDGE, np.float32)
        ridge[-1] = RIDGE_BIAS
        return cls(np.diag(ridge), np.zeros((dim, 0), np.float32), np.zeros(dim, np.float32), ())

    def folded(self, Z: F64, class_ids: npt.NDArray[np.integer], mass: float) -> Sums:
        """Learn Z (n, D+1) for good: a base's training set, or what a bank that is sealed has learned.

        With v_i = mass / n_c, n_c the examples of i's class, in float64, kept in float32: what is folded in counts as
        old from now on.
        """
        classes = self.classes + tuple(int(c) for c in np.unique(class_ids) if int(c) not in self.classes)
        B0 = np.zeros((len(self.b_r), len(classes)))
        B0[:, : len(self.classes)] = self.B0
        counts = {int(c): int(n) for c, n in zip(*np.unique(class_ids, return_counts=True), strict=True)}
        weights = np.array([mass / counts[int(c)] for c in class_ids])
        weighted = Z * weights[:, None]
        for column, class_id in enumerate(classes):
            B0[:, column] += weighted[class_ids == class_id].sum(0)
        A0 = self.A0.astype(np.float64) + Z.T @ weighted
        A0 = (A0 + A0.T) / 2
        b_r = self.b_r.astype(np.float64) - 2 * weighted.sum(0)
        return Sums(A0.astype(np.float32), B0.astype(np.float32), b_r.astype(np.float32), classes)


class Statistics:
    """What a publish needs and no example changes; float64. Made anew when the sums or P change.

    Attributes
    ----------
    M0 : (D+1, D+1), A0⁻¹.
    W0 : (D+1, C+1), M0 [B0 | b_r]; the last column belongs to the router.
    Q_P : (N, D+1), Z_P M0.
    K_PP : (N, N), Q_P Z_Pᵀ.
    r0 : (N,), 1 + Z_P w0: the protected inputs' scores before any example.

    Raises
    ------
    Rejected
        If A0 is not positive definite or anything is not finite.
    """

    def __init__(self, sums: Sums, Z_P: F64) -> None:
        self.sums = sums
        dim, count = len(sums.b_r), len(Z_P)
        M0 = symmetric_inverse(sums.A0.astype(np.float64))
        if M0 is None or not np.isfinite(M0).all():
            raise Rejected(Faulty(Fault.SUMS_DAMAGED))
        # One stack, so that an example costs one product of a fixed shape: q = M0 z and its row of K_nP together.
        self._stack = np.empty((dim + count, dim))
        self._stack[:dim] = M0
        self.M0: F64 = self._stack[:dim]
        sides = np.concatenate([sums.B0, sums.b_r[:, None]], axis=1).astype(np.float64)
        self.W0: F64 = self.M0 @ sides
        self._stack[dim:] = Z_P @ self.M0
        self.Q_P: F64 = self._stack[dim:]
        self.K_PP: F64 = self.Q_P @ Z_P.T
        self.r0: F64 = 1.0 + Z_P @ self.W0[:, -1]
        if not (np.isfinite(self._stack).all() and np.isfinite(self.W0).all()):
            raise Rejected(Faulty(Fault.SUMS_NOT_FINITE))

    @property
    def dim(self) -> int:
        """D + 1."""
        return len(self.M0)

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes that have mass, in the order of W0's columns."""
        return self.sums.classes

    @property
    def protected_count(self) -> int:
        """N."""
        return len(self.r0)

    def products(self, z: F64) -> tuple[F64, F64]:
        """Give q = M0 z (D+1,) and this input's row of K_nP = z Q_Pᵀ (N,): all that an example costs when it comes."""
        both = self._stack @ z
        return both[: self.dim], both[self.dim :]

    def columns(self, classes: tuple[int, ...]) -> F64:
        """W0 for a bank of these classes, (D+1, C+1): zero where a class has no mass, the router last."""
        out = np.zeros((self.dim, len(classes) + 1))
        for column, class_id in enumerate(classes):
            if class_id in self.classes:
                out[:, column] = self.W0[:, self.classes.index(class_id)]
        out[:, -1] = self.W0[:, -1]
        return out


# -- 3 the examples and their weights ------------------------------------------------------------------------------


class LabelledRows(Protocol):
    """The examples as the regression reads them, sorted by id; `example_store.ExampleStore` keeps them."""

    @property
    def class_ids(self) -> npt.NDArray[np.int64]:
        """(n,) the class that each is labelled with."""
        ...

    @property
    def below(self) -> npt.NDArray[np.int64]:
        """(n,) the class that what lies below the bank answers, −1 for none."""
        ...

    @property
    def Z(self) -> F64:
        """(n, D+1) features."""
        ...

    @property
    def Q(self) -> F64:
        """(n, D+1), Z M0."""
        ...

    @property
    def K(self) -> F64:
        """(n, n), Z M0 Zᵀ; only the lower triangle is read."""
        ...

    @property
    def K_nP(self) -> F64:
        """(n, N), Z Q_Pᵀ."""
        ...


def class_sizes(
    class_ids: npt.NDArray[np.int64], mass: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], F64]:
    """Classes of the examples, how many examples each has, and as how many it counts, s_c.

    A class of which there are few examples and which has `mass` below counts as at least Σ n²/Σ n, the class size that
    a typical example sees: one slip of the hand among twenty labels must not be weighed up to the twenty.
    """
    classes, counts = np.unique(class_ids, return_counts=True)
    typical = (counts**2).sum() / max(1, counts.sum())
    return classes, counts, np.where(np.isin(classes, mass), np.maximum(counts, typical), counts)


def example_weights(
    class_ids: npt.NDArray[np.int64], below: npt.NDArray[np.int64], mass: tuple[int, ...], settings: LearnerSettings
) -> F64:
    """v_i = κμ/s_c (n,), by `class_sizes`; at most 1 where what lies below the bank answers right already."""
    classes, _, sizes = class_sizes(class_ids, mass)
    weights = settings.kappa * settings.mu / sizes[np.searchsorted(classes, class_ids)]
    return np.where(below == class_ids, np.minimum(weights, 1.0), weights)


def bank_classes(mass: tuple[int, ...], class_ids: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """Classes with mass, in their order, then those with examples only, by id."""
    return mass + tuple(int(c) for c in np.unique(class_ids) if int(c) not in mass)


# -- 4 the regression ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """[R | w] = W0 + Qᵀ α − Q_Pᵀ λ (router only); float64.

    Attributes
    ----------
    classes : of the bank, columns of `weights` before the last.
    weights : (D+1, C+1), the router in the last column.
    alpha : (n, C+1), rows by example id; the last column includes what the projection took away.
    base_part : (D+1, C+1), W0 less Q_Pᵀ λ in the router's column.
    rounds : sweeps of the projection.
    """

    classes: tuple[int, ...]
    weights: F64
    alpha: F64
    base_part: F64
    rounds: int


def solve(statistics: Statistics, examples: LabelledRows, settings: LearnerSettings) -> Solution:
    """Regression and projection: steps 3 to 5. A function of the statistics and the set of examples.

    Raises
    ------
    Rejected
        For numbers that are not finite, an ill-conditioned system, or a router that cannot be projected.
    """
    class_ids = examples.class_ids
    classes = bank_classes(statistics.classes, class_ids)
    base_part = statistics.columns(classes)
    v = example_weights(class_ids, examples.below, statistics.classes, settings)

    # S α = [Y | 0] − Z W0
    factor = _factored(examples.K, 1.0 / v)
    target = np.zeros((len(class_ids), len(classes) + 1))
    place = {class_id: column for column, class_id in enumerate(classes)}
    target[np.arange(len(class_ids)), [place[int(c)] for c in class_ids]] = 1.0
    target -= examples.Z @ base_part
    alpha = solve_factored(factor, target)

    # r of P with the router as it is now, and λ of the nearest one that is closed on P. G = K_PP − K_nPᵀ S⁻¹ K_nP.
    r = statistics.r0 + alpha[:, -1] @ examples.K_nP
    if not np.isfinite(alpha).all() or not np.isfinite(r).all():
        raise Rejected(Faulty(Fault.REGRESSION_NOT_FINITE))

    def rows(members: Places) -> F64:
        known = solve_factored(factor, examples.K_nP[:, members])
        result: F64 = statistics.K_PP[members] - known.T @ examples.K_nP
        return result

    multipliers, rounds = hildreth(r, rows, -settings.margin, PROJECTION_SLACK, settings.max_rounds)
    if rounds:
        # w ← w − A⁻¹ Z_Pᵀ λ, and A⁻¹ Z_Pᵀ = Q_Pᵀ − Qᵀ S⁻¹ K_nP: told apart by who carries it, the sums or an example.
        members = np.flatnonzero(multipliers)
        active = multipliers[members]
        alpha[:, -1] += solve_factored(factor, (examples.K_nP[:, members] @ active)[:, None])[:, 0]
        base_part[:, -1] -= active @ statistics.Q_P[members]

    weights = base_part + examples.Q.T @ alpha
    if not np.isfinite(weights).all():
        raise Rejected(Faulty(Fault.WEIGHTS_NOT_FINITE))
    return Solution(classes, weights, alpha, base_part, rounds)


def _factored(K: F64, ridge: F64) -> F64:
    """Cholesky factor of S = K + diag(1/v), of which only K's lower triangle is read; see `lapack.cholesky`."""
    S = K.copy()
    S[np.diag_indices_from(S)] += ridge
    # The 1-norm of the symmetric matrix from its lower triangle; a bound is enough for the estimate.
    size = np.abs(np.tril(S))
    norm = float((size.sum(0) + size.sum(1) - size.diagonal()).max())
    rcond = reciprocal_condition(S, norm) if np.isfinite(norm) and cholesky(S) else 0.0
    if not rcond > RCOND_LEAST:
        raise Rejected(IllConditioned(len(S), rcond))
    return S


# -- 5 the projection ----------------------------------------------------------------------------------------------


def hildreth(r: F64, rows: Callable[[Places], F64], limit: float, slack: float, max_rounds: int) -> tuple[F64, int]:
    """Multipliers λ ≥ 0 of the nearest router whose scores on the protected inputs are at most `limit`.

    Minimises ½‖w − w*‖² in the metric A of the regression, subject to Z_P w + 1 ≤ limit, by dual coordinate sweeps
    (Hildreth 1957): λ_i ← max(0, λ_i + (r_i − limit) / G_ii), r ← r − G_·i Δλ_i, with G = Z_P A⁻¹ Z_Pᵀ. Only inputs
    that ever violate take part; λ begins at 0 and they are swept by index, so the result depends on nothing else.

    Parameters
    ----------
    r
        (N,) float64 scores of the unconstrained router on the protected inputs.
    rows
        Gives G[V, :], (len(V), N) float64, for indices V.
    limit
        −m.
    slack
        Sweeps end once max r ≤ limit + slack.
    max_rounds
        Sweeps at most.

    Returns
    -------
    λ (N,) float64, and the number of sweeps made.

    Raises
    ------
    Rejected
        If the limit is not reached in `max_rounds` sweeps.
    """
    count = len(r)
    multipliers = np.zeros(count)
    if count == 0 or r.max() <= limit + slack:
        return multipliers, 0
    members = np.flatnonzero(r > limit)
    gram = rows(members)
    for sweep in range(1, max_rounds + 1):
        inner, excess = gram[:, members], r[members] - limit
        multipliers[members] = _swept(inner, excess, multipliers[members])
        scores = r - multipliers[members] @ gram
        if scores.max() <= limit + slack:
            return multipliers, sweep
        violating = scores > limit
        violating[members] = False
        if violating.any():
            joined = np.union1d(members, np.flatnonzero(violating))
            fresh = np.flatnonzero(violating)
            merged = np.empty((len(joined), count))
            merged[np.searchsorted(joined, members)] = gram
            merged[np.searchsorted(joined, fresh)] = rows(fresh)
            members, gram = joined, merged
    raise Rejected(RouterNotClosed(count, max_rounds))


def _swept(gram: F64, excess: F64, multipliers: F64) -> F64:
    """One pass over the members in order; `excess` is r* − limit, before any multiplier."""
    now = excess - gram @ multipliers
    result = multipliers.copy()
    diagonal = gram.diagonal().tolist()
    for i, old in enumerate(multipliers.tolist()):
        step = now[i] / diagonal[i]
        if step < -old:
            step = -old
        if step != 0.0:
            result[i] = old + step
            now -= gram[i] * step
    return result


# -- 6 the lean ----------------------------------------------------------------------------------------------------


def with_prior(solution: Solution, class_ids: npt.NDArray[np.int64], mass: tuple[int, ...], prior: float) -> Solution:
    """Let the router speak for the classes that the examples show: t_c ← t_c + β_c (r + 1.5 s_c^{-1/2}), linear in z.

    An input on which the bank is open is probably of a class that it has examples of, the more so the fewer there
    are, since ridge regression shrinks the scores of a class with few examples towards 0. s_c is the size by
    `class_sizes`, β_c = `prior` n_c/s_c · s_c²/(s_c² + 1): but a single label does not say how far its class
    reaches, and much of what it draws near is old. Whatever the read-out, the protected inputs keep the bank closed.
    The exact attribution carries over: each example's share of r is added to its share of t_c.
    """
    classes, counts, sizes = class_sizes(class_ids, mass)
    weights, alpha, base_part = solution.weights.copy(), solution.alpha.copy(), solution.base_part.copy()
    for class_id, count, size in zip(classes.tolist(), counts.tolist(), sizes.tolist(), strict=True):
        column, strength = solution.classes.index(class_id), prior * count * size / (size**2 + 1.0)
        for part in (weights, alpha, base_part):
            part[:, column] += strength * part[:, -1]
        # r = 1 + w·z, and the last entry of z is 1.
        for part in (weights, base_part):
            part[-1, column] += strength * (1.0 + LEAN_FEW * size**-0.5)
    return Solution(solution.classes, weights, alpha, base_part, solution.rounds)


# -- 7 the proof ---------------------------------------------------------------------------------------------------


def prove_closed(plan: Plan, place: int, Z_P: npt.NDArray[np.float32], first: int = 0) -> None:
    """Prove that the bank at a place is closed on protected inputs, as the kernel that serves computes it.

    A bank that is closed is skipped, so that whatever lies below answers as before, byte for byte. The weights are
    float32 by now and the kernel rounds as it likes: its own r must stay below τ by a gap that no rounding bridges.

    Parameters
    ----------
    plan
        Of the proposed version.
    Z_P
        Features of the inputs, as rows of `Plan.embed_rows`.
    first
        The number of the first of them, for the reason.

    Raises
    ------
    Rejected
        Naming the first input on which it is not.
    """
    bank = plan.snapshot.banks[place]
    number, r = plan.prove_closed(place, Z_P, bank.tau - PROOF_GAP)
    if number >= 0:
        raise Rejected(BankWouldOpen(bank.id, first + number, float(r[number]), bank.tau, PROOF_GAP))
