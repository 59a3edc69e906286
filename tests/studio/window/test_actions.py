"""The tables of actions: each id has one row, and what a row names is there."""

from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.window.action_tables.demo_actions import DEMO_ACTIONS
from dgstudio.studio.window.action_tables.file_actions import FILE_ACTIONS
from dgstudio.studio.window.action_tables.label_actions import LABEL_ACTIONS
from dgstudio.studio.window.action_tables.model_actions import (
    COMPARE_ACTIONS,
    LEARN_ACTIONS,
    VERSION_ACTIONS,
    mode_actions,
)
from dgstudio.studio.window.action_tables.view_actions import GENERAL_ACTIONS, VIEW_ACTIONS
from dgstudio.types import Mode

TABLES = (
    LABEL_ACTIONS, FILE_ACTIONS, mode_actions(tuple(Mode)), LEARN_ACTIONS, VERSION_ACTIONS, COMPARE_ACTIONS,
    DEMO_ACTIONS, VIEW_ACTIONS, GENERAL_ACTIONS,
)  # fmt: skip
ROWS = [row for table in TABLES for row in table]
OF_EACH = {
    ActionId.RECORD_CLASS, ActionId.TAKE_BACK_CLASS, ActionId.PERFORM,
    ActionId.OWN_LAYOUT, ActionId.RENAME_LAYOUT, ActionId.DELETE_LAYOUT,
}  # fmt: skip
"""Of each class, of each choice of the source, and of each layout of one's own."""


def test_every_id_has_one_row():
    ids = [row.id for row in ROWS]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(ActionId) - OF_EACH


def test_every_row_does_one_thing():
    assert [row.id for row in ROWS if (row.do is None) == (row.switch is None)] == []


def test_rows_of_a_table_have_one_group():
    assert [len({row.group for row in table}) for table in TABLES] == [1] * len(TABLES)


def test_the_window_has_all_of_them_in_this_order(make_window, make_bridge):
    window = make_window(make_bridge(modes=tuple(Mode)))
    assert [action.id for action in window.actions_] == [row.id for row in ROWS]
    listed = {action.objectName() for action in window.actions() if action.objectName()}
    assert listed == set(ActionId) - OF_EACH


def test_classes_have_actions_of_their_own(window, bridge):
    found = [action for action in window.actions_.search("") if action.subject is not None]
    names = {card.info.id: card.info.name for card in bridge.state.classes}
    assert {action.title for action in found if action.id == ActionId.RECORD_CLASS} == {
        f"Record {name}" for name in names.values()
    }
    back = {action.subject for action in found if action.id == ActionId.TAKE_BACK_CLASS}
    assert back == {card.info.id for card in bridge.state.classes if card.count}
    chosen = next(action for action in found if action.id == ActionId.TAKE_BACK_CLASS)
    window.actions_.choose(chosen)
    assert bridge.calls == [("labels.take_back_last", chosen.subject)]
