"""The answer of a quarter second: one mean for word, figures and bars, so that they never contradict each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

from dgstudio.types import F32

TEXT_S = 0.25
"""Wall seconds that words and figures stand, so that they can be read."""


class Quarters:
    """Quarters of a second of the wall, the same ones for all that ask: what is shown in two places then agrees."""

    def __init__(self) -> None:
        self._number: int | None = None

    def over(self, wall: float) -> bool:
        """Return whether another quarter has begun since this was asked last; True the first time."""
        number = math.floor(wall / TEXT_S)
        before, self._number = self._number, number
        return number != before

    def begin_again(self) -> None:
        """Let what is asked next be the first time."""
        self._number = None


class Answered(Protocol):
    """What every answer has, ours or another's: probabilities (C,) float32 of `classes`, and the class it names."""

    @property
    def classes(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def probabilities(self) -> F32: ...  # noqa: D102
    @property
    def top(self) -> int | None: ...  # noqa: D102


One = TypeVar("One", bound=Answered)


def answers_of(new: Sequence[One], newest: One | None) -> Sequence[One]:
    """Return what a frame tells of one model's answers: the new ones, or, where none is new, the newest once more."""
    return new or ([] if newest is None else [newest])


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
