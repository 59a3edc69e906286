"""From nothing against an online network: the same labels for all, and the figures are what they are called."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.lab.data import load
from dgstudio.lab.experiment import Options
from dgstudio.lab.experiments import nothing
from dgstudio.lab.experiments.nothing import RIVAL, taught
from dgstudio.lab.incremental import Majority
from dgstudio.lab.runs import Runs
from dgstudio.lab.synthetic_glyphs import OF_EACH, SIDE, SIGNS, WHITE, strokes
from dgstudio.types import Example


def test_every_method_learns_the_same_and_is_compared_seed_by_seed(file):
    options = Options(seeds=2, data=file, labels_per_class=(2, 12), methods=("ours", "ours protecting", RIVAL))
    shares = []
    result = nothing.run(options, Runs(lambda progress: shares.append(progress.share)))
    assert [(row["method"], row["labels_per_class"]) for row in result.rows] == [
        (method, count) for count in (2, 12) for method in options.methods
    ]
    rows = {(row["method"], row["labels_per_class"]): row for row in result.rows}
    for count in (2, 12):
        ahead = rows["ours", count]["accuracy"]["mean"] - rows[RIVAL, count]["accuracy"]["mean"]
        assert rows["ours", count]["accuracy_over_online_mlp"]["mean"] == pytest.approx(ahead)
        assert rows["ours protecting", count]["protected_bits_changed"]["mean"] == 0
        assert "protected_bits_changed" not in rows[RIVAL, count]
    assert rows["ours", 12]["accuracy"]["mean"] > 0.85
    assert shares == sorted(shares) and result.config["split"] == "test"
    (valid,) = nothing.run(
        Options(seeds=1, data=file, labels_per_class=(2,), methods=("ours",), split="valid"), Runs()
    ).rows
    assert "accuracy_over_online_mlp" not in valid


def test_accuracy_is_the_share_that_is_right():
    examples = [Example(i, 1, 0, np.zeros(2, np.float32), 0, 0) for i in range(3)]
    row = taught(Majority, examples, np.zeros((4, 2), np.float32), np.array([1, 0, 1, 1]))
    assert row["accuracy"] == 0.75 and row["ms_per_example"] >= 0


def test_the_signs_are_images_in_784_features_the_same_every_time():
    X, y = strokes()
    assert X.shape == (SIGNS * OF_EACH, SIDE * SIDE) and X.dtype == np.float32
    assert X.min() >= 0 and X.max() <= WHITE and np.bincount(y).tolist() == [OF_EACH] * SIGNS
    strokes.cache_clear()
    assert strokes()[0].tobytes() == X.tobytes()
    data = load("strokes", 1)
    assert data.kind == "image" and len(data.feature_names) == 784 and len(data.class_names) == SIGNS
    assert sum(len(data.part(part)[0]) for part in ("train", "valid", "test")) == len(X)
