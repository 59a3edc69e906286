"""What comes from a source that is looked at: its traces, its picture, or a small pad for a pointer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.painting.decimation import columns
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import F32, F64, U8

SHOWN_S = 5.0
"""Seconds of the stream that are drawn."""
MOST = 8
"""Channels that are drawn; the others are counted."""
LEAST = 120
NAMES = 110
"""Logical pixels of the names beside the traces."""


class PreviewView(QWidget):
    """Draws what it was given last; `point` is called with a place on the pad, −1 to 1 each."""

    def __init__(self, point: Callable[[float, float], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._point = point
        self._names: tuple[str, ...] = ()
        self._times: F64 = np.zeros(0)
        self._values: F32 = np.zeros((0, 0), np.float32)
        self._rate = 1.0
        self._image: QImage | None = None
        self._pad = False
        self.words = ""
        """What stands there where there is nothing to draw."""
        self.setAccessibleName("Preview")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        may_elide_names(self)

    @property
    def shows(self) -> str:
        """What is drawn: "traces", "picture", "pad" or "words"."""
        if self._image is not None:
            return "picture"
        if self._pad:
            return "pad"
        return "traces" if len(self._times) > 1 else "words"

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(400, 220)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(200, self.theme.px(LEAST))

    def say(self, words: str) -> None:
        """Show words alone."""
        self._image, self._pad, self._times = None, False, np.zeros(0)
        self._tell(words)

    def show_traces(self, names: Sequence[str], times: F64, values: F32, rate: float, *, pad: bool = False) -> None:
        """Show samples (n,), (n, channels) of a stream of so many a second, or where a pointer is on its pad."""
        self._image, self._pad = None, pad
        self._names, self._times, self._values, self._rate = tuple(names), times, values, rate
        self._tell("Nothing has come yet." if len(times) < 2 and not pad else "")

    def show_picture(self, pixels: U8) -> None:
        """Show a picture (n, m, 3) uint8."""
        tall, wide = pixels.shape[:2]
        form = QImage.Format.Format_RGB888
        self._image = QImage(np.ascontiguousarray(pixels).data, wide, tall, 3 * wide, form).copy()
        self._tell("")

    def _tell(self, words: str) -> None:
        self.words = words
        self.setAccessibleDescription(words or f"{self.shows}, {len(self._names)} channels")
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._pad:
            room = self._square()
            at = event.position() - room.center()
            self._point(2 * at.x() / room.width(), -2 * at.y() / room.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme = QPainter(self), self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(theme.colour("well"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        room = QRectF(self.rect()).adjusted(theme.px(10), theme.px(8), -theme.px(10), -theme.px(8))
        match self.shows:
            case "picture":
                self._paint_picture(painter, room)
            case "pad":
                self._paint_pad(painter)
            case "traces":
                self._paint_traces(painter, room)
            case _:
                painter.setFont(theme.ui("body"))
                painter.setPen(theme.colour("text_muted"))
                painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.words)

    def _paint_picture(self, painter: QPainter, room: QRectF) -> None:
        assert self._image is not None, "a picture is drawn"
        scale = min(room.width() / self._image.width(), room.height() / self._image.height())
        box = QRectF(0, 0, self._image.width() * scale, self._image.height() * scale)
        box.moveCenter(room.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(box, self._image)

    def _square(self) -> QRectF:
        side = min(self.width(), self.height()) - 2 * self.theme.px(12)
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(self.rect()).center())
        return square

    def _paint_pad(self, painter: QPainter) -> None:
        theme, square = self.theme, self._square()
        painter.setPen(QPen(theme.colour("border_strong"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRect(square)
        painter.setPen(QPen(theme.colour("grid"), 1))
        centre = square.center()
        painter.drawLine(QPointF(square.left(), centre.y()), QPointF(square.right(), centre.y()))
        painter.drawLine(QPointF(centre.x(), square.top()), QPointF(centre.x(), square.bottom()))
        x, y = self._values[-1, :2].tolist() if len(self._values) else (0.0, 0.0)
        place = QPointF(centre.x() + x * square.width() / 2, centre.y() - y * square.height() / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent_hover"))
        painter.drawEllipse(place, theme.length(6), theme.length(6))

    def _paint_traces(self, painter: QPainter, room: QRectF) -> None:
        theme, count = self.theme, min(MOST, self._values.shape[1])
        more = self._values.shape[1] - count
        painter.setFont(theme.ui("tiny"))
        line = QFontMetrics(painter.font()).height()
        low = room.adjusted(0, 0, 0, -(line + theme.px(2)) if more else 0)
        side = min(theme.px(NAMES), round(room.width() / 4))
        plot = low.adjusted(side, 0, 0, 0)
        end = float(self._times[-1])
        x, rows = columns(self._times, self._values[:, :count], end - SHOWN_S, end, plot.width(), self._rate)
        for channel in range(count):
            high = low.height() / count
            lane = QRectF(plot.left(), low.top() + channel * high, plot.width(), high)
            colour = theme.colour(theme.visible(theme.channel(channel)))
            name = QRectF(low.left(), lane.top(), side - theme.px(8), high)
            painter.setPen(theme.colour(theme.readable(theme.channel(channel), "well")))
            words = painter.fontMetrics().elidedText(
                self._names[channel], Qt.TextElideMode.ElideRight, int(name.width())
            )
            painter.drawText(name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
            painter.setPen(QPen(colour, theme.length(1.2)))
            _draw_trace(painter, lane.adjusted(0, high * 0.1, 0, -high * 0.1), x, rows[:, channel])
        if more:
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, f"and {more:,} more")


def _draw_trace(painter: QPainter, lane: QRectF, x: F64, y: F32) -> None:
    """One channel, as high as its own range is; what is missing parts it."""
    good = np.isfinite(y)
    if not good.any():
        return
    low, high = float(y[good].min()), float(y[good].max())
    middle, span = (low + high) / 2, max(high - low, 1e-6 * max(1.0, abs(high)), 1e-9)
    at = lane.center().y() - (y - middle) / span * lane.height()
    borders = np.flatnonzero(np.diff(good.astype(np.int8))) + 1
    for begin, stop in zip([0, *borders.tolist()], [*borders.tolist(), len(y)], strict=True):
        if good[begin]:
            pairs = zip(x[begin:stop].tolist(), at[begin:stop].tolist(), strict=True)
            painter.drawPolyline(QPolygonF([QPointF(lane.left() + a, b) for a, b in pairs]))
