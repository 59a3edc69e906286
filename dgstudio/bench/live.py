"""`dgstudio bench`: a live engine under load, in alternating blocks with the learner on and off, and what it cost.

The load: 200 samples/s of 6 channels, 20 labels/s while the learner is on, at most 200 examples held. Every figure
comes from this run. A window, where there is one, is driven by the caller, which ticks the script from its own loop.
"""

from __future__ import annotations

import importlib.util
import time
from array import array
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

from dgstudio.bench.bare_plot import plot_missing, plot_ms
from dgstudio.bench.report import machine
from dgstudio.bench.start_time import start_times
from dgstudio.bench.surroundings import busy_cores
from dgstudio.bench.wake_ups import WakeUps
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.extras.known import needs
from dgstudio.lab.serving import serving_costs
from dgstudio.model.base_model_file import BaseModel
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.streams.simulation.simulator import SimulatorSource

LABELS_PER_S = 20.0
EXAMPLES_HELD = 200
MOST_LABELS_PER_S = 50.0
"""As many answers a second as the bench's stream gets."""
TAKE_S = 2.0
WARM_UP_S = 3.0
BLOCKS = 5
"""Blocks in turn: learner on, off, on, off, on. An odd number, so that both sides have a neighbour."""
NEW_CLASSES = ("circle", "wave")
AUDIT_S = 30.0
"""How long the answers that are still unaudited at the end may take."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a window did.

    Attributes
    ----------
    moments
        `perf_counter` moments at which a new frame was drawn.
    worked
        `perf_counter` moments, ascending, and the processor seconds of the main thread by then; what the script of the
        bench itself took is not among them.
    """

    moments: array[float] = field(default_factory=lambda: array("d"))
    worked: list[tuple[float, float]] = field(default_factory=list)


def window_figures(drawn: Drawn, begin: float, end: float) -> dict[str, float]:
    """Between two moments: frames a second, the p99 of their gaps, and processor time of the main thread a frame."""
    inside = np.asarray([moment for moment in drawn.moments if begin <= moment <= end])
    if len(inside) < 3:
        raise DgstudioError("The window drew no frames: nothing can be said about it.")
    gaps = np.diff(inside)
    moments, seconds = zip(*drawn.worked, strict=True)
    first, last = np.interp((begin, end), moments, seconds)
    return {
        "fps": float(len(gaps) / (inside[-1] - inside[0])),
        "gap_p99_ms": float(np.percentile(gaps, 99) * 1e3),
        "cpu_ms_per_frame": float((last - first) / len(inside) * 1e3),
    }


