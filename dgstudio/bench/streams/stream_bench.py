"""The bench of streams: each measure makes what it needs, and adds its figures.

To add one: a function of seconds that returns its figures under their names, and a row in `MEASURES`; what is wanted of
a figure stands in `bench/report.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dgstudio.bench.report import machine
from dgstudio.bench.streams.core_size import core_figures
from dgstudio.bench.streams.lsl_loss import run_lsl_loss
from dgstudio.bench.streams.osc_bench import growth_figures, osc_figures
from dgstudio.bench.streams.replay_match import run_replay_match
from dgstudio.bench.streams.serial_loss import run_serial_loss
from dgstudio.bench.streams.webcam_process import run_webcam
from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

LEAST_S = 5.0
LONG = 10
"""How many times as long is looked for what grows: in less time nothing can be seen."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: the group that its figures stand in, what it does, in words, and how, in so many seconds."""

    group: str
    words: str
    figures: Callable[[float], dict[str, Any]]


def _replayed(seconds: float) -> dict[str, Any]:
    found = run_replay_match(seconds)
    return {"replay_mismatches": found["mismatches"], "replay_answers": found["answers"]}


MEASURES: tuple[Measure, ...] = (
    Measure("webcam", "a clip through the path of a camera, taught in a window: about a minute", run_webcam),
    Measure("osc", "OSC to a station and back, at a thousand a second and more", osc_figures),
    Measure("record", "a live stream recorded to a file, and played from it", _replayed),
    Measure("serial", "lines of numbers over a pseudo-terminal", run_serial_loss),
    Measure("lsl", "an LSL stream of 8 channels at 500 Hz, even and uneven", run_lsl_loss),
    Measure("core", "what a station takes on a disk", core_figures),
    Measure("run", "whether a station grows", lambda seconds: growth_figures(LONG * seconds)),
)


def run_stream_bench(seconds: float, say: Callable[[str], object] = lambda text: None) -> dict[str, Any]:
    """Measure streams, each measure for so many seconds; figures as nested dictionaries.

    Raises
    ------
    BadInputError
        For too short a run.
    """
    if not seconds >= LEAST_S:
        raise BadInputError(f"--seconds must be at least {LEAST_S:g} with --streams: shorter runs have no percentiles.")
    figures: dict[str, Any] = {}
    for measure in MEASURES:
        say(measure.words)
        found = measure.figures(seconds)
        why = found.pop("left_out", None)
        if why is not None:
            figures.setdefault("left_out", {})[measure.group] = why
        figures[measure.group] = {**figures.get(measure.group, {}), **found}
    return {**figures, "seconds": seconds, "machine": machine()}
