"""`experiment noise`: new classes from labels some of which are wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from dgstudio.lab.data import Labels, load
from dgstudio.lab.experiment import TEST, Experiment, Options
from dgstudio.lab.experiments.adapt import (
    PROTECTED,
    PUBLISH_EVERY,
    QUICK_SEEDS,
    SEEDS,
    classes_of,
    names_of,
    shared_config,
)
from dgstudio.lab.methods import Method, Start, chosen
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import Trial, begin_when_needed, labels_of
from dgstudio.lab.runs import RunId, Runs
from dgstudio.types import F32, Example

SHARES = (0.0, 0.1, 0.2, 0.3)
QUICK_SHARES = (0.0, 0.2)
METHODS = ("ours", "naive", "replay", "replay_all")
LABELS = (20,)
WRONG_SEED = 1000
"""Added to the seed for the draw of what is wrong."""


def with_wrong_labels(examples: Sequence[Example], share: float, classes: Sequence[int], seed: int) -> list[Example]:
    """Give `share` of the examples (rounded) another label, any of the other classes being as likely."""
    rng = np.random.default_rng(seed)
    wrong = set(rng.permutation(len(examples))[: round(share * len(examples))].tolist())
    result = []
    for number, example in enumerate(examples):
        others = [c for c in classes if c != example.class_id]
        drawn = others[int(rng.integers(len(others)))]
        result.append(replace(example, class_id=drawn) if number in wrong else example)
    return result


def run(options: Options, runs: Runs) -> Result:
    """Run every method on the same stream with the same wrong labels, for each share of these and each seed."""
    methods = chosen(options.methods or METHODS)
    name = options.data or "digits"
    counts = options.labels_per_class or LABELS
    shares = QUICK_SHARES if options.quick else SHARES
    split = options.split or TEST
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    protected = options.protected or PROTECTED
    base_classes, new_classes = classes_of(load(name), options)
    found: dict[tuple[int, float, str], list[Row]] = {}
    runs.expect(seeds * len(counts) * len(shares) * len(methods))
    for seed in range(seeds):
        data = load(name, seed)
        start = begin_when_needed(runs, data, base_classes, seed, protected, quick=options.quick)
        X, y = data.part("train", new_classes)
        old, new = data.part(split, base_classes), data.part(split, new_classes)
        for count in counts:
            labelled = labels_of(X, y, new_classes, count, seed, data)
            for share in shares:
                stream = with_wrong_labels(labelled, share, base_classes + new_classes, seed + WRONG_SEED)
                for method_name, make in methods.items():
                    run_id = RunId(data.name, seed, method_name, f"{share:.0%} of {count} labels a class wrong")
                    row = runs.row(run_id, partial(taught, start, make, stream, old, new))
                    found.setdefault((count, share, method_name), []).append(row)
    rows: list[Row] = []
    for (count, share, method_name), over in found.items():
        head = {"data": data.name, "method": method_name, "labels_per_class": count, "wrong_labels": share}
        rows.append(head | over_seeds(over))
    config = {
        "data": data.name,
        "base_classes": names_of(data, base_classes),
        "new_classes": names_of(data, new_classes),
        "labels_per_class": list(counts),
        "wrong_labels": list(shares),
        "methods": list(methods),
        "split": split,
        **shared_config(seeds, protected, PUBLISH_EVERY, len(start().base.protected), options.quick),
    }
    return Result("noise", config, rows)


def taught(
    start: Callable[[], Start],
    make: Callable[[Start], Method],
    stream: Sequence[Example],
    old: tuple[F32, Labels],
    new: tuple[F32, Labels],
) -> Row:
    """Figures of a fresh method after these examples; `old` and `new` are raw inputs (n, d) and their classes."""
    begun = start()
    trial = Trial(make(begun), begun, old[0])
    trial.learn(stream, PUBLISH_EVERY)
    return {"new_accuracy": trial.accuracy(*new), "old_accuracy": trial.accuracy(*old)} | trial.figures()


EXPERIMENT = Experiment(
    "new classes from labels some of which are wrong",
    run,
    frozenset({"data", "base_classes", "new_classes", "labels_per_class", "protected", "methods", "split"}),
    x="wrong_labels",
    y=("new_accuracy", "old_accuracy"),
    columns=(
        "data",
        "method",
        "labels_per_class",
        "wrong_labels",
        "new_accuracy",
        "old_accuracy",
        "protected_bits_changed",
        "unchanged_old_share",
    ),
)
