"""The Stream panel: what is drawn of the stream, pausing, and marking a stretch of the past by hand or key."""

import dataclasses
import re

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.reasons.published import LearnedFrom
from dgstudio.studio.painting.decimation import SlowRange, columns, finite_runs
from dgstudio.studio.painting.ribbons import Span, joined, label_spans
from dgstudio.studio.stream.stream_canvas import LEAST_ROW
from dgstudio.studio.stream.strip import bursts_of, first_change, first_changed_burst
from dgstudio.studio.theme.theme import DARK
from dgstudio.types import PublishRecord, Take

LEFT = Qt.MouseButton.LeftButton
NOBODY = np.zeros(0)


SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def words(stream):
    return re.sub("<[^>]*>", "", stream._right.text())


def turn(view, x, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    """Turn the wheel over a pixel of the view."""
    at = QPointF(x, 40)
    event = QWheelEvent(
        at, QPointF(view.mapToGlobal(at.toPoint())), QPoint(0, 0), QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def run(window, bridge, seconds=12.0):
    """Let so many seconds go by: the last in frames as they come, those before in long ones."""
    long = max(int(seconds) - 1, 0)
    for step in [1.0] * long + [0.2] * round((seconds - long) / 0.2):
        window.update_frame(bridge.frame(step))


@pytest.fixture
def stream(window, bridge):
    run(window, bridge)
    return window.layout_.panels["stream"]


def drag(view, start, end, y=40):
    QTest.mousePress(view, LEFT, pos=QPoint(round(start), y))
    QTest.mouseMove(view, QPoint(round((start + end) / 2), y))
    QTest.mouseMove(view, QPoint(round(end), y))


def colours(view, rect):
    image = view.grab().toImage()
    y = round(rect.center().y())
    return [QColor(image.pixel(x, y)) for x in range(round(rect.left()), round(rect.right()))]


def near(a, b, slack=6):
    return all(abs(x - y) <= slack for x, y in zip(a.getRgb()[:3], QColor(b).getRgb()[:3], strict=True))


# -- numbers ---------------------------------------------------------------------------------------------------


def test_thinning_keeps_every_peak_and_is_anchored_in_time():
    times = np.arange(2000) / 200.0
    values = np.zeros((2000, 1), np.float32)
    values[777] = 5.0
    xs, ys = columns(times, values, 0.0, 10.0, 100.0, 200.0)
    assert len(xs) <= 202 and ys.max() == 5.0
    peak = xs[int(ys[:, 0].argmax())] / 10
    assert peak == pytest.approx(times[777], abs=0.1)
    # 0.037 s later the same columns carry the same values: nothing flickers.
    later_xs, later_ys = columns(times, values, 0.037, 10.037, 100.0, 200.0)
    assert np.allclose(later_xs + 0.37, xs, atol=1e-9) and np.array_equal(later_ys, ys)


def test_a_falling_slope_is_not_a_saw():
    times = np.arange(1000) / 100.0
    _, ys = columns(times, -times[:, None].astype(np.float32), 0.0, 10.0, 100.0, 100.0)
    assert (np.diff(ys[:, 0]) <= 0).all()


@pytest.mark.parametrize("width", [50.0, 5000.0])
def test_a_pause_in_time_and_missing_values_part_the_trace(width):
    times = np.concatenate([np.arange(400), np.arange(600, 1000)]) / 100.0
    values = np.ones((800, 2), np.float32)
    values[500:600, 1] = np.nan
    _, ys = columns(times, values, 0.0, 10.0, width, 100.0)
    assert len(finite_runs(ys[:, 0].astype(np.float64))) == 2
    assert len(finite_runs(ys[:, 1].astype(np.float64))) == 3


def test_the_range_never_jumps_ignores_spikes_and_closes_slowly():
    slow, rng = SlowRange(), np.random.default_rng(0)
    quiet = rng.normal(0, 0.1, (500, 1)).astype(np.float32)
    slow.follow(quiet, 0.0)
    first = slow.high[0]
    spiked = quiet.copy()
    spiked[100] = 1000.0
    for k in range(30):
        slow.follow(spiked, 0.033 * k)
    assert slow.high[0] < 1.5 * first
    seen = [slow.high[0]]
    for k in range(30, 120):
        slow.follow(quiet * 20, 0.033 * k)
        seen.append(slow.high[0])
    steps = np.diff(seen)
    assert seen[-1] > 15 * first and steps.max() < 0.15 * seen[-1]
    for k in range(120, 150):
        slow.follow(quiet, 0.033 * k)
    assert slow.high[0] > 0.9 * seen[-1]


def test_rest_looks_like_rest_and_motion_fills_its_row():
    rng, at = np.random.default_rng(1), np.arange(600) / 200
    noise = rng.normal(0, 0.04, (600, 4))
    noise[:, 1] += np.sin(2 * np.pi * 8 * at)
    noise[:, 2] += 1.0
    # Bursts are something to see, however rough they are.
    noise[:, 3] *= np.where((at > 1.0) & (at < 1.6), 20.0, 1.0)
    values, slow = noise.astype(np.float32), SlowRange()
    slow.follow(values, 0.0)
    heights = np.quantile(np.abs(slow.scaled(values)), 0.98, axis=0)
    assert np.all(heights[[0, 2]] < 0.35), "a still sensor is not blown up to noise"
    assert np.all(heights[[1, 3]] > 0.7)


def test_a_motion_after_rest_is_followed_at_once_enough():
    rng, at = np.random.default_rng(2), np.arange(1000) / 200
    values = rng.normal(0, 0.04, (1000, 1))
    values[800:, 0] += np.sin(2 * np.pi * 2 * at[800:])
    slow = SlowRange()
    slow.follow(values[:800].astype(np.float32), 0.0)
    for k in range(1, 40):
        slow.follow(values.astype(np.float32), 0.033 * k)
    assert 0.9 < slow.high[0] < 1.3


def test_a_constant_and_an_empty_channel_have_a_row_all_the_same():
    slow = SlowRange()
    values = np.full((50, 2), 7.0, np.float32)
    values[:, 1] = np.nan
    slow.follow(values, 0.0)
    scaled = slow.scaled(values)
    assert np.allclose(scaled[:, 0], 0.0) and np.isnan(scaled[:, 1]).all()


def test_answers_join_to_stretches_and_part_where_hops_are_missing():
    spans = joined([(1.0, 3), (1.1, 3), (1.2, 4), (2.0, 4)], 0.1)
    assert [(round(s.start, 6), s.end, s.key) for s in spans] == [(0.9, 1.1, 3), (1.1, 1.2, 4), (1.9, 2.0, 4)]
    assert joined([], 0.1) == []


def test_the_take_being_recorded_grows():
    takes = [Take(1, 0, 1.0, 2.0, "simulator")]
    assert [s.end for s in label_spans(takes, (3, 5.0), 6.5)] == [2.0, 6.5]


# -- the picture -----------------------------------------------------------------------------------------------


def test_answers_and_labels_stand_on_the_same_axis_in_their_colours(stream, bridge, window):
    view = stream.view
    answers = colours(view, view.ribbon_rect("answer"))
    theme = window.appearance.theme
    inks = [theme.readable(card.info.colour) for card in bridge.state.classes]
    assert [place for place, ink in enumerate(inks) if any(near(c, ink) for c in answers)] == [0, 1, 3]
    labels = colours(view, view.ribbon_rect("labels"))
    first = labels[round(view.x_of(bridge.now - 9.0) - view.plot.left())]
    assert near(first, theme.readable(bridge.state.classes[1].info.colour))
    nothing = labels[round(view.x_of(bridge.now - 5.0) - view.plot.left())]
    assert not any(near(nothing, theme.readable(card.info.colour)) for card in bridge.state.classes)


def test_every_channel_is_drawn_in_its_colour(stream, window):
    view = stream.view
    image = view.grab().toImage()
    tall, _, fit = view.rows()
    assert fit == 6
    for channel in range(6):
        rows = range(round(channel * tall), round((channel + 1) * tall))
        pixels = (QColor(image.pixel(x, y)) for y in rows for x in range(round(view.plot.left()), view.width(), 2))
        assert any(near(pixel, window.appearance.theme.channel(channel), 30) for pixel in pixels), channel


def test_the_recording_grows_in_the_labels(stream, bridge, window):
    bridge.labels.press_class(4)
    run(window, bridge, 1.0)
    span = stream.scene.ribbons["labels"][-1]
    assert span.key == 4 and span.end - span.start == pytest.approx(1.0)


def test_ground_truth_gets_a_ribbon_once_the_stream_knows_it(stream, bridge, window):
    assert "truth" not in stream.scene.ribbons
    frame = bridge.frame(0.5)
    told = [dataclasses.replace(reading, truth="walk") for reading in frame.new_readings]
    window.update_frame(dataclasses.replace(frame, new_readings=told))
    assert {span.key for span in stream.scene.ribbons["truth"]} == {"walk"}
    assert stream.view.look("walk")[0] == stream.view.look(2)[0]


def test_publishes_are_lines_and_rejections_are_not(stream, bridge, window):
    kinds = (("learned", 50), ("rejected", None), ("rolled back", 51), ("learned", 52))
    for place, (kind, version) in enumerate(kinds):
        time = 0.0 if version == 52 else bridge.now - 3 + place
        bridge.publish(PublishRecord(place, kind, version, 1, LearnedFrom(), time, 0.0))
    run(window, bridge, 0.2)
    assert sorted(token for _, token in stream.scene.publishes) == ["publish", "warning"]


def test_many_publishes_are_ticks_above_the_ribbons_and_no_band(stream, bridge, window):
    for place in range(20):
        bridge.publish(PublishRecord(place, "learned", 50 + place, 1, LearnedFrom(), bridge.now - 3 + 0.1 * place, 0.0))
    run(window, bridge, 0.2)
    view, gone = stream.view, bridge.now - 3.15
    plot, gap = view.plot, round(view.plot.bottom()) + 4

    def row(y, colour):
        """At how many pixels of a row of the last 3 s a colour stands."""
        image = view.grab().toImage()
        left, right = round(view.x_of(gone)), round(view.x_of(gone + 2.1))
        return sum(image.pixelColor(x, y).name() == colour for x in range(left, right)), right - left

    ground = view.theme.colour("surface").name()
    # Between two channels there is nothing of them; below the last one a tick each.
    clear, wide = row(round(plot.top() + 1), ground)
    assert clear == wide
    clear, wide = row(gap, ground)
    assert wide - 20 <= clear < wide - 10
    assert view.told_at(view.x_of(gone + 1), gap) == "20 versions published"
    assert view.told_at(view.x_of(gone - 1), gap) == view.told_at(2, gap) == ""


def test_what_was_published_in_an_earlier_run_has_no_place_in_this_stream(stream, bridge, window):
    panels, now = window.layout_.panels, bridge.now
    earlier = [
        PublishRecord(place, "learned", 50 + place, 1, LearnedFrom(), now - 3 + place, 0.0) for place in range(3)
    ]
    bridge.publish(*earlier)
    window.state.first_record = len(window.state.history)
    bridge.publish(PublishRecord(9, "learned", 60, 1, LearnedFrom(), now - 0.5, 0.0))
    run(window, bridge, 0.2)
    assert [when for when, _ in stream.scene.publishes] == [now - 0.5]
    # Nor where the past is looked at, by any panel that has a time axis.
    window.state.look_back(now - 1.0)
    run(window, bridge, 0.2)
    assert [when for when, _ in stream.scene.publishes] == [now - 0.5]
    assert [words for _, words in panels["gates"].raster.publishes_in_view()] == ["v60 published"]
    assert [record.version for record in panels["stability"]._past.records] == [60]


def test_a_class_that_is_gone_is_still_named(stream, bridge, window):
    bridge.state.classes = bridge.state.classes[2:]
    run(window, bridge, 0.2)
    assert stream.view.look(0)[2] == "class 0"
    stream.view.grab()


def test_the_tooltip_names_what_is_under_the_pointer(stream, bridge):
    view = stream.view
    rect = view.ribbon_rect("labels")
    assert view.told_at(view.x_of(bridge.now - 9.0), rect.center().y()).startswith("labels: rest, 1.7 s")
    assert view.told_at(view.plot.right() - 5, 5).startswith("ax: row spans")


def test_many_channels_scroll_and_stay_readable(stream, bridge, window):
    names = tuple("gy" if k == 4 else f"ch{k}" for k in range(64))
    bridge.state.spec = dataclasses.replace(bridge.state.spec, channels=names)
    signal = bridge.signal
    bridge.signal = lambda times: np.tile(signal(times), (1, 11))[:, :64]
    run(window, bridge, 0.6)
    view = stream.view
    tall, first, fit = view.rows()
    assert tall >= LEAST_ROW and first == 0 and fit < 64 and view.rows_bar.isVisible()
    view.setFocus()
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.rows()[1] == 3
    view.grab()
    # Of a name nothing is cut off where a row is lower than a line of type: large, so that pixels tell.
    before, view.theme = (view.theme, view.places), DARK.scaled(20)
    least = view.theme.length(LEAST_ROW)
    plot = QRectF(400, 0, 10, least)
    view._places = dataclasses.replace(view.places, plot=plot, ribbons={}, tall=least, first=4, fit=1)
    image = QImage(400, round(least) + 40, QImage.Format.Format_Grayscale8)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.translate(0, 20)
    view._paint_names(painter, plot)
    painter.end()
    inked = np.array(image.constBits()).reshape(image.height(), -1).max(axis=1) > 60
    tall = QFontMetrics(view.theme.ui("tiny")).tightBoundingRect("gy").height()
    view.theme, view._places = before
    assert inked.sum() >= tall - 2


# -- states ----------------------------------------------------------------------------------------------------


def test_before_the_first_sample_it_says_that_it_waits(window, bridge):
    stream = window.layout_.panels["stream"]
    assert stream.scene.empty == "Waiting for the stream …"
    frame = dataclasses.replace(
        bridge.frame(), times=NOBODY, values=np.zeros((0, 6), np.float32), readings=[], takes=[]
    )
    window.update_frame(frame)
    assert stream.scene.empty == "Waiting for the stream …"
    QTest.mouseClick(stream.view, LEFT)
    stream.view.grab()
    assert window.layout_.broken == set()


@pytest.mark.parametrize(("state", "words"), [("lost", "Stream lost, retrying"), ("ended", "Stream ended")])
def test_a_lost_or_ended_stream_is_told_in_the_panel(stream, bridge, window, state, words):
    bridge.stats.stream_state = state
    run(window, bridge, 0.2)
    assert [text for text, _ in stream.scene.pills] == [words]
    bridge.stats.stream_state = "live"
    run(window, bridge, 0.2)
    assert stream.scene.pills == []


def test_nan_and_a_single_sample_are_drawn_without_complaint(stream, bridge, window):
    frame = bridge.frame()
    values = frame.values.copy()
    values[200:400] = np.nan
    values[:, 2] = np.inf
    values[:, 3] = np.nan
    for part in (slice(None), slice(0, 1)):
        window.update_frame(dataclasses.replace(frame, values=values[part], times=frame.times[part]))
        stream.view.grab()
    assert window.layout_.broken == set()


# -- pausing ---------------------------------------------------------------------------------------------------


def test_space_freezes_the_view_loudly_and_lets_it_go_again(stream, bridge, window):
    bar = window.layout_.bar
    QTest.keyClick(window, Qt.Key.Key_Space)
    end = stream.scene.end
    run(window, bridge, 3.0)
    assert stream.scene.end == end and bridge.now > end + 2.9
    assert stream.scene.mode == "paused" and stream.scene.moment == end
    assert words(stream) == "paused 3 s ago" and bar.then.text_shown() == "Paused answered by v42"
    assert bar.follow.isVisible() and not bar.modes.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Space)
    run(window, bridge, 0.2)
    assert stream.scene.end == pytest.approx(bridge.now) and stream.scene.mode == "following"
    assert words(stream) == "following · 6 ch · 10 s" and not bar.then.isVisible() and bar.modes.isVisible()


def test_a_label_made_while_paused_appears_in_the_frozen_view(stream, bridge, window):
    QTest.keyClick(window, Qt.Key.Key_Space)
    start = stream.scene.end - 4
    bridge.more_takes.append(Take(9, 2, start, start + 1, "simulator"))
    bridge.state.label_changes += 1
    run(window, bridge, 0.4)
    assert (start, start + 1, 2, "held") in [tuple(span) for span in stream.scene.ribbons["labels"]]


def test_another_source_ends_the_freeze(stream, bridge, window):
    QTest.keyClick(window, Qt.Key.Key_Space)
    bridge.state.spec = dataclasses.replace(bridge.state.spec, channels=("x", "y", "z", "u", "v", "w"))
    run(window, bridge, 0.2)
    assert stream.scene.channels[0] == "x"


# -- looking back ----------------------------------------------------------------------------------------------


def test_the_keys_go_through_the_whole_buffer_and_end_comes_back(stream, bridge, window):
    run(window, bridge, 55.0)
    for key, behind in ((Qt.Key.Key_PageUp, 10.0), (Qt.Key.Key_Left, 11.0), (Qt.Key.Key_Right, 10.0)):
        QTest.keyClick(stream.view, key)
        now = bridge.now
        run(window, bridge, 0.2)
        assert stream.scene.end == pytest.approx(now - behind, abs=0.45) and stream.scene.mode == "scrubbing"
    assert words(stream).startswith("scrubbing · stopped 1 s ago") and stream.scene.pills == []
    QTest.keyClick(stream.view, Qt.Key.Key_Home)
    run(window, bridge, 0.2)
    assert stream.scene.start == pytest.approx(max(0.0, bridge.now - 60.0), abs=0.3)
    assert len(stream.scene.times) > 1900 and stream.scene.ribbons["answer"]
    QTest.keyClick(window, Qt.Key.Key_End)
    run(window, bridge, 0.2)
    assert stream.scene.mode == "following" and stream.scene.end == pytest.approx(bridge.now)


def test_once_paused_the_keys_work_wherever_the_focus_is(stream, bridge, window):
    QTest.keyClick(window, Qt.Key.Key_Left)
    assert not window.state.paused
    QTest.keyClick(window, Qt.Key.Key_Space)
    QTest.keyClick(window, Qt.Key.Key_Left)
    assert window.state.stream_mode == "scrubbing"
    run(window, bridge, 0.2)
    QTest.mouseClick(window.layout_.bar.follow, LEFT)
    assert window.state.stream_mode == "following" and window.state.looked_at is None


@pytest.mark.parametrize("notches", [1, -1])
def test_zooming_pauses_by_itself_and_keeps_what_is_under_the_pointer(stream, bridge, window, notches):
    run(window, bridge, 20.0)
    view = stream.view
    moment = view.time_at(150)
    turn(view, 150, notches)
    assert window.state.stream_mode == "paused"
    run(window, bridge, 0.2)
    span = stream.scene.end - stream.scene.start
    assert span == pytest.approx(8.0 if notches > 0 else 12.5)
    if notches > 0:
        assert view.time_at(150) == pytest.approx(moment)
    assert len(stream.scene.times) == pytest.approx(200 * span, abs=45)
    view.grab()


def test_plus_and_minus_zoom_and_the_view_ends_where_the_buffer_does(stream, bridge, window):
    for _ in range(30):
        QTest.keyClick(stream.view, Qt.Key.Key_Plus)
    run(window, bridge, 0.2)
    assert stream.scene.end - stream.scene.start == pytest.approx(0.5)
    for _ in range(60):
        QTest.keyClick(stream.view, Qt.Key.Key_Minus)
    run(window, bridge, 0.2)
    assert stream.scene.end - stream.scene.start == pytest.approx(bridge.now, abs=1.0)
    stream.view.grab()


def test_zooming_by_an_action_keeps_the_live_edge_and_needs_no_focus(stream, bridge, window):
    QTest.keyClick(window, Qt.Key.Key_Plus)
    assert window.state.stream_mode == "paused"
    run(window, bridge, 0.2)
    assert stream.scene.end == pytest.approx(bridge.now - 0.2) and stream.scene.end - stream.scene.start == 8.0
    QTest.keyClick(window, Qt.Key.Key_Minus)
    run(window, bridge, 0.2)
    assert stream.scene.end - stream.scene.start == pytest.approx(10.0)


def test_the_hand_scrolls_by_the_wheel_the_middle_button_and_the_bar(stream, bridge, window):
    run(window, bridge, 30.0)
    view, middle = stream.view, Qt.MouseButton.MiddleButton
    turn(view, 150, 1, SHIFT)
    run(window, bridge, 0.2)
    assert stream.scene.mode == "scrubbing" and stream.scene.end == pytest.approx(bridge.now - 1.2, abs=0.1)
    end, pixel = stream.scene.end, view.seconds_a_pixel
    QTest.mousePress(view, middle, pos=QPoint(100, 40))
    QTest.mouseMove(view, QPoint(150, 40))
    QTest.mouseRelease(view, middle, pos=QPoint(150, 40))
    run(window, bridge, 0.2)
    assert stream.scene.end == pytest.approx(end - 50 * pixel)
    assert window.state.selection is None
    bar = stream.bar
    run(window, bridge, 0.6)
    QTest.mouseClick(bar, LEFT, pos=QPoint(round(bar.width() / 2), 8))
    run(window, bridge, 0.2)
    middle_of = (stream.scene.start + stream.scene.end) / 2
    assert middle_of == pytest.approx(sum(bar.buffer) / 2, abs=0.5)
    run(window, bridge, 0.4)
    assert bar.handle.center().x() == pytest.approx(bar.width() / 2, abs=4)


def test_a_stretch_of_the_past_is_labelled_and_shown(stream, bridge, window):
    run(window, bridge, 30.0)
    QTest.keyClick(stream.view, Qt.Key.Key_PageUp)
    run(window, bridge, 0.2)
    view = stream.view
    wanted = (view.time_at(100), view.time_at(180))
    drag(view, 100, 180)
    QTest.mouseRelease(view, LEFT, pos=QPoint(180, 40))
    QTest.keyClick(window, Qt.Key.Key_3)
    assert bridge.calls == [("labels.label_span", 2, pytest.approx(wanted[0]), pytest.approx(wanted[1]))]
    bridge.more_takes.append(Take(9, 2, *wanted, "simulator", "retro"))
    bridge.state.label_changes += 1
    run(window, bridge, 0.2)
    assert (*wanted, 2, "retro") in [tuple(span) for span in stream.scene.ribbons["labels"]]
    assert stream.scene.mode == "scrubbing"


def test_what_has_left_the_buffer_says_so_and_is_not_labelled(stream, bridge, window):
    run(window, bridge, 60.0)
    QTest.keyClick(stream.view, Qt.Key.Key_Home)
    run(window, bridge, 5.0)
    assert stream.scene.pills[0] == ("The hatched part has left the buffer", "warning")
    assert stream.scene.gone == pytest.approx(bridge.now - 60.0, abs=0.6)
    drag(stream.view, 60, 100)
    QTest.mouseRelease(stream.view, LEFT, pos=QPoint(100, 40))
    QTest.keyClick(window, Qt.Key.Key_1)
    assert bridge.calls == [] and window.notifier.toast.said.startswith("That stretch has left the buffer")
    run(window, bridge, 10.0)
    assert stream.scene.pills[0][0].startswith("This has left the buffer") and len(stream.scene.times)
    stream.view.grab()


def test_the_axis_counts_from_the_live_edge_at_which_it_was_paused(stream, bridge, window):
    run(window, bridge, 30.0)
    QTest.keyClick(window, Qt.Key.Key_Space)
    edge = stream.scene.edge
    QTest.keyClick(window, Qt.Key.Key_PageUp)
    run(window, bridge, 1.0)
    assert stream.scene.edge == edge and stream.scene.end == pytest.approx(edge - 10.0)


# -- marking ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paused", [False, True])
def test_a_drag_marks_a_stretch_and_a_class_key_labels_it(stream, bridge, window, paused):
    window.state.set_paused(paused)
    view = stream.view
    wanted = (view.time_at(100), view.time_at(180))
    drag(view, 100, 180)
    QTest.mouseRelease(view, LEFT, pos=QPoint(180, 40))
    assert window.state.selection == pytest.approx(wanted)
    QTest.keyClick(window, Qt.Key.Key_3)
    assert [call[:2] for call in bridge.calls] == [("labels.label_span", 2)]
    assert bridge.calls[0][2:] == pytest.approx(wanted)
    assert window.state.selection is None


def test_the_mark_is_drawn_and_scrolls_with_time(stream, bridge, window):
    view = stream.view
    drag(view, 150, 220)
    QTest.mouseRelease(view, LEFT, pos=QPoint(220, 40))
    span, before = window.state.selection, view.x_of(window.state.selection[0])
    run(window, bridge, 1.0)
    assert window.state.selection == span
    left = view.x_of(span[0])
    assert left == pytest.approx(before - view.plot.width() / 10)
    image = view.grab().toImage()
    inside = QColor(image.pixel(round(left + 20), 3))
    outside = QColor(image.pixel(round(left - 20), 3))
    assert inside.blue() > outside.blue() + 20


def test_while_dragging_live_the_far_end_stays_under_the_pointer(stream, bridge, window):
    view = stream.view
    drag(view, 120, 200)
    start = window.state.selection[0]
    run(window, bridge, 1.0)
    assert window.state.selection[0] == start
    assert window.state.selection[1] == pytest.approx(view.time_at(200))
    QTest.mouseRelease(view, LEFT, pos=QPoint(200, 40))


def test_a_drag_beyond_the_edges_stops_at_what_there_is(stream, window):
    view = stream.view
    drag(view, 150, view.width() + 300)
    QTest.mouseRelease(view, LEFT, pos=QPoint(view.width() + 300, 40))
    assert window.state.selection[1] == stream.scene.end


def test_a_click_and_escape_unmark(stream, window):
    view = stream.view
    for undo in (lambda: QTest.mouseClick(view, LEFT), lambda: QTest.keyClick(window, Qt.Key.Key_Escape)):
        drag(view, 150, 220)
        QTest.mouseRelease(view, LEFT, pos=QPoint(220, 40))
        assert window.state.selection is not None
        undo()
        assert window.state.selection is None


def test_labelling_in_the_middle_of_a_drag_ends_it(stream, bridge, window):
    view = stream.view
    drag(view, 150, 220)
    QTest.keyClick(window, Qt.Key.Key_1)
    run(window, bridge, 0.4)
    QTest.mouseMove(view, QPoint(230, 40))
    assert window.state.selection is None
    assert [call[0] for call in bridge.calls] == ["labels.label_span"]


def test_a_mark_that_left_the_view_catches_no_key(stream, bridge, window):
    view = stream.view
    drag(view, 70, 100)
    QTest.mouseRelease(view, LEFT, pos=QPoint(100, 40))
    run(window, bridge, 11.0)
    assert window.state.selection is None


def test_a_mark_of_someone_else_is_left_alone(stream, bridge, window):
    window.state.selection = (1.0, 2.0)
    run(window, bridge, 1.0)
    assert window.state.selection == (1.0, 2.0)


def test_the_keyboard_marks_as_well(stream, bridge, window):
    view, end = stream.view, stream.scene.end
    view.setFocus()
    wanted = (
        (SHIFT, (end - 1.0, end)),
        (CONTROL, (end - 1.1, end - 0.1)),
        (SHIFT, (end - 1.2, end - 0.1)),
        (SHIFT | CONTROL, (end - 1.2, end - 0.2)),
    )
    for modifiers, span in wanted:
        QTest.keyClick(view, Qt.Key.Key_Left, modifiers)
        assert window.state.selection == pytest.approx(span)
    QTest.keyClick(view, Qt.Key.Key_2)
    assert bridge.calls == [("labels.label_span", 1, pytest.approx(end - 1.2), pytest.approx(end - 0.2))]


def test_nothing_is_painted_while_nothing_is_new(stream, bridge, window, monkeypatch):
    shown = []
    monkeypatch.setattr(stream.view, "show_scene", shown.append)
    frame = bridge.frame()
    window.update_frame(frame)
    window.update_frame(frame)
    assert len(shown) == 1


def test_publishes_that_follow_each_other_closely_are_one_burst():
    publishes = [(5.0, "publish"), *((8 + 0.1 * k, "publish") for k in range(10)), (8.95, "warning")]
    bursts = bursts_of(publishes, 0.3)
    assert len(bursts) == 3 and bursts[0] == (5.0, 5.0, "publish")
    assert bursts[1][1] - bursts[1][0] == pytest.approx(0.9) and bursts[2][2] == "warning"


def test_a_publish_between_two_others_parts_them_where_it_is_of_another_kind():
    bursts = bursts_of([(1.0, "publish"), (1.1, "warning"), (1.2, "publish")], 0.3)
    assert [token for _, _, token in bursts] == ["publish", "warning", "publish"]


# -- scrolling -------------------------------------------------------------------------------------------------


def unlike(one, other):
    """Return the share of pixels in which two pictures differ so that it is seen."""
    arrays = [
        np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), np.uint8).astype(int)
        for image in (one.toImage(), other.toImage())
    ]
    return float((np.abs(arrays[0] - arrays[1]).reshape(-1, 4).max(1) > 24).mean())


