"""From nothing: the normaliser and the random features of a model without a base, as functions of its examples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dgstudio.learning.bank.fourier import directions
from dgstudio.learning.bank.geometry import weights
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.snapshot import Features, Normaliser
from dgstudio.types import F32, F64

NOISE = 1e-6
"""A spread below this share of a feature's size is rounding."""


def fitted_on(ids: Sequence[int]) -> tuple[int, ...]:
    """Which of the examples the fit uses: the first 2^k by id, as many as there are.

    So it is made again whenever the number of examples has doubled, and depends on their set only.
    """
    count = len(ids)
    return tuple(sorted(ids)[: 1 << (count.bit_length() - 1)]) if count else ()


def fit(raw: F32, class_ids: npt.NDArray[np.int64], settings: LearnerSettings) -> tuple[Normaliser, Features]:
    """Normaliser and φ from raw examples (n, d), n ≥ 1, and their classes (n,): g = x.

    Ω_ij ~ N(0, w_j²), ϕ ~ U[0, 2π) from the seed of `settings`; w_j says how much feature j matters, over σ.
    """
    normaliser = _normaliser(raw)
    x, spread = normaliser(raw).astype(np.float64), normaliser.scale.astype(np.float64)
    w = weights(x, spread, class_ids, settings.kappa * settings.mu)
    waves, phase = _waves(settings.seed, settings.features, raw.shape[1])
    return normaliser, Features((waves * w).astype(np.float32), phase)


@lru_cache(maxsize=2)
def _waves(seed: int, count: int, dim: int) -> tuple[F64, F32]:
    """Directions (count, dim) and phases (count,), the same at every fit: drawing takes .2 s at d = 784."""
    rng = np.random.default_rng(seed)
    waves = directions(rng, count, dim)
    phase = rng.uniform(0, 2 * np.pi, count).astype(np.float32)
    for array in (waves, phase):
        array.flags.writeable = False
    return waves, phase


def _normaliser(raw: F32) -> Normaliser:
    """Each feature by its own spread: nothing says that they share a unit. A constant one gets the common floor."""
    common = Normaliser.fit(raw)
    data = raw.astype(np.float64)
    sd = data.std(0)
    varies = sd > np.maximum(NOISE * np.abs(data).max(0), np.finfo(np.float32).tiny)
    return Normaliser(common.mean, np.where(varies, sd, common.scale).astype(np.float32))
