"""The look that all parts of the window share: dark or light, and how large type is."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QSettings, QSize
from PySide6.QtWidgets import QApplication, QWidget

from dgstudio.studio.bridge.settings import THEME
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.theme.application import apply_to
from dgstudio.studio.theme.room import scale_room
from dgstudio.studio.theme.theme import THEMES, Theme, Themed
from dgstudio.studio.theme.type_scale import type_scale

Part = TypeVar("Part", bound=Themed)


class Appearance:
    """Knows every part that has a look, and gives them another. Qt thread only."""

    def __init__(self, settings: QSettings, state: StudioState) -> None:
        self._settings, self._state = settings, state
        self._parts: list[Themed] = []
        self._fit = self._over = 1.0
        self._worn = False
        self.frame: Themed | None = None
        """What holds all other parts: it shares the room out once they have their type."""
        self.root: QWidget | None = None
        """The window: margins and gaps in it follow its type."""
        self.theme: Theme = THEMES.get(str(settings.value(THEME, "dark")), THEMES["dark"])
        """The look of what lies over the window."""
        self.give_to_application()

    def dress(self, part: Part) -> Part:
        """Give what lies over the window its look, now and whenever that changes; returns it."""
        self._parts.append(part)
        self._give_to(part)
        return part

    def apply(self) -> None:
        """Give every part its look anew."""
        self.give_to_application()
        root = self.root
        if root is not None:
            scale_room(root, self._fit)
            if self._worn:
                # What is styled for the first time after it has been given another font gets its first one back.
                for widget in root.findChildren(QWidget):
                    widget.ensurePolished()
            self._worn = True
        for part in self._parts:
            self._give_to(part)
        if self.frame is not None:
            self.frame.apply_theme(self.theme.scaled(self._fit))

    def worn(self) -> list[tuple[Themed, Theme]]:
        """Return what is seen and has a look, each with the theme that it has; what holds all others first."""
        frame = [] if self.frame is None else [(self.frame, self.theme.scaled(self._fit))]
        seen = (part for part in self._parts if not isinstance(part, QWidget) or part.isVisible())
        return [*frame, *((part, self.theme) for part in seen)]

    def fit(self, size: QSize, ratio: float) -> None:
        """Let type be as large as suits a window of this size, in logical pixels; `ratio` as `type_scale` takes it."""
        scale = type_scale(size, ratio)
        if scale != self._fit:
            self._fit = scale
            self._choose(self.theme.name)
            self.apply()

    def fits(self, size: QSize, ratio: float) -> bool:
        """Whether a window of this size has room for the type as it is."""
        return type_scale(size, ratio) >= self._fit

    def scale_to(self, scale: float) -> None:
        """Enlarge the type of what lies over the window, for an audience, or not (1): it is the window's then."""
        if scale != self._over:
            self._over = scale
            self._choose(self.theme.name)
            for part in self._parts:
                self._give_to(part)

    def take_up(self) -> None:
        """Take over the theme that was chosen in another window meanwhile."""
        self._choose(str(self._settings.value(THEME, self.theme.name)))
        self.apply()

    def toggle(self) -> None:
        """Dark to light, or back; remembered."""
        name = "light" if self.theme.dark else "dark"
        self._settings.setValue(THEME, name)
        self._choose(name)
        self.apply()

    def give_to_application(self) -> None:
        """Let Qt's own widgets have it; quick where no widget is there yet."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_to(app, self.theme.scaled(self._fit))

    def _choose(self, name: str) -> None:
        scale = max(self._over, self._fit) if self._over > 1.0 else self._fit
        self.theme = THEMES.get(name, self.theme).scaled(scale)

    def _give_to(self, part: object) -> None:
        if isinstance(part, QWidget):
            scale_room(part, self.theme.scale)
        # Whoever is dressed can be.
        part.apply_theme(self.theme)  # type: ignore[attr-defined]
