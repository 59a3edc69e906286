"""The measures against scikit-learn's, and where scikit-learn says nothing."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.runtime.metrics import (
    BINS,
    UNSURE,
    accuracy,
    cohen_kappa,
    confusion,
    cumulative,
    precision,
    recall,
    reliability,
    windowed,
)

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is in the lab extra")


@st.composite
def answers(draw, least=1):
    """Class ids, labels, answers with unsure among them, weights: some classes may have neither."""
    count = draw(st.integers(1, 12))
    classes = draw(st.permutations(range(3 * count)))[:count]
    n = draw(st.integers(least, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labelled = rng.choice(classes, n)
    answered = np.where(rng.random(n) < 0.5, labelled, rng.choice([*classes, UNSURE], n))
    weights = rng.choice([1.0, 0.5, 0.2], n)
    return classes, labelled.astype(np.int64), answered.astype(np.int64), weights


@given(answers())
def test_the_matrix_and_all_that_is_read_off_it_are_scikit_learns(case):
    classes, labelled, answered, weights = case
    matrix = confusion(labelled, answered, classes, weights)
    with warnings.catch_warnings():
        # It warns of single classes and of empty ones; we say NaN.
        warnings.simplefilter("ignore")
        whole = metrics.confusion_matrix(labelled, answered, labels=[*classes, UNSURE], sample_weight=weights)
        args = {"labels": classes, "average": None, "sample_weight": weights, "zero_division": np.nan}
        precisions = metrics.precision_score(labelled, answered, **args)
        recalls = metrics.recall_score(labelled, answered, **args)
        kappa = metrics.cohen_kappa_score(labelled, answered, labels=[*classes, UNSURE], sample_weight=weights)
        share = metrics.accuracy_score(labelled, answered, sample_weight=weights)
    assert matrix == pytest.approx(whole[:-1])
    assert precision(matrix) == pytest.approx(precisions, nan_ok=True)
    assert recall(matrix) == pytest.approx(recalls, nan_ok=True)
    assert cohen_kappa(matrix) == pytest.approx(kappa, abs=1e-9, nan_ok=True)
    assert accuracy(matrix) == pytest.approx(share)


@given(st.integers(1, 80), st.integers(0, 2**32 - 1))
def test_the_diagram_is_scikit_learns_calibration_curve(n, seed):
    calibration = pytest.importorskip("sklearn.calibration")
    rng = np.random.default_rng(seed)
    confidence = np.where(rng.random(n) < 0.3, rng.integers(0, 11, n) / 10, rng.random(n))
    right = rng.random(n) < confidence
    diagram = reliability(confidence, right)
    filled = diagram.weight > 0
    share, mean = calibration.calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
    assert diagram.accuracy[filled] == pytest.approx(share)
    assert diagram.confidence[filled] == pytest.approx(mean)
    expected = float(diagram.weight[filled] @ np.abs(share - mean)) / n
    assert diagram.ece == pytest.approx(expected)
    assert diagram.weight.sum() == n


def test_a_weight_counts_as_so_many_answers():
    confidence, right = np.array([0.55, 0.58, 0.95]), np.array([True, False, True])
    weighted = reliability(confidence, right, np.array([2.0, 1.0, 3.0]))
    repeated = reliability(np.repeat(confidence, [2, 1, 3]), np.repeat(right, [2, 1, 3]))
    assert weighted.ece == pytest.approx(repeated.ece)
    assert weighted.accuracy == pytest.approx(repeated.accuracy, nan_ok=True)


def test_of_nothing_nothing_is_said():
    none = np.zeros(0, np.int64)
    matrix = confusion(none, none, (4, 7))
    assert matrix.shape == (2, 3) and not matrix.any()
    assert all(map(math.isnan, (accuracy(matrix), cohen_kappa(matrix), *precision(matrix), *recall(matrix))))
    assert confusion(none, none, ()).shape == (0, 1)
    assert math.isnan(cohen_kappa(confusion(none, none, ())))
    assert math.isnan(reliability(np.zeros(0), np.zeros(0, bool)).ece)
    assert len(cumulative(np.zeros(0))) == len(windowed(np.zeros(0))) == 0


def test_one_class_always_answered_leaves_no_room_for_kappa():
    same = np.full(3, 5)
    matrix = confusion(same, same, (5,))
    assert accuracy(matrix) == 1.0
    assert math.isnan(cohen_kappa(matrix))


def test_unsure_is_wrong_and_no_class_answered_it():
    matrix = confusion(np.array([0, 0, 1]), np.array([0, UNSURE, 1]), (0, 1))
    assert recall(matrix).tolist() == [0.5, 1.0]
    assert precision(matrix).tolist() == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=60), st.integers(1, 25))
def test_the_lines_are_means_of_what_was_so_far(values, window):
    scores = np.array(values)
    whole, late = cumulative(scores), windowed(scores, window=window)
    for end in range(1, len(values) + 1):
        assert whole[end - 1] == pytest.approx(np.mean(scores[:end]), abs=1e-9)
        assert late[end - 1] == pytest.approx(np.mean(scores[max(0, end - window) : end]), abs=1e-9)
