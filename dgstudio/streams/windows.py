"""Windows over a growing stream: which are complete, and how long they may be."""

from __future__ import annotations

from collections.abc import Collection

from dgstudio.errors import BadInputError
from dgstudio.types import StreamSpec


class Windower:
    """Tells which hops are complete in a stream whose samples are numbered from 0. One thread.

    Windows hold `spec.window` samples and end on the hop grid counted from the last break: at break + window, and
    every `spec.hop` samples after. None straddles a break, none is told twice.
    """

    def __init__(self, spec: StreamSpec) -> None:
        self._window = spec.window
        self._hop = spec.hop
        self._break = 0
        self._told = 0
        self._next = self._window

    def due(self, total: int, breaks: Collection[int]) -> list[int]:
        """Return the ends (exclusive) of the windows completed since the last call, ascending.

        Parameters
        ----------
        total
            Samples so far; it does not shrink.
        breaks
            Numbers of samples that do not follow the one before them; a break that is not below `total` is kept
            for later calls to find.
        """
        ends: list[int] = []
        # list() of a deque is one step for the interpreter, so another thread may append meanwhile.
        for at in sorted(b for b in list(breaks) if self._break < b < total):
            self._take_until(at, ends)
            self._break, self._next = at, at + self._window
            if self._next <= self._told:
                # The break was told late: go on along its grid after what was already told.
                self._next += self._hop * ((self._told - self._next) // self._hop + 1)
        self._take_until(total, ends)
        return ends

    def _take_until(self, stop: int, ends: list[int]) -> None:
        if self._next > stop:
            return
        more = range(self._next, stop + 1, self._hop)
        ends.extend(more)
        self._told = more[-1]
        self._next = self._told + self._hop


LONGEST_S = 60.0


def check_window(window_s: float | None, rate: float) -> None:
    """Raise `BadInputError` for a window, in seconds, that holds too few or too many samples; None is always right."""
    least = 2 / rate
    if window_s is not None and not least <= window_s <= LONGEST_S:
        raise BadInputError(
            f"--window {window_s:g} cannot be used: at {rate:g} samples a second it must be "
            f"{least:g} to {LONGEST_S:g} s."
        )
