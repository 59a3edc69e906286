"""`experiment drift`: the same classes through a sensor that has been turned, swapped, turned up, or gone bad."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from dgstudio.errors import BadInputError
from dgstudio.lab.data import Dataset, Labels, Part, features_of, load
from dgstudio.lab.experiment import TEST, Experiment, Options
from dgstudio.lab.experiments.adapt import PROTECTED, QUICK_SEEDS, SEEDS, names_of, shared_config
from dgstudio.lab.methods import Method, Start, chosen
from dgstudio.lab.results import Result, Row, over_seeds
from dgstudio.lab.run_method import Trial, begin_when_needed, labels_of
from dgstudio.lab.runs import RunId, Runs
from dgstudio.types import F32, F64, Example

LABELS = 1000
"""In all, or as many as the data has of each class alike."""
QUICK_LABELS = 200
PUBLISH_EVERY = 10
NAIVE = "naive"
METHODS = ("ours", NAIVE, "replay")
DEGREES = {"image": 45.0, "signal": 60.0, "table": 45.0}
"""Of rotation: of an image in its plane, of a sensor about a random axis, of pairs of a table's columns."""
GAIN = 2.0
WHITE = 16.0
"""Of a digit's pixel; they run from 0."""
NOISE = {"image": 4.0, "signal": 0.5, "table": 0.5}
"""Standard deviation: in grey levels of an image; else in those of the channel or column."""
BLUR = 1.0
"""Standard deviation of a Gaussian: in pixels, in samples of a signal."""
DRIFT_SEED = 2000
"""Added to the seed for what a drift draws."""

Change = Callable[[F64, np.random.Generator], F64]


def image_changes() -> dict[str, Change]:
    """Of images (n, 8, 8)."""
    return {
        "rotation": lambda X, _: ndimage.rotate(X, DEGREES["image"], axes=(1, 2), reshape=False, order=1),
        "permutation": lambda X, rng: X.reshape(len(X), -1)[:, rng.permutation(X[0].size)].reshape(X.shape),
        "gain": lambda X, _: np.minimum(GAIN * X, WHITE),
        "inversion": lambda X, _: WHITE - X,
        "noise": lambda X, rng: np.clip(X + rng.normal(0.0, NOISE["image"], X.shape), 0.0, WHITE),
        "blur": lambda X, _: ndimage.gaussian_filter1d(ndimage.gaussian_filter1d(X, BLUR, axis=1), BLUR, axis=2),
    }


def signal_changes(sd: F64) -> dict[str, Change]:
    """Of windows (n, samples, channels); `sd` (channels,) is what noise is measured in."""
    changes: dict[str, Change] = {
        "permutation": lambda X, rng: X[:, :, rng.permutation(X.shape[2])],
        "gain": lambda X, _: GAIN * X,
        "inversion": lambda X, _: -X,
        "noise": lambda X, rng: X + rng.normal(0.0, NOISE["signal"], X.shape) * sd,
        "blur": lambda X, _: ndimage.gaussian_filter1d(X, BLUR, axis=1),
    }
    if len(sd) % 3 == 0:
        changes = {"rotation": _turned_sensor, **changes}
    return changes


def table_changes(mean: F64, sd: F64) -> dict[str, Change]:
    """Of rows (n, d); `mean` and `sd` (d,) are those of the columns. A table has no neighbours to blur with."""
    return {
        "rotation": lambda X, rng: mean + sd * _turned_pairs((X - mean) / sd, rng),
        "permutation": lambda X, rng: mean + sd * ((X - mean) / sd)[:, rng.permutation(X.shape[1])],
        "gain": lambda X, _: GAIN * X,
        "inversion": lambda X, _: 2 * mean - X,
        "noise": lambda X, rng: X + rng.normal(0.0, NOISE["table"], X.shape) * sd,
    }


def _turned_sensor(X: F64, rng: np.random.Generator) -> F64:
    """Turn every three channels, as the axes of one sensor, about the same random axis."""
    axis = rng.normal(size=3)
    turn = Rotation.from_rotvec(np.radians(DEGREES["signal"]) * axis / np.linalg.norm(axis)).as_matrix()
    result: F64 = (X.reshape(*X.shape[:2], -1, 3) @ turn.T).reshape(X.shape)
    return result


