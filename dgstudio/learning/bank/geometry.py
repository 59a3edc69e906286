"""Which features matter and how far a label reaches, asked of labelled examples in closed form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.learning.bank.fourier import median_distance
from dgstudio.learning.bank.locked_bank import RIDGE, RIDGE_BIAS
from dgstudio.records import dataclass
from dgstudio.types import F64

FEWEST = 32
"""With fewer examples every feature counts the same and σ is the median distance."""
READ = 256
"""Examples that the choice is made on, at most: each regression costs their number cubed."""
REACHES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Candidates for (median distance / σ)²."""
POWERS = (0.0, 0.5, 1.0)
"""Of the spread: 0 measures each feature by its own, 1 all by a common one."""
TURNS = 2
"""How often the features are weighed again by the slopes of the regression on the features weighed before."""
LEAST = 0.1
"""What every feature counts beyond its slope, whose mean over the features is 1: none is given up for good."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A regression in closed form on weighed features.

    `error` is its mean squared leave-one-out error, α (n, C) its weights, K its kernel; `weighed` (d,) says how much
    the features count, `weights` (d,) is that over σ.
    """

    error: float
    weighed: F64
    weights: F64
    K: F64
    alpha: F64


def unit_power(x: F64, spread: F64, class_ids: npt.NDArray[np.integer], mass: float) -> float:
    """Choose the p out of `POWERS` that makes x·spread^p tell the classes apart best: 1, the features share a unit.

    By the squared error of the ridge regression on examples left out; arguments are those of `weights`. 0.5 where
    there is nothing to choose by.
    """
    onehot, noise = _targets(class_ids, mass)
    found = [(_regression(x, _even(spread**power), onehot, noise), power) for power in POWERS]
    errors = [(fitted.error, power) for fitted, power in found if fitted is not None]
    return min(errors)[1] if errors else 0.5


def weights(x: F64, spread: F64, class_ids: npt.NDArray[np.int64], mass: float) -> F64:
    """Give each feature its weight over σ, (d,): the kernel is exp(−½‖weights·(x − x')‖²).

    The labels are asked whether the features share a unit, as pixels do, of which one that is hardly ever dark should
    not be magnified: either each counts by its own spread or all by a common one. Then, of the learner's own regression
    on these examples, the expected squared slope of its scores along a feature says how much the feature matters
    (Radhakrishnan et al. 2024); the regression on features weighed so has slopes of its own. σ is chosen each
    time. All choices are made by the squared error on examples left out, which a ridge regression has in closed
    form. A function of its arguments.

    Parameters
    ----------
    x, class_ids
        Normalised examples (n, d), n ≥ 1, and their classes (n,).
    spread
        What each feature was divided by (d,).
    mass
        κμ: an example weighs that over the number of its class.
    """
    count, d = x.shape
    plain = np.full(d, 1.0 / (median_distance(x) or np.sqrt(2.0 * d)))
    if count < FEWEST or len(np.unique(class_ids)) < 2:
        return plain
    chosen = np.linspace(0, count - 1, min(count, READ)).round().astype(int)
    x = x[chosen]
    onehot, noise = _targets(class_ids[chosen], mass)
    units = (np.ones(d), _even(spread))
    fitted = _better(*(_regression(x, weighed, onehot, noise) for weighed in units))
    best = fitted
    for _ in range(TURNS):
        slopes = np.zeros(d) if fitted is None else _slopes(x, fitted) * fitted.weighed**4
        if fitted is None or not slopes.mean() > 0.0:
            break
        fitted = _regression(x, _even(np.sqrt(slopes / slopes.mean() + LEAST)), onehot, noise)
        best = _better(best, fitted)
    return plain if best is None else best.weights


def _targets(class_ids: npt.NDArray[np.integer], mass: float) -> tuple[F64, F64]:
    """One column a class, (n, C), and what each example's weight is the inverse of, (n,)."""
    _, columns, counts = np.unique(class_ids, return_inverse=True, return_counts=True)
    return np.eye(len(counts))[columns], counts[columns] / mass


def _even(weighed: F64) -> F64:
    """The same with a mean square of 1."""
    result: F64 = weighed / np.sqrt(np.square(weighed).mean())
    return result


def _better(first: _Fitted | None, second: _Fitted | None) -> _Fitted | None:
    """The one with the smaller error; the first of equals."""
    if first is None or second is None:
        return first or second
    return second if second.error < first.error else first


def _regression(x: F64, weighed: F64, onehot: F64, noise: F64) -> _Fitted | None:
    """Ridge regression with the kernel exp(−½ reach·‖weighed·(x − x')‖²/σ²) and the best reach, as the bank does it.

    None where the features so weighed tell no example from another.
    """
    sigma = median_distance(x * weighed)
    if sigma == 0.0:
        return None
    distances = _squared_distances(x * weighed / sigma)
    best: _Fitted | None = None
    for reach in REACHES:
        K = np.exp(-0.5 * reach * distances)
        S = K / RIDGE + 1.0 / RIDGE_BIAS
        S[np.diag_indices_from(S)] += noise
        inverse = np.linalg.inv(S)
        alpha = inverse @ onehot
        error = float(np.square(alpha / inverse.diagonal()[:, None]).sum(1).mean())
        best = _better(best, _Fitted(error, weighed, weighed * (np.sqrt(reach) / sigma), K, alpha))
    return best


def _slopes(x: F64, fitted: _Fitted) -> F64:
    """Mean over the examples of the squared slopes of all scores along each feature (d,), but for its weight⁴."""
    total = np.zeros(x.shape[1])
    for column in fitted.alpha.T:
        pull = fitted.K * column
        total += np.square(pull @ x - pull.sum(1)[:, None] * x).mean(0)
    return total


def _squared_distances(x: F64) -> F64:
    squares = np.einsum("ij,ij->i", x, x)
    result: F64 = np.maximum(squares[:, None] + squares[None, :] - 2.0 * (x @ x.T), 0.0)
    return result