class BenchScript:
    """Drives one engine through the blocks; `tick` is called often from one loop and returns False at the end."""

    def __init__(self, engine: Engine, seconds: float, *, keep_all: bool = False) -> None:
        self.engine = engine
        self.keep_all = keep_all
        """Whether labels are never taken back, so that the learning bank fills and is sealed."""
        self._block_s = (seconds - WARM_UP_S) / BLOCKS
        self._begin: float | None = None
        self._block = -1
        self._take_until = 0.0
        self._held: list[int] = []
        self._next_check = 0.0
        self._held_examples = 0
        self.blocks: list[tuple[bool, float, float]] = []
        """(learner on, p50, p99) of the serving time in µs, block by block."""
        self.measured_from = 0.0
        self.measured_to = 0.0
        self.session_start_mb = 0.0
        self.session_end_mb = 0.0
        self.memory_start_mb = 0.0
        self.memory_end_mb = 0.0
        self.seconds = seconds
        self._mark = 0
        self._audit_until = 0.0

    def tick(self) -> bool:
        """Do what is due; False when the last block is over and every answer has been audited."""
        now = time.perf_counter()
        if self._begin is None:
            if self.engine.lane.counts.reads == 0:
                return True
            self._begin = now
        elapsed = now - self._begin
        if elapsed < WARM_UP_S:
            return True
        block = int((elapsed - WARM_UP_S) / self._block_s)
        if block != self._block and self._block < BLOCKS:
            if not self._settled(now):
                return True
            self._turn_over(min(block, BLOCKS), now)
        if self._block >= BLOCKS:
            return now < self._audit_until and not self.engine.learn.receipts.caught_up
        if self._on:
            self._label(now)
        return True

    def _settled(self, now: float) -> bool:
        """Whether nothing is being learned any more: a label must not wait for the next block with the learner on."""
        if self._block < 0 or not self._on:
            return True
        self.engine.labels.release_class()
        self._take_until = now
        return self.engine.store.idle and self.engine.learn.idle

    @property
    def _on(self) -> bool:
        return self._block % 2 == 0

    def _turn_over(self, block: int, now: float) -> None:
        latency = self.engine.lane.counts.latency
        if self._block < 0:
            self.measured_from = now
            self.session_start_mb = self.engine.session.size_bytes / 1e6
            self.memory_start_mb = psutil.Process().memory_info().rss / 1e6
        else:
            values = latency.since(self._mark)
            p50, p99 = (float(v) for v in np.percentile(values, (50, 99)))
            self.blocks.append((self._on, p50, p99))
        self._mark = latency.total
        self._block = block
        if block >= BLOCKS:
            self.engine.labels.release_class()
            self.measured_to = now
            self.session_end_mb = self.engine.session.size_bytes / 1e6
            self.memory_end_mb = psutil.Process().memory_info().rss / 1e6
            # The audit of answers goes on in dg-learn until it has seen them all.
            self._audit_until = now + AUDIT_S
            self.engine.learn.paused.clear()
        elif not self._on:
            self.engine.labels.release_class()
            self.engine.learn.paused.set()
        else:
            self.engine.learn.paused.clear()

    def _label(self, now: float) -> None:
        engine = self.engine
        if now < self._take_until:
            return
        engine.labels.release_class()
        expected = round(TAKE_S * LABELS_PER_S)
        if not self.keep_all and engine.book.total + expected > EXAMPLES_HELD:
            for _ in engine.book.takes():
                engine.labels.undo()
        name = NEW_CLASSES[int(now / TAKE_S) % len(NEW_CLASSES)]
        info = engine.classes.by_name(name)
        assert info is not None, "make_engine adds these classes"
        engine.source.set_knob("gesture", name)
        engine.labels.press_class(info.id)
        self._take_until = now + TAKE_S

    def p99_ratio(self) -> float:
        """Median over neighbouring blocks of p99 with the learner on ÷ p99 with it off."""
        ratios = []
        for (on_a, _, p99_a), (_, _, p99_b) in zip(self.blocks, self.blocks[1:], strict=False):
            on, off = (p99_a, p99_b) if on_a else (p99_b, p99_a)
            ratios.append(on / off)
        return float(np.median(ratios)) if ratios else float("nan")


def make_engine(folder: Path, labels_per_s: float = LABELS_PER_S) -> Engine:
    """An engine on the simulator at 200 Hz with its base model, recording its session into `folder`."""
    source = open_source("simulator", seed=5)
    base, why = base_for(source.spec)
    if base is None:
        raise DgstudioError(f"The bench needs the simulator's base model. {why}")
    session = Session.create(folder / "bench.dgs")
    engine = Engine(source, base, session, EngineSettings(learn_every_s=1.0 / labels_per_s))
    for name in NEW_CLASSES:
        engine.labels.add_class(name)
    return engine


Drive = Callable[[Engine, Callable[[], bool]], Drawn | None]
"""Starts the engine, calls the second argument (at least every 10 ms) until it returns False; returns what a window
drew, or None without one."""


def run_bench(
    seconds: float, drive: Drive, labels_per_s: float | None = None, *, window: bool = False, loaded: bool = False
) -> dict[str, Any]:
    """Run the load for `seconds` and return all figures as nested dictionaries of numbers, and `machine` as text.

    `left_out` tells of figures that belong here and could not be measured, by their dotted name, why.

    Parameters
    ----------
    seconds
        At least 10; the targets are stated for at least 60.
    drive
        See `Drive`.
    labels_per_s
        How many examples a second are learned while labels are given. None: 20, and never more than 200 are held;
        otherwise every example stays, banks fill and are sealed.
    window
        Whether `drive` shows one: then a bare plot and the start of the program are timed beside it.
    loaded
        Keep every core busy with another process meanwhile, and measure nothing but the load: its figures are about
        what is lost and what is late then.

    Raises
    ------
    BadInputError
        For too short a run, or a rate that the stream does not give.
    """
    if not loaded and importlib.util.find_spec("torch") is None:
        raise DgstudioError(needs("The bench compares with", "torch"))
    if not seconds >= 10:
        raise BadInputError("--seconds must be at least 10: shorter runs have no percentiles worth printing.")
    if labels_per_s is not None and not 0 < labels_per_s <= MOST_LABELS_PER_S:
        raise BadInputError(f"--label-rate must lie above 0 and be at most {MOST_LABELS_PER_S:.0f} a second.")
    if loaded:
        with busy_cores() as busy:
            figures, _ = _live(seconds, drive, labels_per_s)
        figures["load"] = {"busy_processes": busy}
        return figures
    missing = plot_missing() if window else "no window was drawn"
    plots = [] if missing else [plot_ms()]
    figures, base = _live(seconds, drive, labels_per_s)
    if missing:
        figures["left_out"] = {"window.cpu_over_plot": missing}
    else:
        # Before and after: what disturbed the machine in between may have disturbed both.
        plot = (plots[0] + plot_ms()) / 2
        figures["window"].update(plot_ms=plot, cpu_over_plot=figures["window"]["cpu_ms_per_frame"] / plot)
    if window:
        figures["start"] = start_times()
    costs = serving_costs(base)
    figures["serve"].update(costs.serve)
    figures["features"] = costs.features
    figures["learner"]["examples_per_s"] = costs.examples_per_s
    return figures


