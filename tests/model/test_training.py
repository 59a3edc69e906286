"""Training a base and its twin: they learn, the same bytes each time, and can be watched and stopped."""

from __future__ import annotations

import numpy as np
import pytest
from later import Later

from dgstudio.errors import BadInputError
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot

torch, gated, training = Later("torch"), Later("dgstudio.model.network"), Later("dgstudio.model.training")
CLASSES = (4, 9, 2)
SMALL = {"hidden": 24, "k": 6, "steps": 120, "rate": 1e-2}


@pytest.fixture(scope="module")
def data():
    """Three classes, each of two clouds, so that no line separates them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 2, (6, 5))
    rows = np.repeat(np.arange(6), 40)
    x = centres[rows] + rng.normal(0, 0.2, (240, 5))
    return x.astype(np.float32), np.asarray(CLASSES)[rows % 3]


@pytest.fixture(scope="module")
def base(data):
    return training.train_base(*data, CLASSES, seed=3, **SMALL)


def right(base, x, y):
    plan = Plan(Snapshot(classes=base.classes, base=base))
    return np.mean([base.classes[plan.answer(row).top] == label for row, label in zip(x, y, strict=True)])


def test_it_learns(base, data):
    assert base.classes == CLASSES and base.k == 6 and base.hidden == 24
    assert right(base, *data) >= 0.98


def test_a_projection_for_the_gates_is_fixed_and_used(data):
    base = training.train_base(*data, CLASSES, seed=3, projection=3, **SMALL)
    assert base.psi.shape == (3, 5) and base.theta.shape == (24, 3)
    longer = training.train_base(*data, CLASSES, seed=3, projection=3, **(SMALL | {"steps": 130}))
    assert longer.ids["psi"] == base.ids["psi"] and longer.ids["theta"] != base.ids["theta"]
    assert right(base, *data) >= 0.95


def test_the_seed_determines_every_byte(base, data):
    torch.rand(7)  # what others draw does not matter, and how many threads they use
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        again = training.train_base(*data, CLASSES, seed=3, **SMALL)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert again.ids == base.ids
    assert training.train_base(*data, CLASSES, seed=4, **SMALL).ids["W1"] != base.ids["W1"]


def test_the_twin_learns_from_the_same_start(data):
    settings = {name: value for name, value in SMALL.items() if name != "k"}
    W1, b1, V, b2 = training.train_dense(*data, CLASSES, seed=3, **settings)
    assert W1.shape == (24, 5) and V.shape == (24, 3)
    x, y = data
    top = (np.maximum(x @ W1.T + b1, 0) @ V + b2).argmax(1)
    assert (np.asarray(CLASSES)[top] == y).mean() >= 0.98
    again = training.train_dense(*data, CLASSES, seed=3, **settings)
    assert [a.tobytes() for a in again] == [a.tobytes() for a in (W1, b1, V, b2)]
    barely = {"hidden": 24, "steps": 1, "seed": 3, "rate": 1e-12}
    gated, dense = training.train_base(x, y, CLASSES, k=6, **barely), training.train_dense(x, y, CLASSES, **barely)
    for name, array in zip(("W1", "b1", "V", "b2"), dense, strict=True):
        np.testing.assert_allclose(getattr(gated, name), array, atol=1e-9)


def test_the_budget_pulls_the_active_share_down(data):
    def share(budget):
        base = training.train_base(*data, CLASSES, seed=3, budget=budget, **(SMALL | {"steps": 60}))
        network = gated.DynamicGateMLP.from_base(base)
        return float(network.active_share(network.scores(torch.tensor(data[0])), training.SOFT).detach())

    assert share(20.0) < share(0.0) - 0.05


def test_progress_tells_how_far_it_is(data):
    seen = []
    training.train_base(*data, CLASSES, seed=3, progress=seen.append, **(SMALL | {"steps": 110}))
    assert [p.step for p in seen] == [25, 50, 75, 100, 110] and {p.steps for p in seen} == {110}
    assert seen[-1].loss < seen[0].loss and seen[-1].accuracy > 0.9


@pytest.mark.parametrize("train", ["train_base", "train_dense"])
def test_it_can_be_stopped(data, train):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 10

    more = {"k": 2} if train == "train_base" else {}
    with pytest.raises(training.TrainingCancelled, match="10 of 500"):
        getattr(training, train)(*data, CLASSES, hidden=8, steps=500, cancelled=cancelled, **more)
    assert len(asked) == 11


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": np.zeros((0, 5))}, "class id each"),
        ({"x": np.zeros(240)}, "class id each"),
        ({"y": np.zeros(3)}, "class id each"),
        ({"x": np.full((240, 5), np.inf)}, "not finite"),
        ({"classes": (4,)}, "at least two"),
        ({"classes": (4, 4, 9, 2)}, "different"),
        ({"classes": (4, 9, 2, 7)}, "Class 7 has no example"),
        ({"classes": (4, 9)}, "not to be trained"),
        ({"hidden": 2000}, "hidden units is 2000"),
        ({"k": 25}, "open units is 25"),
        ({"k": 0}, "open units is 0"),
        ({"projection": 6}, "gates read is 6"),
        ({"steps": 0}, "0 steps"),
        ({"rate": 0.0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"rate": 1e38}, "rate"),
        ({"x": np.full((240, 5), 3e38)}, "diverged"),
    ],
)
def test_what_cannot_be_trained_gets_a_sentence(data, change, words):
    x, y = data
    arguments = {"x": x, "y": y, "classes": CLASSES, **(SMALL | {"steps": 4}), **change}
    with pytest.raises(BadInputError, match=words):
        training.train_base(**arguments)
