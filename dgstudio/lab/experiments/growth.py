"""`experiment growth`: two classes more at a time, each step protected before the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.lab.data import Dataset, Part, load
from dgstudio.lab.experiment import TEST, Experiment, Options
from dgstudio.lab.experiments.adapt import PROTECTED, PUBLISH_EVERY, QUICK_SEEDS, SEEDS, names_of, shared_config
from dgstudio.lab.methods import Method, Start, chosen
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import Trial, begin_when_needed, labels_of
from dgstudio.lab.runs import RunId, Runs
from dgstudio.types import F32

FIRST = 2
"""Classes of the base."""
AT_A_TIME = 2
TIMED = 200
"""Old inputs that are answered to see how long an answer takes."""
LABELS = 50
QUICK_LABELS = 20
METHODS = ("ours", "naive", "replay", "replay_all")


def run(options: Options, runs: Runs) -> Result:
    """Teach every method the same classes in the same order, and score it on all classes seen after each step."""
    methods = chosen(options.methods or METHODS)
    name = options.data or "digits"
    if options.labels_per_class is not None and len(options.labels_per_class) > 1:
        raise BadInputError("Growth has one number of labels per class: give one, as in --labels-per-class 50.")
    count = (options.labels_per_class or (QUICK_LABELS if options.quick else LABELS,))[0]
    split = options.split or TEST
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    protected = options.protected or PROTECTED
    classes = load(name).classes
    if len(classes) <= FIRST:
        raise BadInputError(f"{name} has {len(classes)} classes: growth needs more than {FIRST}.")
    steps = [classes[i : i + AT_A_TIME] for i in range(FIRST, len(classes), AT_A_TIME)]
    found: dict[tuple[int, str], list[Row]] = {}
    runs.expect(seeds * len(methods))
    for seed in range(seeds):
        data = load(name, seed)
        start = begin_when_needed(runs, data, classes[:FIRST], seed, protected, quick=options.quick)
        for method_name, make in methods.items():
            run_id = RunId(data.name, seed, method_name)
            grown = runs.rows(run_id, partial(_grown, runs, start, make, data, steps, count, split))
            for new, row in zip(steps, grown, strict=True):
                found.setdefault((classes.index(new[-1]) + 1, method_name), []).append(row)
    rows: list[Row] = []
    for (seen_count, method_name), over in sorted(found.items(), key=lambda item: item[0][0]):
        head = {"data": data.name, "method": method_name, "classes": seen_count, "labels_per_class": count}
        rows.append(head | over_seeds(over))
    config = {
        "data": data.name,
        "base_classes": names_of(data, classes[:FIRST]),
        "new_classes": [names_of(data, new) for new in steps],
        "labels_per_class": count,
        "methods": list(methods),
        "split": split,
        **shared_config(seeds, protected, PUBLISH_EVERY, len(start().base.protected), options.quick),
    }
    return Result("growth", config, rows)


def _grown(
    runs: Runs,
    start: Callable[[], Start],
    make: Callable[[Start], Method],
    data: Dataset,
    steps: Sequence[tuple[int, ...]],
    count: int,
    split: Part,
) -> list[Row]:
    """Figures of a fresh method after each step."""
    begun, classes = start(), data.classes
    X, y = data.part("train")
    old = data.part(split, classes[:FIRST])
    trial = Trial(make(begun), begun, old[0])
    rows: list[Row] = []
    number = 0
    for new in steps:
        seen = classes[: classes.index(new[-1]) + 1]
        runs.at(f"{len(seen)} classes", len(rows) / len(steps))
        examples = labels_of(X, y, new, count, begun.seed, data, first_id=number)
        number += len(examples)
        trial.learn(examples, PUBLISH_EVERY)
        row = {
            "accuracy": trial.accuracy(*data.part(split, seen)),
            "new_accuracy": trial.accuracy(*data.part(split, new)),
            "old_accuracy": trial.accuracy(*old),
        }
        trial.protect()
        row["accuracy_protected"] = trial.accuracy(*data.part(split, seen))
        rows.append(row | trial.figures() | limits(trial, old[0]))
    return rows


def limits(trial: Trial, inputs: F32) -> Row:
    """How far it has grown, and what that costs: banks, p50 of an answer in µs, refusals so far.

    The number of protected inputs, publish p99 and rejections are among the trial's own figures.
    """
    plan = trial.method.plan()
    times = []
    for raw in inputs[:TIMED]:
        begin = time.perf_counter_ns()
        trial.method.logits_of(raw)
        times.append(time.perf_counter_ns() - begin)
    row: Row = {"serve_p50_us": float(np.median(times)) / 1e3}
    return row if plan is None else row | {"banks": float(len(plan.snapshot.banks))}


EXPERIMENT = Experiment(
    "two classes more at a time, protected after each step; accuracy is on all classes seen",
    run,
    frozenset({"data", "labels_per_class", "protected", "methods", "split"}),
    x="classes",
    y=("accuracy", "old_accuracy"),
    columns=(
        "data",
        "method",
        "classes",
        "labels_per_class",
        "accuracy",
        "old_accuracy",
        "protected_bits_changed",
        "unchanged_old_share",
        "banks",
        "protected_inputs",
        "serve_p50_us",
        "publish_p99_ms",
        "rejections",
    ),
)
