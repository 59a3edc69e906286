"""Costs follow the sizes, and what was taught is what is timed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dgstudio.lab.experiment import Options
from dgstudio.lab.experiments import cost
from dgstudio.lab.experiments.cost import Sizes, latencies, measure, random_base, taught, versions_mb, with_banks
from dgstudio.lab.runs import Runs
from dgstudio.model.plan import Plan
from dgstudio.types import BASE, BankState

SMALL = Sizes(H=16, d=8, D=64, N=40, classes=3, examples=24)


@pytest.fixture(scope="module")
def small():
    base, examples, inputs = random_base(SMALL, np.random.default_rng(0))
    return base, examples, inputs, taught(base, examples, SMALL)


def test_a_base_has_the_sizes_that_were_asked(small):
    base, examples, _, what = small
    assert base.base.hidden == 16 and base.base.inputs == 8 and base.base.k == 4
    assert base.phi.dim == 65 and len(base.protected) == 40 and base.classes == (0, 1, 2)
    assert len(examples) == 24 + cost.PUBLISHES and {example.class_id for example in examples} == {3, 4}
    assert what.snapshot.banks[-1].classes == (0, 1, 2, 3, 4)


def test_half_of_the_inputs_are_answered_by_the_bank(small):
    _, _, inputs, what = small
    plan = Plan(what.snapshot)
    speaking = [plan.answer(raw).speaker != BASE for raw in inputs]
    assert 0.3 <= np.mean(speaking) <= 0.7


def test_all_banks_are_open_at_once_in_the_worst_case(small):
    _, _, inputs, what = small
    plan = Plan(with_banks(what.snapshot, 4))
    states = np.array([plan.answer(raw).state for raw in inputs])
    assert states.shape == (len(inputs), 4)
    opened = (states != BankState.CLOSED).any(1)
    assert opened.any() and (states[opened] != BankState.CLOSED).all()
    assert with_banks(what.snapshot, 0).banks == ()


def test_versions_share_what_they_did_not_change(small):
    what = small[3]
    one, _ = versions_mb(what.snapshot, 1)
    ten, newest = versions_mb(what.snapshot, 10)
    bank = what.snapshot.banks[-1]
    assert ten - one == pytest.approx(9 * (bank.w.nbytes + bank.R.nbytes) / 1e6)
    assert newest.version == what.snapshot.version + 9


def test_ours_costs_what_its_parts_cost():
    rows = measure(SMALL, 0, 2, with_rivals=True, with_versions=False)
    assert {
        "ours",
        "ours, base alone",
        "numpy dense",
        "torch dense",
        "scikit-learn MLP",
        "river softmax",
    } <= rows.keys()
    known = random_base(SMALL, np.random.default_rng(0))[0].snapshot().known
    # Whether the input is known: it is weighted and squared, and each prototype costs a product.
    asked = 2 * 8 + len(known.near) * 8
    alone = 16 * 8 + 4 * (8 + 3) + asked
    assert rows["ours, base alone"]["macs"] == alone
    assert rows["numpy dense"]["macs"] == 16 * 8 + 16 * 5
    phi = (8 + 16) + 3 * 128 * (1 + 7) + 64 + 16 * 8
    examples = (24 + cost.PUBLISHES) * 8
    assert alone + phi + 65 <= rows["ours"]["macs"] <= alone + phi + 65 + 5 * 65 + examples
    for row in rows.values():
        assert 0 < row["serve_p50_us"] <= row["serve_p99_us"]
    assert rows["ours"]["learner_mb"] > 8 * 65 * (65 + 40) / 1e6
    assert rows["ours"]["protected_bits_changed"] == 0 and "protected_bits_changed" not in rows["numpy dense"]


def test_more_banks_cost_more_memory_and_products():
    one, four = (measure(replace(SMALL, banks=n), 0, 1, with_rivals=False, with_versions=False)["ours"] for n in (1, 4))
    assert four["macs"] >= one["macs"] + 3 * 65
    assert four["memory_mb"] > one["memory_mb"]


def test_contestants_answer_the_same_inputs_in_turn():
    log = []
    inputs = [np.zeros(1, np.float32), np.ones(1, np.float32)]
    calls = {name: (lambda raw, name=name: log.append((name, float(raw[0])))) for name in ("a", "b")}
    found = latencies(calls, inputs, rounds=2)
    one_round = [("a", 0.0), ("a", 1.0), ("b", 0.0), ("b", 1.0)]
    assert log == 3 * one_round
    assert set(found) == {"a", "b"}


def test_the_experiment_sweeps_one_size_at_a_time(monkeypatch):
    asked = []

    def made_up(sizes, seed, rounds, *, with_rivals, with_versions):
        asked.append(sizes)
        return {"ours": {"serve_p50_us": 1.0}}

    monkeypatch.setattr(cost, "measure", made_up)
    result = cost.run(Options(quick=True), Runs())
    points = [(size, value) for size, values in cost.QUICK_SWEEPS.items() for value in values]
    assert [(row["size"], row["value"]) for row in result.rows] == points
    assert all(row["method"] == "ours" and row["data"] == "blobs" for row in result.rows)
    default = Sizes()
    for sizes in asked:
        assert sum(getattr(sizes, name) != getattr(default, name) for name in cost.SWEEPS) <= 1
    assert len(set(asked)) >= len(asked) - 1
