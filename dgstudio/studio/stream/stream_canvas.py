"""The picture of a stream: a row per channel, ribbons and a time axis beneath."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QScrollBar, QSizePolicy, QWidget
from shiboken6 import VoidPtr

from dgstudio.studio.bridge.state import StreamMode
from dgstudio.studio.common.decimation import SlowRange, columns, finite_runs
from dgstudio.studio.common.ribbons import Span, ink_on, paint_ribbon
from dgstudio.studio.theme.theme import DARK, Theme, mix
from dgstudio.types import F32, F64

LEAST_ROW = 13
"""Logical pixels a channel needs to be readable; where there is less room the rows scroll."""
RIBBON, GAP, AXIS = 13, 5, 15
THIN_RIBBON, THIN_TEXT = 11, 9
BURST = 10
"""Logical pixels between two publishes up to which they are drawn as one band."""
MODE_TOKENS = {StreamMode.FOLLOWING: "good", StreamMode.PAUSED: "warning", StreamMode.SCRUBBING: "accent_text"}
"""Colour tokens of what the view does."""
_MEMORY: Any = VoidPtr
"""Its published type lacks the length, and whether one may write."""
SMOOTH_POINTS = 6000
"""Points a frame up to which traces are drawn smooth."""


@dataclass(slots=True, eq=False)
class Scene:
    """All that one frame of the stream shows, in stream time."""

    channels: tuple[str, ...] = ()
    rate: float = 1.0
    start: float = 0.0
    end: float = 1.0
    times: F64 = field(default_factory=lambda: np.zeros(0))
    values: F32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    ribbons: dict[str, list[Span]] = field(default_factory=dict)
    """By name, top to bottom; "truth" is drawn thin."""
    publishes: list[tuple[float, str]] = field(default_factory=list)
    """(time, token of the line's colour)."""
    selection: tuple[float, float] | None = None
    pills: list[tuple[str, str]] = field(default_factory=list)
    """(sentence, token) to be read over the traces; the first is framed loudest."""
    mode: StreamMode = StreamMode.FOLLOWING
    """"following", "paused" or "scrubbing"."""
    edge: float | None = None
    """Stream time that the axis counts from; None: the end of what is shown."""
    gone: float = float("-inf")
    """Up to this stream time the samples have left the buffer and cannot be labelled any more."""
    empty: str = ""
    """What to say where there is no sample."""
    dim: bool = False


class StreamCanvas(QWidget):
    """Paints a `Scene`; knows where everything is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.scene = Scene()
        self.range = SlowRange()
        self.looks: dict[int | str | None, tuple[QColor, QColor, str]] = {}
        """Fill, ink and name of each class, by id and by name."""
        self._still: tuple[object, QPixmap] | None = None
        self._thin: tuple[F64, tuple[float, float, float], tuple[F64, F32]] | None = None
        self.rows_bar = QScrollBar(Qt.Orientation.Vertical, self)
        self.rows_bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows_bar.valueChanged.connect(lambda _value: self.update())
        self.rows_bar.hide()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(280, self.theme.px(260))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(160, self.theme.px(90))

    # -- what it shows -----------------------------------------------------------------------------------------

    def show_scene(self, scene: Scene) -> None:
        """Show a frame."""
        changed = (scene.channels, tuple(scene.ribbons)) != (self.scene.channels, tuple(self.scene.ribbons))
        self.scene = scene
        if changed:
            self._lay_out()
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._still = None
        self._lay_out()
        self.update()

    def look(self, key: int | str | None) -> tuple[QColor, QColor, str]:
        """Return fill, ink and name of a class id or name; what has no card any more is grey."""
        known = self.looks.get(key)
        if known is None:
            theme = self.theme
            if key is None:
                known = theme.colour("control"), theme.colour("text_muted"), "unsure"
            else:
                fill = theme.colour("reserve_unit")
                known = fill, ink_on(fill, theme), key if isinstance(key, str) else f"class {key}"
            self.looks[key] = known
        return known

    # -- where things are --------------------------------------------------------------------------------------

    @property
    def gutter(self) -> int:
        """Logical pixels left of the time axis, for the names."""
        metrics = QFontMetrics(self.theme.ui("tiny"))
        words = (*self.scene.channels[:64], *self.scene.ribbons)
        wide = max((metrics.horizontalAdvance(word) for word in words), default=0) + 8
        return int(min(max(wide, 24), 0.26 * self.width()))

    @property
    def plot(self) -> QRectF:
        """The traces' rectangle."""
        below = self.theme.px(AXIS) + sum(self._tall(name) + GAP for name in self.scene.ribbons) + 2
        right = self.width() - (self.rows_bar.width() + 3 if not self.rows_bar.isHidden() else 0)
        left = self.gutter
        return QRectF(left, 0, max(1, right - left), max(1, self.height() - below))

    def ribbon_rect(self, name: str) -> QRectF:
        """The rectangle of one ribbon."""
        plot = self.plot
        top = plot.bottom() + 2
        for other in self.scene.ribbons:
            top += GAP
            if other == name:
                break
            top += self._tall(other)
        return QRectF(plot.left(), top, plot.width(), self._tall(name))

    def x_of(self, time: float) -> float:
        """Return where a moment of stream time is, in logical pixels."""
        plot, scene = self.plot, self.scene
        return plot.left() + (time - scene.start) / max(scene.end - scene.start, 1e-9) * plot.width()

    def time_at(self, x: float) -> float:
        """Return the moment of stream time at a pixel."""
        plot, scene = self.plot, self.scene
        return scene.start + (x - plot.left()) / plot.width() * (scene.end - scene.start)

    def rows(self) -> tuple[float, int, int]:
        """Return how tall a channel's row is, the first channel in view and how many are."""
        count, plot = max(1, len(self.scene.channels)), self.plot
        tall = max(plot.height() / count, float(self.theme.px(LEAST_ROW)))
        fit = max(1, min(count, int(plot.height() / tall + 1e-6)))
        return (plot.height() / fit if fit < count else tall), (self.rows_bar.value() if fit < count else 0), fit

    def _tall(self, name: str) -> int:
        return self.theme.px(THIN_RIBBON if name == "truth" else RIBBON)

    def _lay_out(self) -> None:
        count = len(self.scene.channels)
        fit = self.rows()[2]
        self.rows_bar.setRange(0, max(0, count - fit))
        self.rows_bar.setPageStep(fit)
        self.rows_bar.setVisible(count > fit)
        wide = 8
        self.rows_bar.setGeometry(self.width() - wide, 0, wide, int(self.plot.height()))
        self._still = None

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._lay_out()

    # -- painting ----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, scene, plot = self.theme, self.scene, self.plot
        painter.drawPixmap(0, 0, self._unmoved(plot))
        if scene.empty:
            painter.setFont(theme.ui("body"))
            painter.setPen(theme.colour("text_muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(12, 0, -12, 0), flags, scene.empty)
            self._paint_focus(painter)
            return
        painter.save()
        painter.setClipRect(plot.adjusted(0, 0, 0, self.height()))
        self._paint_publishes(painter, plot)
        marked = scene.selection
        if marked is not None and (marked[1] < scene.start or marked[0] > scene.end):
            # A moment of another time.
            marked = None
        if marked is not None:
            self._paint_selection(painter, plot, marked)
        self._paint_traces(painter, plot)
        for name, spans in scene.ribbons.items():
            font = theme.ui(THIN_TEXT if name == "truth" else "tiny")
            painter.setFont(font)
            rect, view = self.ribbon_rect(name), (scene.start, scene.end)
            paint_ribbon(painter, rect, spans, view, self.look, QFontMetrics(font))
        if marked is not None:
            self._paint_edges(painter, plot, marked)
        painter.restore()
        self._paint_gone(painter, plot)
        self._paint_pills(painter, plot)
        self._paint_focus(painter)

    def _unmoved(self, plot: QRectF) -> QPixmap:
        # Names, row lines and axis stand still: painted once for this size, theme and stream.
        theme, scene, ratio = self.theme, self.scene, self.devicePixelRatioF()
        span = round(scene.end - scene.start, 3)
        behind = round(0.0 if scene.edge is None else scene.edge - scene.end, 3)
        key = (
            self.size(), ratio, theme, scene.channels, tuple(scene.ribbons), span, behind, self.rows(),
            bool(scene.empty),
        )  # fmt: skip
        if self._still is not None and self._still[0] == key:
            return self._still[1]
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.colour("surface"))
        if not scene.empty:
            painter = QPainter(pixmap)
            self._paint_names(painter, plot)
            self._paint_axis(painter, plot, span, behind)
            painter.end()
        self._still = (key, pixmap)
        return pixmap

    def _paint_names(self, painter: QPainter, plot: QRectF) -> None:
        theme, scene = self.theme, self.scene
        tall, first, fit = self.rows()
        font = theme.ui("tiny")
        metrics = QFontMetrics(font)
        painter.setFont(font)
        room = int(plot.left() - 6)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for row in range(fit):
            channel = first + row
            middle = plot.top() + (row + 0.5) * tall
            painter.setPen(theme.colour("grid"))
            painter.drawLine(QPointF(plot.left(), middle), QPointF(plot.right(), middle))
            painter.setPen(theme.colour(theme.channel(channel)))
            text = metrics.elidedText(scene.channels[channel], Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(0, middle - tall / 2, room + 4, tall), left, text)
        painter.setPen(theme.colour("text_muted"))
        for name in scene.ribbons:
            rect = self.ribbon_rect(name)
            painter.fillRect(rect, theme.colour("well" if theme.dark else "control"))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(0, rect.center().y() - 10, room + 4, 20), left, text)

    def _paint_axis(self, painter: QPainter, plot: QRectF, span: float, behind: float) -> None:
        theme = self.theme
        font = theme.mono(10)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        top = self.height() - theme.px(AXIS)
        # As many seconds between two marks as their figures need.
        wide = metrics.horizontalAdvance(f"−{span + behind:.0f} s") + 14
        steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
        step = next((s for s in steps if s / max(span, 1e-9) * plot.width() >= wide), steps[-1])
        for k in range(ceil(behind / step - 1e-6), int((behind + span) / step + 1e-6) + 1):
            x = plot.right() - (k * step - behind) / max(span, 1e-9) * plot.width()
            painter.setPen(theme.colour("border_strong"))
            painter.drawLine(QPointF(x - 0.5, top), QPointF(x - 0.5, top + 3))
            text = "0 s" if k == 0 else f"−{round(k * step, 6):g}"
            half = metrics.horizontalAdvance(text) / 2
            centre = min(max(x, plot.left() + half), plot.right() - half)
            painter.setPen(theme.colour("text_muted"))
            box = QRectF(centre - half - 2, top + 2, 2 * half + 4, theme.px(AXIS) - 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_traces(self, painter: QPainter, plot: QRectF) -> None:
        scene, theme = self.scene, self.theme
        tall, first, fit = self.rows()
        seen = slice(first, first + fit)
        if scene.values.ndim != 2 or scene.values.shape[1] < first + fit:
            return
        xs, ys = self._thinned(plot.width())
        if not len(xs):
            return
        # What leaves its row far is cut: neighbours stay readable.
        scaled = np.clip(self.range.scaled(ys)[:, seen], -1.3, 1.3)
        middles = plot.top() + (np.arange(fit) + 0.5) * tall
        rows = middles - scaled * (0.44 * tall)
        xs = xs + plot.left()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, rows.size <= SMOOTH_POINTS)
        for row in range(fit):
            painter.setPen(QPen(theme.colour(theme.channel(first + row), 0.45 if scene.dim else 1.0), 1))
            line = rows[:, row]
            for begin, stop in finite_runs(line):
                if stop - begin == 1:
                    painter.drawPoint(QPointF(float(xs[begin]), float(line[begin])))
                else:
                    painter.drawPolyline(_polygon(xs[begin:stop], line[begin:stop]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _thinned(self, width: float) -> tuple[F64, F32]:
        # Once for a view that stands still: a drag over it repaints it many times.
        scene, key = self.scene, (self.scene.start, self.scene.end, width)
        if self._thin is None or self._thin[0] is not scene.times or self._thin[1] != key:
            thin = columns(scene.times, scene.values, scene.start, scene.end, width, scene.rate)
            self._thin = (scene.times, key, thin)
        return self._thin[2]

    def _paint_publishes(self, painter: QPainter, plot: QRectF) -> None:
        # Opaque colours: a blended band over the panel takes a millisecond, in which nothing can be answered.
        paper, bottom = self.theme.colour("surface"), self.height() - self.theme.px(AXIS)
        for first, last, token in self.bursts():
            x, end = round(self.x_of(first)) + 0.0, round(self.x_of(last)) + 0.0
            ink = self.theme.colour(token)
            if end > x:
                # A wall of lines would hide the signals that it speaks of.
                band = QRectF(x, plot.top(), end - x, bottom - plot.top())
                painter.fillRect(band, mix(paper, ink, 0.16))
            else:
                painter.setPen(QPen(mix(paper, ink, 0.75), 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x, plot.top()), QPointF(x, bottom))

    def bursts(self) -> list[tuple[float, float, str]]:
        """Return (first, last, token) of the publishes in view, in order; those that follow each other closely are one.

        By the time between them, so that what is one stays so while it moves on.
        """
        scene = self.scene
        apart = self.theme.px(BURST) / max(1.0, self.plot.width()) * (scene.end - scene.start)
        found: list[tuple[float, float, str]] = []
        for time, token in sorted(scene.publishes):
            if found and found[-1][2] == token and time - found[-1][1] <= apart:
                found[-1] = found[-1][0], time, token
            else:
                found.append((time, time, token))
        return found

    def _selected(self, plot: QRectF, span: tuple[float, float]) -> QRectF:
        left, right = self.x_of(span[0]), self.x_of(span[1])
        return QRectF(left, plot.top(), max(1.0, right - left), self.height() - self.theme.px(AXIS))

    def _paint_selection(self, painter: QPainter, plot: QRectF, span: tuple[float, float]) -> None:
        painter.fillRect(self._selected(plot, span), self.theme.colour("accent", 0.26 if self.theme.dark else 0.16))

    def _paint_edges(self, painter: QPainter, plot: QRectF, span: tuple[float, float]) -> None:
        theme, box = self.theme, self._selected(plot, span)
        painter.setPen(QPen(theme.colour("accent_hover"), 1))
        painter.drawLine(box.topLeft(), box.bottomLeft())
        painter.drawLine(box.topRight(), box.bottomRight())
        font = theme.ui("tiny", 600)
        metrics = QFontMetrics(font)
        text = f"{span[1] - span[0]:.1f} s · press a class key"
        wide = metrics.horizontalAdvance(text) + 14
        left = min(max(box.center().x() - wide / 2, plot.left()), max(plot.left(), plot.right() - wide))
        tag = QRectF(left, box.bottom() - theme.px(17), wide, theme.px(17))
        # Above the ribbons: what is being labelled stays in sight.
        tag.moveBottom(plot.bottom() + 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        painter.drawRoundedRect(tag, 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(font)
        painter.setPen(theme.colour("on_accent"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_gone(self, painter: QPainter, plot: QRectF) -> None:
        right = min(self.x_of(self.scene.gone), plot.right())
        if right > plot.left():
            box = QRectF(plot.left(), plot.top(), right - plot.left(), self.height() - self.theme.px(AXIS))
            painter.fillRect(box, QBrush(self.theme.colour("border_strong"), Qt.BrushStyle.BDiagPattern))

    def _paint_pills(self, painter: QPainter, plot: QRectF) -> None:
        theme, scene = self.theme, self.scene
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if scene.mode != StreamMode.FOLLOWING:
            painter.setPen(QPen(theme.colour(MODE_TOKENS[scene.mode]), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            frame = QRectF(plot.left(), 1, plot.width() - 1, self.height() - theme.px(AXIS) - 1)
            painter.drawRect(frame)
        font = theme.ui("small", 600)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        top = plot.top() + 7
        for text, token in scene.pills:
            bars = 14 if scene.mode == StreamMode.PAUSED and top == plot.top() + 7 else 0
            room = int(plot.width() - 12)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - 18 - bars)
            wide = min(room, metrics.horizontalAdvance(text) + 18 + bars)
            pill = QRectF(plot.center().x() - wide / 2, top, wide, theme.px(22))
            ink = theme.colour(token)
            painter.setPen(QPen(ink, 1))
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(pill, 4, 4)
            painter.setPen(ink)
            painter.drawText(pill.adjusted(9 + bars, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, text)
            if bars:
                middle = pill.center().y()
                for x in (pill.left() + 9, pill.left() + 14):
                    painter.fillRect(QRectF(x, middle - 5, 3, 10), ink)
            top += pill.height() + 5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setPen(QPen(self.theme.colour("accent_hover"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -1, -1))


def _polygon(xs: F64, ys: F64) -> QPolygonF:
    """Return the line through points, whose numbers are copied at once: point by point takes nine times as long."""
    polygon = QPolygonF()
    polygon.resize(len(xs))
    points = np.frombuffer(_MEMORY(polygon.data(), len(xs) * 16, True), np.float64).reshape(-1, 2)
    points[:, 0], points[:, 1] = xs, ys
    return polygon
