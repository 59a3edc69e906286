"""The registry of actions: one declaration, one key, found again by a few letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget

from dgstudio.errors import BadInputError
from dgstudio.studio.actions.registry import Action, ActionRegistry, display_key, fuzzy_score, tooltip_of


@pytest.fixture
def owner(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


@pytest.fixture
def registry(owner):
    made = ActionRegistry(owner)
    made.work_on([])
    return made


def test_the_key_does_it(owner, registry):
    done = []
    registry.work_on(done)
    registry.add(Action("go", "Go", lambda on: on.append(1), "G"))
    QTest.keyClick(owner, Qt.Key.Key_G)
    assert done == [1]


def test_each_alternative_of_a_shortcut_works(owner, registry):
    done = []
    registry.add(Action("redo", "Redo", lambda _on: done.append(1), "Ctrl+Shift+Z, Ctrl+Y"))
    QTest.keyClick(owner, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(owner, Qt.Key.Key_Z, modifiers)
    assert done == [1, 1]


def test_two_actions_cannot_have_one_id_or_one_key(registry):
    registry.add(Action("go", "Go", print, "G, Ctrl+G"))
    with pytest.raises(ValueError, match="declared twice"):
        registry.add(Action("go", "Go again", print))
    with pytest.raises(ValueError, match=r"Ctrl\+G belongs to 'go'"):
        registry.add(Action("other", "Other", print, "Ctrl+G"))


def test_an_action_that_is_on_or_off_shows_what_is_so_whatever_was_asked_for(registry):
    seen = []
    qaction = registry.add(Action("on", "On", switch=lambda _on, now: seen.append(now)))
    registry.trigger("on")
    assert seen == [True] and not qaction.isChecked(), "nobody has said that it is on"
    registry.set_checked("on", True)
    assert seen == [True] and qaction.isChecked()
    registry.trigger("on")
    assert seen == [True, False] and qaction.isChecked()
    registry.set_checked("on", False)
    assert not qaction.isChecked()


def test_what_is_not_on_offer_is_neither_found_nor_done(registry):
    done, offered = [], [False]
    registry.add(Action("go", "Go", lambda _on: done.append(1), offered=lambda _on: offered[0]))
    registry.trigger("go")
    assert (done, registry.search("go")) == ([], [])
    offered[0] = True
    registry.trigger("go")
    assert done == [1]
    assert [action.id for action in registry.search("go")] == ["go"]


def test_an_unknown_action_is_told_in_a_sentence(registry):
    with pytest.raises(BadInputError, match="no action 'fly'"):
        registry.trigger("fly")


def test_nothing_is_done_before_there_is_something_to_work_on(owner):
    done = []
    registry = ActionRegistry(owner, [Action("go", "Go", lambda on: done.append(on), "G")])
    QTest.keyClick(owner, Qt.Key.Key_G)
    assert (done, registry.search("")) == ([], [])
    registry.work_on("a window")
    QTest.keyClick(owner, Qt.Key.Key_G)
    assert done == ["a window"]


def test_what_is_found_besides_is_done_when_it_is_chosen(registry):
    done = []
    registry.besides = lambda _on: [
        Action("record", f"Record {k}", lambda _o, k=k: done.append(k), subject=k) for k in (0, 1)
    ]
    registry.choose(registry.search("record 1")[0])
    assert done == [1] and "record" not in [action.id for action in registry]


def test_the_menu_lists_groups_and_sub_menus(owner, registry):
    registry.add(Action("a", "A", print))
    registry.add(Action("b", "B", print, under="More"))
    registry.add(Action("c", "C", print, under="More", in_menu=False))
    registry.add(Action("d", "D", print, "F8, PgDown", group="View", bare=True))
    menu = QMenu(owner)
    registry.fill_menu(menu)
    assert [action.text() for action in menu.actions()] == ["A", "More", "", "D\tF8"], "Qt writes no bare key"
    assert [action.text() for action in menu.actions()[1].menu().actions()] == ["B"]


def test_what_is_not_on_offer_is_greyed_in_the_menu_and_hears_its_key_again_afterwards(owner, registry):
    offered, done = [False], []
    go = registry.add(Action("go", "Go", lambda _on: done.append(1), "G", offered=lambda _on: offered[0]))
    stop = registry.add(Action("stop", "Stop", print))
    barred = registry.add(Action("barred", "Barred", print))
    registry.forbid(["barred"], "not here")
    menu = QMenu(owner)
    registry.fill_menu(menu)
    menu.aboutToShow.emit()
    assert (go.isEnabled(), stop.isEnabled(), barred.isEnabled()) == (False, True, False)
    menu.aboutToHide.emit()
    assert (go.isEnabled(), stop.isEnabled(), barred.isEnabled()) == (True, True, False)
    offered[0] = True
    QTest.keyClick(owner, Qt.Key.Key_G)
    assert done == [1]


def test_the_key_of_a_bare_action_is_not_taken_from_the_controls(owner, registry):
    done = []
    registry.add(Action("pause", "Pause", lambda _on: done.append(1), "Space", bare=True))
    QTest.keyClick(owner, Qt.Key.Key_Space)
    assert done == []
    assert registry.press_bare(Qt.Key.Key_Space)
    assert not registry.press_bare(Qt.Key.Key_X)
    assert done == [1]


def test_tooltips_name_the_key():
    action = Action("a", "Title", print, "Ctrl+K", "What it does")
    assert tooltip_of(action) == f"What it does  [{display_key('Ctrl+K')}]"
    assert tooltip_of(Action("a", "Title", print)) == "Title"


def test_groups_keep_the_order(registry):
    for id, group in (("a", "One"), ("b", "Two"), ("c", "One")):
        registry.add(Action(id, id, print, group=group))
    assert {name: [action.id for action in members] for name, members in registry.groups().items()} == {
        "One": ["a", "c"],
        "Two": ["b"],
    }
    assert len(registry) == 3


def test_beginnings_of_words_are_found_first(registry):
    for id, title in (("crossbar", "Crossbar"), ("roll_back", "Roll back"), ("theme", "Theme")):
        registry.add(Action(id, title, print))
    assert [action.id for action in registry.search("rb")] == ["roll_back", "crossbar"]
    assert [action.id for action in registry.search("")] == ["crossbar", "roll_back", "theme"]
    assert registry.search("zzz") == []


@given(st.text("abc ", max_size=6), st.text("abc ", max_size=12))
def test_a_text_matches_exactly_when_its_letters_come_in_order(query, text):
    rest = iter(text)
    subsequence = all(letter in rest for letter in query if letter != " ")
    assert (fuzzy_score(query, text) > 0) == subsequence
