"""The pad in the window of a running engine: what is drawn with a held key is learned, and the map shows it."""

import re

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.streams.pointer import PointerSource
from dgstudio.studio.app import make_window
from dgstudio.studio.bridge.state import MapMode


@pytest.fixture
def open_window(qtbot, settings):
    """Return a function that shows a window on a pointer, with the shipped base or none."""
    made = []

    def open_one(base="auto", *, velocity=False):
        source = PointerSource(velocity=velocity)
        engine = Engine(source, base_for(source.spec, base)[0])
        window = make_window(engine, "a.dgs", settings=settings, start=False)
        made.append((window, engine))
        qtbot.addWidget(window)
        window.resize(1280, 720)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        window.commands.start()
        qtbot.waitUntil(lambda: engine.lane.readings.newest is not None)
        return window

    yield open_one
    for window, engine in made:
        window.close()
        assert engine.stop() == []


@pytest.fixture
def window(open_window, qtbot):
    """Return a window with a map of the shipped base in it."""
    window = open_window()
    qtbot.waitUntil(lambda: pad_of(window).map is not None)
    return window


def pad_of(window):
    return window.layout_.stream_panel.pad


def words(window):
    return re.sub("\u00a0", " ", pad_of(window).words.text())


def move(window, x, y):
    view = pad_of(window).view
    # By two steps: where the mouse of the test before came to rest, one would be none.
    QTest.mouseMove(view, view.pixel_of(x, y).toPoint() - QPoint(1, 0))
    QTest.mouseMove(view, view.pixel_of(x, y).toPoint())


def draw(window, qtbot, key, place, count=12):
    """Hold a class's key and move about a place until there are so many examples more."""
    engine = window.commands.engine
    before, k = engine.book.total, 0
    move(window, *place)
    qtbot.waitUntil(lambda: np.allclose(engine.lane.readings.newest.features[:2], place, atol=0.05))
    QTest.keyPress(window, key)

    def enough():
        nonlocal k
        k += 1
        if k > 1 and engine.labels.held is None:
            # A window that cannot keep up lets go of a key.
            QTest.keyRelease(window, key)
            QTest.keyPress(window, key)
        move(window, place[0] + 0.12 * np.cos(k), place[1] + 0.12 * np.sin(1.3 * k))
        return engine.book.total >= before + count

    qtbot.waitUntil(enough)
    QTest.keyRelease(window, key)
    # Back to where the first examples are, however far the hand has come since.
    move(window, *place)
    qtbot.waitUntil(lambda: engine.store.idle and engine.learn.idle)


def test_what_is_drawn_while_a_key_is_held_is_learned_where_it_was_drawn(window, qtbot):
    pad, engine = pad_of(window), window.commands.engine
    assert not window.layout_.source_panel.isVisible()
    assert "Move a mouse" in words(window)
    town = engine.labels.add_class("town")
    qtbot.waitUntil(lambda: window.state.card(town.id) is not None)
    draw(window, qtbot, Qt.Key.Key_4, (-0.55, -0.6))
    qtbot.waitUntil(lambda: pad.map.snapshot is engine.lane.store.serving and pad.map.side == 120)
    cell = pad.map.cell_at(-0.55, -0.6)
    assert pad.map.snapshot.classes[pad.map.tops.ravel()[cell]] == town.id
    assert f"What v{pad.map.snapshot.version} answers" in words(window)
    qtbot.waitUntil(lambda: len(pad._examples[0]) == engine.book.total)
    assert np.allclose(pad._examples[1].mean(0), (-0.55, -0.6), atol=0.1)
    assert len(pad._protected_at) == 200
    qtbot.waitUntil(lambda: pad.view.shown is not None and pad.view.shown.words == "town")


