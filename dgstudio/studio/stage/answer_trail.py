"""The answers of one model over the last seconds: runs of one class, and where they were wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from dgstudio.studio.painting.ribbons import Span, Stretches

VIEW_S = 12.0
"""Wall seconds of answers that a half shows."""


class Judged(NamedTuple):
    """One answer: stream time of its window's end, the class that was named (None: unsure), the class that it was.

    `right` is None where nobody knows what it was.
    """

    end: float
    top: int | None
    right: bool | None


class AnswerTrail:
    """Answers as they come, kept for `view_s` seconds of the stream. Qt thread only."""

    def __init__(self, view_s: float = VIEW_S) -> None:
        self.view_s = view_s
        self._answers, self._wrong = Stretches(), Stretches()
        self._judged: deque[tuple[float, bool]] = deque()

    def add(self, answers: Iterable[Judged], hop_s: float) -> None:
        """Take up new answers, oldest first; `hop_s` is the stream time between two."""
        answers = list(answers)
        if answers and self._judged and answers[-1].end < self._judged[-1][0]:
            # Another run of the stream's clock.
            self._judged.clear()
        self._answers.add(((answer.end, answer.top) for answer in answers), hop_s)
        self._wrong.add(((answer.end, "wrong") for answer in answers if answer.right is False), hop_s)
        self._judged.extend((answer.end, answer.right) for answer in answers if answer.right is not None)

    def keep_until(self, now: float) -> None:
        """Forget what has left the view, whose right edge is `now`."""
        start = now - self.view_s
        self._answers.keep_from(start)
        self._wrong.keep_from(start)
        while self._judged and self._judged[0][0] < start:
            self._judged.popleft()

    @property
    def answers(self) -> list[Span]:
        """Stretches of one class each."""
        return [*self._answers.spans]

    @property
    def wrong(self) -> list[Span]:
        """Stretches in which the answer was not what it should have been."""
        return [*self._wrong.spans]

    def right(self, since: float) -> tuple[int, int]:
        """(right answers, answers that could be judged) of those in view, from a moment of stream time on."""
        judged = [right for end, right in self._judged if end >= since]
        return sum(judged), len(judged)
