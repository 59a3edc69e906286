"""`experiment adapt`: new classes on top of old ones, from a few labels each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.kernel import KERNEL
from dgstudio.lab.data import Dataset, Labels, load
from dgstudio.lab.experiment import TEST, Experiment, Options
from dgstudio.lab.methods import Method, Start, chosen
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import Trial, begin_when_needed, labels_of
from dgstudio.lab.runs import RunId, Runs
from dgstudio.types import F32, Example

LABELS = (1, 5, 20, 100)
QUICK_LABELS = (1, 20)
SEEDS, QUICK_SEEDS = 5, 1
PROTECTED = 400
PUBLISH_EVERY = 4
"""Labels from one publish to the next."""
QUICK_PUBLISH_EVERY = 10
AHEAD_OF = (("replay", "new"), ("replay", "old"), ("replay_all", "old"))
"""Rivals, and the accuracy by which a method is ahead of each."""
NEW_SHARE = 4
"""Where it is not said which classes are new: the last one of each so many."""


def classes_of(data: Dataset, options: Options) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Base and new classes, as asked for; the rest where only one of them is; else the last quarter is new.

    Raises
    ------
    BadInputError
        For too few, unknown or common classes.
    """
    base = data.class_ids(options.base_classes) if options.base_classes is not None else None
    new = data.class_ids(options.new_classes) if options.new_classes is not None else None
    if new is None:
        rest = tuple(c for c in data.classes if base is None or c not in base)
        new = rest[-max(1, len(rest) // NEW_SHARE) :] if base is None else rest
    if base is None:
        base = tuple(c for c in data.classes if c not in new)
    both = [data.class_names[c] for c in base if c in new]
    if both:
        raise BadInputError(f"Class “{both[0]}” is to be both old and new: choose one.")
    if len(base) < 2 or not new:
        raise BadInputError(f"Of the classes of {data.name} at least two must be old and one new.")
    return base, new


def run(options: Options, runs: Runs) -> Result:
    """Run every method on the same base data, the same labels in the same order, for each number of labels and seed."""
    methods = chosen(options.methods)
    name = options.data or "digits"
    labels = options.labels_per_class or (QUICK_LABELS if options.quick else LABELS)
    split = options.split or TEST
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    protected = options.protected or PROTECTED
    every = QUICK_PUBLISH_EVERY if options.quick else PUBLISH_EVERY
    base_classes, new_classes = classes_of(load(name), options)
    found: dict[tuple[str, int], list[Row]] = {}
    # Seed by seed, so that differences are of the same base, labels and order.
    runs.expect(seeds * len(methods) * len(labels))
    for seed in range(seeds):
        data = load(name, seed)
        start = begin_when_needed(runs, data, base_classes, seed, protected, quick=options.quick)
        X, y = data.part("train", new_classes)
        old, new = data.part(split, base_classes), data.part(split, new_classes)
        for method_name, make in methods.items():
            for count in labels:
                examples = labels_of(X, y, new_classes, count, seed, data)
                run_id = RunId(data.name, seed, method_name, f"{count} labels a class")
                row = runs.row(run_id, partial(taught, start, make, examples, every, old, new))
                found.setdefault((method_name, count), []).append(row)
        compare(found)
    heads = {key: {"data": data.name, "method": key[0], "labels_per_class": key[1]} for key in found}
    rows = [heads[key] | over_seeds(over) for key, over in found.items()]
    config = {
        "data": data.name,
        "base_classes": names_of(data, base_classes),
        "new_classes": names_of(data, new_classes),
        "labels_per_class": list(labels),
        "methods": list(methods),
        "split": split,
        **shared_config(seeds, protected, every, len(start().base.protected), options.quick),
    }
    return Result("adapt", config, sorted(rows, key=lambda row: labels.index(row["labels_per_class"])))


def taught(
    start: Callable[[], Start],
    make: Callable[[Start], Method],
    examples: Sequence[Example],
    every: int,
    old: tuple[F32, Labels],
    new: tuple[F32, Labels],
) -> Row:
    """Figures of a fresh method after these examples; `old` and `new` are raw inputs (n, d) and their classes."""
    begun = start()
    trial = Trial(make(begun), begun, old[0])
    before = trial.accuracy(*old)
    trial.learn(examples, every)
    row = {
        "new_accuracy": trial.accuracy(*new),
        "old_accuracy": trial.accuracy(*old),
        "old_accuracy_before": before,
    }
    return row | trial.figures()


def compare(found: Mapping[tuple[str, int], Sequence[Row]]) -> None:
    """Write into the newest row of each method how far it is ahead of the rivals that are there, at the same labels."""
    for (_, count), runs in found.items():
        for rival, figure in AHEAD_OF:
            theirs = found.get((rival, count))
            if theirs is not None:
                runs[-1][f"{figure}_over_{rival}"] = runs[-1][f"{figure}_accuracy"] - theirs[-1][f"{figure}_accuracy"]


def names_of(data: Dataset, classes: Sequence[int]) -> list[str]:
    """Names of classes."""
    return [data.class_names[c] for c in classes]


def shared_config(seeds: int, protected: int, every: int, present: int, quick: bool) -> dict[str, Any]:
    """What every experiment of this kind says about how it was done."""
    return {
        "seeds": list(range(seeds)),
        "protected": protected,
        "protected_present": present,
        "publish_every": every,
        "quick": quick,
        "kernel": KERNEL,
    }


EXPERIMENT = Experiment(
    "new classes on top of old ones: how fast they are learned, and what becomes of the old answers",
    run,
    frozenset({"data", "base_classes", "new_classes", "labels_per_class", "protected", "methods", "split"}),
    x="labels_per_class",
    y=("new_accuracy", "old_accuracy", "unchanged_old_share"),
    columns=(
        "data",
        "method",
        "labels_per_class",
        "new_accuracy",
        "old_accuracy",
        "protected_bits_changed",
        "protected_flips",
        "unchanged_old_share",
        "coverage",
        "false_certificates",
        "old_over_replay_all",
        "ms_per_example",
        "publish_p99_ms",
    ),
)
