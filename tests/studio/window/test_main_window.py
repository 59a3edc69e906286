"""The window: keys that are held, actions, what fits at 1280 × 720, what is remembered, how it ends."""

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QPushButton, QToolButton, QWidget

from dgstudio.engine.facts.event import Event
from dgstudio.engine.facts.labelling import ActWalked, TakeSaved
from dgstudio.engine.facts.learning import ProposalRejected
from dgstudio.engine.facts.resuming import SessionProblems
from dgstudio.engine.facts.running import StreamLost
from dgstudio.engine.facts.saving import Exported, NotExported, NotSaved, SavedAgain
from dgstudio.errors import BadInputError
from dgstudio.reasons.refused import BitsWouldChange
from dgstudio.reasons.stored import Told
from dgstudio.studio.actions.palette import HELD_KEYS
from dgstudio.studio.bars.status_bar import figures_of
from dgstudio.studio.bridge.settings import open_settings
from dgstudio.studio.common.widgets.chip import Chip
from dgstudio.studio.stage import stage_window
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.window.main_window import TEXT_FIELDS, StudioWindow
from dgstudio.types import Act, ActKind, EngineStats, Mode, PublishRecord, SaveState, Saving, Take

CONTROL = Qt.KeyboardModifier.ControlModifier
ALL_MODES = (Mode.OFF, Mode.ROUTING, Mode.WEIGHTS, Mode.BOTH)


def repeat(widget, key, kind=QEvent.Type.KeyPress):
    QApplication.sendEvent(widget, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, chr(key), True))


def takes(bridge):
    return [call for call in bridge.calls if call[0] in ("labels.press_class", "labels.release_class")]


def test_what_is_damaged_is_not_hidden_by_what_follows_from_it(window, bridge):
    said = SessionProblems(("a.dgs is damaged.", "1 take is damaged."))
    bridge.events += [Event(said), Event(NotSaved("it is damaged"))]
    window.update_frame(bridge.frame())
    assert window.notifier.toast.said == "a.dgs is damaged. 1 take is damaged."
    bridge.events.append(Event(NotSaved("the disk is full")))
    window.update_frame(bridge.frame())
    assert window.notifier.toast.said.endswith("the disk is full"), "that is news"


# -- holding keys ----------------------------------------------------------------------------------------------


def test_a_held_key_records_until_it_is_let_go(window, bridge):
    QTest.keyPress(window, Qt.Key.Key_4)
    assert takes(bridge) == [("labels.press_class", 3)]
    QTest.keyRelease(window, Qt.Key.Key_4)
    assert takes(bridge) == [("labels.press_class", 3), ("labels.release_class",)]


def test_auto_repeat_is_one_press(window, bridge):
    QTest.keyPress(window, Qt.Key.Key_1)
    for _ in range(5):
        repeat(window, Qt.Key.Key_1, QEvent.Type.KeyRelease)
        repeat(window, Qt.Key.Key_1)
    assert takes(bridge) == [("labels.press_class", 0)]


def test_a_repeat_that_looks_like_a_release_does_not_end_the_take(window, bridge, qtbot):
    QTest.keyPress(window, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: window.labelling.held_s > 0.2)
    QTest.keyRelease(window, Qt.Key.Key_1)
    QTest.keyPress(window, Qt.Key.Key_1)
    repeat(window, Qt.Key.Key_1)
    assert takes(bridge) == [("labels.press_class", 0)]
    QTest.keyRelease(window, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)])


def test_of_two_keys_the_later_one_wins_and_says_so(window, bridge):
    QTest.keyPress(window, Qt.Key.Key_1)
    QTest.keyPress(window, Qt.Key.Key_2)
    assert (
        takes(bridge) == [("labels.press_class", 0), ("labels.release_class",), ("labels.press_class", 1)]
        and window.labelling.held == 1
    )
    assert window.notifier.toast.said == "circle has ended: rest is recorded now. The later key wins."
    bridge.events.append(Event(TakeSaved(Take(1, 0, 0.0, 1.0, "s", examples=9), "circle")))
    window.update_frame(bridge.frame())
    assert window.notifier.toast.said == "9 examples of circle, 1.0 s; the later key wins, rest is recorded now"
    assert window.notifier.toast.button.text() == "Undo"
    QTest.keyRelease(window, Qt.Key.Key_1)
    assert window.labelling.held == 1
    QTest.keyRelease(window, Qt.Key.Key_2)
    assert takes(bridge)[3:] == [("labels.release_class",)]


@pytest.mark.parametrize("modifier", [CONTROL, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier])
def test_with_a_modifier_nothing_is_recorded(window, bridge, modifier):
    QTest.keyClick(window, Qt.Key.Key_1, modifier)
    assert takes(bridge) == []


def test_the_keypad_counts_as_well(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.KeypadModifier)
    assert takes(bridge) == [("labels.press_class", 1), ("labels.release_class",)]


def test_a_key_without_a_class_records_nothing_and_says_so(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_9)
    assert takes(bridge) == []
    assert window.notifier.toast.isVisible()
    assert window.notifier.toast.said == "No class has key 9: press A to add one."
    QTest.keyClick(window, Qt.Key.Key_1)
    assert takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)]


