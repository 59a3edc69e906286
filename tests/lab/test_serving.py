"""The costs of serving: figures of a real measurement, and the counts behind them."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from dgstudio.engine.lifecycle.base_catalogue import SHIPPED
from dgstudio.errors import DgstudioError
from dgstudio.lab import serving
from dgstudio.learning.rules.dense import DenseWeights, logits_of
from dgstudio.model.base_model_file import BaseModel
from dgstudio.paths import asset


@pytest.fixture(scope="module")
def base():
    return BaseModel.load(asset(SHIPPED["simulator"]))


def test_ratios_are_those_of_the_medians(base, monkeypatch):
    monkeypatch.setattr(serving, "ROUNDS", 3)
    costs = serving.serving_costs(base)
    serve = costs.serve
    assert all(np.isfinite(value) and value > 0 for value in serve.values()) and costs.examples_per_s > 0
    assert serve["over_numpy_dense"] == pytest.approx(serve["base_us"] / serve["numpy_dense_us"])
    assert serve["bank_over_numpy_dense"] == pytest.approx(serve["bank_us"] / serve["numpy_dense_us"])
    assert costs.features["over_numpy_dense"] == pytest.approx(costs.features["us"] / serve["numpy_dense_us"])
    assert serve["over_torch_dense"] < serve["bank_over_torch_dense"]


def test_an_answer_is_timed_with_its_receipt_and_features_with_200_samples_of_6_channels(base):
    plan = serving.Plan(base.snapshot())
    raw = base.protected[0]
    top, unsure, receipt = serving.answered(plan, raw)
    answer = plan.answer(raw)
    assert (top, unsure) == (answer.top, answer.unsure) and receipt == plan.receipt(raw, answer)
    windows = serving._windows()
    assert len(windows) == serving.INPUTS and all(window.shape == (200, 6) for window in windows)


def test_contestants_take_turns_and_all_answer_every_input(monkeypatch):
    monkeypatch.setattr(serving, "ROUNDS", 2)
    called = []
    rows = list(range(serving.INPUTS))
    us = serving._medians({name: (lambda row, name=name: called.append((name, row)), rows) for name in "abc"})
    assert set(us) == set("abc") and sorted(called) == sorted((n, r) for n in "abc" for r in rows * 3)
    turns = [called[i : i + 3] for i in range(0, len(called), 3)]
    assert all({name for name, _ in turn} == set("abc") and len({row for _, row in turn}) == 1 for turn in turns)
    assert len({tuple(name for name, _ in turn) for turn in turns}) == 6


def test_multiply_accumulates_count_gates_and_features(base, monkeypatch):
    monkeypatch.setattr(serving, "ROUNDS", 1)
    serve = serving.serving_costs(base).serve
    d, hidden, classes, k = 75, 128, 4, 32
    dense = hidden * (d + classes)
    near = base.known.near.size + 2 * d
    gated = hidden * d + k * (d + classes) + near
    assert serve["macs_over_dense"] == pytest.approx(gated / dense)
    # Gain, three diagonals and transforms of 1,024 numbers in blocks of 256, lengths; units; router.
    shut = gated + (d + hidden) + 3 * 1024 * (1 + 8) + 1024 + hidden * d + 1025
    assert shut / dense < serve["bank_macs_over_dense"] <= (shut + 6 * 1025 + 128 * d) / dense


def test_the_bank_that_is_timed_speaks_on_half_of_the_inputs(base):
    inputs, examples = serving._inputs(base)
    rule = serving._rule(base)
    rule.absorb(examples)
    plan = serving.Plan(rule.propose(serving._with_classes(base)))
    spoken = [plan.answer(raw).speaker == 0 for raw in inputs]
    assert sum(spoken) == len(inputs) // 2 and len(examples) == 200


def test_torchs_dense_network_is_the_twin(base):
    dense = DenseWeights(*base.dense, base.classes)
    network = serving.torch_dense(dense)
    for raw in base.protected[:20]:
        x = base.normaliser(raw)
        np.testing.assert_allclose(network(x).numpy(), logits_of(dense, x), atol=1e-4)


def test_without_torch_it_says_what_to_install(base, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(DgstudioError, match="train"):
        serving.serving_costs(base)
