"""The regression in closed form: plain weighted ridge over old and new, and the sums that it stands on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from dgstudio.errors import Rejected
from dgstudio.learning.bank.example_store import ExampleStore
from dgstudio.learning.bank.locked_bank import (
    RIDGE,
    RIDGE_BIAS,
    Solution,
    Statistics,
    Sums,
    bank_classes,
    example_weights,
    solve,
    with_prior,
)
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.types import Example

Label = Callable[..., list[Example]]
SETTINGS = LearnerSettings()


class Dense:
    """The same regression the long way: A = Σ v z zᵀ + ridge and its right-hand sides, over old and new, solved."""

    def __init__(self, base: BaseModel, examples: list[Example], protected: int) -> None:
        plan = Plan(base.snapshot())
        rows = np.array([plan.embed(raw) for raw in base.protected[:protected]], np.float64)
        self.Z_P = rows.reshape(protected, base.phi.dim)
        self.Z = np.array([plan.embed(e.features) for e in examples], np.float64)
        self.ids = np.array([e.class_id for e in examples])
        self.below = np.array([base.classes[plan.answer(e.features).top] for e in examples])
        self.sums = Sums(base.A0, base.B0, base.b_r, tuple(base.classes))
        self.v = example_weights(self.ids, self.below, base.classes, SETTINGS)
        self.classes = bank_classes(base.classes, self.ids)
        A0, B0 = base.A0.astype(np.float64), np.zeros((base.phi.dim, len(self.classes) + 1))
        B0[:, : len(base.classes)], B0[:, -1] = base.B0, base.b_r
        onehot = np.zeros((len(examples), len(self.classes) + 1))
        onehot[np.arange(len(examples)), [self.classes.index(c) for c in self.ids]] = 1
        self.A = A0 + (self.Z.T * self.v) @ self.Z
        self.weights = np.linalg.solve(self.A, B0 + (self.Z.T * self.v) @ onehot)

    def solved(self, order: np.ndarray) -> Solution:
        statistics = Statistics(self.sums, self.Z_P)
        store = ExampleStore(statistics)
        for i in order:
            store.add(int(i), int(self.ids[i]), self.Z[i], int(self.below[i]))
        return solve(statistics, store, SETTINGS)


def mixed(label: Label, counts: list[int], seed: int) -> list[Example]:
    return [e for c, n in enumerate(counts) for e in label(c, n, first=100 * c, seed=seed + c)]


def error(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


@given(counts=st.lists(st.integers(0, 8), min_size=5, max_size=5).filter(any), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_without_protected_inputs_it_is_weighted_ridge_regression(
    counts: list[int], seed: int, small: BaseModel, label: Label
) -> None:
    dense = Dense(small, mixed(label, counts, seed), 0)
    solution = dense.solved(np.random.default_rng(seed).permutation(len(dense.ids)))
    assert solution.classes == dense.classes and solution.rounds == 0
    assert error(solution.weights, dense.weights) < 1e-6
    # The same in its dual form: base statistics and one row an example.
    M0 = np.linalg.inv(small.A0.astype(np.float64))
    assert error(solution.base_part + (dense.Z @ M0).T @ solution.alpha, dense.weights) < 1e-6


def test_at_the_usual_size_too(base: BaseModel, label: Label) -> None:
    dense = Dense(base, mixed(label, [0, 9, 0, 40, 25], 5), 0)
    assert error(dense.solved(np.arange(len(dense.ids))).weights, dense.weights) < 1e-6


def test_a_projected_router_is_the_nearest_one_in_the_metric_of_the_regression(base: BaseModel, label: Label) -> None:
    """A (w* − w) = Z_Pᵀ λ with λ ≥ 0, λ only where r reaches the limit; the read-out is as without P."""
    near = [*label(3, 4), *[Example(50 + i, 4, 0, raw, 0, 1) for i, raw in enumerate(base.protected[:6] + 0.05)]]
    dense = Dense(base, near, len(base.protected))
    solution = dense.solved(np.arange(len(near)))
    assert solution.rounds > 0
    assert error(solution.weights[:, :-1], dense.weights[:, :-1]) < 1e-6
    moved = dense.A @ (dense.weights[:, -1] - solution.weights[:, -1])
    multipliers, rest = nnls(dense.Z_P.T, moved)
    assert rest < 1e-6 * np.abs(moved).max()
    r = 1 + dense.Z_P @ solution.weights[:, -1]
    free = 1 + dense.Z_P @ dense.weights[:, -1]
    assert free.max() > -SETTINGS.margin + 0.02 >= r.max() - 1e-9
    # The sweeps end within the slack, so what they push lies at the limit within the slack, by weight.
    assert multipliers.any()
    assert abs(multipliers @ (-SETTINGS.margin - r)) < 0.02 * multipliers.sum()


def test_examples_weigh_kappa_mu_over_their_number_and_at_most_one_where_nothing_is_to_be_learned() -> None:
    ids = np.array([3, 3, 3, 3, 0, 0, 5])
    below = np.array([0, 3, 1, -1, 0, 1, -1])
    v = example_weights(ids, below, (), LearnerSettings(kappa=2.0, mu=10.0))
    np.testing.assert_array_equal(v, [5, 1, 5, 5, 1, 10, 20])
    many = example_weights(np.zeros(80, np.int64), np.zeros(80, np.int64), (), LearnerSettings(kappa=1.0, mu=8.0))
    np.testing.assert_array_equal(many, np.full(80, 0.1))


def test_a_slip_of_the_hand_does_not_weigh_as_much_as_all_the_rest() -> None:
    ids, below = np.array([3] * 20 + [0]), np.full(21, 1)
    settings = LearnerSettings(kappa=1.0, mu=20.0)
    v = example_weights(ids, below, (0, 1), settings)
    typical = (20**2 + 1) / 21
    np.testing.assert_allclose(v, [1.0] * 20 + [20 / typical])
    # A class that is known by its examples alone is weighed up to the others, however few they are.
    np.testing.assert_allclose(example_weights(ids, below, (1,), settings), [1.0] * 20 + [20.0])
    # Alone, a correction of an old class weighs in full.
    np.testing.assert_allclose(example_weights(ids[-1:], below[-1:], (0, 1), settings), [20.0])


def test_the_prior_adds_the_router_to_the_classes_that_the_examples_show(base: BaseModel, label: Label) -> None:
    dense = Dense(base, mixed(label, [1, 0, 0, 4, 0, 1], 1), 10)
    plain = dense.solved(np.arange(len(dense.ids)))
    leaning = with_prior(plain, dense.ids, base.classes, 0.3)
    z = dense.Z[0]
    t, r = z @ plain.weights[:, :-1], 1 + z @ plain.weights[:, -1]
    # Class 0, which has mass, has one example of six and counts as three, the size that a typical example sees; of a
    # class with a single one the bank is only half as sure.
    added = {
        3: 0.3 * 16 / 17 * (r + 1.5 * 0.5), 5: 0.3 * 0.5 * (r + 1.5), 0: 0.1 * 9 / 10 * (r + 1.5 * 3**-0.5)
    }  # fmt: skip
    expected = [score + added.get(c, 0.0) for c, score in zip(plain.classes, t, strict=True)]
    np.testing.assert_allclose(z @ leaning.weights[:, :-1], expected, rtol=1e-9)
    np.testing.assert_array_equal(leaning.weights[:, -1], plain.weights[:, -1])
    np.testing.assert_array_equal(with_prior(plain, dense.ids, base.classes, 0.0).weights, plain.weights)


def test_the_bank_knows_the_classes_with_mass_then_those_with_examples() -> None:
    assert bank_classes((2, 0, 1), np.array([7, 1, 4, 7])) == (2, 0, 1, 4, 7)
    assert bank_classes((), np.array([7, 4])) == (4, 7)


def test_folding_adds_each_class_with_mass_mu(small: BaseModel, label: Label) -> None:
    dense = Dense(small, mixed(label, [0, 3, 0, 5, 0], 1), 0)
    folded = dense.sums.folded(dense.Z, dense.ids, 50.0)
    assert folded.classes == (0, 1, 2, 3)
    v = np.where(dense.ids == 1, 50 / 3, 10.0)
    np.testing.assert_allclose(folded.A0, small.A0 + (dense.Z.T * v) @ dense.Z, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(folded.b_r, small.b_r - 2 * (dense.Z.T * v).sum(1), rtol=1e-5, atol=1e-4)
    of_3 = 10 * dense.Z[dense.ids == 3].sum(0)
    np.testing.assert_allclose(folded.B0[:, 3], of_3, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(folded.B0[:, [0, 2]], small.B0[:, [0, 2]])


def test_a_base_ships_the_sums_over_its_training_set(small: BaseModel) -> None:
    """Bias entries of A0, B0 and b_r count masses: μ a class, aimed at 1 in its column and at −2 in the router's."""
    assert small.A0[-1, -1] == pytest.approx(3 * 50 + RIDGE_BIAS, rel=1e-5)
    np.testing.assert_allclose(small.B0[-1], 50, rtol=1e-5)
    assert small.b_r[-1] == pytest.approx(-2 * 150, rel=1e-5)