def test_the_first_held_key_makes_the_first_class(make_window, make_bridge):
    bridge = make_bridge(names=())
    window = make_window(bridge)
    QTest.keyPress(window, Qt.Key.Key_3)
    assert bridge.calls == [("labels.add_class", "class 1"), ("labels.press_class", 0)]
    QTest.keyRelease(window, Qt.Key.Key_3)
    QTest.keyClick(window, Qt.Key.Key_1)
    assert takes(bridge) == [
        ("labels.press_class", 0),
        ("labels.release_class",),
        ("labels.press_class", 0),
        ("labels.release_class",),
    ]


def test_from_nothing_two_held_keys_make_two_classes(make_window, make_bridge):
    bridge = make_bridge(names=())
    bridge.state.hidden = 0
    window = make_window(bridge)
    QTest.keyClick(window, Qt.Key.Key_1)
    QTest.keyClick(window, Qt.Key.Key_3)
    assert window.notifier.toast.said == "No class has key 3: hold 2 for a second one, or press A to name it first."
    assert takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)]
    QTest.keyClick(window, Qt.Key.Key_2)
    assert takes(bridge)[2:] == [("labels.press_class", 1), ("labels.release_class",)]
    assert [(card.info.name, card.info.key) for card in bridge.state.classes] == [("class 1", "1"), ("class 2", "2")]
    # From here on it is as ever: what a class is called is asked for.
    QTest.keyClick(window, Qt.Key.Key_3)
    assert window.notifier.toast.said == "No class has key 3: press A to add one."
    assert len(bridge.state.classes) == 2


def test_from_nothing_two_seconds_of_two_keys_are_a_model_of_two_classes(session_desk, settings, qtbot, tmp_path):
    desk = session_desk.Desk(tmp_path / "nothing.dgs", settings, qtbot, base="none")
    try:
        for key, gesture in ((Qt.Key.Key_1, "rest"), (Qt.Key.Key_2, "shake")):
            desk.window.commands.set_knob("gesture", gesture)
            begun = desk.engine.clock.now()
            # A window of the stream is a second long: it must be full of the new gesture.
            desk.until(lambda begun=begun: desk.engine.clock.now() > begun + 1.2)
            QTest.keyPress(desk.window, key)
            desk.until(lambda begun=begun: desk.engine.clock.now() > begun + 2.2)
            QTest.keyRelease(desk.window, key)
        assert [card.info.name for card in desk.state.classes] == ["class 1", "class 2"]
        desk.until(lambda: desk.engine.lane.readings.newest.top == 1)
        assert desk.engine.lane.readings.newest.classes == (0, 1)
        desk.window.commands.set_knob("gesture", "rest")
        desk.until(lambda: desk.engine.lane.readings.newest.top == 0)
    finally:
        desk.window.close()


def test_the_second_class_does_not_take_the_name_of_the_first(make_window, make_bridge):
    bridge = make_bridge(names=("Class 2",))
    bridge.state.hidden = 0
    window = make_window(bridge)
    QTest.keyClick(window, Qt.Key.Key_2)
    assert bridge.calls == [("labels.add_class", "class 3"), ("labels.press_class", 1), ("labels.release_class",)]


def test_beside_the_only_class_of_a_base_a_key_makes_none(make_window, make_bridge):
    bridge = make_bridge(names=("rest",))
    window = make_window(bridge)
    QTest.keyClick(window, Qt.Key.Key_2)
    assert bridge.calls == [] and window.notifier.toast.said == "No class has key 2: press A to add one."


def test_before_the_model_is_there_a_key_makes_no_class(make_window, make_bridge):
    bridge = make_bridge(names=())
    window = make_window(bridge)
    bridge.state.phase = "loading"
    QTest.keyClick(window, Qt.Key.Key_1)
    assert bridge.calls == []


def test_what_cannot_be_saved_is_told_across_the_window(window, bridge):
    bridge.state.saved = Saving(SaveState.FAILED, "the disk is full")
    assert window.layout_.banner.isVisible()
    assert window.layout_.banner.label.text() == "Not saved, going on in memory: the disk is full"
    bridge.state.saved = Saving(SaveState.SAVED)
    assert not window.layout_.banner.isVisible()


def test_a_toast_does_not_outlive_what_it_speaks_of(window, bridge):
    window.update_frame(
        dataclasses.replace(
            bridge.frame(), events=[Event(ActWalked(Act(1, ActKind.DELETED, Told("12 examples deleted")), back=False))]
        )
    )
    assert window.notifier.toast.said == "Done again: 12 examples deleted."
    record = dataclasses.replace(bridge._publish(27, bridge.now), to_version=22)
    window.update_frame(dataclasses.replace(bridge.frame(), publishes=[record]))
    assert window.notifier.toast.said == "Back to v22. B goes back, Shift+B forward."
    waits = dataclasses.replace(record, waiting=3)
    window.update_frame(dataclasses.replace(bridge.frame(), publishes=[waits]))
    assert "3 examples wait, not followed until you resume them" in window.notifier.toast.said
    bridge.remember([record])
    again = dataclasses.replace(record, version=record.version + 1, parent=record.version, to_version=24)
    window.update_frame(dataclasses.replace(bridge.frame(), publishes=[again]))
    assert window.notifier.toast.said == "Forward to v24. B goes back, Shift+B forward."
    QTest.keyClick(window, Qt.Key.Key_P)
    assert window.notifier.toast.said == "v42 is pinned: it answers until P is pressed again."
    QTest.keyClick(window, Qt.Key.Key_T, CONTROL)
    assert not window.notifier.toast.isVisible()


