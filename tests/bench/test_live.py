"""The bench: a short run without a window has every figure, and the figures are what they say."""

from __future__ import annotations

import json
import math
import sys
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dgstudio import cli
from dgstudio.bench import live
from dgstudio.bench.live import BLOCKS, BenchScript, Drawn, drive_headless, run_bench, window_figures
from dgstudio.bench.report import at
from dgstudio.engine.runtime.rings import Latencies
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.lab.serving import ServingCosts

KEYS = {
    "samples": ("sent", "lost"),
    "hops": ("skipped",),
    "serve": (
        "p50_us",
        "p99_us",
        "p99_ratio_learner",
        "over_torch_dense",
        "bank_over_torch_dense",
        "over_numpy_dense",
        "bank_over_numpy_dense",
        "macs_over_dense",
    ),
    "features": ("us", "over_numpy_dense"),
    "answer": ("p99_ms", "wakeup_p99_ms", "p99_over_wakeup"),
    "learner": ("ms_per_example", "examples_per_s"),
    "label_to_publish": ("p50_ms", "p99_ms"),
    "publish": ("p99_ms",),
    "memory": ("start_mb", "end_mb"),
    "session": ("mb_per_hour",),
    "reads": ("total", "torn", "unpublished", "unattributed"),
}
"""What the bench prints without a window, group by group."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One short run through the command line, for all tests of it."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setattr(sys, "argv", ["dgstudio", "bench", "--no-window", "--seconds", "10", "--json", str(path)])
        with pytest.raises(SystemExit) as left:
            cli.main()
    assert left.value.code == 0
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_short_run_without_a_window_has_every_figure(measured: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    for key in (f"{group}.{name}" for group, names in KEYS.items() for name in names):
        value = at(measured, key)
        assert isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value), (key, value)
    assert "window" not in measured and "start" not in measured
    assert measured["left_out"] == {"window.cpu_over_plot": "no window was drawn"}
    assert isinstance(measured["machine"], str) and "cores" in measured["machine"]


@pytest.mark.slow
def test_what_must_be_zero_is_zero_and_the_load_was_there(measured: dict[str, Any]) -> None:
    for key in ("samples.lost", "reads.torn", "reads.unpublished", "reads.unattributed", "contract.bits_changed"):
        assert at(measured, key) == 0, key
    assert at(measured, "samples.sent") == pytest.approx(200 * 10, rel=0.5)
    assert at(measured, "reads.checked") > 0.9 * at(measured, "reads.total") > 300
    assert at(measured, "publish.count") > 5
    assert 0 < at(measured, "serve.p50_us") <= at(measured, "serve.p99_us")
    assert 0 < at(measured, "label_to_publish.p50_ms") <= at(measured, "label_to_publish.p99_ms")
    assert at(measured, "serve.macs_over_dense") > 0.5


def test_too_short_a_run_is_refused() -> None:
    pytest.importorskip("torch")
    for seconds in (9.9, 0, -1, float("nan")):
        with pytest.raises(BadInputError, match="at least 10"):
            run_bench(seconds, drive_headless)


@pytest.mark.parametrize("rate", [0.0, -1.0, 51.0, float("nan")])
def test_a_rate_of_labels_that_the_stream_does_not_give_is_refused(rate: float) -> None:
    pytest.importorskip("torch")
    with pytest.raises(BadInputError, match="--label-rate"):
        run_bench(20, drive_headless, rate)


def drawn(frames: list[float], ms_a_frame: float = 8.0) -> Drawn:
    """A window that drew these frames and was asked for its time every 10 ms."""
    seen = Drawn(array("d", frames))
    for moment in np.arange(0.0, 12.0, 0.01).tolist():
        seen.worked.append((moment, ms_a_frame * 1e-3 * sum(frame <= moment for frame in frames)))
    return seen


def test_the_window_is_judged_between_two_moments() -> None:
    frames = [0.0, *np.arange(1.0, 3.01, 0.02).tolist(), 3.2, 10.0]
    figures = window_figures(drawn(frames), 0.995, 5.0)
    assert figures["fps"] == pytest.approx(len([f for f in frames if 1 <= f <= 5]) / 2.2, rel=0.02)
    assert figures["gap_p99_ms"] >= 20
    assert figures["cpu_ms_per_frame"] == pytest.approx(8.0, rel=0.02)
    with pytest.raises(DgstudioError, match="no frames"):
        window_figures(drawn(frames), 4.0, 9.0)


def test_under_load_only_the_load_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    busy: list[bool] = []

    @contextmanager
    def cores() -> Iterator[int]:
        busy.append(True)
        yield 7
        busy.pop()

    def measured(*_: Any) -> Any:
        assert busy
        return {"samples": {"lost": 0}}, None

    monkeypatch.setattr(live, "busy_cores", cores)
    monkeypatch.setattr(live, "_live", measured)
    monkeypatch.setattr(live, "plot_ms", lambda: pytest.fail("nothing else is measured"))
    monkeypatch.setitem(sys.modules, "torch", None)
    figures = run_bench(20, drive_headless, window=True, loaded=True)
    assert figures == {"samples": {"lost": 0}, "load": {"busy_processes": 7}} and not busy


@pytest.mark.parametrize("missing", ["", "pyqtgraph is not installed"])
def test_a_window_is_compared_with_plots_before_and_after_or_it_is_said_why_not(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    pytest.importorskip("torch")
    done: list[str] = []
    plots = iter([4.0, 6.0])

    def plot() -> float:
        done.append("plot")
        return next(plots)

    def measured(*_: Any) -> Any:
        done.append("window")
        return {"window": {"cpu_ms_per_frame": 10.0}, "serve": {}, "learner": {}}, None

    monkeypatch.setattr(live, "plot_missing", lambda: missing)
    monkeypatch.setattr(live, "plot_ms", plot)
    monkeypatch.setattr(live, "_live", measured)
    monkeypatch.setattr(live, "start_times", lambda: {"window_s": 1.0})
    monkeypatch.setattr(live, "serving_costs", lambda base: ServingCosts({}, {"us": 1.0}, 9.0))
    figures = run_bench(20, drive_headless, window=True)
    assert figures["start"] == {"window_s": 1.0} and figures["features"] == {"us": 1.0}
    if missing:
        assert done == ["window"] and figures["left_out"] == {"window.cpu_over_plot": missing}
        assert "cpu_over_plot" not in figures["window"]
    else:
        assert done == ["plot", "window", "plot"] and "left_out" not in figures
        assert figures["window"]["plot_ms"] == 5.0 and figures["window"]["cpu_over_plot"] == 2.0


class Loaded:
    """An engine that only counts, and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.total = 0
        self.pressed: int | None = None
        self.presses: list[tuple[float, int]] = []
        self.idle = True
        self.lane = SimpleNamespace(counts=SimpleNamespace(reads=0, latency=Latencies()))
        self.session = SimpleNamespace(size_bytes=1_000_000)
        receipts = SimpleNamespace(caught_up=False)
        self.learn = SimpleNamespace(paused=threading.Event(), receipts=receipts, idle=True)
        self.store = SimpleNamespace(idle=True)
        self.book = self.labels = self
        self.classes = SimpleNamespace(by_name=lambda name: SimpleNamespace(id=live.NEW_CLASSES.index(name)))
        self.source = SimpleNamespace(set_knob=lambda name, value: None)
        self.undone = 0

    def takes(self) -> list[int]:
        return [0, 1]

    def undo(self) -> None:
        self.undone += 1
        self.total = 0

    def press_class(self, class_id: int) -> None:
        assert not self.learn.paused.is_set(), "no labels while the learner is off"
        self.pressed = class_id
        self.presses.append((self.now, class_id))

    def release_class(self) -> None:
        if self.pressed is not None:
            self.pressed = None
            self.total += 40


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    engine = Loaded()
    monkeypatch.setattr(live.time, "perf_counter", lambda: engine.now)
    return engine