def test_the_map_shows_units_or_certificates_and_says_so(window, qtbot):
    pad = pad_of(window)
    move(window, 0.3, 0.3)
    seen = set()
    for mode, text in (
        (MapMode.CLASS, "answers at each place"),
        (MapMode.UNITS, "sets"),
        (MapMode.CERTIFIED, "Every answer of v0 is byte for byte that of v0"),
    ):
        QTest.mouseClick(pad.choice.buttons[mode], Qt.MouseButton.LeftButton)
        assert text in words(window)
        seen.add(bytes(pad.view._map.constBits()))
    assert len(seen) == 3
    for mode in (MapMode.CLASS, MapMode.UNITS):
        QTest.keyClick(window, Qt.Key.Key_M)
        assert pad.mode is mode and pad.choice.buttons[mode].isChecked()
    pad.show_mode(MapMode.CERTIFIED)
    window.state.looked_at_unit = 3
    assert words(window).startswith("Unit 3 is active inside the outline: ")
    window.state.looked_at_unit = None
    assert "byte for byte" in words(window)


def test_a_unit_under_the_hand_in_the_gate_map_is_shown_as_its_region(window, qtbot):
    gates, pad = window.layout_.gates_panel.map, pad_of(window)
    move(window, 0.3, 0.3)

    def over(place, unit):
        QTest.mouseMove(gates, place - QPoint(1, 1))
        QTest.mouseMove(gates, place)
        return window.state.looked_at_unit == unit

    qtbot.waitUntil(lambda: over(gates.grid.unit(5).center(), 5))
    assert words(window).startswith("Unit 5 ") and pad.view._overlay is not None
    qtbot.waitUntil(lambda: over(QPoint(gates.width() - 1, gates.height() - 1), None))
    assert "answers at each place" in words(window) and pad.view._overlay is None


def test_the_pad_is_used_from_the_keyboard_alone(window, qtbot):
    engine, view = window.commands.engine, pad_of(window).view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyPress(view, Qt.Key.Key_Left)
    QTest.keyPress(view, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: engine.book.total > 3)
    QTest.keyRelease(view, Qt.Key.Key_1)
    QTest.keyRelease(view, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: engine.store.idle and engine.learn.idle)
    assert {example.class_id for example in engine.book.active_examples()} == {0}
    assert engine.lane.readings.newest.features[0] < 0


def test_a_moment_of_the_past_shows_the_pointer_and_the_map_as_they_were(window, qtbot):
    pad, engine = pad_of(window), window.commands.engine
    move(window, 0.5, -0.58)
    qtbot.waitUntil(lambda: engine.lane.readings.newest.features[0] > 0.4)
    moment = engine.clock.now()
    qtbot.waitUntil(lambda: engine.lane.readings.newest.end > moment)
    engine.labels.add_class("town")
    move(window, -0.5, 0.58)
    qtbot.waitUntil(lambda: engine.lane.readings.newest.version == 1 and pad.map.snapshot.version == 1)
    window.state.look_back(moment)
    qtbot.waitUntil(lambda: pad.map.snapshot.version == 0)
    qtbot.waitUntil(lambda: not pad.view.shown.live)
    assert pad.view.shown.trail[-1] == pytest.approx((0.5, -0.58), abs=0.02) and pad.view.shown.words == "hill"
    QTest.keyClick(window, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: pad.map.snapshot.version == 1 and pad.view.shown.live)


def test_from_nothing_the_pad_says_what_to_do_until_there_are_two_places(open_window, qtbot):
    window = open_window("none", velocity=True)
    pad, engine = pad_of(window), window.commands.engine
    assert "Hold 1" in pad.view.empty and pad.view._map is None
    for key, place in ((Qt.Key.Key_1, (-0.5, 0.0)), (Qt.Key.Key_2, (0.5, 0.2))):
        move(window, *place)
        draw(window, qtbot, key, place)
    qtbot.waitUntil(lambda: pad.map is not None and pad.map.snapshot is engine.lane.store.serving)
    qtbot.waitUntil(lambda: pad.view._map is not None)
    assert pad.view.empty == "" and "Shown for a pointer at rest" in words(window)
    left, right = (pad.map.likeliest.ravel()[pad.map.cell_at(*place)] for place in ((-0.5, 0.0), (0.5, 0.2)))
    assert {left, right} == {0, 1}


def test_what_nobody_sees_is_not_computed(window, qtbot):
    pad, plane = pad_of(window), window.commands.engine.plane
    pad.hide()
    window.commands.engine.labels.add_class("town")
    qtbot.waitUntil(lambda: window.state.serving == 1)
    made = plane.made
    pad.show()
    qtbot.waitUntil(lambda: pad.map.snapshot.version == 1)
    assert plane.made == made + 1
