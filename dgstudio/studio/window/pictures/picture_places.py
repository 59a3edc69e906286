"""Where pictures go: where the user says, or, before an audience, beside the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtWidgets import QWidget

from dgstudio.session.storage.location import duplicate_path
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.sessions.export_dialogs import ask_where, suggested_name
from dgstudio.studio.window.notifier import Notifier


class PicturePlaces:
    """Asks where a picture goes. Before an audience it asks nothing, as that would show what files there are.

    Parameters
    ----------
    window
        The window over which dialogs appear.
    folder
        Where the session lies.
    """

    def __init__(self, window: QWidget, state: StudioState, notifier: Notifier, folder: Callable[[], Path]) -> None:
        self._window, self._state, self._notifier, self._folder = window, state, notifier, folder

    def ask(self, title: str, formats: Mapping[str, str], what: str, write: Callable[[Path], object]) -> None:
        """Have `write` called with a path; `formats` are as for `ask_where`, `what` is a part of the file's name."""
        name = f"{suggested_name(self._state.session_name)} {what}"
        if self._notifier.names_files:
            ask_where(self._window, title, formats, lambda path: write(Path(path)), name)
            return
        path = self._folder() / f"{name}.{next(iter(formats.values()))}"
        write(duplicate_path(path) if path.exists() else path)
