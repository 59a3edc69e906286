"""A light description of a picture, where the embedding is not installed: its colours and edges, place by place."""

from __future__ import annotations

import numpy as np

from dgstudio.types import F32, U8

SIZE = 64
CELLS = 4
"""The picture is described in 4 × 4 cells."""
WAYS = 8
"""Directions of edges, over half a turn."""
_PARTS = 3 + 3 + WAYS


class ColourGradients:
    """224 features: in each of 16 cells brightness, red − green, blue − yellow, their spreads, eight edge strengths.

    It tells scenes of other colours and outlines apart, in the same light and place; what a thing is it does not see.
    """

    title = "colours and edges"
    size = SIZE

    @staticmethod
    def names() -> tuple[str, ...]:
        """A name for each feature."""
        parts = ["light", "red-green", "blue-yellow", "light spread", "red-green spread", "blue-yellow spread"]
        parts += [f"edge {180 * way // WAYS}°" for way in range(WAYS)]
        return tuple(
            f"{part} {row + 1},{column + 1}" for row in range(CELLS) for column in range(CELLS) for part in parts
        )

    def __call__(self, picture: U8) -> F32:
        """Features (224,) float32 of a picture (64, 64, 3) uint8, red green blue."""
        red, green, blue = (picture[:, :, i].astype(np.float32) / 255 for i in range(3))
        light = (red + green + blue) / 3
        planes = np.stack([light, red - green, blue - (red + green) / 2])
        dy, dx = np.gradient(light)
        strength = np.hypot(dx, dy)
        way = np.floor((np.arctan2(dy, dx) % np.pi) * (WAYS / np.pi)).astype(np.int64) % WAYS
        edges = np.where(way == np.arange(WAYS)[:, None, None], strength, 0)
        cell = SIZE // CELLS
        cells = planes.reshape(3, CELLS, cell, CELLS, cell)
        lines = edges.reshape(WAYS, CELLS, cell, CELLS, cell).mean((2, 4))
        # Relative to the edges of the whole picture: in another light they are as strong.
        lines = np.sqrt(lines / (lines.sum() + 1e-3))
        parts = np.concatenate([cells.mean((2, 4)), cells.std((2, 4)), lines])
        features: F32 = parts.transpose(1, 2, 0).reshape(CELLS * CELLS * _PARTS).astype(np.float16).astype(np.float32)
        return features
