"""One time cursor for the whole window: what it shows is that moment, by the version that answered it."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

LEFT = Qt.MouseButton.LeftButton


def run(window, bridge, seconds, step=0.2):
    for _ in range(round(seconds / step)):
        window.update_frame(bridge.frame(step))


@pytest.fixture
def past(window, bridge):
    """A window on a stream of 40 s: versions 42, 43, 44 answered, each from the next ten seconds on."""
    for version in (42, 43, 44):
        bridge.version = version
        bridge.publish(bridge._publish(version - 1, bridge.now))
        run(window, bridge, 10.0, 0.5)
    return window


def panels(window):
    return window.layout_.panels


def test_a_click_in_the_stream_shows_that_moment_everywhere(past, bridge):
    view = panels(past)["stream"].view
    QTest.mouseClick(view, LEFT, pos=QPoint(round(view.x_of(bridge.now - 4.0)), 40))
    run(past, bridge, 2.0)
    look = bridge.frame(0.0).look
    assert look.moment == pytest.approx(bridge.now - 6.0, abs=0.1)
    reading = look.reading
    assert reading.end <= look.moment < reading.end + 0.051
    assert past.state.then == reading.version == 44
    answer, gates, stability = panels(past)["answer"], panels(past)["gates"], panels(past)["stability"]
    assert answer._title.text() == "Answer, then" and answer.text.answer == past.state.name_of(reading.top)
    assert gates._reading is reading and np.array_equal(gates.map._active, reading.active)
    # One axis.
    start, end = look.start, look.end
    assert (view.scene.start, view.scene.end) == (start, end)
    assert gates.raster.time_at(0) == pytest.approx(start) and gates.raster.time_at(gates.raster.width()) == end
    lanes = stability.lanes
    assert lanes.time_at(lanes._label_wide() - 5) == pytest.approx(start, abs=0.05)
    assert past.layout_.bar.then.text_shown() == f"Then −{look.behind:.1f} s answered by v44"


def test_a_moment_has_one_age_wherever_it_stands(past, bridge):
    bridge.doubt(3)
    run(past, bridge, 0.2)
    uncertain, bar = panels(past)["uncertain"], past.layout_.bar
    tile = uncertain.tiles[1]
    assert tile.when == "−3 s"
    past.state.look_back(tile.reading.end)
    for _ in range(2):
        # However long it is looked at.
        run(past, bridge, 5.0)
        look, stream = bridge.frame(0.0).look, panels(past)["stream"].view.scene
        assert bar.then.text_shown() == f"Then {tile.when} answered by v44"
        assert tile.when == f"−{look.behind:.1f} s" and look.behind == stream.edge - stream.moment < 3.0
    # What came since then is not of the time that is shown.
    bridge.state.uncertain = (bridge.reading_at(bridge.now, 0.5), *bridge.state.uncertain)
    run(past, bridge, 0.2)
    assert uncertain.tiles[0].when == "later"
    past.state.set_paused(False)
    run(past, bridge, 0.2)
    assert uncertain.tiles[0].when == "0 s" and uncertain.tiles[2].when == "−13 s"


def test_the_version_is_the_one_that_answered_then(past, bridge):
    past.state.look_back(bridge.now - 15.0)
    run(past, bridge, 0.2)
    assert past.state.then == 43
    lines = [line.text for line in panels(past)["answer"].text.lines]
    assert lines[0].startswith("answered by v43") and lines[2].startswith("today v44 says ")
    past.state.look_back(bridge.now - 25.0)
    run(past, bridge, 0.2)
    assert past.state.then == 42


@pytest.mark.parametrize("lane", ["stream", "lanes"])
def test_a_press_on_a_name_beside_a_lane_is_no_moment(past, bridge, lane):
    widget = panels(past)["stream"].view if lane == "stream" else panels(past)["stability"].lanes
    QTest.mousePress(widget, LEFT, pos=QPoint(8, 30))
    QTest.mouseMove(widget, QPoint(round(0.8 * widget.width()), 30))
    QTest.mouseRelease(widget, LEFT, pos=QPoint(round(0.8 * widget.width()), 30))
    run(past, bridge, 0.2)
    assert not past.state.paused and past.state.selection is None


@pytest.mark.parametrize("lane", ["raster", "lanes"])
def test_a_press_on_any_lane_puts_the_cursor_there_and_drags_it(past, bridge, lane):
    widget = panels(past)["gates"].raster if lane == "raster" else panels(past)["stability"].lanes
    QTest.mousePress(widget, LEFT, pos=QPoint(round(0.7 * widget.width()), 30))
    run(past, bridge, 0.2)
    first = past.state.moment
    QTest.mouseMove(widget, QPoint(round(0.8 * widget.width()), 30))
    QTest.mouseRelease(widget, LEFT, pos=QPoint(round(0.8 * widget.width()), 30))
    run(past, bridge, 0.2)
    assert past.state.paused and first < past.state.moment < bridge.now


def test_the_cursor_is_dragged_in_the_stream_and_marks_nothing(past, bridge):
    view = panels(past)["stream"].view
    past.state.look_back(bridge.now - 5.0)
    run(past, bridge, 0.2)
    x, to = round(view.x_of(past.state.moment)), round(view.x_of(past.state.moment - 2.0))
    QTest.mousePress(view, LEFT, pos=QPoint(x, 40))
    QTest.mouseMove(view, QPoint(to, 40))
    QTest.mouseRelease(view, LEFT, pos=QPoint(to, 40))
    run(past, bridge, 0.2)
    assert past.state.moment == pytest.approx(view.time_at(to), abs=0.05) and past.state.selection is None


def test_comma_and_full_stop_move_by_one_answer_and_beyond_the_view(past, bridge):
    QTest.keyClick(past, Qt.Key.Key_Space)
    run(past, bridge, 0.2)
    hop = bridge.frame(0.0).look.reading.hop
    for key, moved in ((Qt.Key.Key_Comma, -1), (Qt.Key.Key_Comma, -2), (Qt.Key.Key_Period, -1)):
        QTest.keyClick(past, key)
        run(past, bridge, 0.2)
        assert bridge.frame(0.0).look.reading.hop == hop + moved
    look = bridge.frame(0.0).look
    past.state.look_back(look.past.readings[0].end)
    run(past, bridge, 0.2)
    QTest.keyClick(past, Qt.Key.Key_Comma)
    run(past, bridge, 0.2)
    assert past.state.moment == pytest.approx(look.past.readings[0].end - 0.05, abs=1e-6)
    assert past.state.looked_at[0] < look.start


def test_scrolling_takes_the_cursor_along_and_zooming_leaves_it(past, bridge):
    past.state.look_back(bridge.now - 4.0)
    run(past, bridge, 0.2)
    moment, (start, end) = past.state.moment, past.state.looked_at
    QTest.keyClick(past, Qt.Key.Key_PageUp)
    run(past, bridge, 0.2)
    assert past.state.moment == pytest.approx(moment - (end - start))
    view, before = panels(past)["stream"].view, past.state.moment
    view.zoomed.emit(0.9, before)
    run(past, bridge, 0.2)
    assert past.state.moment == pytest.approx(before)


def test_end_follows_again_and_forgets_what_was_marked(past, bridge):
    """What was marked would else take the next key's label, though nobody sees it any more."""
    past.state.look_back(bridge.now - 4.0)
    past.state.selection = (bridge.now - 5.0, bridge.now - 4.0)
    run(past, bridge, 0.4)
    QTest.keyClick(past, Qt.Key.Key_End)
    run(past, bridge, 0.4)
    state = past.state
    assert (state.paused, state.moment, state.then, state.selection) == (False, None, None, None)
    gates = panels(past)["gates"]
    assert gates._reading.end == pytest.approx(bridge.now, abs=0.06) and gates.raster.moment is None
    assert gates.raster.time_at(gates.raster.width()) == bridge.now
    assert panels(past)["answer"]._title.text() == "Answer" and not past.layout_.bar.follow.isVisible()