def test_the_status_bar_is_as_before_after_a_presentation(window, bridge):
    window.update_frame(bridge.frame(0.3))
    QApplication.processEvents()
    before = [label.geometry() for label in window.layout_.status.figures.values()]
    for _ in range(2):
        QTest.keyClick(window, Qt.Key.Key_F5)
        window.update_frame(bridge.frame(0.3))
        QApplication.processEvents()
    assert [label.geometry() for label in window.layout_.status.figures.values()] == before


def test_the_session_gets_the_room_that_is_left(make_window, make_bridge):
    bridge = make_bridge()
    window = make_window(bridge, size=(1100, 640))
    bridge.state.session_name = "a-very-long-name-of-a-session-that-nobody-would-type-by-hand.dgs"
    bridge.stats.skipped_hops = 16
    window.update_frame(bridge.frame(0.3))
    window.update_frame(bridge.frame(0.3))
    QApplication.processEvents()
    session = window.layout_.status.session
    assert session.text().endswith("saved")
    assert session.geometry().right() < window.layout_.status.width()
    assert session.width() >= session.fontMetrics().horizontalAdvance(session.text())
    assert session.toolTip() == f"session {bridge.state.session_name} · saved"


def test_losing_the_window_ends_the_take(window, bridge, qtbot):
    QTest.keyPress(window, Qt.Key.Key_1)
    other = QWidget()
    qtbot.addWidget(other)
    with qtbot.waitExposed(other):
        other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)])
    QTest.keyRelease(window, Qt.Key.Key_1)
    assert takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)]


def test_going_to_a_text_field_ends_the_take(window, bridge):
    QTest.keyPress(window, Qt.Key.Key_1)
    window.actions_.trigger("add_class")
    assert takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)]


def test_typing_a_name_records_nothing_and_triggers_nothing(window, bridge):
    window.actions_.trigger("add_class")
    field = window.layout_.classes_panel.field
    QTest.keyClicks(field, "b1 c2 pa")
    assert field.text() == "b1 c2 pa"
    assert bridge.calls == []


