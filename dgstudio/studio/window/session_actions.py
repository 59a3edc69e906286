"""What the window offers to do with whole sessions: begin, open, go on elsewhere, copy, and the dialogs for that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from dgstudio.session.storage.location import session_folder
from dgstudio.studio.actions.registry import Action
from dgstudio.studio.sessions.export_dialogs import ask_where, suggested_name
from dgstudio.studio.sessions.recent import RecentSession
from dgstudio.studio.sessions.recent_sheet import RecentSheet

if TYPE_CHECKING:
    from dgstudio.studio.window.main_window import StudioWindow

UNDER = "File"
"""The sub-menu."""
SESSION_FILES = {"Sessions": "dgs"}


class SessionDesk(Protocol):
    """Whoever can put another session into the window's place. Every call returns at once; Qt thread."""

    def new(self) -> None:
        """Begin a new session on the same stream."""
        ...

    def open(self, path: Path) -> None:
        """Go on with a session file; what hinders it is said in the window, and the present session goes on."""
        ...

    def cancel(self) -> None:
        """Stay in the present session after all."""
        ...

    def may_quit(self) -> bool:
        """Whether the window may close: nothing is lost by it, or the user was just told what, and still wants to."""
        ...

    def present(self) -> Path | None:
        """Return the file of the present session; None where it has none."""
        ...

    def recent(self) -> list[RecentSession]:
        """Return the sessions that were open lately, the newest first."""
        ...

    def forget(self, path: Path) -> None:
        """List a session no more; its file stays."""
        ...


def declare_session_actions(window: StudioWindow) -> None:
    """Declare the actions, in the order in which lists show them. Beginning and opening need a `SessionDesk`."""
    add, state = window.actions_.add, window.state

    def has_desk() -> bool:
        return window.sessions is not None

    def new() -> None:
        if window.sessions is not None:
            window.sessions.new()

    def save_as() -> None:
        ask_where(
            window,
            "Save as",
            SESSION_FILES,
            lambda path: window.attempt(lambda: window.commands.recording.save_as(Path(path), overwrite=True)),
            suggested_name(state.session_name),
            _folder(window),
        )

    def save_copy() -> None:
        ask_where(
            window,
            "Save a copy",
            SESSION_FILES,
            lambda path: window.attempt(lambda: window.commands.recording.save_copy(Path(path), overwrite=True)),
            folder=_folder(window),
        )

    def open_one() -> None:
        ask_which(window)

    def duplicate() -> None:
        window.attempt(window.commands.recording.duplicate)

    entries = (
        (
            "new_session",
            "New session",
            new,
            "Ctrl+N",
            "Begin anew on the same stream; this session is kept",
            "file-plus",
        ),
        (
            "open_session",
            "Open a session…",
            open_one,
            "Ctrl+O",
            "Go on with a saved session",
            "folder",
        ),
        (
            "recent_sessions",
            "Recent sessions…",
            lambda: window.toggle(window.recent),
            "Ctrl+Shift+O",
            "The sessions that were open here lately, with their ages and sizes",
            "history",
        ),
        (
            "save_as",
            "Save as…",
            save_as,
            "Ctrl+Shift+S",
            "Go on in another file; what this one holds by now stays in it",
            "content-save-move",
        ),
        (
            "save_copy",
            "Save a copy…",
            save_copy,
            "Ctrl+S",
            "Write everything to another file, also what could not be saved so far, and go on in this one",
            "content-save",
        ),
        (
            "duplicate_session",
            "Duplicate",
            duplicate,
            "",
            "Make a copy beside this session, under a free name, and go on in this one",
            "content-duplicate",
        ),
    )
    needs_desk = {"new_session", "open_session", "recent_sessions"}
    for id, title, act, shortcut, tooltip, icon in entries:
        outlined = icon if icon in ("history", "content-duplicate") else f"{icon}-outline"
        offered = has_desk if id in needs_desk else lambda: True
        add(
            Action(
                id,
                title,
                act,
                shortcut,
                tooltip,
                f"mdi6.{outlined}",
                group="File",
                under=UNDER,
                offered=offered,
            )
        )


def recent_sheet(window: StudioWindow, desk: QWidget) -> RecentSheet:
    """Make the list of recent sessions; it, and the line over the window, ask the window's `SessionDesk`."""

    def ask(act: Callable[[SessionDesk], object]) -> None:
        if window.sessions is not None:
            act(window.sessions)

    window.opening.cancelled.connect(lambda: ask(lambda sessions: sessions.cancel()))
    return RecentSheet(
        desk,
        sessions=lambda: [] if window.sessions is None else window.sessions.recent(),
        present=lambda: None if window.sessions is None else window.sessions.present(),
        open_session=lambda path: ask(lambda sessions: sessions.open(path)),
        forget=lambda path: ask(lambda sessions: sessions.forget(path)),
        other=lambda: window.actions_.trigger("open_session"),
        new=lambda: window.actions_.trigger("new_session"),
    )


def ask_which(window: StudioWindow) -> None:
    """Ask for a session file and open it; the stream goes on meanwhile."""
    dialog = QFileDialog(window, "Open a session", str(_folder(window)), "Sessions (*.dgs);;All files (*)")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def chosen(path: str) -> None:
        if window.sessions is not None:
            window.sessions.open(Path(path))

    dialog.fileSelected.connect(chosen)
    dialog.open()


def _folder(window: StudioWindow) -> Path:
    """Where a dialog begins: beside the present session."""
    present = None if window.sessions is None else window.sessions.present()
    folder = session_folder() if present is None else present.parent
    return folder if folder.is_dir() else Path.home()
