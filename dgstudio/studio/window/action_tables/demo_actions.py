"""What is done with guided demos: begin one, go through it, leave it, keep what it made."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QFileDialog

from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.common.file_dialog import file_dialog
from dgstudio.studio.window.parts import Row, WindowParts

FIRST_KEY: Final = "F6"
ENDING: Final = ".toml"
SHOWN: Final = (
    (ActionId.DEMO_HAYWIRE, "haywire", "Haywire", "A network falls apart while it learns, and ours does not"),
    (ActionId.DEMO_NEW_GESTURE, "new-gesture", "A new gesture", "Two seconds of teaching, and it is known"),
    (ActionId.DEMO_DRIFT, "drift", "Drift", "The sensor is turned on the wrist; what recovers, and by what"),
    (
        ActionId.DEMO_PARTIAL_UPDATE,
        "partial-update",
        "Partial updates",
        "Publishes in parts, shuffled and late: every answer still belongs to a valid version",
    ),
    (ActionId.DEMO_MOUSE, "mouse", "Mouse", "Draw classes with the pointer, and see gates tile the plane"),
    (ActionId.DEMO_WHY, "why", "Why?", "A wrong answer is traced to its examples, and undone"),
    (ActionId.DEMO_MODES, "modes", "Modes", "Off, Routing, Weights, Both: what each may move"),
)
"""The demos that ship: action, name, title and what is seen."""


def _begin(name: str, it: WindowParts) -> None:
    from dgstudio.studio.demos.catalogue import script_path

    it.demos.begin(script_path(name))


def _ask(it: WindowParts) -> None:
    """Ask for a demo of one's own."""
    dialog = file_dialog(it.layout.desk, "Play a demo", str(Path.home()), f"Demos (*{ENDING});;All files (*)")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda path: it.demos.begin(Path(path)))
    dialog.open()


def _offered(it: WindowParts) -> bool:
    return it.demos.offered


def _playing(it: WindowParts) -> bool:
    return it.demos.playing


def _next(it: WindowParts) -> None:
    if it.demos.player is not None:
        it.demos.player.next()


def _toggle(it: WindowParts) -> None:
    if it.demos.player is not None:
        it.demos.player.toggle()


def _skip(it: WindowParts) -> None:
    if it.demos.player is not None:
        it.demos.player.skip()


DEMO_ACTIONS: Final[tuple[Row, ...]] = (
    *(
        Row(
            id,
            f"Demo: {title}",
            partial(_begin, name),
            key=FIRST_KEY if id is ActionId.DEMO_HAYWIRE else "",
            tooltip=f"{words}. It is played in a session of its own; yours waits and comes back",
            group=Group.DEMOS,
            under=SubMenu.DEMOS,
            offered=_offered,
        )
        for id, name, title, words in SHOWN
    ),
    Row(
        ActionId.DEMO_FILE,
        "Demo from a file…",
        _ask,
        tooltip="Play a demo of your own: a TOML file as those in assets/demos",
        group=Group.DEMOS,
        under=SubMenu.DEMOS,
        offered=_offered,
    ),
    Row(
        ActionId.DEMO_NEXT,
        "Play the next step and wait",
        _next,
        key="F8, PgDown",
        tooltip="Play one step of the demo, then wait; a presenter's remote does the same",
        group=Group.DEMOS,
        under=SubMenu.DEMOS,
        offered=_playing,
        bare=True,
    ),
    Row(
        ActionId.DEMO_PAUSE,
        "Pause the demo, or go on",
        _toggle,
        key="F7",
        tooltip="Stop the script or let it go on; the stream goes on all the same",
        group=Group.DEMOS,
        under=SubMenu.DEMOS,
        offered=_playing,
        bare=True,
    ),
    Row(
        ActionId.DEMO_SKIP,
        "Skip this step of the demo",
        _skip,
        key="F9",
        tooltip="Go to the next step at once",
        group=Group.DEMOS,
        under=SubMenu.DEMOS,
        offered=_playing,
        bare=True,
    ),
    Row(
        ActionId.DEMO_KEEP,
        "Keep what the demo made",
        lambda it: it.demos.keep(),
        tooltip="End the demo and go on in its session: “Save as” keeps it on disk",
        group=Group.DEMOS,
        under=SubMenu.DEMOS,
        offered=_playing,
    ),
    Row(
        ActionId.DEMO_LEAVE,
        "Leave the demo",
        lambda it: it.demos.leave(),
        tooltip="End the demo and come back to where you were: Esc does so, too, when nothing lies on top",
        group=Group.DEMOS,
        under=SubMenu.DEMOS,
        offered=_playing,
    ),
)
