"""Stills of widgets: what is seen of each and no more, in the order in which they lie over each other."""

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView, QScrollArea, QWidget

from dgstudio.studio.painting.still import recorded, still_of


class Plain(QWidget):
    """A widget of one colour that paints beyond its edges."""

    def __init__(self, colour, parent=None):
        super().__init__(parent)
        self.colour = colour

    def paintEvent(self, _event):
        QPainter(self).fillRect(self.rect().adjusted(-10, -10, 10, 10), QColor(self.colour))


@pytest.fixture
def shown(qtbot):
    """Return a function that shows a widget of 100 × 100 with others in it."""
    made = []

    def show(fill):
        window = Plain("white")
        made.append(window)
        qtbot.addWidget(window)
        window.resize(100, 100)
        fill(window)
        with qtbot.waitExposed(window):
            window.show()
        return window

    return show


def drawn(still):
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    still.picture.play(painter)
    painter.end()
    return image


def test_nothing_is_painted_beyond_its_widget_or_what_is_scrolled_to(shown):
    def fill(window):
        red, area, inner = Plain("red", window), QScrollArea(window), Plain("green")
        red.setGeometry(20, 20, 20, 20)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setGeometry(50, 50, 40, 40)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner.resize(30, 200)
        blue = Plain("blue", inner)
        blue.setGeometry(5, 30, 15, 40)
        area.setWidget(inner)

    window = shown(fill)
    image = drawn(still_of(window, ""))
    assert image == window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert image.pixelColor(19, 25) == QColor("white") and image.pixelColor(20, 25) == QColor("red")
    assert image.pixelColor(57, 85) == QColor("blue") and image.pixelColor(57, 95) == QColor("white")


def test_what_lies_over_another_hides_it_and_what_is_hidden_is_left_out(shown):
    parts = []

    def fill(window):
        for colour in ("red", "green", "blue"):
            part = Plain(colour, window)
            part.setGeometry(10, 10, 50, 50)
            parts.append(part)

    window = shown(fill)
    assert drawn(still_of(window, "")).pixelColor(20, 20) == QColor("blue")
    parts[0].raise_()
    assert drawn(still_of(window, "")).pixelColor(20, 20) == QColor("red")
    parts[0].hide()
    assert drawn(still_of(window, "")).pixelColor(20, 20) == QColor("blue")


def test_views_of_scenes_are_in_it(shown):
    def fill(window):
        scene = QGraphicsScene(window)
        scene.addRect(0, 0, 400, 400, QColor("red"), QColor("red"))
        view = QGraphicsView(scene, window)
        view.setGeometry(20, 20, 50, 50)

    image = drawn(still_of(shown(fill), ""))
    assert image.pixelColor(40, 40) == QColor("red") and image.pixelColor(90, 40) == QColor("white")


def test_a_widget_that_cannot_paint_ends_nothing_but_its_still(shown):
    window = shown(lambda window: Plain("red", window).setGeometry(QRect(10, 10, 20, 20)))

    def fail(_painter):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        recorded("", window.size(), fail)
    assert drawn(still_of(window, "")).pixelColor(20, 20) == QColor("red")
