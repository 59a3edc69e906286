"""Panels as docks in the real window: by mouse, by menu, by keys; layouts, and what is kept of them."""

import dataclasses
import json

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from dgstudio.engine.facts.event import Event
from dgstudio.engine.facts.saving import NotSaved
from dgstudio.studio.actions.ids import ActionId, SubMenu
from dgstudio.studio.bridge.settings import ARRANGEMENT, LAYOUTS
from dgstudio.studio.docking.arrangement import OVER
from dgstudio.studio.docking.built_in import BUILT_IN
from dgstudio.studio.docking.grip import Grip
from dgstudio.studio.docking.panel_menu import fill_panel_menu
from dgstudio.studio.docking.tree import Way
from dgstudio.studio.stream.panel import StreamPanel
from dgstudio.studio.theme.theme import LIGHT
from dgstudio.studio.window.action_tables.layout_actions import PANEL_ACTIONS
from dgstudio.studio.window.layout import LATE
from dgstudio.types import StreamKind, TwinKind

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


def settle(window):
    """Let everything take its place."""
    for _ in range(4):
        QApplication.processEvents()
    if window.layout_.arrangement.area._later.isActive():
        window.layout_.arrangement.area._later.stop()
        window.layout_.arrangement.area._settle()
    QApplication.processEvents()


def boxes(window):
    return window.layout_.arrangement.area.boxes()


def grip_beside(window, name, way):
    """What the mouse takes hold of at the right or lower edge of a panel."""
    box = boxes(window)[name]
    for grip in window.layout_.arrangement.area.findChildren(Grip):
        across = grip.cursor().shape() == Qt.CursorShape.SplitHCursor
        spot = QPoint(box.x + box.wide, box.y + 5) if way == Way.ACROSS else QPoint(box.x + 5, box.y + box.tall)
        if grip.isVisible() and across == (way == Way.ACROSS) and grip.geometry().contains(spot):
            return grip
    raise AssertionError(f"there is no line at {name}")


def drag_line(window, name, way, by):
    grip = grip_beside(window, name, way)
    at = grip.rect().center()
    QTest.mousePress(grip, LEFT, pos=at)
    QTest.mouseMove(grip, at + by)
    # Qt moves the line when it has nothing else to do.
    QApplication.processEvents()
    QApplication.processEvents()
    QTest.mouseRelease(grip, LEFT, pos=at + by)
    settle(window)


def header(window, name):
    return window.layout_.panels[name].header_bar


def choose(window, name):
    window.layouts.choose(name)
    settle(window)


def entry(menu, *path):
    """The action of a menu that these words lead to."""
    for words in path[:-1]:
        menu = next(action.menu() for action in menu.actions() if action.text() == words)
    return next(action for action in menu.actions() if action.text() == path[-1])


def panel_menu(window, name):
    menu = QMenu(window)
    fill_panel_menu(menu, window.layout_.arrangement, name, window.pictures.fill_panel_menu)
    return menu


# -- open and closed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PANEL_ACTIONS)
def test_every_panel_closes_and_comes_back_where_it_was(window, name):
    arrangement = window.layout_.arrangement
    arrangement.set_open(name, True)
    settle(window)
    before = boxes(window)
    assert name in before
    QTest.mouseClick(arrangement.docks[name].close_button, LEFT)
    settle(window)
    assert not window.layout_.panels[name].isVisible()
    assert not window.actions_.qaction(PANEL_ACTIONS[name]).isChecked()
    window.actions_.trigger(PANEL_ACTIONS[name])
    settle(window)
    assert window.layout_.panels[name].isVisible()
    assert window.actions_.qaction(PANEL_ACTIONS[name]).isChecked()
    assert boxes(window) == before


def test_the_menu_lists_every_panel_with_a_mark(window):
    menu = window.menus_[SubMenu.PANELS]
    marked = {action.text(): action.isChecked() for action in menu.actions() if action.isCheckable()}
    assert len(marked) == len(window.layout_.panels)
    assert marked["Stream panel"] and not marked["Log panel"] and not marked["Quality panel"]
    entry(menu, "Log panel").trigger()
    assert window.layout_.log_panel.isVisible() and entry(menu, "Log panel").isChecked()


