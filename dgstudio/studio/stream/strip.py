"""What scrolls in the picture of a stream: traces, publishes, ribbons and what is marked."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from shiboken6 import VoidPtr

from dgstudio.studio.painting.decimation import POINTS, SlowRange, columns, finite_runs
from dgstudio.studio.painting.ribbons import Span, paint_ribbon
from dgstudio.studio.painting.scrolling_layer import ScrollingLayer
from dgstudio.studio.stream.scene import Places, Scene
from dgstudio.studio.theme.theme import DARK, Theme, mix
from dgstudio.types import F64

THIN_TEXT = 9
FINE = 3
"""Columns of traces a logical pixel in print."""
RUN = 48
"""Points of a trace that are drawn as one line in print: a wide, smooth pen is slow on long lines."""
BURST = 10
"""Logical pixels between two publishes up to which they are ticks above the ribbons, no lines through the traces."""
TICK = 5
"""How tall such a tick is."""
SMOOTH_POINTS = 6000
"""Points of a view up to which traces are drawn smooth."""
UNSETTLED = 4
"""Logical pixels at the edge that may still change: the newest column fills up, and a smooth line reaches beyond."""
THICKER = 2.2
"""A trace is one logical pixel wide for each time that the type is so much larger: on a stage, read from afar."""
DRIFT = 1.0
"""Logical pixels that a row's range may move before the traces are drawn anew."""
_MEMORY: Any = VoidPtr
"""Its published type lacks the length, and whether one may write."""
Burst = tuple[float, float, str]
"""(first, last, token) of publishes that follow each other closely; of a single one both times are its own."""


