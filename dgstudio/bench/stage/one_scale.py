"""One scale factor, in a process of its own, since Qt takes it once: every scene at every size and in both themes."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMenu

from dgstudio.bench.stage.clipping import Finding, findings_in, on_screen, small_in
from dgstudio.bench.stage.painted_text import PaintedTexts
from dgstudio.bench.stage.scenes import Scene, all_scenes
from dgstudio.bench.stage.worlds import opened
from dgstudio.bench.ui_script import Hands, Script, Until, after
from dgstudio.records import dataclass
from dgstudio.studio.docking.built_in import BUILT_IN
from dgstudio.studio.theme.application import application
from dgstudio.studio.window.main_window import StudioWindow

SETTLE_S, FRAME_S = 0.25, 0.1
"""As long as a window may take to lay itself out and to draw some frames, and to draw another one."""
SMALLEST = 0.025
"""Of a stage, type that is read from the last row, as a part of its height."""
QUICK_PNG = 90
"""Qt's quality of a PNG: the more, the less time is spent on making it small."""

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shot:
    """What came of one picture: of which scene, at how many pixels, in which theme; `file` is "" where none is kept."""

    scene: str
    size: Size
    scale: float
    theme: str
    file: str
    found: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """In which themes, and at which sizes in device pixels; `telling` are the sizes of what is not seen everywhere."""

    themes: tuple[str, ...]
    sizes: tuple[Size, ...]
    telling: tuple[Size, ...]

    def of(self, scene: Scene, scale: float) -> list[tuple[str, Size]]:
        """Return in which themes and at which sizes a scene is looked at, at a scale factor."""
        if scene.everywhere:
            return [(theme, size) for theme in self.themes for size in self.sizes]
        first, *others = self.themes
        found = [(first, size) for size in self.telling]
        # The smallest has most to tell.
        return found + [(theme, self.telling[0]) for theme in others if scale == 1]


def shots(scenes: Iterable[Scene], seen: Seen, scale: float, out: Path | None) -> Iterator[Shot]:
    """Look at scenes, those of one world after each other; yields each picture as it is looked at.

    The scale factor is that which Qt was started with. `out` is a folder for the pictures, or None.
    """
    # Kept by this name until the end.
    app = application()
    with tempfile.TemporaryDirectory(prefix="dgstudio-screens-") as name, PaintedTexts() as texts:
        for world, group in groupby(scenes, key=lambda scene: scene.world):
            with opened(world, Path(name)) as window:
                look = _Look(window, texts, scale, out)
                for scene in group:
                    yield from look.at(scene, seen.of(scene, scale))
    del app


class _Look:
    """Goes through the sizes and themes of a scene in one window."""

    def __init__(self, window: StudioWindow, texts: PaintedTexts, scale: float, out: Path | None) -> None:
        self._window, self._texts, self._scale, self._out = window, texts, scale, out
        self._shots: list[Shot] = []

    def at(self, scene: Scene, wanted: list[tuple[str, Size]]) -> list[Shot]:
        """Return what came of each picture of a scene."""
        self._shots = []
        Hands(self._window).play(self._played(scene, wanted))
        return self._shots

    def _played(self, scene: Scene, wanted: list[tuple[str, Size]]) -> Script:
        window = self._window
        arrangement = window.layout_.arrangement
        if arrangement.layout_name != scene.layout or arrangement.by_hand:
            arrangement.choose(BUILT_IN[scene.layout])
        if scene.show is not None and not scene.anew:
            yield from scene.show(window)
        for theme, size in wanted:
            yield from self._shown_as(theme, size)
            if scene.show is not None and scene.anew:
                yield from scene.show(window)
            yield after(FRAME_S)
            self._take(scene, theme, size)
            if scene.leave is not None and scene.anew:
                yield from scene.leave(window)
        if scene.leave is not None and not scene.anew:
            yield from scene.leave(window)

    def _shown_as(self, theme: str, size: Size) -> Script:
        window = self._window
        if window.appearance.theme.name != theme:
            window.appearance.toggle()
        window.resize(*self._logical(size))
        yield after(SETTLE_S)
        yield Until(lambda: window.settled, "type as large as the window")

    def _logical(self, size: Size) -> Size:
        return round(size[0] / self._scale), round(size[1] / self._scale)

    def _take(self, scene: Scene, theme: str, size: Size) -> None:
        window, state = self._window, self._window.state
        named = {card.info.name for card in state.classes} | {state.session_name, state.source_name}
        named |= {*state.spec.channels, *state.spec.truth_names} if state.spec is not None else set()
        file = ""
        if self._out is not None:
            file = f"{scene.name.replace(' ', '-').replace(',', '')}-{size[0]}x{size[1]}-{self._scale:g}-{theme}.png"
            picture(window).save(str(self._out / file), "PNG", QUICK_PNG)
        found = on_screen(window, self._logical(size))
        found += findings_in(window, self._texts, frozenset(filter(None, named)))
        if window.layout_.on_stage:
            found += small_in(window.layout_.stage, self._texts, SMALLEST * window.height())
        self._shots.append(Shot(scene.name, size, self._scale, theme, file, tuple(found)))


def picture(window: StudioWindow) -> QPixmap:
    """Return what is seen of a window, with the menus that are open over it."""
    seen = window.grab()
    painter = QPainter(seen)
    for menu in (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMenu)):
        if menu.isVisible():
            painter.drawPixmap(QRect(menu.pos() - window.mapToGlobal(QPoint(0, 0)), menu.size()), menu.grab())
    painter.end()
    return seen


def main() -> None:
    """Look as the first argument says, as JSON; each picture is told of in a line of its own, as JSON."""
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    names = wanted["scenes"]
    scenes = [scene for scene in all_scenes() if not names or any(part in scene.name for part in names)]
    out = None if wanted["out"] is None else Path(wanted["out"])
    sizes, telling = (tuple((int(wide), int(tall)) for wide, tall in wanted[of]) for of in ("sizes", "telling"))
    for shot in shots(scenes, Seen(tuple(wanted["themes"]), sizes, telling), wanted["scale"], out):
        sys.stdout.write(json.dumps(asdict(shot)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
