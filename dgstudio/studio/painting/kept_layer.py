"""What stands still in a picture: painted when it has become another, and copied at every other frame."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from dgstudio.studio.theme.paper import keeps_shapes

PaintPart = Callable[[QPainter], object]
"""Paints a part of a picture whose upper left corner is at (0, 0), in logical pixels."""
PRINTED = 3.0
"""Pixels a logical one of what cannot be kept as shapes, tens of thousands of dots say, where shapes are kept."""


class KeptLayer:
    """A part of a widget's picture, kept as the pixels of its screen.

    Where shapes are kept (`keeps_shapes`) it is painted straight on, and what is kept of it stays as it is.
    """

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._made: object = None
        self.key: object = None
        """What it was painted for; None where it has to be painted anew."""

    def forget(self) -> None:
        """Paint it anew: what it shows has become another."""
        self._made = self.key = None

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        ratio: float,
        paint: PaintPart,
        *,
        key: object = True,
        ground: QColor | None = None,
    ) -> None:
        """Draw it into `box`, painted anew if `key`, the box's size or `ratio` is another than before.

        Parameters
        ----------
        ratio
            Device pixels a logical one.
        ground
            Its colour where `paint` leaves it free; None: what lies below is seen.
        """
        if keeps_shapes(painter):
            painter.save()
            painter.translate(box.topLeft())
            if ground is not None:
                painter.fillRect(QRectF(QPointF(), box.size()), ground)
            paint(painter)
            painter.restore()
            return
        made = key, box.width(), box.height(), ratio
        if self._made != made:
            self._pixmap = painted(box.width(), box.height(), ratio, paint, ground)
            self._made, self.key = made, key
        painter.drawPixmap(box.topLeft(), self._pixmap)


def painted(wide: float, tall: float, ratio: float, paint: PaintPart, ground: QColor | None = None) -> QPixmap:
    """Return what `paint` paints as a picture of its own, `wide` × `tall` logical pixels; sizes as for `KeptLayer`."""
    # Where a logical pixel is no whole number of pixels, a widget may reach one farther than its size says.
    more = int(ground is not None and ratio != int(ratio))
    pixmap = QPixmap(max(1, round(wide * ratio)) + more, max(1, round(tall * ratio)) + more)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent if ground is None else ground)
    painter = QPainter(pixmap)
    paint(painter)
    painter.end()
    return pixmap
