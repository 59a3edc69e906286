"""What the sheets on labels share: a title, as much height as there is, and keeping up with what is labelled."""

from __future__ import annotations

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.theme.theme import Theme

REFRESH_MS = 300
"""While labels stream in, a sheet is brought up to date this often."""


class LabelSheet(Overlay):
    """Subclasses give `refresh`, and may set `main`, the widget that has the focus when it opens."""

    def __init__(
        self, title: str, size: QSize, top: int, state: StudioState, commands: Bridge, parent: QWidget
    ) -> None:
        super().__init__(parent, size.width(), size.height(), top)
        self.setAccessibleName(title)
        self._state, self._commands = state, commands
        self.main: QWidget = self
        self.title = QLabel(title)
        self.title.setObjectName("panelTitle")
        self.later = QTimer(self)
        """Refreshes when it ends."""
        self.later.setSingleShot(True)
        self.later.setInterval(REFRESH_MS)
        self.later.timeout.connect(self.catch_up)
        state.when(StudioState.classes, StudioState.label_changes).connect(self._fall_behind)

    def refresh(self) -> None:
        """Bring everything up to date."""
        raise AssertionError(f"{type(self).__name__} has no refresh")

    def catch_up(self) -> None:
        """Bring up to date what has changed since it was shown."""
        self.refresh()

    def wanted_height(self, wide: int) -> int:
        """Return the height that what is in it needs: as much as there is."""
        return self._wanted.height() * 2

    def open(self) -> None:
        """Show how things stand now."""
        self.refresh()
        super().open()
        self.main.setFocus()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.title.setFont(theme.header())
        if self.isVisible():
            self.refresh()
            self.place()

    def _fall_behind(self) -> None:
        if self.isVisible() and not self.later.isActive():
            self.later.start()
