"""From nothing: the normaliser and the random features of a model without a base, as functions of its examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgstudio.learning.fourier import SIGMA_FROM, median_distance
from dgstudio.model.snapshot import Features, Normaliser
from dgstudio.types import F32


def fitted_on(ids: Sequence[int]) -> tuple[int, ...]:
    """Which of the examples the fit uses: the first 2^k by id, as many as there are.

    So it is made again whenever the number of examples has doubled, and depends on their set only.
    """
    count = len(ids)
    return tuple(sorted(ids)[: 1 << (count.bit_length() - 1)]) if count else ()


def fit(raw: F32, features: int, seed: int) -> tuple[Normaliser, Features]:
    """Normaliser and φ from raw examples (n, d), n ≥ 1: g = x, Ω_ij ~ N(0, 1/σ²), ϕ ~ U[0, 2π) from `seed`.

    σ is the median positive distance between the first 300 normalised examples; with a single point it is √(2d),
    the distance expected of two standardised inputs.
    """
    normaliser = Normaliser.fit(raw)
    sigma = median_distance(normaliser(raw[:SIGMA_FROM]).astype(np.float64)) or float(np.sqrt(2 * raw.shape[1]))
    rng = np.random.default_rng(seed)
    omega = rng.standard_normal((features, raw.shape[1])) / sigma
    phase = rng.uniform(0, 2 * np.pi, features)
    return normaliser, Features(omega.astype(np.float32), phase.astype(np.float32))
