"""Images of 28 × 28 pixels for experiments in 784 features: ten made-up signs, drawn by hands that differ.

No data set of that size ships with what dgstudio depends on, and nothing is downloaded; so this one is synthetic, the
same on every machine. Each sign is two or three polylines with fixed corners; each hand
moves every corner, turns, slants, scales and shifts the sign, and presses more or less. (The three nearest of 1,400
are right on .84 of the others.)
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32, F64

SIDE = 28
SIGNS = 10
OF_EACH = 200
WHITE = 16.0
"""Of a pixel; they run from 0, as those of scikit-learn's digits."""
CORNER = 0.09
"""Standard deviation of a corner, in half widths of the image."""
DEGREES = 14.0
"""Standard deviation of the turn."""
NOISE = 1.2
"""Standard deviation of a pixel."""
SEED = 784


@cache
def strokes() -> tuple[F32, npt.NDArray[np.int64]]:
    """Images (2000, 784) float32, by rows, 0 to 16, and which sign each is, (2000,)."""
    rng = np.random.default_rng(SEED)
    signs = [_sign(rng) for _ in range(SIGNS)]
    images = [_drawn(signs[number % SIGNS], rng) for number in range(SIGNS * OF_EACH)]
    X = np.asarray(images, np.float32)
    X.flags.writeable = False
    return X, np.arange(len(X), dtype=np.int64) % SIGNS


def _sign(rng: np.random.Generator) -> list[F64]:
    """Polylines of a sign, each (corners, 2) in −1..1; all signs share a frame, so that they are alike in part."""
    frame = np.array([[-0.5, -0.6], [0.5, -0.6]])
    lines = [rng.uniform(-0.7, 0.7, (int(rng.integers(3, 5)), 2)) for _ in range(int(rng.integers(1, 3)))]
    return [frame, *lines]


def _drawn(sign: list[F64], rng: np.random.Generator) -> F64:
    """One image (784,) of a sign."""
    angle = np.radians(rng.normal(0.0, DEGREES))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1.0, rng.normal(0.0, 0.15)], [0.0, 1.0]])
    change = rng.uniform(0.75, 1.15) * turn @ slant
    shift, pen = rng.normal(0.0, 0.08, 2), rng.uniform(0.06, 0.11)
    axis = np.linspace(-1.0, 1.0, SIDE)
    pixels = np.stack(np.meshgrid(axis, axis, indexing="xy"), -1).reshape(-1, 2)
    nearest = np.full(len(pixels), np.inf)
    for line in sign:
        corners = (line + rng.normal(0.0, CORNER, line.shape)) @ change.T + shift
        for start, end in pairwise(corners):
            nearest = np.minimum(nearest, _distance(pixels, start, end))
    ink = WHITE * np.exp(-0.5 * np.square(nearest / pen))
    image: F64 = np.clip(ink + rng.normal(0.0, NOISE, len(ink)), 0.0, WHITE)
    return image


def _distance(pixels: F64, start: F64, end: F64) -> F64:
    """Distance of each pixel (n, 2) to a segment."""
    along = end - start
    share = np.clip((pixels - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
    result: F64 = np.linalg.norm(pixels - start - share[:, None] * along, axis=1)
    return result
