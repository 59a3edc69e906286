"""Recording in the real window: the key, the lamp, the switch that goes back where it was turned in vain."""

import shutil
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.recording import recorder
from dgstudio.engine.recording.replay import replay_figures
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.studio.bridge.bridge import Bridge


@pytest.fixture
def live(qtbot, make_window, tmp_path):
    """A window on a running engine with a session file."""
    source = open_source("simulator", seed=2)
    path = tmp_path / "a.dgs"
    bridge = Bridge(Engine(source, base_for(source.spec)[0], Session.create(path)), "a.dgs")
    window = make_window(bridge)
    bridge.on_frame = window.update_frame
    bridge.start()
    qtbot.waitUntil(lambda: bridge.engine.lane.readings.total > 5)
    return SimpleNamespace(window=window, engine=bridge.engine, path=path)


def press(live):
    QTest.keyClick(live.window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)


def test_ctrl_r_records_until_it_is_pressed_again_and_what_is_recorded_replays(live, qtbot):
    lamp, action = live.window.layout_.status.recording, live.window.actions_.qaction("record_stream")
    press(live)
    qtbot.waitUntil(lambda: lamp.isVisible() and action.isChecked())
    assert "Recording the stream" in live.window.notifier.toast.said
    qtbot.waitUntil(lambda: live.engine.recorder.figures.answers > 20)
    press(live)
    qtbot.waitUntil(lambda: not lamp.isVisible() and not action.isChecked())
    qtbot.waitUntil(lambda: live.window.notifier.toast.said.startswith("Recording is off"))
    answers = live.engine.recorder.figures.answers
    live.window.close()
    found = replay_figures(live.path)
    assert found["mismatches"] == 0 and found["answers"] == answers


def test_a_switch_that_is_turned_in_vain_goes_back_and_says_why(live, qtbot, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=recorder.SPARE_BYTES - 1))
    action = live.window.actions_.qaction("record_stream")
    press(live)
    qtbot.waitUntil(lambda: "Not recording" in live.window.notifier.toast.said)
    assert "labels come first" in live.window.notifier.toast.said
    assert not action.isChecked() and not live.window.layout_.status.recording.isVisible()
