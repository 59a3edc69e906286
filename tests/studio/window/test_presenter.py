"""F5: the stage takes the window's place, everything works in it, and all is as before afterwards."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.studio.stage import stage_window
from dgstudio.types import Level, TwinKind


def present(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_F5)
    window.update_frame(bridge.frame(0.3))
    QApplication.processEvents()
    return window.layout_.stage


def focused():
    return QApplication.focusWidget()


def test_the_stage_stands_in_the_windows_place_until_escape(window, bridge):
    stage = present(window, bridge)
    assert window.layout_.on_stage and stage.isVisible() and not window.layout_.working.isVisible()
    assert stage.size() == window.layout_.desk.size()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.state.presentation and window.layout_.working.isVisible() and not stage.isVisible()


def test_class_keys_and_compare_work_on_the_stage(window, bridge):
    present(window, bridge)
    QTest.keyClick(window, Qt.Key.Key_2)
    assert ("labels.press_class", 1) in bridge.calls and ("labels.release_class",) in bridge.calls
    QTest.keyClick(window, Qt.Key.Key_C)
    assert bridge.state.compare == (TwinKind.IN_PLACE,) and window.state.presentation


def test_a_class_is_added_on_the_stage(window, bridge):
    present(window, bridge)
    before = len(bridge.state.classes)
    QTest.keyClick(window, Qt.Key.Key_A)
    assert window.state.presentation and window.sheets.name.isVisible()
    QTest.keyClicks(focused(), bridge.state.classes[0].info.name)
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert window.sheets.name.isVisible() and "already" in window.sheets.name.sentence.text()
    window.sheets.name.field.selectAll()
    QTest.keyClicks(focused(), "wave")
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert len(bridge.state.classes) == before + 1 and not window.sheets.name.isVisible()


def test_escape_closes_what_lies_on_top_first(window, bridge):
    present(window, bridge)
    window.actions_.trigger("learning")
    sheet = window.sheets.learning
    assert sheet.isVisible()
    # However the focus was lost.
    window.layout_.desk.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not sheet.isVisible() and window.state.presentation
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.state.presentation


def test_a_toast_stands_in_its_corner_and_covers_nothing(window, bridge):
    stage = present(window, bridge)
    window.notifier.show("Two seconds of circle are saved.")
    QApplication.processEvents()
    toast = window.notifier.toast
    assert toast.isVisible() and stage.toast_place.isVisible()
    caption, halves = stage.caption, stage.halves
    place = toast.geometry()
    for part in (caption, halves, stage.header):
        around = part.rect().translated(part.mapTo(window.layout_.desk, part.rect().topLeft()))
        assert not around.intersects(place), part
    toast.hide()
    QApplication.processEvents()
    assert not stage.toast_place.isVisible()


def test_no_toast_names_a_file_before_an_audience(window, bridge):
    present(window, bridge)
    window.notifier.say(Notice(EventKind.EXPORTED, "Written to /home/somebody/secret.csv.", Level.GOOD))
    window.notifier.say(Notice(EventKind.SESSION, "secret.dgs is damaged.", Level.WARNING))
    assert "secret" not in window.notifier.toast.said
    QTest.keyClick(window, Qt.Key.Key_Escape)
    window.notifier.say(Notice(EventKind.SESSION, "secret.dgs is damaged.", Level.WARNING))
    assert "secret" in window.notifier.toast.said


def test_a_gesture_is_performed_by_key(window, bridge):
    present(window, bridge)
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert ("set_knob", "gesture", "walk") in bridge.calls
    QTest.keyClick(window, Qt.Key.Key_9, Qt.KeyboardModifier.AltModifier)
    assert len([call for call in bridge.calls if call[0] == "set_knob"]) == 1


def test_comparing_opens_its_panel_in_the_window_and_closes_it(window, bridge):
    window.update_frame(bridge.frame(0.3))
    QTest.keyClick(window, Qt.Key.Key_C)
    assert window.layout_.arrangement.is_open("compared")
    window.update_frame(bridge.frame(0.3))
    assert window.layout_.panels["compared"].halves.isVisible()
    QTest.keyClick(window, Qt.Key.Key_C)
    assert not window.layout_.arrangement.is_open("compared") and window.layout_.arrangement.is_open("gates")


def test_with_a_second_screen_the_controls_stay_on_the_first(window, bridge, monkeypatch):
    monkeypatch.setattr(stage_window, "other_screen", lambda it: it.screen())
    QTest.keyClick(window, Qt.Key.Key_F5)
    window.update_frame(bridge.frame(0.3))
    apart = window.presenter.apart
    assert apart is not None and apart.isVisible() and window.layout_.working.isVisible()
    assert window.layout_.stage.window() is apart
    # Its keys mean what they mean in the window.
    QTest.keyClick(apart, Qt.Key.Key_2)
    assert ("labels.press_class", 1) in bridge.calls
    QTest.keyClick(apart, Qt.Key.Key_Escape)
    assert not window.state.presentation and not apart.isVisible()
