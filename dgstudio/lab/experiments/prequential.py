"""`experiment prequential`: every input is answered before its label is learned, on real and drifting streams.

Every method has the same settings on every stream, and none was chosen on these (`lab/incremental.py`). With a label
delay of L, the label of an input comes after the next L inputs have been answered.

Two baselines know nothing of the input. *no change* gives the last label that came, as MOA's NoChange and river's
`dummy.NoChangeClassifier` do (river calls that label "the last class seen"). *last class* gives the class that was
born last, as a learner that forgets all but the newest class would. *majority* is what river's `PriorClassifier` says.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.extras.known import needs
from dgstudio.guard.files import read_regular
from dgstudio.guard.limits import TABLE_BYTES
from dgstudio.lab.experiment import Experiment, Options
from dgstudio.lab.incremental import Incremental, classifiers, protected_bits
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.runs import RunId, Runs
from dgstudio.records import dataclass
from dgstudio.streams.tables.csvfile import read_csv
from dgstudio.streams.tables.table import read_table
from dgstudio.types import F32

LENGTH, QUICK_LENGTH = 2000, 500
"""Inputs of a stream at most."""
DELAYS, QUICK_DELAYS = (0, 100), (0,)
SEEDS, QUICK_SEEDS = 2, 1
RECORDED = ("Phishing", "ImageSegments", "Bananas")
"""Streams that are the same for every seed, as are all methods but the forest and the network: run once."""
LAST = 5
"""The last fifth of a stream is told apart."""


FEW_CLASSES, ROWS_A_CLASS = 20, 10
"""A last column without a name that says so is taken for labels with so few values, or so many rows to each."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledStream:
    """Raw features (n, d) float32 in the order in which they come, and class ids (n,).

    `drawn`: from a seed, so that another seed gives another stream; `labels_from`: the column of a file that they are.
    """

    name: str
    X: F32
    y: npt.NDArray[np.int64]
    drawn: bool = False
    labels_from: str = ""


def streams(seed: int, length: int) -> dict[str, Callable[[], LabelledStream]]:
    """Return river's data sets that need no download, and its generators; the concept changes half-way, or all along.

    Raises
    ------
    DgstudioError
        Where river is missing.
    """
    try:
        from river import datasets
        from river.datasets import synth
    except ImportError as error:
        raise DgstudioError(needs("The streams come with", "river")) from error

    half = length // 2

    sources: dict[str, Callable[[], Any]] = {
        "Phishing": datasets.Phishing,
        "ImageSegments": datasets.ImageSegments,
        "Bananas": datasets.Bananas,
        "SEA, abrupt": lambda: chain(
            synth.SEA(variant=0, noise=0.05, seed=seed).take(half), synth.SEA(variant=3, noise=0.05, seed=seed + 1)
        ),
        "Agrawal, gradual": lambda: synth.ConceptDriftStream(
            synth.Agrawal(classification_function=0, seed=seed),
            synth.Agrawal(classification_function=3, seed=seed + 1),
            position=half,
            width=length // 10,
            seed=seed,
        ),
        "hyperplane": lambda: synth.Hyperplane(n_features=10, n_drift_features=5, mag_change=0.001, seed=seed),
        "RBF, drifting": lambda: synth.RandomRBFDrift(
            seed_model=seed, seed_sample=seed, n_classes=4, n_features=10, change_speed=0.01, n_drift_centroids=50
        ),
    }
    return {name: partial(_of_river, name, make, length) for name, make in sources.items()}


def _of_river(name: str, make: Callable[[], Iterable[tuple[dict[Any, Any], Any]]], length: int) -> LabelledStream:
    """Take the first inputs; classes are numbered in the order in which they appear, features keep their order."""
    rows, labels = [], []
    ids: dict[Any, int] = {}
    for x, y in islice(make(), length):
        rows.append([float(value) for value in x.values()])
        labels.append(ids.setdefault(y, len(ids)))
    drawn = name not in RECORDED
    return LabelledStream(name, np.asarray(rows, np.float32), np.asarray(labels, np.int64), drawn)


