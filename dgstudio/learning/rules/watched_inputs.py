"""Inputs that a twin is watched on: what it answered when each was watched first, and what has become of that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32

Lost = tuple[int, int | None, int]
"""(class id that was answered, class id that is answered now, None for none, how many inputs)."""


class WatchedChange(NamedTuple):
    """What has become of the watched answers: of how many, which top classes are others, largest first.

    `largest` is the largest change of a probability, of the classes that were known when an input was watched first.
    """

    watched: int
    lost: tuple[Lost, ...]
    largest: float

    @property
    def flips(self) -> int:
        """Inputs whose top class is another one."""
        return sum(count for _, _, count in self.lost)


class WatchedInputs:
    """Raw inputs (N, d), their class ids (N,), and the probabilities that they had first. Immutable.

    Classes are columns that are only ever appended, so each input's reference has a value for the first of them; later
    ones are NaN.
    """

    def __init__(self, raw: F32, labels: npt.NDArray[np.integer], reference: F32) -> None:
        self.raw = raw
        self.labels = np.asarray(labels, np.int64)
        self.reference = reference

    def __len__(self) -> int:
        return len(self.raw)

    def changed_to(self, raw: F32, labels: npt.NDArray[np.integer], now: F32) -> WatchedInputs:
        """Watch these inputs (n, d) instead, which are answered `now` (n, C); those watched already keep what they had
        first.
        """
        place = {row.tobytes(): number for number, row in enumerate(self.raw)}
        reference = np.array(now, np.float32)
        for number, row in enumerate(raw):
            known = place.get(row.tobytes())
            if known is not None:
                reference[number] = np.nan
                reference[number, : self.reference.shape[1]] = self.reference[known]
        return WatchedInputs(raw, labels, reference)

    def change(self, now: F32, classes: tuple[int, ...], gone: Set[int] = frozenset()) -> WatchedChange:
        """Hold what is answered now (N, C), for `classes`, against what was; classes `gone` are not answered at all."""
        known = self.reference.shape[1]
        moved = np.abs(now[:, :known] - self.reference)
        largest = float(np.nanmax(moved)) if np.isfinite(moved).any() else 0.0
        living = [column for column, class_id in enumerate(classes) if class_id not in gone]
        old = [column for column in living if column < known]
        if not (len(self) and old):
            return WatchedChange(len(self), (), largest)
        was_share = np.nan_to_num(self.reference[:, old], nan=-1.0)
        was = np.array(old)[was_share.argmax(1)]
        is_now = np.array(living)[now[:, living].argmax(1)]
        # What had no answer among the classes that live cannot lose it.
        lost = (was != is_now) & (was_share.max(1) >= 0)
        pairs = Counter(zip(was[lost].tolist(), is_now[lost].tolist(), strict=True))
        found = [(classes[a], classes[b], count) for (a, b), count in pairs.items()]
        return WatchedChange(len(self), tuple(sorted(found, key=lambda pair: (-pair[2], pair[:2]))), largest)
