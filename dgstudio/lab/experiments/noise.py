"""`experiment noise`: new classes from labels some of which are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dgstudio.lab.data import load
from dgstudio.lab.experiment import TEST, Experiment, Options, Progress
from dgstudio.lab.experiments.adapt import (
    PROTECTED,
    PUBLISH_EVERY,
    QUICK_SEEDS,
    SEEDS,
    classes_of,
    names_of,
    shared_config,
)
from dgstudio.lab.methods import chosen
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import Trial, begin, labels_of
from dgstudio.types import Example

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


def run(options: Options, progress: Progress) -> Result:
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
    done, total = 0, seeds * len(counts) * len(shares) * len(methods)
    for seed in range(seeds):
        data = load(name, seed)
        progress(done / total, f"seed {seed}: training the base")
        start = begin(data, base_classes, seed, protected, quick=options.quick)
        X, y = data.part("train", new_classes)
        old, new = data.part(split, base_classes), data.part(split, new_classes)
        for count in counts:
            labelled = labels_of(X, y, new_classes, count, seed, data)
            for share in shares:
                stream = with_wrong_labels(labelled, share, base_classes + new_classes, seed + WRONG_SEED)
                for method_name, make in methods.items():
                    progress(done / total, f"seed {seed}: {method_name}, {share:.0%} of {count} labels wrong")
                    trial = Trial(make(start), start, old[0])
                    trial.learn(stream, PUBLISH_EVERY)
                    row = {"new_accuracy": trial.accuracy(*new), "old_accuracy": trial.accuracy(*old)}
                    found.setdefault((count, share, method_name), []).append(row | trial.figures())
                    done += 1
    rows: list[Row] = []
    for (count, share, method_name), runs in found.items():
        head = {"data": data.name, "method": method_name, "labels_per_class": count, "wrong_labels": share}
        rows.append(head | over_seeds(runs))
    config = {
        "data": data.name,
        "base_classes": names_of(data, base_classes),
        "new_classes": names_of(data, new_classes),
        "labels_per_class": list(counts),
        "wrong_labels": list(shares),
        "methods": list(methods),
        "split": split,
        **shared_config(seeds, protected, PUBLISH_EVERY, len(start.base.protected), options.quick),
    }
    return Result("noise", config, rows)


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
