"""`dgstudio bench`: a live engine under load, in alternating blocks with the learner on and off, and what it cost.

The load: 200 samples/s of 6 channels, 20 labels/s while the learner is on, at most 200 examples held. Every figure
comes from this run. A window, where there is one, is driven by the caller, which ticks the script from its own loop.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.extras.known import needs
from dgstudio.kernel import KERNEL
from dgstudio.lab.serving import serving_costs
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.streams.simulator import SimulatorSource

LABELS_PER_S = 20.0
EXAMPLES_HELD = 200
MOST_LABELS_PER_S = 50.0
"""As many answers a second as the bench's stream gets."""
TAKE_S = 2.0
WARM_UP_S = 3.0
BLOCKS = 5
"""Blocks in turn: learner on, off, on, off, on. An odd number, so that both sides have a neighbour."""
NEW_CLASSES = ("circle", "wave")
STARTS = 3
"""How often the program is started to see how long that takes."""
AUDIT_S = 30.0
"""How long the answers that are still unaudited at the end may take."""


def window_figures(frames: Sequence[float], begin: float, end: float) -> dict[str, float]:
    """Frames a second and the p99 of the gaps between `begin` and `end`, from the moments when frames were drawn."""
    inside = np.asarray([moment for moment in frames if begin <= moment <= end])
    if len(inside) < 3:
        raise DgstudioError("The window drew no frames: nothing can be said about it.")
    gaps = np.diff(inside)
    return {"fps": float(len(gaps) / (inside[-1] - inside[0])), "gap_p99_ms": float(np.percentile(gaps, 99) * 1e3)}


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


Drive = Callable[[Engine, Callable[[], bool]], Sequence[float] | None]
"""Starts the engine, calls the second argument (at least every 10 ms) until it returns False; returns the moments at
which a window had drawn a frame, or None without one."""


def run_bench(seconds: float, drive: Drive, labels_per_s: float | None = None) -> dict[str, Any]:
    """Run the load for `seconds` and return all figures as nested dictionaries of numbers, and `machine` as text.

    Parameters
    ----------
    seconds
        At least 10; the issue's targets are stated for at least 60.
    drive
        See `Drive`.
    labels_per_s
        How many examples a second are learned while labels are given. None: 20, and never more than 200 are held;
        otherwise every example stays, banks fill and are sealed.

    Raises
    ------
    BadInputError
        For too short a run, or a rate that the stream does not give.
    """
    if importlib.util.find_spec("torch") is None:
        raise DgstudioError(needs("The bench compares with", "torch"))
    if not seconds >= 10:
        raise BadInputError("--seconds must be at least 10: shorter runs have no percentiles worth printing.")
    if labels_per_s is not None and not 0 < labels_per_s <= MOST_LABELS_PER_S:
        raise BadInputError(f"--label-rate must lie above 0 and be at most {MOST_LABELS_PER_S:.0f} a second.")
    with TemporaryDirectory(prefix="dgstudio-bench-") as folder:
        engine = make_engine(Path(folder), LABELS_PER_S if labels_per_s is None else labels_per_s)
        script = BenchScript(engine, seconds, keep_all=labels_per_s is not None)
        try:
            frames = drive(engine, script.tick)
        finally:
            left = engine.stop()
        if left:
            raise DgstudioError(f"These threads did not stop: {', '.join(left)}.")
    figures = _figures(engine, script)
    if frames is not None:
        figures["window"] = window_figures(frames, script.measured_from, script.measured_to)
        figures["start"] = start_times()
    assert engine.candidates.base is not None, "make_engine insists on a base"
    costs = serving_costs(engine.candidates.base)
    figures["serve"].update(costs.serve)
    figures["learner"]["examples_per_s"] = costs.examples_per_s
    figures["machine"] = machine()
    return figures


def _figures(engine: Engine, script: BenchScript) -> dict[str, Any]:
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
        "answer": {"p50_ms": stats.answer_p50_ms, "p99_ms": stats.answer_p99_ms},
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


def start_times() -> dict[str, float]:
    """Seconds from the start of a process to its splash, its window and its first moving frame: median of some."""
    with TemporaryDirectory(prefix="dgstudio-start-") as folder:
        runs = [timed_start(Path(folder), "--quit-after", "6") for _ in range(STARTS)]
    return {f"{name}_s": float(np.median([run[name] for run in runs])) for name in ("splash", "window", "moving")}


def timed_start(folder: Path, *arguments: str) -> dict[str, float]:
    """Start `dgstudio` with these arguments; what was seen, and how many seconds after the process was asked for.

    Both ends are read from the same clock: when the system says that a process began may be wrong by a second.
    """
    path = folder / "timings.json"
    path.unlink(missing_ok=True)
    environment = {**os.environ, "DGSTUDIO_TIMINGS": str(path), "DGSTUDIO_HOME": str(folder)}
    begun = time.time()
    command = [sys.executable, "-m", "dgstudio", *arguments]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    seen = json.loads(path.read_text(encoding="utf-8"))
    return {name: moment - begun for name, moment in seen.items()}


def machine() -> str:
    """One line about the machine: processor, cores, Python and kernel name."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {KERNEL}"


def rows_of(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return figures as rows of (dotted name, value)."""
    rows: list[tuple[str, str]] = []
    for name, value in figures.items():
        if isinstance(value, dict):
            rows.extend(rows_of(value, f"{prefix}{name}."))
        else:
            rows.append((prefix + name, f"{value:.4g}" if isinstance(value, float) else str(value)))
    return rows


def write_json(figures: dict[str, Any], path: Path) -> None:
    """Write the figures as JSON. `BadInputError` where the file cannot be written."""
    try:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"Cannot write {path}: {error.strerror or error}.") from error
