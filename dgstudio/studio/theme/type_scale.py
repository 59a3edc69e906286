"""How large type is in a window of some size: it gives way where there is no room, and grows on a large screen."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize

ROOM: Final = (1280, 720)
"""Logical pixels that the window's parts need at the usual size of type."""
LARGE: Final = (1920, 1080)
"""Logical pixels from which on type grows: a large screen is looked at from farther away."""
GROWTH: Final = 0.6
"""Type grows with this power of the window's size: larger words, and more of them."""
STEP: Final = 0.025
"""The scale changes in such steps: another one dresses every part of the window anew."""


def type_scale(size: QSize, ratio: float) -> float:
    """Return how many times the usual size type has in a window of so many logical pixels.

    It is never smaller than the usual size would be without a scale factor: `ratio` is that of device to logical
    pixels, and where it leaves the window's parts no room, it is what gives way.
    """
    fits = min(size.width() / ROOM[0], size.height() / ROOM[1])
    large = min(size.width() / LARGE[0], size.height() / LARGE[1])
    scale = large**GROWTH if large > 1 else max(min(1.0, fits), min(1.0, 1 / ratio))
    # Down, so that it fits.
    return max(STEP, int(scale / STEP + 1e-6) * STEP)
