"""What a model has learned, as far as "unsure" needs it: which inputs are like something learned. Numpy only.

Two things make an answer unsure; neither touches a logit.

*Unlike*: with y = `weights` ∘ x, no prototype of the base has ‖y − p_k‖² ≤ ρ_k, and no open bank has an example within
its reach. *Doubtful*: the largest logit leads the next by less than `lead`.

A protected input keeps its verdict through every publish that keeps the contract: its logits keep their bytes, this
part keeps its bytes, and so do the banks that may be open on it; all other banks are closed on it and not asked.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.kernel import parts
from dgstudio.kernel.backend import backend
from dgstudio.model.arrays import Arrays
from dgstudio.records import dataclass
from dgstudio.types import F32


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

    @cached_property
    def for_kernel(self) -> parts.Near:
        """All that the base knows, as the kernel reads it."""
        rows = self.rows()
        if rows is None or not len(rows[0]):
            return parts.NOTHING_NEAR
        return parts.near(rows[0], backend().near_start(*rows))

    def rows(self) -> tuple[F32, F32] | None:
        """All that the base knows: prototypes and taught examples (n, d), and their reach (n,); None from nothing."""
        if self.near is None or self.reach is None:
            return None
        if self.taught is None or self.taught_reach is None:
            return self.near, self.reach
        return np.concatenate([self.near, self.taught]), np.concatenate([self.reach, self.taught_reach])
