"""The torch forward: the same answer as the serving kernel, straight-through gradients, the budget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from later import Later

from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot

torch, gated = Later("torch"), Later("dgstudio.model.network")
CLOSE = 1e-5


def both(base, x):
    """Logits and active units by torch (all at once), and by the plan (one at a time)."""
    network = gated.DynamicGateMLP.from_base(base)
    rows = torch.tensor(x)
    with torch.no_grad():
        logits, mask = network(rows).numpy(), network.open_units(network.scores(rows)).numpy()
    plan = Plan(Snapshot(classes=base.classes, base=base))
    return logits, [np.flatnonzero(row) for row in mask], [plan.answer(row) for row in x]


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    d=st.integers(1, 12),
    hidden=st.integers(1, 24),
    classes=st.integers(2, 5),
    share=st.floats(0, 1),
    projected=st.booleans(),
)
def test_the_plan_picks_the_same_units_ties_included(make_base, seed, d, hidden, classes, share, projected):
    """Whole numbers make every sum exact in any order, so equal scores are equal in both."""
    rng = np.random.default_rng(seed)
    k = max(1, round(share * hidden))
    base = make_base(rng, d, hidden, classes, k, whole=True, projection=2 if projected else None)
    logits, units, answers = both(base, rng.integers(-3, 4, (6, d)).astype(np.float32))
    for row, active, answer in zip(logits, units, answers, strict=True):
        assert active.tolist() == answer.active.tolist()
        assert row.tobytes() == answer.logits.tobytes()


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), projected=st.booleans())
def test_the_plan_agrees_on_real_numbers(make_base, seed, projected):
    rng = np.random.default_rng(seed)
    base = make_base(rng, 20, 32, 4, 8, projection=5 if projected else None)
    logits, units, answers = both(base, rng.normal(size=(16, 20)).astype(np.float32))
    for row, active, answer in zip(logits, units, answers, strict=True):
        if answer.margin > CLOSE:
            assert active.tolist() == answer.active.tolist()
            np.testing.assert_allclose(row, answer.logits, atol=CLOSE)


def test_the_plan_agrees_at_full_size(make_base):
    rng = np.random.default_rng(2)
    base = make_base(rng, d=4096, hidden=1024, classes=6, k=128, projection=256)
    logits, units, answers = both(base, rng.normal(size=(3, 4096)).astype(np.float32))
    for row, active, answer in zip(logits, units, answers, strict=True):
        assert answer.margin > CLOSE and active.tolist() == answer.active.tolist()
        np.testing.assert_allclose(row, answer.logits, atol=CLOSE)


@pytest.mark.parametrize("projection", [None, 3])
def test_a_base_comes_back_byte_for_byte(make_base, projection):
    base = make_base(np.random.default_rng(3), projection=projection)
    again = gated.DynamicGateMLP.from_base(base).to_base(base.classes)
    assert again.ids == base.ids and (again.k, again.classes) == (base.k, base.classes)


def test_a_network_and_its_base_share_no_memory(make_base):
    network = gated.DynamicGateMLP.from_base(make_base(np.random.default_rng(3)))
    base = network.to_base((0, 1, 2))
    before = base.W1.tobytes()
    with torch.no_grad():
        network.W1 += 1
    assert base.W1.tobytes() == before


def test_the_estimator_is_hard_forward_and_soft_backward():
    network = gated.DynamicGateMLP(4, 6, 2, 2, torch.Generator().manual_seed(0))
    s = torch.tensor([[3.0, -1.0, 0.5, 0.5, -2.0, 0.0]], requires_grad=True)
    m = network.gates(s, T_g=0.5)
    assert m.tolist() == [[1, 0, 1, 0, 0, 0]]
    weights = torch.arange(1.0, 7.0)
    (m * weights).sum().backward()
    soft = torch.sigmoid(s.detach() / 0.5)
    torch.testing.assert_close(s.grad, weights * soft * (1 - soft) / 0.5)


def test_a_closed_unit_is_not_moved_but_its_gate_hears_what_it_would_have_done():
    generator = torch.Generator().manual_seed(1)
    network = gated.DynamicGateMLP(5, 12, 3, 4, generator)
    x = torch.randn((1, 5), generator=generator)
    network.loss(x, torch.tensor([1]), T_g=1.0, strength=0.0, target=0.5).backward()
    s = network.scores(x)
    closed = network.open_units(s)[0] == 0
    assert not network.W1.grad[closed].any() and not network.V.grad[closed].any()
    would_fire = closed & (x @ network.W1.T + network.b1 > 0)[0]
    assert would_fire.any() and (network.c.grad[would_fire] != 0).all()


def test_the_budget_counts_only_above_its_target():
    network = gated.DynamicGateMLP(4, 8, 2, 2, torch.Generator().manual_seed(0))
    x, y = torch.ones((3, 4)), torch.zeros(3, dtype=torch.long)
    share = float(network.active_share(network.scores(x), 1.0).detach())

    def loss(strength, target):
        return float(network.loss(x, y, 1.0, strength, target).detach())

    plain = loss(0.0, 0.0)
    assert loss(2.0, share + 0.1) == plain
    assert loss(2.0, share - 0.1) == pytest.approx(plain + 0.2, abs=1e-5)
