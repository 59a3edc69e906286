"""Everything that can be done in the window, declared once; and the menu that lists it."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from dgstudio.studio.actions.registry import Action, ActionRegistry
from dgstudio.studio.packages.packages import TRAINING
from dgstudio.studio.sessions.export_dialogs import EXPORT_TIPS
from dgstudio.studio.stream.stream_view import ZOOM
from dgstudio.studio.window.session_actions import UNDER, declare_session_actions
from dgstudio.studio.window.top_bar import MODE_WORDS

if TYPE_CHECKING:
    from dgstudio.studio.window.main_window import StudioWindow


WHICH, STREAM = "Which one was this?", "Stream"
"""Sub-menus."""


def declare_actions(window: StudioWindow) -> None:
    """Declare the actions of the window, in the order in which lists show them."""
    add, state, commands, attempt = window.actions_.add, window.state, window.commands, window.attempt

    def begin_add() -> None:
        if state.presentation:
            state.set_presentation(False)
        window.classes_panel.begin_add()

    def toggle_compare(kind: str) -> None:
        attempt(commands.comparison.choose, None if state.compare == kind else kind)

    def toggle_pin() -> None:
        if state.pinned is None:
            attempt(commands.model.pin, state.serving)
        else:
            attempt(commands.model.unpin)

    add(Action("add_class", "Add a class", begin_add, "A", "Add a class and name it", "mdi6.plus", group="Label"))
    add(
        Action(
            "countdown",
            "Record after a countdown",
            lambda: window.countdown.begin(),
            "R",
            "For busy hands: press a class key, and two seconds are recorded after 3 – 2 – 1",
            "mdi6.timer-outline",
            group="Label",
            offered=lambda: bool(state.classes),
        )
    )

    def ask_doubtful() -> None:
        if not window.uncertain_panel.begin():
            window.toast.show_text("Nothing doubtful of late: there is no moment to ask about.")

    add(
        Action(
            "doubtful",
            "Which one was this?",
            ask_doubtful,
            "W",
            "Name the moments that the model was least sure of, one after the other, each by its class key",
            "mdi6.help-rhombus-outline",
            group="Label",
            under=WHICH,
        )
    )
    for id, title, act, key in (
        ("none_of_these", "It was none of these", lambda: window.uncertain_panel.none(), "N"),
        ("skip_moment", "Skip this moment", lambda: window.uncertain_panel.skip(), "S"),
    ):
        offered = lambda: window.uncertain_panel.chosen is not None  # noqa: E731
        add(
            Action(
                id, title, act, key, icon="mdi6.debug-step-over", group="Label", under=WHICH, offered=offered, bare=True
            )
        )
    add(Action("undo", "Undo", lambda: attempt(commands.labels.undo), "Ctrl+Z", group="Label"))
    add(Action("redo", "Redo", lambda: attempt(commands.labels.redo), "Ctrl+Shift+Z, Ctrl+Y", group="Label"))
    add(
        Action(
            "examples",
            "Browse the examples",
            lambda: window.toggle(window.examples),
            "E",
            "All that was labelled, as a table and as a map: select, relabel, delete",
            "mdi6.table-search",
            group="Label",
        )
    )
    add(
        Action(
            "history",
            "History",
            lambda: window.toggle(window.history),
            "H",
            "All that was done to labels and classes; go back to any of it",
            "mdi6.history",
            group="Label",
        )
    )
    declare_session_actions(window)
    add(
        Action(
            "import",
            "Import examples…",
            lambda: window.importing.ask(),
            "Ctrl+I",
            "Labelled samples or features from a CSV, NPZ or ARFF file, or the examples of another session",
            "mdi6.import",
            group="File",
            under=UNDER,
        )
    )
    add(
        Action(
            "record_stream",
            "Record the stream",
            lambda on: attempt(commands.recording.record, on),
            "Ctrl+R",
            "Keep the raw stream, a receipt for each answer and the versions that gave them: to replay and to audit",
            "mdi6.record-rec",
            checkable=True,
            group="File",
            under=UNDER,
        )
    )
    for kind, tooltip in EXPORT_TIPS.items():
        add(
            Action(
                f"export_{kind}",
                f"Export {kind}…",
                lambda kind=kind: window.export(kind),
                tooltip=tooltip,
                icon="mdi6.export-variant",
                group="File",
                under=UNDER,
            )
        )
    for mode in commands.model.offered_modes:
        word, tooltip = MODE_WORDS[mode]
        add(
            Action(
                f"mode_{mode.value}",
                f"Learn: {word}",
                lambda mode=mode: attempt(commands.model.set_mode, mode),
                tooltip=tooltip,
                group="Learn",
                under="Learn",
            )
        )
    add(
        Action(
            "learning",
            "Contract and learning",
            lambda: window.toggle(window.learning),
            "L",
            "What is protected, how open the learning bank is, which rule learns",
            "mdi6.tune-variant",
            group="Learn",
        )
    )
    add(
        Action(
            "protect",
            "Protect what it knows now",
            lambda: attempt(commands.model.protect_now),
            tooltip="Seal the learning bank: what it has learned joins the inputs whose answers must not move",
            icon="mdi6.shield-outline",
            group="Learn",
            under="Protect",
        )
    )
    add(
        Action(
            "protected",
            "Browse the protected inputs",
            lambda: window.toggle(window.protected),
            tooltip="Every input whose answer must not move: its class, how sure it was, where it comes from",
            icon="mdi6.shield-search",
            group="Learn",
            under="Protect",
        )
    )
    add(
        Action(
            "resume_parked",
            "Resume parked examples",
            lambda: attempt(commands.model.resume_parked),
            tooltip="Learn again the examples that a roll-back, or a failure, set aside",
            icon="mdi6.play-outline",
            group="Learn",
        )
    )
    add(
        Action(
            "consolidate",
            "Train a new base from all examples",
            lambda: window.packages.having(TRAINING, lambda: attempt(commands.candidates.start_consolidation)),
            tooltip="In the background; it is compared with the present model, and you choose whether to switch. "
            "Needs the package torch, which is offered where it is missing",
            icon="mdi6.layers-outline",
            group="Learn",
        )
    )
    add(
        Action(
            "roll_back",
            "Roll back",
            lambda: attempt(commands.model.roll_back),
            "B",
            "Go back to the version before this one; the examples since then wait",
            "mdi6.undo-variant",
            group="Versions",
        )
    )
    add(
        Action(
            "pin",
            "Pin the serving version",
            toggle_pin,
            "P",
            "Keep answering with this version while learning goes on; again: serve the newest",
            "mdi6.pin-outline",
            group="Versions",
        )
    )
    add(
        Action(
            "compare",
            "Compare with a twin written in place",
            lambda: toggle_compare("in_place"),
            "C",
            "A conventional network on the same stream and labels, written while it is read; it cannot unlearn: "
            "a label that is taken back it keeps",
            "mdi6.compare",
            group="Compare",
            under="Compare",
        )
    )
    add(
        Action(
            "compare_swap",
            "Compare with a twin published by swap",
            lambda: toggle_compare("swap"),
            tooltip="A conventional network on the same stream and labels, published whole, as ours is; it cannot "
            "unlearn: a label that is taken back it keeps",
            group="Compare",
            under="Compare",
        )
    )
    add(
        Action(
            "pause",
            "Pause the view",
            lambda: state.set_paused(not state.paused),
            "Space",
            "Freeze what is shown of the stream; the engine goes on",
            "mdi6.pause",
            group="View",
            under=STREAM,
            bare=True,
        )
    )
    add(
        Action(
            "live",
            "Return to the live edge",
            lambda: state.set_paused(False),
            "End",
            "Let the stream follow what comes in again",
            "mdi6.skip-forward-outline",
            group="View",
            under=STREAM,
            bare=True,
            offered=lambda: state.paused,
        )
    )
    for id, title, key, factor in (("zoom_in", "Zoom in", "+", 1 / ZOOM), ("zoom_out", "Zoom out", "-", ZOOM)):
        add(
            Action(
                id,
                title,
                lambda factor=factor: window.stream_panel.view.zoom_by(factor),
                key,
                "Show a shorter or a longer stretch of the stream, standing still",
                "mdi6.magnify",
                group="View",
                under=STREAM,
            )
        )
    add(
        Action(
            "quality",
            "Show or hide Quality",
            window.toggle_quality,
            "Q",
            "How good the answers are: accuracy over your takes, confusion, calibration",
            "mdi6.target",
            group="View",
        )
    )
    add(Action("present", "Present", window.toggle_presentation, "F5", "Full screen, large type", group="View"))
    add(Action("full_screen", "Full screen", window.toggle_full_screen, "F11", group="View", under="Window"))
    add(Action("log", "Show or hide the log", window.toggle_log, "Ctrl+L", group="View", under="Window"))
    add(Action("theme", "Dark or light theme", window.toggle_theme, "Ctrl+T", group="View", under="Window"))
    add(
        Action(
            "reset_layout",
            "Reset the arrangement of panels",
            lambda: window.arrangement.reset(),
            group="View",
            under="Window",
        )
    )
    add(Action("leave", "Close what is on top", window.leave, "Escape", group="View", bare=True))
    add(
        Action(
            "palette",
            "Command palette",
            lambda: window.palette_.open(),
            "Ctrl+K",
            "Find any action by typing some letters of it",
            "mdi6.magnify",
        )
    )
    add(Action("shortcuts", "Keyboard shortcuts", lambda: window.shortcuts.open(), "F1"))

    def begin_hints() -> None:
        # They point at what stands there.
        window.show_quality(False)
        window.hints.begin()

    add(Action("hints", "Show the hints again", begin_hints))
    add(Action("quit", "Quit", window.close, "Ctrl+Q"))


def class_actions(window: StudioWindow) -> list[Action]:
    """Return what the palette finds for each class: recording it, and taking its last take back."""
    found = []
    for card in window.state.classes:
        class_id, name = card.info.id, card.info.name
        found += [
            Action(
                f"record_{class_id}",
                f"Record {name}",
                partial(window.countdown.begin, class_id),
                tooltip=f"Two seconds of {name}, after 3 – 2 – 1",
                group="Label",
            ),
            Action(
                f"take_back_{class_id}",
                f"Take back the last take of {name}",
                partial(window.attempt, window.commands.labels.take_back_last, class_id),
                group="Label",
                offered=partial(bool, card.count),
            ),
        ]
    return found


def fill_menu(menu: QMenu, actions: ActionRegistry) -> None:
    """List every action by group. Bare keys are written behind the title: Qt shows only keys that it handles."""
    for place, (_, members) in enumerate(actions.groups().items()):
        if place:
            menu.addSeparator()
        for under, listed in groupby(members, lambda action: action.under):
            place_of = menu.addMenu(under) if under else menu
            for action in listed:
                if action.id != "leave":
                    place_of.addAction(actions.qaction(action.id))
