"""Every screen: each size, scale factor, theme, layout and sheet is looked at, and what is clipped in it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from PySide6.QtCore import QSettings

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.files import make_folder
from dgstudio.records import dataclass

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((1280, 720), (1366, 768), (1600, 1000), (1920, 1080), (2560, 1440), (3840, 2160))
"""Screens, in device pixels."""
SCALES = (1.0, 1.5, 2.0)
THEMES = ("dark", "light")
TELLING: tuple[Size, ...] = ((1280, 720), (1600, 1000), (3840, 2160))
"""Of what is laid over the window, and of pages in a panel, all else follows: looked at where no other is named."""
AT_ONCE = 3
"""Processes that look at the same time: a third of it is waiting."""


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """What is to be looked at: what is empty, at all there are. `out`: a folder for pictures, or None.

    `scenes` are parts of names. Layouts are looked at in every combination; what is laid over them in both themes at
    one size only, as a theme moves nothing, and, unless sizes are named, at those that are `TELLING`.
    """

    out: Path | None = None
    sizes: tuple[Size, ...] = ()
    scales: tuple[float, ...] = ()
    themes: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what cannot be looked at; raises BadInputError."""
        for scale in self.scales:
            if not 0.5 <= scale <= 4:
                raise BadInputError(f"{scale:g} is no scale factor to look at: from 0.5 to 4.")
        for theme in self.themes:
            if theme not in THEMES:
                raise BadInputError(f"{theme} is no theme: {' or '.join(THEMES)}.")


def size_of(text: str) -> Size:
    """Return the size that a text like "1280x720" names; raises BadInputError."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise BadInputError(f"{text} is no size: write it as 1280x720.")
    wide, tall = map(int, parts)
    if not (640 <= wide <= 7680 and 360 <= tall <= 4320):
        raise BadInputError(f"{text} is no screen: from 640x360 to 7680x4320.")
    return wide, tall


def look_at_screens(options: ScreenOptions, say: Callable[[str], object] = lambda text: None) -> dict[str, Any]:
    """Look at every screen; returns the figures "checked" and "clipped", and "shots", what came of each picture.

    Raises
    ------
    BadInputError
        For what cannot be looked at.
    DgstudioError
        Where a process ends before it is done.
    """
    options.check()
    if options.out is not None:
        try:
            make_folder(options.out)
        except OSError as error:
            raise DgstudioError(f"There can be no folder {options.out}: {error.strerror or error}.") from error
    shots: list[dict[str, Any]] = []
    lock = Lock()

    def note(shot: dict[str, Any]) -> None:
        with lock:
            shots.append(shot)
            for finding in shot["found"]:
                say(f"{_title(shot)}: {finding['what']}: {finding['where']}: {finding['words']}")

    running: list[subprocess.Popen[str]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for _ in pool.map(lambda scale: _look(scale, options, note, running), options.scales or SCALES):
                pass
        except BaseException:
            # Whoever ends this waits for none of them.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            raise
    if not shots:
        raise BadInputError(f"No scene is called {' or '.join(options.scenes)}.")
    shots.sort(key=lambda shot: (shot["scene"], shot["size"], shot["scale"], shot["theme"]))
    return {
        "checked": len(shots),
        "clipped": sum(bool(shot["found"]) for shot in shots),
        "kinds": dict(Counter(finding["what"] for shot in shots for finding in shot["found"])),
        "shots": shots,
    }


def screen_figures(_seconds: float, _settings: QSettings) -> dict[str, Any]:
    """Return the figures of the bench: how many screens were looked at, and in how many something is clipped."""
    figures = look_at_screens(ScreenOptions())
    return {key: figures[key] for key in ("checked", "clipped")}


def _look(
    scale: float,
    options: ScreenOptions,
    note: Callable[[dict[str, Any]], None],
    running: list[subprocess.Popen[str]],
) -> None:
    """Look at all that is wanted at one scale factor, in a process of its own, which is noted in `running`."""
    wanted = {
        "scenes": options.scenes,
        "sizes": options.sizes or SIZES,
        "telling": options.sizes or TELLING,
        "themes": options.themes or THEMES,
        "scale": scale,
        "out": None if options.out is None else str(options.out.absolute()),
    }
    with tempfile.TemporaryDirectory(prefix="dgstudio-screen-") as folder:
        command = [sys.executable, "-m", "dgstudio.bench.stage.one_scale", json.dumps(wanted)]
        said = Path(folder) / "said"
        with said.open("w") as errors:
            process = subprocess.Popen(
                command, env=_surroundings(scale, Path(folder)), stdout=subprocess.PIPE, stderr=errors, text=True
            )
            running.append(process)
            for line in _lines(process):
                note(json.loads(line))
        if process.wait():
            lines = said.read_text().splitlines()
            last = [line for line in lines if "Error" in line[:60]][-1:] or lines[-1:] or ["it did not say why"]
            raise DgstudioError(f"The pictures at scale {scale:g} ended early: {last[0]}")


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    try:
        yield from process.stdout
    finally:
        process.stdout.close()


def _surroundings(scale: float, folder: Path) -> dict[str, str]:
    """The environment of a process that draws off screen, on a screen that has room for all, at a scale factor."""
    screen = {
        "name": "screen", "x": 0, "y": 0, "width": max(wide for wide, _ in SIZES), "height": max(t for _, t in SIZES),
        "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1,
    }  # fmt: skip
    config = folder / "screen.json"
    config.write_text(json.dumps({"synchronousWindowSystemEvents": True, "screens": [screen]}))
    return {
        **os.environ,
        "QT_QPA_PLATFORM": f"offscreen:configfile={config}",
        "QT_SCALE_FACTOR": f"{scale:g}",
        "DGSTUDIO_HOME": str(folder / "home"),
    }


def _title(shot: dict[str, Any]) -> str:
    wide, tall = shot["size"]
    return f"{shot['scene']} at {wide} × {tall}, ×{shot['scale']:g}, {shot['theme']}"
