"""A short soak, and what it would say of a program that grows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dgstudio.bench import soak as soak_bench
from dgstudio.bench.soak import DEEDS, Moment, Soak, SoakRun, run_soak, soak_figures
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.studio import crash_trace

MB = 10**6


def moments(count: int, turn: int = 5, **grows: float) -> list[Moment]:
    """One every ten seconds, `turn` of them a turn; `grows` says by how much each figure does, a moment."""
    start = {"rss": 300 * MB, "stored": 10 * MB, "threads": 12, "files": 40, "widgets": 500}
    return [
        Moment(i // turn, 10.0 * i, **{name: int(value + grows.get(name, 0) * i) for name, value in start.items()})
        for i in range(count)
    ]


def test_every_deed_is_done_in_windows_that_follow_each_other(qapp, tmp_path, monkeypatch):
    monkeypatch.setattr(soak_bench, "TURN_S", 3.0)
    # The tests' own process has its traces elsewhere.
    monkeypatch.setattr(crash_trace.CrashTrace, "follow", lambda trace, session: None)
    order = iter([*dict.fromkeys(DEEDS)] * 3)
    run = SoakRun(tmp_path, 9.0)
    run._chance.choice = lambda of: next(order, "tap") if of is DEEDS else of[0]
    seen = run.run(lambda text: None)
    assert seen.switches >= 2 and set(seen.deeds) >= {"hold", "tap", "undo", "browse"} and seen.labelled > 0
    assert seen.lost == seen.skipped == seen.torn == seen.bits_changed == seen.kept == 0
    assert len(seen.moments) >= 3 and all(moment.widgets > 100 for moment in seen.moments)


def test_growth_is_told_by_the_hour_and_without_what_is_stored():
    assert soak_figures(Soak(moments(60)), 600)["memory_mb_per_hour"] == pytest.approx(0, abs=0.01)
    grown = soak_figures(Soak(moments(60, rss=MB, widgets=1, threads=0.1)), 600)
    assert grown["memory_mb_per_hour"] == pytest.approx(360)
    assert grown["widgets_more"] > 20 and grown["threads_more"] > 0 and grown["files_more"] == 0
    kept = soak_figures(Soak(moments(60, rss=MB, stored=MB)), 600)
    assert kept["memory_mb_per_hour"] == pytest.approx(0, abs=0.01)
    # What grows in the first sixth only is the program finding its size.
    early = moments(10, rss=20 * MB) + moments(60)[10:]
    assert soak_figures(Soak(early), 600)["memory_mb_per_hour"] == pytest.approx(0, abs=0.01)


def test_what_a_session_grows_by_while_it_is_worked_in_is_no_leak():
    worked = [replace(m, rss=m.rss + (4 - i % 5) ** 2 * (i // 5 % 3 + 1) * MB) for i, m in enumerate(moments(60))]
    assert soak_figures(Soak(worked), 600)["memory_mb_per_hour"] == pytest.approx(0, abs=0.01)
    leaking = [replace(m, rss=m.rss + m.turn * MB) for m in worked]
    assert soak_figures(Soak(leaking), 600)["memory_mb_per_hour"] == pytest.approx(72)
    # Few turns say nothing of what turns leave behind.
    long = moments(60, turn=60, rss=MB)
    assert soak_figures(Soak(long), 600)["memory_mb_per_hour"] == pytest.approx(360)


def test_too_short_a_soak_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="at least 90"):
        run_soak(tmp_path, 10, print)
    with pytest.raises(DgstudioError, match="too rarely"):
        soak_figures(Soak(moments(3)), 30)
