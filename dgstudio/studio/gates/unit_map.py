"""The map of gates: a cell per base unit, lit by its activation; below, a cell per example that carries the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.bridge.state import CellView
from dgstudio.studio.common.widgets.elided_label import shorter
from dgstudio.studio.gates.example_slots import SLOTS, ExampleSlots
from dgstudio.studio.gates.firing_rates import FiringCounts
from dgstudio.studio.painting.kept_layer import painted
from dgstudio.studio.theme.format import percent
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import DARK, Theme, mix
from dgstudio.types import F32, I32

LEVELS = 12
"""Steps of brightness."""
LARGEST, SMALLEST = 34, 3
"""Logical pixels from one cell to the next, at most and at least."""
CAPTION = 17
"""Logical pixels of the line above the examples."""
NO_EXAMPLES = "no examples learned yet"
"""What stands above the examples' places while there is none; the panel may know better."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def gap_of(pitch: int) -> int:
    """Return the logical pixels between two cells that lie `pitch` apart."""
    return 4 if pitch >= 20 else 3 if pitch >= 13 else 2 if pitch >= 8 else 1


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the cells lie: `units` of them from `units_top` down, `SLOTS` examples from `examples_top` down."""

    units: int
    columns: int
    pitch: int
    across: float
    """From one column to the next; as `pitch` from row to row, and a little more so that a row fills the width."""
    units_top: int
    examples_top: int

    @property
    def gap(self) -> int:
        """Logical pixels between two cells."""
        return gap_of(self.pitch)

    def unit(self, index: int) -> QRect:
        """Return the cell of a unit."""
        return self._cell(index, self.units_top)

    def example(self, place: int) -> QRect:
        """Return the cell of an example's place."""
        return self._cell(place, self.examples_top)

    def at(self, point: QPoint) -> tuple[str, int] | None:
        """Return ("unit", index) or ("example", place) at a point, or None."""
        column = int((point.x() + 0.5) // self.across)
        if not 0 <= column < self.columns:
            return None
        for kind, top, count in (("example", self.examples_top, SLOTS), ("unit", self.units_top, self.units)):
            index = (point.y() - top) // self.pitch * self.columns + column
            if point.y() >= top and index < count:
                return kind, index
        return None

    def _cell(self, index: int, top: int) -> QRect:
        row, column = divmod(index, self.columns)
        side = self.pitch - self.gap
        return QRect(round(column * self.across), top + row * self.pitch, side, side)


def fit(units: int, width: int, height: int, scale: float, notice: int) -> Grid:
    """Return the grid with the largest cells that fits; `notice` pixels stand above it where there are no units."""
    caption = round(CAPTION * scale)
    for pitch in range(round(LARGEST * scale), SMALLEST - 1, -1):
        grid = Grid(units, max(1, (width + gap_of(pitch)) // pitch), pitch, pitch, 0, 0)
        above = -(-units // grid.columns) * pitch if units else notice
        below = -(-SLOTS // grid.columns) * pitch
        if above + caption + below - grid.gap <= height or pitch == SMALLEST:
            break
    across = max(pitch, (width + grid.gap) / grid.columns)
    return Grid(units, grid.columns, pitch, across, 0, above + caption)


class GateMap(QWidget):
    """Units and examples of the newest answer. `unit_chosen` carries the index of a unit that was clicked, `looked_at`
    that of the unit which the hand or the keys are on, or None.
    """

    unit_chosen = Signal(object)
    looked_at = Signal(object)

    def __init__(
        self,
        firing: FiringCounts,
        name_of: Callable[[int | None], str],
        colour_of: Callable[[int], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._firing, self._name_of, self._colour_of = firing, name_of, colour_of
        self.slots = ExampleSlots()
        self.total = 0
        """Examples that the learning bank holds, of which the strongest are shown."""
        self.chosen: int | None = None
        """The unit that the inspector shows."""
        self.caption = NO_EXAMPLES
        """The line above the examples where none is shown."""
        self.carrying = True
        """Whether the examples' bank answers; if not, they are outlines."""
        self._notice = ""
        self._units = 0
        self._active: I32 = np.zeros(0, np.int32)
        self._values: F32 = np.zeros(0, np.float32)
        self._levels: I32 = np.zeros(0, np.int32)
        self._scale = 0.0
        self._hovered: tuple[str, int] | None = None
        self._cursor: tuple[str, int] = ("unit", 0)
        self._by_key = False
        self._picture: QPixmap | None = None
        """Cells and words as they were last painted."""
        self._lit: dict[int, tuple[str, int]] = {}
        """The cells of it that are lit, units first, then examples: colour and level."""
        self._told = (0, 0)
        self._inks: dict[tuple[str, int], QPixmap] = {}
        self._spots: list[QPoint] = []
        self.grid = fit(0, 1, 1, 1.0, 0)
        self.setAccessibleName("Map of gates")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        # As small as it can be: it takes what is free, and the rows beneath it keep their height.
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), self.theme.px(80))

    # -- what is shown -------------------------------------------------------------------------------------------

    def set_base(self, units: int, notice: str) -> None:
        """Show a base of `units` units; without units, the sentence `notice` in their place."""
        if (units, notice) != (self._units, self._notice):
            self._units, self._notice = units, notice
            self._active = self._active[:0]
            self._values, self._levels, self._scale = self._values[:0], self._levels[:0], 0.0
            self._cursor = ("unit", 0) if units else ("example", 0)
            self._lay_out()

    def set_caption(self, caption: str) -> None:
        """Say why there are no examples, where there are none."""
        if caption != self.caption:
            self.caption, self._picture = caption, None
            self.update()

    def show_answer(self, active: I32, activations: F32, cells: Sequence[CellView], carrying: bool = True) -> None:
        """Light the units `active` (k,) by `activations` (k,), and the examples by their strength.

        Where their bank does not answer (`carrying` False) no example carries anything: they are outlines.
        """
        if carrying != self.carrying:
            self.carrying, self._picture = carrying, None
        known = (active >= 0) & (active < self._units)
        self._active, self._values = active[known], np.nan_to_num(activations[known])
        if len(self._values):
            # A slow scale: the same brightness means about the same activation from one moment to the next.
            high = float(np.sort(self._values)[int(0.95 * (len(self._values) - 1))])
            self._scale += (high - self._scale) * (1.0 if not self._scale else 0.2 if high > self._scale else 0.01)
        share = np.sqrt(np.clip(self._values / max(self._scale, 1e-9), 0.0, 1.0))
        self._levels = np.rint(share * (LEVELS - 1)).astype(np.int32)
        self.slots.show(cells)
        self.update()

    def level_of(self, unit: int) -> int | None:
        """Return how brightly a unit is lit, 0..LEVELS−1, or None if it does not fire."""
        found = np.flatnonzero(self._active == unit)
        return int(self._levels[found[0]]) if len(found) else None

    def set_chosen(self, unit: int | None) -> None:
        """Frame the unit that the inspector shows, or none."""
        if unit != self.chosen:
            self.chosen = unit
            if unit is not None:
                self._cursor = ("unit", unit)
            self.update()

    def forget_colours(self) -> None:
        """Ask anew for the colours of the classes."""
        self._inks.clear()
        self._picture = None
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._inks.clear()
        self._lay_out()

    def words(self, kind: str, index: int) -> str:
        """Return what the tooltip says of a unit or of an example."""
        if kind == "example":
            cell = self.slots.places[index]
            if cell is None:
                return "" if self.slots.filled else "Labelled examples appear here as soon as they are learned."
            name = self._name_of(cell.class_id)
            return f"example of {name} · carries {percent(cell.strength)} as much of this answer as the strongest"
        return " · ".join([f"unit {index}", *self.unit_facts(index)])

    def unit_facts(self, index: int) -> list[str]:
        """Return how often a unit fires, where that is known, and what it does for this input."""
        parts = []
        share = self._firing.share(index)
        if share is not None:
            parts.append(f"fires on {share * 100:.0f} % of the last {len(self._firing)} inputs")
        found = np.flatnonzero(self._active == index)
        parts.append(f"activation {self._values[found[0]]:.2f}" if len(found) else "idle: not computed for this input")
        return parts

    # -- pointer and keys ----------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._hover(self.grid.at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        found = self.grid.at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            self._cursor = found
            self._choose()

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.grid.at(event.pos())
            QToolTip.showText(event.globalPos(), self.words(*found) if found else "", self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        step = ARROWS.get(Qt.Key(event.key()))
        if step is not None:
            self._move(*step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self._choose()
        else:
            # Class keys, Space and Esc belong to whoever comes next.
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        self._by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        super().focusInEvent(event)
        self._tell()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        self._look_at(self._hovered)
        self.update()

    def _look_at(self, cell: tuple[str, int] | None) -> None:
        self.looked_at.emit(cell[1] if cell is not None and cell[0] == "unit" and cell[1] < self._units else None)

    def _hover(self, found: tuple[str, int] | None) -> None:
        if found is not None and found[0] == "example" and self.slots.places[found[1]] is None:
            found = None
        if found != self._hovered:
            self._hovered = found
            self._look_at(self._cursor if found is None and self.hasFocus() and self._by_key else found)
            self.setCursor(Qt.CursorShape.ArrowCursor if found is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def _choose(self) -> None:
        kind, index = self._cursor
        if kind == "unit" and index < self._units:
            self.unit_chosen.emit(index)
        elif kind == "example":
            where = self.mapToGlobal(self.grid.example(index).bottomRight())
            QToolTip.showText(where, self.words(kind, index), self)

    def _move(self, across: int, down: int) -> None:
        kind, index = self._cursor
        columns, counts = self.grid.columns, {"unit": self._units, "example": SLOTS}
        target = index + across + down * columns
        if 0 <= target < counts[kind]:
            self._cursor = (kind, target)
        elif kind == "unit" and (down > 0 or across > 0):
            # Below the last row, or after its last unit, come the examples.
            self._cursor = ("example", min(index % columns if down else 0, SLOTS - 1))
        elif kind == "example" and self._units and (down < 0 or across < 0):
            last = (self._units - 1) // columns * columns
            self._cursor = ("unit", min(last + index % columns if down else self._units - 1, self._units - 1))
        self._tell()

    def _tell(self) -> None:
        self.setAccessibleDescription(self.words(*self._cursor))
        if self.hasFocus() and self._by_key:
            self._look_at(self._cursor)
        self.update()

    # -- drawing -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        wide = max(1, self.width())
        notice = 0
        if not self._units and self._notice:
            box = QRect(0, 0, wide, 1000)
            flags = int(Qt.TextFlag.TextWordWrap)
            notice = QFontMetrics(self.theme.ui("small")).boundingRect(box, flags, self._notice).height() + 6
        self.grid = fit(self._units, wide, max(1, self.height()), self.theme.scale, notice)
        self._inks.clear()
        cells = [*map(self.grid.unit, range(self._units)), *map(self.grid.example, range(SLOTS))]
        self._spots = [cell.topLeft() for cell in cells]
        self._picture = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        told = self.slots.filled, self.total
        painter = QPainter(self)
        if keeps_shapes(painter):
            self._draw_shapes(painter)
        else:
            if self._picture is None or self._told != told:
                self._picture, self._told = self._draw_still(), told
                self._lit = {}
            self._light(self._picture)
            painter.drawPixmap(0, 0, self._picture)
        frames = [("hover", self._hovered), ("chosen", ("unit", self.chosen) if self.chosen is not None else None)]
        if self.hasFocus() and self._by_key:
            frames.append(("focus", self._cursor))
        for look, found in frames:
            if found is not None and found[1] is not None:
                self._frame(painter, look, *found)

    def _light(self, picture: QPixmap) -> None:
        """Paint the cells that look different from before, and no others."""
        lit, units = self._lit_now(), self._units
        before, self._lit = self._lit, lit
        painter = QPainter(picture)
        for cell_index in before.keys() - lit.keys():
            painter.drawPixmap(self._spots[cell_index], self._ink("idle" if cell_index < units else "free", 0))
        for cell_index, ink in lit.items():
            if before.get(cell_index) != ink:
                painter.drawPixmap(self._spots[cell_index], self._ink(*ink))
        painter.end()

    def _lit_now(self) -> dict[int, tuple[str, int]]:
        """The cells with something in them, each with its colour and level."""
        base, units = self.theme.base_unit, self._units
        pairs = zip(self._active.tolist(), self._levels.tolist(), strict=True)
        lit = {unit: (base, level) for unit, level in pairs}
        for place, cell in enumerate(self.slots.places, units):
            if cell is not None:
                bright = self.carrying and cell.strength >= 0.02
                level = round(max(0.0, min(1.0, cell.strength)) * (LEVELS - 1)) if bright else -1
                lit[place] = self._colour_of(cell.class_id), level
        return lit

    def _draw_shapes(self, painter: QPainter) -> None:
        """Paint every cell as what it is, where shapes are kept."""
        lit = self._lit_now()
        for place, spot in enumerate(self._spots):
            painter.save()
            painter.translate(spot)
            self._paint_cell(painter, *self._inks_of(*lit.get(place, ("idle" if place < self._units else "free", 0))))
            painter.restore()
        self._draw_words(painter)

    def _frame(self, painter: QPainter, look: str, kind: str, index: int) -> None:
        box = self.grid.unit(index) if kind == "unit" else self.grid.example(index)
        ink = {"hover": "border_strong", "chosen": "text_strong", "focus": "accent_hover"}[look]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.theme.colour(ink), 1 if look == "hover" else 2))
        painter.drawRoundedRect(QRectF(box).adjusted(-0.5, -0.5, 0.5, 0.5), self._radius() + 1, self._radius() + 1)

    def _radius(self) -> float:
        return 3.5 if self.grid.pitch >= 18 else 2.0 if self.grid.pitch >= 10 else 0.0

    def _draw_still(self) -> QPixmap:
        """What does not change from answer to answer: idle cells, free places, words."""

        def paint(painter: QPainter) -> None:
            for place, spot in enumerate(self._spots):
                painter.drawPixmap(spot, self._ink("idle" if place < self._units else "free", 0))
            self._draw_words(painter)

        return painted(self.width(), self.height(), self.devicePixelRatioF(), paint, self.theme.colour("surface"))

    def _draw_words(self, painter: QPainter) -> None:
        theme, grid = self.theme, self.grid
        painter.setPen(theme.colour("text_muted"))
        if not self._units and self._notice:
            painter.setFont(theme.ui("small"))
            box = QRect(0, 0, self.width(), grid.examples_top)
            painter.drawText(box, int(Qt.TextFlag.TextWordWrap), self._notice)
        painter.setFont(theme.ui("tiny"))
        caption = theme.px(CAPTION)
        line = QRect(0, grid.examples_top - caption, self.width(), caption - 2)
        metrics, room = QFontMetrics(painter.font()), self.width()
        words = next((text for text in self.example_words() if metrics.horizontalAdvance(text) <= room), "")
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, words)

    def example_words(self) -> tuple[str, ...]:
        """Return what stands above the cells of examples, the fullest first: how many are shown, of how many."""
        filled = self.slots.filled
        if not filled:
            return (self.caption, *shorter(self.caption))
        adds = ("what each adds" if filled > 1 else "what it adds") if self.carrying else ""
        count = f"{filled} example{'s' if filled > 1 else ''}"
        if self.total > filled:
            # What fits, the strongest, is not what there is.
            count = f"{filled} of {self.total:,} examples"
        more = (f"{count}, lit by {adds}", f"{count}, lit by share") if adds else (f"{count}, not answering now",)
        return (*more, count)

    def _ink(self, colour: str, level: int) -> QPixmap:
        """A cell of a colour; level −1 is one that is there and dark. "idle" and "free": one with nothing in it."""
        found = self._inks.get((colour, level))
        if found is None:
            side, inks = self.grid.pitch - self.grid.gap, self._inks_of(colour, level)
            # With the panel around it: one is put in the place of another.
            found = self._inks[colour, level] = painted(
                side,
                side,
                self.devicePixelRatioF(),
                lambda painter: self._paint_cell(painter, *inks),
                self.theme.colour("surface"),
            )
        return found

    def _inks_of(self, colour: str, level: int) -> tuple[QColor, QColor]:
        """Return what fills a cell, and its edge."""
        off, border = self.theme.colour("unit_off"), self.theme.colour("unit_border")
        if colour == "idle":
            return off, border
        if colour == "free":
            return mix(self.theme.colour("surface"), off, 0.6), off
        full = QColor(colour)
        share = 0.0 if level < 0 else 0.25 + 0.75 * level / (LEVELS - 1)
        return mix(off, full, share), mix(border, full, 0.35 if level < 0 else 0.9)

    def _paint_cell(self, painter: QPainter, fill: QColor, edge: QColor) -> None:
        side, radius = self.grid.pitch - self.grid.gap, self._radius()
        if side < 6:
            painter.fillRect(QRectF(0, 0, side, side), fill)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius > 0)
            painter.setPen(QPen(edge, 1))
            painter.setBrush(fill)
            inset = 0.5 if radius > 0 else 0.0
            painter.drawRoundedRect(QRectF(inset, inset, side - 1, side - 1), radius, radius)
