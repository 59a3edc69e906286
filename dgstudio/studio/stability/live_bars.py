"""What each publish did to the answer of the moment, as two bars: how it was routed, how it was represented."""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from math import floor, isfinite

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QPainter

from dgstudio.studio.painting.scrolling_layer import ScrollingLayer
from dgstudio.studio.stability.stability_log import Mark, StabilityLog
from dgstudio.studio.stability.stability_marks import Marks
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import PublishRecord

REACH = 8
"""Logical pixels that a publish's bars and mark take on either side."""


class LiveBars:
    """Keeps the lane's picture; it scrolls, and is painted anew where the largest bar has become another."""

    def __init__(self, log: StabilityLog, marks: Marks) -> None:
        self._log, self._marks = log, marks
        self._layer = ScrollingLayer(self._paint)
        self.theme: Theme = DARK
        self._room, self._plot = QRect(), QRect()
        self._rate = self._ratio = 1.0
        self._turn = -1
        self._records: list[PublishRecord] = []
        self._most, self._wide = 0.0, 1

    @property
    def repaints(self) -> int:
        """How often all of it has been painted."""
        return self._layer.repaints

    def show_log(self, log: StabilityLog) -> None:
        """Show another log."""
        self._log, self._turn = log, -1
        self._records = []
        self._layer.forget()

    def forget(self) -> None:
        """Paint all of it anew."""
        self._layer.forget()

    def draw(self, painter: QPainter, theme: Theme, room: QRect, plot: QRect, first: int, rate: float) -> None:
        """Draw what is in view into `room`, the bars within `plot`, which lies in it.

        `first` is the number of the pixel that stands at the left, counted from the beginning of the stream at `rate`
        pixels a second.
        """
        self.theme, self._plot, self._rate = theme, plot, rate
        ratio = self._ratio = painter.device().devicePixelRatioF()
        if self._log.turn != self._turn or room != self._room:
            self._room, self._turn = room, self._log.turn
            self._note()
        key = (theme, rate, plot, self._most, self._wide)
        tall = round((room.bottom() + 1) * ratio) - round(room.top() * ratio)
        place, column, wide = QPointF(room.topLeft()), floor(first * ratio), round(room.width() * ratio)
        if keeps_shapes(painter):
            self._layer.draw_straight(painter, place, column, wide, tall, ratio)
            return
        self._layer.show(key, column, wide, tall, ratio)
        self._layer.draw(painter, place)

    def _note(self) -> None:
        before = self._records[-1] if self._records else None
        self._records = [record for record in self._log.publishes if record.routing_delta is not None]
        both = [max(record.routing_delta or 0.0, record.representation_delta or 0.0) for record in self._records]
        self._most = max(filter(isfinite, both), default=0.0)
        wide = self._room.width()
        self._wide = 4 if len(both) < wide / 16 else 2 if len(both) < wide / 6 else 1
        for record in reversed(self._records):
            if record is before:
                break
            self._layer.repaint_from(floor((int(record.time * self._rate) - REACH) * self._ratio))

    def _paint(self, painter: QPainter, first: int, stop: int) -> None:
        theme, plot, ratio = self.theme, self._plot, self._ratio
        painter.translate(0, -self._room.top())
        wide = (stop - first) / ratio
        painter.fillRect(QRectF(0, self._room.top(), wide, self._room.height() + 1), theme.colour("surface"))
        floor_y = plot.bottom()
        painter.fillRect(QRectF(0, floor_y, wide, 1), theme.colour("border"))
        room = max(plot.height() - 6, round(0.75 * plot.height()))
        inks = theme.colour("base_unit"), theme.colour("learned_unit")
        begin = bisect_left(self._records, (first / ratio - REACH) / self._rate, key=lambda record: record.time)
        for record in islice(self._records, begin, None):
            x = int(record.time * self._rate) - first / ratio
            values = record.routing_delta, record.representation_delta
            for left, value, ink in zip((x - self._wide, x), values, inks, strict=True):
                if value is not None:
                    share = min(1.0, value / self._most) if self._most > 0 and isfinite(value) else 0.0
                    # Nothing moved: a flat tick, so that it is seen that it was looked at.
                    tall = max(2, round(share * room)) if share > 0 else 1
                    painter.fillRect(QRectF(left, floor_y - tall + (share == 0), self._wide, tall), ink)
            if record.live_flip:
                self._marks.draw(painter, Mark.LIVE, x, plot.top() + 2)
