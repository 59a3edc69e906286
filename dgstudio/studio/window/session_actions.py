"""What the window does with whole sessions and with files that are taken along, and the dialogs for that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from dgstudio.session.export.kinds import ExportKind
from dgstudio.session.storage.location import duplicate_path, session_folder
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.file_dialog import file_dialog
from dgstudio.studio.packages.packages import NEEDED_BY, Packages
from dgstudio.studio.sessions.export_dialogs import EXPORTS, ask_where, suggested_name
from dgstudio.studio.sessions.session_desk import DeskPlace
from dgstudio.studio.window.notifier import Notifier

if TYPE_CHECKING:
    pass

SESSION_FILES = {"Sessions": "dgs"}


class SessionActions:
    """Asks where, and passes it on; the stream goes on meanwhile. Qt thread only.

    Parameters
    ----------
    window
        The window over which dialogs appear.
    sessions
        Who begins and opens sessions.
    packages
        Has what an export needs installed first.
    """

    def __init__(
        self,
        window: QWidget,
        state: StudioState,
        commands: Bridge,
        sessions: DeskPlace,
        packages: Packages,
        notifier: Notifier,
    ) -> None:
        self._window, self._state, self.commands = window, state, commands
        self.sessions, self._packages, self._notifier = sessions, packages, notifier

    @property
    def can_switch(self) -> bool:
        """Whether another session can be put into the place of this one."""
        return self.sessions.desk is not None

    def new(self) -> None:
        """Begin a new session on the same stream."""
        if self.sessions.desk is not None:
            self.sessions.desk.new()

    def stay(self) -> None:
        """Open no other session after all."""
        if self.sessions.desk is not None:
            self.sessions.desk.cancel()

    def go_on(self) -> None:
        """Open for good the session that is watched, and that nobody writes any more."""
        if self.sessions.desk is not None:
            self.sessions.desk.go_on()

    def ask_which(self) -> None:
        """Ask for a session file and open it."""
        dialog = file_dialog(self._window, "Open a session", str(self.folder()), "Sessions (*.dgs);;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.sessions.open(Path(path)))
        dialog.open()

    def save_as(self) -> None:
        """Ask for another file to go on in."""
        ask_where(
            self._window,
            "Save as",
            SESSION_FILES,
            lambda path: self._notifier.attempt(lambda: self.commands.recording.save_as(Path(path), overwrite=True)),
            self._another_name(),
            self.folder(),
        )

    def save_copy(self) -> None:
        """Ask for a file to write a copy to."""
        ask_where(
            self._window,
            "Save a copy",
            SESSION_FILES,
            lambda path: self._notifier.attempt(lambda: self.commands.recording.save_copy(Path(path), overwrite=True)),
            self._another_name(),
            self.folder(),
        )

    def export(self, kind: ExportKind) -> None:
        """Ask where to write examples, model or report to.

        Where that needs packages that are missing, they are offered first.
        """
        title, formats, what = EXPORTS[kind]

        def chosen(path: str) -> None:
            need = NEEDED_BY.get(Path(path).suffix.lower())
            if need is None:
                write(path)
            else:
                self._packages.having(need, lambda: write(path))

        def write(path: str) -> None:
            # Before it is asked for: a refusal takes its place.
            self._notifier.show(f"Writing {Path(path).name} …")
            self._notifier.attempt(lambda: self.commands.recording.export(kind, Path(path), overwrite=True))

        ask_where(self._window, title, formats, chosen, f"{suggested_name(self._state.session_name)} {what}")

    def _another_name(self) -> str:
        """A name beside the present session that none has, without an ending."""
        name = suggested_name(self._state.session_name)
        path = self.folder() / f"{name}.dgs"
        return duplicate_path(path).stem if path.exists() else name

    def folder(self) -> Path:
        """Where a dialog begins: beside the present session."""
        present = self.sessions.present
        folder = session_folder() if present is None else present.parent
        return folder if folder.is_dir() else Path.home()
