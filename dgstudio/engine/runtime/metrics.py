"""How good answers are: confusion matrix, precision, recall, Cohen's κ, calibration, running accuracy. Pure functions.

An answer is a class id, or `UNSURE`. Weights let overlapping windows of one take count as one. A figure that nothing
can be said about, such as the recall of a class without labels, is NaN, and never 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.records import dataclass
from dgstudio.types import F64

I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

UNSURE = -1
"""Stands where no class was answered."""
BINS = 10
"""Bins of the reliability diagram, of equal width."""
LATELY = 20
"""Takes in the windowed accuracy."""


def confusion(labelled: I64, answered: I64, classes: Sequence[int], weights: F64 | None = None) -> F64:
    """Count the answers by what they should have been.

    Parameters
    ----------
    labelled, answered
        (n,) int64 class ids; `answered` may be `UNSURE`. All must be among `classes`.
    classes
        The C distinct class ids, in the order of rows and columns.
    weights
        (n,) float64, what each answer counts; default 1.

    Returns
    -------
    (C, C + 1) float64: rows are labels, columns answers, the last column is unsure.
    """
    count = len(classes)
    known = np.array([*classes, UNSURE], np.int64)
    order = np.argsort(known)
    rows = order[np.searchsorted(known, labelled, sorter=order)]
    columns = order[np.searchsorted(known, answered, sorter=order)]
    size = count * (count + 1)
    return np.bincount(rows * (count + 1) + columns, weights, size)[:size].astype(np.float64).reshape(count, count + 1)


def accuracy(matrix: F64) -> float:
    """Return the share of right answers in a confusion matrix (C, C + 1); NaN where it is empty."""
    return _ratio(float(np.trace(matrix)), float(matrix.sum()))


def recall(matrix: F64) -> F64:
    """Return, (C,) a class, the share of its labels that were answered right; unsure counts as wrong.

    Recall and precision as van Rijsbergen (1979), Information Retrieval, chapter 7, one class against the others.
    """
    return _ratios(np.diagonal(matrix), matrix.sum(axis=1))


def precision(matrix: F64) -> F64:
    """Return, (C,) a class, the share of its answers that were right (see `recall`)."""
    return _ratios(np.diagonal(matrix), matrix[:, :-1].sum(axis=0))


def cohen_kappa(matrix: F64) -> float:
    """Return κ = (p_o − p_e) / (1 − p_e): agreement of labels and answers beyond what chance gives.

    p_o is the accuracy, p_e = Σ_c p(labelled c)·p(answered c); unsure is an answer that is never a label. 1 is
    perfect, 0 is chance. NaN where p_e = 1: one class only, always answered. Cohen (1960), A coefficient of agreement
    for nominal scales, equation 1.
    """
    total = float(matrix.sum())
    if not total > 0:
        return np.nan
    chance = float(matrix.sum(axis=1) @ matrix[:, :-1].sum(axis=0)) / total**2
    return _ratio(accuracy(matrix) - chance, 1.0 - chance)


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """A reliability diagram: one entry a bin, (BINS,) float64 each.

    Attributes
    ----------
    weight : how many answers lie in the bin, weighted.
    confidence : their mean confidence, NaN where there are none.
    accuracy : the share of them that is right, NaN where there are none.
    """

    weight: F64
    confidence: F64
    accuracy: F64

    @property
    def ece(self) -> float:
        """Expected calibration error Σ_b (weight_b / Σ weight)·|accuracy_b − confidence_b|; NaN without answers.

        Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, with
        bins of equal width as Guo et al. (2017), On calibration of modern neural networks, equation 3.
        """
        filled = self.weight > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return _ratio(float(self.weight[filled] @ gaps), float(self.weight.sum()))


def reliability(confidence: F64, right: Flags, weights: F64 | None = None) -> Reliability:
    """Sort answers into `BINS` bins of confidence, of equal width.

    Parameters
    ----------
    confidence
        (n,) float64, 0..1. Bin b is (b / BINS, (b + 1) / BINS]; 0 belongs to the first.
    right
        (n,) bool.
    weights
        (n,) float64, what each answer counts; default 1.
    """
    weights = np.ones(len(confidence)) if weights is None else weights
    edges = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
    bins = np.searchsorted(edges, confidence)

    def summed(values: F64) -> F64:
        return np.bincount(bins, values, BINS).astype(np.float64)

    weight = summed(weights)
    return Reliability(weight, _ratios(summed(weights * confidence), weight), _ratios(summed(weights * right), weight))


def cumulative(scores: F64, weights: F64 | None = None) -> F64:
    """Return, (n,) a take, the mean score of all takes so far, itself too (prequential accuracy).

    Dawid (1984), Present position and potential developments: the prequential approach; Gama, Sebastião and Rodrigues
    (2013), On evaluating stream learning algorithms, section 3.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    return _ratios(np.cumsum(scores * weights), np.cumsum(weights))


def windowed(scores: F64, weights: F64 | None = None, window: int = LATELY) -> F64:
    """Return, (n,) a take, the mean score of the last `window` takes, itself too, of fewer at the beginning.

    Gama, Sebastião and Rodrigues (2013), section 3: a sliding window forgets what an early model answered.
    """
    weights = np.ones(len(scores)) if weights is None else weights

    def lately(values: F64) -> F64:
        sums = np.cumsum(values)
        sums[window:] -= sums[:-window].copy()
        return sums

    return np.clip(_ratios(lately(scores * weights), lately(weights.astype(np.float64))), 0.0, 1.0)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 1e-12 else np.nan


def _ratios(parts: npt.NDArray[np.float64], wholes: npt.NDArray[np.float64]) -> F64:
    result = np.full(len(parts), np.nan)
    np.divide(parts, wholes, out=result, where=wholes > 1e-12)
    return result
