"""The presentation (F5): the stage in this window, or on a second screen while the controls stay on the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMainWindow, QWidget

from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.window.appearance import Appearance
from dgstudio.studio.window.layout import WindowLayout
from dgstudio.studio.window.notifier import Notifier
from dgstudio.studio.window.window_geometry import WindowGeometry

if TYPE_CHECKING:
    from dgstudio.studio.stage.stage_window import StageWindow

SMALLER = 0.8
"""What lies over the stage is for the speaker: its type grows with the screen, but less."""


class Presenter:
    """Brings the stage up and takes it away. Qt thread only.

    Parameters
    ----------
    watch
        Takes the keys of another window as those of the main one.
    open_menu
        Opens the menu at a place on the screen.
    """

    def __init__(
        self,
        window: QMainWindow,
        state: StudioState,
        layout: WindowLayout,
        appearance: Appearance,
        geometry: WindowGeometry,
        notifier: Notifier,
        watch: Callable[[QWidget], object],
        open_menu: Callable[[QPoint], object],
    ) -> None:
        self._window, self._state, self._layout = window, state, layout
        self._appearance, self._geometry, self._notifier = appearance, geometry, notifier
        self._watch, self._open_menu = watch, open_menu
        self.apart: StageWindow | None = None
        """The window on the second screen, once there was one."""
        self._known = False
        self._on = False

    def present(self, on: bool) -> None:
        """Begin or end a presentation."""
        if on == self._on:
            return
        self._on = on
        if on:
            self._begin()
        else:
            self._end()

    def _begin(self) -> None:
        from dgstudio.studio.stage.stage_window import StageWindow, other_screen

        layout, stage = self._layout, self._layout.stage
        if not self._known:
            self._known = True
            stage.menu_asked.connect(self._open_menu)
            stage.scaled.connect(self._scale)
        second = other_screen(self._window)
        if second is not None:
            if self.apart is None:
                self.apart = StageWindow(self._window, self._state)
                self._watch(self.apart)
            self.apart.show_on(second, stage)
        else:
            layout.show_stage(True)
            self._geometry.fill_screen(True)
            self._notifier.names_files = False
            self._notifier.toast.beside = stage.toast_place
            self._notifier.toast.apply_theme(stage.theme)
            layout.desk.setFocus()
        stage.halo.watch(True)

    def _scale(self, unit: float) -> None:
        if self._layout.on_stage:
            self._appearance.scale_to(max(1.0, SMALLER * unit))
            # The audience reads it too.
            self._notifier.toast.apply_theme(self._layout.stage.theme)

    def _end(self) -> None:
        layout, stage = self._layout, self._layout.stage
        stage.halo.watch(False)
        self._notifier.names_files = True
        self._notifier.toast.beside = None
        if layout.on_stage:
            layout.show_stage(False)
            self._appearance.scale_to(1.0)
            self._notifier.toast.apply_theme(self._appearance.theme)
            self._geometry.fill_screen(False)
        elif self.apart is not None:
            self.apart.give_back(stage)
        if self._state.compare:
            layout.show_middle("compared")
        layout.desk.setFocus()
