"""What is done to the view and to the window itself: the menu's last groups."""

from __future__ import annotations

from typing import Final

from dgstudio.studio.actions.ids import ActionId, Group, SubMenu
from dgstudio.studio.stream.stream_view import ZOOM
from dgstudio.studio.window.action_tables.layout_actions import LAYOUT_ROWS, PANEL_ROWS
from dgstudio.studio.window.action_tables.source_actions import PLAYER_ACTIONS, SOURCE_ACTIONS
from dgstudio.studio.window.parts import Row, WindowParts


def _toggle_theme(it: WindowParts) -> None:
    it.notifier.toast.hide()
    it.appearance.toggle()


def _present(it: WindowParts) -> None:
    it.state.presentation = not it.state.presentation


def _gating_shown(it: WindowParts) -> bool:
    return it.layout.arrangement.is_open("gating")


def _view_shown(it: WindowParts) -> bool:
    return _gating_shown(it) and it.layout.gating_panel.has_picture


def _leave(it: WindowParts) -> None:
    """What Esc means: close what lies on top, else unmark, else leave hint, demo, presentation, full screen."""
    if it.sheets.close_top():
        return
    if it.state.selection is not None:
        it.state.selection = None
    elif it.sheets.hints_shown:
        it.sheets.hints.step()
    elif it.demos.playing:
        it.demos.leave()
    elif it.state.presentation:
        it.state.presentation = False
    else:
        it.geometry.fill_screen(False)


def _next_map(it: WindowParts) -> None:
    pad = it.layout.stream_panel.pad
    if pad is not None:
        pad.show_next_mode()


STREAM_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.PAUSE,
        "Pause the view",
        lambda it: it.state.set_paused(not it.state.paused),
        key="Space",
        tooltip="Freeze what is shown of the stream; the engine goes on",
        icon="mdi6.pause",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        bare=True,
    ),
    Row(
        ActionId.LIVE,
        "Return to the live edge",
        lambda it: it.state.set_paused(False),
        key="End",
        tooltip="Let every panel follow what comes in again",
        icon="mdi6.skip-forward-outline",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        offered=lambda it: it.state.paused,
        bare=True,
    ),
    Row(
        ActionId.ANSWER_BEFORE,
        "The answer before",
        lambda it: it.commands.cursor.step(-1),
        key=",",
        tooltip="Put the time cursor on the answer before, in every panel; pauses the view",
        icon="mdi6.step-backward",
        group=Group.VIEW,
        under=SubMenu.STREAM,
    ),
    Row(
        ActionId.ANSWER_AFTER,
        "The answer after",
        lambda it: it.commands.cursor.step(1),
        key=".",
        tooltip="Put the time cursor on the next answer, in every panel",
        icon="mdi6.step-forward",
        group=Group.VIEW,
        under=SubMenu.STREAM,
    ),
    Row(
        ActionId.ZOOM_IN,
        "Zoom in",
        lambda it: it.layout.stream_panel.view.zoom_by(1 / ZOOM),
        key="+",
        tooltip="Show a shorter or a longer stretch of the stream, standing still",
        icon="mdi6.magnify",
        group=Group.VIEW,
        under=SubMenu.STREAM,
    ),
    Row(
        ActionId.ZOOM_OUT,
        "Zoom out",
        lambda it: it.layout.stream_panel.view.zoom_by(ZOOM),
        key="-",
        tooltip="Show a shorter or a longer stretch of the stream, standing still",
        icon="mdi6.magnify",
        group=Group.VIEW,
        under=SubMenu.STREAM,
    ),
    Row(
        ActionId.NEXT_MAP,
        "Next map of the pad",
        _next_map,
        key="M",
        tooltip="Colour the plane by class, by active units, or by what is certified",
        icon="mdi6.map-outline",
        group=Group.VIEW,
        under=SubMenu.STREAM,
        offered=lambda it: it.layout.stream_panel.pad is not None,
    ),
)

GATING_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.FREEZE_GATING,
        "Freeze the views of the gating",
        lambda it: it.layout.gating_panel.set_frozen(not it.layout.gating_panel.frozen),
        key="F",
        tooltip="Let them stand still, or follow again",
        icon="mdi6.snowflake",
        group=Group.VIEW,
        under=SubMenu.WINDOW,
        offered=_gating_shown,
    ),
    Row(
        ActionId.EXPORT_GATING,
        "Export the view of the gating…",
        lambda it: it.pictures.of_view(),
        tooltip="Write the view that is shown to a file: PNG, SVG, or its numbers as CSV",
        icon="mdi6.export-variant",
        group=Group.VIEW,
        under=SubMenu.WINDOW,
        offered=_view_shown,
    ),
)

VIEW_ACTIONS: Final[tuple[Row, ...]] = (
    *STREAM_ACTIONS,
    *SOURCE_ACTIONS,
    *PLAYER_ACTIONS,
    *PANEL_ROWS,
    *LAYOUT_ROWS,
    *GATING_ACTIONS,
    Row(
        ActionId.PRESENT,
        "Present",
        _present,
        key="F5",
        tooltip="Full screen, large type",
        group=Group.VIEW,
        under=SubMenu.WINDOW,
    ),
    Row(
        ActionId.FULL_SCREEN,
        "Full screen",
        lambda it: it.geometry.toggle_full_screen(),
        key="F11",
        group=Group.VIEW,
        under=SubMenu.WINDOW,
    ),
    Row(
        ActionId.THEME,
        "Dark or light theme",
        _toggle_theme,
        key="Ctrl+T",
        group=Group.VIEW,
        under=SubMenu.WINDOW,
    ),
    Row(
        ActionId.LEAVE,
        "Close what is on top",
        _leave,
        key="Escape",
        group=Group.VIEW,
        in_menu=False,
        # The palette's own Esc closes it.
        in_palette=False,
        bare=True,
    ),
)

GENERAL_ACTIONS: Final[tuple[Row, ...]] = (
    Row(
        ActionId.PALETTE,
        "Command palette",
        lambda it: it.sheets.open_palette(),
        key="Ctrl+K",
        tooltip="Find any action by typing some letters of it",
        icon="mdi6.magnify",
        in_palette=False,
    ),
    Row(
        ActionId.SHORTCUTS,
        "Keyboard shortcuts",
        lambda it: it.sheets.shortcuts.open(),
        key="F1",
        under=SubMenu.HELP,
    ),
    Row(ActionId.HINTS, "Show the hints again", lambda it: it.sheets.begin_hints(), under=SubMenu.HELP),
    Row(ActionId.QUIT, "Quit", lambda it: it.close(), key="Ctrl+Q"),
)
