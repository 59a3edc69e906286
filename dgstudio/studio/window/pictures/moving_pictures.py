"""What the window, the stage or a panel showed in the last seconds, as a moving picture, while that is wanted."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from dgstudio.reasons.sizes import size_words
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.docking.built_in import TITLES
from dgstudio.studio.packages.packages import ANIMATION, Packages
from dgstudio.studio.pictures.file_desk import FileDesk
from dgstudio.studio.pictures.file_writing import FileWriting
from dgstudio.studio.pictures.limits import KEPT_S
from dgstudio.studio.window.layout import WindowLayout
from dgstudio.studio.window.notifier import Notifier
from dgstudio.studio.window.pictures.picture_places import PicturePlaces
from dgstudio.types import Level

if TYPE_CHECKING:
    from dgstudio.studio.pictures.clip_frames import Clip
    from dgstudio.studio.pictures.clip_recorder import ClipRecorder

FORMATS: Final = {"Moving pictures": "webp", "Moving pictures for every program, in 256 colours": "gif"}
TEXT_PERIOD_S: Final = 0.25
KEEP: Final = f"Keep the last {KEPT_S:.0f} s"
SAVE: Final = f"Save the last {KEPT_S:.0f} s…"


class MovingPictures(QObject):
    """Keeps one moving picture at a time, and saves it; `changed` tells when that begins or ends. Qt thread only."""

    changed = Signal()

    def __init__(
        self,
        window: QObject,
        state: StudioState,
        layout: WindowLayout,
        notifier: Notifier,
        files: FileDesk,
        places: PicturePlaces,
        packages: Packages,
    ) -> None:
        super().__init__(window)
        self._state, self._layout, self._notifier = state, layout, notifier
        self._files, self._places, self._packages = files, places, packages
        self._panel: str | None = None
        self._due = float("-inf")

    @cached_property
    def recorder(self) -> ClipRecorder:
        """What keeps them; made when it is first wanted."""
        from dgstudio.studio.pictures.clip_recorder import ClipRecorder

        recorder = ClipRecorder(self._shown, lambda: self._state.drawing > 0, self)
        recorder.changed.connect(self.changed)
        recorder.gave_up.connect(
            lambda why: self._notifier.refuse(f"The last {KEPT_S:.0f} s are kept no longer, as that failed ({why}).")
        )
        return recorder

    @property
    def on(self) -> bool:
        """Whether anything is kept."""
        return "recorder" in vars(self) and self.recorder.on

    def keep(self, on: bool) -> None:
        """Keep what the window shows from now on, in a presentation the stage; or nothing, and forget what was kept."""
        self._keep(None, on)

    def keep_panel(self, name: str, on: bool) -> None:
        """Keep what a panel shows from now on, in the place of what was kept before; or nothing."""
        self._keep(name, on)

    def _keep(self, name: str | None, on: bool) -> None:
        if on and name != self._panel:
            self.recorder.switch(False)
        self._panel = name if on else None
        self.recorder.switch(on)
        self._say()

    def fill_panel_menu(self, menu: QMenu, name: str) -> None:
        """List in the menu of the panel `name` what can be done with a moving picture of it."""
        mine = self.on and self._panel == name
        keep = menu.addAction(f"{KEEP} of this panel")
        keep.setCheckable(True)
        keep.setChecked(mine)
        keep.triggered.connect(lambda on: self.keep_panel(name, on))
        if mine:
            menu.addAction(SAVE).triggered.connect(self.save)

    def save(self) -> None:
        """Save what is kept at this moment: ask where, have Pillow if it is missing, write beside the stream."""
        clip = self.recorder.taken() if self.on else None
        if clip is None or clip.seconds <= 0:
            self._notifier.show(f"Nothing is kept yet: “{KEEP} as a picture” (menu › File) begins it.", Level.WARNING)
            return
        what = "stage" if self._state.presentation else "window"
        if self._panel is not None and not self._state.presentation:
            what = TITLES[self._panel].rstrip("?").lower()
        title = f"Save the last {clip.seconds:.0f} s of the {what}"

        def write(path: Path) -> None:
            self._packages.having(ANIMATION, lambda: self._write(path, clip))

        self._places.ask(title, FORMATS, f"{what} {clip.seconds:.0f} s", write)

    def _write(self, path: Path, clip: Clip) -> None:
        from dgstudio.studio.pictures.clip_file import write_clip

        wide, tall = clip.size
        said = f"It shows {clip.seconds:.0f} s in {len(clip.times())} frames of {wide} × {tall} pixels."
        self._files.add(FileWriting(path, lambda note: write_clip(path, clip, note, overwrite=True), said))

    def update_frame(self, frame: Frame) -> None:
        """Say how much is kept; called with each frame."""
        if frame.frame_time_wall >= self._due:
            self._due = frame.frame_time_wall + TEXT_PERIOD_S
            self._say()

    def stop(self) -> None:
        """Keep nothing any longer."""
        if self.on:
            self.recorder.switch(False)

    def _say(self) -> None:
        words, tooltip = "", ""
        if self.on:
            recorder = self.recorder
            of = "this window" if self._panel is None else f"the panel {TITLES[self._panel]}"
            words = f"keeping {recorder.seconds:.0f} s"
            tooltip = (
                f"What {of} showed in the last {KEPT_S:.0f} s is kept as a moving picture, in memory only: "
                f"{size_words(recorder.bytes)} now,\n{1e3 / max(1, recorder.interval_ms):.0f} frames a second. "
                "Menu › File saves it, or ends this and forgets it"
            )
        self._layout.status.show_kept(words, tooltip)

    def _shown(self) -> QWidget | None:
        """What is to be grabbed now."""
        layout = self._layout
        if self._state.presentation:
            return layout.stage
        if self._panel is None:
            return layout.desk
        dock = layout.arrangement.docks[self._panel]
        return dock if dock.seen else None
