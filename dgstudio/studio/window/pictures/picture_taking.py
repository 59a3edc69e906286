"""Pictures of the window, of the stage, or of one panel, for print: what is taken, where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.docking.built_in import TITLES
from dgstudio.studio.pictures.file_desk import FileDesk
from dgstudio.studio.pictures.file_writing import FileWriting
from dgstudio.studio.window.appearance import Appearance
from dgstudio.studio.window.layout import WindowLayout
from dgstudio.studio.window.notifier import Notifier
from dgstudio.studio.window.pictures.moving_pictures import MovingPictures
from dgstudio.studio.window.pictures.picture_places import PicturePlaces
from dgstudio.types import Level

if TYPE_CHECKING:
    from dgstudio.studio.painting.still import Still

PRINTED = "In print it is {}."
VIEW_FILES = {"Pictures for print": "png", "Vector pictures": "svg", "Tables": "csv"}


class PictureTaking:
    """Takes a picture at the moment that it is asked for, then asks where it goes; the stream goes on meanwhile.

    Qt thread only.
    """

    def __init__(
        self,
        state: StudioState,
        layout: WindowLayout,
        appearance: Appearance,
        notifier: Notifier,
        files: FileDesk,
        places: PicturePlaces,
        moving: MovingPictures,
    ) -> None:
        self._state, self._layout, self._appearance = state, layout, appearance
        self._notifier, self._files, self._places, self._moving = notifier, files, places, moving

    def of_window(self) -> None:
        """A still of the window, or, in a presentation, of the stage."""
        if self._state.presentation:
            self._keep(self._stage(), "stage", "the stage")
        else:
            self._keep(self._whole_window(), "window", "the window")

    def of_panel(self, name: str) -> None:
        """A still of the panel `name`; of the views of the gating the picture alone, and its numbers."""
        if not self._layout.arrangement.docks[name].seen:
            self._notifier.show(f"{TITLES[name]} is not seen now: bring it to the front first.", Level.WARNING)
        elif name == "gating" and self._layout.gating_panel.has_picture:
            self.of_view()
        else:
            title = TITLES[name]
            self._keep(self._panel(name), title.rstrip("?").lower(), f"the panel {title}")

    def fill_panel_menu(self, menu: QMenu, name: str) -> None:
        """List in the menu of the panel `name` what pictures can be made of it."""
        menu.addAction("Save a picture of this panel…").triggered.connect(lambda: self.of_panel(name))
        self._moving.fill_panel_menu(menu, name)

    def of_view(self) -> None:
        """The view of the gating that is shown: as a picture, or as the table behind it."""
        from dgstudio.studio.gating.export import write_sheet

        panel = self._layout.gating_panel
        sheet = panel.sheet()

        def write(path: Path) -> None:
            table = path.suffix.lower() == ".csv"
            said = "" if table else PRINTED.format(sheet.still.words)
            self._files.add(FileWriting(path, lambda _note: write_sheet(path, sheet, overwrite=True), said))

        self._places.ask("Save a picture of this view", VIEW_FILES, panel.suggested_name(), write)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _whole_window(self) -> Still:
        from dgstudio.studio.pictures.on_light import still_on_light

        toast = self._notifier.toast
        # What passes by is none of it.
        shown = toast.isVisible()
        toast.hide()
        still = still_on_light(self._layout.desk, self._appearance.worn(), "dgstudio")
        if shown:
            toast.show()
            toast.raise_()
        return still

    def _stage(self) -> Still:
        from dgstudio.studio.pictures.on_light import still_on_light

        return still_on_light(self._layout.stage, [(self._layout.stage, self._appearance.theme)], "dgstudio")

    def _panel(self, name: str) -> Still:
        from dgstudio.studio.pictures.on_light import still_on_light

        dock = self._layout.arrangement.docks[name]
        assert dock.panel is not None, "what is seen has been made"
        with dock.without_buttons():
            return still_on_light(dock, [(dock.panel, dock.panel.theme), (dock, dock.panel.theme)], dock.title)

    def _keep(self, still: Still, what: str, of: str) -> None:
        """Ask where a still goes, and write it."""
        from dgstudio.studio.painting.still_file import write_still

        formats = {f"Pictures for print, {still.words}": "png", f"Vector pictures, {still.words}": "svg"}

        def write(path: Path) -> None:
            said = PRINTED.format(still.words)
            self._files.add(FileWriting(path, lambda _note: write_still(path, still, overwrite=True), said))

        self._places.ask(f"Save a picture of {of}", formats, what, write)
