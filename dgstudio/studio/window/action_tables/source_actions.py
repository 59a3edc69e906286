"""What a source can be told, as actions: which gesture to perform, where to play a recording."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtWidgets import QMenu

from dgstudio.engine.runtime.class_table import KEYS
from dgstudio.streams.source import Knob, KnobKind
from dgstudio.streams.timing.playback_clock import LOOP, PLAYING, POSITION
from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.window.parts import Row, WindowParts
from dgstudio.studio.window.sheets import toggle

SEEK_S = 5.0
"""Seconds of a recording that a key goes back or on."""


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


# -- recordings ------------------------------------------------------------------------------------------------------


def knob_of(it: WindowParts, name: str) -> Knob | None:
    """Return a knob of the source, None where it has none of this name."""
    return next((knob for knob in it.state.knobs if knob.name == name), None)


def _played(it: WindowParts) -> bool:
    return knob_of(it, POSITION) is not None


def _switch(name: str, it: WindowParts) -> None:
    knob = knob_of(it, name)
    if knob is not None:
        it.commands.set_knob(name, not knob.value)


def _seek(by: float, it: WindowParts) -> None:
    now = next((knob for knob in it.commands.source_knobs() if knob.name == POSITION), None)
    if now is not None:
        it.commands.set_knob(POSITION, max(0.0, float(now.value) + by))


SOURCE_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.SOURCE,
        "Choose the source",
        lambda it: toggle(it.sheets.source),
        key="Ctrl+D",
        tooltip="Cameras, OSC, a phone, LSL streams, serial ports, recordings: what there is, and a look at it first",
        icon="mdi6.access-point",
        group=Group.VIEW,
        under=SubMenu.STREAM,
    ),
)
"""What changes the source."""

PLAYER_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.PLAY_RECORDING,
        "Play or pause the recording",
        partial(_switch, PLAYING),
        key="Ctrl+Space",
        tooltip="Let the recording that is the source stand still, or go on; Space pauses the view only",
        icon="mdi6.play-pause",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        offered=_played,
    ),
    Row(
        ActionId.SEEK_BACK,
        "Recording: five seconds back",
        partial(_seek, -SEEK_S),
        key="Alt+Left",
        tooltip="Play what was five seconds before; windows start afresh",
        icon="mdi6.rewind-5",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        offered=_played,
    ),
    Row(
        ActionId.SEEK_ON,
        "Recording: five seconds on",
        partial(_seek, SEEK_S),
        key="Alt+Right",
        tooltip="Play what comes in five seconds; windows start afresh",
        icon="mdi6.fast-forward-5",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        offered=_played,
    ),
    Row(
        ActionId.FROM_THE_START,
        "Recording: from the start",
        lambda it: it.commands.set_knob(POSITION, 0.0),
        key="Alt+Home",
        tooltip="Play the recording from its first row on",
        icon="mdi6.skip-previous",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        offered=_played,
    ),
    Row(
        ActionId.LOOP_RECORDING,
        "Loop the recording",
        partial(_switch, LOOP),
        tooltip="Begin anew at its end, or stop there",
        icon="mdi6.repeat",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        offered=_played,
    ),
)
"""What is done to a recording that is played as the source."""
