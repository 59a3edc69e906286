"""Ribbons: stretches of stream time in the colours of classes, with their names where there is room."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter

from dgstudio.studio.theme.theme import Theme, contrast
from dgstudio.types import Reading, Take

LONGEST_GAP = 2.5
"""Hops without an answer that part two stretches."""
LEAST_TEXT = 18
"""Logical pixels below which a stretch carries no name."""


class Span(NamedTuple):
    """The stretch [start, end] of stream time and the class (id, name or None for "unsure") that holds there."""

    start: float
    end: float
    key: int | str | None
    note: str = ""


class Stretches:
    """Answers joined to stretches as they come: each speaks for the hop that it ends."""

    def __init__(self) -> None:
        self.spans: deque[Span] = deque()
        """Oldest first."""

    def add(self, parts: Iterable[tuple[float, int | str | None]], hop_s: float) -> None:
        """Take up new answers (end, class), oldest first; `hop_s` is the stream time between two."""
        spans = self.spans
        for end, key in parts:
            last = spans[-1] if spans else None
            if last is not None and last.end > end:
                # Another run of the stream's clock.
                spans.clear()
                last = None
            near = last is not None and end - last.end <= LONGEST_GAP * hop_s
            if last is not None and near and last.key == key:
                spans[-1] = Span(last.start, end, key)
            else:
                # Without a pause one stretch begins where the other ends.
                spans.append(Span(last.end if last is not None and near else end - hop_s, end, key))

    def keep_from(self, start: float) -> None:
        """Forget the stretches that ended before a moment."""
        while self.spans and self.spans[0].end < start:
            self.spans.popleft()


def answers_of(readings: Iterable[Reading]) -> Iterator[tuple[float, int | None]]:
    """Give (end, class) of each answer; without a class there is none."""
    return ((reading.end, reading.top) for reading in readings if reading.classes)


def truths_of(readings: Iterable[Reading]) -> Iterator[tuple[float, str]]:
    """Give (end, ground truth) of each answer, where it is known."""
    return ((reading.end, reading.truth) for reading in readings if reading.truth is not None)


def joined(parts: Iterable[tuple[float, int | str | None]], hop_s: float) -> list[Span]:
    """Join answers (end, class), oldest first, to stretches."""
    stretches = Stretches()
    stretches.add(parts, hop_s)
    return [*stretches.spans]


def label_spans(takes: list[Take], recording: tuple[int, float] | None, now: float) -> list[Span]:
    """Return the takes, and the one that is being recorded as it stands now."""
    spans = [Span(take.start, take.end, take.class_id, take.who) for take in takes]
    if recording is not None:
        spans.append(Span(recording[1], max(now, recording[1]), recording[0], "recording"))
    return spans


def ink_on(colour: QColor, theme: Theme) -> QColor:
    """Return whichever of the theme's two extremes is easier to read on `colour`."""
    choices = (theme.colour("text_strong"), theme.colour("background" if theme.dark else "surface"))
    return max(choices, key=lambda ink: contrast(ink, colour))


def paint_ribbon(
    painter: QPainter,
    rect: QRectF,
    spans: list[Span],
    view: tuple[float, float],
    look: Callable[[int | str | None], tuple[QColor, QColor, str]],
    metrics: QFontMetrics,
) -> None:
    """Draw `spans` into `rect`, whose width is the stretch `view` of stream time.

    `look` gives the fill, the ink and the name of a key. The painter's font, that of `metrics`, writes the names.
    """
    per_s = rect.width() / max(view[1] - view[0], 1e-9)
    aligned = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    pixel = -1
    for span in spans:
        left = max(rect.left(), rect.left() + (span.start - view[0]) * per_s)
        right = min(rect.right(), rect.left() + (span.end - view[0]) * per_s)
        if right <= left or (right - left < 1.0 and int(left) == pixel):
            # Of many stretches within one pixel the first is seen: thousands would take too long.
            continue
        pixel = int(left)
        fill, ink, name = look(span.key)
        # A stretch narrower than a pixel is seen all the same.
        box = QRectF(left, rect.top(), max(1.0, right - left), rect.height())
        painter.fillRect(box, fill)
        if span.key is None:
            # Unsure: hatched and framed, so that the shape tells it too.
            painter.fillRect(box, QBrush(ink, Qt.BrushStyle.BDiagPattern))
            painter.setPen(ink)
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        if box.width() >= LEAST_TEXT:
            room = int(box.width() - 8)
            text = name if metrics.horizontalAdvance(name) <= room else ""
            # A name may be cut; a word is left out where it has no room.
            if not text and span.key is not None and room > 3 * metrics.averageCharWidth():
                text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            if text:
                if span.key is None:
                    words = QRectF(box.left() + 2, box.top() + 1, metrics.horizontalAdvance(text) + 5, box.height() - 2)
                    painter.fillRect(words, fill)
                painter.setPen(ink)
                painter.drawText(box.adjusted(4, 0, 0, 0), aligned, text)


def span_at(spans: list[Span], time: float) -> Span | None:
    """Return the last stretch that holds `time`, or None."""
    return next((span for span in reversed(spans) if span.start <= time <= span.end), None)