def test_statistics_are_inverse_and_products_of_the_sums(small: BaseModel) -> None:
    Z_P = Dense(small, [Example(0, 3, 0, small.protected[0], 0, 1)], len(small.protected)).Z_P
    statistics = Statistics(Sums(small.A0, small.B0, small.b_r, (0, 1, 2)), Z_P)
    A0 = small.A0.astype(np.float64)
    np.testing.assert_allclose(statistics.M0 @ A0, np.eye(len(A0)), atol=1e-7)
    np.testing.assert_allclose(A0 @ statistics.W0[:, :3], small.B0, atol=1e-5)
    np.testing.assert_allclose(statistics.K_PP, Z_P @ np.linalg.solve(A0, Z_P.T), atol=1e-7)
    np.testing.assert_allclose(statistics.r0, 1 + Z_P @ np.linalg.solve(A0, small.b_r), atol=1e-6)
    q, against = statistics.products(Z_P[3])
    np.testing.assert_allclose(q, statistics.Q_P[3], atol=1e-9)
    np.testing.assert_allclose(against, statistics.K_PP[3], atol=1e-9)
    empty = Sums.empty(5)
    np.testing.assert_array_equal(np.diag(empty.A0), np.float32([RIDGE] * 4 + [RIDGE_BIAS]))
    assert empty.classes == () and not empty.b_r.any()