def test_whichever_control_has_the_focus_a_class_key_records(window, bridge):
    controls = [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(controls) > 10
    for control in controls:
        if isinstance(control, TEXT_FIELDS):
            continue
        bridge.calls.clear()
        control.setFocus()
        QTest.keyClick(control, Qt.Key.Key_2)
        assert takes(bridge) == [("labels.press_class", 1), ("labels.release_class",)], control


def test_a_marked_stretch_is_labelled_by_the_next_key(window, bridge):
    window.state.selection = (12.0, 14.5)
    QTest.keyClick(window, Qt.Key.Key_3)
    QTest.keyClick(window, Qt.Key.Key_3)
    assert bridge.calls == [("labels.label_span", 2, 12.0, 14.5), ("labels.press_class", 2), ("labels.release_class",)]
    assert window.state.selection is None


# -- feedback --------------------------------------------------------------------------------------------------


def test_recording_is_shown_at_once_and_counts_on(window, bridge):
    QTest.keyPress(window, Qt.Key.Key_4)
    assert "shake" in window.layout_.bar.recording.text_shown()
    assert window.layout_.classes_panel.recording == 3
    bridge.now += 1.2
    window.update_frame(bridge.frame(0.1))
    assert "1.3 s" in window.layout_.bar.recording.text_shown()
    QTest.keyRelease(window, Qt.Key.Key_4)
    window.update_frame(bridge.frame())
    assert window.layout_.bar.recording.text_shown() == "Label hold a key"
    assert window.layout_.classes_panel.recording is None


def test_recording_moves_nothing_in_the_bar(window):
    before = [chip.geometry() for chip in window.layout_.bar.chips]
    QTest.keyPress(window, Qt.Key.Key_4)
    QApplication.processEvents()
    assert [chip.geometry() for chip in window.layout_.bar.chips] == before
    QTest.keyRelease(window, Qt.Key.Key_4)


def test_a_saved_take_can_be_undone_from_its_toast(window, bridge):
    bridge.events.append(Event(TakeSaved(Take(1, 0, 0.0, 2.1, "s", examples=42), "circle")))
    window.update_frame(bridge.frame())
    assert window.notifier.toast.isVisible()
    assert window.notifier.toast.text.text() == "42 examples of circle, 2.1 s"
    QTest.mouseClick(window.notifier.toast.button, Qt.MouseButton.LeftButton)
    assert bridge.calls == [("labels.undo",)]
    assert not window.notifier.toast.isVisible()


@pytest.mark.parametrize(
    ("kind", "reason", "button"),
    [
        ("released", "3 protected inputs relabelled: the answers may move", ""),
        ("protected", "circle stable for 30 s, protected by itself: 40 examples, 40 of them protected", "Undo"),
    ],
)
def test_what_becomes_of_protected_inputs_is_told(window, bridge, kind, reason, button):
    bridge.publish(PublishRecord(1, kind, 43, 42, Told(reason), 0.0, 0.0))
    window.update_frame(bridge.frame())
    assert window.notifier.toast.said == f"{reason[0].upper()}{reason[1:]}."
    assert window.notifier.toast.button.isVisible() == bool(button)
    if button:
        window.notifier.toast.button.click()
        assert bridge.calls == [("labels.undo",)]


def test_trouble_is_told_and_logged_and_what_is_frequent_only_logged(window, bridge):
    bridge.events.append(Event(ProposalRejected(PublishRecord(1, "rejected", None, 3, BitsWouldChange(2), 0.0, 0.0))))
    window.update_frame(bridge.frame())
    assert not window.notifier.toast.isVisible()
    bridge.events.append(Event(StreamLost("the cable is out")))
    window.update_frame(bridge.frame())
    assert window.notifier.toast.text.text() == "Stream lost, retrying: the cable is out"
    log = window.layout_.panels["log"].lines.toPlainText()
    assert "Not published" in log
    assert "Stream lost" in log


def test_what_the_engine_refuses_is_said(window, bridge, monkeypatch):
    def refuse(version=None):
        raise BadInputError("There is no earlier version to go back to.")

    monkeypatch.setattr(bridge.model, "roll_back", refuse)
    window.notifier.attempt(bridge.model.roll_back)
    assert window.notifier.toast.text.text() == "There is no earlier version to go back to."


def test_a_panel_that_cannot_draw_stops_alone(window, bridge, monkeypatch):
    drawn = []
    monkeypatch.setattr(window.layout_.panels["classes"], "update_frame", lambda frame: 1 / 0)
    monkeypatch.setattr(window.layout_.panels["snapshots"], "update_frame", drawn.append)
    for _ in range(3):
        window.update_frame(bridge.frame())
    assert window.layout_.broken == {"classes"}
    assert len(drawn) == 3
    assert window.layout_.panels["log"].lines.toPlainText().count("stopped drawing") == 1


def test_a_failed_start_is_told_across_the_window(window, bridge):
    bridge.state.phase, bridge.state.failure = "failed", "The source could not be opened: name a file that exists."
    assert window.layout_.banner.isVisible()
    assert "could not be opened" in window.layout_.banner.label.text()
    bridge.state.phase = "ready"
    assert not window.layout_.banner.isVisible()


# -- actions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "modifier", "call"),
    [
        (Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, ("model.roll_back",)),
        (Qt.Key.Key_C, Qt.KeyboardModifier.NoModifier, ("comparison.choose", "in_place")),
        (Qt.Key.Key_P, Qt.KeyboardModifier.NoModifier, ("model.pin", 42)),
        (Qt.Key.Key_Z, CONTROL, ("labels.undo",)),
        (Qt.Key.Key_Y, CONTROL, ("labels.redo",)),
    ],
)
def test_keys_do_what_their_caps_say(window, bridge, key, modifier, call):
    QTest.keyClick(window, key, modifier)
    assert bridge.calls == [call]


def test_pinning_and_comparing_are_switches(window, bridge):
    for id in ("pin", "pin", "compare", "compare"):
        window.actions_.trigger(id)
    assert bridge.calls == [
        ("model.pin", 42),
        ("model.unpin",),
        ("comparison.choose", "in_place"),
        ("comparison.choose",),
    ]


def test_a_third_twin_takes_the_place_of_the_first(window, bridge):
    for id in ("compare", "compare_swap", "compare_replay", "compare_swap"):
        window.actions_.trigger(id)
    assert [call[1:] for call in bridge.calls] == [
        ("in_place",), ("in_place", "swap"), ("swap", "replay"), ("replay",),
    ]  # fmt: skip
    assert window.layout_.bar.compare.isChecked() and "with replay" in window.layout_.bar.compare.toolTip()


def test_pinning_is_shown_in_words(window):
    assert "live" in window.layout_.bar.serving.text_shown()
    window.actions_.trigger("pin")
    assert "pinned" in window.layout_.bar.serving.text_shown()


def test_space_pauses_the_view_unless_a_button_wants_it(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.state.paused
    window.layout_.bar.compare.setFocus()
    QTest.keyClick(window.layout_.bar.compare, Qt.Key.Key_Space)
    assert window.state.paused
    assert bridge.calls == [("comparison.choose", "in_place")]


def test_a_click_on_a_chip_leaves_space_with_the_stream(window):
    QTest.mouseClick(window.layout_.bar.compare, Qt.MouseButton.LeftButton)
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Space)
    assert window.state.paused
    assert window.state.compare == ("in_place",)