def read_stream(path: Path) -> LabelledStream:
    """Read a CSV file: numbers and a column of labels, called label, labels, class, … or else the last one.

    Rows with missing values are left out.

    Raises
    ------
    BadInputError
        If there is no such file, nothing can be learned from it, or the last column is more likely a measurement.
    """
    table, column = read_table(path), ""
    if table.labels is None:
        if path.suffix.lower() == ".npz":
            raise BadInputError(f"{path} has no labels: add an array called label.")
        columns, _, _ = read_csv(path, read_regular(path, TABLE_BYTES))
        column = columns[-1].name
        table = read_table(path, column)
    if table.labels is None:
        raise BadInputError(f"{path} has no column of labels: add one called label.")
    X, y = table.values, table.labels.codes.astype(np.int64)
    whole = np.isfinite(X).all(1) & np.array([bool(table.labels.names[code]) for code in y])
    if len(np.unique(y[whole])) < 2:
        raise BadInputError(f"{path} has fewer than two classes in rows without gaps: there is nothing to tell apart.")
    classes, rows = len(np.unique(y[whole])), int(whole.sum())
    if column and classes > max(FEW_CLASSES, rows // ROWS_A_CLASS):
        raise BadInputError(
            f"{path} has no column called label, and its last one, “{column}”, has {classes} different values in "
            f"{rows} rows, which are no classes: call the column of labels label."
        )
    return LabelledStream(path.stem, np.ascontiguousarray(X[whole]), y[whole], labels_from=column or "label")


# -- test, then train ----------------------------------------------------------------------------------------------


def test_then_train(model: Incremental, stream: LabelledStream, delay: int) -> tuple[npt.NDArray[np.int64], float]:
    """Answers (n,), −1 for none, each given before its own label and the `delay` before it; and CPU seconds."""
    answers = np.full(len(stream.y), -1, np.int64)
    waiting: deque[int] = deque()
    begin = time.process_time()
    for number, x in enumerate(stream.X):
        answer = model.predict(x)
        if answer is not None:
            answers[number] = answer
        waiting.append(number)
        if len(waiting) > delay:
            due = waiting.popleft()
            model.learn(stream.X[due], int(stream.y[due]))
    # Looking whether protected answers moved is the experiment's own work.
    return answers, time.process_time() - begin - protected_bits(model)[1]


def kappa(answers: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> float:
    """Cohen's κ: accuracy beyond what answers of the same frequencies would reach by chance; 0 where that is 1."""
    agreed = float((answers == y).mean())
    chance = sum(float((answers == c).mean() * (y == c).mean()) for c in np.unique(y))
    return (agreed - chance) / (1 - chance) if chance < 1 else 0.0


def figures(answers: npt.NDArray[np.int64], y: npt.NDArray[np.int64], seconds: float) -> Row:
    """Numbers of one run."""
    last = len(y) - len(y) // LAST
    return {
        "accuracy": float((answers == y).mean()),
        "last_fifth": float((answers[last:] == y[last:]).mean()),
        "kappa": kappa(answers, y),
        "ms_per_example": seconds * 1e3 / len(y),
    }


def run(options: Options, runs: Runs) -> Result:
    """Run every method on every stream, without and with label delay.

    Raises
    ------
    BadInputError
        For a stream or a method that there is not.
    """
    length = QUICK_LENGTH if options.quick else LENGTH
    delays = QUICK_DELAYS if options.quick else DELAYS
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    found: dict[tuple[str, int, str], list[Row]] = {}
    names: Sequence[str] = ()
    runs.expect(_how_many(options, seeds, length))
    for seed in range(seeds):
        chosen = _chosen(options, seed, length)
        names = tuple(chosen)
        for make in chosen.values():
            stream = make()
            if seed and not stream.drawn:
                continue
            methods = classifiers(stream.X.shape[1], len(stream.y), seed)
            wanted = options.methods or tuple(methods)
            for method in wanted:
                if method not in methods:
                    raise BadInputError(f"There is no method “{method}” here: choose {', '.join(methods)}.")
                read = f"labels from “{stream.labels_from}”" if stream.labels_from else ""
                run_id = RunId(stream.name, seed, method, read)
                rows_of_delays = runs.rows(run_id, partial(over_delays, methods[method], stream, delays))
                for delay, row in zip(delays, rows_of_delays, strict=True):
                    found.setdefault((stream.name, delay, method), []).append(row)
    rows: list[Row] = [
        {"data": name, "label_delay": delay, "method": method, **over_seeds(over)}
        for (name, delay, method), over in sorted(found.items(), key=lambda item: (names.index(item[0][0]), item[0][1]))
    ]
    config = {
        "data": list(names),
        "seeds": seeds,
        "quick": options.quick,
        "length_at_most": length,
        "label_delays": list(delays),
    }
    return Result("prequential", config, rows)


def over_delays(make: Callable[[], Incremental], stream: LabelledStream, delays: Sequence[int]) -> list[Row]:
    """Figures of a fresh model on a stream, for each delay of its labels."""
    rows = []
    for delay in delays:
        model = make()
        answers, seconds = test_then_train(model, stream, delay)
        row = figures(answers, stream.y, seconds)
        bits, _ = protected_bits(model)
        rows.append(row if bits is None else row | {"protected_bits_changed": float(bits)})
    return rows


def _how_many(options: Options, seeds: int, length: int) -> int:
    """Runs in all: what is recorded is the same for every seed, and comes once."""
    known = streams(0, length)
    asked = list(known) if options.data is None else [str(options.data)]
    drawn = sum(name in known and name not in RECORDED for name in asked)
    return (seeds * drawn + len(asked) - drawn) * len(options.methods or classifiers(1, 1, 0))


def _chosen(options: Options, seed: int, length: int) -> dict[str, Callable[[], LabelledStream]]:
    known = streams(seed, length)
    if options.data is None:
        return known
    name = str(options.data)
    if name in known:
        return {name: known[name]}
    path = Path(name)
    if path.suffix.lower() not in (".csv", ".tsv", ".txt", ".npz"):
        raise BadInputError(f"There is no stream “{name}”: choose {', '.join(known)}, or name a CSV file.")
    stream = read_stream(path)
    return {stream.name: lambda: stream}


EXPERIMENT = Experiment(
    "test, then train: accuracy on labelled streams against river's learners, with and without label delay",
    run,
    frozenset({"data", "methods"}),
    y=("accuracy", "last_fifth", "kappa"),
)
