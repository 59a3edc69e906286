"""Small pictures of raw windows, drawn once each and kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPixmap, QPolygonF

from dgstudio.streams.camera.small_picture import picture_of
from dgstudio.studio.painting.kept_layer import painted
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import F32, U8

KEPT = 1500
"""Pictures that are kept drawn."""
MOMENT = 3
"""Samples up to which a window has no course to be drawn: what is drawn is the place of its last one (a pointer's)."""
DOT = 2.6
"""Logical pixels from the middle of that place to its edge."""


def sketch(windows: Sequence[F32], size: int) -> list[F32]:
    """Return each window (n, channels) as one line of at most `size` values in 0..1, all on one scale.

    The line is the channel that varies most over all windows, so that thumbnails of a class compare. Of windows that
    are moments it is the place of the last sample's first two channels, (1, 2) in 0..1, where they run from −1 to 1.
    """
    kept = [np.nan_to_num(np.atleast_2d(window)) for window in windows if window.size]
    if not kept:
        return []
    if max(len(window) for window in kept) <= MOMENT and kept[0].shape[1] > 1:
        return [np.clip((window[-1:, :2] + 1) / 2, 0.0, 1.0).astype(np.float32) for window in kept]
    channel = busiest(kept)
    lines = [window[:, channel] for window in kept]
    low, high = min(line.min() for line in lines), max(line.max() for line in lines)
    span = max(float(high - low), 1e-9)
    thinned = [line[np.linspace(0, len(line) - 1, min(size, len(line))).astype(int)] for line in lines]
    return [((line - low) / span).astype(np.float32) for line in thinned]


def busiest(windows: Sequence[F32]) -> int:
    """Return the channel that varies most over all windows, each (n, channels)."""
    return int(np.argmax(np.mean([window.std(0) for window in map(np.nan_to_num, windows)], 0)))


def draw_sketch(painter: QPainter, line: F32, rect: QRectF) -> None:
    """Draw one line, or one place, of `sketch` into `rect` with the painter's pen."""
    if line.ndim > 1:
        x, y = line[-1].tolist()
        inside = rect.adjusted(DOT + 1, DOT + 1, -DOT - 1, -DOT - 1)
        at = QPointF(inside.left() + x * inside.width(), inside.bottom() - y * inside.height())
        painter.setBrush(painter.pen().color())
        painter.drawEllipse(at, DOT, DOT)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        return
    xs = np.linspace(rect.left() + 1, rect.right() - 1, len(line))
    ys = rect.bottom() - 2 - line * (rect.height() - 4)
    painter.drawPolyline(QPolygonF([QPointF(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]))


def draw_picture(painter: QPainter, pixels: U8, rect: QRectF, *, whole: bool = False) -> None:
    """Draw a picture (n, m, 3) into `rect`, cut to its shape, or `whole`, in its middle."""
    tall, wide = pixels.shape[:2]
    image = QImage(pixels.tobytes(), wide, tall, 3 * wide, QImage.Format.Format_RGB888)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
    if whole:
        fit = min(rect.width() / wide, rect.height() / tall)
        box = QRectF(0, 0, wide * fit, tall * fit)
        box.moveCenter(rect.center())
        painter.drawImage(box, image)
        return
    scale = min(wide / max(rect.width(), 1), tall / max(rect.height(), 1))
    part = QRectF(0, 0, rect.width() * scale, rect.height() * scale)
    part.moveCenter(QRectF(0, 0, wide, tall).center())
    if keeps_shapes(painter):
        # A part of an image is kept as all of it.
        painter.drawImage(rect, image.copy(part.toRect()))
    else:
        painter.drawImage(rect, image, part)


class Thumbnails:
    """Pictures by window, colour and size; many examples show the same window."""

    def __init__(self) -> None:
        self._drawn: dict[object, tuple[F32 | None, QPixmap]] = {}

    def clear(self) -> None:
        """Forget all of them: the theme has changed."""
        self._drawn.clear()

    def draw(
        self,
        painter: QPainter,
        at: QPoint,
        window: F32 | None,
        colour: str,
        wide: int,
        tall: int,
        ratio: float,
        theme: Theme,
        points: int = 40,
    ) -> None:
        """Draw a window (n, channels) in a class's colour, `wide` × `tall` logical pixels; empty without one."""
        if keeps_shapes(painter):
            box = QRectF(at.x(), at.y(), wide, tall)
            painter.save()
            painter.fillRect(box, theme.colour("well"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            _draw_window(painter, window, colour, box, theme, points)
            painter.restore()
        else:
            painter.drawPixmap(at, self._picture(window, colour, wide, tall, ratio, theme, points))

    def _picture(
        self, window: F32 | None, colour: str, wide: int, tall: int, ratio: float, theme: Theme, points: int
    ) -> QPixmap:
        key = (id(window), colour, wide, tall, ratio)
        known = self._drawn.get(key)
        if known is not None:
            return known[1]
        box = QRectF(0, 0, wide, tall)
        pixmap = painted(
            wide,
            tall,
            ratio,
            lambda painter: _draw_window(painter, window, colour, box, theme, points),
            theme.colour("well"),
        )
        if len(self._drawn) >= KEPT:
            self._drawn.clear()
        # With its window, so that its id stays its own.
        self._drawn[key] = window, pixmap
        return pixmap


def _draw_window(painter: QPainter, window: F32 | None, colour: str, box: QRectF, theme: Theme, points: int) -> None:
    pixels = None if window is None else picture_of(window)
    if pixels is not None:
        draw_picture(painter, pixels, box)
    elif window is not None:
        painter.setPen(QPen(theme.colour(theme.visible(colour)), 1))
        for line in sketch([window], points):
            draw_sketch(painter, line, box)