def test_the_script_alternates_and_measures_each_block(loaded: Loaded) -> None:
    script = BenchScript(loaded, seconds=live.WARM_UP_S + 5 * 10.0)  # type: ignore[arg-type]
    assert script.tick() and script._begin is None, "it begins with the first answer"
    loaded.lane.counts.reads = 1
    paused: list[bool] = []
    for _ in range(7000):
        if loaded.learn.receipts.caught_up:
            break
        on = not loaded.learn.paused.is_set()
        loaded.lane.counts.latency.add(300.0 if on and script._block >= 0 else 100.0)
        going = script.tick()
        if not paused or paused[-1] != loaded.learn.paused.is_set():
            paused.append(loaded.learn.paused.is_set())
        loaded.now += 0.01
        if script._block >= BLOCKS:
            assert going, "the answers that are left are audited first"
            loaded.learn.receipts.caught_up = True
    assert not script.tick()
    assert paused == [False, True, False, True, False]
    assert [on for on, _, _ in script.blocks] == [True, False, True, False, True]
    assert script.p99_ratio() == pytest.approx(3.0)
    assert script.measured_to - script.measured_from == pytest.approx(50.0, abs=0.1)
    assert loaded.pressed is None and {class_id for _, class_id in loaded.presses} == {0, 1}
    assert loaded.undone > 0, "more than the examples that may be held were labelled"


def test_a_block_with_the_learner_on_ends_when_everything_is_learned(loaded: Loaded) -> None:
    script = BenchScript(loaded, seconds=live.WARM_UP_S + 50.0)  # type: ignore[arg-type]
    loaded.lane.counts.reads = 1
    script.tick()
    loaded.now += live.WARM_UP_S + 1
    script.tick()
    loaded.lane.counts.latency.add(1.0)
    loaded.learn.idle = False
    loaded.now += 10.0
    assert script.tick() and not loaded.learn.paused.is_set()
    loaded.learn.idle = True
    assert script.tick() and loaded.learn.paused.is_set()


def test_audit_that_does_not_end_does_not_hold_up_the_bench(loaded: Loaded) -> None:
    script = BenchScript(loaded, seconds=live.WARM_UP_S + 5.0)  # type: ignore[arg-type]
    loaded.lane.counts.reads = 1
    while script._block < BLOCKS:
        loaded.lane.counts.latency.add(1.0)
        script.tick()
        loaded.now += 0.05
    loaded.now += live.AUDIT_S
    assert not script.tick()
