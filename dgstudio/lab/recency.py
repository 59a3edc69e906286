"""How many of the newest examples still hold, where what a label means may drift."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.learning.bank.locked_bank import RIDGE, RIDGE_BIAS
from dgstudio.types import F64

JUDGED = 100
"""Newest examples by whose errors a window is judged."""
SURE = 1.0
"""A shorter window must be better than all examples by so many standard errors."""


def newest_that_hold(Z: F64, class_ids: npt.NDArray[np.int64], mass: float) -> int:
    """Return how many of the newest examples predict the newest ones best: all, a half, a quarter, and so on.

    The learning bank's regression on each window gives the squared error of each of the newest `JUDGED` examples if
    that one is left out, in closed form. Old examples that newer ones contradict make it larger.

    Parameters
    ----------
    Z, class_ids
        Features (n, D+1) and classes (n,), the oldest first.
    mass
        κμ: an example weighs that over the number of its class.
    """
    count = len(Z)
    ridge = np.full(Z.shape[1], RIDGE)
    ridge[-1] = RIDGE_BIAS
    K = (Z / ridge) @ Z.T
    _, columns = np.unique(class_ids, return_inverse=True)
    onehot = np.eye(columns.max(initial=0) + 1)[columns]
    best, window = count, count
    everything = least = _errors(K, columns, onehot, mass)
    while window // 2 >= JUDGED:
        window //= 2
        errors = _errors(K[-window:, -window:], columns[-window:], onehot[-window:], mass)
        gain = everything - errors
        if errors.mean() < least.mean() and gain.mean() > SURE * gain.std() / len(gain) ** 0.5:
            best, least = window, errors
    return best


def _errors(K: F64, columns: npt.NDArray[np.int64], onehot: F64, mass: float) -> F64:
    """Squared leave-one-out errors (≤ JUDGED,) of the newest examples of a window."""
    S = K.copy()
    S[np.diag_indices_from(S)] += np.bincount(columns)[columns] / mass
    inverse = np.linalg.inv(S)[-JUDGED:]
    left_out = (inverse @ onehot) / inverse[:, -len(inverse) :].diagonal()[:, None]
    result: F64 = np.square(left_out).sum(1)
    return result
