"""The Classes panel: hold a card, add a class by typing, and the states in which there is nothing to show."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dgstudio.reasons.refused import RouterNotClosed
from dgstudio.studio.bridge.state import Lamp
from dgstudio.studio.classes import countdown
from dgstudio.studio.classes.class_menu import ClassMenu
from dgstudio.studio.classes.panel import EMPTY, FROM_NOTHING, LOADING, SECOND
from dgstudio.studio.painting.thumbnails import sketch

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(window):
    return window.layout_.classes_panel


def test_there_is_a_card_per_class_that_says_all_in_words(panel, bridge):
    assert [card.card.info.name for card in panel.cards()] == ["circle", "rest", "walk", "shake", "run"]
    assert "key 4, 45 examples" in panel.cards()[3].accessibleDescription()
    assert "no examples yet" in panel.cards()[4].accessibleDescription()


def test_holding_a_card_fills_it_and_then_records(panel, bridge, qtbot):
    card = panel.cards()[1]
    before = card.grab().toImage()
    QTest.mousePress(card, LEFT)
    assert bridge.calls == [] and card.hasFocus()
    qtbot.waitUntil(lambda: card.recording)
    assert bridge.calls == [("labels.press_class", 1)]
    assert card.grab().toImage() != before
    QTest.mouseRelease(card, LEFT)
    assert bridge.calls == [("labels.press_class", 1), ("labels.release_class",)]
    assert not card.recording


def test_a_click_on_a_card_selects_it_and_labels_nothing(panel, bridge):
    """It labelled the last half second, which somebody who wanted to rename a class had not asked for."""
    card = panel.cards()[1]
    QTest.mouseClick(card, LEFT)
    assert card.hasFocus() and not card._arming.isActive()
    QTest.mouseDClick(card, LEFT)
    QTest.mouseRelease(card, LEFT)
    assert bridge.calls == []
    assert panel.field.isVisible() and panel.field.text() == "rest"


def test_the_right_button_records_nothing(panel, bridge):
    QTest.mouseClick(panel.cards()[1], Qt.MouseButton.RightButton)
    assert bridge.calls == []


def test_enter_on_a_focused_card_records(panel, bridge):
    card = panel.cards()[2]
    card.setFocus()
    QTest.keyPress(card, Qt.Key.Key_Return)
    QTest.keyRelease(card, Qt.Key.Key_Return)
    assert bridge.calls == [("labels.press_class", 2), ("labels.release_class",)]


def test_a_card_that_loses_the_focus_while_held_lets_go(panel, bridge):
    card = panel.cards()[2]
    card.setFocus()
    QTest.keyPress(card, Qt.Key.Key_Return)
    panel.cards()[3].setFocus()
    assert bridge.calls == [("labels.press_class", 2), ("labels.release_class",)]


def test_the_glow_follows_the_engine(panel, window, bridge):
    bridge.held = (3, bridge.now)
    window.update_frame(bridge.frame(0.5))
    assert [card.recording for card in panel.cards()] == [False, False, False, True, False]
    bridge.held = (0, bridge.now)
    window.update_frame(bridge.frame(0.5))
    assert [card.recording for card in panel.cards()] == [True, False, False, False, False]
    bridge.held = None
    window.update_frame(bridge.frame(0.5))
    assert not any(card.recording for card in panel.cards())


def test_a_class_is_added_by_typing_its_name(panel, bridge, qtbot):
    QTest.mouseClick(panel.add_button, LEFT)
    assert panel.field.hasFocus()
    QTest.keyClicks(panel.field, "wave")
    with qtbot.waitSignal(panel.added):
        QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert bridge.calls == [("labels.add_class", "wave")]
    assert panel.cards()[-1].card.info.name == "wave"
    assert not panel.field.isVisible()


def test_a_after_which_the_new_key_works_at_once(window, bridge):
    QTest.keyClick(window, Qt.Key.Key_A)
    QTest.keyClicks(window.layout_.classes_panel.field, "wave")
    QTest.keyClick(window.layout_.classes_panel.field, Qt.Key.Key_Return)
    QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_6)
    assert bridge.calls == [("labels.add_class", "wave"), ("labels.press_class", 5), ("labels.release_class",)]


@pytest.mark.parametrize(("name", "words"), [("", "needs a name"), ("   ", "needs a name"), ("rest", "already")])
def test_a_bad_name_is_told_beside_the_field(panel, name, words):
    panel.begin_add()
    QTest.keyClicks(panel.field, name)
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert panel.sentence.isVisible()
    assert words in panel.sentence.text()
    assert panel.field.isVisible()
    QTest.keyClicks(panel.field, "x")
    assert not panel.sentence.isVisible()


def test_escape_gives_up_the_name_and_nothing_else(panel, window, bridge):
    window.state.selection = (1.0, 2.0)
    panel.begin_add()
    QTest.keyClicks(panel.field, "wav")
    QTest.keyClick(panel.field, Qt.Key.Key_Escape)
    assert not panel.field.isVisible()
    assert window.state.selection == (1.0, 2.0)
    assert bridge.calls == []
    panel.begin_add()
    assert panel.field.text() == ""


@pytest.mark.parametrize("name", ["x" * 300, "👋 wave 🎉", "مرحبا", "<b>bold</b> & co", "a\tb"])
def test_any_name_the_engine_takes_can_be_shown(panel, window, bridge, name, qtbot):
    bridge.labels.add_class(name)
    window.update_frame(bridge.frame())
    card = panel.cards()[-1]
    assert card.accessibleName() == f"Class {name.strip()}"
    qtbot.waitUntil(lambda: card.isVisible() and card.width() <= panel.width())
    assert not card.grab().isNull()


def test_without_classes_the_panel_says_what_to_do(make_window, make_bridge):
    bridge = make_bridge(names=())
    panel = make_window(bridge).layout_.classes_panel
    assert panel.empty.isVisible()
    assert panel.empty.text() == EMPTY
    bridge.state.phase = "loading"
    assert panel.empty.text() == LOADING
    bridge.state.phase, bridge.state.failure = "failed", "The base model could not be read: choose another."
    assert panel.empty.text() == "The base model could not be read: choose another."
    bridge.state.phase = "ready"
    bridge.labels.add_class("first")
    assert not panel.empty.isVisible()


def test_from_nothing_the_panel_leads_to_the_second_class(make_window, make_bridge):
    bridge = make_bridge(names=())
    bridge.state.hidden = 0
    panel = make_window(bridge).layout_.classes_panel
    assert panel.empty.isVisible() and panel.empty.text() == FROM_NOTHING
    assert not panel.second.isVisible()
    bridge.labels.add_class("first")
    assert not panel.empty.isVisible()
    assert panel.second.isVisible() and panel.second.text() == SECOND.format(2)
    bridge.labels.add_class("second")
    assert not panel.second.isVisible()


def test_removed_classes_lose_their_cards(panel, bridge):
    bridge.state.classes = bridge.state.classes[1:3]
    assert [card.card.info.name for card in panel.cards()] == ["rest", "walk"]


def test_forty_classes_scroll(make_window, make_bridge):
    bridge = make_bridge(names=tuple(f"class {n}" for n in range(40)))
    window = make_window(bridge)
    panel = window.layout_.classes_panel
    assert len(panel.cards()) == 40
    assert window.height() == 720
    assert panel._scroll.verticalScrollBar().maximum() > 0


def test_sketches_share_a_scale_and_survive_odd_windows():
    big, small = np.zeros((50, 2), np.float32), np.zeros((50, 2), np.float32)
    big[:, 1], small[:, 1] = np.linspace(-2, 2, 50), np.linspace(-1, 1, 50)
    lines = sketch([big, small], 20)
    assert [len(line) for line in lines] == [20, 20]
    assert (lines[0].min(), lines[0].max()) == (0.0, 1.0)
    assert lines[1].min() == pytest.approx(0.25)
    broken = np.full((5, 3), np.nan, np.float32)
    assert np.isfinite(sketch([broken], 20)[0]).all()
    assert sketch([], 20) == []
    place = np.array([[0.0, 0.0], [0.5, -1.0]], np.float32)
    (found,) = sketch([place], 20)
    assert found.tolist() == [[0.75, 0.0]]
    assert sketch([np.zeros((0, 3), np.float32)], 20) == []


def test_a_card_tells_windows_and_what_was_learned_of_them(panel):
    assert panel.cards()[0].counts()[0] == "42 windows · 9 learned"
    assert panel.cards()[3].counts()[0] == "45 windows · 12 kept"
    assert panel.cards()[4].counts() == ("0",)


def test_where_there_are_many_the_cards_are_low_and_the_newest_is_in_sight(window, bridge):
    panel = window.layout_.classes_panel
    assert not panel.cards()[0].compact
    for k in range(20):
        panel.begin_add()
        panel.field.setText(f"new {k}")
        panel.field.returnPressed.emit()
    QApplication.processEvents()
    last = panel.cards()[-1]
    assert last.compact
    assert not last.visibleRegion().isEmpty()


def menu_of(panel, place: int):
    panel.cards()[place].asked.emit(panel.cards()[place].card.info.id, "menu")
    (menu,) = panel.findChildren(ClassMenu)
    return menu


def choose(menu, *words: str) -> None:
    """Trigger an action by the beginnings of its words, submenu by submenu."""
    for word in words[:-1]:
        menu = next(action.menu() for action in menu.actions() if action.text().startswith(word))
    next(action for action in menu.actions() if action.text().startswith(words[-1])).trigger()


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (("Key", "5"), ("labels.edit_class", 1, {"key": "5"})),
        (("Key", "No key"), ("labels.edit_class", 1, {"key": ""})),
        (("Colour", "green"), ("labels.edit_class", 1, {"colour": "#009e73"})),
        (("Move up",), ("labels.move_class", 1, 0)),
        (("Move down",), ("labels.move_class", 1, 2)),
        (("Merge into", "shake"), ("labels.merge_class", 1, 3)),
        (("Remove with 43 windows",), ("labels.remove_class", 1)),
    ],
)
def test_the_menu_of_a_card_does_what_it_says(panel, bridge, words, call):
    menu = menu_of(panel, 1)
    choose(menu, *words)
    assert bridge.calls == [call]
    menu.close()


def test_the_menu_names_who_has_a_key_and_offers_no_way_off_the_list(panel):
    menu = menu_of(panel, 0)
    keys = next(action.menu() for action in menu.actions() if action.text() == "Key")
    assert [action.text() for action in keys.actions()][:2] == ["1", "2   exchange with rest"]
    assert keys.actions()[0].isChecked()
    enabled = {action.text().split("\t")[0]: action.isEnabled() for action in menu.actions()}
    assert not enabled["Move up"] and enabled["Move down"]
    menu.close()


@pytest.mark.parametrize(
    ("key", "modifier", "call"),
    [
        (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier, ("labels.remove_class", 1)),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier, ("labels.move_class", 1, 0)),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier, ("labels.move_class", 1, 2)),
    ],
)
def test_a_focused_card_can_be_changed_from_the_keyboard(panel, bridge, key, modifier, call):
    card = panel.cards()[1]
    card.setFocus()
    QTest.keyClick(card, key, modifier)
    assert bridge.calls == [call]


def test_renaming_starts_from_the_name_and_goes_back_to_the_card(panel, bridge):
    card = panel.cards()[1]
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_F2)
    assert panel.field.isVisible() and panel.field.selectedText() == "rest"
    QTest.keyClicks(panel.field, "still")
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert bridge.calls == [("labels.edit_class", 1, {"name": "still"})]
    assert card.hasFocus() and panel.field.isHidden()
    panel.begin_rename(1)
    panel.field.clear()
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert "needs a name" in panel.sentence.text() and panel.field.isVisible()
    QTest.keyClick(panel.field, Qt.Key.Key_Escape)
    panel.begin_add()
    assert panel.field.text() == "" and panel.field.accessibleName() == "Name of the new class"


def test_a_card_says_why_its_class_cannot_be_learned(panel, bridge):
    bridge.show_card(0, lamp=Lamp.NOT_LEARNABLE, why=RouterNotClosed(3, 100))
    card = panel.cards()[0]
    assert "cannot be learned under the contract: the router could not be kept closed on all 3" in card.toolTip()
    assert "Open the learning bank wider (L)" in card.accessibleDescription()
    assert not card.grab().isNull()


@pytest.fixture
def clock(monkeypatch):
    """A hand-driven clock of the countdown."""
    now = [100.0]
    monkeypatch.setattr(countdown.time, "perf_counter", lambda: now[0])
    return now


def test_a_countdown_asks_counts_records_and_ends_by_itself(window, bridge, clock):
    part = window.sheets.countdown
    QTest.keyClick(window, Qt.Key.Key_R)
    assert part.phase == "asks" and part.hasFocus()
    assert not part.grab().isNull()
    QTest.keyClick(part, Qt.Key.Key_2)
    assert part.phase == "counts" and bridge.calls == []
    clock[0] += 2.9
    part._tick()
    assert bridge.calls == [] and not part.grab().isNull()
    clock[0] += 0.2
    part._tick()
    assert part.phase == "records" and bridge.calls == [("labels.press_class", 1)]
    QTest.keyClick(part, Qt.Key.Key_4)
    clock[0] += 2.0
    part._tick()
    assert part.phase == "off" and bridge.calls == [("labels.press_class", 1), ("labels.release_class",)]


@pytest.mark.parametrize("at", [0.5, 4.0])
def test_escape_calls_a_countdown_off(window, bridge, clock, at):
    window.layout_.classes_panel.countdown.emit(2)
    clock[0] += at
    window.sheets.countdown._tick()
    QTest.keyClick(window.sheets.countdown, Qt.Key.Key_Escape)
    assert window.sheets.countdown.phase == "off" and window.labelling.held is None
    assert bridge.calls == ([] if at < 3 else [("labels.press_class", 2), ("labels.release_class",)])


def test_a_take_that_another_hand_ends_ends_the_countdown(window, bridge, clock):
    window.layout_.classes_panel.countdown.emit(2)
    clock[0] += 3.5
    window.sheets.countdown._tick()
    window.labelling.stop()
    assert window.sheets.countdown.phase == "off" and bridge.calls == [
        ("labels.press_class", 2),
        ("labels.release_class",),
    ]


# -- more than nine classes ------------------------------------------------------------------------------------

MANY = tuple(f"move {k}" for k in range(1, 21))


@pytest.fixture
def many(make_window, make_bridge):
    bridge = make_bridge(names=MANY)
    return make_window(bridge), bridge


def test_the_tenth_class_and_later_ones_have_chords(many):
    _, bridge = many
    keys = [card.info.key for card in bridge.state.classes]
    assert keys[8:12] == ["9", "01", "02", "03"] and keys[17:] == ["09", "0A", "0B"]


def test_a_chord_records_while_its_last_key_is_held(many):
    window, bridge = many
    QTest.keyClick(window, Qt.Key.Key_0)
    assert bridge.calls == [] and window.notifier.toast.said.startswith("0, and now hold the second key: 1 move 10")
    QTest.keyPress(window, Qt.Key.Key_A)
    assert bridge.calls == [("labels.press_class", 18)] and window.labelling.held == 18
    assert window.layout_.panels["classes"].field.isHidden()
    QTest.keyRelease(window, Qt.Key.Key_A)
    assert bridge.calls == [("labels.press_class", 18), ("labels.release_class",)]
    # Without the 0 the letter is the action's again, and the digit the first class's.
    QTest.keyClick(window, Qt.Key.Key_1)
    assert bridge.calls[2:] == [("labels.press_class", 0), ("labels.release_class",)]
    QTest.keyClick(window, Qt.Key.Key_A)
    assert window.layout_.panels["classes"].field.isVisible()


def test_a_chord_that_is_no_class_says_so_and_escape_calls_it_off(many, qtbot):
    window, bridge = many
    QTest.keyClick(window, Qt.Key.Key_0)
    QTest.keyClick(window, Qt.Key.Key_Z)
    assert window.notifier.toast.said == "No class has the key 0 Z." and not window.labelling.in_chord
    QTest.keyClick(window, Qt.Key.Key_0)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.labelling.in_chord
    QTest.keyClick(window, Qt.Key.Key_2)
    assert bridge.calls == [("labels.press_class", 1), ("labels.release_class",)]


def test_with_nine_classes_a_zero_says_what_it_is_for(panel, window, bridge):
    QTest.keyClick(window, Qt.Key.Key_0)
    assert window.notifier.toast.said.startswith("Keys that begin with 0 belong to the tenth class")


def test_a_letter_records_and_with_shift_takes_back(panel, window, bridge):
    bridge.show_card(2, info=dataclasses.replace(bridge.state.classes[2].info, key="D"))
    QTest.keyClick(window, Qt.Key.Key_D)
    assert bridge.calls == [("labels.press_class", 2), ("labels.release_class",)]
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    assert bridge.calls[2:] == [("labels.take_back_last", 2)]


def test_the_menu_offers_free_letters_and_chords_and_no_key_of_an_action(panel, window, bridge):
    menu = ClassMenu(
        0, bridge.state, bridge, window.notifier.attempt, print, print, panel, window.actions_.single_letters()
    )
    (keys,) = (action.menu() for action in menu.actions() if action.text() == "Key")
    texts = {
        under.title(): [action.text() for action in under.actions()]
        for under in (action.menu() for action in keys.actions())
        if under is not None
    }
    assert "D" in texts["A letter"] and not {"A", "R", "B", "W"} & set(texts["A letter"])
    assert texts["0, then another"][:2] == ["0 1", "0 2"]
    menu.deleteLater()


def test_the_palette_records_any_class(many):
    window, _ = many
    window.sheets.palette.open()
    QTest.keyClicks(window.sheets.palette.field, "record move 20")
    assert window.sheets.palette.list.item(0).text() == "Record move 20"
    QTest.keyClick(window.sheets.palette.field, Qt.Key.Key_Return)
    assert window.sheets.countdown.phase == "counts" and window.sheets.countdown._class == 19
    window.sheets.countdown.stop()


def test_twenty_cards_scroll_and_the_one_that_is_recorded_is_in_sight(many, qtbot):
    window, bridge = many
    panel = window.layout_.panels["classes"]
    last = panel.cards()[-1]
    panel.reveal(bridge.state.classes[-1].info.id)
    area = panel._scroll.viewport()
    assert area.rect().contains(last.mapTo(area, last.rect().center()))
    assert all(card.height() >= 28 for card in panel.cards())
    first = panel.cards()[0]
    QTest.keyClick(window, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: area.rect().contains(first.mapTo(area, first.rect().center())))


def test_the_lamp_follows_a_learner_that_comes_to_rest_after_its_last_publish(desk, monkeypatch):
    engine = desk.engine
    info = engine.labels.add_class("wave")
    desk.until(lambda: engine.clock.now() > 1.5)
    monkeypatch.setattr(type(engine.learn), "idle", property(lambda self: False))
    now = engine.clock.now()
    engine.labels.label_span(info.id, now - 0.5, now)
    desk.until(lambda: engine.book.labels(info.id)[0] > 0 and engine.learner.store.head.version > 1)
    desk.until(lambda: desk.state.serving == engine.learner.store.head.version and desk.state.card(info.id).count > 0)
    assert desk.state.card(info.id).lamp in ("learning", "out of date")
    monkeypatch.undo()
    desk.until(lambda: desk.state.card(info.id).lamp == "up to date")


def test_a_countdown_stands_in_the_window_whatever_panel_has_the_middle(window, bridge, clock):
    window.layout_.show_middle("quality")
    # It keeps the place that it had in a window that was larger.
    window.layout_.gates_panel.move(3000, 2000)
    window.layout_.classes_panel.countdown.emit(2)
    part = window.sheets.countdown
    assert part.parentWidget().rect().contains(part.geometry())
    part.stop()
