"""What a view draws, as plain values: cells, bars, lines over time, dots. Each tells what is read at a point of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from dgstudio.records import dataclass
from dgstudio.studio.theme.format import seconds
from dgstudio.types import F64

Row = Sequence[object]
NEAR = 0.03
"""Dots are pointed at from so far away, in parts of the height."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis counts, with its unit; `names` stand at 0.5, 1.5, … in the place of numbers."""

    words: str
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A line across at a value, and what it means."""

    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Something of a picture that can be pointed at: where it is, what is read there, and whose unit it is.

    `left`, `right`, `low` and `high` frame it in the picture's own coordinates.
    """

    left: float
    right: float
    low: float
    high: float
    words: str
    unit: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A table of shares (0..1) as shades of a colour: row r stands at y = r to r + 1, column c at x = left + c.

    Attributes
    ----------
    values : (rows, columns), NaN where nothing is known.
    colours : of each row, tokens or "#rrggbb".
    words : what is read in each cell but its value: rows first.
    written : whether each value stands in its cell.
    of_units : whether columns are units.
    """

    x: Axis
    y: Axis
    values: F64
    colours: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    written: bool = False
    of_units: bool = False
    hint: str = ""

    @property
    def left(self) -> float:
        """Where the first column begins: around its number, where columns have numbers and no names."""
        return -0.5 if self.x.names is None else 0.0

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, low, high."""
        rows, columns = self.values.shape
        return self.left, self.left + max(columns, 1), 0.0, float(max(rows, 1))

    def spot(self, x: float, y: float) -> Spot | None:
        """The cell at a point."""
        rows, columns = self.values.shape
        row, column = int(np.floor(y)), int(np.floor(x - self.left))
        if not (0 <= row < rows and 0 <= column < columns):
            return None
        value = self.values[row, column]
        told = "not known" if np.isnan(value) else f"{100 * value:.0f} %"
        unit = column if self.of_units else None
        begin = self.left + column
        return Spot(begin, begin + 1.0, float(row), row + 1.0, f"{self.words[row][column]}: {told}", unit)

    def step(self, spot: Spot | None, across: int, down: int) -> Spot | None:
        """The neighbour of a cell; the first one of none."""
        if spot is None:
            return self.spot(self.left + 0.5, 0.5)
        left, right, _, high = self.extent
        x = min(max(spot.left + 0.5 + across, left + 0.5), right - 0.5)
        return self.spot(x, min(max(spot.low + 0.5 + down, 0.5), high - 0.5))

    def table(self) -> list[Row]:
        """Head and rows."""
        columns = self.x.names or [f"{self.x.words} {c}" for c in range(self.values.shape[1])]
        rows = self.y.names or [str(r) for r in range(self.values.shape[0])]
        return [[self.y.words, *columns], *([name, *v] for name, v in zip(rows, self.values.tolist(), strict=True))]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars beside each other, or below each other where they are `lying`.

    Attributes
    ----------
    edges : (n + 1,) where each begins and the next one does.
    heights : (n,).
    colours : one of all bars, or one each.
    words : what is read at each bar.
    head, rows : the table behind them.
    level : a line across, or None.
    units : whose bars they are, where each is a unit's.
    notes : what stands above each bar, where anything does.
    moment : where along the bars the time cursor stands, or None.
    """

    x: Axis
    y: Axis
    edges: F64
    heights: F64
    colours: tuple[str, ...]
    words: tuple[str, ...]
    head: Row
    rows: tuple[Row, ...]
    level: Level | None = None
    units: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    lying: bool = False
    most: float | None = None
    moment: float | None = None
    hint: str = ""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, low, high."""
        along = (float(self.edges[0]), float(self.edges[-1]))
        tops = [float(self.heights.max(initial=0.0)), 0.0 if self.level is None else self.level.value]
        most = self.most if self.most is not None else (1.1 if self.notes else 1.05) * max(*tops, 1e-9)
        return (0.0, most, *along) if self.lying else (*along, 0.0, most)

    def spot(self, x: float, y: float) -> Spot | None:
        """The bar at a point, above it too."""
        at = int(np.searchsorted(self.edges, y if self.lying else x, side="right")) - 1
        return self._of(at) if 0 <= at < len(self.heights) else None

    def step(self, spot: Spot | None, across: int, down: int) -> Spot | None:
        """The bar beside one; the first one of none."""
        if not len(self.heights):
            return None
        if spot is None:
            return self._of(0)
        begin, move = (spot.low, down) if self.lying else (spot.left, across)
        at = int(np.searchsorted(self.edges, begin, side="right")) - 1 + move
        return self._of(min(max(at, 0), len(self.heights) - 1))

    def _of(self, at: int) -> Spot:
        begin, end, high = float(self.edges[at]), float(self.edges[at + 1]), float(self.heights[at])
        unit = None if self.units is None else self.units[at]
        sides = (0.0, high, begin, end) if self.lying else (begin, end, 0.0, high)
        return Spot(*sides, self.words[at], unit)

    def table(self) -> list[Row]:
        """Head and rows."""
        return [self.head, *self.rows]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Values over stream time; NaN where nothing is known.

    Attributes
    ----------
    times, values : (n,) seconds of stream time, ascending, and what was so then.
    edge : the stream time that the axis counts from.
    said : how a value is read, "{}" in the place of its number, which is written as `digits` says.
    level : a line across, or None.
    moment : where the time cursor stands, counted from the edge; or None.
    """

    x: Axis
    y: Axis
    times: F64
    values: F64
    edge: float
    colour: str
    said: str
    digits: str
    most: float | None = None
    level: Level | None = None
    moment: float | None = None
    hint: str = ""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, low, high."""
        tops = [float(np.nanmax(self.values, initial=0.0)), 0.0 if self.level is None else self.level.value]
        ends = (float(self.times[0]), float(self.times[-1])) if len(self.times) else (self.edge - 1.0, self.edge)
        left, right = ends[0] - self.edge, max(ends[1] - self.edge, ends[0] - self.edge + 0.1)
        return left, right, 0.0, self.most or 1.08 * max(*tops, 1e-9)

    def spot(self, x: float, y: float) -> Spot | None:
        """The value nearest in time."""
        if not len(self.times):
            return None
        at = int(np.searchsorted(self.times, x + self.edge))
        if at and (at == len(self.times) or x + self.edge - self.times[at - 1] < self.times[at] - x - self.edge):
            at -= 1
        return self._of(at)

    def step(self, spot: Spot | None, across: int, down: int) -> Spot | None:
        """The value after or before one; the newest of none."""
        if not len(self.times):
            return None
        last = len(self.times) - 1
        at = last if spot is None else int(np.argmin(np.abs(self.times - spot.left - self.edge))) + across
        return self._of(min(max(at, 0), last))

    def _of(self, at: int) -> Spot:
        when, value = float(self.times[at]) - self.edge, float(self.values[at])
        told = "not known" if np.isnan(value) else self.said.format(format(value, self.digits))
        high = self.extent[3]
        return Spot(when, when, 0.0, high, f"{seconds(when)}: {told}")

    def table(self) -> list[Row]:
        """Head and rows; times are seconds of stream time."""
        rows = zip(self.times.tolist(), self.values.tolist(), strict=True)
        return [["stream time, s", self.y.words], *rows]


