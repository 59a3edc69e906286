"""Unlike anything learned: how far an input's features lie outside the subspace of what was learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import eigh

from dgstudio.learning.statistics import Sums
from dgstudio.model.snapshot import Features
from dgstudio.types import F32, F64

DIRECTIONS = 64
"""Leading eigenvectors of A0: the subspace of the base's own training inputs."""
ADDED = 12
"""Directions that a bank's examples add to it, at most."""
FROM = 128
"""Examples that give a bank's directions, at most."""
USUAL, UNUSUAL = 0.5, 0.995
"""Quantiles of the residual of inputs that the base knows, though it was not measured with them."""
SLACK, FEW = 1.5, 6.0
"""A bank is unsure beyond usual + (SLACK + FEW/n)·(unusual − usual), n its examples a class."""
STRETCHES = 10
"""Of each class, alternately in one half and in the other."""
SMALL = 1e-6
"""Directions whose size is below this share of the examples' are rounding noise."""


def with_known(phi: Features, Z: F64, labels: np.ndarray, mu: float, A0: F32) -> Features:
    """φ that knows where its base's inputs lie: U0 from A0, and how large their residual usually is.

    The residual is e = z·z − ‖U0 z‖². A subspace fits its own inputs too well, so what is usual is measured on one half
    of the training inputs Z (n, D+1) with the directions of the other. The halves are stretches of neighbours, in turn:
    windows of one take or one person stand together and are alike.
    """
    place = np.empty(len(labels), np.int64)
    for class_id in np.unique(labels):
        members = np.flatnonzero(labels == class_id)
        place[members] = np.arange(len(members)) * STRETCHES // len(members)
    dim, found = Z.shape[1], []
    for half in (0, 1):
        inside = place % 2 == half
        if not inside.any() or inside.all():
            return phi
        U = directions(Sums.empty(dim).folded(Z[inside], labels[inside], mu).A0)
        found.append(residual(U, Z[~inside]))
    usual, unusual = np.quantile(np.concatenate(found), (USUAL, UNUSUAL))
    return replace(phi, seen=directions(A0), usual=float(usual), unusual=float(unusual))


def directions(A0: F32) -> F32:
    """U0 (≤ 64, D+1): the leading eigenvectors of A0, orthonormal rows."""
    dim = len(A0)
    count = min(DIRECTIONS, dim)
    _, vectors = eigh(A0.astype(np.float64), subset_by_index=(dim - count, dim - 1))
    return np.ascontiguousarray(vectors.T, np.float32)


def residual(U: F32, Z: F64) -> F64:
    """E = z·z − ‖U z‖² of each row of Z (n, D+1)."""
    inside = Z @ U.astype(np.float64).T
    result: F64 = np.einsum("ij,ij->i", Z, Z) - np.einsum("ij,ij->i", inside, inside)
    return result


def added_directions(phi: Features, Z: F64) -> F32:
    """What examples Z (n, D+1), n ≤ 128, add to U0: (≤ 16, D+1) leading right singular vectors of what lies outside."""
    assert phi.seen is not None, "only features that know their base's inputs can be added to"
    U0 = phi.seen.astype(np.float64)
    rest = Z - (Z @ U0.T) @ U0
    # By the small matrix of products: rest has many more columns than rows.
    squares, sides = eigh(rest @ rest.T)
    sizes = np.sqrt(np.maximum(squares, 0.0))
    kept = np.flatnonzero(sizes > SMALL * np.linalg.norm(Z))[::-1][:ADDED]
    return _coarse(np.ascontiguousarray((sides[:, kept] / sizes[kept]).T @ rest, np.float32))


def _coarse(values: F32) -> F32:
    """Rounded to 8 significant bits (bfloat16), still float32.

    Directions are compared with a limit that is itself a rough quantile, and they are the largest part of a version:
    with half of their bits zero they take a third of the room in a session.
    """
    bits = values.view(np.uint32)
    nearest = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (nearest & np.uint32(0xFFFF0000)).view(np.float32)


def limit(phi: Features, examples: int, classes: int) -> float:
    """Residual beyond which a bank with so many examples of so many classes is unsure."""
    a_class = max(1.0, examples / max(1, classes))
    return phi.usual + (SLACK + FEW / a_class) * (phi.unusual - phi.usual)
