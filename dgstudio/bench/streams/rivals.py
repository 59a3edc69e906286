"""Two classifiers on the same features as ours: nearest mean, and linear discriminants with one covariance (SLDA)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32

SHRINKAGE = 1e-4
"""Of the covariance towards the unit matrix, as in Hayes and Kanan, *Lifelong Machine Learning with Deep Streaming
Linear Discriminant Analysis*, 2020."""


def nearest_mean(X: F32, y: npt.NDArray[np.int64], asked: F32) -> list[int]:
    """The class of the nearest mean of examples X (n, d) with classes y (n,), for each of `asked` (m, d)."""
    classes, means = _means(X, y)
    squares = np.square(asked.astype(np.float64)[:, None] - means[None]).sum(2)
    return [int(classes[place]) for place in squares.argmin(1)]


def shared_covariance(X: F32, y: npt.NDArray[np.int64], asked: F32) -> list[int]:
    """The class by linear discriminants with the covariance within the classes that all share."""
    classes, means = _means(X, y)
    away = X.astype(np.float64) - means[np.searchsorted(classes, y)]
    covariance = away.T @ away / len(X)
    precision = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(X.shape[1]))
    weights = means @ precision
    scores = asked.astype(np.float64) @ weights.T - 0.5 * np.einsum("cd,cd->c", weights, means)
    return [int(classes[place]) for place in scores.argmax(1)]


def _means(X: F32, y: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    classes = np.unique(y)
    return classes, np.stack([X[y == class_id].mean(0, dtype=np.float64) for class_id in classes])
