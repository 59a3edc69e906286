"""Which of the newest examples still hold: shorter windows where the concept turned, all where it did not."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.lab.recency import JUDGED, newest_that_hold

MASS = 200.0


def features(count: int, seed: int = 0) -> np.ndarray:
    """Random Fourier features (count, 129) of points in the plane, and the plane's first coordinate."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 2))
    waves = np.random.default_rng(9)
    z = (2 / 128) ** 0.5 * np.cos(x @ waves.standard_normal((2, 128)) + waves.uniform(0, 2 * np.pi, 128))
    return np.column_stack([z, np.ones(count), x[:, 0]])


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_drifts_all_examples_hold(seed: int) -> None:
    made = features(800, seed)
    assert newest_that_hold(made[:, :-1], (made[:, -1] > 0).astype(np.int64), MASS) >= 400


def test_examples_from_before_the_concept_turned_do_not_hold() -> None:
    made = features(800)
    y = (made[:, -1] > 0).astype(np.int64)
    y[:600] = 1 - y[:600]
    assert newest_that_hold(made[:, :-1], y, MASS) == 200


@pytest.mark.parametrize("count", [1, 50, 2 * JUDGED - 1])
def test_few_examples_are_all_kept(count: int) -> None:
    made = features(count)
    assert newest_that_hold(made[:, :-1], np.arange(count) % 3, MASS) == count


def test_a_class_that_only_the_old_examples_have_is_no_obstacle() -> None:
    made = features(400)
    y = (made[:, -1] > 0).astype(np.int64)
    y[:50] = 2
    assert newest_that_hold(made[:, :-1], y, MASS) >= 100
