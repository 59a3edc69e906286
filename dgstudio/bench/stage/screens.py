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

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.records import dataclass

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((1280, 720), (1366, 768), (1600, 1000), (1920, 1080), (2560, 1440), (3840, 2160))
"""Screens, in device pixels."""
SCALES = (1.0, 1.5, 2.0)
THEMES = ("dark", "light")
AT_ONCE = 2
"""Processes that look at the same time."""


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """What is to be looked at; `scenes` are parts of names, none for all. `out`: a folder for pictures, or None."""

    out: Path | None = None
    sizes: tuple[Size, ...] = SIZES
    scales: tuple[float, ...] = SCALES
    themes: tuple[str, ...] = THEMES
    scenes: tuple[str, ...] = ()


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
    DgstudioError
        Where a process ends before it is done.
    """
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    shots: list[dict[str, Any]] = []
    lock = Lock()

    def note(shot: dict[str, Any]) -> None:
        with lock:
            shots.append(shot)
            for finding in shot["found"]:
                say(f"{_title(shot)}: {finding['what']}: {finding['where']}: {finding['words']}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(lambda scale: _look(scale, options, note), options.scales):
            pass
    shots.sort(key=lambda shot: (shot["scene"], shot["size"], shot["scale"], shot["theme"]))
    return {
        "checked": len(shots),
        "clipped": sum(bool(shot["found"]) for shot in shots),
        "kinds": dict(Counter(finding["what"] for shot in shots for finding in shot["found"])),
        "shots": shots,
    }


def screen_figures(say: Callable[[str], object] = lambda text: None) -> dict[str, Any]:
    """Return the figures of the bench: how many screens were looked at, and in how many something is clipped."""
    figures = look_at_screens(ScreenOptions(), say)
    return {key: figures[key] for key in ("checked", "clipped")}


def _look(scale: float, options: ScreenOptions, note: Callable[[dict[str, Any]], None]) -> None:
    """Look at all that is wanted at one scale factor, in a process of its own."""
    wanted = {
        "scenes": options.scenes,
        "sizes": options.sizes,
        "themes": options.themes,
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
