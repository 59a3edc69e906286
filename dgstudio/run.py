"""`dgstudio run`: the engine without a window, with a live table in the terminal and JSON lines for others."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.lifecycle.stream_config import keep_stream
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.engine.serving.jsonl import JsonLines
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.reasons.sizes import size_words
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.registry import open_source
from dgstudio.types import Level, StreamKind


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asked for; `speed` 0 means as fast as the machine allows, losing nothing."""

    source: str = "simulator"
    jsonl: Path | None = None
    rate: float | None = None
    speed: float = 1.0
    duration: float | None = None
    labels_column: str | None = None
    label_delay: float = 0.0
    session: Path | None = None
    record: bool = False
    base: str = "auto"
    seed: int = 0


def run(options: RunOptions, console: Console) -> dict[str, Any]:
    """Run until the stream ends, `duration` wall seconds are over, or a signal; returns the figures it prints.

    Raises
    ------
    BadInputError
        For options that make no sense together, and whatever the source finds wrong with its file.
    DgstudioError
        If answering or reading the stream failed for good; the figures so far have been printed.
    KeyboardInterrupt
        If Ctrl+C or another signal ended it: all is saved and the figures have been printed.
    """
    _check(options)
    source = open_source(
        options.source,
        rate=options.rate,
        speed=options.speed,
        loop=False,
        seed=options.seed,
        labels_column=options.labels_column,
    )
    if source.spec.kind is StreamKind.POINTER:
        raise BadInputError(
            "The pointer moves on a pad in the window, and there is none here: open one with dgstudio --source pointer."
        )
    for note in getattr(source, "notes", ()):
        console.print(f"[yellow]note[/] {escape(note.sentence)}", highlight=False)
    base, why = base_for(source.spec, options.base)
    console.print(f"[dim]{escape(why)}[/]", highlight=False)
    settings = EngineSettings(
        lossless=options.speed == 0,
        # A recording can wait; the simulator and devices go on, as time does.
        every_hop=isinstance(source, RecordingSource),
        feed_labels=options.labels_column is not None,
        label_delay_s=options.label_delay,
    )
    session = Session.create(options.session) if options.session else Session.memory()
    sink: JsonLines | None = None
    try:
        engine = Engine(source, base, session, settings)
        try:
            if options.jsonl is not None:
                sink = JsonLines(options.jsonl, engine.classes)
                engine.add_sink(sink)
            keep_stream(
                session,
                source=options.source,
                rate=options.rate,
                speed=options.speed,
                labels_column=options.labels_column,
                base=options.base,
                seed=options.seed,
            )
            if options.record:
                engine.recording.record(True)
            ended = _watch(engine, options, console)
        finally:
            left = engine.stop()
    finally:
        session.close()
        if sink is not None:
            sink.close()
    _say_events(engine, console)
    if left:
        console.print(f"[red]These parts did not stop in time: {', '.join(left)}.[/]")
    figures = _summary(engine, sink, console)
    if sink is not None and sink in engine.out.switched_off:
        raise DgstudioError(f"{sink.name} is incomplete: {engine.out.switched_off[sink]}.")
    failed = [part.name for part in (engine.input, engine.infer) if part.failed]
    if failed:
        raise DgstudioError(f"The run ended early because {' and '.join(failed)} failed: see what is said above.")
    if ended is not None:
        raise ended
    return figures


def _check(options: RunOptions) -> None:
    if options.speed < 0:
        raise BadInputError("--speed must be 0 (as fast as possible) or a positive number.")
    if options.duration is not None and not 0 < options.duration < math.inf:
        raise BadInputError("--duration must be a positive number of seconds.")
    if not 0 <= options.label_delay < math.inf:
        raise BadInputError("--label-delay must be a number of seconds, 0 or more.")
    if options.record and options.session is None:
        raise BadInputError("--record needs a file to record into: give it one with --session FILE.dgs.")
    if options.speed == 0 and options.source == "simulator" and options.duration is None:
        raise BadInputError("The simulator never ends: give --duration with --speed 0.")


def _say_events(engine: Engine, console: Console) -> None:
    for event in engine.events.drain():
        if event.level in (Level.WARNING, Level.ERROR):
            console.print(f"[yellow]{event.kind}[/] {escape(event.sentence)}", highlight=False)


