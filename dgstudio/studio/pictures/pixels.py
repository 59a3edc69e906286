"""Images as arrays of pixels, and back; any thread."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from dgstudio.types import U8

MOST_SIDE: Final = 1080
"""Pixels of the longer side of a moving picture: a larger window is made smaller."""


def pixels_of(image: QImage) -> U8:
    """Return an image as pixels (tall, wide, 3), made smaller where it is larger than `MOST_SIDE`."""
    if max(image.width(), image.height()) > MOST_SIDE:
        image = _scaled(image, MOST_SIDE, MOST_SIDE)
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    wide, tall = image.width(), image.height()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(tall, image.bytesPerLine())
    return rows[:, : 3 * wide].reshape(tall, wide, 3).copy()


def fitted(pixels: U8, wide: int, tall: int) -> U8:
    """Return pixels (h, w, 3) as large as they can be in (tall, wide, 3), in the middle; around is their corner's."""
    if pixels.shape == (tall, wide, 3):
        return pixels
    height, width, _ = pixels.shape
    rows = np.ascontiguousarray(pixels)
    image = QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    inner = pixels_of(_scaled(image, wide, tall))
    found = np.empty((tall, wide, 3), np.uint8)
    found[:] = pixels[0, 0]
    top, left = (tall - inner.shape[0]) // 2, (wide - inner.shape[1]) // 2
    found[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return found


def _scaled(image: QImage, wide: int, tall: int) -> QImage:
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(QSize(wide, tall), keep, smooth)
