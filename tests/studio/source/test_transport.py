"""The controls of a recording: played, paused, repeated and sought in by hand and by key."""

import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from dgstudio.streams.source import Knob, KnobKind
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.source.transport import STEPS, clock_words

LEFT = Qt.MouseButton.LeftButton
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
KNOBS = (
    Knob("playing", "Playing", KnobKind.BOOL, True),
    Knob("loop", "Loop", KnobKind.BOOL, False, tooltip="Begin anew at the end"),
    Knob("speed", "Playback speed", KnobKind.FLOAT, 1.0, 0.1, 20.0, 0.1, "×"),
    Knob("position", "Position", KnobKind.FLOAT, 30.0, 0.0, 120.0, 0.1, "s", tooltip="Which moment is played"),
)


@pytest.fixture
def panel(window, bridge):
    bridge.state.knobs = KNOBS
    bridge.calls.clear()
    return window.layout_.panels["source"]


def turn(bridge, name, value):
    bridge.state.knobs = tuple(
        dataclasses.replace(knob, value=value) if knob.name == name else knob for knob in bridge.state.knobs
    )


def test_it_shows_where_the_recording_plays(panel, bridge):
    transport = panel.controls.transport
    assert transport.time.text() == "0:30.0 / 2:00.0" and transport.slider.value() == STEPS // 4
    assert transport.play.accessibleName() == "Pause" and not transport.loop.isChecked()
    assert list(panel.sliders) == ["speed"] and panel.boxes == {}
    turn(bridge, "position", 61.5)
    turn(bridge, "playing", False)
    turn(bridge, "loop", True)
    assert panel.controls.transport is transport, "nothing is made anew while it plays"
    assert transport.time.text().startswith("1:01.5") and transport.play.accessibleName() == "Play"
    assert transport.loop.isChecked() and bridge.calls == []


def test_a_click_plays_pauses_repeats_and_starts_anew(panel, bridge):
    transport = panel.controls.transport
    for chip in (transport.play, transport.loop, transport.start):
        QTest.mouseClick(chip, LEFT)
    assert bridge.calls == [("set_knob", "playing", False), ("set_knob", "loop", True), ("set_knob", "position", 0.0)]


def test_the_slider_seeks_and_stays_in_the_hand(panel, bridge):
    slider = panel.controls.transport.slider
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert bridge.calls == [("set_knob", "position", pytest.approx(30.12))]
    slider.setSliderDown(True)
    slider.setValue(STEPS)
    turn(bridge, "position", 31.0)
    assert slider.value() == STEPS and panel.controls.transport.time.text().startswith("2:00.0")
    slider.setSliderDown(False)


@pytest.mark.parametrize(
    ("key", "held", "call"),
    [
        (Qt.Key.Key_Space, CTRL, ("playing", False)),
        (Qt.Key.Key_Left, ALT, ("position", 25.0)),
        (Qt.Key.Key_Right, ALT, ("position", 35.0)),
        (Qt.Key.Key_Home, ALT, ("position", 0.0)),
    ],
)
def test_each_has_its_key(panel, window, bridge, key, held, call):
    QTest.keyClick(window, key, held)
    assert bridge.calls == [("set_knob", *call)]


def test_no_seek_goes_before_the_start(panel, window, bridge):
    turn(bridge, "position", 2.0)
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)
    assert bridge.calls == [("set_knob", "position", 0.0)]


def test_other_sources_are_not_played(window, bridge):
    assert window.layout_.panels["source"].controls.transport is None
    bridge.calls.clear()
    for action in (ActionId.PLAY_RECORDING, ActionId.SEEK_BACK, ActionId.SEEK_ON, ActionId.LOOP_RECORDING):
        window.actions_.trigger(action)
    assert bridge.calls == []


def test_a_long_recording_is_told_in_hours():
    assert [clock_words(seconds) for seconds in (0.0, 59.97, 60.0, 3599.9, 3725.0)] == [
        "0:00.0", "0:59.9", "1:00.0", "59:59.9", "1:02:05",
    ]  # fmt: skip
