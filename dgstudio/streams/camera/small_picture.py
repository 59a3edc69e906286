"""The small pictures that are kept for the past, and with examples: as pixels, and as windows of numbers."""

from __future__ import annotations

import numpy as np

from dgstudio.types import F32, U8

KEPT = (48, 64)
"""Rows and columns of the small pictures that are kept for the past, and with examples."""


def window_of(pixels: U8) -> F32:
    """A small picture (n, m, 3) uint8 as a window (n, 3·m) float32: how an example of a stream of pictures keeps it."""
    return pixels.reshape(len(pixels), -1).astype(np.float32)


def picture_of(window: F32) -> U8 | None:
    """A small picture (48, 64, 3) uint8 from its window; None for a window of something else.

    A picture is known by its shape, and that its numbers are those of bytes.
    """
    rows, columns = KEPT
    if window.shape != (rows, 3 * columns):
        return None
    values = np.nan_to_num(window).astype(np.uint8)
    return values.reshape(rows, columns, 3) if np.array_equal(values, window) else None


def shrunk(pixels: U8) -> U8:
    """The middle of a picture at 64 × 48: each pixel the mean of a block."""
    rows, columns = KEPT
    tall, wide = pixels.shape[:2]
    block = min(tall // rows, wide // columns)
    if block == 0:
        return np.ascontiguousarray(pixels[(np.arange(rows) * tall) // rows][:, (np.arange(columns) * wide) // columns])
    high, broad = rows * block, columns * block
    part = pixels[(tall - high) // 2 :, (wide - broad) // 2 :][:high, :broad]
    mean = part.reshape(rows, block, columns, block, 3).mean((1, 3), dtype=np.float32)
    small: U8 = np.rint(mean).astype(np.uint8)
    return small
