"""The raster of gates: units, examples and banks down, time across; one image that is written column by column."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.bridge.state import CellView
from dgstudio.studio.gates.example_slots import SLOTS
from dgstudio.studio.gates.gate_columns import (
    CELL_LEVELS,
    CELLS,
    I64,
    SILENT,
    SPEAKING,
    UNIT_LEVELS,
    GateColumns,
    RasterAnswer,
)
from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.painting.time_line import axis_marks, paint_cursor
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import DARK, Theme, mix
from dgstudio.types import F32, I32, U8

U32 = npt.NDArray[np.uint32]

TOP, BOTTOM = 15, 15
"""Logical pixels above the image (labels of publishes) and below it (time)."""
MOST_COLUMNS = 400
CELL_COLOURS = 36
EMPTY = "Each answer leaves a column here: which units and examples it comes of."
"""Stands in the picture until one does."""
DASH = 4
"""Logical pixels of a dash of a publish's line."""
FORMAT = QImage.Format.Format_RGB32
FAINT = 0.4
"""How much of a line is seen that is one of a burst."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Which row of the data each pixel down the image shows: `of` (height,) int, −1 between rows.

    Where there are more units than pixels, `pooled` of them share one: (pixels,) the first unit of each.
    """

    of: I32
    pooled: I32 | None


