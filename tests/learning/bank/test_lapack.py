"""The routines called through pointers are scipy's, bit for bit, and let other threads run."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy.linalg import lapack

from dgstudio.learning.bank.lapack import cholesky, reciprocal_condition, solve_factored, symmetric_inverse


def positive(n: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, n + 5))
    return rows @ rows.T + np.eye(n)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 200])
def test_the_bits_are_those_of_scipy(n: int) -> None:
    S, sides = positive(n), np.random.default_rng(1).normal(size=(n, 4))
    factor = S.copy()
    assert cholesky(factor)
    theirs, info = lapack.dpotrf(S.T.copy(order="F"), lower=0, clean=0)
    assert info == 0
    assert np.tril(factor).tobytes() == np.ascontiguousarray(np.triu(theirs).T).tobytes()
    before = sides.copy()
    ours, (wanted, _) = solve_factored(factor, sides), lapack.dpotrs(theirs, sides, lower=0)
    assert np.ascontiguousarray(ours).tobytes() == np.ascontiguousarray(wanted).tobytes()
    assert sides.tobytes() == before.tobytes()
    norm = float(np.abs(S).sum(0).max())
    assert reciprocal_condition(factor, norm) == lapack.dpocon(theirs, norm, uplo="U")[0] > 0
    np.testing.assert_allclose(S @ ours, sides, atol=1e-8)


@pytest.mark.parametrize("n", [1, 2, 7, 128, 129, 300])
def test_an_inverse_has_the_bits_of_scipy(n: int) -> None:
    S = positive(n)
    factor, _ = lapack.dpotrf(S, lower=1)
    theirs, _ = lapack.dpotri(factor, lower=1)
    ours, before = symmetric_inverse(S), S.copy()
    assert ours is not None and S.tobytes() == before.tobytes()
    lower = np.tril(theirs)
    assert ours.tobytes() == np.ascontiguousarray(lower + np.tril(lower, -1).T).tobytes()
    np.testing.assert_allclose(S @ ours, np.eye(n), atol=1e-8)
    assert symmetric_inverse(-S) is None


def test_only_the_lower_triangle_is_read() -> None:
    S = positive(9)
    other = np.tril(S) + np.triu(np.full((9, 9), np.nan), 1)
    one, two = S.copy(), other.copy()
    assert cholesky(one) and cholesky(two)
    assert np.tril(one).tobytes() == np.tril(two).tobytes()


def test_what_is_not_positive_is_told() -> None:
    assert not cholesky(np.diag([1.0, -1.0, 2.0]))


def test_other_threads_run_meanwhile() -> None:
    """While one factorisation goes on, another thread counts: a held lock would leave it where it was."""
    S, counted, done = positive(1500), [0], threading.Event()

    def count() -> None:
        while not done.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    assert cholesky(S)
    after = counted[0]
    done.set()
    thread.join()
    assert after - before > 1000
