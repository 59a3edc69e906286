"""Base models with fewer random features: what is learned above them takes a fraction of the time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dgstudio.model.base_model_file import BaseModel

WAVES = 256


def with_few_waves(base: BaseModel, waves: int = WAVES) -> BaseModel:
    """The same base with the first of its random features only; the sums over its training set are theirs."""
    phi, before = base.phi, len(base.phi.phase)
    assert phi.signs is not None and phi.lengths is not None, "shipped bases have structured directions"
    blocks = -(-waves // phi.signs.shape[1])
    kept = np.append(np.arange(waves), before)
    scale = np.append(np.full(waves, np.sqrt(before / waves)), 1.0).astype(np.float32)[:, None]
    return replace(
        base,
        phi=replace(phi, signs=phi.signs[:, :, :blocks], lengths=phi.lengths[:waves], phase=phi.phase[:waves]),
        A0=base.A0[np.ix_(kept, kept)] * scale * scale.T,
        B0=base.B0[kept] * scale,
        b_r=base.b_r[kept] * scale[:, 0],
    )
