"""The bench of the stage measures what it says; the figures themselves depend on the machine."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSettings

from dgstudio.bench.command import BenchOptions
from dgstudio.bench.report import table
from dgstudio.bench.stage import compare_cost, presentation
from dgstudio.bench.stage.compare_cost import cost_figures
from dgstudio.bench.stage.demo_bench import demo_figures
from dgstudio.bench.stage.presentation import present_figures
from dgstudio.bench.stage.stage_bench import run_stage_bench
from dgstudio.engine.adapt.twin_comparison import TwinComparison
from dgstudio.errors import BadInputError
from dgstudio.types import TwinKind


def test_a_presentation_is_drawn_on_a_large_screen_while_both_learn(qapp, tmp_path, monkeypatch) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    monkeypatch.setattr(presentation, "SETTLE_S", 0.5)
    figures = present_figures(2.4, settings)
    assert figures["fps"] > 1 and figures["gap_p99_ms"] > 0
    assert (figures["width"], figures["height"]) == (2560, 1440)
    assert len(table({"present": figures})) == 2


def test_a_twin_is_switched_on_and_off_in_turns_while_labels_come(qapp, tmp_path, monkeypatch) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    monkeypatch.setattr(compare_cost, "BLOCKS", 2)
    monkeypatch.setattr(compare_cost, "FEWEST", 5)
    monkeypatch.setattr(compare_cost, "LONG_S", 4.0)
    chosen: list[tuple[str, ...]] = []
    choose = TwinComparison.choose
    monkeypatch.setattr(TwinComparison, "choose", lambda it, *kinds: (chosen.append(kinds), choose(it, *kinds))[1])
    figures = cost_figures(4.0, settings)
    assert set(figures) == {"cost", "cost_replay", "cost_ours"} and all(ratio > 0 for ratio in figures.values())
    assert chosen[:3] == [(TwinKind.IN_PLACE,), (), (TwinKind.REPLAY,)] and len(chosen) == 6
    assert len(table({"compare": figures})) == 3


def test_the_first_demo_is_played_by_its_key_until_it_is_seen_and_its_claims_are_counted(qapp, tmp_path) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    figures = demo_figures(5.0, settings)
    assert figures["first_change_s"] > 1.0
    assert figures["claims_checked"] >= 7 and figures["claims_false"] == 0
    assert len(table({"demo": figures})) == 3


def test_too_short_a_run_and_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(BadInputError, match="at least 5"):
        run_stage_bench(1.0)
    for other in ({"labels": True}, {"views": True}, {"window": False}, {"loaded": True}):
        with pytest.raises(BadInputError, match="--stage goes with"):
            BenchOptions(stage=True, **other).check()
