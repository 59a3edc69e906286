"""How often each base unit fired on the inputs of late."""

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
        self._recent: deque[I32] = deque()
        self._fired: I32 = np.zeros(0, np.int32)
        self.hidden = 0
        """Units of the base that is counted."""

    def __len__(self) -> int:
        return len(self._recent)

    def reset(self, hidden: int) -> None:
        """Forget everything; the base has `hidden` units from now on."""
        self.hidden = hidden
        self._recent.clear()
        self._fired = np.zeros(hidden, np.int32)

    def add(self, reading: Reading) -> None:
        """Count one reading; units that the base does not have are left out."""
        active = reading.active[(reading.active >= 0) & (reading.active < self.hidden)]
        if len(self._recent) >= self._kept:
            self._fired[self._recent.popleft()] -= 1
        self._fired[active] += 1
        self._recent.append(active)

    def share(self, unit: int) -> float | None:
        """Return the share (0..1) of the counted inputs on which `unit` fired; None where nothing was counted."""
        if not self._recent or not 0 <= unit < self.hidden:
            return None
        return int(self._fired[unit]) / len(self._recent)