@pytest.mark.parametrize("damage", ["indefinite", "NaN", "infinite side"])
def test_damaged_sums_are_refused(damage: str, small: BaseModel) -> None:
    A0, b_r = small.A0.copy(), small.b_r.copy()
    if damage == "indefinite":
        A0[0, 0] = -1
    elif damage == "NaN":
        A0[3, 2] = A0[2, 3] = np.nan
    else:
        b_r[0] = np.inf
    with np.errstate(invalid="ignore"), pytest.raises(Rejected, match="load another base model"):
        Statistics(Sums(A0, small.B0, b_r, (0, 1, 2)), np.zeros((0, len(b_r))))


def test_an_ill_conditioned_system_is_refused(small: BaseModel, label: Label) -> None:
    """Examples that repeat each other, weighed so much that no ridge is left to tell them apart."""
    dense = Dense(small, [Example(i, 3, 0, label(3, 1)[0].features, 0, 1) for i in range(6)], 0)
    statistics = Statistics(dense.sums, dense.Z_P)
    store = ExampleStore(statistics)
    for i, z in enumerate(dense.Z):
        store.add(i, 3, z, 0)
    assert solve(statistics, store, SETTINGS).rounds == 0
    with pytest.raises(Rejected, match="over 6 examples is ill-conditioned"):
        solve(statistics, store, LearnerSettings(kappa=1e13))


def test_numbers_that_are_not_finite_are_refused(small: BaseModel, label: Label) -> None:
    dense = Dense(small, label(3, 3), 4)
    for value in (np.nan, np.inf):
        statistics = Statistics(dense.sums, dense.Z_P)
        store = ExampleStore(statistics)
        with np.errstate(invalid="ignore"):
            for i, z in enumerate(dense.Z):
                store.add(i, 3, z * (value if i == 1 else 1), 0)
            with pytest.raises(Rejected, match=r"ill-conditioned|not finite"):
                solve(statistics, store, SETTINGS)


@given(acts=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=60), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_the_store_holds_what_was_added_and_not_forgotten_sorted(
    acts: list[tuple[int, bool]], seed: int, small: BaseModel
) -> None:
    rng = np.random.default_rng(seed)
    statistics = Statistics(Sums(small.A0, small.B0, small.b_r, (0, 1, 2)), rng.normal(size=(5, small.phi.dim)))
    points = rng.normal(size=(13, small.phi.dim))
    store = ExampleStore(statistics)
    there: set[int] = set()
    for example_id, adds in acts:
        if adds:
            store.add(example_id, example_id % 3, points[example_id], -1)
            there.add(example_id)
        else:
            store.forget([example_id])
            there.discard(example_id)
    ids = sorted(there)
    assert store.ids.tolist() == ids and len(store) == len(ids)
    assert all((i in store) == (i in there) for i in range(13))
    assert store.class_ids.tolist() == [i % 3 for i in ids]
    np.testing.assert_array_equal(store.Z, points[ids])
    np.testing.assert_allclose(store.Q, points[ids] @ statistics.M0, atol=1e-9)
    lower = np.tril(np.ones((len(ids), len(ids)), bool))
    np.testing.assert_allclose(store.K[lower], (points[ids] @ statistics.M0 @ points[ids].T)[lower], atol=1e-8)
    np.testing.assert_allclose(store.K_nP, points[ids] @ statistics.Q_P.T, atol=1e-8)