def scrolled_and_anew(view):
    """Return how the view looks as it has scrolled, and painted anew as a whole."""
    scrolled = view.grab()
    view.strip.forget()
    return scrolled, view.grab()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_what_has_scrolled_looks_as_if_it_were_painted_now(stream, bridge, window, theme):
    view = stream.view
    if window.appearance.theme.name != theme:
        window.appearance.toggle()
    run(window, bridge, 3.0)
    view.grab()
    before = view.strip.repaints
    for step in range(60):
        if step in (10, 11, 13, 40):
            bridge.publish(PublishRecord(step, "learned", step, 1, "", bridge.now, 0.0))
        if step == 20:
            bridge.labels.press_class(4)
        if step == 35:
            bridge.labels.release_class()
        window.update_frame(bridge.frame(0.05))
        view.grab()
    assert view.strip.repaints <= before + 3, "it has scrolled, but for its range"
    assert unlike(*scrolled_and_anew(view)) < 1e-3


def test_a_mark_of_the_past_a_label_and_other_colours_are_painted_at_once(stream, bridge, window):
    view = stream.view
    run(window, bridge, 1.0)
    view.grab()
    bridge.labels.label_span(2, bridge.now - 4, bridge.now - 3)
    window.state.selection = (bridge.now - 8, bridge.now - 6)
    run(window, bridge, 0.2)
    assert unlike(*scrolled_and_anew(view)) < 1e-3
    first, *others = window.state.classes
    window.state.classes = (dataclasses.replace(first, info=dataclasses.replace(first.info, colour="#ff00ff")), *others)
    run(window, bridge, 0.2)
    assert unlike(*scrolled_and_anew(view)) < 1e-3


