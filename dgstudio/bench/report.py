"""What the bench says: its figures in words beside what is wanted of them, as JSON, and on which machine it ran."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.kernel import KERNEL
from dgstudio.records import dataclass

MISSED, ENOUGH, REACHED = "missed", "enough", "reached"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a figure is to be: at least this good, and better where it can be had. Less is better, unless `more` is."""

    enough: float
    aim: float | None = None
    more: bool = False

    def verdict(self, value: float) -> str:
        """`REACHED`, `ENOUGH` or `MISSED`."""
        if self._holds(value, self.enough if self.aim is None else self.aim):
            return REACHED
        return ENOUGH if self._holds(value, self.enough) else MISSED

    def _holds(self, value: float, bound: float) -> bool:
        return value >= bound if self.more else value <= bound

    def __str__(self) -> str:
        sign = "≥" if self.more else "≤"
        if self.aim is None or self.aim == self.enough:
            return f"{sign} {self.enough:,g}" if self.enough or self.more else "0"
        return f"{sign} {self.enough:,g} · {self.aim:,g}"


@dataclass(frozen=True, slots=True)
class Described:
    """A figure that has words: its dotted name, what it is, its unit, and what is wanted of it."""

    key: str
    words: str
    unit: str = ""
    wanted: Wanted | None = None
    loaded: Wanted | None = None
    """What is wanted instead while other programs keep every core busy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `verdict` is "" where nothing is wanted."""

    words: str
    figure: str
    wanted: str
    verdict: str


NONE = Wanted(0)