class Role(StrEnum):
    """What a unit is among the others."""

    USUAL = "usual"
    DEAD = "dead"
    ALWAYS = "always on"
    REDUNDANT = "redundant"


@dataclass(frozen=True, slots=True, eq=False)
class Dots:
    """One dot for each unit: x its number, y a share (0..1).

    Attributes
    ----------
    shares : (H,).
    roles : of each unit, which says the shape of its dot.
    pairs : units that a line joins.
    words : what is read at each.
    """

    x: Axis
    y: Axis
    shares: F64
    roles: tuple[Role, ...]
    pairs: tuple[tuple[int, int, float], ...]
    words: tuple[str, ...]
    hint: str = ""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, low, high: the dots at 0 and 1 are whole."""
        return -1.0, float(len(self.shares)), -0.06, 1.06

    def spot(self, x: float, y: float) -> Spot | None:
        """The dot nearest to a point, seen in the picture's proportions."""
        if not len(self.shares):
            return None
        away = np.hypot((np.arange(len(self.shares)) - x) / max(len(self.shares), 1), self.shares - y)
        at = int(np.argmin(away))
        return self._of(at) if away[at] < NEAR * 2 else None

    def step(self, spot: Spot | None, across: int, down: int) -> Spot | None:
        """The dot of the next unit; the first one of none."""
        if not len(self.shares):
            return None
        at = 0 if spot is None or spot.unit is None else spot.unit + across
        return self._of(min(max(at, 0), len(self.shares) - 1))

    def _of(self, at: int) -> Spot:
        share = float(self.shares[at])
        return Spot(at - 0.5, at + 0.5, share - NEAR, share + NEAR, self.words[at], at)

    def table(self) -> list[Row]:
        """Head and rows."""
        alike: dict[int, list[str]] = {}
        for a, b, overlap in self.pairs:
            alike.setdefault(a, []).append(f"{b} ({overlap:.2f})")
            alike.setdefault(b, []).append(f"{a} ({overlap:.2f})")
        rows = (
            [unit, share, role, "; ".join(alike.get(unit, []))]
            for unit, (share, role) in enumerate(zip(self.shares.tolist(), self.roles, strict=True))
        )
        return [["unit", "share of inputs", "is", "fires nearly always with"], *rows]


Picture = Cells | Bars | Line | Dots


def shows_units(picture: Picture) -> bool:
    """Whether something of it is a unit's."""
    if isinstance(picture, Cells):
        return picture.of_units
    return isinstance(picture, Dots) or (isinstance(picture, Bars) and picture.units is not None)


def even_edges(count: int) -> npt.NDArray[np.float64]:
    """Edges of so many bars of width 1."""
    return np.arange(count + 1, dtype=np.float64)
