"""The regression itself: read-out and router of the learning bank, in closed form, from the set of examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgstudio.errors import Rejected
from dgstudio.learning.bank.examples import ExampleStore
from dgstudio.learning.bank.lapack import cholesky, reciprocal_condition, solve_factored
from dgstudio.learning.bank.projection import hildreth
from dgstudio.learning.bank.sufficient_statistics import Statistics
from dgstudio.learning.settings import PROJECTION_SLACK, LearnerSettings
from dgstudio.types import F64

RCOND_LEAST = 1e-12
"""Below this reciprocal condition the solution's digits are noise."""
LEAN_FEW = 1.5
"""How much more a bank leans towards a class with few examples."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """[R | w] = W0 + Q_nᵀ α − Q_Pᵀ λ (router only); float64.

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


def class_sizes(
    class_ids: npt.NDArray[np.int64], mass: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], F64]:
    """Classes of the examples, how many examples each has, and as how many it counts.

    A class of which there are few examples and which has `mass` below counts as at least Σ n²/Σ n, the class size that
    a typical example sees: one slip of the hand among twenty labels must not be weighed up to the twenty.
    """
    classes, counts = np.unique(class_ids, return_counts=True)
    typical = (counts**2).sum() / max(1, counts.sum())
    return classes, counts, np.where(np.isin(classes, mass), np.maximum(counts, typical), counts)


def example_weights(
    class_ids: npt.NDArray[np.int64], below: npt.NDArray[np.int64], mass: tuple[int, ...], settings: LearnerSettings
) -> F64:
    """v_i = κμ/n_c, n_c by `class_sizes`; at most 1 where what lies below the bank answers right already.

    `below` (n,) is the class id that it answers, or −1.
    """
    classes, _, sizes = class_sizes(class_ids, mass)
    weights = settings.kappa * settings.mu / sizes[np.searchsorted(classes, class_ids)]
    return np.where(below == class_ids, np.minimum(weights, 1.0), weights)


def bank_classes(mass: tuple[int, ...], class_ids: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """Classes with mass, in their order, then those with examples only, by id."""
    return mass + tuple(int(c) for c in np.unique(class_ids) if int(c) not in mass)


def solve(statistics: Statistics, examples: ExampleStore, settings: LearnerSettings) -> Solution:
    """Steps 1–4 of a publish (design 3), in float64. A function of the statistics and the set of examples.

    Raises
    ------
    Rejected
        For numbers that are not finite, an ill-conditioned system, or a router that cannot be projected.
    """
    class_ids = examples.class_ids
    classes = bank_classes(statistics.classes, class_ids)
    base_part = statistics.columns(classes)
    v = example_weights(class_ids, examples.below, statistics.classes, settings)

    factor = _factor(examples.K, 1.0 / v)
    target = np.zeros((len(class_ids), len(classes) + 1))
    place: Mapping[int, int] = {class_id: column for column, class_id in enumerate(classes)}
    target[np.arange(len(class_ids)), [place[int(c)] for c in class_ids]] = 1.0
    target -= examples.Z @ base_part
    alpha = solve_factored(factor, target)

    r = statistics.r0 + alpha[:, -1] @ examples.K_nP
    if not np.isfinite(alpha).all() or not np.isfinite(r).all():
        raise Rejected("The regression gave numbers that are not finite; the examples since the last publish wait.")

    def rows(members: npt.NDArray[np.intp]) -> F64:
        known = solve_factored(factor, examples.K_nP[:, members])
        result: F64 = statistics.K_PP[members] - known.T @ examples.K_nP
        return result

    multipliers, rounds = hildreth(r, rows, -settings.margin, PROJECTION_SLACK, settings.max_rounds)
    if rounds:
        members = np.flatnonzero(multipliers)
        active = multipliers[members]
        alpha[:, -1] += solve_factored(factor, (examples.K_nP[:, members] @ active)[:, None])[:, 0]
        base_part[:, -1] -= active @ statistics.Q_P[members]

    weights = base_part + examples.Q.T @ alpha
    if not np.isfinite(weights).all():
        raise Rejected("The regression gave weights that are not finite; the examples since the last publish wait.")
    return Solution(classes, weights, alpha, base_part, rounds)


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


def resting_router(statistics: Statistics, settings: LearnerSettings) -> F64:
    """The router (D+1,) before any example, projected onto P's constraints: it opens on what is unlike all it knows.

    Raises
    ------
    Rejected
        If it cannot be kept closed on P.
    """
    Q_P, K_PP = statistics.Q_P, statistics.K_PP
    limit, slack = -settings.margin, PROJECTION_SLACK
    multipliers, _ = hildreth(statistics.r0, lambda members: K_PP[members], limit, slack, settings.max_rounds)
    router: F64 = statistics.columns(())[:, -1] - multipliers @ Q_P
    return router


def _factor(K: F64, ridge: F64) -> F64:
    """Cholesky factor of S = K + diag(1/v), of which only K's lower triangle is read; see `lapack.cholesky`."""
    S = K.copy()
    S[np.diag_indices_from(S)] += ridge
    # The 1-norm of the symmetric matrix from its lower triangle; a bound is enough for the estimate.
    size = np.abs(np.tril(S))
    norm = float((size.sum(0) + size.sum(1) - size.diagonal()).max())
    rcond = reciprocal_condition(S, norm) if np.isfinite(norm) and cholesky(S) else 0.0
    if not rcond > RCOND_LEAST:
        raise Rejected(
            f"The regression over {len(S)} examples is ill-conditioned (1/condition {rcond:.1e}): "
            "the examples since the last publish wait; lower κ, or remove examples that repeat each other."
        )
    return S
