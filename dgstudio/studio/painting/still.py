"""Stills: what a part of the window shows at one moment, kept as shapes and letters, so that it can be printed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QPainter, QPicture, QRegion
from PySide6.QtWidgets import QWidget

from dgstudio.records import dataclass

DPI: Final = 300
"""Of what is made of pixels in print."""
PER_INCH: Final = 96
"""Logical pixels an inch: type of 13 of them is printed at 9.75 points, as the web prints it."""
MM: Final = 25.4
"""An inch in mm."""
MOST_PIXELS: Final = 40_000_000
"""Of a PNG file; a larger window is printed smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A picture as it was painted: a title for files of it, its size in logical pixels, its shapes, a description."""

    title: str
    size: QSize
    picture: QPicture
    about: str = ""

    @property
    def scale(self) -> float:
        """Pixels in print for each logical one."""
        area = max(1, self.size.width() * self.size.height())
        return min(DPI / PER_INCH, math.sqrt(MOST_PIXELS / area))

    @property
    def pixels(self) -> QSize:
        """How large it is in print, in pixels of `DPI`."""
        scale = self.scale
        return QSize(max(1, round(self.size.width() * scale)), max(1, round(self.size.height() * scale)))

    @property
    def printed_mm(self) -> tuple[float, float]:
        """How large it is in print: width and height in mm."""
        pixels = self.pixels
        return pixels.width() / DPI * MM, pixels.height() / DPI * MM

    @property
    def words(self) -> str:
        """How large it is in print, in words."""
        wide, tall = self.printed_mm
        return f"{wide:.0f} × {tall:.0f} mm at {DPI} dpi"


def recorded(title: str, size: QSize, paint: Callable[[QPainter], object], about: str = "") -> Still:
    """Keep what `paint` paints, `size` logical pixels of it. Qt thread only."""
    picture = QPicture()
    painter = QPainter(picture)
    try:
        paint(painter)
    finally:
        # Whatever happens: Qt cannot do without.
        painter.end()
    return Still(title, QSize(size), picture, about)


def still_of(widget: QWidget, title: str) -> Still:
    """Keep what a widget shows now, with all that is in it and as it looks. Qt thread only."""
    flags = QWidget.RenderFlag.DrawWindowBackground
    return recorded(title, widget.size(), lambda painter: _paint(painter, widget, QPoint(0, 0), widget.rect(), flags))


def _paint(painter: QPainter, widget: QWidget, at: QPoint, within: QRect, flags: QWidget.RenderFlag) -> None:
    """Paint a widget and what is in it, each no farther than it is seen: Qt itself keeps no clips of theirs."""
    seen = within.intersected(QRect(at, widget.size()))
    if seen.isEmpty():
        return
    painter.save()
    painter.setClipRect(seen)
    # By name: views of scenes have a `render` of their own, of another kind.
    QWidget.render(widget, painter, at, QRegion(), flags)
    painter.restore()
    # In the order in which they lie over each other.
    for child in widget.children():
        if isinstance(child, QWidget) and child.isVisible() and not child.isWindow():
            _paint(painter, child, at + child.pos(), seen, QWidget.RenderFlag.IgnoreMask)
