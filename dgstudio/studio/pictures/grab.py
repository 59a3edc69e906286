"""What a part of the window shows, as pixels, at little cost."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

COPIED: Final = ("offscreen", "xcb")
"""Platforms on which the pixels of a window lie in memory and can be copied at any time, in a fortieth of the time that
painting them once more takes. On others that may be so, but nobody has tried."""


def grabbed(widget: QWidget) -> QImage:
    """Return what a widget shows, in device pixels. Qt thread only."""
    ratio = widget.devicePixelRatioF()
    wide, tall = round(widget.width() * ratio), round(widget.height() * ratio)
    corner = widget.mapTo(widget.window(), QPoint(0, 0))
    place = QRect(round(corner.x() * ratio), round(corner.y() * ratio), wide, tall)
    pixels = _pixels_of_window(widget)
    if pixels is not None and pixels.rect().contains(place):
        image = pixels.copy(place)
    else:
        image = QImage(wide, tall, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        widget.render(image, QPoint(0, 0))
    image.setDevicePixelRatio(1.0)
    return image


def _pixels_of_window(widget: QWidget) -> QImage | None:
    """What its window has painted, where that lies in memory; to be copied at once, as it is the window's own."""
    if QGuiApplication.platformName() not in COPIED or not widget.isVisible():
        return None
    store = widget.backingStore()
    device = None if store is None else store.paintDevice()
    return device if isinstance(device, QImage) and not device.isNull() else None