def share_rows(units: int, banks: int, height: int) -> Rows:
    """Share out `height` pixels: banks least, the examples about a quarter, units what is left."""
    gap = 4 if height > 80 else 1
    bank = max(1, min(8, height // 5 // banks)) if banks else 0
    cell = max(1, height // 4 // SLOTS) if units else max(1, (height - bank * banks - gap) // SLOTS)
    room = max(1, height - cell * SLOTS - bank * banks - gap * ((units > 0) + (banks > 0)))
    unit = room // units if units else 0
    pooled = None
    if not units:
        parts: list[I32] = []
    elif unit >= 1:
        parts = [_rows(0, units, unit)]
    else:
        pooled = (np.arange(room) * units // room).astype(np.int32)
        parts = [np.arange(room, dtype=np.int32)]
    first = units if pooled is None else room
    left = height - sum(map(len, parts)) - cell * SLOTS - bank * banks
    between = np.full(max(gap, left // max(1, (units > 0) + (banks > 0))), -1, np.int32)
    parts += [between] * (units > 0) + [_rows(first, SLOTS, cell)]
    parts += ([between, _rows(first + SLOTS, banks, bank)]) if banks else []
    of = np.concatenate(parts)[:height]
    return Rows(np.concatenate([of, np.full(height - len(of), -1, np.int32)]), pooled)


def _rows(first: int, count: int, pixels: int) -> I32:
    """`count` rows of `pixels` each; from three pixels on, the last one parts it from the next."""
    rows = np.repeat(np.arange(first, first + count, dtype=np.int32), pixels)
    if pixels >= 3:
        rows[pixels - 1 :: pixels] = -1
    return rows


class GateRaster(QWidget):
    """A stretch of gates, the last seconds or a past one. New columns are written into a ring of pixels, which is
    copied to the screen. `placed` carries the moment of stream time on which the hand puts the time cursor.
    """

    placed = Signal(float)

    def __init__(self, colour_of: Callable[[int], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._colour_of = colour_of
        self._view_s = 10.0
        self._now = 0.0
        self._edge = 0.0
        self._filling = False
        self.moment: float | None = None
        """Stream time at which the time cursor stands."""
        self._columns = GateColumns(self._slot)
        self._classes: dict[int, int] = {}
        self._publishes: deque[tuple[float, str, bool]] = deque(maxlen=1024)
        """Time, label, and whether it has room for it: at the present size none stands on another."""
        self._free = -np.inf
        """The time of the last publish that has its label."""
        self._lines: dict[int, bool] = {}
        """Columns of pixels that a publish's line crosses, and whether it is one with a label."""
        self._dashes: npt.NDArray[np.bool_] = np.zeros(1, bool)
        self._pixels: U32 = np.zeros((1, 1), np.uint32)
        self._image = QImage()
        self._rows = share_rows(0, 0, 1)
        self._table: U32 = np.zeros(256, np.uint32)
        self._clean = 0
        self._axis = KeptLayer()
        self.setAccessibleName("Raster of gates over time")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(400), self.theme.px(240))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(100), self.theme.px(80))

    # -- what is shown -------------------------------------------------------------------------------------------

    def reset(self, units: int, view_s: float, hop_s: float) -> None:
        """Start empty: `units` of the base, `view_s` seconds in view, an answer every `hop_s` seconds."""
        self._view_s = max(0.1, view_s)
        step = max(hop_s, self._view_s / MOST_COLUMNS, 1e-3)
        self._columns.reset(units, int(np.ceil(self._view_s / step)) + 2, step)
        self._publishes.clear()
        self._free = -np.inf
        self._rebuild()

    def show_stretch(self, end: float, answers: Iterable[RasterAnswer], publishes: Iterable[tuple[float, int]]) -> None:
        """Show these answers and publishes, oldest first, with `end` (stream time) at the right edge.

        `reset` has said how much is in view.
        """
        self._filling = True
        self._columns.add([*answers])
        for when, version in publishes:
            self.add_publish(when, version)
        self._filling = False
        self._now = self._edge = end
        self._rebuild()

    def put_cursor(self, moment: float | None, edge: float) -> None:
        """Draw the time cursor at a moment of stream time, or none; the axis counts from `edge`."""
        if (moment, edge) != (self.moment, self._edge):
            self.moment, self._edge = moment, edge
            self._axis.forget()
            self.update()

    def add(self, end: float, active: I32, activations: F32, cells: Sequence[CellView | None], states: U8) -> None:
        """Write the answer to the window that ended at `end`; `cells` are the examples by place."""
        banks = self._columns.banks
        self._columns.add([(end, active, activations, cells, states)])
        if self._columns.banks != banks:
            self._rebuild()
            return
        place = self._columns.place_of(end)
        if place is not None:
            self._write(place)

    def light(self, end: float, cells: Sequence[CellView | None]) -> None:
        """Write the examples of an answer that is shown already: the window that ended at `end`."""
        place = self._columns.place_of(end)
        if place is not None:
            self._columns.put_cells(place, cells)
            self._write(place)
            # Where the past is looked at nothing else has it painted.
            self.update()

    def add_publish(self, time: float, version: int) -> None:
        """Mark a publish."""
        words = f"v{version} published"
        fits = time - self._label_s(words) >= self._free
        self._publishes.append((time, words, fits))
        self._free = time if fits else self._free
        self._add_line(time, fits)

    def publishes_in_view(self) -> list[tuple[float, str]]:
        """Return (time, label) of the publishes that have a line; an empty label where there is no room for one."""
        begin = self._now - self._view_s
        return [(when, words if fits else "") for when, words, fits in self._publishes if when >= begin]

    def _label_s(self, words: str) -> float:
        """How many seconds of the picture a label takes."""
        wide = QFontMetrics(self.theme.ui("tiny")).horizontalAdvance(words) + 10
        return wide * self._view_s / max(1, self.width())

    def _label_anew(self) -> None:
        # From the oldest one on, so that a label does not come and go as the view moves on.
        publishes, self._free = [*self._publishes], -np.inf
        self._publishes.clear()
        self._lines.clear()
        # Figures are of equal width: one measure for all labels of a length.
        wides: dict[int, float] = {}
        for when, words, _ in publishes:
            if len(words) not in wides:
                wides[len(words)] = self._label_s(words)
            fits = when - wides[len(words)] >= self._free
            self._publishes.append((when, words, fits))
            self._free = when if fits else self._free

    def advance(self, now: float) -> None:
        """Let the right edge be `now` (stream time)."""
        if now != self._now:
            self._now = self._edge = now
            self._clean_up_to(int(np.ceil(now * self._rate())))
            while self._publishes and self._publishes[0][0] < now - 2 * self._view_s:
                self._publishes.popleft()
            # The axis stands still.
            self.update(QRect(0, 0, self.width(), self._low()))

    def set_class_colours(self) -> None:
        """Ask anew for the colours of the classes; nothing is drawn anew where they are the same."""
        before = self._table
        self._make_table()
        if not np.array_equal(before, self._table):
            self._rebuild()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._make_table()
        self._rebuild()

    def time_at(self, x: float) -> float:
        """Return the moment of stream time at a pixel across."""
        return self._now - (self.width() - x) * self._view_s / max(1, self.width())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.buttons() & Qt.MouseButton.LeftButton and np.isfinite(self._now):
            self.placed.emit(min(max(self.time_at(event.position().x()), self._now - self._view_s), self._now))

    def words_at(self, point: QPoint) -> str:
        """Return what the tooltip says at a point: which row it is, and when."""
        y = int((point.y() - self._top()) * self.devicePixelRatioF())
        if not 0 <= y < len(self._rows.of) or not self._image.width():
            return ""
        row = int(self._rows.of[y])
        ago = self._edge - self.time_at(point.x())
        if row < 0:
            return ""
        if self._rows.pooled is not None:
            row = (
                int(self._rows.pooled[row])
                if row < len(self._rows.pooled)
                else row - len(self._rows.pooled) + self._columns.units
            )
        if row < self._columns.units:
            what = f"unit {row}"
        elif row < self._columns.units + SLOTS:
            what = "an example that carries the answer"
        else:
            what = f"bank {row - self._columns.units - SLOTS + 1}: lit while it is open, bright while it speaks"
        return f"{what} · {ago:.1f} s ago"

    # -- the ring of pixels --------------------------------------------------------------------------------------

    def _rate(self) -> float:
        """Device pixels a second."""
        return self.width() * self.devicePixelRatioF() / self._view_s

    def _top(self) -> int:
        return self.theme.px(TOP)

    def _low(self) -> int:
        """Logical pixels from the top to below the image."""
        return self._top() + int(np.ceil(self._pixels.shape[0] / self.devicePixelRatioF()))

    def _slot(self, class_id: int) -> int:
        if class_id not in self._classes:
            self._classes[class_id] = len(self._classes) % CELL_COLOURS
            self._make_table()
        return self._classes[class_id]

    def _make_table(self) -> None:
        theme = self.theme
        off = theme.colour("well")
        table = np.full(256, off.rgb(), np.uint32)
        for level in range(1, UNIT_LEVELS + 1):
            table[level] = mix(off, theme.colour("base_unit"), 0.2 + 0.8 * level / UNIT_LEVELS).rgb()
        table[SILENT] = mix(off, theme.colour("learned_unit"), 0.35).rgb()
        table[SPEAKING] = theme.colour("learned_unit").rgb()
        for class_id, slot in self._classes.items():
            full = theme.colour(self._colour_of(class_id))
            for level in range(CELL_LEVELS):
                table[CELLS + slot * CELL_LEVELS + level] = mix(off, full, 0.2 + 0.8 * level / (CELL_LEVELS - 1)).rgb()
        self._table = table

    def _rebuild(self) -> None:
        """Make the image for the present size, and write every column that is kept."""
        ratio = self.devicePixelRatioF()
        wide = max(1, round(self.width() * ratio))
        tall = max(1, round((self.height() - self._top() - self.theme.px(BOTTOM)) * ratio))
        ring = wide + int(np.ceil(self._columns.step * self._rate())) + 2
        self._rows = share_rows(self._columns.units, self._columns.banks, tall)
        self._pixels = self._all_columns(ring)
        # The image looks at the array: nothing is copied until it is drawn.
        self._image = QImage(self._pixels.data, ring, tall, ring * 4, FORMAT)
        self._axis.forget()
        dash = max(1, round(DASH * ratio))
        self._dashes = np.arange(tall) // dash % 2 == 0
        self._label_anew()
        for when, _, fits in self._publishes:
            self._add_line(when, fits)
        self.update()

    def _all_columns(self, ring: int) -> U32:
        """The pixels of every column that is kept, `ring` of them across, without the lines of publishes."""
        at = self._columns.at
        places = np.argsort(at, kind="stable")
        places = places[at[places] >= 0]
        left, right = self._across(at[places])
        self._clean = max(int(np.ceil(self._now * self._rate())), int(right.max(initial=0)))
        seen = left >= self._clean - ring
        places, left, right = places[seen], left[seen], right[seen]
        wide = np.maximum(right, left + 1) - left
        begins = np.cumsum(wide) - wide
        # Which column each pixel across shows; where columns are narrower than pixels, the last of them.
        shown = np.full(ring, len(places))
        shown[(np.arange(wide.sum()) + np.repeat(left - begins, wide)) % ring] = np.repeat(np.arange(len(places)), wide)
        nothing = np.full((len(self._rows.of), 1), self._table[0])
        return np.take(np.concatenate([self._colours(places), nothing], axis=1), shown, axis=1)

    def _across(self, columns: I64) -> tuple[I64, I64]:
        """The pixels across, counted as `_rate` says, on which columns begin and before which they end."""
        rate, step = self._rate(), self._columns.step
        return ((columns - 1) * step * rate).astype(np.int64), (columns * step * rate).astype(np.int64)

    def _colours(self, places: I64) -> U32:
        """The pixels (height, n) of the columns that stand at these places."""
        data = self._columns.levels[places]
        units = data[:, : self._columns.units]
        if self._rows.pooled is not None:
            units = np.maximum.reduceat(units, self._rows.pooled, axis=1)
        # Index −1 is the zero at the end: nothing between the rows.
        rows = np.concatenate([units, data[:, self._columns.units :], np.zeros((len(data), 1), np.uint8)], axis=1).T
        colours: U32 = self._table[rows[self._rows.of]]
        return colours

    def _clean_up_to(self, right: int) -> None:
        ring = self._pixels.shape[1]
        begin = max(self._clean, right - ring)
        if begin >= right:
            return
        left, stop = begin % ring, (right - 1) % ring + 1
        if left < stop:
            self._pixels[:, left:stop] = self._table[0]
        else:
            self._pixels[:, left:] = self._table[0]
            self._pixels[:, :stop] = self._table[0]
        self._clean = right
        for column in [column for column in self._lines if column < right - ring]:
            del self._lines[column]
        self._draw_lines(begin, right)

    def _add_line(self, time: float, labelled: bool) -> None:
        if self._filling:
            return
        ratio = self.devicePixelRatioF()
        column = round(time * self._rate())
        for each in range(column, column + max(1, round(ratio))):
            if each not in self._lines and self._clean - self._pixels.shape[1] <= each:
                self._lines[each] = labelled
                if each < self._clean:
                    self._draw_lines(each, each + 1)

    def _draw_lines(self, left: int, stop: int) -> None:
        """Draw the lines of publishes over columns that have been written anew."""
        ink = int(self.theme.colour("publish").rgb())
        for column, labelled in self._lines.items():
            if left <= column < stop:
                pixels = self._pixels[:, column % self._pixels.shape[1]]
                # One publish is an event; a burst of them is a texture behind what it explains.
                pixels[self._dashes] = ink if labelled else _blend(pixels[self._dashes], ink, FAINT)

    def _write(self, place: int) -> None:
        ring, places = self._pixels.shape[1], np.array([place])
        left, right = (int(each[0]) for each in self._across(self._columns.at[places]))
        self._clean_up_to(right)
        if left < self._clean - ring:
            return
        stop = max(right, left + 1)
        self._pixels[:, np.arange(left, stop) % ring] = self._colours(places)
        if self._lines:
            self._draw_lines(left, stop)

    # -- drawing -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._rebuild()

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.words_at(event.pos()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, ratio = self.theme, self.devicePixelRatioF()
        top, tall, ring = self._top(), self._pixels.shape[0], self._pixels.shape[1]
        painter.fillRect(QRectF(0, 0, self.width() + 1, top), theme.colour("surface"))
        if ratio != int(ratio):
            # The image may end a pixel before the widget does.
            painter.fillRect(QRectF(self.width() - 1, 0, 2, self.height()), theme.colour("surface"))
        wide = min(ring, round(self.width() * ratio))
        start = (int(np.ceil(self._now * self._rate())) - wide) % ring
        first = min(wide, ring - start)
        # In device pixels, which the image has: it is copied and nothing is looked for.
        painter.scale(1 / ratio, 1 / ratio)
        if keeps_shapes(painter):
            # As one: a part of an image is kept as all of it.
            columns = np.ascontiguousarray(self._pixels[:, (start + np.arange(wide)) % ring])
            painter.drawImage(QPointF(0, top * ratio), QImage(columns.data, wide, tall, 4 * wide, FORMAT).copy())
        else:
            painter.drawImage(QPointF(0, top * ratio), self._image, QRectF(start, 0, first, tall))
            if first < wide:
                painter.drawImage(QPointF(first, top * ratio), self._image, QRectF(0, 0, wide - first, tall))
        painter.scale(ratio, ratio)
        if self._columns.blank:
            self._say_empty(painter, QRectF(0, top, self.width(), tall / ratio))
        self._draw_labels(painter, top)
        if self.moment is not None:
            x = self.width() - (self._now - self.moment) * self.width() / self._view_s
            paint_cursor(painter, theme, min(x, self.width() - 1), top, top + tall / ratio)
        low = top + tall / ratio
        if event.rect().bottom() >= int(low):
            # At 150 % the axis ends between two pixels; what is left below it is this widget's, too.
            ground, tall = theme.colour("surface"), theme.px(BOTTOM)
            painter.fillRect(QRectF(0, low, self.width(), self.height() - low), ground)
            self._axis.draw(painter, QRectF(0, low, self.width(), tall), ratio, self._paint_axis, ground=ground)

    def _say_empty(self, painter: QPainter, box: QRectF) -> None:
        painter.setPen(self.theme.colour("text_muted"))
        margin = self.theme.px(12)
        room, flags = box.adjusted(margin, 0, -margin, 0), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        for size in ("body", "small", "tiny"):
            painter.setFont(self.theme.ui(size))
            if room.contains(painter.boundingRect(room, flags, EMPTY)):
                painter.drawText(room, flags, EMPTY)
                return

    def _draw_labels(self, painter: QPainter, top: int) -> None:
        begin, rate = self._now - self._view_s, self.width() / self._view_s
        labelled = [(when, words) for when, words, fits in self._publishes if fits and when >= begin]
        if not labelled:
            return
        painter.setFont(self.theme.ui("tiny"))
        painter.setPen(self.theme.colour("accent_text"))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        metrics = QFontMetrics(painter.font())
        for when, words in labelled:
            x = min(round((when - begin) * rate), self.width() - 1)
            if x >= metrics.horizontalAdvance(words):
                # Left of its line: there the whole label has room as soon as the line appears.
                painter.drawText(QRectF(x - 200, 0, 200, top - 1), flags, words)

    def _paint_axis(self, painter: QPainter) -> None:
        """The seconds below the image, marked as on the stream's axis; drawn once for as long as they do not move."""
        theme = self.theme
        painter.setFont(theme.mono(10))
        metrics = QFontMetrics(painter.font())
        behind = max(0.0, self._edge - self._now)
        for share, text in axis_marks(self._view_s, behind, self.width(), metrics):
            x = self.width() * (1 - share)
            painter.fillRect(QRectF(min(max(0.0, round(x)), self.width() - 1), 0, 1, 3), theme.colour("border_strong"))
            half = metrics.horizontalAdvance(text) / 2 + 2
            centre = min(max(x, half - 2), self.width() - half + 2)
            painter.setPen(theme.colour("text_muted"))
            box = QRectF(centre - half, 2, 2 * half, theme.px(BOTTOM) - 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _blend(pixels: U32, ink: int, share: float) -> U32:
    """Return pixels 0xAARRGGBB moved by `share` (0..1) towards an ink."""
    mixed = np.uint32(0xFF000000) | np.zeros_like(pixels)
    for shift in (0, 8, 16):
        before, after = (pixels >> np.uint32(shift)) & np.uint32(255), (ink >> shift) & 255
        mixed |= np.rint(before + (after - before.astype(np.float64)) * share).astype(np.uint32) << np.uint32(shift)
    return mixed
