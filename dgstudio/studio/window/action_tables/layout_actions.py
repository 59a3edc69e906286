"""What is done to the arrangement of panels: which are open, where they stand, layouts by name."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtWidgets import QMenu

from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.docking.arrangement import MIDDLE
from dgstudio.studio.docking.built_in import BUILT_IN, TITLES
from dgstudio.studio.docking.panel_menu import open_panel_menu
from dgstudio.studio.window.parts import Row, WindowParts

PANEL_ACTIONS: Final = {
    "stream": ActionId.PANEL_STREAM,
    "source": ActionId.PANEL_SOURCE,
    "answer": ActionId.PANEL_ANSWER,
    "gates": ActionId.PANEL_GATES,
    "stability": ActionId.PANEL_STABILITY,
    "quality": ActionId.QUALITY,
    "gating": ActionId.GATING,
    "compared": ActionId.PANEL_COMPARED,
    "classes": ActionId.PANEL_CLASSES,
    "uncertain": ActionId.PANEL_UNCERTAIN,
    "snapshots": ActionId.PANEL_SNAPSHOTS,
    "inspector": ActionId.INSPECT,
    "log": ActionId.LOG,
}
"""The action that opens and closes a panel, by its id."""
KEYS: Final = {"quality": "Q", "gating": "G", "inspector": "I", "log": "Ctrl+L"}
ICONS: Final = {"quality": "mdi6.target", "gating": "mdi6.grid", "inspector": "mdi6.help-circle-outline"}
TIPS: Final = {
    "quality": "How good the answers are: accuracy over your takes, confusion, calibration",
    "gating": "Who fires for which class, how alike classes are routed, idle units, cost, what is new",
    "inspector": "Why the answer of the moment that is shown is what it is; units, banks, classes, two versions",
}
LAYOUT_ACTIONS: Final = {
    "Talk": ActionId.LAYOUT_TALK,
    "Label": ActionId.LAYOUT_LABEL,
    "Pad": ActionId.LAYOUT_PAD,
    "Debug": ActionId.LAYOUT_DEBUG,
}
"""The action that chooses a layout which the window brings, by its name."""


def _show_panel(name: str, it: WindowParts, on: bool) -> None:
    if name in MIDDLE and name != "gates":
        it.layout.show_middle(name, on)
    elif name == "inspector" and on:
        # It opens on what it showed last.
        it.state.inspect(it.state.inspected)
    else:
        it.layout.arrangement.set_open(name, on)


def _choose(name: str, it: WindowParts, _on: bool = True) -> None:
    it.layouts.choose(name)


def _save_as(it: WindowParts) -> None:
    name = it.layout.arrangement.layout_name
    it.sheets.name.ask("Save layout as", "" if name in BUILT_IN else name, it.layouts.save)


def _rename(name: str, it: WindowParts) -> None:
    it.sheets.name.ask(f"Rename the layout {name}", name, partial(it.layouts.rename, name))


def _delete(name: str, it: WindowParts) -> None:
    it.layouts.delete(name)


def _at_hand(it: WindowParts) -> bool:
    name = it.layout.arrangement.at_hand
    return name is not None and it.layout.arrangement.is_open(name)


def _open_menu(it: WindowParts) -> None:
    arrangement = it.layout.arrangement
    if arrangement.at_hand is not None:
        dock = arrangement.docks[arrangement.at_hand]
        at = dock.mapToGlobal(dock.rect().topLeft())
        open_panel_menu(arrangement, arrangement.at_hand, at, it.pictures.fill_panel_menu)


def _float(it: WindowParts) -> None:
    arrangement = it.layout.arrangement
    if arrangement.at_hand is not None:
        arrangement.let_float(arrangement.at_hand, not arrangement.docks[arrangement.at_hand].isFloating())


def _close(it: WindowParts) -> None:
    if it.layout.arrangement.at_hand is not None:
        it.layout.arrangement.set_open(it.layout.arrangement.at_hand, False)


PANEL_ROWS: Final[tuple[Row, ...]] = (
    *(
        Row(
            id,
            TITLES[name] if name == "uncertain" else f"{TITLES[name]} panel",
            key=KEYS.get(name, ""),
            icon=ICONS.get(name, ""),
            tooltip=TIPS.get(name, f"Open or close the panel {TITLES[name]}"),
            group=Group.VIEW,
            under=SubMenu.PANELS,
            switch=partial(_show_panel, name),
        )
        for name, id in PANEL_ACTIONS.items()
    ),
    Row(
        ActionId.MOVE_PANEL,
        "Move panel…",
        _open_menu,
        tooltip="Where the panel that was used last goes: beside another, as a tab with it, floating",
        group=Group.VIEW,
        under=SubMenu.PANELS,
        offered=_at_hand,
    ),
    Row(
        ActionId.FLOAT_PANEL,
        "Float panel, or put it back",
        _float,
        tooltip="Let the panel that was used last float over the window; again puts it back",
        group=Group.VIEW,
        under=SubMenu.PANELS,
        offered=_at_hand,
    ),
    Row(
        ActionId.CLOSE_PANEL,
        "Close panel",
        _close,
        tooltip="Close the panel that was used last",
        group=Group.VIEW,
        under=SubMenu.PANELS,
        offered=_at_hand,
    ),
)

LAYOUT_ROWS: Final[tuple[Row, ...]] = (
    *(
        Row(
            id,
            f"Layout {name}",
            tooltip=BUILT_IN[name].tooltip,
            group=Group.VIEW,
            under=SubMenu.LAYOUT,
            switch=partial(_choose, name),
        )
        for name, id in LAYOUT_ACTIONS.items()
    ),
    Row(
        ActionId.SAVE_LAYOUT,
        "Save layout as…",
        _save_as,
        tooltip="Keep where the panels are under a name of your own",
        group=Group.VIEW,
        under=SubMenu.LAYOUT,
    ),
    Row(
        ActionId.RESET_LAYOUT,
        "Reset the arrangement of panels",
        lambda it: it.layouts.reset(),
        tooltip="The layout that was chosen last, as it was before a hand changed it",
        group=Group.VIEW,
        under=SubMenu.LAYOUT,
    ),
)


def layout_actions(it: WindowParts) -> list[Row]:
    """Return what the palette finds for each of one's own layouts."""
    found = []
    for name in it.layouts.own.names():
        for id, title, do in (
            (ActionId.OWN_LAYOUT, f"Layout {name}", partial(_choose, name)),
            (ActionId.RENAME_LAYOUT, f"Rename the layout {name}…", partial(_rename, name)),
            (ActionId.DELETE_LAYOUT, f"Delete the layout {name}", partial(_delete, name)),
        ):
            found.append(Row(id, title, do, group=Group.VIEW, subject=name))
    return found


def list_own_layouts(menu: QMenu, it: WindowParts) -> None:
    """List in the menu of layouts one's own ones too, whenever it opens."""
    fixed = menu.actions()
    mine: list[QMenu] = []

    def fill() -> None:
        for old in mine:
            menu.removeAction(old.menuAction())
            old.deleteLater()
        mine.clear()
        for name in it.layouts.own.names():
            part = QMenu(name.replace("&", "&&"), menu)
            chosen = part.addAction("Use it")
            chosen.setCheckable(True)
            chosen.setChecked(it.layout.arrangement.layout_name == name)
            chosen.triggered.connect(lambda _on=False, name=name: _choose(name, it))
            part.addAction("Rename…").triggered.connect(lambda _on=False, name=name: _rename(name, it))
            part.addAction("Delete").triggered.connect(lambda _on=False, name=name: _delete(name, it))
            menu.insertMenu(fixed[len(BUILT_IN)], part)
            mine.append(part)

    menu.aboutToShow.connect(fill)
