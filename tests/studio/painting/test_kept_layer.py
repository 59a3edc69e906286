"""Layers that are kept as pixels: painted when they change; and as shapes where a picture is taken for print."""

import base64
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPicture

from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.painting.scrolling_layer import ScrollingLayer
from dgstudio.studio.painting.still import recorded as recorded_still
from dgstudio.studio.painting.still_file import svg_of
from dgstudio.studio.painting.thumbnails import draw_picture
from dgstudio.studio.theme.paper import keeps_shapes

BOX = QRectF(2, 1, 6, 4)


@pytest.fixture
def made(qapp):
    """Return a layer, what paints it, and how often that was asked for."""
    asked = []

    def paint(painter):
        asked.append(keeps_shapes(painter))
        painter.fillRect(QRectF(0, 0, 1, 1), QColor("red"))

    return KeptLayer(), paint, asked


def drawn(layer, paint, **more):
    image = QImage(12, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    layer.draw(painter, BOX, 1.0, paint, **more)
    painter.end()
    return image


def recorded(draw):
    picture = QPicture()
    painter = QPainter(picture)
    draw(painter)
    painter.end()
    return picture


def test_it_is_painted_once_for_a_key_and_again_when_told(made):
    layer, paint, asked = made
    for _ in range(3):
        image = drawn(layer, paint, ground=QColor("green"))
        assert QColor(image.pixel(2, 1)) == QColor("red") and QColor(image.pixel(7, 4)) == QColor("green")
        assert QColor(image.pixel(8, 4)) == QColor("white")
    assert asked == [False]
    drawn(layer, paint, key="another")
    layer.forget()
    drawn(layer, paint, key="another")
    assert len(asked) == 3 and layer.key == "another"


def test_for_print_shapes_are_kept_and_what_is_kept_for_the_screen_stays(made):
    layer, paint, asked = made
    drawn(layer, paint)
    picture = recorded(lambda painter: layer.draw(painter, BOX, 1.0, paint, ground=QColor("green")))
    drawn(layer, paint)
    assert asked == [False, True]
    # Ten times as large, and sharp: no pixel lies between the two colours.
    image = QImage(120, 80, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.scale(10, 10)
    picture.play(painter)
    painter.end()
    seen = {image.pixelColor(x, 15).name() for x in range(120)}
    assert seen == {QColor(name).name() for name in ("red", "green", "white")}


def test_what_scrolls_is_painted_straight_on_for_print(qapp):
    asked = []

    def paint(painter, first, stop):
        asked.append((first, stop, keeps_shapes(painter)))

    layer = ScrollingLayer(paint)
    layer.show("a", 100, 20, 4, 1.0)
    recorded(lambda painter: layer.draw_straight(painter, BOX.topLeft(), 100, 20, 4, 1.0))
    layer.show("a", 101, 20, 4, 1.0)
    assert asked == [(100, 120, False), (100, 120, True), (120, 121, False)]


def test_a_picture_that_is_cut_is_cut_in_print_too(qapp):
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 20:60] = 255
    rect = QRectF(0, 0, 10, 10)
    still = recorded_still("", QSize(10, 10), lambda painter: draw_picture(painter, pixels, rect))
    (image,) = ElementTree.fromstring(svg_of(still)).iter("{http://www.w3.org/2000/svg}image")
    data = base64.b64decode(image.get("{http://www.w3.org/1999/xlink}href").partition(",")[2])
    kept = QImage.fromData(data)
    assert (kept.width(), kept.height()) == (40, 40) and kept.pixelColor(0, 20) == QColor("white")
