"""A rival of the studio's rule for "unsure": how far features z lie outside the subspace of what was learned."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from dgstudio.types import F32, F64

DIRECTIONS = 64
"""Leading eigenvectors of A0: the subspace of the base's own training inputs."""
ADDED = 12
"""Directions that a bank's examples add to it, at most."""
SMALL = 1e-6
"""Directions whose size is below this share of the examples' are rounding noise."""


def directions(A0: F32) -> F64:
    """U0 (≤ 64, D+1): the leading eigenvectors of A0, orthonormal rows."""
    dim = len(A0)
    count = min(DIRECTIONS, dim)
    _, vectors = eigh(A0.astype(np.float64), subset_by_index=(dim - count, dim - 1))
    result: F64 = vectors.T
    return result


def added_directions(U0: F64, Z: F64) -> F64:
    """What examples Z (n, D+1) add to U0: (≤ 12, D+1), the leading right singular vectors of what lies outside."""
    rest = Z - (Z @ U0.T) @ U0
    # By the small matrix of products: rest has many more columns than rows.
    squares, sides = eigh(rest @ rest.T)
    sizes = np.sqrt(np.maximum(squares, 0.0))
    kept = np.flatnonzero(sizes > SMALL * np.linalg.norm(Z))[::-1][:ADDED]
    result: F64 = (sides[:, kept] / sizes[kept]).T @ rest
    return result