class StreamStrip:
    """Keeps a `Scene`'s picture between its left and its right end, and paints only what is new of it.

    Stretches that still move against time stay out of it, and are drawn at every frame: the newest of each ribbon,
    which grows, and the one at the left end, whose name stays in view.

    Parameters
    ----------
    range
        What each channel's row spans.
    look
        Gives fill, ink and name of a class id or name.
    """

    def __init__(self, range: SlowRange, look: Callable[[int | str | None], tuple[QColor, QColor, str]]) -> None:
        self.theme: Theme = DARK
        self._range, self._look = range, look
        self._drawn = SlowRange()
        """The ranges that the traces were painted with."""
        self._layer = ScrollingLayer(self._paint)
        self._scene = Scene()
        self._places = Places(QRectF(), {}, 0.0, 0.0, 0, 0)
        self._ratio = self._rate = 1.0
        self._first = 0
        self._dense = self._smooth = False
        self._fine = 1
        """Columns of traces a logical pixel."""
        self._closed: dict[str, list[Span]] = {}
        self._bursts: list[Burst] = []
        self._type: dict[str, tuple[QFont, QFontMetrics]] = {}

    @property
    def repaints(self) -> int:
        """How often all of it has been painted."""
        return self._layer.repaints

    def forget(self) -> None:
        """Paint all of it anew: classes look different."""
        self._layer.forget()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._type.clear()
        self._layer.forget()

    def x_of(self, time: float) -> float:
        """Return where a moment is drawn, in logical pixels of the canvas: on whole columns, as the picture moves."""
        return self._places.plot.left() + (time * self._rate - self._first) / self._ratio

    def published_at(self, moment: float, within: float) -> int:
        """Return how many versions were published about a moment: all of those that follow each other closely."""
        near = [burst for burst in self._bursts if burst[0] - within <= moment <= burst[1] + within]
        return sum(any(first <= time <= last for first, last, _ in near) for time, _ in self._scene.publishes)

    # -- what has changed --------------------------------------------------------------------------------------

    def show(self, scene: Scene, places: Places, ratio: float) -> None:
        """Bring the picture up to a scene."""
        before, same_places = self._scene, places is self._places
        wide, tall = self._take(scene, places, ratio, 1)
        points = places.fit * min(len(scene.times), ceil(POINTS * wide / ratio))
        self._smooth = points <= SMOOTH_POINTS
        drift = self._drawn.away_from(self._range) * 0.44 * places.tall
        if drift > DRIFT or not same_places or not self._goes_on_from(before):
            self._layer.forget()
            self._drawn.take(self._range)
        self._note_stretches()
        self._note_publishes()
        key = (self._rate, self._dense, self._smooth, scene.dim, scene.marked, scene.channels)
        self._layer.show(key, self._first, wide, tall, ratio)
        if scene.following:
            self._layer.repaint_from(self._first + wide - ceil(UNSETTLED * ratio))

    def draw_whole(self, painter: QPainter, scene: Scene, places: Places) -> None:
        """Draw a scene where shapes are kept, finer than a screen shows it; the next `show` paints all of it anew."""
        wide, tall = self._take(scene, places, 1.0, FINE)
        self._drawn.take(self._range)
        self._smooth = True
        self._note_stretches()
        self._note_publishes()
        self._layer.draw_straight(painter, QPointF(places.plot.left(), 0), self._first, wide, tall, 1.0)
        self._draw_moving(painter)
        self._layer.forget()

    def _take(self, scene: Scene, places: Places, ratio: float, fine: int) -> tuple[int, int]:
        """Take over a scene; returns how many columns are in view, and how many device pixels each has."""
        self._scene, self._places, self._ratio, self._fine = scene, places, ratio, fine
        wide, tall = max(1, round(places.plot.width() * ratio)), max(1, ceil(places.bottom * ratio))
        self._rate = wide / scene.span
        self._first = ceil(scene.end * self._rate - 1e-6) - wide
        a_pixel = scene.rate if scene.rate > 0 else len(scene.times) / scene.span
        self._dense = a_pixel * ratio / (self._rate * fine) > POINTS
        return wide, tall

    def _goes_on_from(self, before: Scene) -> bool:
        """Whether what was painted is still to be seen: time has moved on, or it stands still."""
        scene = self._scene
        if scene.following or before.following:
            return scene.following and before.following and scene.end >= before.end
        return scene.times is before.times and (scene.start, scene.end) == (before.start, before.end)

    def _settled(self, spans: list[Span]) -> list[Span]:
        return spans[:-1] if self._scene.following else spans

    def _note_stretches(self) -> None:
        start, before = self._first / self._rate, self._closed
        self._closed = {name: self._settled(spans) for name, spans in self._scene.ribbons.items()}
        for name, closed in self._closed.items():
            if closed != before.get(name):
                changed = first_change(before.get(name, []), closed, start)
                if changed is not None:
                    self._layer.repaint_from(floor(changed * self._rate) - 1)

    def _note_publishes(self) -> None:
        scene, before = self._scene, self._bursts
        apart = self.theme.px(BURST) / max(1.0, self._places.plot.width()) * scene.span
        self._bursts = bursts_of(scene.publishes, apart)
        if self._bursts != before:
            changed = first_changed_burst(before, self._bursts, self._first / self._rate)
            if changed is not None:
                self._layer.repaint_from(floor(changed * self._rate) - ceil(self._ratio))

    # -- painting ----------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        """Draw the picture, and the stretches that move against it."""
        self._layer.draw(painter, QPointF(self._places.plot.left(), 0))
        self._draw_moving(painter)

    def _draw_moving(self, painter: QPainter) -> None:
        scene = self._scene
        start, end = (
            self._first / self._rate,
            (self._first + round(self._places.plot.width() * self._ratio)) / self._rate,
        )
        for name, spans in scene.ribbons.items():
            moving = [span for span in self._closed[name] if span.start < start < span.end]
            if scene.following:
                moving += spans[-1:]
            if moving and moving[-1].end > start:
                font, metrics = self._type_of(name)
                painter.setFont(font)
                paint_ribbon(painter, self._places.ribbons[name], moving, (start, end), self._look, metrics)

    def _type_of(self, name: str) -> tuple[QFont, QFontMetrics]:
        if name not in self._type:
            font = self.theme.ui(THIN_TEXT if name == "truth" else "tiny")
            self._type[name] = font, QFontMetrics(font)
        return self._type[name]

    def _paint(self, painter: QPainter, first: int, stop: int) -> None:
        theme, places, ratio = self.theme, self._places, self._ratio
        wide = (stop - first) / ratio
        painter.fillRect(QRectF(0, 0, wide, places.bottom + 1), theme.colour("surface"))
        painter.setPen(theme.colour("grid"))
        for row in range(places.fit):
            painter.drawLine(QPointF(0, places.middle(row)), QPointF(wide, places.middle(row)))
        well = theme.colour("well" if theme.dark else "control")
        for rect in places.ribbons.values():
            painter.fillRect(QRectF(0, rect.top(), wide, rect.height()), well)
        self._paint_publishes(painter, first, stop)
        self._paint_marked(painter, first)
        self._paint_traces(painter, first, stop)
        begin, end = first / self._rate, stop / self._rate
        for name, rect in places.ribbons.items():
            spans = [span for span in self._closed.get(name, ()) if span.end > begin and span.start < end]
            if spans:
                font, metrics = self._type_of(name)
                painter.setFont(font)
                left = min(begin, spans[0].start)
                x = (left * self._rate - first) / ratio
                box = QRectF(x, rect.top(), wide - x, rect.height())
                paint_ribbon(painter, box, spans, (left, end), self._look, metrics)

    def _paint_publishes(self, painter: QPainter, first: int, stop: int) -> None:
        paper, places, rate = self.theme.colour("surface"), self._places, self._rate
        for begin, last, token in self._bursts:
            left, right = floor(begin * rate), floor(last * rate)
            if right < first - self._ratio or left > stop:
                continue
            ink = mix(paper, self.theme.colour(token), 0.75)
            if last == begin:
                x = (left - first) / self._ratio
                painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x, 0), QPointF(x, places.bottom))
                continue
            # A wall of lines would hide the signals that it speaks of, and a band would look marked by hand.
            columns = {
                floor(time * rate) for time, of in self._scene.publishes if of == token and begin <= time <= last
            }
            painter.setPen(QPen(ink, 1))
            top = places.plot.bottom() + 1
            for column in columns:
                x = (column - first) / self._ratio
                painter.drawLine(QPointF(x, top), QPointF(x, top + self.theme.px(TICK) - 1))

    def _paint_marked(self, painter: QPainter, first: int) -> None:
        marked = self._scene.marked
        if marked is not None:
            left, right = ((time * self._rate - first) / self._ratio for time in marked)
            tint = self.theme.colour("accent", 0.26 if self.theme.dark else 0.16)
            painter.fillRect(QRectF(left, 0, max(1.0, right - left), self._places.bottom), tint)

    def _paint_traces(self, painter: QPainter, first: int, stop: int) -> None:
        scene, theme, places, ratio = self._scene, self.theme, self._places, self._ratio
        seen = slice(places.first, places.first + places.fit)
        if scene.values.ndim != 2 or scene.values.shape[1] < seen.stop:
            return
        # From a whole pixel on, as columns are anchored, and two of them earlier: the line comes from there.
        left, column_s = floor(first / ratio) - 2, ratio / self._rate
        wide = ceil(stop / ratio) + 2 - left
        begin = max(0, int(np.searchsorted(scene.times, left * column_s)) - 1)
        end = int(np.searchsorted(scene.times, (left + wide) * column_s)) + 1
        xs, ys = columns(
            scene.times[begin:end],
            scene.values[begin:end],
            left * column_s,
            (left + wide) * column_s,
            wide * self._fine,
            scene.rate,
            self._dense,
        )
        if not len(xs):
            return
        # What leaves its row far is cut: neighbours stay readable.
        scaled = np.clip(self._drawn.scaled(ys)[:, seen], -1.3, 1.3)
        middles = places.plot.top() + (np.arange(places.fit) + 0.5) * places.tall
        rows = middles - scaled * (0.44 * places.tall)
        xs = xs / self._fine + (left - first / ratio)
        thick = max(1, int(theme.scale / THICKER))
        # On a screen what is thicker is smooth enough, and costs less so.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._smooth and (thick == 1 or self._fine > 1))
        for row in range(places.fit):
            painter.setPen(QPen(theme.colour(theme.channel(places.first + row), 0.45 if scene.dim else 1.0), thick))
            line = rows[:, row]
            for run, after in finite_runs(line):
                if after - run == 1:
                    painter.drawPoint(QPointF(float(xs[run]), float(line[run])))
                    continue
                for part in range(run, after - 1, RUN - 1 if self._fine > 1 else after):
                    stop_at = min(after, part + RUN) if self._fine > 1 else after
                    painter.drawPolyline(_polygon(xs[part:stop_at], line[part:stop_at]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def bursts_of(publishes: list[tuple[float, str]], apart: float) -> list[Burst]:
    """Return publishes in order of time, those that follow each other within `apart` seconds as one.

    By the time between them, so that what is one stays so while it moves on.
    """
    found: list[Burst] = []
    for time, token in sorted(publishes):
        if found and found[-1][2] == token and time - found[-1][1] <= apart:
            found[-1] = found[-1][0], time, token
        else:
            found.append((time, time, token))
    return found


def first_change(before: list[Span], after: list[Span], start: float) -> float | None:
    """Return from which moment on two lists of stretches differ, after `start`; None: they do not."""
    old = {span.end: span for span in before if span.end > start}
    new = {span.end: span for span in after if span.end > start}
    moments = [(old.get(end) or new[end]).start for end in old.keys() ^ new.keys()]
    for end in old.keys() & new.keys():
        one, other = old[end], new[end]
        # Of the stretch that leaves the view the beginning moves on: nobody sees it.
        if one[2:] != other[2:] or (one.start != other.start and max(one.start, other.start) > start):
            moments.append(min(one.start, other.start))
    return max(start, min(moments)) if moments else None


def first_changed_burst(before: list[Burst], after: list[Burst], start: float) -> float | None:
    """Return from which moment on two lists of bursts differ, after `start`; None: they do not."""
    old = {burst[0]: burst for burst in before if burst[1] > start}
    new = {burst[0]: burst for burst in after if burst[1] > start}
    # Of those that leave the view the beginning moves on: nobody sees it.
    for each in (old, new):
        for first in [first for first in each if first <= start]:
            each[start] = each.pop(first)
    moments = [*(old.keys() ^ new.keys())]
    for first in old.keys() & new.keys():
        one, other = old[first], new[first]
        if one[2] != other[2]:
            moments.append(first)
        elif one[1] != other[1]:
            # A line becomes a band; a band that goes on is only longer.
            moments.append(first if first in (one[1], other[1]) else min(one[1], other[1]))
    return min(moments) if moments else None


def _polygon(xs: F64, ys: F64) -> QPolygonF:
    """Return the line through points, whose numbers are copied at once: point by point takes nine times as long."""
    polygon = QPolygonF()
    polygon.resize(len(xs))
    points = np.frombuffer(_MEMORY(polygon.data(), len(xs) * 16, True), np.float64).reshape(-1, 2)
    points[:, 0], points[:, 1] = xs, ys
    return polygon
