"""What is written into pictures, and where: QPainter is listened to, since hand-painted text has no widget to ask."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field
from types import TracebackType
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontInfo, QFontMetrics, QFontMetricsF, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QWidget

from dgstudio.records import dataclass

MOST_PIXMAPS = 512
"""Pictures whose texts are kept: those that widgets keep are among the newest."""
_FLAGS_OF_WORDS = int(Qt.TextFlag.TextWordWrap)


@dataclass(frozen=True, slots=True)
class PaintedText:
    """A text as it was painted: `ink` is what of it is seen, `type_px` the size of its type, in the widget's pixels.

    `whole` is what it would say with more room. `clipped` tells that Qt cut it off at its box, or at a clip.
    """

    text: str
    whole: str
    ink: QRectF
    clipped: bool
    type_px: float

    @property
    def elided(self) -> bool:
        """Whether an ellipsis stands for a part of it."""
        return self.text != self.whole

    def moved(self, by: QPointF) -> PaintedText:
        """Return the same, painted elsewhere."""
        return PaintedText(self.text, self.whole, self.ink.translated(by), self.clipped, self.type_px)


@dataclass(slots=True)
class _Kept:
    """The texts in one picture, by the place of their ink, so that what is painted twice counts once."""

    texts: dict[tuple[float, float], PaintedText] = field(default_factory=dict)


class PaintedTexts:
    """While it is entered, knows what is written in pictures that are painted; `of` renders a widget and tells.

    Texts that a widget has written into a picture of its own are known from then on, wherever that picture is drawn.
    Qt thread only.
    """

    def __init__(self) -> None:
        self._whole: dict[str, str] = {}
        self._pixmaps: dict[int, _Kept] = {}
        self._target: QWidget | None = None
        self._found: list[PaintedText] = []
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> PaintedTexts:
        self._listen(QPainter, "drawText", self._draw_text)
        self._listen(QPainter, "drawPixmap", self._draw_pixmap)
        for metrics in (QFontMetrics, QFontMetricsF):
            self._listen(metrics, "elidedText", self._elided)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    def of(self, widget: QWidget) -> list[PaintedText]:
        """Return what a widget itself writes, without its children, in its pixels."""
        ratio = widget.devicePixelRatioF()
        picture = QPixmap(widget.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        self._target, self._found = widget, []
        try:
            # By the name of its base: views of graphics have another one of this name.
            QWidget.render(widget, picture, QPoint(), renderFlags=QWidget.RenderFlag.DrawWindowBackground)
        finally:
            self._target = None
        return self._found

    def whole(self, text: str) -> str:
        """Return what a text would say with more room, as far as it was cut short by the metrics of a font."""
        return self._whole.get(text, text)

    # -- listening ---------------------------------------------------------------------------------------------------

    def _listen(self, owner: type, name: str, heard: Callable[..., None]) -> None:
        """Let `heard` be told of each call of a method, with its result, after it."""
        before: Callable[..., Any] = getattr(owner, name)

        def call(me: Any, *values: Any, **named: Any) -> Any:
            result = before(me, *values, **named)
            heard(me, result, *values)
            return result

        setattr(owner, name, call)
        self._undo.append(lambda: setattr(owner, name, before))

    def _elided(self, metrics: Any, short: str, text: str, *_others: Any) -> None:
        if short and short != text:
            self._whole[short] = text

    def _draw_text(self, painter: QPainter, _result: object, *values: Any) -> None:
        written = self._written(painter, values)
        if written is not None:
            self._keep(painter, [written])

    def _draw_pixmap(self, painter: QPainter, _result: object, *values: Any) -> None:
        match values:
            case (QPointF() | QPoint() as at, QPixmap() as picture):
                place = QPointF(at)
            case (int() | float() as x, int() | float() as y, QPixmap() as picture):
                place = QPointF(x, y)
            case _:
                # A part of a picture, or one that is scaled: what scrolls. Its texts are those of moving stretches.
                return
        kept = self._pixmaps.get(_serial(picture))
        if kept is not None:
            offset = painter.worldTransform().map(place)
            self._keep(painter, [text.moved(offset) for text in kept.texts.values()])

    def _keep(self, painter: QPainter, texts: list[PaintedText]) -> None:
        device = painter.device()
        if device is self._target:
            self._found += texts
        if not isinstance(device, QPixmap):
            return
        kept = self._pixmaps.setdefault(_serial(device), _Kept())
        for text in texts:
            kept.texts[(text.ink.x(), text.ink.y())] = text
        while len(self._pixmaps) > MOST_PIXMAPS:
            self._pixmaps.pop(next(iter(self._pixmaps)))

    def _written(self, painter: QPainter, values: tuple[Any, ...]) -> PaintedText | None:
        """Where the ink of a text lies, by the values that `drawText` was given; None where there is none."""
        box: QRectF | None = None
        at, flags = QPointF(), 0
        match values:
            case (QRect() | QRectF() as rect, flags, str() as text):
                box = QRectF(rect)
            case (QRect() | QRectF() as rect, str() as text):
                box = QRectF(rect)
            case (int() | float() as x, int() | float() as y, wide, tall, flags, str() as text):
                box = QRectF(x, y, wide, tall)
            case (QPoint() | QPointF() as place, str() as text):
                at = QPointF(place)
            case (int() | float() as x, int() | float() as y, str() as text):
                at = QPointF(x, y)
            case _:
                raise AssertionError(f"a way of drawing text that nobody foresaw: {values}")
        if not text.strip():
            return None
        metrics = QFontMetricsF(painter.font(), painter.device())
        if box is None:
            ink = _outlines(painter, at, text)
        else:
            ink = _ink_in(painter, metrics, box, _number(flags), text)
        clipped = box is not None and _sticks_out(ink, box)
        if painter.hasClipping() and painter.device() is self._target:
            clipped = clipped or _sticks_out(ink, painter.clipBoundingRect())
        turned = painter.worldTransform()
        # The length of what was upright: figures are written along an axis, too.
        large = QFontInfo(painter.font()).pixelSize() * math.hypot(turned.m21(), turned.m22())
        return PaintedText(text, self.whole(text), turned.mapRect(ink), clipped, large)


def _ink_in(painter: QPainter, metrics: QFontMetricsF, box: QRectF, flags: int, text: str) -> QRectF:
    """Where the ink of a text lies that is written into a box."""
    bounds = painter.boundingRect(box, flags, text)
    if flags & _FLAGS_OF_WORDS or "\n" in text:
        return bounds
    # The line is higher than its letters; what is cut of it above and below is not seen.
    return _outlines(painter, QPointF(bounds.left(), bounds.top() + metrics.ascent()), text)


def _outlines(painter: QPainter, at: QPointF, text: str) -> QRectF:
    """What the letters of a text cover that begins at a point of its base line; bitmaps would be rounded."""
    path = QPainterPath()
    path.addText(at, painter.font(), text)
    return path.boundingRect()


def _sticks_out(ink: QRectF, box: QRectF) -> bool:
    return not box.adjusted(-1, -1, 1, 1).contains(ink)


def _number(flags: Any) -> int:
    return flags if isinstance(flags, int) else int(getattr(flags, "value", 0))


def _serial(picture: QPixmap) -> int:
    """What tells a picture from others while it is painted on: the upper half of its key stays."""
    return picture.cacheKey() >> 32
