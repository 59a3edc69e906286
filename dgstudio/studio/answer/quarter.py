"""The answer of a quarter second: one mean for word, figures and bars, so that they never contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

from dgstudio.types import F32

TEXT_S = 0.25
"""Wall seconds that words and figures stand, so that they can be read."""


class Answered(Protocol):
    """What every answer has, ours or another's: probabilities (C,) float32 of `classes`, and the class it names."""

    @property
    def classes(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def probabilities(self) -> F32: ...  # noqa: D102
    @property
    def top(self) -> int | None: ...  # noqa: D102


One = TypeVar("One", bound=Answered)


def mean_answer(readings: Sequence[One]) -> tuple[One, dict[int, float], int | None]:
    """Return the answer of a quarter second: a reading that gave it, the mean probability of each class, the top one.

    Readings before a change of the classes are left out. It is unsure (None) where most of them were.
    """
    newest = readings[-1]
    same = [reading for reading in readings if reading.classes == newest.classes]
    means = np.mean([reading.probabilities for reading in same], axis=0) if newest.classes else np.zeros(0)
    shares: dict[int, float] = dict(zip(newest.classes, means.tolist(), strict=False))
    tops = [reading.top for reading in same]
    if len(set(tops)) == 1 or not shares:
        return newest, shares, newest.top
    top = None if 2 * tops.count(None) > len(tops) else max(shares, key=lambda class_id: shares[class_id])
    return next((reading for reading in reversed(same) if reading.top == top), newest), shares, top
