"""What the bench says of its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from dgstudio.bench.report import (
    DESCRIBED,
    ENOUGH,
    MISSED,
    REACHED,
    Wanted,
    at,
    machine,
    remarks,
    table,
    write_json,
)
from dgstudio.errors import BadInputError

RUN = {"seconds": 70.0, "machine": "a machine"}


@pytest.mark.parametrize(
    ("wanted", "value", "verdict", "words"),
    [
        (Wanted(2, 1), 1.0, REACHED, "≤ 2 · 1"),
        (Wanted(2, 1), 1.01, ENOUGH, "≤ 2 · 1"),
        (Wanted(2, 1), 2.01, MISSED, "≤ 2 · 1"),
        (Wanted(30, 60, more=True), 60.0, REACHED, "≥ 30 · 60"),
        (Wanted(30, 60, more=True), 30.0, ENOUGH, "≥ 30 · 60"),
        (Wanted(30, 60, more=True), 29.9, MISSED, "≥ 30 · 60"),
        (Wanted(0), 0, REACHED, "0"),
        (Wanted(0), 1, MISSED, "0"),
        (Wanted(1000), 999.0, REACHED, "≤ 1,000"),
        (Wanted(2, 1), float("nan"), MISSED, "≤ 2 · 1"),
    ],
)
def test_a_figure_is_judged_by_what_is_wanted(wanted: Wanted, value: float, verdict: str, words: str) -> None:
    assert wanted.verdict(value) == verdict and str(wanted) == words


def test_only_what_was_measured_is_shown() -> None:
    (row,) = table({**RUN, "serve": {"over_numpy_dense": 1.234, "base_us": 8.0}})
    assert (row.figure, row.wanted, row.verdict) == ("1.23 ×", "≤ 2 · 1", ENOUGH) and "numpy" in row.words


def test_under_load_less_is_wanted_and_only_where_it_was_said() -> None:
    figures = {"answer": {"p99_ms": 9.0}, "window": {"fps": 20.0, "gap_p99_ms": 400.0}, "samples": {"lost": 0}}
    free = {row.words: row for row in table(RUN | figures)}
    busy = {row.words: row for row in table(RUN | figures | {"load": {"busy_processes": 2}})}
    assert free["frames a second"].verdict == MISSED and busy["frames a second"].verdict == ENOUGH
    assert free["sample → answer, p99"].wanted == "" and busy["sample → answer, p99"].wanted == "≤ 15 · 8"
    assert busy["gap between frames, p99"].wanted == "" and busy["samples lost"].verdict == REACHED


def test_tables_of_a_recorded_session_have_a_row_each() -> None:
    rows = table({**RUN, "session": {"recorded_mb_per_hour": 76.0}, "mb_per_hour": {"receipt": 20.5}})
    assert [(row.words, row.figure) for row in rows[1:]] == [("of it receipt", "20.5 MB")]


def test_remarks_say_on_what_it_ran_and_what_was_left_out() -> None:
    left = {"window.cpu_over_plot": "pyqtgraph is not installed"}
    lines = remarks({**RUN, "window": {"platform": "offscreen"}, "load": {"busy_processes": 2}, "left_out": left})
    assert lines == [
        "Measured for 70 s: a machine.",
        "The window was drawn on offscreen.",
        "2 other processes kept every core busy.",
        "Left out: window.cpu_over_plot: pyqtgraph is not installed.",
    ]
    assert remarks(RUN) == ["Measured for 70 s: a machine."]


def test_names_are_dotted_and_told_once() -> None:
    assert at({"a": {"b": {"c": 3}}}, "a.b.c") == 3
    assert at({"a": {"b": 3}}, "a.c") is None and at({"a": 3}, "a.b") is None and at({}, "a") is None
    assert len({what.key for what in DESCRIBED}) == len({what.words for what in DESCRIBED}) == len(DESCRIBED)


def test_the_machine_is_one_line() -> None:
    assert "\n" not in machine() and "Python" in machine()


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="Cannot write"):
        write_json({}, tmp_path)
