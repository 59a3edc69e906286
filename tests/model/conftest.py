"""Small random models."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pytest

from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Bank, Base, Normaliser, Snapshot

WHOLE = 4
"""Integer-valued parameters lie in −4..4: their products and sums are exact in float32, so ties are real ties."""


class MakeBase(Protocol):
    def __call__(
        self, rng: np.random.Generator, d: int = 6, hidden: int = 8, classes: int = 3, k: int = 3, **more: Any
    ) -> Base: ...


class MakeSnapshot(Protocol):
    def __call__(self, rng: np.random.Generator, banks: int = 1, d: int = 6) -> Snapshot: ...


@pytest.fixture(scope="session")
def make_base() -> MakeBase:
    return _base


@pytest.fixture(scope="session")
def make_snapshot(make_base: MakeBase) -> MakeSnapshot:
    """A base that knows classes 0, 1, 2, and banks that know 2 and 3, open on about every other input."""

    def make(rng: np.random.Generator, banks: int = 1, d: int = 6) -> Snapshot:
        features, dim = 16, 17
        phi = Features(rng.normal(size=(features, d)), rng.uniform(0, 6, features))
        made = tuple(
            Bank(number + 1, rng.normal(size=dim), rng.normal(size=(2, dim)), (2, 3), tau=1.0, delta=0.2)
            for number in range(banks)
        )
        return Snapshot(
            classes=(0, 1, 2, 3) if banks else (0, 1, 2),
            normaliser=Normaliser(rng.normal(size=d), rng.uniform(0.5, 2, d)),
            base=make_base(rng, d=d),
            phi=phi if banks else None,
            banks=made,
        )

    return make


def _base(
    rng: np.random.Generator,
    d: int = 6,
    hidden: int = 8,
    classes: int = 3,
    k: int = 3,
    *,
    whole: bool = False,
    projection: int | None = None,
) -> Base:
    def draw(*shape: int) -> Any:
        if whole:
            return rng.integers(-WHOLE, WHOLE + 1, shape).astype(np.float32)
        return (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)

    width = d if projection is None else projection
    return Base(
        theta=draw(hidden, width),
        c=draw(hidden),
        W1=draw(hidden, d),
        b1=draw(hidden),
        V=draw(hidden, classes),
        b2=draw(classes),
        k=k,
        classes=tuple(range(classes)),
        psi=None if projection is None else draw(projection, d),
    )