def test_quality_takes_the_place_of_gates_and_stability_and_gives_it_back(window):
    before = boxes(window)
    QTest.keyClick(window, Qt.Key.Key_Q)
    settle(window)
    there = boxes(window)
    assert "gates" not in there and "stability" not in there
    assert there["quality"].tall == before["gates"].tall + before["stability"].tall + 1
    window.actions_.trigger(ActionId.PANEL_GATES)
    settle(window)
    assert boxes(window) == before


def test_quality_put_elsewhere_takes_no_other_place(window):
    arrangement = window.layout_.arrangement
    arrangement.put_beside("quality", "snapshots", Way.ACROSS, after=True)
    settle(window)
    assert {"gates", "stability", "quality"} <= set(boxes(window))
    assert header(window, "gates").title.isVisible() and not header(window, "gates").tabs.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Q)
    settle(window)
    assert "quality" not in boxes(window) and "gates" in boxes(window)


# -- sizes -----------------------------------------------------------------------------------------------------------


def test_proportions_follow_the_window_before_and_after_a_hand(window):
    wide = {}
    for size in ((1280, 720), (1600, 1000), (2560, 1440)):
        window.resize(*size)
        settle(window)
        wide[size[0]] = boxes(window)["stream"].wide
    assert wide[1280] == 298 and wide[1600] == 372 and wide[2560] == 595
    window.resize(1280, 720)
    settle(window)
    drag_line(window, "stream", Way.ACROSS, QPoint(100, 0))
    by_hand = boxes(window)["stream"].wide
    assert abs(by_hand - 398) <= 3
    window.resize(2560, 1440)
    settle(window)
    assert abs(boxes(window)["stream"].wide - 2 * by_hand) <= 3
    window.actions_.trigger(ActionId.RESET_LAYOUT)
    settle(window)
    assert boxes(window)["stream"].wide == 595


def test_no_panel_needs_more_room_for_having_had_more(window):
    """It could be stuck: too large for its place, where only less room would make it need less."""
    layout = window.layout_
    window.state.compare = (TwinKind.IN_PLACE,)
    for name, middle in [*((name, "gates") for name in BUILT_IN), *(("Label", name) for name in OVER)]:
        choose(window, name)
        layout.show_middle(middle)
        needed = []
        for size in ((1280, 720), (1600, 1000)):
            window.resize(*size)
            settle(window)
            docks = {name: dock for name, dock in layout.arrangement.docks.items() if dock.seen}
            needed.append((layout.theme.scale, {name: dock.minimumSizeHint() for name, dock in docks.items()}))
        assert needed[0] == needed[1], (name, middle)


def test_a_line_is_taken_hold_of_beside_it_and_is_one_pixel_wide(window):
    grip = grip_beside(window, "answer", Way.DOWN)
    assert grip.height() == 5
    there = boxes(window)
    assert there["gates"].y - (there["answer"].y + there["answer"].tall) == 1


def test_a_line_is_taken_hold_of_where_it_is_though_a_button_is_held_while_a_panel_grows(window):
    settle(window)
    before, panel = boxes(window), window.layout_.panels["stability"]
    held = header(window, "stability").title
    QTest.mousePress(held, LEFT)
    panel.setMinimumHeight(before["stability"].tall + 60)
    settle(window)
    QApplication.processEvents()
    assert boxes(window)["stability"].tall > before["stability"].tall, "Qt has moved the line"
    assert grip_beside(window, "gates", Way.DOWN).isVisible()
    QTest.mouseRelease(held, LEFT)


def test_a_hand_made_arrangement_is_kept_and_can_be_reset(make_window, make_bridge):
    first = make_window(make_bridge())
    drag_line(first, "stream", Way.ACROSS, QPoint(60, 0))
    there = boxes(first)
    first.close()
    second = make_window(make_bridge())
    settle(second)
    assert boxes(second) == there
    second.actions_.trigger(ActionId.RESET_LAYOUT)
    settle(second)
    assert boxes(second)["stream"].wide < there["stream"].wide
    second.close()
    third = make_window(make_bridge())
    assert third.layout_.arrangement.state() is None, "nothing of the hand is left"