def test_only_what_moves_is_painted_at_a_frame(stream, bridge, window, qtbot):
    view = stream.view
    window.show()
    qtbot.waitExposed(window)
    run(window, bridge, 1.0)
    painted = []
    view.paintEvent = lambda event: painted.append(event.rect())
    QApplication.processEvents()
    painted.clear()
    run(window, bridge, 0.2)
    QApplication.processEvents()
    assert painted and all(rect.left() >= int(view.plot.left()) for rect in painted)
    assert all(rect.bottom() <= view.height() - 14 for rect in painted), "the axis stands still"


def test_a_change_in_what_has_left_the_view_is_none():
    before = [Span(0.0, 2.0, 1), Span(2.0, 4.0, 2), Span(4.0, 5.0, 1)]
    assert first_change(before, [Span(1.5, 2.0, 1), *before[1:]], 1.8) is None
    assert first_change(before, [*before, Span(5.0, 6.0, 2)], 1.8) == 5.0
    assert first_change(before, [before[0], Span(2.0, 4.0, 3), before[2]], 1.8) == 2.0
    assert first_change(before, before[1:], 3.0) is None


def test_a_band_that_grows_is_painted_from_where_it_ended():
    line, band = (3.0, 3.0, "publish"), (3.0, 3.4, "publish")
    assert first_changed_burst([line], [line], 0.0) is None
    assert first_changed_burst([line], [band], 0.0) == 3.0
    assert first_changed_burst([band], [(3.0, 3.8, "publish")], 0.0) == 3.4
    assert first_changed_burst([band], [(3.2, 3.8, "publish")], 3.3) == 3.4
    assert first_changed_burst([band], [], 3.5) is None
