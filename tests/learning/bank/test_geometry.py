"""From nothing: the labels say which features matter; each feature is measured by its own spread."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dgstudio.learning.bank.cold_start import fit
from dgstudio.learning.bank.fourier import median_distance, waves
from dgstudio.learning.bank.geometry import FEWEST, unit_power, weights
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.random_features import Features

MASS = 200.0


def normal(count: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, d))


def test_a_feature_that_decides_counts_more_than_those_that_do_not() -> None:
    x = normal(200, 6)
    w = weights(x, np.ones(6), (np.abs(x[:, 2]) > 0.7).astype(np.int64), MASS)
    assert w.argmax() == 2
    assert w[2] > 2 * np.delete(w, 2).max()
    # None is given up: it may matter for a class that comes later.
    assert w.min() > 0.05 * w[2]


def test_a_rule_of_short_reach_makes_a_narrow_kernel() -> None:
    x = normal(250, 2)
    smooth = weights(x, np.ones(2), (x.sum(1) + 2 * normal(250, 1, 1)[:, 0] > 0).astype(np.int64), MASS)
    rough = weights(x, np.ones(2), ((np.floor(x[:, 0]) + np.floor(x[:, 1])) % 2).astype(np.int64), MASS)
    assert rough.mean() > 2 * smooth.mean()


@pytest.mark.parametrize(("count", "classes"), [(FEWEST - 1, 2), (100, 1), (1, 1)])
def test_too_little_to_choose_from_gives_the_median_distance(count: int, classes: int) -> None:
    x = normal(count, 3)
    sigma = median_distance(x) or 6**0.5
    np.testing.assert_allclose(weights(x, np.ones(3), np.arange(count) % classes, MASS), np.full(3, 1 / sigma))


def test_examples_that_are_all_the_same_or_labelled_by_chance_give_finite_weights() -> None:
    same = weights(np.ones((50, 3)), np.ones(3), np.arange(50) % 2, MASS)
    chance = weights(normal(300, 3), np.ones(3), np.random.default_rng(1).integers(0, 3, 300), MASS)
    constant = weights(normal(60, 3) * [1, 0, 1], np.ones(3), np.arange(60) % 2, MASS)
    for w in (same, chance, constant):
        assert w.shape == (3,) and np.isfinite(w).all() and (w > 0).all()


def test_labels_say_whether_features_share_a_unit() -> None:
    # What decides is spread ten times as wide as what does not.
    spread = np.array([10.0, 10.0, *[1.0] * 30])
    shared, own = normal(100, 32), normal(100, 32, 1)
    w = weights(shared, spread, (shared[:, 0] * shared[:, 1] > 0).astype(np.int64), MASS)
    assert w[:2].min() > 5 * w[2:].max()
    # What decides is spread least.
    spread = np.array([0.01, 0.01, *[1.0] * 30])
    w = weights(own, spread, (own[:, 0] + own[:, 1] > 0).astype(np.int64), MASS)
    assert w[:2].min() > w[2:].max()


def test_a_base_s_classes_say_whether_its_features_share_a_unit() -> None:
    x, spread = normal(120, 40), np.array([10.0, 10.0, *[1.0] * 38])
    y = (x[:, 0] + x[:, 1] > 0).astype(np.int64)
    assert unit_power(x, spread, y, MASS) == 1.0
    assert unit_power(x, 1.0 / spread, y, MASS) == 0.0
    # All the same: nothing to choose by.
    assert unit_power(np.ones((20, 3)), np.array([1.0, 2.0, 3.0]), np.arange(20) % 2, MASS) == 0.5


def test_the_unit_of_a_feature_does_not_matter() -> None:
    x = normal(120, 4).astype(np.float32)
    y = (x[:, 1] > 0).astype(np.int64)
    units = np.array([1e6, 1.0, 1e-6, 1e3], np.float32)
    settings = LearnerSettings(features=64)
    plain, scaled = fit(x, y, settings), fit(x * units, y, settings)
    np.testing.assert_allclose(scaled[0](x * units), plain[0](x), atol=1e-4)
    np.testing.assert_allclose(scaled[1].gain, plain[1].gain, rtol=1e-2, atol=1e-3)
    assert scaled[1].signs.tobytes() == plain[1].signs.tobytes()


def test_a_constant_feature_keeps_a_scale_of_the_size_of_the_others() -> None:
    x = normal(40, 3).astype(np.float32) * np.float32(10)
    x[:, 1] = 5e3
    normaliser, _ = fit(x, np.arange(40) % 2, LearnerSettings(features=16))
    assert 0.1 < normaliser.scale[1] < 10


def matrix(count: int, dim: int) -> npt.NDArray[np.float64]:
    """Directions (count, dim) in radians."""
    drawn = waves(np.random.default_rng(0), count, dim)
    gain = np.ones(dim, np.float32)
    phi = Features(phase=drawn.phase, gain=gain, signs=drawn.signs, lengths=drawn.lengths)
    return 2 * np.pi * phi.directions()


@pytest.mark.parametrize(("count", "dim"), [(128, 128), (300, 128), (20, 128), (1, 128), (300, 256)])
def test_directions_are_orthogonal_by_blocks(count: int, dim: int) -> None:
    omega = matrix(count, dim)
    blocks = -(-count // dim)
    for block in range(blocks):
        gram = omega[block::blocks] @ omega[block::blocks].T
        np.testing.assert_allclose(gram, np.diag(gram.diagonal()), atol=1e-5)
    # As long as directions whose entries are N(0, 1) are on average.
    np.testing.assert_allclose(np.linalg.norm(omega, axis=1), dim**0.5, rtol=1e-6)


def test_directions_estimate_the_gaussian_kernel() -> None:
    x = normal(30, 10) / 10**0.5
    phase = 2 * np.pi * waves(np.random.default_rng(0), 4000, 10).phase
    z = (2 / 4000) ** 0.5 * np.cos(x @ matrix(4000, 10).T + phase)
    kernel = np.exp(-0.5 * np.square(x[:, None] - x[None]).sum(-1))
    assert np.abs(z @ z.T - kernel).max() < 0.08
