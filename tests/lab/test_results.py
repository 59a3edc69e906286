"""Rows over seeds: Student's interval, JSON as promised, and plots that are files."""

from __future__ import annotations

import json
import math

import pytest
from rich.console import Console

from dgstudio.errors import BadInputError
from dgstudio.lab.experiment import Experiment
from dgstudio.lab.plots import check_plot_file, draw
from dgstudio.lab.results import Result, figure, over_seeds

ROWS = [
    {"method": method, "labels_per_class": labels, "new_accuracy": figure([value, value + 0.02]), "seeds": 2}
    for method, value in (("ours", 0.9), ("replay", 0.8))
    for labels in (1, 100)
]
RESULT = Result("adapt", {"data": "digits"}, ROWS)


def test_the_interval_is_students():
    # Three values with a standard deviation of 1: 4.303 / √3.
    assert figure([1.0, 2.0, 3.0]) == {"mean": 2.0, "ci95": pytest.approx(4.30265 / math.sqrt(3), rel=1e-4)}


def test_one_value_has_no_interval_and_no_value_no_mean():
    assert figure([0.5]) == {"mean": 0.5, "ci95": None}
    assert figure([float("nan"), 0.5]) == {"mean": 0.5, "ci95": None}
    assert figure([]) == {"mean": None, "ci95": None}


def test_a_row_over_seeds_has_figures_and_keeps_what_is_equal():
    row = over_seeds([{"method": "ours", "x": 1.0, "n": 3}, {"method": "ours", "x": 2.0, "n": 3}])
    assert row["method"] == "ours" and row["n"] == 3 and row["seeds"] == 2 and row["x"]["mean"] == 1.5
    with pytest.raises(ValueError, match="n"):
        over_seeds([{"n": 3}, {"n": 4}])


def test_json_is_the_experiment_its_config_and_its_rows(tmp_path):
    RESULT.write_json(tmp_path / "out.json")
    read = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert read == {"experiment": "adapt", "config": {"data": "digits"}, "rows": ROWS}
    with pytest.raises(BadInputError, match="Cannot write"):
        RESULT.write_json(tmp_path / "nowhere" / "out.json")


def test_the_table_names_in_its_title_what_is_the_same_everywhere():
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as said:
        console.print(RESULT.table())
    text = said.get()
    assert "seeds 2" in text.splitlines()[0] and "0.910 ±0.127" in text and "replay" in text
    with console.capture() as said:
        console.print(RESULT.table(("method", "labels_per_class")))
    assert "0.910" not in said.get()


@pytest.mark.parametrize("name", ["plot.png", "plot.svg"])
@pytest.mark.parametrize("x", ["labels_per_class", None])
def test_a_plot_is_a_picture_of_its_kind(tmp_path, name, x):
    experiment = Experiment("a test", lambda options, progress: RESULT, x=x, y=("new_accuracy", "missing"))
    draw(RESULT, experiment, tmp_path / name)
    head = (tmp_path / name).read_bytes()[:200]
    assert head.startswith(b"\x89PNG") if name.endswith("png") else b"<svg" in head or b"<?xml" in head


def test_a_plot_that_cannot_be_gets_a_sentence(tmp_path):
    with pytest.raises(BadInputError, match=r"\.png, \.svg"):
        check_plot_file(tmp_path / "plot.txt")
    with pytest.raises(BadInputError, match="nothing to draw"):
        draw(RESULT, Experiment("a test", lambda options, progress: RESULT, y=("missing",)), tmp_path / "plot.png")
