"""The columns of the raster: what each stretch of stream time lit of units, examples and banks, as levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from dgstudio.studio.bridge.state import CellView
from dgstudio.studio.gates.example_slots import SLOTS
from dgstudio.types import F32, I32, U8

I64 = npt.NDArray[np.int64]
RasterAnswer = tuple[float, I32, F32, "Sequence[CellView | None]", U8]
"""When its window ended, the active units and what they computed, the examples by place, the states of the banks."""

UNIT_LEVELS = 15
CELL_LEVELS = 6
SILENT, SPEAKING, CELLS = 16, 17, 32
"""Levels: 0 off, 1..15 units by activation, then banks, then `CELL_LEVELS` a class."""
FAINTEST = 0.05
"""Below this share of the strongest, an example leaves no trace."""


class GateColumns:
    """A ring of columns, each `step` seconds of stream time; many answers are written at once.

    Parameters
    ----------
    slot_of
        The number of a class among those that have a colour.

    Attributes
    ----------
    levels : (columns, units + examples + banks), a row a column of the picture; see `CELLS`.
    at : the number of the column that stands at each place, counted from the beginning of the stream; −1: none.
    newest : the greatest of these numbers.
    blank : no answer has left a trace yet.
    """

    def __init__(self, slot_of: Callable[[int], int]) -> None:
        self._slot_of = slot_of
        self.units, self.banks = 0, 0
        self.reset(0, 1, 0.05)

    def reset(self, units: int, columns: int, step: float) -> None:
        """Start empty, with a base of so many units."""
        self.units, self.step = units, step
        self.levels: U8 = np.zeros((columns, units + SLOTS + self.banks), np.uint8)
        self.at: I64 = np.full(columns, -1, np.int64)
        self.newest, self._scale, self.blank = -1, 0.0, True

    def place_of(self, end: float) -> int | None:
        """Where the answer to the window that ended then stands; None where it left the ring."""
        column = round(end / self.step)
        place = column % len(self.at)
        return place if self.at[place] == column else None

    def add(self, answers: Sequence[RasterAnswer]) -> None:
        """Write answers, oldest first."""
        for banks, group in groupby(answers, lambda answer: len(answer[4])):
            if banks != self.banks:
                self._set_banks(banks)
            self._write([*group])

    def put_cells(self, place: int, cells: Sequence[CellView | None]) -> None:
        """Write the examples of an answer, by place, into the column of the picture that stands there."""
        row = self.levels[place]
        for slot, cell in enumerate(cells):
            if cell is not None and cell.strength >= FAINTEST:
                level = min(CELL_LEVELS - 1, int(cell.strength * CELL_LEVELS))
                row[self.units + slot] = CELLS + self._slot_of(cell.class_id) * CELL_LEVELS + level

    def _set_banks(self, banks: int) -> None:
        kept = self.levels[:, : self.units + SLOTS + min(banks, self.banks)]
        self.levels = np.zeros((len(kept), self.units + SLOTS + banks), np.uint8)
        self.levels[:, : kept.shape[1]] = kept
        self.banks = banks

    def _write(self, answers: list[RasterAnswer]) -> None:
        """Write answers of a model with the same number of banks."""
        columns = np.rint(np.array([answer[0] for answer in answers]) / self.step).astype(np.int64)
        newest = np.maximum.accumulate(np.concatenate([[self.newest], columns]))
        held = np.flatnonzero(columns > newest[:-1] - len(self.at))
        if not len(held):
            return
        self.newest = int(newest[-1])
        places = columns[held] % len(self.at)
        columns = columns[held]
        before = self.at.copy()
        # Of several columns that stand at one place in turn, the last one stays.
        self.at[places] = columns
        begun = self.at != before
        self.levels[begun] = 0
        stays = self.at[places] == columns
        kept = [answers[number] for number in held.tolist()]
        self._light_units(kept, np.where(stays, places, -1))
        for place, there, answer in zip(places.tolist(), stays.tolist(), kept, strict=True):
            if there:
                self.put_cells(place, answer[3])
        if self.banks:
            states = np.stack([answer[4] for answer in kept])
            shown = np.where(states == 2, SPEAKING, np.where(states == 1, SILENT, 0))
            self.levels[places[stays], self.units + SLOTS :] = shown[stays]
        self.blank = self.blank and not self.levels[places].any()

    def _light_units(self, answers: list[RasterAnswer], places: I64) -> None:
        """Write how strongly units were active, relative to the strongest of late; at place −1 nothing is written."""
        active = np.concatenate([answer[1] for answer in answers])
        values = np.concatenate([answer[2] for answer in answers])
        owners = np.repeat(np.arange(len(answers)), [len(answer[1]) for answer in answers])
        known = (active >= 0) & (active < self.units)
        active, values, owners = active[known], values[known], owners[known]
        values = np.where(np.isfinite(values), values, 0)
        peaks = np.full(len(answers), -np.inf)
        np.maximum.at(peaks, owners, values)
        scales, scale = [], self._scale
        for peak in peaks.tolist():
            if np.isfinite(peak):
                scale = max(peak, 0.98 * scale)
            scales.append(max(scale, 1e-9))
        self._scale = scale
        shares = np.clip(values / np.array(scales, np.float32)[owners], 0, 1)
        levels = (3 + np.sqrt(shares) * (UNIT_LEVELS - 3)).astype(np.uint8)
        there = places[owners] >= 0
        np.maximum.at(self.levels, (places[owners][there], active[there]), levels[there])