def _turned_pairs(X: F64, rng: np.random.Generator) -> F64:
    """Turn the columns in random pairs; an odd one out stays."""
    order = rng.permutation(X.shape[1])
    a, b = order[0 : 2 * (len(order) // 2) : 2], order[1::2]
    c, s = np.cos(np.radians(DEGREES["table"])), np.sin(np.radians(DEGREES["table"]))
    result = X.copy()
    result[:, a], result[:, b] = c * X[:, a] - s * X[:, b], s * X[:, a] + c * X[:, b]
    return result


def changes_of(data: Dataset) -> dict[str, Change]:
    """The drifts that this kind of data can have."""
    if data.kind == "image":
        return image_changes()
    if data.windows is not None:
        return signal_changes(data.windows["train"].std((0, 1), dtype=np.float64))
    sd = data.X_train.std(0, dtype=np.float64)
    return table_changes(data.X_train.mean(0, dtype=np.float64), np.where(sd > 0, sd, 1.0))


def drifted(data: Dataset, part: Part, change: Change, seed: int) -> F32:
    """Raw features (n, d) of one part as the changed sensor would have given them.

    A permutation or an axis that is drawn is the same for all parts of one seed; noise is not.
    """
    rng = np.random.default_rng(seed + DRIFT_SEED)
    if data.windows is not None and data.spec is not None:
        windows = change(data.windows[part].astype(np.float64), rng).astype(np.float32)
        return features_of(data.spec, windows)
    X = data.part(part)[0].astype(np.float64)
    shape = X.shape
    if data.kind == "image":
        side = round(shape[1] ** 0.5)
        X = X.reshape(len(X), side, side)
    return change(X, rng).reshape(shape).astype(np.float32)


def run(options: Options, runs: Runs) -> Result:
    """Teach every method the drifted training part by its labels, and score drifted and clean test parts."""
    methods = chosen(options.methods or METHODS)
    name = options.data or "digits"
    if options.labels_per_class is not None and len(options.labels_per_class) > 1:
        raise BadInputError("Drift has one number of labels per class: give one, as in --labels-per-class 100.")
    split = options.split or TEST
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    protected = options.protected or PROTECTED
    kinds = list(changes_of(load(name)))
    found: dict[tuple[str, str], list[Row]] = {}
    runs.expect(seeds * len(kinds) * len(methods))
    for seed in range(seeds):
        data = load(name, seed)
        count = _labels_a_class(data, options)
        start = begin_when_needed(runs, data, data.classes, seed, protected, quick=options.quick)
        clean = data.part(split)
        tested_y = clean[1]
        changes = changes_of(data)
        for kind in kinds:
            learned, tested = (drifted(data, part, changes[kind], seed) for part in ("train", split))
            examples = labels_of(learned, data.y_train, data.classes, count, seed, data)
            for method_name, make in methods.items():
                run_id = RunId(data.name, seed, method_name, kind)
                row = runs.row(run_id, partial(taught, start, make, examples, (tested, tested_y), clean))
                found.setdefault((kind, method_name), []).append(row)
            if NAIVE in methods:
                for method_name in methods:
                    # In each row, so that it can be read alone.
                    found[kind, method_name][-1]["naive_recovered"] = found[kind, NAIVE][-1]["recovered_accuracy"]
    rows: list[Row] = []
    for (kind, method_name), over in found.items():
        head = {"data": data.name, "method": method_name, "drift": kind, "labels_per_class": count}
        rows.append(head | over_seeds(over))
    config = {
        "data": data.name,
        "classes": names_of(data, data.classes),
        "drifts": kinds,
        "labels_per_class": count,
        "rotation_degrees": DEGREES[data.kind],
        "gain": GAIN,
        "noise_sd": NOISE[data.kind],
        "blur_sd": BLUR,
        "methods": list(methods),
        "split": split,
        **shared_config(seeds, protected, PUBLISH_EVERY, len(start().base.protected), options.quick),
    }
    return Result("drift", config, rows)


def taught(
    start: Callable[[], Start],
    make: Callable[[Start], Method],
    examples: Sequence[Example],
    drifted_part: tuple[F32, Labels],
    clean: tuple[F32, Labels],
) -> Row:
    """Figures of a fresh method after these examples; the parts are raw inputs (n, d) and their classes."""
    begun = start()
    trial = Trial(make(begun), begun, clean[0])
    before = {"drifted_before": trial.accuracy(*drifted_part), "clean_before": trial.accuracy(*clean)}
    trial.learn(examples, PUBLISH_EVERY)
    return {
        "recovered_accuracy": trial.accuracy(*drifted_part),
        "clean_accuracy": trial.accuracy(*clean),
        **before,
        **trial.figures(),
    }


def _labels_a_class(data: Dataset, options: Options) -> int:
    if options.labels_per_class is not None:
        return options.labels_per_class[0]
    wanted = (QUICK_LABELS if options.quick else LABELS) // len(data.classes)
    return max(1, min(wanted, int(np.bincount(data.y_train).min())))


EXPERIMENT = Experiment(
    "the same classes through a changed sensor: how far accuracy comes back, and what the clean one loses",
    run,
    frozenset({"data", "labels_per_class", "protected", "methods", "split"}),
    x="drift",
    y=("recovered_accuracy", "clean_accuracy", "unchanged_old_share"),
    columns=(
        "data",
        "method",
        "drift",
        "labels_per_class",
        "drifted_before",
        "recovered_accuracy",
        "naive_recovered",
        "clean_before",
        "clean_accuracy",
        "protected_bits_changed",
        "unchanged_old_share",
    ),
)
