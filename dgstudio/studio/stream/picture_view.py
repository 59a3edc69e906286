"""The picture of a camera or a video as the model gets it: what it sees of it, how old that is, what describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import U8

if TYPE_CHECKING:
    from dgstudio.streams.camera.source import CameraSource

LINE = 20
LEAST = 120
"""Logical pixels that a picture is high, at least."""
WAITING = "Waiting for the first picture …"
GONE = "No picture is kept of that moment"
SHADE = 150
"""Of 255: how much is taken from what the model does not see."""
FRESH_MS = 150.0
"""Older pictures are said in the colour of a warning."""


class PictureView(QWidget):
    """The newest picture, mirrored and turned as the knobs say, what lies outside the model's square dimmed.

    Looking back, it is the small picture that is kept of that moment. The line beneath says which features are in use.
    """

    def __init__(self, source: CameraSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.words = ""
        self.warns = False
        self._source = source
        self._shown: tuple[tuple[str, float] | None, QImage | None, tuple[float, float, float] | None] = (
            None,
            None,
            None,
        )
        self._shape = (3, 4)
        self._empty = WAITING
        self._taken: tuple[float, int] = (0.0, 0)
        self._rate = 0.0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Picture")
        self.setToolTip(
            "What the model sees is the bright square; the knobs of the source choose it.\n"
            "The line beneath tells what describes a picture, how many are described a second, and how old a picture\n"
            "is when that is done. Pictures stay on this machine."
        )

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(320, 240 + self._line())

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(160, LEAST + self._line())

    @property
    def image(self) -> QImage | None:
        """What is drawn; None while there is nothing."""
        return self._shown[1]

    def look_through(self, source: CameraSource) -> None:
        """Show what this source sees from now on."""
        self._source = source

    def show_newest(self, wall: float) -> None:
        """Show the newest picture; `wall` is the time of the frame."""
        picture = self._source.picture()
        self._say(wall)
        trouble = self._source.trouble
        if picture is None or trouble:
            self._show_nothing(trouble or WAITING)
        elif self._shown[0] != ("newest", picture.number):
            self._show(("newest", picture.number), picture.pixels, picture.square)

    def show_past(self, moment: float) -> None:
        """Show what is kept of a moment of stream time."""
        pixels = self._source.small_picture(moment)
        if pixels is None:
            self._show_nothing(GONE)
        elif self._shown[0] != ("past", moment):
            self._show(("past", moment), pixels, None)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # No higher than the picture at this width: the rest is left to the stream beneath.
        tall, wide = self._shape
        self.setMaximumHeight(max(LEAST, round(self.width() * tall / wide)) + self._line())

    def _line(self) -> int:
        return self.theme.px(LINE)

    def _show(self, key: tuple[str, float], pixels: U8, square: tuple[float, float, float] | None) -> None:
        tall, wide = pixels.shape[:2]
        image = QImage(np.ascontiguousarray(pixels).data, wide, tall, 3 * wide, QImage.Format.Format_RGB888).copy()
        self._shown, self._empty = (key, image, square), ""
        if (tall, wide) != self._shape and square is not None:
            self._shape = tall, wide
            self._fit()
        self.update()

    def _show_nothing(self, sentence: str) -> None:
        if self._empty != sentence or self._shown[1] is not None:
            self._shown, self._empty = (None, None, None), sentence
            self.update()

    def _say(self, wall: float) -> None:
        since, before = self._taken
        if wall - since < 1.0:
            return
        taken = self._source.taken
        self._rate = (taken - before) / (wall - since) if since else 0.0
        self._taken = wall, taken
        age = self._source.age_ms
        self.warns = self._source.light_only or age > FRESH_MS
        self.words = f"{self._source.features_title} · {self._rate:.0f} a second · {age:.0f} ms old"
        self.setAccessibleDescription(self.words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme = QPainter(self), self.theme
        line = self._line()
        painter.fillRect(self.rect(), theme.colour("surface"))
        room = QRectF(0, 0, self.width(), self.height() - line)
        _, image, square = self._shown
        if image is None:
            painter.fillRect(room, theme.colour("well"))
            painter.setFont(theme.ui("body"))
            painter.setPen(theme.colour("text_muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room.adjusted(14, 0, -14, 0), flags, self._empty)
        else:
            self._paint_picture(painter, room, image, square)
        painter.setFont(theme.ui("tiny"))
        painter.setPen(theme.colour("warning" if self.warns else "text_muted"))
        words = QFontMetrics(painter.font()).elidedText(self.words, Qt.TextElideMode.ElideRight, self.width())
        row = QRectF(0, self.height() - line, self.width(), line)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_picture(
        self, painter: QPainter, room: QRectF, image: QImage, square: tuple[float, float, float] | None
    ) -> None:
        scale = min(room.width() / image.width(), room.height() / image.height())
        box = QRectF(0, 0, image.width() * scale, image.height() * scale)
        box.moveCenter(room.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(box, image)
        if square is None:
            return
        left, top, side = square
        seen = QRectF(box.left() + left * box.width(), box.top() + top * box.height(), 0, 0)
        seen.setWidth(side * box.width())
        seen.setHeight(seen.width())
        shade = self.theme.colour("background")
        shade.setAlpha(SHADE)
        for part in (
            QRectF(box.left(), box.top(), seen.left() - box.left(), box.height()),
            QRectF(seen.right(), box.top(), box.right() - seen.right(), box.height()),
            QRectF(seen.left(), box.top(), seen.width(), seen.top() - box.top()),
            QRectF(seen.left(), seen.bottom(), seen.width(), box.bottom() - seen.bottom()),
        ):
            if part.width() > 0.5 and part.height() > 0.5:
                painter.fillRect(part, shade)
        painter.setPen(QPen(self.theme.colour("accent"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(seen.adjusted(0.5, 0.5, -0.5, -0.5))
