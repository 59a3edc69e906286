"""`experiment modes`: every rule in every mode beside the controls, on the same labels."""

from __future__ import annotations

import pytest

from dgstudio.lab.data import load
from dgstudio.lab.experiment import Options
from dgstudio.lab.experiments import find_experiment
from dgstudio.lab.experiments.drift import drifted
from dgstudio.lab.experiments.modes import DRIFT, NEW, noise_and_blur
from dgstudio.lab.methods import methods
from dgstudio.lab.run_method import Trial, begin, labels_of
from dgstudio.lab.runs import Runs


def test_rows_say_what_each_mode_learned_and_what_it_moved(file):
    result = find_experiment("modes").run(Options(seeds=1, quick=True, data=file, protected=20), Runs())
    rows = {(row["stream"], row["method"], row["mode"]): row for row in result.rows}
    who = [("frozen", "off")]
    who += [(rule, mode) for rule in ("ours", "gradient", "gradient_unheld") for mode in ("routing", "weights", "both")]
    who += [("swap", "all weights"), ("in_place", "all weights")]
    assert list(rows) == [(stream, *each) for stream in (DRIFT, NEW) for each in who]
    for (stream, method, _), row in rows.items():
        held = method in ("frozen", "ours", "gradient")
        learns = method != "frozen" and (stream == DRIFT or "gradient" not in method)
        assert (row["protected_bits_changed"]["mean"] == 0) == (held or not learns)
        assert row["publishes"]["mean"] + row["rejections"]["mean"] > 0 or method == "frozen"
        assert row["labels_per_class"] == (15 if stream == DRIFT else 20)
        assert row["seeds"] == 1 and row["ms_per_example"]["mean"] >= 0
        aim, kept = ("drifted", "clean") if stream == DRIFT else ("new", "old")
        assert 0 <= row[f"{aim}_accuracy"]["mean"] <= 1 and row[f"{kept}_accuracy_before"]["mean"] > 0.8
    frozen = rows[(DRIFT, "frozen", "off")]
    assert frozen["publishes"]["mean"] == 0 and frozen["unchanged_old_share"]["mean"] == 1
    assert rows[(NEW, "ours", "both")]["new_accuracy"]["mean"] > 0.8
    assert rows[(NEW, "gradient", "both")]["new_accuracy"]["mean"] == 0
    assert rows[(NEW, "gradient", "both")]["rejections"]["mean"] > 0
    assert (
        rows[(DRIFT, "swap", "all weights")]["drifted_accuracy"]
        == (rows[(DRIFT, "in_place", "all weights")]["drifted_accuracy"])
    )


def test_noise_and_blur_are_of_the_size_that_they_say():
    data = load("digits")
    X = data.X_test
    noisy = drifted(data, "test", noise_and_blur(data), seed=3)
    again = drifted(data, "test", noise_and_blur(data), seed=3)
    assert noisy.tobytes() == again.tobytes() and noisy.shape == X.shape
    blank = (X == 0).all(0)
    assert blank.any()
    assert noisy[:, blank].std() == pytest.approx(0.5 * data.X_train.std(), rel=0.3)


def test_the_gradient_is_a_method_that_counts_what_it_publishes_and_what_it_rejects(file):
    data = load(file)
    start = begin(data, (0, 1, 2), 0, 20, quick=True)
    X, y = data.part("train", (0, 1, 2))
    method = methods()["gradient"](start)
    trial = Trial(method, start, data.part("test", (0, 1, 2))[0])
    trial.learn(labels_of(-X, y, (0, 1, 2), 6, 0, data), 3)
    figures = trial.figures()
    assert method.versions + method.rejections() == figures["publishes"] == 6
    assert method.versions > 0 and figures["protected_bits_changed"] == 0 and method.busy_s > 0
    assert method.plan().snapshot.version == method.versions
