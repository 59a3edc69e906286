"""The look that all parts of the window share: dark or light, and how large type is."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from dgstudio.studio.bridge.settings import THEME
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.theme.application import apply_to
from dgstudio.studio.theme.theme import THEMES, Theme, Themed

Part = TypeVar("Part", bound=Themed)


class Appearance:
    """Knows every part that has a look, and gives them another. Qt thread only."""

    def __init__(self, settings: QSettings, state: StudioState) -> None:
        self._settings, self._state = settings, state
        self._parts: list[Themed] = []
        self._scale = 1.0
        self.frame: Themed | None = None
        """What holds all other parts: it shares the room out once they have their type."""
        self.theme: Theme = THEMES.get(str(settings.value(THEME, "dark")), THEMES["dark"])
        self.give_to_application()

    def dress(self, part: Part) -> Part:
        """Give what lies over the window its look, now and whenever that changes; returns it."""
        self._parts.append(part)
        part.apply_theme(self.theme)
        return part

    def apply(self) -> None:
        """Give every part its look anew."""
        self.give_to_application()
        for part in self._parts:
            part.apply_theme(self.theme)
        if self.frame is not None:
            self.frame.apply_theme(self.theme.scaled(1.0))

    def scale_to(self, scale: float) -> None:
        """Scale the type of what lies over the window: a large screen that is shown to an audience asks for more."""
        if scale != self._scale:
            self._scale = scale
            self.theme = THEMES[self.theme.name].scaled(scale)
            for part in self._parts:
                part.apply_theme(self.theme)

    def take_up(self) -> None:
        """Take over the theme that was chosen in another window meanwhile."""
        self.theme = THEMES.get(str(self._settings.value(THEME, "dark")), self.theme)
        self.apply()

    def toggle(self) -> None:
        """Dark to light, or back; remembered."""
        name = "light" if self.theme.dark else "dark"
        self._settings.setValue(THEME, name)
        self.theme = THEMES[name].scaled(self._scale)
        self.apply()

    def give_to_application(self) -> None:
        """Let Qt's own widgets have it; quick where no widget is there yet."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_to(app, self.theme.scaled(1.0))
