"""What a source can be told to send, as actions: a simulated gesture can be performed from the stage too."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QMenu

from dgstudio.engine.runtime.class_table import KEYS
from dgstudio.streams.source import KnobKind
from dgstudio.studio.actions.ids import ActionId, Group
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.window.parts import Row, WindowParts


def choices_of(state: StudioState) -> tuple[str, tuple[str, ...]]:
    """Return the knob by which a source is told what to send, and what it can be told; ("", ()) where there is none."""
    knob = next((knob for knob in state.knobs if knob.kind == KnobKind.CHOICE), None)
    return ("", ()) if knob is None else (knob.name, knob.choices)


def _perform(choice: str, it: WindowParts) -> None:
    name, choices = choices_of(it.state)
    if choice in choices:
        it.commands.set_knob(name, choice)


def perform_actions(it: WindowParts) -> list[Row]:
    """Return what the palette finds for each choice of the source."""
    _, choices = choices_of(it.state)
    rows = []
    for place, choice in enumerate(choices):
        key = f"Alt+{KEYS[place]}" if place < len(KEYS) else ""
        title, tip = f"Perform {choice}", "What the simulated person performs from now on"
        do = partial(_perform, choice)
        rows.append(Row(ActionId.PERFORM, title, do, key=key, tooltip=tip, group=Group.VIEW, subject=choice))
    return rows


def perform_by_key(digit: str, it: WindowParts) -> None:
    """Perform the choice that belongs to Alt and a digit, if there is one."""
    _, choices = choices_of(it.state)
    place = KEYS.index(digit)
    if place < len(choices):
        _perform(choices[place], it)


def list_choices(menu: QMenu, it: WindowParts) -> None:
    """List in a menu what the source can be told to send, whenever it opens."""

    def fill() -> None:
        menu.clear()
        name, choices = choices_of(it.state)
        now = next((knob.value for knob in it.state.knobs if knob.name == name), None)
        for place, choice in enumerate(choices):
            key = f"\tAlt+{KEYS[place]}" if place < len(KEYS) else ""
            act = menu.addAction(choice.replace("&", "&&") + key)
            act.setCheckable(True)
            act.setChecked(choice == now)
            act.triggered.connect(lambda _on=False, choice=choice: _perform(choice, it))
        if not choices:
            menu.addAction("This source sends what it gets").setEnabled(False)

    menu.aboutToShow.connect(fill)
