"""Small pictures of raw windows, drawn once each and kept."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen, QPixmap

from dgstudio.studio.classes.class_card import draw_sketch, sketch
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import F32

KEPT = 1500
"""Pictures that are kept drawn."""


class Thumbnails:
    """Pictures by window, colour and size; many examples show the same window."""

    def __init__(self) -> None:
        self._drawn: dict[object, tuple[F32 | None, QPixmap]] = {}

    def clear(self) -> None:
        """Forget all of them: the theme has changed."""
        self._drawn.clear()

    def picture(
        self, window: F32 | None, colour: str, wide: int, tall: int, ratio: float, theme: Theme, points: int = 40
    ) -> QPixmap:
        """Return a window (n, channels) in a class's colour, `wide` × `tall` logical pixels; empty without one."""
        key = (id(window), colour, wide, tall, ratio)
        known = self._drawn.get(key)
        if known is not None:
            return known[1]
        pixmap = QPixmap(round(wide * ratio), round(tall * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.colour("well"))
        if window is not None:
            painter = QPainter(pixmap)
            painter.setPen(QPen(theme.colour(theme.visible(colour)), 1))
            for line in sketch([window], points):
                draw_sketch(painter, line, QRectF(0, 0, wide, tall))
            painter.end()
        if len(self._drawn) >= KEPT:
            self._drawn.clear()
        # With its window, so that its id stays its own.
        self._drawn[key] = window, pixmap
        return pixmap
