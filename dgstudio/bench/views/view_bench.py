"""The bench of views: each measure works in one window on one running engine, and adds its figures.

To add one: a function of the window and seconds that returns its figures under their names, and a row in `MEASURES`;
what is wanted of a figure stands in `bench/report.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PySide6.QtCore import QSettings

from dgstudio.bench.report import machine
from dgstudio.bench.ui_script import Hands, Script, Until
from dgstudio.bench.views.attribution_error import attribution_figures
from dgstudio.bench.views.cursor_bench import cursor_figures
from dgstudio.bench.views.inspect_bench import inspect_figures
from dgstudio.bench.views.layout_bench import layout_figures
from dgstudio.bench.views.long_history import make_long_history
from dgstudio.bench.views.map_rate import map_figures
from dgstudio.bench.views.taught_model import taught_model
from dgstudio.bench.views.timeline_bench import LEAST_VERSIONS, timeline_figures
from dgstudio.bench.views.version_comparison import comparison_figures
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.studio.app import make_window
from dgstudio.studio.window.main_window import StudioWindow

SEED = 0
SIZE = (1600, 1000)
LEAST_S = 2.0
LEAST_MAP_S = 10.0
"""Two classes are drawn on the pad in that time."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: the group that its figures stand in, what it does, in words, and how.

    `figures` is given the window, which runs, and the seconds that it may take; it leaves the window usable.
    """

    group: str
    words: str
    figures: Callable[[StudioWindow, float], dict[str, Any]]


MEASURES: tuple[Measure, ...] = (
    Measure("timeline", "moving along 10,000 versions", timeline_figures),
    Measure("cursor", "moving the time cursor", cursor_figures),
    Measure("inspect", "clicking moments, and taking their answers apart", inspect_figures),
    Measure("window", "showing each layout", layout_figures),
)


def run_view_bench(seconds: float, say: Callable[[str], object] = lambda text: None) -> dict[str, Any]:
    """Measure the views in a window, each for so many seconds; figures as nested dictionaries. Qt's thread.

    Raises
    ------
    BadInputError
        For too short a run.
    """
    if not seconds >= LEAST_S:
        raise BadInputError(f"--seconds must be at least {LEAST_S:g} with --views: shorter runs have no percentiles.")
    figures: dict[str, Any] = {}
    with TemporaryDirectory(prefix="dgstudio-views-") as name:
        path = Path(name) / "long.dgs"
        say(f"making a history of {LEAST_VERSIONS:,} versions")
        make_long_history(path, LEAST_VERSIONS)
        window = _window(path)
        try:
            _begin(window)
            for measure in MEASURES:
                say(measure.words)
                figures[measure.group] = {**figures.get(measure.group, {}), **measure.figures(window, seconds)}
        finally:
            window.close()
    say("taking answers apart, comparing versions")
    with taught_model() as model:
        figures["attribution"] = attribution_figures(seconds, model)
        figures["compare_versions"] = comparison_figures(seconds, model)
    say("mapping the plane of a pointer")
    figures["map"] = map_figures(max(seconds, LEAST_MAP_S))
    return {**figures, "seconds": seconds, "machine": machine()}


def _window(path: Path) -> StudioWindow:
    source = open_source("simulator", seed=SEED)
    base, why = base_for(source.spec)
    if base is None:
        raise DgstudioError(f"The bench needs the simulator's base model. {why}")
    engine = Engine(source, base, Session.open(path))
    settings = QSettings(str(path.with_suffix(".ini")), QSettings.Format.IniFormat)
    return make_window(engine, path.name, settings=settings, start=False)


def _begin(window: StudioWindow) -> None:
    window.resize(*SIZE)
    window.show()
    window.activateWindow()
    window.commands.start()
    engine = window.commands.engine

    def answering() -> Script:
        yield Until(lambda: engine.lane.readings.newest is not None, "an answer")

    Hands(window).play(answering())
