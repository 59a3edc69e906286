"""From nothing: the normaliser and the random features of a model without a base, as functions of its examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.learning.bank.fourier import waves
from dgstudio.learning.bank.geometry import weights
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Normaliser
from dgstudio.types import F32

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

    Directions and phases from the seed of `settings`; the gain w_j says how much feature j matters, over σ.
    """
    normaliser = spread_of(raw)
    x, spread = normaliser(raw).astype(np.float64), normaliser.scale.astype(np.float64)
    w = weights(x, spread, class_ids, settings.kappa * settings.mu)
    drawn = waves(np.random.default_rng(settings.seed), settings.features, raw.shape[1])
    gain = w.astype(np.float32)
    return normaliser, Features(phase=drawn.phase, gain=gain, signs=drawn.signs, lengths=drawn.lengths)


def spread_of(raw: F32) -> Normaliser:
    """Each feature by its own spread: nothing says that they share a unit. A constant one gets the common floor."""
    common = Normaliser.fit(raw)
    data = raw.astype(np.float64)
    sd = data.std(0)
    varies = sd > np.maximum(NOISE * np.abs(data).max(0), np.finfo(np.float32).tiny)
    return Normaliser(common.mean, np.where(varies, sd, common.scale).astype(np.float32))
