"""What a model has learned, as far as "unsure" needs it: which inputs are like something learned. Numpy and BLAS only.

Two things make an answer unsure; neither touches a logit.

*Unlike*: with y = `weights` ∘ x, no prototype of the base has ‖y − p_k‖² ≤ ρ_k, and no open bank has an example within
its reach. *Doubtful*: the largest logit leads the next by less than `lead`.

A protected input keeps its verdict through every publish that keeps the contract: its logits keep their bytes, this
part keeps its bytes, and so do the banks that may be open on it; all other banks are closed on it and not asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.model.arrays import Arrays
from dgstudio.model.routines import sgemv
from dgstudio.types import F32, F64


@dataclass(frozen=True, eq=False)
class Known(Arrays):
    """`weights` (d,) of the normalised features; `near` (K, d) prototypes, weighted, and ρ = `reach` (K,).

    Both are None where the model began from nothing: then only the examples of banks are known. `taught` (n, d) and
    `taught_reach` (n,) are examples that the base itself has learned since (the gradient rule). `lead`, in logits, is
    what the best answer must be ahead of the second.
    """

    weights: F32
    near: F32 | None = None
    reach: F32 | None = None
    taught: F32 | None = None
    taught_reach: F32 | None = None
    lead: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for rows, reach in ((self.near, self.reach), (self.taught, self.taught_reach)):
            if rows is not None and (reach is None or rows.shape != (len(reach), len(self.weights))):
                raise BadInputError("The prototypes of what a model knows do not fit their weights or their reach.")
        if not self.lead >= 0.0:
            raise BadInputError("The lead that an answer needs must be a number of 0 or more.")

    def rows(self) -> tuple[F32, F32] | None:
        """All that the base knows: prototypes and taught examples (n, d), and their reach (n,); None from nothing."""
        if self.near is None or self.reach is None:
            return None
        if self.taught is None or self.taught_reach is None:
            return self.near, self.reach
        return np.concatenate([self.near, self.taught]), np.concatenate([self.reach, self.taught_reach])


class Nearest:
    """Whether a weighted input is within reach of one of some prototypes, in one product. Compiled for serving.

    ‖y − p_k‖² ≤ ρ_k ⇔ p_k·y − ½(‖p_k‖² − ρ_k) ≥ ½‖y‖².

    Parameters
    ----------
    near
        P (K, d) float32, K ≥ 1.
    reach
        ρ, (K,) or one for all.
    """

    __slots__ = ("_columns", "_offset", "size")

    def __init__(self, near: F32, reach: F32 | float) -> None:
        self._columns = near.T
        self.size = near.size
        offset: F64 = np.square(near, dtype=np.float64).sum(1) - reach
        self._offset = (0.5 * offset).astype(np.float32)

    def __call__(self, y: F32, half: float) -> bool:
        """Of y (d,) float32 and ½‖y‖²."""
        # The wrapper keeps the interpreter's lock, and numpy does for so few numbers (see plan.py).
        # α, A, x, β, y, first and step of x and of y, transposed: named arguments cost a third of the call.
        ahead = sgemv(1.0, self._columns, y, -1.0, self._offset, 0, 1, 0, 1, 1)
        return bool(np.maximum.reduce(ahead) >= half)


def nearest_of_base(known: Known | None) -> Nearest | None:
    """Compile what the base knows; None where that is nothing."""
    rows = None if known is None else known.rows()
    return Nearest(*rows) if rows is not None and len(rows[0]) else None


def nearest_of_bank(near: F32 | None, reach: float) -> Nearest | None:
    """Compile the examples of a bank; None where it has none to tell by."""
    return None if near is None or not len(near) or math.isinf(reach) else Nearest(near, reach)
