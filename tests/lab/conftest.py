"""What several experiments are tried on."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return a file of 240 points in four clouds."""
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(4), 60)
    X = rng.normal(0.0, 2.5, (4, 6))[y] + rng.normal(size=(len(y), 6))
    path = tmp_path_factory.mktemp("data") / "blobs.npz"
    np.savez(path, X=X, y=y)
    return path
