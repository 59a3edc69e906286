"""How often each base unit fired on the inputs of late, in all and per answered class."""

from __future__ import annotations

from collections import deque

import numpy as np

from dgstudio.types import I32, Reading

KEPT = 500
"""Inputs that are counted; older ones are taken out again."""


class FiringCounts:
    """Exact counts over the last `KEPT` readings. Qt thread only."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._recent: deque[tuple[int | None, I32]] = deque()
        self._fired: dict[int | None, I32] = {}
        self._totals: dict[int | None, int] = {}
        self.hidden = 0
        """Units of the base that is counted."""

    def __len__(self) -> int:
        return len(self._recent)

    def reset(self, hidden: int) -> None:
        """Forget everything; the base has `hidden` units from now on."""
        self.hidden = hidden
        self._recent.clear()
        self._fired.clear()
        self._totals.clear()

    def add(self, reading: Reading) -> None:
        """Count one reading; units that the base does not have are left out."""
        active = reading.active[(reading.active >= 0) & (reading.active < self.hidden)]
        if len(self._recent) >= self._kept:
            self._take_out()
        top = reading.top
        if top not in self._fired:
            self._fired[top] = np.zeros(self.hidden, np.int32)
        self._fired[top][active] += 1
        self._totals[top] = self._totals.get(top, 0) + 1
        self._recent.append((top, active))

    def share(self, unit: int) -> float | None:
        """Return the share (0..1) of the counted inputs on which `unit` fired; None where nothing was counted."""
        if not self._recent or not 0 <= unit < self.hidden:
            return None
        return sum(int(fired[unit]) for fired in self._fired.values()) / len(self._recent)

    def by_class(self, unit: int) -> dict[int | None, tuple[int, int]]:
        """Return, for each answered class, (inputs on which `unit` fired, inputs that were answered so)."""
        if not 0 <= unit < self.hidden:
            return {}
        return {top: (int(self._fired[top][unit]), total) for top, total in self._totals.items()}

    def _take_out(self) -> None:
        top, active = self._recent.popleft()
        self._fired[top][active] -= 1
        self._totals[top] -= 1
        if not self._totals[top]:
            del self._totals[top], self._fired[top]
