"""`experiment nothing`: from nothing, a few labels of every class, one after the other, against an online MLP.

There is no base and no class. Labels of all classes come in random order; each is learned as it comes, and once all
have come the learner answers the held-out part. Every method gets the same labels in the same order;
`lab/incremental.py` says what the rivals' settings were chosen on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.kernel import KERNEL
from dgstudio.lab.data import SHIPPED, load
from dgstudio.lab.experiment import TEST, Experiment, Options
from dgstudio.lab.incremental import FEW_LABELS_RATE, Incremental, classifiers, protected_bits
from dgstudio.lab.methods import Labels
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import labels_of
from dgstudio.lab.runs import RunId, Runs
from dgstudio.types import F32, Example

LABELS, QUICK_LABELS = (1, 5, 20, 50), (5, 20)
SEEDS, QUICK_SEEDS = 5, 1
RIVAL = "online MLP"
METHODS = ("ours", "ours protecting", RIVAL, "river k-NN", "river softmax", "river forest")


def run(options: Options, runs: Runs) -> Result:
    """Teach every method the same labels from nothing, for each number of labels and seed.

    Raises
    ------
    BadInputError
        For a method that there is not, or data with fewer labels than were asked for.
    """
    names = (str(options.data),) if options.data else SHIPPED
    counts = options.labels_per_class or (QUICK_LABELS if options.quick else LABELS)
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    wanted = options.methods or METHODS
    split = options.split or TEST
    found: dict[tuple[str, int, str], list[Row]] = {}
    runs.expect(len(names) * seeds * len(counts) * len(wanted))
    for name in names:
        for seed in range(seeds):
            data = load(name, seed)
            X, y = data.part("train")
            tested = data.part(split)
            for count in counts:
                examples = labels_of(X, y, data.classes, count, seed, data)
                known = classifiers(X.shape[1], len(examples), seed, FEW_LABELS_RATE)
                rows: dict[str, Row] = {}
                for method in wanted:
                    if method not in known:
                        raise BadInputError(f"There is no method “{method}” here: choose {', '.join(known)}.")
                    run_id = RunId(data.name, seed, method, f"{count} labels a class")
                    rows[method] = runs.row(run_id, partial(taught, known[method], examples, *tested))
                for method, row in rows.items():
                    if RIVAL in rows:
                        row["accuracy_over_online_mlp"] = row["accuracy"] - rows[RIVAL]["accuracy"]
                    found.setdefault((data.name, count, method), []).append(row)
    rows_out: list[Row] = [
        {"data": name, "method": method, "labels_per_class": count, **over_seeds(over)}
        for (name, count, method), over in found.items()
    ]
    config = {
        "data": list(names),
        "labels_per_class": list(counts),
        "methods": list(wanted),
        "split": split,
        "seeds": list(range(seeds)),
        "quick": options.quick,
        "kernel": KERNEL,
    }
    return Result("nothing", config, rows_out)


def taught(make: Callable[[], Incremental], examples: Sequence[Example], X: F32, y: Labels) -> Row:
    """Accuracy on raw inputs X (n, d) of classes y (n,) after the examples, bits of protected answers, CPU time."""
    model = make()
    begin = time.process_time()
    for example in examples:
        model.learn(example.features, example.class_id)
    took = time.process_time() - begin
    bits, audit_s = protected_bits(model)
    answers = [model.predict(x) for x in X]
    row: Row = {
        "accuracy": float(np.mean([answer == truth for answer, truth in zip(answers, y.tolist(), strict=True)])),
        "ms_per_example": (took - audit_s) * 1e3 / len(examples),
    }
    return row if bits is None else row | {"protected_bits_changed": float(bits)}


EXPERIMENT = Experiment(
    "from nothing: a few labels of every class, against an online network and river's learners",
    run,
    frozenset({"data", "labels_per_class", "methods", "split"}),
    x="labels_per_class",
    y=("accuracy",),
)