def _watch(engine: Engine, options: RunOptions, console: Console) -> KeyboardInterrupt | None:
    """Show the run until it ends; what ended it before its time."""
    engine.start()
    begin = time.monotonic()
    live = Live(_table(engine), console=console, refresh_per_second=4, transient=True, auto_refresh=False)
    with live:
        try:
            while not engine.ended:
                if options.duration is not None and time.monotonic() - begin >= options.duration:
                    break
                time.sleep(0.05 if options.speed else 0.01)
                live.update(_table(engine))
                if console.is_terminal:
                    live.refresh()
                _say_events(engine, live.console)
                if engine.infer.failed or engine.input.failed:
                    break
        except KeyboardInterrupt as ended:
            console.print("Stopped.")
            return ended
    return None


def _table(engine: Engine) -> Table:
    stats, names = engine.stats(), engine.classes.names
    table = Table(title=f"{escape(engine.spec.name)} · {engine.spec.rate:g} Hz · {len(engine.spec.channels)} channels")
    table.add_column("class")
    table.add_column("probability")
    table.add_column("examples", justify="right")
    reading = engine.lane.readings.newest
    if reading is not None:
        for class_id, p in zip(reading.classes, reading.probabilities, strict=True):
            bar = "█" * round(30 * float(p))
            count = engine.book.labels(class_id)[0]
            table.add_row(escape(names.get(class_id, str(class_id))), f"{bar:<30} {float(p):.2f}", str(count))
    table.caption = (
        f"v{engine.learner.store.serving.version} · {stats.hops} answers · "
        f"serve {stats.serve_p50_us:.0f} µs p50, {stats.serve_p99_us / 1e3:.2f} ms p99 · "
        f"learned {stats.learned} · published {stats.publishes} · skipped {stats.skipped_hops} · "
        f"protected {stats.protected}, {stats.protected_bits_changed} bits changed"
    )
    score = engine.file_labels
    if score is not None and score.score.seen:
        recent = sum(score.recent) / len(score.recent)
        table.caption += f"\nprequential accuracy {score.score.accuracy:.3f} ({recent:.3f} lately)"
    return table


def _summary(engine: Engine, sink: JsonLines | None, console: Console) -> dict[str, Any]:
    stats = engine.stats()
    figures: dict[str, Any] = {
        "samples": stats.samples,
        "lost samples": stats.lost_samples,
        "answers": stats.hops,
        "skipped hops": stats.skipped_hops,
        "serving p50": f"{stats.serve_p50_us:.0f} µs",
        "serving p99": f"{stats.serve_p99_us:.0f} µs",
        "examples learned": stats.learned,
        "versions published": stats.publishes,
        "proposals rejected": stats.rejections,
        "protected inputs": stats.protected,
        "protected bits changed": stats.protected_bits_changed,
        "repaired values": stats.repaired_values,
    }
    if engine.file_labels is not None:
        score = engine.file_labels.score
        figures["scored answers"] = score.seen
        figures["prequential accuracy"] = f"{score.accuracy:.4f}"
        figures["label delay"] = f"{engine.settings.label_delay_s:g} s"
        if score.unanswered:
            figures["without an answer"] = score.unanswered
    elif stats.truth_seen and any(r.classes for r in engine.lane.readings.latest(1)):
        figures["accuracy against ground truth"] = f"{stats.truth_right / stats.truth_seen:.4f}"
    recorded = engine.recorder.figures
    if recorded.answers:
        figures["recorded"] = f"{recorded.seconds:.1f} s, {recorded.answers} answers, {size_words(recorded.bytes)}"
        if recorded.lost_samples or recorded.lost_answers:
            figures["not recorded"] = f"{recorded.lost_samples} samples, {recorded.lost_answers} answers"
    if sink is not None and sink not in engine.out.switched_off:
        figures["JSON lines"] = sink.lines
        if engine.out.dropped:
            figures["answers left out of them"] = engine.out.dropped
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in figures.items():
        table.add_row(f"[dim]{name}[/]", str(value))
    console.print(table)
    return figures
