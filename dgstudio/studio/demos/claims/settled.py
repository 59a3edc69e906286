"""How right the newest answers are, as far as it is fair to ask: windows that lie in two gestures do not count."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from dgstudio.types import Reading

GOES_OVER_S = 0.25
"""Stream seconds in which one movement goes over into the next: it is neither."""
LATELY_S = 2.0
"""Stream seconds of answers that count."""


class Judged(NamedTuple):
    """One answer: stream time of its window's end, and whether it was right."""

    end: float
    right: bool


class SettledTruth:
    """Tells of each answer whether its whole window was of one truth. Answers come in order. Qt thread only."""

    def __init__(self) -> None:
        self._truth: str | None = None
        self._since = 0.0

    def whole(self, reading: Reading) -> bool:
        """Whether all of the window of the newest reading was of its truth, as far as that is known."""
        if reading.truth != self._truth:
            # The truth of a window is what most of it is: its first half was still the one before.
            self._truth, self._since = reading.truth, (reading.start + reading.end) / 2 + GOES_OVER_S
        return reading.truth is not None and reading.start >= self._since


class LateAccuracy:
    """The share of right ones among the answers of the last `LATELY_S`, and among all since `begin`."""

    def __init__(self) -> None:
        self._judged: deque[Judged] = deque()
        self._since = self._right = 0

    def add(self, end: float, right: bool) -> None:
        """Take up the newest answer."""
        self._judged.append(Judged(end, right))
        while self._judged[0].end < end - LATELY_S:
            self._judged.popleft()
        self._since += 1
        self._right += right

    def begin(self) -> None:
        """Count `since` from now on."""
        self._since = self._right = 0

    @property
    def lately(self) -> float | None:
        """The share lately; None before the first."""
        return sum(answer.right for answer in self._judged) / len(self._judged) if self._judged else None

    @property
    def since(self) -> float | None:
        """The share since the beginning; None before the first."""
        return self._right / self._since if self._since else None
