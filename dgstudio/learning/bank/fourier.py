"""Random Fourier features: directions that are orthogonal by blocks, and the distance that sets their scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.kernel.parts import width_for
from dgstudio.records import dataclass
from dgstudio.types import F32, F64

LEAST_WIDTH = 128
"""Entries that a transform has at least: shorter ones have too few directions to estimate a kernel. Root mean square
error of its estimate, D = 1,024, by the width that holds 2, 4, 6 inputs: .114, .069, .041; by 128: .026, .024, .025."""
SIGMA_FROM = 300
"""Inputs whose distances give σ."""


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """What `Features` needs of directions and phases: `signs` (3, width, blocks) int8, `lengths` and `phase` (D,)."""

    signs: npt.NDArray[np.int8]
    lengths: F32
    phase: F32


def waves(rng: np.random.Generator, count: int, dim: int) -> Waves:
    """Draw `count` directions over `dim` entries, orthogonal by blocks, and their phases, both in turns.

    Products of three Walsh–Hadamard transforms and diagonals of random signs (Yu et al. 2016): close to directions
    whose entries are N(0, 1), at right angles within a block, and applied in D log D additions. All have one length.
    """
    width = max(LEAST_WIDTH, width_for(dim))
    blocks = -(-count // width)
    signs = rng.choice(np.array([-1, 1], np.int8), (3, width, blocks))
    # The three transforms, not scaled, lengthen by width^1.5; a direction with N(0, 1) entries has √width.
    lengths = np.full(count, 1.0 / (2 * np.pi * width), np.float32)
    return Waves(signs, lengths, rng.random(count).astype(np.float32))


def median_distance(x: F64) -> float:
    """Median of the positive distances between rows; 0 where all rows are the same."""
    squares = np.einsum("ij,ij->i", x, x)
    between = squares[:, None] + squares[None, :] - 2 * (x @ x.T)
    pairs = between[np.triu_indices(len(x), 1)]
    # Equal rows give rounding noise instead of zero.
    positive = pairs[pairs > 1e-9 * max(1.0, float(squares.max()))]
    return float(np.sqrt(np.median(positive))) if len(positive) else 0.0