DESCRIBED = (
    Described("samples.lost", "samples lost", "", NONE, NONE),
    Described("hops.skipped", "hops skipped", "", NONE),
    Described("reads.torn", "answers torn", "", NONE, NONE),
    Described("reads.unpublished", "answers that were no version's state", "", NONE, NONE),
    Described("reads.unattributed", "answers that no version gives", "", NONE, NONE),
    Described("contract.bits_changed", "protected bits changed", "", NONE, NONE),
    Described("serve.over_numpy_dense", "answer and receipt ÷ numpy's dense forward", "×", Wanted(2, 1)),
    Described("serve.over_torch_dense", "… ÷ torch's dense forward", "×", Wanted(0.4, 0.2)),
    Described("serve.bank_over_numpy_dense", "… with a bank ÷ numpy's", "×", Wanted(4, 2.5)),
    Described("serve.bank_over_torch_dense", "… with a bank ÷ torch's", "×", Wanted(0.8, 0.4)),
    Described("features.us", "window of 200 × 6 → features", "µs"),
    Described("features.over_numpy_dense", "… ÷ numpy's dense forward", "×", Wanted(8, 3)),
    Described("serve.p50_us", "serving in the stream, p50", "µs"),
    Described("serve.p99_us", "serving in the stream, p99", "µs"),
    Described("serve.p99_ratio_learner", "… learner on ÷ off", "×", Wanted(1.5, 1.1)),
    Described("answer.p99_ms", "sample → answer, p99", "ms", None, Wanted(15, 8)),
    Described("answer.p99_over_wakeup", "… ÷ a bare thread's wake-up, p99", "×", Wanted(3, 1.5)),
    Described("window.cpu_ms_per_frame", "main thread's processor time a frame", "ms"),
    Described("window.cpu_over_plot", "… ÷ one bare pyqtgraph plot", "×", Wanted(2.5, 1.2)),
    Described("window.fps", "frames a second", "", Wanted(30, 60, more=True), Wanted(15, 24, more=True)),
    Described("window.gap_p99_ms", "gap between frames, p99", "ms", Wanted(50, 25)),
    Described("label_to_publish.p50_ms", "label → first update with it, p50", "ms", Wanted(200, 60)),
    Described("publish.p99_ms", "publish, p99", "ms", Wanted(20, 5)),
    Described("learner.ms_per_example", "processor time an example", "ms", Wanted(1, 0.3)),
    Described("learner.examples_per_s", "examples absorbed a second", "", Wanted(500, 2000, more=True)),
    Described("start.window_s", "start → window", "s"),
    Described("start.over_bare_imports", "… ÷ importing QtWidgets and numpy alone", "×", Wanted(3, 2)),
    Described("start.moving_s", "start → something moves", "s", Wanted(5, 3)),
    Described("memory.start_mb", "memory at the beginning", "MB"),
    Described("memory.end_mb", "memory at the end", "MB"),
    # With --labels.
    Described("session.open_s_50k", "dgstudio open → window with 50,000 examples", "s", Wanted(3)),
    Described("toast.p99_ms", "key released → saved, and told so, p99", "ms", Wanted(100)),
    Described("thumbnail.p99_ms", "example → its picture on the card, p99", "ms", Wanted(100)),
    Described("undo.p99_ms", "Ctrl+Z → undone, and told so, p99", "ms", Wanted(100)),
    Described("relabel.p99_ms", "class key on a selection → relabelled, p99", "ms"),
    Described("browser.open_ms_50k", "the browser opens on 50,000 examples", "ms", Wanted(1000)),
    Described("browser.scroll_fps_50k", "it scrolls, frames a second", "", Wanted(30, more=True)),
    Described("shown.not_durable", "told as saved and not on disk", "", NONE),
    Described("crash.kills", "windows killed"),
    Described("crash.lost", "lost of what they had told as saved", "", NONE),
    Described("crash.damaged", "damaged files", "", NONE),
    # With --soak.
    Described("soak.deeds", "things done in the window"),
    Described("soak.switches", "sessions opened in the place of another"),
    Described("soak.labelled", "examples in the largest of them"),
    Described("soak.memory_mb_per_hour", "memory grows in an hour beyond what is stored by", "MB", Wanted(10)),
    Described("soak.memory_start_mb", "memory after a sixth of the time", "MB"),
    Described("soak.memory_end_mb", "memory after all of it", "MB"),
    Described("soak.threads_more", "more threads at least in its second half", "", NONE),
    Described("soak.files_more", "more open files at least in its second half", "", NONE),
    Described("soak.widgets_more", "more widgets at least in its second half", "", NONE),
    Described("soak.kept", "sessions that were left and are still in memory", "", NONE),
    Described("soak.lost", "samples lost in all sessions", "", NONE),
    Described("soak.skipped", "hops skipped in all sessions", "", NONE),
    Described("soak.torn", "answers torn, or of no version, in all sessions", "", NONE),
    Described("soak.bits_changed", "protected bits changed in all sessions", "", NONE),
    # With --views.
    Described("timeline.fps_10k", "the timeline of 10,000 versions moves, frames/s", "", Wanted(30, 60, more=True)),
    Described("timeline.gap_p99_ms", "… p99 of the time between a move and its picture", "ms"),
    Described("inspect.p99_ms", "a click on a moment → its answer taken apart, painted, p99", "ms", Wanted(100, 50)),
    Described("cursor.p99_ms", "a step of the time cursor → all panels, p99", "ms", Wanted(50, 25)),
    Described(
        "attribution.max_error", "a sum of parts misses the answer by at most, over Σ|parts|", "", Wanted(1e-5, 1e-6)
    ),
    Described("attribution.without_p99_ms", "the answer without one example, p99", "ms", Wanted(100, 50)),
    Described(
        "compare_versions.p99_ms", "two versions on 400 protected inputs and 1,000 examples, p99", "ms", Wanted(200, 50)
    ),
    Described("compare_versions.one_p99_ms", "… on one input, taken apart, p99", "ms"),
    Described("map.hz", "maps of the pointer's plane, one a version, a second", "", Wanted(5, 10, more=True)),
    Described("map.age_p99_ms", "a version serves → its map is there, p99", "ms"),
    # With --stage.
    Described("compare.cost", "serving p99 with a twin ÷ without", "×", Wanted(1.3, 1.1)),
    Described("compare.cost_replay", "… with a twin that rehearses", "×", Wanted(1.3, 1.1)),
    Described("compare.cost_ours", "… with our own model in another mode", "×", Wanted(1.3, 1.1)),
    Described("present.fps", "a presentation of 2560 × 1440, frames a second", "", Wanted(30, 60, more=True)),
    Described("present.gap_p99_ms", "… gap between frames, p99", "ms", Wanted(50, 25)),
    Described("demo.first_change_s", "F6 → a network has fallen apart and ours has not", "s", Wanted(10)),
    Described("demo.claims_checked", "what captions claim, checked"),
    Described("demo.claims_false", "… that was not true", "", NONE),
    Described("screens.checked", "screens, layouts and themes looked at"),
    Described("screens.clipped", "texts clipped or overlapping in them", "", NONE),
    # With --streams.
    Described("webcam.features_hz", "pictures described a second, window and learner on", "", Wanted(15, more=True)),
    Described("webcam.frame_age_p99_ms", "… from a frame to its answer, p99", "ms", Wanted(150)),
    Described("webcam.new_take_accuracy", "… right in other places and light, 20 examples a class"),
    Described("webcam.nearest_mean_accuracy", "… the nearest mean of the same examples"),
    Described("webcam.slda_accuracy", "… linear discriminants (SLDA) on them"),
    Described("osc.packets_per_s", "OSC inputs answered a second", "", Wanted(2000, more=True)),
    Described("osc.lost", "… not answered at a thousand a second", "", NONE),
    Described("osc.roundtrip_p50_ms", "… there and back while it learns, p50", "ms"),
    Described("osc.roundtrip_p99_ms", "… p99", "ms", Wanted(5)),
    Described("record.replay_mismatches", "answers that differ when a stream plays from its file", "", NONE),
    Described("serial.lost", "lines on a serial port lost at 115,200 baud", "", NONE),
    Described("serial.lost_at_9600", "… at 9,600", "", NONE),
    Described("serial.lost_at_921600", "… at 921,600", "", NONE),
    Described("lsl.lost", "LSL samples lost of 500 a second in 8 channels", "", NONE),
    Described("lsl.lost_uneven", "… with jitter and gaps", "", NONE),
    Described("lsl.breaks_missed", "… gaps that were no breaks", "", NONE),
    Described("core.install_mb", "dgstudio without a window takes on a disk", "MB"),
    Described("run.rss_growth_mb_per_hour", "a station grows in an hour by", "MB", Wanted(20)),
    # With --faults.
    Described("fuzz.sessions", "damaged or hostile sessions opened"),
    Described("fuzz.inputs", "damaged tables and base models read"),
    Described("fuzz.tracebacks", "… that ended in a traceback", "", NONE),
    Described("fuzz.hangs", "… that took 10 s of the processor, or a minute", "", NONE),
    Described("fuzz.over_memory", "… that took more than 1 GB", "", NONE),
    Described("fuzz.original_changed", "… whose damaged file was written to", "", NONE),
    Described("fuzz.silent", "… whose damage nobody told", "", NONE),
    Described("faults.tried", "files, disks, sources, learners, clocks broken while running"),
    Described("faults.uncontained", "… that did harm", "", NONE),
    Described("signals.tried", "windows ended by a signal"),
    Described("signals.bad", "… not in order", "", NONE),
    Described("signals.slowest_s", "… the slowest took", "s"),
    Described("kills.tried", "windows killed while they work"),
    Described("kills.lost", "… of what they had told as saved is lost", "", NONE),
    # With --recorded.
    Described("session.recorded_mb_per_hour", "a recorded session grows in an hour by", "MB", Wanted(100, 50)),
    Described("replay.realtime_factor", "replayed at", "× its speed", Wanted(20, more=True)),
    Described("replay.mismatches", "answers that differ in the replay", "", NONE),
)
"""Every figure that the table shows, in its order; the JSON holds those behind them, too."""


