"""What a run shows: a live table while it goes on, and its figures at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dgstudio.engine.engine import Engine
from dgstudio.reasons.sizes import size_words
from dgstudio.streams.condition import Lamp, SourceCondition
from dgstudio.streams.sinks.sink import Sink
from dgstudio.types import StreamKind

COLOURS = {
    Lamp.WAITING: "yellow",
    Lamp.RECEIVING: "green",
    Lamp.PAUSED: "dim",
    Lamp.WRONG: "red",
    Lamp.LOST: "yellow",
    Lamp.RETRYING: "red",
    Lamp.ENDED: "dim",
}


def condition_words(condition: SourceCondition) -> str:
    """The lamp of the source with what it stands for, as markup."""
    left_out = "".join(f" · {escape(each.words)}" for each in condition.counted)
    return f"[{COLOURS[condition.lamp]}]●[/] {escape(condition.words)}{left_out}"


def live_table(engine: Engine, sinks: Sequence[Sink] = ()) -> Table:
    """The classes with their probabilities, how the source stands, and what the engine has done by now."""
    stats, names = engine.stats(), engine.classes.names
    spec = engine.spec
    inputs = f"{len(spec.channels)} channel{'' if len(spec.channels) == 1 else 's'}"
    rate = "" if spec.kind is StreamKind.VALUES else f" · {spec.rate:g} Hz"
    table = Table(title=f"{escape(spec.name)}{rate} · {inputs}")
    table.add_column("class")
    table.add_column("probability")
    table.add_column("examples", justify="right")
    reading = engine.lane.readings.newest
    if reading is not None:
        for class_id, p in zip(reading.classes, reading.probabilities, strict=True):
            bar = "█" * round(30 * float(p))
            count = engine.book.labels(class_id)[0]
            table.add_row(escape(names.get(class_id, str(class_id))), f"{bar:<30} {float(p):.2f}", str(count))
    outs = "".join(f" · {sink.figure[1]:,} {sink.figure[0]}" for sink in sinks)
    table.caption = (
        f"{condition_words(engine.input.condition())}{outs}\n"
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


def summary(engine: Engine, sinks: Sequence[Sink], console: Console) -> dict[str, Any]:
    """Print the figures of a run; returns them by name."""
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
    for counted in engine.input.condition().counted:
        figures[f"left out, {counted.what}s {counted.why}"] = counted.count
    for sink in sinks:
        if sink not in engine.out.switched_off:
            what, count = sink.figure
            figures[what] = figures.get(what, 0) + count
    if sinks and engine.out.dropped:
        figures["answers left out of them"] = engine.out.dropped
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in figures.items():
        table.add_row(f"[dim]{name}[/]", str(value))
    console.print(table)
    return figures