# -- floating --------------------------------------------------------------------------------------------------------


def test_a_double_click_on_the_header_floats_and_puts_back(window):
    arrangement, before = window.layout_.arrangement, boxes(window)
    for floats in (True, False):
        QTest.mouseDClick(header(window, "answer"), LEFT, pos=QPoint(150, 15))
        settle(window)
        assert arrangement.docks["answer"].isFloating() == floats
        assert window.layout_.panels["answer"].isVisible()
    assert boxes(window) == before


def drag_panel(window, name, to):
    """Take a panel by its header and drop it at a place on the screen, as a hand does."""
    dock, bar = window.layout_.arrangement.docks[name], header(window, name)
    begin = bar.mapToGlobal(QPoint(200, 12))

    def send(kind, spot, button, buttons):
        at = QPointF(dock.mapFromGlobal(spot))
        sent = QMouseEvent(kind, at, QPointF(spot), button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(dock, sent)
        QApplication.processEvents()

    QTest.mousePress(bar, LEFT, pos=QPoint(200, 12))
    for spot in (begin + QPoint(-40, 40), begin + QPoint(-80, 60), to - QPoint(20, 20), to, to):
        send(QEvent.Type.MouseMove, spot, Qt.MouseButton.NoButton, LEFT)
    send(QEvent.Type.MouseButtonRelease, to, LEFT, Qt.MouseButton.NoButton)
    # So that Qt knows of no pressed button any more.
    QTest.mouseRelease(window, LEFT)
    settle(window)


def test_a_panel_is_dragged_out_by_its_header_and_dropped_elsewhere(window):
    window.resize(1600, 1000)
    settle(window)
    arrangement = window.layout_.arrangement
    over = arrangement.docks["classes"]
    drag_panel(window, "stability", over.mapToGlobal(QPoint(over.width() // 2, over.height() - 30)))
    there = boxes(window)
    assert there["stability"].x == there["classes"].x and there["stability"].y > there["classes"].y
    assert arrangement.by_hand and arrangement.area.stands_as(arrangement._tree)
    over = arrangement.docks["gates"]
    drag_panel(window, "answer", over.mapToGlobal(over.rect().center()))
    assert arrangement.area.stacks(["answer"])["answer"] in (("gates", "answer"), ("answer", "gates"))
    again = arrangement.stored()
    choose(window, "Talk")
    arrangement.put(again)
    settle(window)
    assert set(boxes(window)) == {*there} - {"gates"}
    assert arrangement.area.stacks(["answer"])["answer"] in (("gates", "answer"), ("answer", "gates"))


def test_a_floating_panel_draws_on_and_hands_its_keys_to_the_window(window, bridge, qtbot):
    arrangement = window.layout_.arrangement
    arrangement.let_float("answer", True)
    dock = arrangement.docks["answer"]
    settle(window)
    dock.activateWindow()
    qtbot.waitUntil(dock.isActiveWindow)
    window.update_frame(bridge.frame(0.3))
    assert dock.seen
    QTest.keyPress(dock, Qt.Key.Key_4)
    assert bridge.calls[-1] == ("labels.press_class", 3)
    QTest.keyRelease(dock, Qt.Key.Key_4)
    assert bridge.calls[-1] == ("labels.release_class",)
    QTest.keyClick(dock, Qt.Key.Key_K, CONTROL)
    assert window.sheets.palette.isVisible()
    qtbot.waitUntil(window.isActiveWindow)
    assert window.sheets.palette.field.hasFocus()


def test_going_from_the_window_to_its_floating_panel_ends_no_take_and_leaving_both_does(window, bridge, qtbot):
    arrangement = window.layout_.arrangement
    arrangement.let_float("answer", True)
    dock = arrangement.docks["answer"]
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyPress(window, Qt.Key.Key_4)
    dock.activateWindow()
    qtbot.waitUntil(dock.isActiveWindow)
    assert window.labelling.held == 3
    stranger = QWidget()
    qtbot.addWidget(stranger)
    stranger.show()
    stranger.activateWindow()
    qtbot.waitUntil(stranger.isActiveWindow)
    assert window.labelling.held is None
    stranger.close()


def test_what_floats_is_kept_and_goes_with_the_window(make_window, make_bridge):
    first = make_window(make_bridge())
    arrangement = first.layout_.arrangement
    arrangement.let_float("stability", True)
    arrangement.docks["stability"].setGeometry(QRect(120, 90, 500, 300))
    settle(first)
    first.close()
    assert not arrangement.docks["stability"].isVisible()
    second = make_window(make_bridge())
    settle(second)
    dock = second.layout_.arrangement.docks["stability"]
    assert dock.isFloating() and dock.isVisible() and dock.geometry() == QRect(120, 90, 500, 300)


def test_what_would_float_out_of_sight_comes_back(make_window, make_bridge):
    first = make_window(make_bridge())
    arrangement = first.layout_.arrangement
    arrangement.let_float("answer", True)
    state = arrangement.state()
    state["floating"]["answer"] = [9000, -4000, 6000, 5000]
    assert arrangement.put_state(json.loads(json.dumps(state)))
    settle(first)
    room = first.screen().availableGeometry()
    assert arrangement.docks["answer"].isFloating() and room.contains(arrangement.docks["answer"].geometry())


# -- moving ----------------------------------------------------------------------------------------------------------


def test_the_menu_of_a_panel_moves_it(window):
    for words, name, check in (
        ("Left of", "Stream", lambda a, b: a.x + a.wide + 1 == b.x),
        ("Below", "Classes", lambda a, b: b.y + b.tall + 1 == a.y),
    ):
        entry(panel_menu(window, "answer"), words, name).trigger()
        settle(window)
        assert check(boxes(window)["answer"], boxes(window)[name.lower()])
    entry(panel_menu(window, "answer"), "As a tab with", "Stability").trigger()
    settle(window)
    there = boxes(window)
    assert "answer" in there and "stability" not in there
    assert not window.layout_.arrangement.docks["stability"].seen
    assert not header(window, "answer").title.isVisible(), "the tab says its name"
    entry(panel_menu(window, "answer"), "Close").trigger()
    settle(window)
    assert "stability" in boxes(window) and "answer" not in boxes(window)


def test_the_panel_that_was_used_last_is_floated_and_closed_by_the_keyboard(window):
    window.layout_.snapshots_panel.view.setFocus()
    arrangement = window.layout_.arrangement
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    titles = [action.title for action in window.actions_.search("panel")]
    assert {"Move panel…", "Float panel, or put it back", "Close panel"} <= set(titles)
    QTest.keyClicks(window.sheets.palette.field, "float panel")
    QTest.keyClick(window.sheets.palette.field, Qt.Key.Key_Return)
    assert arrangement.docks["snapshots"].isFloating()
    window.actions_.trigger(ActionId.CLOSE_PANEL)
    assert not arrangement.is_open("snapshots")


def test_what_is_covered_or_closed_draws_nothing_and_catches_up(window, bridge, monkeypatch):
    arrangement = window.layout_.arrangement
    arrangement.put_upon("stability", "gates")
    settle(window)
    drawn = []
    gates = window.layout_.gates_panel
    monkeypatch.setattr(gates, "_show_live", lambda frame, real=gates._show_live: (drawn.append(frame), real(frame)))
    for _ in range(5):
        window.update_frame(bridge.frame(0.1))
    assert not drawn
    arrangement.docks["gates"].raise_()
    settle(window)
    window.update_frame(bridge.frame(0.1))
    assert len(drawn) == 1
    newest = bridge.frame(0.0).readings[-1]
    assert gates._reading is not None and gates._reading.end >= newest.end - 0.2


def test_the_log_misses_nothing_while_it_is_closed(window, bridge):
    bridge.events.append(Event(NotSaved("the disk is full")))
    window.update_frame(bridge.frame())
    assert "the disk is full" in window.layout_.log_panel.lines.toPlainText()


# -- layouts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_layout_shows_what_it_is_for(window, name):
    window.actions_.trigger(ActionId(f"layout_{name.lower()}"))
    settle(window)
    there = {known for known in window.layout_.panels if window.layout_.panels[known].isVisible()}
    assert there == BUILT_IN[name].open & set(window.layout_.panels)
    whole = window.layout_.arrangement.area.size()
    covered = sum(box.wide * box.tall for box in boxes(window).values())
    assert covered > 0.99 * whole.width() * whole.height()
    checked = [each for each in map(str.lower, BUILT_IN) if window.actions_.qaction(f"layout_{each}").isChecked()]
    assert checked == [name.lower()]


def test_the_focus_stays_where_it_was_if_its_panel_does(window):
    view = window.layout_.stream_panel.view
    view.setFocus()
    assert view.hasFocus()
    choose(window, "Debug")
    assert view.hasFocus()
    window.layout_.classes_panel.add_button.setFocus()
    choose(window, "Talk")
    focus = QApplication.focusWidget()
    assert focus is None or focus.isVisible()
    QTest.keyClick(focus or window, Qt.Key.Key_F1)
    assert window.sheets.shortcuts.isVisible()


def test_a_layout_of_ones_own_is_saved_changed_restored_renamed_and_deleted(window):
    arrangement = window.layout_.arrangement
    arrangement.put_beside("answer", "stream", Way.DOWN, after=False)
    arrangement.set_open("uncertain", False)
    settle(window)
    mine = boxes(window)
    window.actions_.trigger(ActionId.SAVE_LAYOUT)
    sheet = window.sheets.name
    assert sheet.isVisible() and sheet.field.hasFocus()
    QTest.keyClicks(sheet.field, "debug")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    assert sheet.isVisible() and "take another name" in sheet.sentence.text()
    sheet.field.clear()
    QTest.keyClicks(sheet.field, "On stage")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    assert sheet.isHidden() and arrangement.layout_name == "On stage"
    choose(window, "Label")
    assert boxes(window) != mine
    menu = window.menus_[SubMenu.LAYOUT]
    menu.aboutToShow.emit()
    entry(menu, "On stage", "Use it").trigger()
    settle(window)
    assert boxes(window) == mine
    drag_line(window, "stream", Way.ACROSS, QPoint(80, 0))
    assert boxes(window) != mine
    window.actions_.trigger(ActionId.RESET_LAYOUT)
    settle(window)
    assert boxes(window) == mine
    entry(menu, "On stage", "Rename…").trigger()
    sheet.field.setText("Stage")
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    assert window.layouts.own.names() == ["Stage"] and arrangement.layout_name == "Stage"
    found = next(action for action in window.actions_.search("delete the layout") if action.subject == "Stage")
    window.actions_.choose(found)
    assert window.layouts.own.names() == []
    window.notifier.toast.button.click()
    assert window.layouts.own.names() == ["Stage"]


def test_a_layout_saved_on_a_large_screen_fits_a_small_one(make_window, make_bridge):
    large = make_window(make_bridge(), size=(2560, 1440))
    drag_line(large, "stream", Way.ACROSS, QPoint(300, 0))
    share = boxes(large)["stream"].wide / 2560
    large.layouts.save("Mine")
    large.close()
    small = make_window(make_bridge(), size=(1280, 720))
    choose(small, "Mine")
    assert abs(boxes(small)["stream"].wide / 1280 - share) < 0.01
    whole = small.layout_.arrangement.area.rect()
    assert all(whole.contains(QRect(box.x, box.y, box.wide, box.tall)) for box in boxes(small).values())


def test_the_session_keeps_its_own_arrangement(make_window, make_bridge, monkeypatch):
    first_bridge, kept = make_bridge(), []
    monkeypatch.setattr(first_bridge, "keep_layout", kept.append)
    first = make_window(first_bridge)
    choose(first, "Debug")
    drag_line(first, "stream", Way.ACROSS, QPoint(50, 0))
    there = boxes(first)
    first.close()
    (session,) = (json.loads(json.dumps(layout)) for layout in kept)
    other = make_window(make_bridge())
    choose(other, "Talk")
    other.close()
    again = make_bridge()
    monkeypatch.setattr(again, "layout", lambda: session)
    second = make_window(again)
    settle(second)
    assert boxes(second) == there and second.layout_.arrangement.layout_name == "Debug"


@pytest.mark.parametrize(
    "damaged",
    [
        "{",
        '{"version": 3}',
        '{"version": 3, "layout": "Label", "tree": {"split": "down"}, "open": [], "floating": {}}',
        '{"version": 3, "layout": "Label", "tree": null, "open": ["log"], "floating": {"log": [0, 0, 1e9, 1]}}',
    ],
)
def test_a_damaged_arrangement_is_left_out_and_said_in_the_log(make_window, make_bridge, settings, damaged):
    settings.setValue(ARRANGEMENT, damaged)
    settings.setValue(LAYOUTS, json.dumps({"Good": json.loads(GOOD), "Bad": {"version": 3}, "Talk": json.loads(GOOD)}))
    window = make_window(make_bridge())
    settle(window)
    assert boxes(window)["stream"].wide == 298
    said = window.layout_.log_panel.lines.toPlainText()
    assert "How the panels were arranged is left out" in said
    assert ("The layout 'Bad' is left out" in said and "'Talk'" in said) or "Talk" in said
    assert window.layouts.own.names() == ["Good"]
    choose(window, "Good")
    assert set(boxes(window)) == {"stream"}


GOOD = '{"version": 3, "layout": "Good", "tree": {"panels": ["stream"]}, "open": ["stream", "gone"], "floating": {}}'


@pytest.mark.parametrize("old", ['{"version": 1, "states": {"left": "00"}}', '{"version": 99}', ""])
def test_what_another_version_stored_is_left_without_complaint(make_window, make_bridge, settings, old):
    settings.setValue("window/splitters", old)
    settings.setValue(ARRANGEMENT, old)
    window = make_window(make_bridge())
    assert boxes(window)["stream"].wide == 298
    assert "left out" not in window.layout_.log_panel.lines.toPlainText()


def test_after_a_presentation_all_is_where_it_was(window):
    window.layout_.show_log(True)
    choose(window, "Label")
    window.layout_.arrangement.set_open("stability", False)
    settle(window)
    before = boxes(window)
    window.state.presentation = True
    settle(window)
    assert not any(dock.seen for dock in window.layout_.arrangement.docks.values())
    window.state.presentation = False
    settle(window)
    assert boxes(window) == before


def test_what_is_asked_for_opens_the_panel_in_which_it_stands(window):
    choose(window, "Talk")
    QTest.keyClick(window, Qt.Key.Key_A)
    settle(window)
    assert "classes" in boxes(window) and window.layout_.classes_panel.field.hasFocus()
    window.actions_.trigger(ActionId.DOUBTFUL)
    settle(window)
    assert "uncertain" in boxes(window)


def test_the_layout_of_a_pointer_is_no_other_streams(make_window, make_bridge, monkeypatch):
    bridge = make_bridge()
    # The pad itself asks an engine that is not there.
    monkeypatch.setattr(StreamPanel, "_place_pad", lambda panel: None)
    monkeypatch.setattr(StreamPanel, "_show_source", lambda panel: None)
    bridge.state.spec = dataclasses.replace(bridge.state.spec, kind=StreamKind.POINTER)
    first = make_window(bridge)
    settle(first)
    assert "source" not in boxes(first) and first.layout_.arrangement.layout_name == "Pad"
    assert first.layout_.arrangement.state() is None
    first.close()
    second = make_window(make_bridge())
    settle(second)
    assert "source" in boxes(second) and second.layout_.arrangement.layout_name == "Label"


@pytest.mark.parametrize("name", sorted(LATE))
def test_a_panel_that_is_made_late_looks_like_the_others_and_leaves_the_start_alone(window, bridge, name):
    layout = window.layout_
    assert name not in layout.panels.made and layout.arrangement.docks[name].panel is None
    window.appearance.toggle()
    window.update_frame(bridge.frame())
    layout.arrangement.set_open(name, True)
    panel, dock = layout.panels.made[name], layout.arrangement.docks[name]
    assert panel.isVisible() and panel.theme == window.appearance.theme == LIGHT
    assert dock.menu_button.font() == LIGHT.ui("small")
    window.update_frame(bridge.frame())
    assert not layout.broken
    layout.arrangement.set_open(name, False)
    assert not panel.isVisible() and layout.panels[name] is panel
