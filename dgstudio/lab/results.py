"""What an experiment found: rows of figures over seeds, as JSON and as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from scipy import stats

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

Row = dict[str, Any]


def figure(values: Sequence[float]) -> dict[str, float | None]:
    """Mean and half the width of its 95 % interval (Student's t); no interval from a single value.

    Values that are not numbers (a figure that a seed could not give) are left out.
    """
    known = np.asarray([value for value in values if math.isfinite(value)], np.float64)
    if not len(known):
        return {"mean": None, "ci95": None}
    if len(known) == 1:
        return {"mean": float(known[0]), "ci95": None}
    error = float(known.std(ddof=1)) / math.sqrt(len(known))
    return {"mean": float(known.mean()), "ci95": float(stats.t.ppf(0.975, len(known) - 1)) * error}


def over_seeds(runs: Sequence[Mapping[str, Any]]) -> Row:
    """One row of the rows that the seeds gave: floats become figures, everything else must be equal in all.

    `seeds` counts them. A figure that no seed gives is left out.
    """
    row: Row = {}
    for name in dict.fromkeys(name for run in runs for name in run):
        values = [run[name] for run in runs if run.get(name) is not None]
        if not values:
            continue
        if isinstance(values[0], float):
            row[name] = figure(values)
        elif any(value != values[0] for value in values):
            raise ValueError(f"“{name}” differs between seeds, and is no float: {values}")
        else:
            row[name] = values[0]
    return {**row, "seeds": len(runs)}


@dataclass(frozen=True)
class Result:
    """An experiment's outcome: `rows`, each with `method`; the `config` they were made with, JSON-able."""

    experiment: str
    config: dict[str, Any]
    rows: list[Row] = field(default_factory=list)

    def write_json(self, path: Path) -> None:
        """Write {"experiment", "config", "rows"}.

        Raises
        ------
        BadInputError
            If the file cannot be written.
        """
        text = json.dumps(
            {"experiment": self.experiment, "config": self.config, "rows": self.rows},
            indent=1,
            ensure_ascii=False,
            allow_nan=False,
        )
        try:
            path.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise BadInputError(f"Cannot write {path}: {error.strerror}.") from error

    def table(self, columns: Sequence[str] = ()) -> Table:
        """Rows for the terminal, with these columns, or all; names that are the same in all rows go to the title."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        names = [name for name in names if not columns or name in columns or name == "seeds"]
        same = [name for name in names if name != "method" and self._constant(name)]
        title = ", ".join([self.experiment, *(f"{_spaced(name)} {_said(self.rows[0][name])}" for name in same)])
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
        shown = [name for name in names if name not in same]
        for name in shown:
            numeric = any(isinstance(row.get(name), dict | int | float) for row in self.rows)
            table.add_column(_spaced(name), justify="right" if numeric else "left", vertical="bottom")
        for row in self.rows:
            table.add_row(*("" if row.get(name) is None else _said(row[name]) for name in shown))
        return table

    def _constant(self, name: str) -> bool:
        values = [row.get(name) for row in self.rows]
        plain = not isinstance(values[0], dict)
        return len(values) > 1 and plain and values[0] is not None and all(value == values[0] for value in values)


def mean_of(value: Any) -> float:
    """The number in a cell, a figure's mean or the value itself; NaN where there is none."""
    if isinstance(value, dict):
        value = value["mean"]
    return float(value) if isinstance(value, int | float) else math.nan


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _said(value: Any) -> str:
    if isinstance(value, dict):
        if value["mean"] is None:
            return ""
        if not value["ci95"]:
            return _number(value["mean"])
        return f"{_number(value['mean'])} ±{_number(value['ci95'])}"
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    if isinstance(value, int) or (value == round(value) and abs(value) < 1e15):
        return f"{value:.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:.3g}"