def table(figures: dict[str, Any]) -> list[Row]:
    """The rows of all described figures that were measured."""
    loaded = "load" in figures
    rows = []
    for what in DESCRIBED:
        value = at(figures, what.key)
        if value is not None:
            wanted = what.loaded if loaded else what.wanted
            verdict = "" if wanted is None else wanted.verdict(value)
            rows.append(Row(what.words, f"{_words_of(value)} {what.unit}".strip(), str(wanted or ""), verdict))
    rows += [Row(f"of it {name}", f"{_words_of(mb)} MB", "", "") for name, mb in figures.get("mb_per_hour", {}).items()]
    return rows


def remarks(figures: dict[str, Any]) -> list[str]:
    """How it was measured and what could not be, a line each."""
    platform_, busy = at(figures, "window.platform"), at(figures, "load.busy_processes")
    if "fuzz" in figures:
        lines = [f"Seed {figures['seed']}; {figures['machine']}."]
    else:
        lines = [f"Measured for {figures['seconds']:g} s: {figures['machine']}."]
    if platform_ is not None:
        lines.append(f"The window was drawn on {platform_}.")
    if busy is not None:
        lines.append(f"{busy} other processes kept every core busy.")
    return lines + [f"Left out: {key}: {why}." for key, why in figures.get("left_out", {}).items()]


def at(figures: dict[str, Any], key: str) -> Any:
    """The figure of a dotted name; None where it was not measured."""
    value: Any = figures
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _words_of(value: object) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def machine() -> str:
    """One line about the machine: processor, cores, Python and kernel name."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {KERNEL}"


def write_json(figures: dict[str, Any], path: Path) -> None:
    """Write the figures as JSON. `BadInputError` where the file cannot be written."""
    try:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"Cannot write {path}: {error.strerror or error}.") from error
