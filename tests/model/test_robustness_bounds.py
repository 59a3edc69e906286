"""Margins and bounds: never violated within the slack of design 4, and as tight as they are said to be."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dgstudio.model.plan import BANK_GAIN, Plan
from dgstudio.model.robustness_bounds import (
    EUCLIDEAN,
    LARGEST,
    bank_margins,
    change_bound,
    gate_margin,
    room,
    routing_room,
    weight_bound,
)
from dgstudio.model.snapshot import Base, Snapshot
from dgstudio.types import BASE, BankState

UNIT = 2.0**-24
seeds = st.integers(0, 2**32 - 1)


def slack(k: int, terms: float) -> float:
    """Rounding that design 4 allows for a sum of these terms, Σ|terms|."""
    return 2 * (k + 2) * UNIT * terms


def drawn(rng: np.random.Generator, d: int = 6) -> np.ndarray:
    return rng.normal(0, 2, d).astype(np.float32)


def based(base: Base) -> Plan:
    return Plan(Snapshot(classes=base.classes, base=base))


def score_terms(base: Base, x: np.ndarray) -> float:
    """Σ|terms| of the largest gate score."""
    psi = np.abs(x) if base.psi is None else np.abs(base.psi) @ np.abs(x)
    return float((np.abs(base.theta) @ psi + np.abs(base.c)).max())


# -- margins -----------------------------------------------------------------------------------------------------------


@given(seed=seeds, norm=st.sampled_from([EUCLIDEAN, LARGEST]), projected=st.booleans(), share=st.floats(0.01, 0.99))
def test_the_active_set_stays_within_the_radius(
    make_base: Any, seed: int, norm: str, projected: bool, share: float
) -> None:
    rng = np.random.default_rng(seed)
    base = make_base(rng, projection=4 if projected else None)
    plan, x = based(base), drawn(rng)
    answer = plan.answer(x)
    margin = gate_margin(plan, answer, norm)
    h = rng.normal(size=6)
    h /= np.linalg.norm(h) if norm == EUCLIDEAN else np.abs(h).max()
    moved = (x + share * margin.radius * h).astype(np.float32)
    # What the move leaves of the margin, and what rounding may take of it.
    assume((1 - share) * margin.gamma > 4 * slack(6, score_terms(base, np.maximum(np.abs(x), np.abs(moved)))))
    assert plan.answer(moved).active.tolist() == answer.active.tolist()


@given(seed=seeds, norm=st.sampled_from([EUCLIDEAN, LARGEST]), projected=st.booleans())
def test_just_beyond_the_radius_the_named_units_change_places(
    make_base: Any, seed: int, norm: str, projected: bool
) -> None:
    """So the radius is the distance itself, and no smaller bound would do."""
    rng = np.random.default_rng(seed)
    base = make_base(rng, projection=4 if projected else None)
    plan, x = based(base), drawn(rng)
    answer = plan.answer(x)
    margin = gate_margin(plan, answer, norm)
    G = base.theta.astype(float) if base.psi is None else base.theta.astype(float) @ base.psi
    towards = G[margin.enters] - G[margin.leaves]
    h = towards / np.linalg.norm(towards) if norm == EUCLIDEAN else np.sign(towards)
    moved = (x + (1.01 * margin.radius + 1e-3) * h).astype(np.float32)
    now = plan.answer(moved).active.tolist()
    assert margin.enters in now or margin.leaves not in now


@given(seed=seeds)
def test_scores_that_move_by_less_than_half_of_gamma_keep_the_set(make_base: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    base, x = make_base(rng), drawn(rng)
    answer = based(base).answer(x)
    gamma = gate_margin(based(base), answer).gamma
    assert gamma == pytest.approx(answer.margin, abs=slack(6, 2 * score_terms(base, x)))
    assume(0.02 * gamma > 4 * slack(6, score_terms(base, x)))
    shaken = replace(base, c=base.c + rng.choice([-0.49, 0.49], 8) * gamma)
    assert based(shaken).answer(x).active.tolist() == answer.active.tolist()


@given(seed=seeds, norm=st.sampled_from([EUCLIDEAN, LARGEST]))
def test_no_unit_changes_before_its_own_reach(make_base: Any, seed: int, norm: str) -> None:
    rng = np.random.default_rng(seed)
    base, x = make_base(rng), drawn(rng)
    plan = based(base)
    margin = gate_margin(plan, plan.answer(x), norm)
    assert margin.reach.min() == margin.radius
    assert margin.reach[[margin.leaves, margin.enters]].tolist() == [margin.radius] * 2
    before = set(plan.answer(x).active.tolist())
    for _ in range(20):
        h = rng.normal(size=6)
        h *= rng.uniform(0, 2) / (np.linalg.norm(h) if norm == EUCLIDEAN else np.abs(h).max())
        after = set(plan.answer((x + h).astype(np.float32)).active.tolist())
        size = np.linalg.norm(h) if norm == EUCLIDEAN else np.abs(h).max()
        assert all(margin.reach[j] <= size * (1 + 1e-4) + 1e-5 for j in before ^ after)


def test_ties_have_no_room_and_equal_gates_never_change_places() -> None:
    theta = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    base = Base(theta, np.zeros(4), np.eye(4, 2), np.zeros(4), np.ones((4, 2)), np.zeros(2), 1, (0, 1))
    plan = based(base)
    margin = gate_margin(plan, plan.answer(np.array([1.0, 0.0], np.float32)))
    assert margin.gamma == 0 and margin.leaves == 0 and margin.enters in (2, 3)
    assert margin.radius == pytest.approx(2**-0.5)
    tied = gate_margin(plan, plan.answer(np.ones(2, np.float32)))
    assert tied.radius == 0
    everyone = based(replace(base, k=4))
    margin = gate_margin(everyone, everyone.answer(np.ones(2, np.float32)))
    assert margin.gamma == margin.radius == math.inf and margin.leaves == -1
    with pytest.raises(ValueError, match="no norm “manhattan”"):
        gate_margin(plan, plan.answer(np.ones(2, np.float32)), "manhattan")
    assert gate_margin(Plan(Snapshot()), Plan(Snapshot()).answer(np.ones(2, np.float32))) is None


def test_bank_margins_say_what_each_bank_does(make_snapshot: Any) -> None:
    rng = np.random.default_rng(3)
    plan = Plan(make_snapshot(rng, banks=2))
    seen: Counter[int] = Counter()
    for _ in range(300):
        answer = plan.answer(drawn(rng))
        for place, margin in enumerate(bank_margins(plan, answer)):
            state = int(answer.state[place])
            seen[state] += 1
            assert (margin.router > 0) == (state != BankState.CLOSED)
            assert margin.router == pytest.approx(float(answer.r[place]) - 1.0)
            assert (margin.disagreement is None) == (state == BankState.CLOSED)
            if margin.disagreement is not None:
                assert (margin.disagreement > 0) == (state == BankState.SPEAKING)
                assert margin.least == min(abs(margin.router), abs(margin.disagreement))
    assert min(seen.values()) > 10 and len(seen) == 3


def test_a_bank_that_always_speaks_has_nothing_to_disagree_with(make_snapshot: Any) -> None:
    rng = np.random.default_rng(4)
    snapshot = make_snapshot(rng)
    always = Plan(snapshot.with_(banks=(replace(snapshot.banks[0], delta=np.inf, tau=-9.0),)))
    (margin,) = bank_margins(always, always.answer(drawn(rng)))
    assert margin.router > 0 and margin.disagreement is None and margin.least == margin.router
    alone = Plan(snapshot.with_(banks=(replace(snapshot.banks[0], R=snapshot.banks[0].R[:1], classes=(1,)),)))
    for _ in range(50):
        answer = alone.answer(drawn(rng))
        (margin,) = bank_margins(alone, answer)
        if answer.state[0] == BankState.SILENT and margin.disagreement == -math.inf:
            break
    else:
        raise AssertionError("a bank that knows only what the base says anyway never speaks")


# -- bounds of what moved weights may do -------------------------------------------------------------------------------


@given(seed=seeds, share=st.floats(0.0, 0.98))
def test_routing_numbers_may_move_within_their_room(make_snapshot: Any, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    snapshot = make_snapshot(rng, banks=2)
    plan, raw = Plan(snapshot), drawn(rng)
    answer = plan.answer(raw)
    size = routing_room(plan, answer)
    epsilon = share * size
    assume(size > 1e-4)

    def shaken(array: np.ndarray) -> np.ndarray:
        return array + epsilon * rng.choice([-1.0, 1.0], array.shape)

    moved = snapshot.with_(
        base=replace(snapshot.base, theta=shaken(snapshot.base.theta), c=shaken(snapshot.base.c)),
        banks=tuple(replace(bank, w=shaken(bank.w)) for bank in snapshot.banks),
    )
    now = Plan(moved).answer(raw)
    assert now.active.tolist() == answer.active.tolist()
    assert (now.state == BankState.CLOSED).tolist() == (answer.state == BankState.CLOSED).tolist()
    assert now.logits.tobytes() == answer.logits.tobytes()


@given(seed=seeds, scale=st.sampled_from([1e-4, 1e-2, 1.0]))
def test_no_weights_that_move_by_epsilon_change_the_answer_by_more_than_the_bound(
    make_snapshot: Any, seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    snapshot = make_snapshot(rng)
    snapshot = snapshot.with_(banks=(replace(snapshot.banks[0], delta=np.inf),))
    plan, raw = Plan(snapshot), drawn(rng)
    answer = plan.answer(raw)
    bound = weight_bound(plan, answer, scale)

    def shaken(array: np.ndarray) -> np.ndarray:
        return array + scale * rng.choice([-1.0, 1.0], array.shape)

    base = snapshot.base
    moved = replace(base, W1=shaken(base.W1), b1=shaken(base.b1), V=shaken(base.V), b2=shaken(base.b2))
    banks = tuple(replace(bank, R=shaken(bank.R)) for bank in snapshot.banks)
    now = Plan(snapshot.with_(base=moved, banks=banks)).answer(raw)
    assert now.speaker == answer.speaker and now.active.tolist() == answer.active.tolist()
    change = np.abs(now.logits.astype(float) - answer.logits)
    terms = 1 + np.abs(answer.logits) + np.abs(now.logits) + bound
    if answer.speaker != BASE:
        terms = terms + BANK_GAIN * np.abs(snapshot.banks[0].R).sum()
    assert (change <= bound + slack(16, 1) * terms).all()


def test_the_weight_bound_is_reached_by_the_worst_read_out(make_snapshot: Any) -> None:
    rng = np.random.default_rng(8)
    snapshot = make_snapshot(rng)
    plan = Plan(snapshot.with_(banks=(replace(snapshot.banks[0], tau=-9.0, delta=np.inf),)))
    answer = plan.answer(drawn(rng))
    bank = plan.snapshot.banks[0]
    worst = replace(bank, R=bank.R + 0.01 * np.sign(answer.z))
    moved = Plan(plan.snapshot.with_(banks=(worst,)))
    change = moved.forced(drawn(np.random.default_rng(9)), answer.active, 0)
    assert change.shape == (4,)
    now = BANK_GAIN * (worst.R @ answer.z) - BANK_GAIN * (bank.R @ answer.z)
    np.testing.assert_allclose(now, weight_bound(plan, answer, 0.01)[2:], rtol=1e-3)
    assert weight_bound(plan, answer, 0.01)[:2].tolist() == [0.0, 0.0], "it does not know them: they stay −30"


def test_where_nobody_answers_nothing_can_change() -> None:
    silent = Plan(Snapshot(classes=(5, 6)))
    answer = silent.answer(np.zeros(3, np.float32))
    assert weight_bound(silent, answer, 1.0).tolist() == [0.0, 0.0]
    assert routing_room(silent, answer) == math.inf
    assert bank_margins(silent, answer) == ()
    bound = change_bound(silent, silent, np.zeros(3, np.float32))
    assert bound.classes == (5, 6) and not bound.total.any()


def relative_of(snapshot: Snapshot, rng: np.random.Generator) -> Snapshot:
    """The same snapshot after an update of some kind: gates, units, read-outs, routers, classes, or several."""
    base, banks = snapshot.base, list(snapshot.banks)
    if rng.random() < 0.6:
        base = replace(base, theta=base.theta + rng.normal(0, 0.2, base.theta.shape))
    if rng.random() < 0.6:
        base = replace(base, **{n: getattr(base, n) + rng.normal(0, 0.1, getattr(base, n).shape) for n in ("W1", "V")})
    if rng.random() < 0.3:
        base = replace(base, b2=base.b2 + np.float32(0.25))
    if rng.random() < 0.5:
        banks[-1] = replace(banks[-1], R=banks[-1].R + rng.normal(0, 0.1, banks[-1].R.shape))
    if rng.random() < 0.5:
        banks[-1] = replace(banks[-1], w=banks[-1].w + rng.normal(0, 0.3, banks[-1].w.shape))
    if rng.random() < 0.2:
        R = np.concatenate([banks[-1].R, rng.normal(size=(1, banks[-1].R.shape[1]))])
        banks[-1] = replace(banks[-1], R=R, classes=(*banks[-1].classes, 1))
    classes = snapshot.classes if rng.random() < 0.7 else tuple(rng.permutation(4)[:3].tolist())
    return snapshot.with_(base=base, banks=tuple(banks), classes=classes)


@given(seed=seeds, banks=st.integers(1, 2))
def test_no_change_of_an_answer_exceeds_its_bound(make_snapshot: Any, seed: int, banks: int) -> None:
    rng = np.random.default_rng(seed)
    snapshot = make_snapshot(rng, banks=banks)
    a, b, raw = Plan(snapshot), Plan(relative_of(snapshot, rng)), drawn(rng)
    bound = change_bound(a, b, raw)
    one, other = a.answer(raw), b.answer(raw)
    mine = [a.snapshot.classes.index(c) for c in bound.classes]
    its = [b.snapshot.classes.index(c) for c in bound.classes]
    change = np.abs(other.logits[its].astype(float) - one.logits[mine])
    z_terms = BANK_GAIN * np.abs(np.concatenate([k.R for s in (a, b) for k in s.snapshot.banks])).sum(1).max()
    terms = np.abs(one.logits[mine]) + np.abs(other.logits[its]) + bound.total + z_terms
    assert (change <= bound.total + slack(16, 1) * terms).all()
    assert set(bound.flipped) == set(one.active.tolist()) ^ set(other.active.tolist())


def test_no_flips_no_routing_part_and_no_moved_weights_no_other(make_base: Any) -> None:
    rng = np.random.default_rng(12)
    seen: Counter[str] = Counter()
    for _ in range(60):
        base, x = make_base(rng), drawn(rng)
        plan = based(base)
        gates = based(replace(base, theta=base.theta + rng.normal(0, 0.1, base.theta.shape)))
        bound = change_bound(plan, gates, x)
        assert not bound.weights.any()
        if not bound.flipped:
            assert not bound.routing.any()
        else:
            one, other = plan.answer(x), gates.answer(x)
            u = {int(j): float(v) for a in (one, other) for j, v in zip(a.active, a.activations, strict=True)}
            expected = sum(np.abs(base.V[j]) * u[j] for j in bound.flipped)
            np.testing.assert_allclose(bound.routing, expected, rtol=1e-5)
        seen["flipped" if bound.flipped else "same"] += 1
        units = change_bound(plan, based(replace(base, V=base.V * 1.5)), x)
        assert not units.routing.any() and units.weights.any() == plan.answer(x).activations.any()
    assert min(seen.values()) > 5


def test_room_over_many_inputs_is_what_each_of_them_has(make_snapshot: Any) -> None:
    rng = np.random.default_rng(2)
    plan = Plan(make_snapshot(rng, banks=2))
    inputs = np.array([drawn(rng) for _ in range(20)])
    whole = room(plan, inputs)
    assert len(whole) == 20 and whole.router.shape == whole.disagreement.shape == (20, 2)
    for row, raw in enumerate(inputs):
        answer = plan.answer(raw)
        assert whole.radius[row] == gate_margin(plan, answer).radius
        assert whole.router[row].tolist() == [m.router for m in bank_margins(plan, answer)]
        assert np.isnan(whole.disagreement[row]).tolist() == [
            m.disagreement is None for m in bank_margins(plan, answer)
        ]
    both = room(plan, inputs[:7]) + room(plan, inputs[7:])
    np.testing.assert_array_equal(both.router, whole.router)
    assert len(room(plan, inputs[:0])) == 0
