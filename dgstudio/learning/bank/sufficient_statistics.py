"""The base's statistics: weighted sums over its training set, and everything that follows from them and P."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgstudio.errors import Rejected
from dgstudio.learning.bank.lapack import symmetric_inverse
from dgstudio.types import F32, F64

RIDGE = 0.1
RIDGE_BIAS = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """A0 (D+1, D+1), B0 (D+1, C), b_r (D+1,) float32, and the classes that B0's columns stand for (design 3).

    A0 = Σ v z zᵀ + diag(0.1; bias 0.01), B0[:, c] = Σ_{i∈c} v z, b_r = −2 Σ v z.
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

    def folded(self, Z: F64, class_ids: npt.NDArray[np.integer], mu: float) -> Sums:
        """Add examples Z (n, D+1) with mass μ for each of their classes, in float64, stored in float32 again.

        With v_i = μ / n_c, n_c the examples of i's class: A0 += Σ_i v_i z_i z_iᵀ, B0[:, c] += Σ_{i∈c} v_i z_i,
        b_r −= 2 Σ_i v_i z_i, as the base's own training set was summed (design 3): what is folded in counts as old
        from now on, and r aims at −1 on it.
        """
        classes = self.classes + tuple(int(c) for c in np.unique(class_ids) if int(c) not in self.classes)
        B0 = np.zeros((len(self.b_r), len(classes)))
        B0[:, : len(self.classes)] = self.B0
        counts = {int(c): int(n) for c, n in zip(*np.unique(class_ids, return_counts=True), strict=True)}
        weights = np.array([mu / counts[int(c)] for c in class_ids])
        weighted = Z * weights[:, None]
        for column, class_id in enumerate(classes):
            B0[:, column] += weighted[class_ids == class_id].sum(0)
        A0 = self.A0.astype(np.float64) + Z.T @ weighted
        A0 = (A0 + A0.T) / 2
        b_r = self.b_r.astype(np.float64) - 2 * weighted.sum(0)
        return Sums(A0.astype(np.float32), B0.astype(np.float32), b_r.astype(np.float32), classes)


class Statistics:
    """What a publish needs and no example changes; float64. Recomputed when the sums or P change.

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
        # One stack, so that an example costs one product of a fixed shape: q = M0 z and its row of K_nP together.
        self._stack = np.empty((dim + count, dim))
        self._stack[:dim] = _inverse(sums.A0.astype(np.float64))
        self.M0: F64 = self._stack[:dim]
        sides = np.concatenate([sums.B0, sums.b_r[:, None]], axis=1).astype(np.float64)
        self.W0: F64 = self.M0 @ sides
        self._stack[dim:] = Z_P @ self.M0
        self.Q_P: F64 = self._stack[dim:]
        self.K_PP: F64 = self.Q_P @ Z_P.T
        self.r0: F64 = 1.0 + Z_P @ self.W0[:, -1]
        if not (np.isfinite(self._stack).all() and np.isfinite(self.W0).all()):
            raise Rejected("The base's statistics hold numbers that are not finite: load another base model.")

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
        """Give q = M0 z (D+1,) and this input's row of K_nP = z Q_Pᵀ (N,).

        One input at a time: bits depend on shapes, and must not depend on what else is learned in the same block.
        """
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


def _inverse(A0: F64) -> F64:
    inverse = symmetric_inverse(A0)
    if inverse is None or not np.isfinite(inverse).all():
        raise Rejected("The base's statistics cannot be inverted: its sums are damaged; load another base model.")
    return inverse