def test_only_the_modes_on_offer_are_shown(window, bridge):
    assert list(window.layout_.bar.modes.segments) == ["off", "both"]
    QTest.mouseClick(window.layout_.bar.modes.segments["off"], Qt.MouseButton.LeftButton)
    assert bridge.calls == [("model.set_mode", Mode.OFF)]
    assert window.layout_.bar.modes.segments["off"].isChecked()
    assert not window.layout_.bar.modes.segments["both"].isChecked()


def test_a_mode_that_is_chosen_says_what_it_means(make_window, make_bridge):
    window = make_window(make_bridge(modes=ALL_MODES))
    assert not window.notifier.toast.isVisible()
    for mode, means in ((Mode.ROUTING, "Only which units answer"), (Mode.OFF, "Nothing is learned")):
        window.state.mode = mode
        assert means.lower() in window.notifier.toast.said.lower() and window.notifier.toast.isVisible()


def test_the_palette_finds_and_does(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    assert window.sheets.palette.isVisible()
    QTest.keyClicks(window.sheets.palette.field, "undo")
    QTest.keyClick(window.sheets.palette.field, Qt.Key.Key_Return)
    assert bridge.calls == [("labels.undo",)]
    assert not window.sheets.palette.isVisible()


def test_the_palette_moves_with_arrows_and_says_when_nothing_fits(window, bridge):
    window.actions_.trigger("palette")
    field = window.sheets.palette.field
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert window.sheets.palette.list.currentRow() == 1
    QTest.keyClicks(field, "xyzzy 12")
    assert window.sheets.palette.none.isVisible()
    QTest.keyClick(field, Qt.Key.Key_Return)
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not window.sheets.palette.isVisible()
    assert bridge.calls == []
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_1)
    assert takes(bridge) == [("labels.press_class", 0), ("labels.release_class",)]


def test_f1_lists_every_key_once(window):
    QTest.keyClick(window, Qt.Key.Key_F1)
    sheet = window.sheets.shortcuts
    assert sheet.isVisible()
    caps = [cap.text for cap in sheet._caps]
    assert len(caps) == len(set(caps)) == len(HELD_KEYS) + sum(bool(action.keys) for action in window.actions_)
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_every_action_is_in_the_menu_and_every_chip_names_its_key(window):
    menus = [window.menu_, *(action.menu() for action in window.menu_.actions() if action.menu() is not None)]
    listed = {action.objectName() for menu in menus for action in menu.actions() if action.objectName()}
    assert listed == {action.id for action in window.actions_} - {"leave"}
    for id, chip in (("roll_back", window.layout_.bar.roll_back), ("present", window.layout_.bar.present)):
        assert window.actions_[id].keys[0] in chip.toolTip()


# -- room ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1024, 600), (1280, 720), (1600, 1000), (2560, 1440)])
@pytest.mark.parametrize("modes", [(Mode.OFF, Mode.BOTH), ALL_MODES], ids=["two modes", "four modes"])
def test_nothing_is_clipped_in_the_bars(make_window, make_bridge, size, modes):
    bridge = make_bridge(modes=modes)
    window = make_window(bridge, size=size)
    bridge.stats.reads = bridge.stats.receipts_checked = 12_345_678
    for _ in range(12):
        window.update_frame(bridge.frame(0.1))
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    previous = 0
    for widget in [window.layout_.bar.brand, *window.layout_.bar.findChildren(Chip)]:
        if widget.isVisible():
            assert widget.width() >= widget.sizeHint().width(), widget.accessibleName()
    for chip in filter(Chip.isVisible, window.layout_.bar.chips):
        left = chip.mapTo(window.layout_.bar, QPoint(0, 0)).x()
        assert left >= previous
        previous = left + chip.width()
    assert previous <= window.layout_.bar.width()
    for label in [*window.layout_.status.figures.values(), window.layout_.status.session]:
        assert label.width() >= label.fontMetrics().horizontalAdvance(label.text())
        assert label.geometry().right() < window.layout_.status.width()


def test_the_panels_fill_the_window_in_its_proportions(window):
    for size in ((1280, 720), (2560, 1440)):
        window.resize(*size)
        QApplication.processEvents()
        wide = window.layout_.panels["gates"].width()
        assert wide > window.layout_.panels["stream"].width() > 250
        assert wide > window.layout_.panels["classes"].width() > 250
        assert window.layout_.panels["snapshots"].width() == size[0]
        total = window.layout_.panels["stream"].width() + wide + window.layout_.panels["classes"].width()
        assert size[0] - total == 2


def test_type_follows_the_size_of_the_window_once_it_rests(make_window, make_bridge, qtbot):
    window = make_window(make_bridge(), size=(1280, 720))
    theme = window.appearance.theme
    margin = window.layout_.gates_panel.body.contentsMargins().left()
    window.resize(3840, 2160)
    qtbot.waitUntil(lambda: window.appearance.theme.scale >= 1.5)
    assert window.layout_.gates_panel.theme.px("body") > theme.px("body")
    assert window.layout_.gates_panel.body.contentsMargins().left() > margin
    panels = window.layout_.arrangement.area.boxes().values()
    assert max(box.y + box.tall for box in panels) <= window.layout_.arrangement.height()
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: window.appearance.theme.scale == 1.0)
    assert window.layout_.gates_panel.body.contentsMargins().left() == margin
    assert window.size() == QSize(1280, 720)


