"""Pictures that scroll: columns of stream time, painted once at the right edge and copied from then on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

Paint = Callable[[QPainter, int, int], None]
"""Paints the device columns from the first number to before the second. x = 0 is the left edge of the first of them, in
logical pixels as y; what lies outside is clipped."""


class ScrollingLayer:
    """The last columns of a picture of time, as audio programs and oscilloscopes keep them.

    Columns are device pixels, numbered from the beginning of the stream: what was painted stays right to the pixel
    however far the view has moved. `show` paints those that lack, `draw` copies those in view.

    Parameters
    ----------
    paint
        See `Paint`.
    """

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._pixmap = QPixmap()
        self._key: object = None
        self._ratio = 1.0
        self._first = self._origin = self._painted = 0
        self._wide = 0
        self.repaints = 0
        """How often all of it has been painted."""

    def forget(self) -> None:
        """Paint all columns anew: what they show has become another."""
        self._key = None

    def repaint_from(self, column: int) -> None:
        """Paint anew from this column on."""
        self._painted = min(self._painted, column)

    def show(self, key: object, first: int, wide: int, tall: int, ratio: float) -> None:
        """Have the columns `first` to before `first + wide` painted, `tall` device pixels each.

        Where `key` is not that of before, all of them are painted anew. `ratio` is that of device to logical pixels.
        """
        stop, size = first + wide, QRect(0, 0, 2 * wide, tall).size()
        known = self._key is not None and key == self._key and self._pixmap.size() == size and ratio == self._ratio
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        self._key, self._ratio, self._wide = key, ratio, wide
        if not known or not self._origin <= first <= self._painted:
            self._origin = self._painted = first
            self.repaints += 1
        elif stop > self._origin + 2 * wide:
            # Its end is reached: what is in view goes back to the beginning, once in as many columns.
            shift = first - self._origin
            self._pixmap.scroll(-shift, 0, self._pixmap.rect())
            self._origin = first
        self._first = first
        if self._painted < stop:
            begin = max(self._painted, first)
            painter = QPainter(self._pixmap)
            painter.translate(begin - self._origin, 0)
            painter.scale(ratio, ratio)
            painter.setClipRect(QRectF(0, 0, (stop - begin) / ratio, tall / ratio))
            self._paint(painter, begin, stop)
            painter.end()
            self._painted = stop

    def draw_straight(self, painter: QPainter, place: QPointF, first: int, wide: int, tall: int, ratio: float) -> None:
        """Paint the columns `first` to before `first + wide` at `place` and keep nothing of it, where shapes are kept.

        The columns are of `ratio` a logical pixel; what is kept and shown has another, and stays as it is.
        """
        painter.save()
        painter.translate(place)
        # Of what the widget stands in, no more is seen than before.
        painter.setClipRect(QRectF(0, 0, wide / ratio, tall / ratio), Qt.ClipOperation.IntersectClip)
        self._paint(painter, first, first + wide)
        painter.restore()

    def draw(self, painter: QPainter, place: QPointF) -> None:
        """Copy what is shown to `place`, its upper left corner in logical pixels."""
        ratio, tall = self._ratio, self._pixmap.height()
        source = QRectF(self._first - self._origin, 0, self._wide, tall)
        # In device pixels, else each pixel would be looked for by its coordinates where the scale is no whole number.
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawPixmap(QPointF(place.x() * ratio, place.y() * ratio), self._pixmap, source)
        painter.scale(ratio, ratio)
