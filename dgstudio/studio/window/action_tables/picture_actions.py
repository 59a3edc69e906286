"""Pictures to take along: a part of the menu's second group."""

from __future__ import annotations

from typing import Final

from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.window.parts import Row, WindowParts
from dgstudio.studio.window.pictures.moving_pictures import KEEP, SAVE


def _at_hand(it: WindowParts) -> str | None:
    """The panel that was used last, if it is seen; no panel is, in a presentation."""
    arrangement = it.layout.arrangement
    name = arrangement.at_hand
    return name if name is not None and arrangement.docks[name].seen and not it.layout.on_stage else None


def _take_panel(it: WindowParts) -> None:
    name = _at_hand(it)
    if name is not None:
        it.pictures.of_panel(name)


PICTURE_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.PICTURE_WINDOW,
        "Save a picture of the window…",
        lambda it: it.pictures.of_window(),
        key="Ctrl+P",
        tooltip="As it is now, for print: PNG of 300 dpi or SVG, on a light ground; while presenting, of the stage",
        icon="mdi6.camera-outline",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.PICTURE_PANEL,
        "Save a picture of this panel…",
        _take_panel,
        key="Ctrl+Shift+P",
        tooltip="The panel that was used last, as it is now, for print: PNG of 300 dpi or SVG, on a light ground",
        icon="mdi6.camera-outline",
        group=Group.FILE,
        under=SubMenu.FILE,
        offered=lambda it: _at_hand(it) is not None,
    ),
    Row(
        ActionId.KEEP_MOVING,
        f"{KEEP} as a picture",
        switch=lambda it, on: it.moving.keep(on),
        tooltip="Keep in memory what the window shows, while presenting the stage, so that it can be saved as a moving "
        "picture; off, it is forgotten and costs nothing",
        icon="mdi6.filmstrip",
        group=Group.FILE,
        under=SubMenu.FILE,
    ),
    Row(
        ActionId.SAVE_MOVING,
        SAVE,
        lambda it: it.moving.save(),
        tooltip="What was kept, as a moving picture: WebP, or GIF. Needs the package Pillow, which is offered where it "
        "is missing",
        icon="mdi6.filmstrip",
        group=Group.FILE,
        under=SubMenu.FILE,
        offered=lambda it: it.moving.on,
    ),
)