class Screen:
    """A screen of this size without a system's bars."""

    def __init__(self, wide, tall):
        self._size = QSize(wide, tall)

    def size(self):
        return self._size

    availableSize = size


@pytest.mark.parametrize(
    ("screen", "fits", "fills"),
    [
        ((800, 800), False, False),
        ((1280, 599), False, False),
        ((1024, 600), True, True),
        ((1280, 720), True, True),
        ((1920, 1080), True, False),
    ],
)
def test_only_a_screen_with_room_for_the_window_is_filled(window, monkeypatch, screen, fits, fills):
    monkeypatch.setattr(window, "screen", lambda: Screen(*screen))
    assert (window.geometry_.fits_screen(), window.geometry_.fills_screen()) == (fits, fills)


def test_a_screen_that_is_too_small_is_left_alone(window, monkeypatch):
    monkeypatch.setattr(window, "screen", lambda: Screen(800, 800))
    before = window.size()
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert window.state.presentation and not window.isFullScreen() and window.size() == before
    assert not window.notifier.toast.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.state.presentation and window.size() == before
    QTest.keyClick(window, Qt.Key.Key_F11)
    assert not window.isFullScreen()
    assert window.notifier.toast.said == "This screen is too small to be filled: the window needs 1024 × 600."


def test_what_was_maximised_on_a_larger_screen_is_not_on_a_small_one(make_window, make_bridge):
    window = make_window(make_bridge())
    assert window.screen().size() == QSize(800, 800)
    window.showMaximized()
    window.close()
    later = make_window(make_bridge(), size=(1024, 600))
    assert not later.isMaximized()
    assert (later.width(), later.height()) == (1024, 600)


def test_a_presentation_fills_the_screen_and_gives_it_back(window, monkeypatch):
    monkeypatch.setattr(window, "screen", lambda: Screen(1920, 1080))
    monkeypatch.setattr(stage_window, "other_screen", lambda _window: None)
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert window.state.presentation and window.isFullScreen()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.state.presentation and not window.isFullScreen()


# -- what is remembered ----------------------------------------------------------------------------------------


def test_the_theme_is_remembered(make_window, make_bridge):
    first = make_window(make_bridge())
    assert first.appearance.theme.dark
    QTest.keyClick(first, Qt.Key.Key_T, CONTROL)
    assert not first.appearance.theme.dark
    first.close()
    assert not make_window(make_bridge()).appearance.theme.dark


def test_settings_live_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "there"))
    assert open_settings().fileName() == str(tmp_path / "there" / "studio.ini")


# -- the end ---------------------------------------------------------------------------------------------------


def test_closing_ends_the_take_and_shuts_down_once(window, bridge):
    QTest.keyPress(window, Qt.Key.Key_1)
    window.close()
    window.close()
    assert bridge.calls == [("labels.press_class", 0), ("labels.release_class",), ("shutdown",)]


def test_thousands_of_frames_and_signals_pass(window, bridge):
    for _ in range(60):
        window.update_frame(bridge.frame())
    for _ in range(2000):
        window.state.scrubbing = not window.state.scrubbing
    assert window.layout_.broken == set()


# -- figures ---------------------------------------------------------------------------------------------------


def test_figures_say_good_and_bad_in_words_and_look():
    fine = figures_of(EngineStats(reads=1200, receipts_checked=10, serve_p50_us=84, serve_p99_us=1900), 30.2)
    assert fine["window"] == ("window 30 fps", "muted")
    assert fine["serve"] == ("serve 84 µs p50 · 1.9 ms p99", "muted")
    assert fine["torn"] == (f"torn reads 0 / {grouped(1200)}", "good")
    assert fine["receipts"] == ("receipts 100 %", "good")
    bad = figures_of(EngineStats(reads=1200, torn=1, receipts_checked=10_000, receipts_wrong=1, lost_samples=3), 30.0)
    assert bad["torn"][1] == bad["receipts"][1] == bad["lost"][1] == "bad"
    assert bad["receipts"][0] == f"receipts 1 of {grouped(10_000)} wrong"


def test_text_changes_four_times_a_second_at_most(window, bridge):
    seen = []
    for _ in range(30):
        bridge.stats.learned += 1
        window.update_frame(bridge.frame(1 / 30))
        seen.append(window.layout_.status.figures["learn"].text())
    assert 3 <= len(set(seen)) <= 5


