"""What was never shown is told from what was; thresholds come from known validation inputs alone."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.lab.experiment import Options
from dgstudio.lab.experiments import unknown
from dgstudio.lab.experiments.unknown import METHODS, auroc, one_seed, threshold, unknown_inputs, world
from dgstudio.lab.runs import Runs


def test_auroc_is_the_chance_that_the_unknown_scores_higher():
    assert auroc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0
    assert auroc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    rng = np.random.default_rng(0)
    known, new = rng.normal(0, 1, 40), rng.normal(1, 1, 30)
    pairs = (new[:, None] > known[None, :]).mean()
    assert auroc(known, new) == pytest.approx(pairs)


@pytest.mark.parametrize("count", [10, 150, 1000])
def test_a_threshold_is_exceeded_by_no_more_than_its_share(count):
    known = np.random.default_rng(count).normal(size=count)
    assert (known > threshold(known, 0.01)).mean() <= 0.01


@pytest.mark.parametrize("name", ["digits", "basicmotions"])
def test_what_is_never_shown_is_in_no_part_that_is_learned(name):
    here = world(name, 3)
    assert not set(here.never) & (set(here.known) | set(here.taught))
    assert set(here.known) | set(here.taught) | set(here.never) == set(here.data.classes)
    kinds = unknown_inputs(here, np.random.default_rng(0))
    assert {"class never shown", "unplugged", "stuck", "noise alone", "inverted"} <= kinds.keys()
    for rows in kinds.values():
        assert rows.ndim == 2 and rows.shape[1] == len(here.data.feature_names) and np.isfinite(rows).all()


def test_worlds_differ_between_seeds_and_not_within_one():
    assert world("digits", 1).never == world("digits", 1).never
    assert len({world("digits", seed).never for seed in range(4)}) > 1


def test_on_digits_the_answers_tell_a_broken_sensor_where_softmax_does_not():
    rows = one_seed("digits", 0, 20, quick=True)
    kinds = {kind for kind, _ in rows}
    assert {method for _, method in rows} == set(METHODS)
    for kind in kinds:
        ours, softmax = rows[kind, "studio"], rows[kind, "softmax"]
        assert 0 <= ours["known_unsure"] <= 0.05
        assert ours["accuracy_unsure_wrong"] >= ours["accuracy"] - 0.03
        assert ours["answered_newest"] <= ours["newest_without"]
        assert ours["unsure"] + ours["answered_newest"] <= 1
        if kind.startswith("with noise of 1") or kind in ("unplugged", "noise alone"):
            assert ours["auroc"] > 0.95 and ours["auroc"] >= softmax["auroc"] - 0.01
            assert ours["unsure"] > 0.95
    never = rows["class never shown", "studio"]
    assert never["auroc"] > 0.85 and never["unsure"] > 0.1
    assert METHODS[0] == "studio", "the rule that serves is told first"


def test_rows_are_over_seeds_and_have_a_mean_over_the_kinds(monkeypatch):
    asked = []

    def made_up(name, seed, labels, quick):
        asked.append((name, seed, labels, quick))
        figures = {"auroc": 0.5 + seed / 10, "unsure": 1.0}
        return {
            (kind, method): {**figures, "unsure": share}
            for kind, share in (("a", 1.0), ("b", 0.0))
            for method in METHODS
        }

    monkeypatch.setattr(unknown, "one_seed", made_up)
    result = unknown.run(Options(seeds=2, data="digits", labels_per_class=(5,)), Runs())
    assert asked == [("digits", 0, 5, False), ("digits", 1, 5, False)]
    assert len(result.rows) == 3 * len(METHODS)
    over_all = next(row for row in result.rows if row["unknown"] == "all")
    assert over_all["unsure"]["mean"] == 0.5 and over_all["auroc"]["mean"] == pytest.approx(0.55)


def test_data_that_cannot_be_broken_is_refused():
    with pytest.raises(BadInputError, match="digits, basicmotions, simulator"):
        unknown.run(Options(data="mine.npz"), Runs())
