"""The pad: mouse, finger, pen and keys move the pointer within it; class keys are left to the window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QInputDevice, QKeyEvent, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.studio.pad.pad_view import PadView, Shown
from dgstudio.studio.theme.theme import DARK

LEFT = Qt.MouseButton.LeftButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def pad(qtbot):
    view = PadView()
    qtbot.addWidget(view)
    view.resize(420, 300)
    with qtbot.waitExposed(view):
        view.show()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    view.places = []
    view.pointed.connect(lambda x, y: view.places.append((x, y)))
    yield view
    view.close()


def shown_at(x, y, answer=None, words=""):
    return Shown(np.array([[0.0, 0.0], [x, y]], np.float32), answer, words)


def test_the_plane_is_a_square_in_the_middle_with_y_upwards(pad):
    assert pad.square.getRect() == (60, 0, 300, 300)
    assert pad.pixel_of(-1, 1) == QPointF(60, 0) and pad.pixel_of(1, -1) == QPointF(360, 300)
    assert pad.place_of(QPointF(210, 150)) == pytest.approx((0, 0))
    assert pad.place_of(QPointF(0, 400)) == (-1, -1)


def test_the_mouse_moves_the_pointer_by_being_there(pad):
    QTest.mouseMove(pad, QPoint(285, 75))
    assert pad.places[-1] == pytest.approx((0.5, 0.5))
    before = len(pad.places)
    QTest.mouseMove(pad, QPoint(10, 75))
    assert len(pad.places) == before
    QTest.mousePress(pad, LEFT, NONE, QPoint(285, 225))
    assert pad.places[-1] == pytest.approx((0.5, -0.5))


def test_a_finger_moves_it_and_so_does_a_pen_that_hovers(pad):
    screen = QTest.createTouchDevice()
    QTest.touchEvent(pad, screen).press(1, QPoint(135, 75), pad)
    assert pad.places[-1] == pytest.approx((-0.5, 0.5))
    QTest.touchEvent(pad, screen).move(1, QPoint(285, 75), pad)
    assert pad.places[-1] == pytest.approx((0.5, 0.5))
    QTest.touchEvent(pad, screen).release(1, QPoint(285, 75), pad)
    stylus = QPointingDevice(
        "pen", 2, QInputDevice.DeviceType.Stylus, QPointingDevice.PointerType.Pen,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure, 1, 1,
    )  # fmt: skip
    at = QPointF(135, 225)
    pen = QTabletEvent(
        QEvent.Type.TabletMove, stylus, at, at, 0.0, 0, 0, 0.0, 0.0, 0.0, NONE, Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
    )  # fmt: skip
    QApplication.sendEvent(pad, pen)
    assert pen.isAccepted() and pad.places[-1] == pytest.approx((-0.5, -0.5))


def test_arrow_keys_move_it_from_where_it_is_as_long_as_they_are_held(pad, qtbot):
    QTest.mouseMove(pad, QPoint(240, 75))
    before = pad.places[-1]
    pad.places.clear()
    QTest.keyPress(pad, Qt.Key.Key_Right)
    assert pad.places[0][0] > before[0] and pad.places[0][1] == before[1]
    qtbot.waitUntil(lambda: len(pad.places) > 4)
    QTest.keyPress(pad, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: pad.places[-1][1] > before[1] + 0.05)
    xs = [x for x, _ in pad.places]
    assert xs == sorted(xs) and len(set(xs)) == len(xs)
    QTest.keyRelease(pad, Qt.Key.Key_Right)
    QTest.keyRelease(pad, Qt.Key.Key_Up)
    assert not pad._moving.isActive()


def test_shift_moves_it_slowly_and_the_edge_holds_it(pad):
    QTest.keyClick(pad, Qt.Key.Key_Right)
    QTest.keyClick(pad, Qt.Key.Key_Right, SHIFT)
    fast, slow = pad.places[0][0], pad.places[1][0] - pad.places[0][0]
    assert 0 < slow < fast / 2
    QTest.mousePress(pad, LEFT, NONE, QPoint(360, 0))
    QTest.keyClick(pad, Qt.Key.Key_Right)
    QTest.keyClick(pad, Qt.Key.Key_Up)
    assert pad.places[-3:] == [(1.0, 1.0)] * 3


def test_other_keys_are_left_to_the_window_and_losing_the_focus_lets_go(pad):
    for key in (Qt.Key.Key_1, Qt.Key.Key_Space, Qt.Key.Key_End):
        event = QKeyEvent(QEvent.Type.KeyPress, key, NONE)
        QApplication.sendEvent(pad, event)
        assert not event.isAccepted()
    assert pad.places == []
    QTest.keyPress(pad, Qt.Key.Key_Left)
    assert pad._moving.isActive()
    pad.clearFocus()
    assert not pad._moving.isActive()


def test_the_ring_has_the_colour_of_the_answer_and_is_dotted_where_it_is_unsure(pad, looks):
    def ring(shown):
        pad.show_pointer(shown)
        image, at = pad.grab().toImage(), pad.pixel_of(0.5, 0.5)
        angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        return [
            QColor(image.pixel(round(at.x() + 13 * np.cos(a)), round(at.y() + 13 * np.sin(a)))).name() for a in angles
        ]

    fill = looks[1].fill.name()
    assert ring(shown_at(0.5, 0.5, looks[1], "river")).count(fill) > 50
    doubtful = ring(shown_at(0.5, 0.5, None, "unsure"))
    muted = DARK.colour("text_muted").name()
    assert 15 < doubtful.count(muted) < 60 and fill not in doubtful


def test_examples_are_drawn_as_marks_of_their_class_and_protected_inputs_as_crosses(pad, looks):
    ground = pad.grab().toImage()
    places = np.array([[-0.5, 0.5], [0.5, 0.5]], np.float32)
    pad.show_marks(places, np.array([0, 1]), looks, np.array([[0.0, -0.5]], np.float32))
    image = pad.grab().toImage()
    for place, class_id in zip(places.tolist(), (0, 1), strict=True):
        assert QColor(image.pixel(pad.pixel_of(*place).toPoint())).name() == looks[class_id].fill.name()
    cross = pad.pixel_of(0.0, -0.5).toPoint()
    assert image.pixel(cross) != ground.pixel(cross)


def test_a_sentence_stands_in_an_empty_pad(pad):
    before = pad.grab().toImage()
    pad.show_empty("Hold 1 while you move here.")
    assert pad.grab().toImage() != before


def test_the_word_at_the_pointer_stands_on_no_name_of_a_class(pad, looks):
    pad.resize(200, 200)
    places = ((0.42, 0.71), (0.82, 0.22), (-0.16, -0.68))
    names = [(x, y, look) for (x, y), look in zip(places, looks.values(), strict=False)]
    pad.show_map(None, names)
    pad.grab()
    assert len(pad._tagged) == len(names)
    for x, y in [(0.56, 0.38), *np.random.default_rng(1).uniform(-1, 1, (60, 2)).tolist()]:
        at = pad.pixel_of(x, y)
        box, text = pad._words_box(at, "shake hands")
        assert text == "shake hands" and pad.rect().contains(box.toAlignedRect())
        assert not any(box.intersects(tag) for tag in pad._tagged), (x, y)
        # It is still seen whose word it is.
        assert abs(box.center().y() - at.y()) < 60 and abs(box.center().x() - at.x()) < 120
