"""The bench of views: a short run has the figures, and the history that it moves in is one of acts."""

from __future__ import annotations

from typing import Any

import pytest

from dgstudio.bench.command import BenchOptions
from dgstudio.bench.report import at, table
from dgstudio.bench.views import cursor_bench, inspect_bench, layout_bench, timeline_bench, view_bench
from dgstudio.bench.views.long_history import LONG_TAKE, records_of
from dgstudio.bench.views.view_bench import run_view_bench
from dgstudio.engine.adapt.version_acts import VersionActKind, VersionActs
from dgstudio.engine.runtime.history import History
from dgstudio.errors import BadInputError


def test_the_history_has_its_versions_in_acts_of_many_kinds() -> None:
    acts = VersionActs(History(records_of(3000)))
    acts.sync()
    assert len(acts.versions) == 3001 and 200 < len(acts) < 900
    kinds = {acts[place].kind for place in range(len(acts))}
    assert {VersionActKind.TAKE, VersionActKind.UNDONE, VersionActKind.WENT_BACK, VersionActKind.PROTECTED} <= kinds
    assert max(acts[place].records for place in range(len(acts))) >= LONG_TAKE


@pytest.mark.slow
def test_a_short_run_has_every_figure(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = 2_000
    for module in (view_bench, timeline_bench):
        monkeypatch.setattr(module, "LEAST_VERSIONS", versions)
    for module in (cursor_bench, inspect_bench):
        monkeypatch.setattr(module, "LEAST", 2)
    monkeypatch.setattr(layout_bench, "CALM_S", 0.0)
    monkeypatch.setattr(layout_bench, "SETTLE_S", 0.3)
    monkeypatch.setattr(view_bench, "LEAST_MAP_S", 3.5)
    figures = run_view_bench(2.0)
    assert figures["timeline"]["versions"] > versions and at(figures, "timeline.fps_10k") > 0
    assert figures["map"]["hz"] > 0 and figures["map"]["published_hz"] >= figures["map"]["hz"] * 0.5
    assert 0 <= figures["map"]["age_p50_ms"] <= figures["map"]["age_p99_ms"]
    assert figures["map"]["fps"] > 0 and figures["map"]["serve_p99_us"] > 0 and figures["map"]["lost_samples"] == 0
    assert "the timeline of 10,000 versions moves, frames/s" in {row.words for row in table(figures)}


def test_too_short_a_run_and_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(BadInputError, match="at least 2"):
        run_view_bench(0.5)
    for other in ({"labels": True}, {"soak": True}, {"window": False}, {"loaded": True}):
        with pytest.raises(BadInputError, match="--views goes with"):
            BenchOptions(views=True, **other).check()
