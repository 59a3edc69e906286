"""Pictures that scroll: what is painted when, and that it stays where it was in time."""

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from dgstudio.studio.painting.scrolling_layer import ScrollingLayer

WIDE, TALL = 40, 4


@pytest.fixture
def made(qapp):
    """Return a layer whose column n is of colour n, and the stretches that it has painted."""
    asked = []

    def paint(painter, first, stop):
        asked.append((first, stop))
        for place, column in enumerate(range(first, stop)):
            painter.fillRect(QRectF(place, -1, 1, TALL + 2), QColor.fromRgb(column % 256, 0, 0))
        # Beyond its stretch: is cut.
        painter.fillRect(QRectF(-9, 0, 9, TALL), QColor("green"))
        painter.fillRect(QRectF(stop - first, 0, 9, TALL), QColor("green"))

    return ScrollingLayer(paint), asked


def seen(layer):
    image = QImage(WIDE, TALL, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    layer.draw(painter, QPointF(0, 0))
    painter.end()
    return [QColor(image.pixel(x, TALL - 1)).red() for x in range(WIDE)]


def test_only_new_columns_are_painted_and_each_keeps_its_place(made):
    layer, asked = made
    for first in (1000, 1001, 1001, 1007, 1030, 1055, 1080, 1081, 1200):
        layer.show("a", first, WIDE, TALL, 1.0)
        assert seen(layer) == [column % 256 for column in range(first, first + WIDE)]
    assert asked[:4] == [(1000, 1040), (1040, 1041), (1041, 1047), (1047, 1070)]
    assert asked[-1] == (1200, 1240) and layer.repaints == 2


def test_what_is_unsettled_is_painted_again_and_another_key_paints_all(made):
    layer, asked = made
    layer.show("a", 0, WIDE, TALL, 1.0)
    layer.repaint_from(37)
    layer.show("a", 1, WIDE, TALL, 1.0)
    assert asked[-1] == (37, 41)
    layer.show("b", 1, WIDE, TALL, 1.0)
    assert asked[-1] == (1, 41)
    layer.forget()
    layer.show("b", 1, WIDE, TALL, 1.0)
    assert asked[-1] == (1, 41) and layer.repaints == 3


def test_a_view_that_jumps_back_is_painted_anew(made):
    layer, asked = made
    layer.show("a", 500, WIDE, TALL, 1.0)
    layer.show("a", 100, WIDE, TALL, 1.0)
    assert asked[-1] == (100, 140) and seen(layer)[0] == 100


@pytest.mark.parametrize("ratio", [1.5, 2.0])
def test_device_pixels_are_copied_one_by_one(qapp, ratio):
    def paint(painter, first, stop):
        for place, column in enumerate(range(first, stop)):
            painter.fillRect(QRectF(place / ratio, 0, 1 / ratio, TALL), QColor.fromRgb(column % 256, 0, 0))

    layer = ScrollingLayer(paint)
    layer.show("a", 0, WIDE, TALL, ratio)
    layer.show("a", 7, WIDE, TALL, ratio)
    image = QImage(WIDE, TALL, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    layer.draw(painter, QPointF(0, 0))
    painter.end()
    assert [QColor(image.pixel(x, 1)).red() for x in range(WIDE)] == list(range(7, 7 + WIDE))
