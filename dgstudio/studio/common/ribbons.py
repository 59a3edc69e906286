"""Ribbons: stretches of stream time in the colours of classes, with their names where there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter

from dgstudio.studio.theme.theme import Theme, contrast
from dgstudio.types import Reading, Take

LEAST_TEXT = 18
"""Logical pixels below which a stretch carries no name."""


class Span(NamedTuple):
    """The stretch [start, end] of stream time and the class (id, name or None for "unsure") that holds there."""

    start: float
    end: float
    key: int | str | None
    note: str = ""


def joined(parts: Iterable[tuple[float, int | str | None]], hop_s: float) -> list[Span]:
    """Join answers (end, class), oldest first, to stretches; each answer speaks for the hop that it ends."""
    spans: list[Span] = []
    start = last = 0.0
    held: int | str | None = None
    longest = 2.5 * hop_s
    for end, key in parts:
        if last and key == held and 0 <= end - last <= longest:
            last = end
            continue
        if last:
            spans.append(Span(start, last, held))
        # Without a pause one stretch begins where the other ends.
        start = last if last and 0 <= end - last <= longest else end - hop_s
        held, last = key, end
    if last:
        spans.append(Span(start, last, held))
    return spans


def answer_spans(readings: Sequence[Reading], hop_s: float) -> list[Span]:
    """Return the stretches of equal answers; without a class there is none."""
    return joined(((r.end, r.top) for r in readings if r.classes), hop_s)


def truth_spans(readings: Sequence[Reading], hop_s: float) -> list[Span]:
    """Return the stretches of equal ground truth, where it is known."""
    return joined(((r.end, r.truth) for r in readings if r.truth is not None), hop_s)


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
            if not text and room > 3 * metrics.averageCharWidth():
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
