"""The lanes of the Stability panel: lines on one time axis, with marks for what each publish did and did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygon,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.studio.common.twin_text import TWIN_WORDS
from dgstudio.studio.common.widgets.elided_label import fitting
from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.painting.time_line import paint_cursor
from dgstudio.studio.stability.live_bars import LiveBars
from dgstudio.studio.stability.stability_log import Mark, StabilityLog, changed, tooltip_of
from dgstudio.studio.stability.stability_marks import ICONS, EventMark, Marks, is_event, place_events, runs_of
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import OWN_ACTS, PublishRecord, TwinKind, TwinState

PROTECTED, LIVE, EVENTS, TWIN = range(4)
"""The lanes, from top to bottom; a second twin has one more."""
LINE = 12
"""Logical pixels of a line of text."""
LOW = 118
"""Logical pixels below which a lane's label has one line, its figures behind its name."""
LOW_WITH_TWO = 190
"""The same with two twins."""
LOW_LANES = (15, 25, 15)
"""Logical pixels of the upper lanes there; the twins' lines get what is left."""
UPPER, UPPER_WITH_TWO = 0.23, 0.17
"""Share of the height that each of the upper lanes gets else."""
TOUCH = 10
"""Logical pixels between two marks below which they would melt into each other."""
EVENT = 14
"""Logical pixels that a mark of the events' lane takes, with the space around it."""
NO_UPDATE = "No update yet: hold a class key, and every publish is checked here."
NONE_SEEN = "No update yet: each publish of the other program is shown here."
NO_TWIN = "C compares with a conventional network on the same stream and labels."
LABELS = (
    ("protected outputs, max |Δ|", "protected outputs", "protected"),
    ("this input, before / after", "this input"),
    ("flips · rejections · roll-backs", "flips · rejections"),
)
"""What each lane is called: in full, and where room is shorter and shorter."""
LEGEND = ("base_unit", "routing"), ("learned_unit", "representation")
"""The two bars of the lane of live input, by their colours."""
MEANINGS = (
    "How far any logit of any protected input moved at each publish, in logits, compared bit by bit.",
    """How far the logits of the newest live input moved at each publish, in logits: the part of the gates that
answer (routing) and the part of what they compute (representation).""",
    "Protected inputs whose top class changed, proposals that were rejected, and roll-backs.",
    """The twin on the same inputs and labels: the largest change of a probability of its protected answers since it
began; below, its answers from arrays that changed during the read (tall) or were never a version.""",
)


