"""The picture of the timeline: dots on a line that follows the newest, scrolls, zooms, and densifies to ticks."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.studio.versions.timeline import (
    CLASSES,
    INITIAL,
    LEARNED,
    REJECTED,
    ROLLED_BACK,
    SEALED,
    Timeline,
    note_of,
)

WIDEST, TIGHTEST, MOST = 40.0, 13.0, 64.0
"""Logical pixels between two slots: when there are few, when they begin to scroll, and at the closest zoom."""
DOTS_FROM = 7.0
"""Logical pixels between two slots from which each is a dot."""
CROSSES_FROM = 2.0
"""From which a rejection is crossed where there are ticks; below, its red tick is enough."""
MARKS_APART = 9.0
SIDE = 18
"""Logical pixels left and right of the line."""
BAND = 14
TOKENS = {
    LEARNED: "border_strong",
    INITIAL: "border_strong",
    REJECTED: "bad",
    ROLLED_BACK: "warning",
    CLASSES: "text",
    SEALED: "good",
}
_STEPS = (1, 2, 3, 5, 6, 10, 20, 30, 50)


class TimelineCanvas(QWidget):
    """Paints a `Timeline`. It repaints only when something changed, and then only what is in view."""

    chosen = Signal(object)

    def __init__(self, timeline: Timeline, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.timeline = timeline
        self.serving: int | None = None
        self.head: int | None = None
        self.pinned = False
        self.selected: int | None = None
        self.compared: int | None = None
        self.under: int | None = None
        self.following = True
        self._pitch: float | None = None
        self._first = 0.0
        self._ringed = False
        self._marks: dict[tuple[int, bool, float], QPixmap] = {}
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(400, self.theme.px(74))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(160, self.theme.px(46))

    # -- what it shows -----------------------------------------------------------------------------------------

    def show_versions(self, serving: int | None, head: int | None, *, pinned: bool) -> None:
        """Draw the timeline as it stands, with these slots as the serving one and the newest of the learner."""
        self.serving, self.head, self.pinned = serving, head, pinned
        count = len(self.timeline)
        if self.selected is not None and self.selected >= count:
            self.selected = None
        if self.compared is not None and self.compared >= count:
            self.compared = None
        if self.under is not None and self.under >= count:
            self.under = None
        self._hold()
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._marks.clear()
        self.update()

    def select(self, slot: int | None, compared: int | None = None) -> None:
        """Mark a slot, and perhaps a second one to compare it with."""
        if (slot, compared) == (self.selected, self.compared):
            return
        self.selected, self.compared = slot, compared
        if slot is not None:
            self._bring_into_view(compared if compared is not None else slot)
        self.update()
        self.chosen.emit(slot)

    # -- where things are --------------------------------------------------------------------------------------

    @property
    def pitch(self) -> float:
        """Logical pixels from one slot to the next."""
        if self._pitch is not None:
            return min(max(self._pitch, self._least()), MOST)
        count = len(self.timeline)
        return min(max(self._room() / max(1, count - 1), TIGHTEST), WIDEST)

    @property
    def first(self) -> float:
        """The slot, with its fraction, at the left end of the line."""
        last = max(0.0, len(self.timeline) - 1 - self._room() / self.pitch)
        return last if self.following else min(self._first, last)

    def x_of(self, slot: float) -> float:
        """Return where a slot is, in logical pixels."""
        return SIDE + (slot - self.first) * self.pitch

    def slot_at(self, x: float) -> int | None:
        """Return the slot nearest to a pixel, or None where there is none."""
        slot = round((x - SIDE) / self.pitch + self.first)
        near = abs(self.x_of(slot) - x) <= max(12.0, self.pitch / 2)
        return slot if 0 <= slot < len(self.timeline) and near else None

    def visible(self) -> tuple[int, int]:
        """Return the slots [first, stop) that are in view."""
        first = max(0, math.floor(self.first - SIDE / self.pitch))
        stop = min(len(self.timeline), math.ceil(self.first + (self._room() + SIDE) / self.pitch) + 1)
        return first, max(first, stop)

    def _room(self) -> float:
        return max(1.0, self.width() - 2.0 * SIDE)

    def _least(self) -> float:
        return min(TIGHTEST, self._room() / max(1, len(self.timeline) - 1))

    def _hold(self) -> None:
        if not self.following and self.first >= len(self.timeline) - 1 - self._room() / self.pitch:
            self.following = True

    def _move_to(self, first: float) -> None:
        last = max(0.0, len(self.timeline) - 1 - self._room() / self.pitch)
        self._first = min(max(first, 0.0), last)
        self.following = self._first >= last - 1e-6
        self.update()

    def _bring_into_view(self, slot: int) -> None:
        x = self.x_of(slot)
        if x < SIDE:
            self._move_to(slot - 2.0)
        elif x > self.width() - SIDE:
            self._move_to(slot - self._room() / self.pitch + 2.0)

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Bring slots together or apart about the pixel `x` (default: the newest)."""
        x = self.width() - SIDE if x is None else x
        held = (x - SIDE) / self.pitch + self.first
        following = self.following and x >= self.width() - 3 * SIDE
        self._pitch = min(max(self.pitch * factor, self._least()), MOST)
        if following:
            self.following = True
            self.update()
        else:
            self._move_to(held - (x - SIDE) / self.pitch)

    # -- painting ----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme = self.theme
        painter.fillRect(self.rect(), theme.colour("surface"))
        middle = self.middle
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(QPointF(4, middle), QPointF(self.width() - 4, middle))
        if not len(self.timeline):
            return
        first, stop = self.visible()
        if self.selected is not None and self.compared is not None:
            ends = sorted((self.x_of(self.selected), self.x_of(self.compared)))
            band = QRectF(ends[0], middle - 9, ends[1] - ends[0], 18)
            painter.fillRect(band, theme.colour("accent", 0.22))
        if self.pitch >= DOTS_FROM:
            self._paint_dots(painter, first, stop, middle)
        else:
            self._paint_band(painter, first, stop, middle)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self._paint_notes(painter, first, stop, middle)
        self._paint_states(painter, middle)
        self._paint_numbers(painter, first, stop, middle)
        if not self.following:
            self._paint_way_back(painter, middle)
        if self._ringed and self.hasFocus():
            painter.setPen(QPen(theme.colour("accent_hover"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -1, -1))

    @property
    def middle(self) -> float:
        """The line's height, in logical pixels."""
        above, below = self.theme.px(17) + 9, self.theme.px(17) + 9
        spare = max(0.0, self.height() - above - below)
        return round(above + spare * 0.45) + 0.5

    def _paint_dots(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        codes = self.timeline.codes(first, stop).tolist()
        for slot, code in enumerate(codes, first):
            if slot != self.serving:
                self._paint_mark(painter, slot, code, middle)

    def _paint_band(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        # Many slots a pixel: one image, a column a pixel, taller where more is published; specials stand out of it.
        wide = self.width()
        codes = self.timeline.codes(first, stop)
        at = np.clip(np.rint(SIDE + (np.arange(first, stop) - self.first) * self.pitch).astype(int), 0, wide - 1)
        tall = 2 * BAND + 1
        image = np.zeros((tall, wide), np.uint32)
        plain = np.bincount(at, minlength=wide)
        reach = np.where(plain > 0, 2 + np.minimum(BAND // 2 - 2, np.round(2 * np.sqrt(plain))), 0)
        away = np.abs(np.arange(tall) - BAND)[:, None]
        image[away < reach] = self.theme.colour("border_strong").rgba()
        for code in (CLASSES, SEALED, ROLLED_BACK, REJECTED):
            found = at[codes == code]
            if len(found):
                share = np.bincount(found, minlength=wide) / np.maximum(plain, 1)
                reach = np.where(share > 0, BAND // 2 + np.ceil(share * BAND / 2), 0)
                image[away < reach] = self.theme.colour(TOKENS[code]).rgba()
        picture = QImage(image.data, wide, tall, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied)
        painter.drawImage(QPointF(0, math.floor(middle) - BAND), picture)

    def _paint_mark(self, painter: QPainter, slot: int, code: int, middle: float) -> None:
        mark = self._mark(code, hollow=self.timeline.gone(slot))
        half = mark.width() / mark.devicePixelRatio() / 2
        painter.drawPixmap(QPointF(self.x_of(slot) - half, middle - half), mark)

    def _mark(self, code: int, *, hollow: bool) -> QPixmap:
        # Painted once a theme: a timeline in view has some two hundred of them.
        theme, ratio = self.theme, self.devicePixelRatioF()
        radius = min(4.0 * theme.scale, max(2.5, self.pitch * 0.3))
        key = (code, hollow, round(radius * 2) / 2 + 100 * ratio)
        if key in self._marks:
            return self._marks[key]
        size = math.ceil(2 * radius + 8)
        pixmap = QPixmap(round(size * ratio), round(size * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        centre, ink = QPointF(size / 2, size / 2), theme.colour(TOKENS[code])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        if hollow:
            # What can no longer be served or gone back to; the surface hides the line behind it.
            painter.setOpacity(0.6)
            painter.setPen(QPen(ink, 1.2))
            painter.setBrush(theme.colour("surface"))
        if code == REJECTED:
            painter.setPen(QPen(ink, 1.8))
            reach = radius * 1.1
            for way in (1, -1):
                arm = QPointF(reach, way * reach)
                painter.drawLine(centre - arm, centre + arm)
        elif code in (CLASSES, SEALED):
            # A diamond: something was added, or locked; not an ordinary step.
            painter.translate(centre)
            painter.rotate(45)
            side = radius * 1.7
            painter.drawRect(QRectF(-side / 2, -side / 2, side, side))
        else:
            painter.drawEllipse(centre, radius, radius)
        painter.end()
        self._marks[key] = pixmap
        return pixmap

    def _paint_states(self, painter: QPainter, middle: float) -> None:
        theme = self.theme
        big = 6.5 * theme.scale
        accent, nothing = theme.colour("accent"), Qt.BrushStyle.NoBrush
        if self.head is not None and self.head != self.serving:
            painter.setPen(QPen(accent, 2))
            painter.setBrush(theme.colour("surface"))
            painter.drawEllipse(QPointF(self.x_of(self.head), middle), big - 1, big - 1)
        if self.serving is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawEllipse(QPointF(self.x_of(self.serving), middle), big, big)
            if self.pinned:
                painter.setBrush(theme.colour("on_accent"))
                painter.drawEllipse(QPointF(self.x_of(self.serving), middle), big * 0.38, big * 0.38)
        painter.setBrush(nothing)
        for slot, token in ((self.under, "border_strong"), (self.compared, "accent_text"), (self.selected, "text")):
            if slot is not None:
                painter.setPen(QPen(theme.colour(token), 1.5))
                painter.drawEllipse(QPointF(self.x_of(slot), middle), big + 3, big + 3)

    def _paint_notes(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        theme = self.theme
        font = theme.ui("tiny")
        metrics = QFontMetrics(font)
        painter.setFont(font)
        line = theme.px(16)
        top = middle - 11 * max(1.0, theme.scale) - line
        timeline, taken = self.timeline, math.inf
        if self.pitch < DOTS_FROM:
            self._paint_standing_out(painter, first, stop, middle)
        # From the newest back; what would overlap is left to its mark and the pointer.
        for slot in reversed(_between(timeline.notable, first, stop)):
            if taken < 40:
                break
            x, code = self.x_of(slot), timeline.code(slot)
            text = note_of(timeline.record(slot))
            wide = metrics.horizontalAdvance(text)
            if not text or wide > self.width():
                continue
            left = min(max(x - wide / 2, SIDE - 8.0), self.width() - SIDE + 8.0 - wide)
            if left + wide + 12 > taken:
                continue
            taken = left
            ink = TOKENS[code] if code in (ROLLED_BACK, SEALED) else "text_muted"
            painter.setPen(theme.colour(ink))
            painter.drawText(QRectF(left, top, wide + 4, line), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_standing_out(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        # Among ticks, what is special keeps its mark where there is room for it.
        crossed = self.timeline.rejections if self.pitch >= CROSSES_FROM else []
        for slots in (crossed, self.timeline.notable):
            last = -math.inf
            for slot in _between(slots, first, stop):
                x = self.x_of(slot)
                if x - last >= MARKS_APART:
                    self._paint_mark(painter, slot, self.timeline.code(slot), middle)
                    last = x

    def _paint_numbers(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        theme = self.theme
        line, top = theme.px(16), middle + 11 * max(1.0, theme.scale)
        boxes: list[tuple[float, float]] = []

        def write(slot: int, text: str, colour: QColor, weight: int) -> None:
            font = theme.ui("tiny", weight)
            wide = QFontMetrics(font).horizontalAdvance(text)
            left = min(max(self.x_of(slot) - wide / 2, 2.0), self.width() - wide - 4.0)
            if any(left < right + 8 and left + wide + 8 > other for other, right in boxes):
                return
            boxes.append((left, left + wide))
            painter.setFont(font)
            painter.setPen(colour)
            painter.drawText(QRectF(left, top, wide + 4, line), Qt.AlignmentFlag.AlignVCenter, text)

        for slot, word in ((self.serving, "serving"), (self.head, "newest")):
            if slot is None or not first <= slot < stop or (word == "newest" and slot == self.serving):
                continue
            pinned = " · pinned" if word == "serving" and self.pinned else ""
            write(slot, f"{word} v{self.timeline.version_at(slot)}{pinned}", theme.colour("accent_text"), 600)
        ends = self.timeline.versions_in(first, stop)
        if ends is None:
            return
        room = QFontMetrics(theme.ui("tiny")).horizontalAdvance(f"v{ends[1]}") + 62
        least = max(1.0, room / max(self.pitch, 1e-9))
        power = 10 ** math.floor(math.log10(least))
        step = next(s * power for s in (*_STEPS, 100) if s * power >= least)
        muted = theme.colour("text_muted")
        for version in range(-(-ends[0] // step) * step, ends[1] + 1, step):
            slot = self.timeline.slot_of(version)
            if slot is not None and first <= slot < stop:
                write(slot, f"v{version}", muted, 400)

    def way_back(self) -> QRectF:
        """Where "newest ▸" is drawn while an older stretch is in view."""
        wide = QFontMetrics(self.theme.ui("tiny", 600)).horizontalAdvance("newest ▸") + 16
        tall = self.theme.px(19)
        return QRectF(self.width() - wide - 2, self.middle - tall / 2, wide, tall)

    def _paint_way_back(self, painter: QPainter, middle: float) -> None:
        box = self.way_back()
        painter.setPen(QPen(self.theme.colour("border_strong"), 1))
        painter.setBrush(self.theme.colour("control"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(self.theme.ui("tiny", 600))
        painter.setPen(self.theme.colour("accent_text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "newest ▸")


def _between(ascending: list[int], first: int, stop: int) -> list[int]:
    return ascending[bisect_left(ascending, first) : bisect_left(ascending, stop)]
