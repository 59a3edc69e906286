"""The picture of the timeline: marks of acts on a line that follows the newest, scrolls, zooms, and densifies."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.studio.versions.act_words import act_title
from dgstudio.studio.versions.timeline import BACK, CLASSES, LEARNED, REJECTED, SEALED, Mark, Timeline
from dgstudio.studio.versions.timeline_marks import TOKENS, TimelineMarks

WIDEST, TIGHTEST, MOST = 118.0, 62.0, 180.0
"""Logical pixels between two places: when there are few, when they begin to scroll, and at the closest zoom."""
DOTS_FROM = 7.0
"""Logical pixels between two places from which each has its mark."""
CROSSES_FROM = 2.0
"""From which a rejection is crossed where there are ticks; below, its red tick is enough."""
MARKS_APART = 9.0
SIDE = 22
"""Logical pixels left and right of the line."""
BAND = 14
RADIUS, SMALL = 6.0, 3.2
"""Of the mark of an act, and of one of its records."""
TITLE_GAP = 10.0
"""Between the titles of two selected acts."""
FOLDS_FROM = 16.0
"""Logical pixels between two places from which it stands below a mark that it can be unfolded."""


class TimelineCanvas(QWidget):
    """Paints a `Timeline`. It repaints only when something changed, and then only what is in view.

    Parameters
    ----------
    name_of, colour_of
        Class id → its name, and its colour as "#rrggbb", None for one that is not shown.
    """

    chosen = Signal(object)

    def __init__(
        self,
        timeline: Timeline,
        name_of: Callable[[int | None], str],
        colour_of: Callable[[int], str | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.timeline = timeline
        self.serving: Mark | None = None
        self.head: Mark | None = None
        self.pinned = False
        self.selected: Mark | None = None
        """A."""
        self.compared: Mark | None = None
        """B."""
        self.under: Mark | None = None
        self.following = True
        self._name_of, self._colour_of = name_of, colour_of
        self._serving_version: int | None = None
        self._then: int | None = None
        self._pitch: float | None = None
        self._first = 0.0
        self._ringed = False
        self._marks = TimelineMarks()
        self._folds: list[tuple[QRectF, int]] = []
        """Where it stands that an act can be unfolded, and which."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(400), self.theme.px(84))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(160), self.theme.px(46))

    # -- what it shows -----------------------------------------------------------------------------------------

    def show_versions(self, serving: int | None, head: int | None, *, pinned: bool) -> None:
        """Draw the timeline as it stands, with these versions as the serving one and the newest of the learner."""
        timeline = self.timeline
        self._serving_version = serving
        self.serving, self.head, self.pinned = timeline.mark_of(serving), timeline.mark_of(head), pinned
        self.selected, self.compared, self.under = map(self._still, (self.selected, self.compared, self.under))
        self._hold()
        self.update()

    def show_then(self, version: int | None) -> None:
        """Mark the version that answered the moment that is looked back at; None: the view follows the stream."""
        if version != self._then:
            self._then = version
            self.update()

    @property
    def then(self) -> Mark | None:
        """The mark of the version that answered the moment that is looked back at, as the timeline stands."""
        return self.timeline.mark_of(self._then)

    def _still(self, mark: Mark | None) -> Mark | None:
        return mark if mark is not None and self.timeline.holds(mark) else None

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._marks.apply_theme(theme)
        self.update()

    def select(self, mark: Mark | None, compared: Mark | None = None) -> None:
        """Mark A, and perhaps B, to compare it with."""
        if (mark, compared) == (self.selected, self.compared):
            return
        moved = compared if compared is not None and compared != self.compared else mark
        self.selected, self.compared = mark, compared
        if moved is not None:
            self._bring_into_view(self.timeline.place_of(moved))
        self.update()
        self.chosen.emit(mark)

    def fold(self, act: int, *, unfold: bool) -> None:
        """Show the records of an act, or its mark alone. What is in view stays where it is."""
        timeline = self.timeline
        if unfold == timeline.unfolded(act) or not timeline.folds(act):
            return
        x, following = self.x_of(timeline.place_of(Mark(act))), self.following
        # At the newest end nothing would be left to see of what is unfolded.
        timeline.fold(act, unfold=unfold)
        self.selected, self.compared = (self._folded(mark) for mark in (self.selected, self.compared))
        self.serving = timeline.mark_of(self._serving_version)
        self.under = None
        if following and act + 1 >= len(timeline.acts):
            self._move_to(math.inf)
        else:
            self._move_to(timeline.place_of(Mark(act)) - (x - SIDE) / self.pitch)
        self.update()

    def _folded(self, mark: Mark | None) -> Mark | None:
        return Mark(mark.act) if mark is not None and not self.timeline.unfolded(mark.act) else mark

    # -- where things are --------------------------------------------------------------------------------------

    @property
    def pitch(self) -> float:
        """Logical pixels from one place to the next."""
        if self._pitch is not None:
            return min(max(self._pitch, self._least()), MOST * self.theme.scale)
        scale = self.theme.scale
        return min(max(self._room() / max(1, len(self.timeline) - 1), TIGHTEST * scale), WIDEST * scale)

    @property
    def first(self) -> float:
        """The place, with its fraction, at the left end of the line."""
        last = max(0.0, len(self.timeline) - 1 - self._room() / self.pitch)
        return last if self.following else min(self._first, last)

    def x_of(self, place: float) -> float:
        """Return where a place is, in logical pixels."""
        return SIDE + (place - self.first) * self.pitch

    def x_of_mark(self, mark: Mark) -> float:
        """Return where a mark is, in logical pixels."""
        return self.x_of(self.timeline.place_of(mark))

    def mark_near(self, x: float) -> Mark | None:
        """Return the mark nearest to a pixel, or None where there is none."""
        place = round((x - SIDE) / self.pitch + self.first)
        near = abs(self.x_of(place) - x) <= max(12.0, min(self.pitch / 2, 40.0))
        return self.timeline.mark_at(place) if 0 <= place < len(self.timeline) and near else None

    def visible(self) -> tuple[int, int]:
        """Return the places [first, stop) that are in view."""
        first = max(0, math.floor(self.first - SIDE / self.pitch))
        stop = min(len(self.timeline), math.ceil(self.first + (self._room() + SIDE) / self.pitch) + 1)
        return first, max(first, stop)

    @property
    def middle(self) -> float:
        """The line's height, in logical pixels."""
        above = below = self.theme.px(26)
        spare = max(0.0, self.height() - above - below)
        return round(above + spare * 0.3) + 0.5

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

    def _bring_into_view(self, place: int) -> None:
        x = self.x_of(place)
        if x < SIDE:
            self._move_to(place - 1.0)
        elif x > self.width() - SIDE:
            self._move_to(place - self._room() / self.pitch + 1.0)

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Bring places together or apart about the pixel `x` (default: the newest)."""
        x = self.width() - SIDE if x is None else x
        held = (x - SIDE) / self.pitch + self.first
        following = self.following and x >= self.width() - 3 * SIDE
        self._pitch = min(max(self.pitch * factor, self._least()), MOST * self.theme.scale)
        if following:
            self.following = True
            self.update()
        else:
            self._move_to(held - (x - SIDE) / self.pitch)

    # -- painting ----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme = self.theme
        painter.fillRect(self.rect().adjusted(0, 0, 1, 1), theme.colour("surface"))
        middle = self.middle
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(QPointF(4, middle), QPointF(self.width() - 4, middle))
        if not len(self.timeline):
            return
        first, stop = self.visible()
        if self.selected is not None and self.compared is not None:
            ends = sorted((self.x_of_mark(self.selected), self.x_of_mark(self.compared)))
            band = QRectF(ends[0], middle - 9, ends[1] - ends[0], 18)
            painter.fillRect(band, theme.colour("accent", 0.18))
        dots = self.pitch >= DOTS_FROM
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, dots)
        if dots:
            self._paint_arcs(painter, first, stop, middle)
            for place in range(first, stop):
                self._paint_mark(painter, self.timeline.mark_at(place), self.x_of(place), middle)
        else:
            self._paint_band(painter, first, stop, middle)
            self._paint_standing_out(painter, first, stop, middle)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self._paint_states(painter, middle)
        self._folds = []
        taken = self._paint_below(painter, middle)
        if dots:
            self._paint_titles(painter, first, stop, middle)
            self._paint_folds(painter, first, stop, taken)
        if not self.following:
            self._paint_way_back(painter, middle)
        if self._ringed and self.hasFocus():
            painter.setPen(QPen(theme.colour("accent_hover"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -1, -1))

    def _paint_arcs(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        # Where one went back: a dotted line from there to the mark, from which on it branches.
        timeline = self.timeline
        low, high = timeline.acts_in(first, stop)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        acts = set(timeline.backs[bisect_left(timeline.backs, low) : bisect_left(timeline.backs, high + 1)])
        for act in timeline.backs[bisect_left(timeline.backs, low) : bisect_left(timeline.backs, high)]:
            origin = timeline.acts.origin(act)
            if origin is None:
                continue
            start, end = self.x_of_mark(Mark(origin)), self.x_of_mark(Mark(act))
            room = self.height() - middle - RADIUS - 3
            depth = min(max(10.0, 0.12 * abs(end - start)), max(6.0, room))
            path = QPainterPath(QPointF(start, middle + RADIUS))
            path.cubicTo(
                QPointF(start + (end - start) * 0.2, middle + RADIUS + depth * 1.3),
                QPointF(end - (end - start) * 0.2, middle + RADIUS + depth * 1.3),
                QPointF(end, middle + RADIUS),
            )
            # Where one went on walking nothing branches off.
            pen = QPen(self.theme.colour("warning", 0.3 if act + 1 in acts else 1.0), 1.5)
            pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawPath(path)

    def _paint_mark(self, painter: QPainter, mark: Mark, x: float, middle: float) -> None:
        code, class_id = self.timeline.look(mark)
        radius = (RADIUS if mark.record is None else SMALL) * self.theme.scale
        radius = min(radius, max(2.0, self.pitch * 0.3))
        ink = self._marks.ink(code, self._colour_of(class_id) if class_id is not None else None)
        ratio, hollow = self.devicePixelRatioF(), self.timeline.gone(mark)
        self._marks.draw(painter, QPointF(x, middle), code, ink, radius, ratio, hollow=hollow)

    def _paint_band(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        # Many places a pixel: one image, a column a pixel, taller where more was done; specials stand out of it.
        wide, low, high = self.width(), *self.timeline.acts_in(first, stop)
        codes, classes = self.timeline.codes(low, high), self.timeline.classes(low, high)
        start = self.timeline.place_of(Mark(low))
        at = np.clip(np.rint(SIDE + (start + np.arange(high - low) - self.first) * self.pitch).astype(int), 0, wide - 1)
        tall = 2 * BAND + 1
        image = np.zeros((tall, wide), np.uint32)
        plain = np.bincount(at, minlength=wide)
        reach = np.where(plain > 0, 2 + np.minimum(BAND // 2 - 2, np.round(2 * np.sqrt(plain))), 0)
        away = np.abs(np.arange(tall) - BAND)[:, None]
        inks = np.full(wide, self.theme.colour("border_strong").rgba(), np.uint32)
        learned = codes == LEARNED
        for class_id in np.unique(classes[learned]).tolist():
            # Where several classes share a pixel the last one shows.
            inks[at[learned & (classes == class_id)]] = QColor(
                self._marks.ink(LEARNED, self._colour_of(class_id))
            ).rgba()
        image[:] = np.where(away < reach, inks, 0)
        for code in (CLASSES, SEALED, BACK, REJECTED):
            found = at[codes == code]
            if len(found):
                share = np.bincount(found, minlength=wide) / np.maximum(plain, 1)
                reach = np.where(share > 0, BAND // 2 + np.ceil(share * BAND / 2), 0)
                image[away < reach] = self.theme.colour(TOKENS[code]).rgba()
        picture = QImage(image.data, wide, tall, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied)
        painter.drawImage(QPointF(0, math.floor(middle) - BAND), picture)

    def _paint_standing_out(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        # Among ticks, what is special keeps its mark where there is room for it.
        low, high = self.timeline.acts_in(first, stop)
        crossed = self.timeline.rejections if self.pitch >= CROSSES_FROM else []
        for acts in (crossed, self.timeline.backs):
            last = -math.inf
            for act in acts[bisect_left(acts, low) : bisect_left(acts, high)]:
                x = self.x_of_mark(Mark(act))
                if x - last >= MARKS_APART:
                    self._paint_mark(painter, Mark(act), x, middle)
                    last = x

    def _paint_states(self, painter: QPainter, middle: float) -> None:
        theme = self.theme
        big = 6.5 * theme.scale
        accent, nothing = theme.colour("accent"), Qt.BrushStyle.NoBrush
        if self.head is not None and self.head != self.serving:
            painter.setPen(QPen(accent, 2))
            painter.setBrush(nothing)
            painter.drawEllipse(QPointF(self.x_of_mark(self.head), middle), big + 1.5, big + 1.5)
        if self.serving is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            x = self.x_of_mark(self.serving)
            painter.drawEllipse(QPointF(x, middle), big, big)
            if self.pinned:
                painter.setBrush(theme.colour("on_accent"))
                painter.drawEllipse(QPointF(x, middle), big * 0.38, big * 0.38)
        painter.setBrush(nothing)
        if (then := self.then) is not None:
            painter.setPen(QPen(theme.colour("warning"), 2))
            painter.drawEllipse(QPointF(self.x_of_mark(then), middle), big + 1.5, big + 1.5)
        for mark, token in ((self.under, "border_strong"), (self.compared, "text"), (self.selected, "text")):
            if mark is not None:
                painter.setPen(QPen(theme.colour(token), 1.7))
                painter.drawEllipse(QPointF(self.x_of_mark(mark), middle), big + 3, big + 3)

    def _paint_titles(self, painter: QPainter, first: int, stop: int, middle: float) -> None:
        theme = self.theme
        plain, strong = theme.ui("tiny"), theme.ui("tiny", 600)
        line = theme.px(16)
        top = middle - 11 * theme.scale - line
        taken = math.inf
        # From the newest back; what would overlap is left to its mark and the pointer. What is selected has its room.
        marks = [mark for mark in (self.selected, self.compared) if mark is not None and mark.record is None]
        chosen = sorted(marks, key=self.x_of_mark)
        boxes = self._apart([self._title_box(mark, QFontMetrics(strong)) for mark in chosen], chosen)
        for mark, box in zip(chosen, boxes, strict=True):
            self._paint_title(painter, mark, box, top, "text_strong", strong)
        metrics = QFontMetrics(plain)
        for place in reversed(range(first, stop)):
            if taken < 40:
                break
            mark = self.timeline.mark_at(place)
            if mark.record is not None or mark in chosen:
                continue
            box = self._title_box(mark, metrics)
            if (
                box[0] < 0
                or box[1] + 12 > taken
                or any(box[0] < right + 10 and box[1] + 10 > left for left, right in boxes)
            ):
                continue
            taken = box[0]
            self._paint_title(painter, mark, box, top, "text_muted", plain)

    def _apart(self, boxes: list[tuple[float, float]], marks: list[Mark]) -> list[tuple[float, float]]:
        """Return the boxes of two titles, from the left, so that none covers the other: each keeps its side."""
        if len(boxes) < 2 or boxes[0][1] + TITLE_GAP <= boxes[1][0]:
            return boxes
        middle, (first, second) = sum(map(self.x_of_mark, marks)) / 2, boxes
        end, begin = middle - TITLE_GAP / 2, middle + TITLE_GAP / 2
        left = (max(4.0, end - (first[1] - first[0])), end)
        return [left, (begin, min(self.width() - 4.0, begin + second[1] - second[0]))]

    def _title_box(self, mark: Mark, metrics: QFontMetrics) -> tuple[float, float]:
        wide = metrics.horizontalAdvance(self._title(mark.act))
        x = self.x_of_mark(mark)
        if not 0 <= x <= self.width():
            return x - wide / 2, x + wide / 2
        left = min(max(x - wide / 2, 4.0), max(4.0, self.width() - 4.0 - wide))
        return left, left + wide

    def _title(self, act: int) -> str:
        title = act_title(self.timeline.acts, act, self._name_of)
        return title if len(title) <= 44 else f"{title[:43]}…"

    def _paint_title(
        self, painter: QPainter, mark: Mark, box: tuple[float, float], top: float, token: str, font: QFont
    ) -> None:
        code = self.timeline.look(mark)[0]
        theme = self.theme
        painter.setFont(font)
        painter.setPen(theme.colour(TOKENS[code] if token == "text_muted" and code in (BACK, SEALED) else token))
        rect = QRectF(box[0], top, box[1] - box[0] + 4, theme.px(16))
        # A pixel more than it needs: what is rounded is not cut.
        room = math.ceil(box[1] - box[0]) + 1
        title = QFontMetrics(font).elidedText(self._title(mark.act), Qt.TextElideMode.ElideRight, room)
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, title)

    def _paint_below(self, painter: QPainter, middle: float) -> list[tuple[float, float]]:
        """Letters of what is selected, and which version serves; returns the room that they take."""
        theme = self.theme
        line, top = theme.px(16), middle + 11 * theme.scale
        boxes: list[tuple[float, float]] = []

        def write(mark: Mark, text: str, token: str, weight: int) -> None:
            font, sign = theme.ui("tiny", weight), self._fold_sign(mark)
            text = f"{text}  {sign}" if sign else text
            wide = QFontMetrics(font).horizontalAdvance(text)
            left = min(max(self.x_of_mark(mark) - wide / 2, 2.0), self.width() - wide - 4.0)
            if any(left < right + 8 and left + wide + 8 > other for other, right in boxes):
                return
            boxes.append((left, left + wide))
            painter.setFont(font)
            painter.setPen(theme.colour(token))
            box = QRectF(left, top, wide + 4, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
            if sign:
                self._folds.append((box, mark.act))

        then = self.then
        answered = f"then v{self._then}"
        for mark, letter in ((self.selected, "A"), (self.compared, "B")):
            if mark is not None and self._in_view(mark):
                serving = f" · serving v{self._serving_version}" if mark == self.serving else ""
                write(mark, letter + serving + (f" · {answered}" if mark == then else ""), "text_strong", 700)
        chosen = (self.selected, self.compared)
        if self.serving is not None and self.serving not in chosen and self._in_view(self.serving):
            pinned = " · pinned" if self.pinned else ""
            also = f" · {answered}" if self.serving == then else ""
            write(self.serving, f"serving v{self._serving_version}{pinned}{also}", "accent_text", 600)
        if then is not None and then != self.serving and then not in chosen and self._in_view(then):
            write(then, answered, "warning", 600)
        head = self.head
        if head is not None and head != self.serving and head not in chosen and self._in_view(head):
            write(head, f"newest v{self.timeline.version_of(head)}", "accent_text", 600)
        return boxes

    def _in_view(self, mark: Mark) -> bool:
        return -SIDE <= self.x_of_mark(mark) <= self.width() + SIDE

    def _fold_sign(self, mark: Mark) -> str:
        if mark.record is not None or self.pitch < FOLDS_FROM or not self.timeline.folds(mark.act):
            return ""
        return f"{'▾' if self.timeline.unfolded(mark.act) else '▸'} {self.timeline.acts[mark.act].records}"

    def _paint_folds(self, painter: QPainter, first: int, stop: int, taken: list[tuple[float, float]]) -> None:
        theme = self.theme
        painter.setFont(theme.ui("tiny"))
        line, top = theme.px(16), self.middle + 11 * theme.scale
        for place in range(first, stop):
            mark = self.timeline.mark_at(place)
            sign = self._fold_sign(mark)
            box = QRectF(self.x_of(place) - 16, top, 32, line)
            if not sign or box.left() < 0 or any(left < box.right() and right > box.left() for left, right in taken):
                continue
            painter.setPen(theme.colour("text" if mark == self.under else "text_muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, sign)
            self._folds.append((box, mark.act))

    def fold_at(self, where: QPointF) -> int | None:
        """Return the act whose "▸ 9" is painted at a point, which unfolds it; None where there is none."""
        return next((act for box, act in self._folds if box.contains(where)), None)

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
