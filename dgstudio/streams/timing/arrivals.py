"""What comes to a source that waits for others: how many values a second, and what its lamp shows of that."""

from __future__ import annotations

import math

from dgstudio.reasons.arrivals import Counted, NothingComes
from dgstudio.reasons.reason import Reason
from dgstudio.streams.condition import Lamp, SourceCondition

SLOT_S = 0.25
SLOTS = 8
LOST_S = 2.0
"""Seconds without a value after which it counts as lost; as long a wrong one is shown that no right one followed."""


class ArrivalRate:
    """Values a second over the last two seconds. One thread notes; any asks. Times are `perf_counter` seconds."""

    def __init__(self) -> None:
        self._numbers = [-1] * (SLOTS + 1)
        self._counts = [0] * (SLOTS + 1)
        self._first: int | None = None

    def note(self, wall: float) -> None:
        """One more came."""
        slot = int(wall / SLOT_S)
        if self._first is None:
            self._first = slot
        place = slot % len(self._counts)
        if self._numbers[place] != slot:
            self._counts[place], self._numbers[place] = 0, slot
        self._counts[place] += 1

    def at(self, wall: float) -> float:
        """Values a second, over whole quarters of a second; 0 before the first one is over."""
        now, first = int(wall / SLOT_S), self._first
        if first is None or now <= first:
            return 0.0
        wide = min(SLOTS, now - first)
        counts = zip(self._numbers, self._counts, strict=True)
        return sum(count for number, count in counts if now - wide <= number < now) / (wide * SLOT_S)


class Arrivals:
    """Values that came and were right or wrong, and the lamp that follows from them. One thread notes; any asks."""

    def __init__(self) -> None:
        self.wrong = 0
        """Values that could not be used."""
        self._rate = ArrivalRate()
        self._right_wall = self._wrong_wall = -math.inf
        self._why: Reason | None = None

    def note_right(self, wall: float) -> None:
        """A value came at `wall` (`perf_counter`)."""
        self._right_wall = wall
        self._rate.note(wall)

    def note_wrong(self, why: Reason, wall: float) -> None:
        """Something came that could not be used."""
        self.wrong += 1
        self._why, self._wrong_wall = why, wall

    def condition(
        self, wall: float, counted: tuple[Counted, ...] = (), waiting: Reason | None = None
    ) -> SourceCondition:
        """What the lamp shows at `wall`; `waiting` says why nothing has come yet, where that is known."""
        since = wall - self._right_wall
        if self._why is not None and wall - self._wrong_wall < LOST_S and self._wrong_wall > self._right_wall:
            return SourceCondition(Lamp.WRONG, why=self._why, counted=counted)
        if since < LOST_S:
            # Not before there is a whole quarter of a second to count in.
            return SourceCondition(Lamp.RECEIVING, self._rate.at(wall) or None, counted=counted)
        if math.isfinite(since):
            return SourceCondition(Lamp.LOST, why=NothingComes(int(since)), counted=counted)
        return SourceCondition(Lamp.WAITING, why=waiting or NothingComes(), counted=counted)