def _live(seconds: float, drive: Drive, labels_per_s: float | None) -> tuple[dict[str, Any], BaseModel]:
    """The load: its figures, and the base model that answered."""
    with TemporaryDirectory(prefix="dgstudio-bench-") as folder:
        engine = make_engine(Path(folder), LABELS_PER_S if labels_per_s is None else labels_per_s)
        script = BenchScript(engine, seconds, keep_all=labels_per_s is not None)
        wake_ups = WakeUps(engine)
        try:
            drawn = drive(engine, script.tick)
        finally:
            wake_ups.stop()
            left = engine.stop()
        if left:
            raise DgstudioError(f"These threads did not stop: {', '.join(left)}.")
    figures = _figures(engine, script, wake_ups)
    if drawn is not None:
        figures["window"] = window_figures(drawn, script.measured_from, script.measured_to)
    figures["machine"] = machine()
    assert engine.candidates.base is not None, "make_engine insists on a base"
    return figures, engine.candidates.base


def _figures(engine: Engine, script: BenchScript, wake_ups: WakeUps) -> dict[str, Any]:
    stats = engine.stats()
    learn = engine.learn
    source = engine.source
    assert isinstance(source, SimulatorSource), "the bench runs on the simulator"
    hours = (script.measured_to - script.measured_from) / 3600
    label_p50, label_p99 = learn.label_to_publish_ms.percentile(50, 99)
    figures: dict[str, Any] = {
        "samples": {"sent": source.sent, "lost": source.sent - stats.samples + stats.lost_samples},
        "hops": {"skipped": stats.skipped_hops},
        "serve": {
            "p50_us": stats.serve_p50_us,
            "p99_us": stats.serve_p99_us,
            "p99_ratio_learner": script.p99_ratio(),
        },
        "answer": {
            "p50_ms": stats.answer_p50_ms,
            "p99_ms": stats.answer_p99_ms,
            "wakeup_p99_ms": wake_ups.p99_ms,
            "p99_over_wakeup": stats.answer_p99_ms / wake_ups.p99_ms,
        },
        "learner": {
            "ms_per_example": 1e3 * learn.counts.absorb_s / max(1, learn.counts.absorbed),
            "learned": stats.learned,
            "sealed_banks": len(engine.learner.training.seals),
            "ms_per_example_with_publishes": 1e3 * learn.counts.busy_s / max(1, learn.counts.absorbed),
        },
        "label_to_publish": {"p50_ms": label_p50, "p99_ms": label_p99},
        "publish": {"p99_ms": learn.publish_ms.percentile(99)[0], "count": stats.publishes},
        "memory": {"start_mb": script.memory_start_mb, "end_mb": script.memory_end_mb},
        "session": {"mb_per_hour": (script.session_end_mb - script.session_start_mb) / hours},
        "reads": {
            "total": stats.reads,
            "checked": stats.receipts_checked,
            "torn": stats.torn,
            "unpublished": stats.unpublished,
            "unattributed": stats.unattributed,
        },
        "contract": {"protected": stats.protected, "bits_changed": stats.protected_bits_changed},
        "seconds": script.seconds,
    }
    return figures


def drive_headless(engine: Engine, tick: Callable[[], bool]) -> None:
    """Tick the script from a plain loop; no window."""
    engine.start()
    while tick():
        # As often as a window would come by.
        time.sleep(0.01)
