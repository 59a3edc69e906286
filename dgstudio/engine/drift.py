"""Has the stream drifted? How unlike its inputs are to what was learned, watched by a Page–Hinkley test; only told."""

from __future__ import annotations

from collections import deque

import numpy as np

from dgstudio.engine.lane import Lane
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import F32

EVERY = 4
"""One of so many answers is looked at."""
PER_TURN = 8
SHOWN = 64
"""Looked-at answers in the figure that is shown."""
LARGEST = 3.0
"""Beyond three times unusual it does not matter how far."""


class PageHinkley:
    """Page's (1954) cumulative test for a rise of the mean, with Hinkley's minimum; river's `drift.PageHinkley` is it.

    After each value x_t: m_t = Σ (x_i − x̄_i − δ), x̄_i the mean so far; a rise is told when m_t − min m exceeds λ, and
    the test begins afresh. λ is above what half a second between two gestures adds up to.
    """

    def __init__(self, tolerance: float = 0.2, threshold: float = 15.0, warm_up: int = 30) -> None:
        self._tolerance, self._threshold, self._warm_up = tolerance, threshold, warm_up
        self._count = 0
        self._mean = 0.0
        self._sum = 0.0
        self._least = 0.0

    def add(self, value: float) -> bool:
        """Take one value; True if the mean has risen."""
        self._count += 1
        self._mean += (value - self._mean) / self._count
        self._sum += value - self._mean - self._tolerance
        self._least = min(self._least, self._sum)
        if self._count <= self._warm_up or self._sum - self._least <= self._threshold:
            return False
        self._count, self._mean, self._sum, self._least = 0, 0.0, 0.0, 0.0
        return True


class DriftWatch:
    """Looks at some of the new readings, in dg-learn's idle turns.

    `novelty` is the mean of the newest: 0 is as usual for what the base was trained on and the examples show, 1 as
    unusual as one in two hundred of those; None where there is no base to compare with.
    """

    def __init__(self, lane: Lane) -> None:
        self.novelty: float | None = None
        self._lane = lane
        self._next = 0
        self._recent: deque[float] = deque(maxlen=SHOWN)
        self._test = PageHinkley()
        self._plan: Plan | None = None

    def turn(self, snapshot: Snapshot) -> bool:
        """Look at what is new; True if the stream has drifted since the last time that this was said."""
        readings, self._next = self._lane.readings.since(self._next)
        phi = snapshot.phi
        if phi is None or phi.seen is None or not phi.unusual > phi.usual:
            return False
        if self._plan is None or self._plan.snapshot is not snapshot:
            self._plan = Plan(snapshot)
        drifted = False
        for reading in [r for r in readings if r.hop % EVERY == 0][-PER_TURN:]:
            value = novelty(snapshot, self._plan.embed(reading.features))
            self._recent.append(value)
            drifted |= self._test.add(value)
        if self._recent:
            self.novelty = sum(self._recent) / len(self._recent)
        return drifted


def novelty(snapshot: Snapshot, z: F32) -> float:
    """(e − usual) / (unusual − usual) in 0..3, e the residual of z outside what base and banks have seen."""
    phi = snapshot.phi
    assert phi is not None, "asked only where there is a base"
    assert phi.seen is not None, "asked only where the features know what the base has seen"
    inside = phi.seen @ z
    added = [bank.added @ z for bank in snapshot.banks if bank.added is not None]
    known = max((float(np.dot(more, more)) for more in added), default=0.0)
    residual = float(np.dot(z, z) - np.dot(inside, inside)) - known
    return min(max((residual - phi.usual) / (phi.unusual - phi.usual), 0.0), LARGEST)
