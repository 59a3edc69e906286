"""What a version answers all over the plane: classes, confidence, active units, certificates, cell by cell."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from dgstudio.model.answers import Answers, Flags
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.types import F32

Cells = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Kind = TypeVar("Kind", bound=np.generic)

MOST_BANKS = 64
"""Banks that have a number of their own in the keys of active sets; of more, some would share one."""


@cache
def points(side: int, inputs: int) -> F32:
    """The middles of the cells, row by row from the top left one, as inputs of the model, (side², inputs) float32.

    x and y run from −1 to 1, y upwards. Further inputs (velocities) are 0.
    """
    middles = (2 * np.arange(side) + 1) / side - 1
    across, up = np.meshgrid(middles, middles[::-1])
    rows = np.zeros((side * side, inputs), np.float32)
    rows[:, 0], rows[:, 1] = across.ravel(), up.ravel()
    rows.flags.writeable = False
    return rows


@dataclass(frozen=True, eq=False)
class DecisionMap:
    """The answers of one version to the middle of each cell of a grid over the plane. Any thread may read.

    Attributes
    ----------
    generation : grows with each thing to be shown; a map of an older one is stale.
    snapshot : which version answers.
    side : cells in a row, and rows.
    answers : side² of them, row by row from the top left.
    abstain : answers less likely than this are "unsure" (`engine.runtime.abstention`).
    reference : the version that certificates compare with, or None.
    equal : of each answer, whether it is certified to be byte for byte that version's, (side²,); None without one.
    """

    generation: int
    snapshot: Snapshot
    side: int
    answers: Answers
    abstain: float = 0.0
    reference: int | None = None
    equal: Flags | None = None

    def work_out(self) -> None:
        """Work out what is shown of it, in the thread that made it: whoever draws it need not."""
        for part in (self.tops, self.likeliest, self.confidence, self.active_sets):
            part.flags.writeable = False

    def cell_at(self, x: float, y: float) -> int:
        """Number of the cell that holds a place of the plane; of a place outside, the nearest cell."""
        last = self.side - 1
        column, row = int((x + 1) / 2 * self.side), int((1 - y) / 2 * self.side)
        return min(max(row, 0), last) * self.side + min(max(column, 0), last)

    @cached_property
    def tops(self) -> Cells:
        """Place of the answered class in `snapshot.classes`, (side, side); −1 where none is, or it is unsure."""
        tops = self.answers.tops
        if self.abstain > 0.0 and self.answers.probabilities.shape[1]:
            # In double, as it is for a single answer.
            unlikely = self.answers.probabilities.max(1).astype(np.float64) < self.abstain
            tops = np.where(unlikely, np.int32(-1), tops)
        return self._square(tops)

    @cached_property
    def likeliest(self) -> Cells:
        """Place of the class with the largest probability, (side, side), unsure or not; −1 where nothing answers."""
        if not self.answers.logits.shape[1]:
            return np.full((self.side, self.side), -1, np.int32)
        found = self.answers.logits.argmax(1).astype(np.int32)
        known = (self.answers.tops >= 0) | self.answers.unsure
        return self._square(np.where(known, found, np.int32(-1)))

    @cached_property
    def confidence(self) -> F32:
        """The largest probability, (side, side); 0 where nothing answers."""
        if not self.answers.probabilities.shape[1]:
            return np.zeros((self.side, self.side), np.float32)
        highest = self.answers.probabilities.max(1)
        return self._square(np.where(self.likeliest.ravel() >= 0, highest, np.float32(0)))

    @cached_property
    def active_sets(self) -> Keys:
        """A number for who answers, (side, side): equal where the same units are active and the same part speaks.

        The number of a set stays the same from version to version. Two sets share one with a chance of 2⁻⁶⁴.
        """
        base = self.snapshot.base
        units = _random_numbers(0 if base is None else base.hidden)
        banks = (self.answers.speakers + 2) % MOST_BANKS
        keys: Keys = units[self.answers.active].sum(1, dtype=np.uint64) + _random_numbers(-MOST_BANKS)[banks]
        return self._square(keys)

    def fires(self, unit: int) -> Flags:
        """Where a unit of the base is active, (side, side)."""
        fires: Flags = (self.answers.active == unit).any(1)
        return self._square(fires)

    @property
    def certified(self) -> Flags | None:
        """Where the answer is certified to be the reference's, (side, side); None without a reference."""
        return None if self.equal is None else self._square(self.equal)

    def _square(self, row: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        return row.reshape(self.side, self.side)


@cache
def _random_numbers(count: int) -> Keys:
    """Drawn once for all; a negative count gives other ones."""
    return np.random.default_rng([7, int(count < 0)]).integers(0, 2**64, abs(count), np.uint64)
