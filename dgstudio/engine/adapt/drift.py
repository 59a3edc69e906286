"""Has the stream drifted? How unlike its inputs are to what was learned, watched by a Page–Hinkley test; only told."""

from __future__ import annotations

from collections import deque

from dgstudio.engine.serving.lane import Lane
from dgstudio.learning.bank.out_of_distribution import unlikeness
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import F32

EVERY = 4
"""One of so many answers is looked at."""
PER_TURN = 8
SHOWN = 64
"""Looked-at answers in the figure that is shown."""
LARGEST = 2.0
"""Beyond twice the reach it does not matter how far."""


class PageHinkley:
    """Page's (1954) cumulative test for a rise of the mean, with Hinkley's minimum; river's `drift.PageHinkley` is it.

    After each value x_t: m_t = Σ (x_i − x̄_i − δ), x̄_i the mean so far; a rise is told when m_t − min m exceeds λ, and
    the test begins afresh. λ is above what a second between two gestures adds up to.
    """

    def __init__(self, tolerance: float = 0.25, threshold: float = 25.0, warm_up: int = 30) -> None:
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

    `novelty` is the mean of the newest: above 1 most of them are unlike what the base was trained on and the examples
    show; None where nothing has been learned that says how far is far.
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
        if not _says_how_far(snapshot):
            self.novelty = None
            return False
        if self._plan is None or self._plan.snapshot is not snapshot:
            self._plan = self._lane.store.plan(snapshot)
        drifted = False
        for reading in [r for r in readings if r.hop % EVERY == 0][-PER_TURN:]:
            value = novelty(snapshot, self._plan, reading.features)
            self._recent.append(value)
            drifted |= self._test.add(value)
        if self._recent:
            self.novelty = sum(self._recent) / len(self._recent)
        return drifted


def _says_how_far(snapshot: Snapshot) -> bool:
    known = snapshot.known
    if known is None:
        return False
    return known.near is not None or (bool(snapshot.banks) and all(bank.near is not None for bank in snapshot.banks))


def novelty(snapshot: Snapshot, plan: Plan, raw: F32) -> float:
    """How far raw features (d,) are from all that was learned, in 0..2; 1 is where an answer turns unsure.

    All banks are asked, closed ones too: what was taught is no drift, whoever answers it.
    """
    assert snapshot.known is not None, "asked only where something is known"
    banks = [(bank.near, bank.reach) for bank in snapshot.banks]
    return min(unlikeness(snapshot.known, banks, plan.normalise(raw)), LARGEST)
