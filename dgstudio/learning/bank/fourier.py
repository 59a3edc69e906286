"""Random Fourier features: directions that are orthogonal by blocks, and the distance that sets their scale."""

from __future__ import annotations

import numpy as np

from dgstudio.types import F64

SIGMA_FROM = 300
"""Inputs whose distances give σ."""


def directions(rng: np.random.Generator, count: int, dim: int) -> F64:
    """Draw `count` directions (count, dim), each N(0, 1) in every coordinate, at right angles within blocks of `dim`.

    Their features estimate the Gaussian kernel with less variance than independent ones do (Yu et al. 2016).
    """
    if count < dim:
        tall, _ = np.linalg.qr(rng.standard_normal((dim, count)))
        result: F64 = tall.T * np.sqrt(rng.chisquare(dim, count))[:, None]
        return result
    blocks = []
    for _ in range(0, count, dim):
        square, _ = np.linalg.qr(rng.standard_normal((dim, dim)))
        blocks.append(square * np.sqrt(rng.chisquare(dim, dim))[:, None])
    return np.concatenate(blocks)[:count]


def median_distance(x: F64) -> float:
    """Median of the positive distances between rows; 0 where all rows are the same."""
    squares = np.einsum("ij,ij->i", x, x)
    between = squares[:, None] + squares[None, :] - 2 * (x @ x.T)
    pairs = between[np.triu_indices(len(x), 1)]
    # Equal rows give rounding noise instead of zero.
    positive = pairs[pairs > 1e-9 * max(1.0, float(squares.max()))]
    return float(np.sqrt(np.median(positive))) if len(positive) else 0.0
