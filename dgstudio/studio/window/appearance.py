"""The look that all parts of the window share: dark or light, and how large type is."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from dgstudio.studio.bridge.settings import THEME
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.theme.application import apply_to
from dgstudio.studio.theme.theme import THEMES, Theme, Themed

PRESENTATION_SCALE = 1.4
"""Type in presentation mode, so that the last row can read it."""

Part = TypeVar("Part", bound=Themed)


class Appearance:
    """Knows every part that has a look, and gives them another. Qt thread only."""

    def __init__(self, settings: QSettings, state: StudioState) -> None:
        self._settings, self._state = settings, state
        self._parts: list[Themed] = []
        self.frame: Themed | None = None
        """What holds all other parts: it shares the room out once they have their type."""
        self.theme: Theme = THEMES.get(str(settings.value(THEME, "dark")), THEMES["dark"])
        self.give_to_application()

    def dress(self, part: Part) -> Part:
        """Give a part the look of the others, now and whenever that changes; returns it."""
        self._parts.append(part)
        part.apply_theme(self.theme)
        return part

    def apply(self) -> None:
        """Give every part its look anew; the scale of type follows the presentation mode."""
        self.theme = THEMES[self.theme.name].scaled(PRESENTATION_SCALE if self._state.presentation else 1.0)
        self.give_to_application()
        for part in (*self._parts, *filter(None, [self.frame])):
            part.apply_theme(self.theme)

    def toggle(self) -> None:
        """Dark to light, or back; remembered."""
        name = "light" if self.theme.dark else "dark"
        self._settings.setValue(THEME, name)
        self.theme = THEMES[name]
        self.apply()

    def give_to_application(self) -> None:
        """Let Qt's own widgets have it; quick where no widget is there yet."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_to(app, self.theme)
