"""The bench of the stage: each measure makes what it needs, and adds its figures.

To add one: a function of seconds that returns its figures under their names, and a row in `MEASURES`; what is wanted of
a figure stands in `bench/report.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PySide6.QtCore import QSettings

from dgstudio.bench.report import machine
from dgstudio.bench.stage.compare_cost import cost_figures
from dgstudio.bench.stage.demo_bench import demo_figures
from dgstudio.bench.stage.presentation import present_figures
from dgstudio.bench.stage.screens import screen_figures
from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

LEAST_S = 5.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: the group that its figures stand in, what it does, in words, and how.

    `figures` is given settings that are nobody's, and the seconds that it may take.
    """

    group: str
    words: str
    figures: Callable[[float, QSettings], dict[str, Any]]


MEASURES: tuple[Measure, ...] = (
    Measure("present", "presenting ours beside a twin, both learning", present_figures),
    Measure("compare", "serving with a twin and without, in turns", cost_figures),
    Measure("demo", "playing demos, checking what their captions say", demo_figures),
    Measure("screens", "looking at every screen for what is clipped", screen_figures),
)


def run_stage_bench(seconds: float, say: Callable[[str], object] = lambda text: None) -> dict[str, Any]:
    """Measure the stage, each measure for so many seconds; figures as nested dictionaries. Qt's thread.

    Raises
    ------
    BadInputError
        For too short a run.
    """
    if not seconds >= LEAST_S:
        raise BadInputError(f"--seconds must be at least {LEAST_S:g} with --stage: shorter runs have no percentiles.")
    figures: dict[str, Any] = {}
    with TemporaryDirectory(prefix="dgstudio-stage-") as name:
        for place, measure in enumerate(MEASURES):
            say(measure.words)
            settings = QSettings(str(Path(name) / f"{place}.ini"), QSettings.Format.IniFormat)
            found = measure.figures(seconds, settings)
            figures[measure.group] = {**figures.get(measure.group, {}), **found}
    return {**figures, "seconds": seconds, "machine": machine()}
