"""Hildreth's projection: the nearest router that stays closed, as a quadratic programme would find it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from dgstudio.errors import Rejected
from dgstudio.learning.bank.locked_bank import hildreth

LIMIT = -0.6


class Problem:
    """Scores r (N,) and G = Z Zᵀ + ridge; `rows` counts what it is asked for."""

    def __init__(self, seed: int, count: int, dim: int, ridge: float = 0.05) -> None:
        rng = np.random.default_rng(seed)
        Z = rng.normal(size=(count, dim)) / np.sqrt(dim)
        self.G = Z @ Z.T + ridge * np.eye(count)
        self.r = rng.normal(LIMIT - 0.3, 0.6, count)
        self.asked: list[int] = []

    def rows(self, members: np.ndarray) -> np.ndarray:
        self.asked += members.tolist()
        return self.G[members]

    def solve(self, slack: float, rounds: int = 200) -> tuple[np.ndarray, int, np.ndarray]:
        """λ, sweeps, and the scores that are left."""
        multipliers, sweeps = hildreth(self.r, self.rows, LIMIT, slack, rounds)
        return multipliers, sweeps, self.r - self.G @ multipliers


problems = st.builds(Problem, st.integers(0, 10_000), st.integers(1, 30), st.integers(10, 30))


@given(problems)
def test_the_limit_is_kept_with_multipliers_that_are_not_negative(problem: Problem) -> None:
    multipliers, sweeps, left = problem.solve(0.02)
    assert left.max() <= LIMIT + 0.02 + 1e-12
    assert (multipliers >= 0).all()
    assert (sweeps == 0) == (problem.r.max() <= LIMIT + 0.02)


def test_where_it_converges_it_is_the_optimum_of_the_quadratic_programme_and_near_it_elsewhere() -> None:
    """The dual, min ½ λᵀGλ − λᵀ(r − limit) over λ ≥ 0, is a least-squares problem with λ ≥ 0.

    Sweeps end at the first router that is closed everywhere; where that overshoots, it is not quite the nearest one.
    """
    converged = 0
    for seed in range(80):
        problem = Problem(seed, 1 + seed % 30, 10 + seed % 20)
        multipliers, sweeps, left = problem.solve(1e-9, 20_000)
        L = np.linalg.cholesky(problem.G)
        best, _ = nnls(L.T, np.linalg.solve(L, problem.r - LIMIT))
        moved, least = (float(np.sqrt(m @ problem.G @ m)) for m in (multipliers, best))
        assert left.max() <= LIMIT + 2e-9 and (multipliers >= 0).all()
        assert least * (1 - 1e-6) <= moved <= least * 1.25
        # Complementary slackness: who is pushed lies on the limit.
        if sweeps and (multipliers * np.abs(left - LIMIT)).max() < 1e-7:
            converged += 1
            np.testing.assert_allclose(multipliers, best, atol=1e-5)
    assert converged > 50


@given(problems)
def test_only_inputs_that_ever_violate_are_asked_for_and_once(problem: Problem) -> None:
    multipliers, _, _ = problem.solve(0.02)
    assert len(problem.asked) == len(set(problem.asked))
    assert set(np.flatnonzero(multipliers)) <= set(problem.asked)
    again, _, _ = problem.solve(0.02)
    assert again.tobytes() == multipliers.tobytes()


def test_an_input_that_the_first_push_opens_joins_in() -> None:
    """Pushing number 0 down pulls number 1, which was closed, above the limit."""
    problem = Problem(0, 2, 2)
    problem.G = np.array([[1.0, -0.8], [-0.8, 1.0]])
    problem.r = np.array([1.0, -0.7])
    multipliers, _, left = problem.solve(1e-9, 1000)
    assert problem.asked == [0, 1] and (multipliers > 0).all()
    np.testing.assert_allclose(left, LIMIT, atol=1e-8)


def test_without_violations_there_are_no_rounds() -> None:
    problem = Problem(1, 8, 4)
    problem.r[:] = LIMIT + 0.019
    multipliers, sweeps, _ = problem.solve(0.02)
    assert sweeps == 0 and not multipliers.any() and not problem.asked
    multipliers, sweeps = hildreth(np.zeros(0), problem.rows, LIMIT, 0.02, 200)
    assert sweeps == 0 and len(multipliers) == 0


def test_what_cannot_be_kept_closed_is_rejected() -> None:
    """Two inputs whose scores always add up to 2 cannot both be below −0.6."""
    problem = Problem(0, 2, 2)
    problem.G = np.array([[1.0, -1.0], [-1.0, 1.0]])
    problem.r = np.array([1.0, 1.0])
    with pytest.raises(Rejected, match="closed on all 2 protected inputs within 200 rounds"):
        problem.solve(0.02)


def test_it_gives_up_after_the_rounds_it_was_given() -> None:
    problem = Problem(3, 30, 5, ridge=1e-3)
    problem.r[:] = 1.0
    with pytest.raises(Rejected, match="within 2 rounds"):
        problem.solve(1e-9, 2)
