"""What can be done with one panel: float it, move it beside or upon another, close it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from dgstudio.studio.docking.arrangement import Arrangement
from dgstudio.studio.docking.tree import Way

SIDES: Final = (
    ("Left of", Way.ACROSS, False),
    ("Right of", Way.ACROSS, True),
    ("Above", Way.DOWN, False),
    ("Below", Way.DOWN, True),
)


def open_panel_menu(arrangement: Arrangement, name: str, at: QPoint, more: Callable[[QMenu, str], object]) -> None:
    """Open the menu of the panel `name` at a place on the screen; `more` lists in it what else can be done with one."""
    menu = QMenu(arrangement)
    menu.setAccessibleName(f"Panel {arrangement.docks[name].title}")
    menu.aboutToHide.connect(menu.deleteLater)
    fill_panel_menu(menu, arrangement, name, more)
    # popup, not exec: nothing modal stands in the way of a live stream.
    menu.popup(at)


def fill_panel_menu(menu: QMenu, arrangement: Arrangement, name: str, more: Callable[[QMenu, str], object]) -> None:
    """List in `menu` what can be done with the panel `name` now, and what `more` adds."""
    dock = arrangement.docks[name]
    floats = dock.isFloating()
    words = "Put back into the window" if floats else "Float"
    menu.addAction(words).triggered.connect(lambda: arrangement.let_float(name, not floats))
    add_destinations(menu, arrangement, name)
    menu.addSeparator()
    more(menu, name)
    menu.addSeparator()
    menu.addAction("Close").triggered.connect(lambda: arrangement.set_open(name, False))


def add_destinations(menu: QMenu, arrangement: Arrangement, name: str) -> None:
    """List in `menu` where the panel `name` can be moved to."""
    others = [other for other in arrangement.docks if other != name and other in arrangement.area.docked()]
    if not others:
        return
    for words, way, after in SIDES:
        side = QMenu(words, menu)
        menu.addMenu(side)
        for other in others:
            side.addAction(arrangement.docks[other].title).triggered.connect(
                lambda _on=False, other=other, way=way, after=after: arrangement.put_beside(
                    name, other, way, after=after
                )
            )
    upon = QMenu("As a tab with", menu)
    menu.addMenu(upon)
    for other in others:
        upon.addAction(arrangement.docks[other].title).triggered.connect(
            lambda _on=False, other=other: arrangement.put_upon(name, other)
        )
