"""Draws what an experiment found, with matplotlib and without a display."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dgstudio.errors import BadInputError
from dgstudio.lab.experiment import Experiment
from dgstudio.lab.results import Result, Row, mean_of

SUFFIXES = (".png", ".svg", ".pdf")
PICTURE_INCHES = 4.4, 3.4
DPI = 150
MARKERS = "osD^vP*X<>"
"""A marker a method: colour never tells them apart alone."""
LOGARITHMIC_FROM = 20.0
"""Ratio of the largest to the smallest x from which they stand on a logarithmic axis."""
DODGE = 0.08
"""From one method to the next, where x is a name."""


def check_plot_file(path: Path) -> None:
    """Refuse a name that says no kind of picture; `BadInputError`."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadInputError(f"A plot can be {', '.join(SUFFIXES)}, not “{path.name}”: name the file so.")


def draw(result: Result, experiment: Experiment, path: Path) -> None:
    """Draw one picture for each of the experiment's `y`, side by side, with 95 % intervals.

    Raises
    ------
    BadInputError
        If there is nothing to draw, or the file cannot be written.
    """
    check_plot_file(path)
    columns = [y for y in experiment.y if any(math.isfinite(mean_of(row.get(y))) for row in result.rows)]
    if not columns:
        raise BadInputError(f"The experiment {result.experiment} has nothing to draw.")
    methods = list(dict.fromkeys(row["method"] for row in result.rows))
    width, height = PICTURE_INCHES
    figure = Figure(figsize=(width * len(columns), height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, y in zip(np.atleast_1d(figure.subplots(1, len(columns))), columns, strict=True):
        if experiment.x is None:
            _bars(axes, result.rows, methods, y)
        else:
            _lines(axes, result.rows, methods, experiment.x, y)
        axes.set_title(y.replace("_", " "), fontsize="medium")
        axes.grid(alpha=0.3)
    if experiment.x is not None:
        figure.axes[0].legend(fontsize="small")
    seeds = result.rows[0].get("seeds", 1)
    about = [
        result.experiment,
        str(result.config.get("data", "")),
        f"{seeds} seeds, 95 % intervals" if seeds > 1 else "",
    ]
    figure.suptitle(" · ".join(part for part in about if part), fontsize="large")
    try:
        figure.savefig(path)
    except OSError as error:
        raise BadInputError(f"Cannot write {path}: {error.strerror}.") from error


def _lines(axes: Axes, rows: Sequence[Row], methods: Sequence[str], x: str, y: str) -> None:
    """One line a method along `x`; places where `x` is a name."""
    places = list(dict.fromkeys(row[x] for row in rows if x in row))
    numeric = all(isinstance(place, int | float) for place in places)
    for number, method in enumerate(methods):
        points = [row for row in rows if row["method"] == method and math.isfinite(mean_of(row.get(y)))]
        # Side by side where they would hide each other.
        aside = DODGE * (number - (len(methods) - 1) / 2)
        at = [row[x] if numeric else places.index(row[x]) + aside for row in points]
        axes.errorbar(
            at,
            [mean_of(row[y]) for row in points],
            yerr=[_interval(row[y]) for row in points],
            label=method,
            color=_colour(number),
            marker=MARKERS[number % len(MARKERS)],
            markersize=4,
            capsize=2,
            linestyle="-" if numeric else "none",
        )
    axes.set_xlabel(x.replace("_", " "))
    if not numeric:
        axes.set_xticks(range(len(places)), [str(place) for place in places], rotation=30)
        return
    if min(places) > 0 and max(places) >= LOGARITHMIC_FROM * min(places):
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.set_xticks(places, [f"{place:g}" for place in places])


def _bars(axes: Axes, rows: Sequence[Row], methods: Sequence[str], y: str) -> None:
    """One bar a row, in the colour of its method."""
    shown = [row for row in rows if math.isfinite(mean_of(row.get(y)))]
    colours = [_colour(methods.index(row["method"])) for row in shown]
    errors = [_interval(row[y]) for row in shown]
    axes.bar(range(len(shown)), [mean_of(row[y]) for row in shown], yerr=errors, color=colours, capsize=2)
    axes.set_xticks(range(len(shown)), [row["method"] for row in shown], rotation=45, ha="right")


def _interval(cell: Any) -> float:
    return float(cell["ci95"] or 0.0) if isinstance(cell, dict) else 0.0


def _colour(number: int) -> Any:
    """Okabe and Ito's colours, as classes have them in the studio, black first."""
    colours = matplotlib.colormaps["okabe_ito"].colors  # type: ignore[attr-defined]  # of listed maps only
    return colours[number % len(colours)]
