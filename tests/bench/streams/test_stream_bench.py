"""The bench of streams measures what it says; the figures themselves depend on the machine."""

from __future__ import annotations

import pytest

from dgstudio.bench.command import BenchOptions
from dgstudio.bench.report import remarks, table
from dgstudio.bench.streams import osc_bench, stream_bench, webcam_process
from dgstudio.bench.streams.core_size import core_figures
from dgstudio.bench.streams.osc_bench import growth_figures, osc_figures
from dgstudio.bench.streams.stream_bench import MEASURES, Measure, run_stream_bench
from dgstudio.errors import BadInputError


def test_osc_goes_to_a_station_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osc_bench, "STEADY_HZ", 200.0)
    monkeypatch.setattr(osc_bench, "FAST_HZ", 400.0)
    figures = osc_figures(1.5)
    assert 100 < figures["packets_per_s"] <= 1.01 * figures["sent_per_s"] < 500
    assert figures["lost"] >= 0 and 0 < figures["roundtrip_p50_ms"] <= figures["roundtrip_p99_ms"]
    assert len(table({"osc": figures})) == 4


def test_a_stations_memory_is_looked_at_while_inputs_come() -> None:
    figures = growth_figures(4.0)
    assert figures["rss_start_mb"] > 20 and figures["rss_end_mb"] > 20
    assert len(table({"run": figures})) == 1


def test_the_size_of_a_station_is_that_of_its_packages_and_without_qt() -> None:
    figures = core_figures(1.0)
    assert 50 < figures["own_mb"] + figures["largest"]["scipy"] < figures["install_mb"] < 600
    assert set(figures["largest"]) == {"scipy", "numpy"} and len(table({"core": figures})) == 1


def test_what_cannot_be_measured_here_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    measures = (Measure("lsl", "nothing", lambda _: {"left_out": "pylsl is not installed"}),)
    monkeypatch.setattr(stream_bench, "MEASURES", measures)
    figures = run_stream_bench(5.0)
    assert figures["lsl"] == {} and remarks(figures)[-1] == "Left out: lsl: pylsl is not installed."


def test_the_clip_is_played_and_taught_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam_process, "missing", lambda extra: ["PySide6"] if extra.name == "studio" else [])
    assert webcam_process.run_webcam() == {"left_out": "PySide6 is not installed"}
    figures = dict.fromkeys(
        ("features_hz", "frame_age_p99_ms", "new_take_accuracy", "nearest_mean_accuracy", "slda_accuracy"), 1.0
    )
    assert len(table({"webcam": figures})) == 5


def test_each_measure_is_a_group_of_the_report() -> None:
    assert {measure.group for measure in MEASURES} >= {"webcam", "osc", "run", "record", "serial", "lsl"}


def test_too_short_a_run_and_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(BadInputError, match="at least 5"):
        run_stream_bench(1.0)
    for other in ({"labels": True}, {"views": True}, {"stage": True}, {"loaded": True}, {"window": False}):
        with pytest.raises(BadInputError, match="--streams goes with"):
            BenchOptions(streams=True, **other).check()