def test_a_copy_is_saved_where_the_dialog_says_while_the_stream_goes_on(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = window.findChildren(QFileDialog)
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave and dialog.defaultSuffix() == "dgs"
    assert [Path(path).suffix for path in dialog.selectedFiles()] == [".dgs"], "a name is proposed"
    # Its own icons are black: ours are as light as its text.
    icon = dialog.findChild(QToolButton, "toParentButton").icon().pixmap(18).toImage()
    inks = [icon.pixelColor(x, y) for x in range(18) for y in range(18)]
    assert max(ink.lightness() for ink in inks if ink.alpha() > 200) > 150
    assert all(button.icon().isNull() for button in dialog.findChildren(QPushButton))
    window.update_frame(bridge.frame())
    dialog.fileSelected.emit("/somewhere/copy.dgs")
    dialog.close()
    assert bridge.calls == [("recording.save_copy", Path("/somewhere/copy.dgs"), {"overwrite": True})]


@pytest.mark.parametrize(
    ("kind", "filters", "suffixes"),
    [
        ("examples", ["Tables (*.csv)", "NumPy arrays (*.npz)"], ["csv", "npz"]),
        ("model", ["ONNX models (*.onnx)", "Safetensors (*.safetensors)"], ["onnx", "safetensors"]),
        ("report", ["Pages (*.html)"], ["html"]),
        ("figures", ["Tables (*.csv)"], ["csv"]),
    ],
)
def test_exports_go_where_the_dialog_says_in_the_format_that_is_chosen(window, bridge, kind, filters, suffixes):
    bridge.state.session_name = "v1.2 gestures.dgs"
    window.actions_.trigger(f"export_{kind}")
    (dialog,) = window.findChildren(QFileDialog)
    assert not dialog.isModal() or dialog.windowModality() == Qt.WindowModality.WindowModal
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave and dialog.nameFilters() == filters
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    for chosen, suffix in zip(filters, suffixes, strict=True):
        dialog.selectNameFilter(chosen)
        dialog.filterSelected.emit(chosen)
        assert dialog.defaultSuffix() == suffix
        assert [path.rpartition("/")[2] for path in dialog.selectedFiles()] == [f"v1-2 gestures {kind}.{suffix}"]
    dialog.fileSelected.emit(f"/somewhere/a.{suffixes[0]}")
    dialog.close()
    assert bridge.calls == [("recording.export", kind, Path(f"/somewhere/a.{suffixes[0]}"), {"overwrite": True})]
    assert window.notifier.toast.said == f"Writing a.{suffixes[0]} …"


def test_how_an_export_ended_is_told(window, bridge, monkeypatch):
    path = Path("a.csv")
    for event in (Event(Exported(path, "It has 3 rows.")), Event(NotExported(path, "The disk is full."))):
        bridge.events.append(event)
        window.update_frame(bridge.frame())
        assert window.notifier.toast.said == event.sentence

    def refuse(kind, path, *, overwrite):
        raise BadInputError("A model is written as .onnx or .safetensors: name the file so.")

    monkeypatch.setattr(bridge.recording, "export", refuse)
    window.session_actions.export("model")
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit("/somewhere/a.txt")
    dialog.close()
    assert window.notifier.toast.said == "A model is written as .onnx or .safetensors: name the file so."


def test_the_menu_fits_a_small_screen(window):
    assert window.menu_.sizeHint().height() <= 768


def test_no_part_of_the_menu_is_there_twice(window):
    titles = [action.text() for action in window.menu_.actions() if action.text()]
    assert len(titles) == len(set(titles))


def test_what_comes_in_and_goes_out_stands_together_in_the_menu(window):
    under = next(action.menu() for action in window.menu_.actions() if action.text() == "File")
    texts = [action.text() for action in under.actions()]
    assert texts[:6] == ["New session", "Open a session…", "Recent sessions…", "Save as…", "Save a copy…", "Duplicate"]
    taken_along = ["Export examples…", "Export model…", "Export report…", "Export for another machine…"]
    taken_along += ["Export the recorded stream…", "Export figures…"]
    pictures = ["Save a picture of the window…", "Save a picture of this panel…"]
    moving = ["Keep the last 30 s as a picture", "Save the last 30 s…"]
    assert texts[6:] == ["Import examples…", "Record the stream", *taken_along, *pictures, *moving]
    assert len(window.actions_.groups()["File"]) == len(texts)


def test_a_take_that_is_not_saved_is_no_good_news(window, bridge):
    bridge.events.append(Event(TakeSaved(Take(1, 0, 0.0, 2.1, "s", examples=42), "circle", durable=False)))
    window.update_frame(bridge.frame())
    assert window.notifier.toast.text.text().endswith("not saved yet") and window.notifier.toast.button.text() == "Undo"
    bridge.events.append(Event(SavedAgain()))
    window.update_frame(bridge.frame())
    assert window.notifier.toast.text.text() == "Saving works again; no label was lost."


def test_shift_and_a_class_key_take_its_last_take_back(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ShiftModifier)
    assert bridge.calls == [("labels.take_back_last", 0)]
    QTest.keyClick(window, Qt.Key.Key_5, Qt.KeyboardModifier.ShiftModifier)
    assert window.notifier.toast.said == "run has no take to take back."
    QTest.keyClick(window, Qt.Key.Key_9, Qt.KeyboardModifier.ShiftModifier)
    assert window.notifier.toast.said == "No class has key 9." and len(bridge.calls) == 1


def test_recording_the_stream_is_an_action_with_a_lamp(window, bridge):
    lamp = window.layout_.status.recording
    window.update_frame(bridge.frame(0.3))
    assert not lamp.isVisible() and lamp.said == ""
    QTest.keyClick(window, Qt.Key.Key_R, CONTROL)
    assert bridge.calls[-1] == ("recording.record", True)
    assert window.actions_.qaction("record_stream").isChecked()
    bridge.stats.recorded_s, bridge.stats.recorded_bytes = 192.4, 5_230_000
    window.update_frame(bridge.frame(0.01))
    assert lamp.isVisible() and lamp.said == "● recording 3:12 · 5.2 MB"
    assert lamp.accessibleDescription() == "recording 3:12 · 5.2 MB"
    assert "98 MB an hour" in lamp.toolTip()
    bridge.stats.recording_lost = 7
    window.update_frame(bridge.frame(0.01))
    assert lamp.said.endswith("· 7 lost")
    bridge.stats.recording_failing = "the disk is full"
    window.update_frame(bridge.frame(0.01))
    assert lamp.said == "▲ recording waits · 5.2 MB" and "the disk is full" in lamp.toolTip()
    bridge.stats.recording_failing = ""
    QTest.keyClick(window, Qt.Key.Key_R, CONTROL)
    assert bridge.calls[-1] == ("recording.record", False)
    window.update_frame(bridge.frame(0.01))
    assert not lamp.isVisible() and not window.actions_.qaction("record_stream").isChecked()


@pytest.mark.parametrize("size", [(1100, 640), (1280, 720), (2560, 1440)])
def test_the_lamp_of_the_recording_has_its_room(make_window, make_bridge, size):
    bridge = make_bridge()
    window = make_window(bridge, size=size)
    bridge.recording.record(True)
    bridge.stats.recorded_s, bridge.stats.recorded_bytes, bridge.stats.recording_lost = 36_000.0, 1_250_000_000, 12_345
    for _ in range(3):
        window.update_frame(bridge.frame(0.3))
    QApplication.processEvents()
    status = window.layout_.status
    lamp, session = status.recording, status.session
    assert lamp.isVisible() and lamp.width() >= lamp.fontMetrics().horizontalAdvance(lamp.said)
    assert session.text().endswith("saved") and session.geometry().right() < status.width()
    shown = [label for label in (*status.figures.values(), lamp, session) if label.isVisible()]
    for left, right in pairwise(shown):
        assert left.geometry().right() < right.geometry().left()


def test_qt_paints_the_window_without_the_interpreter():
    """Where Python stands in the way of the window's events, all threads wait while Qt paints what is in it."""
    assert "event" not in vars(StudioWindow) and "notify" not in vars(StudioWindow)
    assert StudioWindow.event is QMainWindow.event


def test_a_long_toast_is_wrapped_and_shows_every_word(window):
    toast, text = window.notifier.toast, "This is one of several sentences that nobody should have to guess. " * 4
    toast.show_text(text.strip(), "warning", "Do it")
    QApplication.processEvents()
    label = toast.text
    assert label.text() == text.strip() and label.height() >= label.heightForWidth(label.width())
    assert toast.button.isVisible() and window.layout_.desk.rect().contains(toast.geometry())
    toast.show_text("Short.")
    assert label.height() < 2 * label.fontMetrics().height()


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
def test_a_toast_covers_no_panel(make_window, bridge, size):
    window = make_window(bridge, size=size)
    toast, status = window.notifier.toast, window.layout_.status
    toast.show_text("42 examples of circle, 2.1 s: learned, and in the version that serves.", "good", "Undo")
    QApplication.processEvents()
    place = QRect(status.mapTo(window.layout_.desk, QPoint(0, 0)), status.size())
    assert toast.isVisible() and toast.geometry() == place
    assert toast.geometry().contains(toast.button.geometry().translated(toast.pos()))
    window.resize(size[0] + 100, size[1])
    assert toast.width() == status.width()


def test_a_toast_waits_while_its_button_has_the_focus(window):
    window.notifier.toast.show_text("There is something to decide.", "warning", "Do it", lambda: None)
    window.notifier.toast.button.setFocus()
    window.notifier.toast._expire()
    assert window.notifier.toast.isVisible()
    window.layout_.desk.setFocus()
    window.notifier.toast._expire()
    assert not window.notifier.toast.isVisible()


@pytest.mark.parametrize("name", ["history", "protected", "importing"])
def test_sheets_grow_with_the_window_and_leave_the_stream_in_sight(make_window, bridge, name):
    window = make_window(bridge, size=(1280, 720))
    sheet = getattr(window.sheets, name)
    sheet.open()
    small = sheet.size()
    window.resize(2560, 1440)
    QApplication.processEvents()
    assert sheet.height() > 1.3 * small.height() and sheet.width() >= small.width()
    assert sheet.height() <= 0.7 * window.height() and sheet.width() <= 0.7 * window.width()
