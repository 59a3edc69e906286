"""What is done to labels and classes: the menu's first group."""

from __future__ import annotations

from functools import partial
from typing import Final

from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.window.parts import Row, WindowParts
from dgstudio.studio.window.sheets import toggle


def _add_class(it: WindowParts) -> None:
    if it.layout.on_stage:
        it.sheets.name.ask("Add a class", "", it.commands.labels.add_class, "Add")
        return
    it.layout.arrangement.reveal("classes")
    it.layout.classes_panel.begin_add()


def _ask_doubtful(it: WindowParts) -> None:
    if it.layout.on_stage:
        it.notifier.show("Which one was this? is asked in the window: F5 leaves the stage.")
        return
    it.layout.arrangement.reveal("uncertain")
    if not it.layout.uncertain_panel.begin():
        it.notifier.show("Nothing doubtful of late: there is no moment to ask about.")


def _asks(it: WindowParts) -> bool:
    return it.layout.uncertain_panel.chosen is not None


LABEL_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.ADD_CLASS,
        "Add a class",
        _add_class,
        key="A",
        tooltip="Add a class and name it",
        icon="mdi6.plus",
        group=Group.LABEL,
    ),
    Row(
        ActionId.COUNTDOWN,
        "Record after a countdown",
        lambda it: it.sheets.countdown.begin(),
        key="R",
        tooltip="For busy hands: press a class key, and two seconds are recorded after 3 – 2 – 1",
        icon="mdi6.timer-outline",
        group=Group.LABEL,
        offered=lambda it: bool(it.state.classes),
    ),
    Row(
        ActionId.DOUBTFUL,
        "Which one was this?",
        _ask_doubtful,
        key="W",
        tooltip="Name the moments that the model was least sure of, one after the other, each by its class key",
        icon="mdi6.help-rhombus-outline",
        group=Group.LABEL,
        under=SubMenu.WHICH,
    ),
    Row(
        ActionId.NONE_OF_THESE,
        "It was none of these",
        lambda it: it.layout.uncertain_panel.none(),
        key="N",
        icon="mdi6.debug-step-over",
        group=Group.LABEL,
        under=SubMenu.WHICH,
        offered=_asks,
        bare=True,
    ),
    Row(
        ActionId.SKIP_MOMENT,
        "Skip this moment",
        lambda it: it.layout.uncertain_panel.skip(),
        key="S",
        icon="mdi6.debug-step-over",
        group=Group.LABEL,
        under=SubMenu.WHICH,
        offered=_asks,
        bare=True,
    ),
    Row(
        ActionId.UNDO,
        "Undo",
        lambda it: it.notifier.attempt(it.commands.labels.undo),
        key="Ctrl+Z",
        group=Group.LABEL,
    ),
    Row(
        ActionId.REDO,
        "Redo",
        lambda it: it.notifier.attempt(it.commands.labels.redo),
        key="Ctrl+Shift+Z, Ctrl+Y",
        group=Group.LABEL,
    ),
    Row(
        ActionId.EXAMPLES,
        "Browse the examples",
        lambda it: toggle(it.sheets.examples),
        key="E",
        tooltip="All that was labelled, as a table and as a map: select, relabel, delete",
        icon="mdi6.table-search",
        group=Group.LABEL,
    ),
    Row(
        ActionId.HISTORY,
        "History",
        lambda it: toggle(it.sheets.history),
        key="H",
        tooltip="All that was done to labels and classes; go back to any of it",
        icon="mdi6.history",
        group=Group.LABEL,
    ),
)


def class_actions(it: WindowParts) -> list[Row]:
    """Return what the palette finds for each class: recording it, and taking its last take back."""
    found = []
    for card in it.state.classes:
        class_id, name = card.info.id, card.info.name
        found += [
            Row(
                ActionId.RECORD_CLASS,
                f"Record {name}",
                partial(_record, class_id),
                tooltip=f"Two seconds of {name}, after 3 – 2 – 1",
                group=Group.LABEL,
                subject=class_id,
            ),
            Row(
                ActionId.TAKE_BACK_CLASS,
                f"Take back the last take of {name}",
                partial(_take_back, class_id),
                group=Group.LABEL,
                subject=class_id,
                offered=partial(_has_takes, card.count),
            ),
        ]
    return found


def _record(class_id: int, it: WindowParts) -> None:
    it.sheets.countdown.begin(class_id)


def _take_back(class_id: int, it: WindowParts) -> None:
    it.notifier.attempt(it.commands.labels.take_back_last, class_id)


def _has_takes(count: int, _it: WindowParts) -> bool:
    return count > 0