class StabilityLanes(QWidget):
    """Draws a `StabilityLog`. The panel says when there is something new; it scrolls by whole pixels.

    `placed` carries the moment of stream time on which the hand puts the time cursor.
    """

    placed = Signal(float)

    def __init__(self, log: StabilityLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._log = log
        self.compare: tuple[TwinKind, ...] = ()
        self.name_of: Callable[[int | None], str] = "class {}".format
        """Names a class in tooltips."""
        self.words: list[tuple[str, str]] = [("", "text_muted")] * 4
        """The text of each lane and the token of its colour; where there are none, that of the events' lane."""
        self.counts: list[tuple[Mark, int]] = []
        """How many of each mark of the events' lane are in view."""
        self.hints = (NO_UPDATE, NO_TWIN)
        """What stands there before anything was published, and while nothing is compared."""
        self.notes: list[str] = []
        """What is said beside the line of each twin."""
        self._edge = 0
        self._cursor: float | None = None
        self._moves_cursor = False
        """Whether the button went down where time runs."""
        self._marks = Marks(self)
        self._still = KeptLayer()
        self._bars = LiveBars(log, self._marks)
        self._known: tuple[object, tuple[list[int], int, float]] | None = None
        self._made: tuple[object, list[list[PublishRecord]], list[PublishRecord]] = (None, [], [])
        self.setAccessibleName("Stability lanes")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def repaints(self) -> int:
        """How often all of what scrolls has been painted."""
        return self._bars.repaints

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(500), self.theme.px(150))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        # Two lines of text a lane.
        return QSize(self.theme.px(240), 8 * self.theme.px(LINE))

    def advance(self, news: bool) -> None:
        """Draw anew if the axis moved by a pixel or there is something new."""
        edge = int(self._log.now * self._rate()) if np.isfinite(self._log.now) else 0
        if news or edge != self._edge:
            self._edge = edge
            if self._still.key == self._still_key():
                # Names and words stand as they are.
                self.update(QRect(self._label_wide(), 0, self.width() - self._label_wide(), self.height()))
            else:
                self.update()

    def show_log(self, log: StabilityLog) -> None:
        """Show another log, of a past stretch or of the last seconds."""
        if log is not self._log:
            self._log = log
            self._bars.show_log(log)
            self._made = None, [], []
            self._edge = int(log.now * self._rate()) if np.isfinite(log.now) else 0
            self.update()

    def put_cursor(self, moment: float | None) -> None:
        """Draw the time cursor at a moment of stream time, or none."""
        if moment != self._cursor:
            self._cursor = moment
            self.update()

    def time_at(self, x: float) -> float:
        """Return the moment of stream time at a pixel across."""
        return self._log.now - (self.width() - 5 - x) / self._rate()

    def set_words(
        self, words: Sequence[tuple[str, str]], counts: Sequence[tuple[Mark, int]], notes: Sequence[str]
    ) -> None:
        """Show the text of each lane with the token of its colour, the counts of events, and a note on each twin."""
        if (list(words), list(counts), list(notes)) != (self.words, self.counts, self.notes):
            self.words, self.counts, self.notes = list(words), list(counts), list(notes)
            self.setAccessibleDescription("; ".join(text for text in (*(text for text, _ in words), *notes) if text))
            self.update()

    def show_twins(self, kinds: tuple[TwinKind, ...]) -> None:
        """Have a lane for each of these twins."""
        if kinds != self.compare:
            self.compare = kinds
            quiet = [("", "text_muted")] * max(1, len(kinds))
            self.words, self.notes = [*self.words[:TWIN], *quiet], [""] * len(kinds)
            self._bars.forget()
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._marks.clear()
        self._bars.forget()
        self.updateGeometry()
        self.update()

    # -- geometry ------------------------------------------------------------------------------------------------

    def lane(self, index: int) -> QRect:
        """Return the whole row of a lane."""
        tops = self._measured()[0]
        return QRect(0, tops[index], self.width(), tops[index + 1] - tops[index])

    def _low(self) -> bool:
        return self.height() < self.theme.px(LOW_WITH_TWO if len(self.compare) > 1 else LOW)

    def _flat(self, lane: int) -> bool:
        """Whether a lane has no room for two lines of text."""
        return self.lane(lane).height() < 2 * self.theme.px(LINE) + 2

    def plot(self, index: int) -> QRect:
        """Return the part of a lane in which time runs."""
        row = self.lane(index)
        left = self._label_wide()
        return QRect(left, row.top() + 2, max(1, row.width() - left), row.height() - 6)

    def x_of(self, time: float) -> int:
        """Return where a moment lies."""
        return self.width() - 5 - (self._edge - int(time * self._rate()))

    def _label_wide(self) -> int:
        return self._measured()[1]

    def _rate(self) -> float:
        """Pixels a second."""
        return self._measured()[2]

    def _measured(self) -> tuple[list[int], int, float]:
        """Where the lanes begin, how wide their labels are, and pixels a second: worked out once for a size."""
        wide, tall, px = self.width(), self.height(), self.theme.px
        twins = max(1, len(self.compare))
        key = wide, tall, self.theme, self._log.span, twins
        if self._known is None or self._known[0] != key:
            # A twin's lane is a line with a sentence above it: it needs most.
            upper = UPPER_WITH_TWO if twins > 1 else UPPER
            shares = [px(lane) for lane in LOW_LANES] if self._low() else [round(upper * tall)] * 3
            if sum(shares) > 0.6 * tall:
                shares = [round(share * 0.6 * tall / sum(shares)) for share in shares]
            rest = tall - sum(shares)
            lower = [sum(shares) + rest * place // twins for place in range(twins + 1)]
            tops = [0, shares[0], shares[0] + shares[1], *lower]
            label = min(max(int(0.24 * wide), px(186)), px(250), wide // 2)
            label = min(px(262), int(0.47 * wide)) if self._low() else label
            self._known = key, (tops, label, max(1, wide - label) / self._log.span)
        return self._known[1]

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        # A lane's name is no moment.
        self._moves_cursor = event.position().x() >= self._label_wide()
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        held = self._moves_cursor and event.buttons() & Qt.MouseButton.LeftButton
        if held and np.isfinite(self._log.now):
            moment = self.time_at(max(event.position().x(), self._label_wide()))
            self.placed.emit(min(max(moment, self._log.now - self._log.span), self._log.now))

    # -- tooltips ------------------------------------------------------------------------------------------------

    def words_at(self, point: QPoint) -> str:
        """Return what the tooltip says at a point: the mark under it, else what the lane shows."""
        last = TWIN + max(1, len(self.compare)) - 1
        lane = next((lane for lane in range(last) if point.y() < self.lane(lane).bottom() + 1), last)
        if lane == EVENTS:
            mark = next((mark for mark in self.event_marks() if mark.left <= point.x() < mark.right), None)
            if mark is not None:
                words, others = tooltip_of(mark.records[-1], lane, self.name_of), len(mark.records) - 1
                return f"{words}\n{others} more since {mark.records[0].time:.1f} s" if others else words
        if lane < TWIN:
            near = [record for record in self._of_lane(lane) if abs(self.x_of(record.time) - point.x()) <= 6]
            if near:
                nearest = min(near, key=lambda record: abs(self.x_of(record.time) - point.x()))
                return tooltip_of(nearest, lane, self.name_of)
        elif not self.compare:
            return ""
        else:
            what, note = TWIN_WORDS[self.compare[lane - TWIN]].what, self.notes[lane - TWIN]
            return "\n".join([f"{what}.", MEANINGS[TWIN], *([note] if note and self._flat(lane) else [])])
        return MEANINGS[lane]

    def _of_lane(self, lane: int) -> list[PublishRecord]:
        if lane == EVENTS:
            return [record for record in self._log.records if is_event(record)]
        return [*self._log.publishes]

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.words_at(event.pos()), self)
            return True
        return super().event(event)

    # -- drawing -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.advance(True)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        ground = self.theme.colour("surface")
        ratio, key = self.devicePixelRatioF(), self._still_key()
        self._still.draw(painter, QRectF(self.rect()), ratio, self._draw_still, key=key, ground=ground)
        if self._log.any_update:
            self._draw_live(painter)
            self._draw_protected(painter)
            self._draw_events(painter)
        for place, kind in enumerate(self.compare):
            self._draw_twin(painter, TWIN + place, kind)
        if self._cursor is not None:
            x = max(self._label_wide(), min(self.x_of(self._cursor), self.width() - 1))
            paint_cursor(painter, self.theme, x, 0, self.height())

    def _still_key(self) -> object:
        return (
            self.size(), self.devicePixelRatioF(), self.theme, self._log.any_update, self.compare, self.words,
            self.counts,
        )  # fmt: skip

    def _draw_still(self, painter: QPainter) -> None:
        """What does not move with time: lines, names, and the words that are renewed four times a second."""
        theme = self.theme
        for lane in range(1 if self._log.any_update else TWIN, TWIN + max(1, len(self.compare))):
            painter.fillRect(0, self.lane(lane).top(), self.width(), 1, theme.colour("grid"))
        if self._log.any_update:
            for lane in (PROTECTED, LIVE, EVENTS):
                self._base_line(painter, lane)
                self._label(painter, lane, LABELS[lane])
        else:
            room = QRect(0, 0, self.width(), self.lane(TWIN).top())
            painter.setFont(theme.ui("body"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.hints[0])
        for lane, kind in enumerate(self.compare, TWIN):
            self._base_line(painter, lane)
            self._label(painter, lane, TWIN_WORDS[kind][:3])
        if not self.compare:
            painter.setFont(theme.ui("tiny"))
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(self.lane(TWIN), Qt.AlignmentFlag.AlignVCenter, self.hints[1])

    def _base_line(self, painter: QPainter, lane: int) -> None:
        plot = self.plot(lane)
        painter.fillRect(plot.left(), self._floor(lane), plot.width(), 1, self.theme.colour("border"))

    def _floor(self, lane: int) -> int:
        plot = self.plot(lane)
        return plot.center().y() if lane in (PROTECTED, EVENTS) else plot.bottom()

    def _label(self, painter: QPainter, lane: int, names: tuple[str, ...]) -> None:
        if (self._low() and lane < TWIN) or self._flat(lane):
            self._label_line(painter, lane, names)
            return
        theme, row = self.theme, self.lane(lane)
        room = self._label_wide() - theme.px(10)
        large = row.height() >= 2 * theme.px(16)
        font = theme.ui("small" if large else "tiny")
        metrics = QFontMetrics(font)
        name = next((name for name in names if metrics.horizontalAdvance(name) < room - 2), names[-1])
        line = theme.px(16 if large else LINE)
        top = row.top() + (row.height() - 2 * line + 1) // 2
        painter.setFont(font)
        painter.setPen(theme.colour("text_muted"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(0, top, room, line), middle, metrics.elidedText(name, Qt.TextElideMode.ElideRight, room))
        below = QRect(0, top + line, room, line)
        if lane == LIVE:
            self._legend(painter, below)
        elif lane == EVENTS and self.counts:
            self._count(painter, below)
        else:
            text, ink = self.words[lane]
            if metrics.horizontalAdvance(text) > room:
                painter.setFont(theme.ui("tiny"))
                metrics = QFontMetrics(painter.font())
            painter.setPen(theme.colour(ink))
            painter.drawText(below, middle, metrics.elidedText(text, Qt.TextElideMode.ElideRight, room))

    def _label_line(self, painter: QPainter, lane: int, names: tuple[str, ...]) -> None:
        """Name and figures in one line, where there is no room for two."""
        theme, row, room = self.theme, self.lane(lane), self._label_wide() - self.theme.px(10)
        painter.setFont(theme.ui("tiny"))
        metrics = QFontMetrics(painter.font())
        painter.setPen(theme.colour("text_muted"))
        middle = Qt.AlignmentFlag.AlignVCenter
        # The figures are what is looked for: the name gives way.
        taken = self._legend_wide(metrics) if lane == LIVE else metrics.horizontalAdvance(self.words[lane][0])
        free = room - theme.px(10) - taken
        name = next((name for name in names[1:] if metrics.horizontalAdvance(name) <= free), names[-1])
        if lane == LIVE and metrics.horizontalAdvance(name) > free:
            name = ""
        painter.drawText(QRect(0, row.top(), room, row.height()), middle, name)
        left = metrics.horizontalAdvance(name) + theme.px(10) * bool(name)
        behind = QRect(left, row.top(), max(1, room - left), row.height())
        if lane == LIVE:
            self._legend(painter, behind)
        elif lane == EVENTS and self.counts:
            self._count(painter, behind)
        else:
            text, ink = self.words[lane]
            painter.setPen(theme.colour(ink))
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, behind.width())
            painter.drawText(behind, middle, text)

    def _count(self, painter: QPainter, box: QRect) -> None:
        """How many of each mark: the legend of the events' lane at once."""
        metrics, x, side = QFontMetrics(painter.font()), box.left(), self.theme.px(12)
        for name, count in self.counts:
            self._marks.draw(painter, name, x + side // 2, box.center().y() + 1)
            x += side + self.theme.px(5)
            painter.setPen(self.theme.colour(ICONS[name][1]))
            painter.drawText(QRect(x, box.top(), 100, box.height()), Qt.AlignmentFlag.AlignVCenter, str(count))
            x += metrics.horizontalAdvance(str(count)) + self.theme.px(12)

    def _legend(self, painter: QPainter, box: QRect) -> None:
        theme, metrics = self.theme, QFontMetrics(painter.font())
        side, x = theme.px(7), box.left()
        for ink, word in LEGEND:
            painter.fillRect(x, box.center().y() - side // 2, side, side, theme.colour(ink))
            x += side + theme.px(5)
            painter.setPen(theme.colour("text_muted"))
            room = QRect(x, box.top(), max(1, box.right() + 1 - x), box.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, word)
            x += metrics.horizontalAdvance(word) + theme.px(10)

    def _legend_wide(self, metrics: QFontMetrics) -> int:
        wide = sum(self.theme.px(7) + self.theme.px(5) + metrics.horizontalAdvance(word) for _, word in LEGEND)
        return wide + self.theme.px(10)

    def _draw_protected(self, painter: QPainter) -> None:
        plot, y, theme = self.plot(PROTECTED), self._floor(PROTECTED), self.theme
        runs, moved = self._runs()
        for run in runs:
            self._draw_run(painter, run, plot, y)
        if not moved:
            return
        painter.setFont(theme.mono("tiny"))
        metrics = QFontMetrics(painter.font())
        free = plot.right()
        for record in reversed(moved):
            x = self.x_of(record.time)
            if x < plot.left():
                break
            own = record.kind in OWN_ACTS
            self._marks.draw(painter, Mark.CHOSEN if own else Mark.CHANGED, x, y)
            size = f"{record.max_delta:.2g}" if record.max_delta else "bits"
            wide = metrics.horizontalAdvance(size)
            left = min(x + 7, plot.right() - wide)
            # Sizes that would lie on each other are left to the tooltip; the newest is always told.
            if left + wide <= free or free == plot.right():
                painter.setPen(theme.colour("warning" if own else "bad"))
                box = QRect(left, plot.top() - 2, wide + 2, y - plot.top())
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, size)
                free = left - 6

    def _runs(self) -> tuple[list[list[PublishRecord]], list[PublishRecord]]:
        """The publishes that moved nothing, in runs, and those that did; looked for once for what is in view."""
        # By time, not by pixels: what is together stays so while it moves on.
        apart = self.theme.px(TOUCH) / self._rate()
        if self._made[0] != (self._log.turn, apart):
            publishes = self._log.publishes
            self._made = (self._log.turn, apart), runs_of(publishes, apart), [*filter(changed, publishes)]
        return self._made[1:]

    def _draw_run(self, painter: QPainter, run: list[PublishRecord], plot: QRect, y: int) -> None:
        theme, checked = self.theme, bool(run[-1].protected)
        left, right = self.x_of(run[0].time), self.x_of(run[-1].time)
        if right < plot.left():
            return
        if len(run) == 1:
            self._marks.draw(painter, Mark.SAME if checked else Mark.UNCHECKED, right, y)
            return
        # One bar with their count: dots that lie on each other could not be counted.
        reach = theme.px(12) * 0.34
        begin = max(plot.left(), left - reach)
        lane = self.lane(PROTECTED)
        room = 2 * min(y - lane.top(), lane.bottom() - y) - 1
        self._marks.draw_run(painter, (begin, right + reach), y, min(theme.px(13), room), len(run), checked)

    def _draw_live(self, painter: QPainter) -> None:
        lane, plot = self.lane(LIVE), self.plot(LIVE)
        room = QRect(plot.left(), lane.top() + 1, plot.width(), lane.height() - 1)
        # Where time runs the same way as in the other lanes: the right edge of the view is 5 pixels from the widget's.
        first = self._edge + 5 - plot.width()
        self._bars.draw(painter, self.theme, room, plot, first, self._rate())

    def event_marks(self) -> list[EventMark]:
        """Return the marks of the events' lane as they are drawn, newest first."""
        metrics, plot = QFontMetrics(self.theme.ui("tiny", 600)), self.plot(EVENTS)
        side = self.theme.px(EVENT)
        return place_events(
            self._log.records, self.x_of, metrics.horizontalAdvance, side, (plot.left(), self.width() - 1)
        )

    def _draw_events(self, painter: QPainter) -> None:
        y, tall = self._floor(EVENTS), self.theme.px(LINE)
        painter.setFont(self.theme.ui("tiny", 600))
        for mark in self.event_marks():
            self._marks.draw(painter, mark.kind, mark.x, y)
            painter.setPen(self.theme.colour(ICONS[mark.kind][1]))
            box = QRect(mark.count_left, y - tall // 2, mark.right - mark.count_left, tall)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, mark.count)

    def _draw_twin(self, painter: QPainter, lane: int, kind: TwinKind) -> None:
        trace = self._log.twins.get(kind)
        if trace is None:
            return
        plot, floor = self.plot(lane), self._floor(lane)
        # Where there is no room for it, the tooltip tells it.
        note = "" if self._flat(lane) else self.notes[lane - TWIN]
        moved = any(value for _, value in trace.changes)
        ink = self.theme.colour("twin" if moved or trace.faults else "text_muted")
        for state, tall in ((TwinState.UNPUBLISHED, 3), (TwinState.TORN, 6), (TwinState.UNATTRIBUTED, 6)):
            times = np.array([when for when, fault in trace.faults if fault == state])
            self._ticks(painter, plot, times, floor, tall, ink)
        most = max((value for _, value in trace.changes if np.isfinite(value)), default=0.0)
        points: list[QPoint] = []
        # Under the sentence: it must be readable, and the line too.
        room = max(1, floor - 8 - plot.top() - (self._note_tall() if note else 0))
        for when, value in trace.changes:
            x = max(plot.left(), self.x_of(when))
            share = min(1.0, value / most) if most > 0 and np.isfinite(value) else 0.0 if most <= 0 else 1.0
            y = floor - 8 - round(share * room) if most > 0 else floor
            if points:
                points.append(QPoint(x, points[-1].y()))
            points.append(QPoint(x, y))
        if points:
            points.append(QPoint(plot.right(), points[-1].y()))
            painter.setPen(QPen(ink, 1))
            painter.drawPolyline(QPolygon(points))
        self._note(painter, plot, note, self.words[lane][1])

    def _note_tall(self) -> int:
        return self.theme.px(14)

    def _note(self, painter: QPainter, plot: QRect, note: str, token: str) -> None:
        """What is said at the end of a twin's line, above it."""
        if not note:
            return
        painter.setFont(self.theme.ui("tiny"))
        metrics = QFontMetrics(painter.font())
        short = fitting(note, metrics, plot.width() - 12)
        box = QRect(plot.left(), plot.top() - 1, plot.width() - 5, self._note_tall())
        painter.setPen(self.theme.colour(token))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, short)

    def _ticks(self, painter: QPainter, plot: QRect, times: np.ndarray, floor: int, tall: int, ink: QColor) -> None:
        """Ticks on the line, those that touch as one bar."""
        if not len(times):
            return
        columns = np.unique(self.width() - 5 - (self._edge - (times * self._rate()).astype(np.int64)))
        columns = columns[columns >= plot.left()]
        for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
            if len(run):
                painter.fillRect(int(run[0]), floor - tall, len(run), tall, ink)