def test_the_raster_of_the_past_is_that_of_then(past, bridge):
    """Written anew when it is looked back at, a stretch looks as it did when it went by, once its examples are lit."""
    raster = panels(past)["gates"].raster
    QTest.keyClick(past, Qt.Key.Key_Space)
    # The same rows: example by example, as the answers went by.
    columns = {
        int(at): raster._columns.levels[place, :128].copy() for place, at in enumerate(raster._columns.at) if at >= 0
    }
    run(past, bridge, 1.0)
    for place, at in enumerate(raster._columns.at):
        if int(at) in columns:
            assert np.array_equal(raster._columns.levels[place, :128] > 0, columns[int(at)] > 0)
    assert raster._columns.at.max() > 0


def test_what_comes_from_a_recording_is_shown_without_what_a_receipt_lacks(past, bridge):
    nothing = np.zeros(0, np.float32)
    bridge.every_reading = [
        dataclasses.replace(reading, activations=nothing, bank_r=nothing, bank_tau=nothing, latency_us=0.0, margin=0.0)
        for reading in bridge.every_reading
    ]
    past.state.look_back(bridge.now - 15.0)
    run(past, bridge, 0.6)
    assert past.layout_.broken == set()
    gates, answer = panels(past)["gates"], panels(past)["answer"]
    assert len(gates.map._active) > 0 and gates.raster._columns.levels.any()
    assert answer.text.lines[0].text == "answered by v43"
