"""Hildreth's projection of a router onto "closed on every protected input"."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dgstudio.errors import Rejected
from dgstudio.types import F64

Rows = Callable[[np.ndarray[tuple[int], np.dtype[np.intp]]], F64]


def hildreth(r: F64, rows: Rows, limit: float, slack: float, max_rounds: int) -> tuple[F64, int]:
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
        multipliers[members] = _sweep(inner, excess, multipliers[members])
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
    raise Rejected(
        f"The router could not be kept closed on all {count} protected inputs within {max_rounds} rounds: "
        "the new examples lie too close to protected ones. Label clearer examples, or release the protected inputs."
    )


def _sweep(gram: F64, excess: F64, multipliers: F64) -> F64:
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
