"""The source's knobs and the doubtful moments: what they show, and what they ask for."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QButtonGroup

from dgstudio.studio.source.controls import worded
from dgstudio.studio.source.panel import SourcePanel
from dgstudio.studio.theme.theme import LIGHT
from dgstudio.studio.uncertain.panel import reason_of
from dgstudio.types import Unsure

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def source(window):
    return window.layout_.panels["source"]


@pytest.fixture
def moments(window, bridge):
    for _ in range(30):
        window.update_frame(bridge.frame(0.2))
    bridge.doubt(3)
    window.update_frame(bridge.frame())
    return window.layout_.panels["uncertain"]


def test_a_choice_is_made_by_a_click(source, bridge):
    assert source.options["gesture"]["circle"].isChecked()
    QTest.mouseClick(source.options["gesture"]["walk"], LEFT)
    assert bridge.calls == [("set_knob", "gesture", "walk")]


def test_a_slider_turns_its_knob_by_its_step(source, bridge):
    slider = source.sliders["rotation"]
    assert slider.value() == 24
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert bridge.calls == [("set_knob", "rotation", 25.0)]
    assert source.values["rotation"].text() == "25°"


def test_a_switch_switches(source, bridge):
    source.boxes["swap"].click()
    assert bridge.calls == [("set_knob", "swap", True)]


def turn(bridge, rotation):
    knobs = bridge.state.knobs
    bridge.state.knobs = tuple(dataclasses.replace(k, value=rotation) if k.name == "rotation" else k for k in knobs)


def test_the_panel_follows_the_source_without_asking_for_anything(source, bridge):
    slider = source.sliders["rotation"]
    turn(bridge, 60.0)
    assert source.sliders["rotation"] is slider
    assert slider.value() == 60
    assert bridge.calls == []


def test_a_slider_under_the_hand_is_not_moved_away(source, bridge):
    slider = source.sliders["rotation"]
    slider.setSliderDown(True)
    slider.setValue(70)
    turn(bridge, 60.0)
    assert slider.value() == 70
    slider.setSliderDown(False)


def test_another_source_brings_other_knobs(source, bridge):
    bridge.state.knobs, bridge.state.source_name = (), "basic_motions.csv"
    assert (source.sliders, source.options, source.boxes) == ({}, {}, {})
    assert source._title.text() == "Source"


@pytest.mark.parametrize(
    ("number", "step", "unit", "text"),
    [
        (24.0, 1.0, "°", "24°"),
        (0.08, 0.01, "", "0.08"),
        (1.0, 0.01, "×", "1.00×"),
        (2.5, 0.1, "Hz", "2.5 Hz"),
        (0.5, 0.01, "samples", "0.50"),
    ],
)
def test_numbers_have_the_decimals_of_their_step(number, step, unit, text):
    assert worded(number, step, unit) == text


def test_moments_show_their_trace_and_two_guesses(moments):
    assert len(moments.tiles) == 3
    assert all(tile.trace is not None for tile in moments.tiles)
    assert all(len(tile.guesses) == 2 for tile in moments.tiles)
    assert " or " in moments.tiles[0].accessibleName()


def test_a_chosen_moment_is_labelled_by_a_class_key(moments, window, bridge):
    reading = moments.tiles[1].reading
    QTest.mouseClick(moments.tiles[1], LEFT)
    assert window.state.selection == (reading.start, reading.end)
    assert moments._title.text() == "Press its key" and moments.none_button.isVisible()
    QTest.keyClick(window, Qt.Key.Key_4)
    span = reading.start, reading.end
    assert bridge.calls == [("show_span", *span), ("labels.label_span", 3, *span, "suggestion")]
    assert reading not in window.state.uncertain
    assert len(moments.tiles) == 2


def asked(bridge):
    """What was asked of the engine; where the window looks meanwhile is its own affair."""
    return [call for call in bridge.calls if call[0] != "show_span"]


def test_one_key_each_from_the_keyboard_alone(moments, window, bridge):
    first, second, third = bridge.state.uncertain
    QTest.keyClick(window, Qt.Key.Key_W)
    assert moments.chosen is first and moments.tiles[0].isChecked()
    QTest.keyClick(window, Qt.Key.Key_2)
    assert asked(bridge) == [("labels.label_span", 1, first.start, first.end, "suggestion")]
    assert moments.chosen is second
    QTest.keyClick(window, Qt.Key.Key_S)
    assert bridge.passed[1:] == [(second.start, second.end)] and moments.chosen is third
    QTest.keyClick(window, Qt.Key.Key_3)
    assert [call[1] for call in asked(bridge)] == [1, 2] and moments.chosen is None and moments.tiles == []
    QTest.keyClick(window, Qt.Key.Key_W)
    assert window.notifier.toast.said.startswith("Nothing doubtful")


def test_escape_ends_the_asking(moments, window, bridge, qtbot):
    QTest.keyClick(window, Qt.Key.Key_W)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not moments._asking)
    bridge.pass_over(bridge.state.uncertain[0].start, bridge.state.uncertain[0].end)
    assert window.state.selection is None and moments._title.text() == "Which one was this?"
    # Without a chosen one the keys mean nothing.
    QTest.keyClick(window, Qt.Key.Key_N)
    assert len(bridge.passed) == 1


@pytest.mark.parametrize("named", [True, False])
def test_none_of_these_leaves_it_out_or_makes_a_class_of_it(moments, window, bridge, named):
    reading = bridge.state.uncertain[0]
    QTest.keyClick(window, Qt.Key.Key_W)
    QTest.mouseClick(moments.none_button, LEFT)
    assert asked(bridge) == [] and bridge.passed == [(reading.start, reading.end)]
    assert "left out" in window.notifier.toast.said and window.notifier.toast.button.text() == "New class…"
    QTest.keyClick(window, Qt.Key.Key_Escape)
    window.notifier.toast.button.click()
    field = window.layout_.panels["classes"].field
    if not named:
        QTest.keyClick(field, Qt.Key.Key_Escape)
        window.layout_.panels["classes"].begin_add()
    QTest.keyClicks(field, "tap")
    QTest.keyClick(field, Qt.Key.Key_Return)
    spans = [call for call in bridge.calls if call[0] == "labels.label_span"]
    assert spans == ([("labels.label_span", 5, reading.start, reading.end, "suggestion")] if named else [])


def test_the_focus_stays_with_its_moment_while_the_list_changes(moments, window, bridge):
    kept = moments.tiles[1].reading
    moments.tiles[1].setFocus()
    bridge.pass_over(moments.tiles[0].reading.start, moments.tiles[0].reading.end)
    assert [tile.reading for tile in moments.tiles if tile.hasFocus()] == [kept]


def test_a_moment_tells_its_channel_and_its_place_in_the_stream(moments, window, bridge):
    tile = moments.tiles[-1]
    window.update_frame(bridge.frame(0.2))
    assert tile.channel in bridge.state.spec.channels
    assert tile.when == f"−{bridge.now - tile.reading.end:.0f} s"
    bar = window.layout_.stream_panel.bar
    assert tile.reading.end in bar.doubtful
    QTest.mouseClick(tile, LEFT)
    # Shown where it lies, with all that was so then.
    assert bridge.calls == [("show_span", tile.reading.start, tile.reading.end)]


def test_a_second_click_and_escape_unmark(moments, window):
    for undo in (lambda: QTest.mouseClick(moments.tiles[0], LEFT), lambda: QTest.keyClick(window, Qt.Key.Key_Escape)):
        QTest.mouseClick(moments.tiles[0], LEFT)
        assert moments.tiles[0].isChecked()
        undo()
        assert window.state.selection is None
        assert not moments.tiles[0].isChecked()


def test_a_moment_says_why_it_is_asked_about_where_its_probabilities_do_not(window, bridge):
    sure, close = bridge.reading_at(bridge.now - 1.0, 0.97), bridge.reading_at(bridge.now - 4.0, 0.5)
    close = dataclasses.replace(close, probabilities=np.array([0.4, 0.38, 0.1, 0.1, 0.02], np.float32))
    assert reason_of(sure, True) == "new pattern" and reason_of(close, True) == ""
    strange = dataclasses.replace(sure, top=None, unsure=Unsure.STRANGE)
    assert reason_of(strange, False) == "too strange" and reason_of(sure, False) == ""
    assert reason_of(dataclasses.replace(strange, unsure=Unsure.CLOSE), False) == "too close"
    bridge.show(uncertain=(sure, close), unseen=frozenset({sure.hop}))
    first, second = window.layout_.panels["uncertain"].tiles
    assert (first.reason, second.reason) == ("new pattern", "")
    assert "such a gate pattern" in first.toolTip() and first.grab().width() > 0


def test_without_doubts_the_panel_says_so(window):
    moments = window.layout_.panels["uncertain"]
    assert moments.empty.isVisible()
    assert moments.tiles == []


def test_where_it_is_low_the_knobs_stand_in_two_columns_and_come_back(bridge, qtbot):
    panel = SourcePanel(bridge.state, bridge)
    qtbot.addWidget(panel)
    panel.resize(290, 400)
    panel.show()
    tall = panel.sizeHint().height()
    for height, low in ((tall - 20, True), (400, False), (tall - 20, True)):
        panel.resize(290, height)
        QApplication.processEvents()
        assert (panel.sliders["rotation"].y() == panel.sliders["noise"].y()) is low
        assert panel.sizeHint().height() == pytest.approx(tall, abs=2)
    panel.apply_theme(LIGHT.scaled(1.4))
    panel.apply_theme(LIGHT)
    assert panel.sizeHint().height() == pytest.approx(tall, abs=2)
    panel.sliders["rotation"].setValue(30)
    assert bridge.calls[-1] == ("set_knob", "rotation", 30.0)


def test_a_panel_that_is_low_has_small_cells_and_both_looks_show_what_is_so(bridge, qtbot):
    panel = SourcePanel(bridge.state, bridge)
    qtbot.addWidget(panel)
    panel.show()
    panel.resize(290, 600)
    tall, full = panel.sizeHint().height(), panel.controls
    for number in (30.0, 45.0):
        panel.resize(290, tall - 20)
        cells = panel.controls
        assert cells is not full and cells.isVisible() and not full.isVisible()
        # However much room it has: what it would need is said by those in full.
        assert panel.sizeHint().height() == tall
        turn(bridge, number)
        assert panel.values["rotation"].text() == f"{number:.0f}°"
        panel.resize(290, 600)
        assert panel.controls is full and full.isVisible() and not cells.isVisible()
        assert panel.values["rotation"].text() == f"{number:.0f}°" and panel.sliders["rotation"].value() == number


@pytest.mark.parametrize("wide", [268, 400])
def test_it_asks_for_as_much_as_its_small_cells_need_where_those_in_full_find_no_room(bridge, qtbot, wide):
    panel = SourcePanel(bridge.state, bridge)
    qtbot.addWidget(panel)
    panel.resize(wide, 400)
    panel.show()
    full = panel.needed_height()
    assert panel.height_within(full) == full
    low = panel.height_within(full - 1)
    assert low < full
    panel.resize(wide, low)
    QApplication.processEvents()
    cells = panel._shown
    assert cells is panel._cells and cells.isVisible() and cells.verticalScrollBar().maximum() == 0


def test_words_of_small_cells_are_cut_off_where_they_have_no_room(bridge, qtbot):
    panel = SourcePanel(bridge.state, bridge)
    qtbot.addWidget(panel)
    panel.show()
    panel.resize(220, 160)

    def words():
        return {label.text() for label, _, _ in panel.controls._labels}

    narrow = words()
    panel.resize(500, 160)
    assert any(text.endswith("…") for text in narrow) and not any(text.endswith("…") for text in words())


@pytest.mark.parametrize("height", [160, 600])
def test_other_knobs_take_their_place_before_the_old_go(bridge, qtbot, height):
    """Who turns a knob may be the reason for others."""
    panel = SourcePanel(bridge.state, bridge)
    qtbot.addWidget(panel)
    panel.show()
    panel.resize(290, height)
    for _ in range(3):
        gone, before = [], panel.controls
        before.destroyed.connect(lambda _object, gone=gone: gone.append(1))
        high = bridge.state.knobs[-1].high + 1
        bridge.state.knobs = tuple(dataclasses.replace(knob, high=high) for knob in bridge.state.knobs)
        assert panel.controls is not before and panel.controls.isVisible() and not before.isVisible() and not gone
        del before
        assert not gone
        qtbot.waitUntil(lambda gone=gone: bool(gone))
    looks = 2 if height == 160 else 1
    assert len(panel.findChildren(QButtonGroup)) == looks * len(panel.options)
