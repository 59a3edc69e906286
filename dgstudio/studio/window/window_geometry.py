"""How large the window is, and what of that outlives it: geometry and arrangement, in the settings and the session."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtWidgets import QMainWindow

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.errors import BadInputError
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.settings import GEOMETRY
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.docking.arrangement import OVER
from dgstudio.studio.window.layout import WindowLayout
from dgstudio.studio.window.notifier import Notifier
from dgstudio.types import Level

SIZE = QSize(1600, 1000)
"""Of a first window, where the screen has room for it."""
LEAST = QSize(1024, 600)
"""Device pixels of the smallest window: type gives way to a scale factor that leaves it fewer logical ones."""
TITLE_BAR = 40
"""Logical pixels that a system's title bar takes at most."""


class WindowGeometry:
    """The window's size on its screen, full screen, and the memory of both. Qt thread only."""

    def __init__(
        self,
        window: QMainWindow,
        settings: QSettings,
        state: StudioState,
        commands: Bridge,
        layout: WindowLayout,
        notifier: Notifier,
    ) -> None:
        self._window, self._settings = window, settings
        self._state, self.commands = state, commands
        self._layout, self._notifier = layout, notifier
        self._was_maximised = False
        self.keeps = True
        """Whether the next window is to look like this one: not like that of a demo."""

    # -- on the screen -----------------------------------------------------------------------------------------------

    def fills_screen(self) -> bool:
        """Whether the window, with the frame that the system draws around it, is better maximised: it has no room."""
        window = self._window
        room = window.screen().availableSize() - QSize(0, TITLE_BAR)
        return self.fits_screen() and (window.width() > room.width() or window.height() > room.height())

    def fits_screen(self) -> bool:
        """Whether the smallest window has room on the screen; it would be clipped if it filled a smaller one."""
        screen, least = self._window.screen().size(), self._window.minimumSize()
        return screen.width() >= least.width() and screen.height() >= least.height()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or stop doing so; a screen that is too small for the window is not filled."""
        window = self._window
        if window.isFullScreen():
            window.showMaximized() if self._was_maximised else window.showNormal()
        elif self.fits_screen():
            self._was_maximised = window.isMaximized()
            window.showFullScreen()
        else:
            least = window.minimumSize()
            words = f"This screen is too small to be filled: the window needs {least.width()} × {least.height()}."
            self._notifier.show(words, Level.WARNING)

    def fill_screen(self, on: bool) -> None:
        """Fill the screen or not, as far as it is large enough; nothing is said where it is not."""
        if on != self._window.isFullScreen() and (not on or self.fits_screen()):
            self.toggle_full_screen()

    # -- what outlives the window ------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Store geometry and arrangement, for the next window."""
        if self.keeps and not self._state.presentation:
            self._settings.setValue(GEOMETRY, self._window.saveGeometry())
            self._layout.arrangement.save(self._settings)
        self._settings.sync()

    def arranged(self) -> dict[str, Any]:
        """Return what a session keeps of the arrangement, as plain data."""
        layout = self._layout
        middle = next((name for name in OVER if layout.arrangement.is_open(name)), "gates")
        return {"arrangement": layout.arrangement.state(), "middle": middle, "log": layout.log_shown}

    def restore(self) -> None:
        """Give a new window the geometry and the arrangement that were stored."""
        window, layout = self._window, self._layout
        geometry = self._settings.value(GEOMETRY)
        if geometry is not None:
            window.restoreGeometry(geometry)
            if not self.fits_screen():
                # It was stored on a larger screen: filling this one would clip the window.
                window.setWindowState(Qt.WindowState.WindowNoState)
                window.resize(window.size().expandedTo(window.minimumSize()))
        arranged = self.commands.layout()
        # A session that was arranged before looks as it did, any other as the last one.
        try:
            if not arranged or not layout.arrangement.put_state(arranged.get("arrangement")):
                layout.arrangement.restore(self._settings)
        except BadInputError as error:
            text = f"How the panels were arranged is left out: {error}."
            self._notifier.log(Notice(EventKind.START, text, Level.WARNING))
        if arranged.get("log") is True:
            layout.show_log(True)
        # Sessions of earlier versions say whether it was Quality.
        middle = "quality" if arranged.get("quality") is True else arranged.get("middle")
        if middle in OVER:
            layout.show_middle(str(middle))
