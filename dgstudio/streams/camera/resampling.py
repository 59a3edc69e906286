"""Pictures to another size: every pixel counts once, as an area."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32


@lru_cache(maxsize=64)
def _weights(before: int, after: int) -> F32:
    """(after, before): how much each old pixel gives to each new one; a triangle as wide as a new pixel, both ways."""
    scale = before / after
    reach = max(scale, 1.0)
    middles = (np.arange(after) + 0.5) * scale
    away = np.abs(np.arange(before)[None] + 0.5 - middles[:, None]) / reach
    weights = np.maximum(1.0 - away, 0.0)
    weights /= weights.sum(1, keepdims=True)
    weights = weights.astype(np.float32)
    weights.setflags(write=False)
    return weights


def resized(plane: npt.NDArray[np.generic], rows: int, columns: int) -> F32:
    """A plane (n, m) of numbers as one of (rows, columns) float32."""
    values = plane.astype(np.float32)
    if values.shape[0] != rows:
        values = _weights(values.shape[0], rows) @ values
    if values.shape[1] != columns:
        values = values @ _weights(values.shape[1], columns).T
    return values
