"""The bar beneath the stage: what is being taught, what a guided demo says, else what has happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.stage.story import Piece, Sentence, Tone, brief, words_of
from dgstudio.studio.theme.theme import DARK, Theme

SIZE, LEAST, TALL, MARGIN = 21, 19.3, 52, 18
"""Size of type where there is room and where there is little, height of the bar, room at its sides: theme's pixels."""
BESIDE = 15.5
"""Size of type where a sentence would be cut off otherwise: beside a toast, say."""
LINES = 2


class CaptionBar(QWidget):
    """Paints a sentence, centred, in one line or two.

    Parameters
    ----------
    colour_of
        Gives the colour of a class id as "#rrggbb".
    """

    def __init__(self, colour_of: Callable[[int], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._colour_of = colour_of
        self._sentence: Sentence = ()
        self._steps = ""
        self._dot = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Caption")

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(300), self.theme.px(TALL))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self.theme.px(TALL))

    def say(self, sentence: Sentence, steps: str = "", dot: str = "") -> None:
        """Show a sentence; `steps` stands at the right, `dot` is the colour token of a dot before the sentence."""
        if (sentence, steps, dot) != (self._sentence, self._steps, self._dot):
            self._sentence, self._steps, self._dot = sentence, steps, dot
            self.setAccessibleDescription(" ".join(filter(None, (words_of(sentence), steps))))
            self.update()

    @property
    def text(self) -> str:
        """The sentence without its looks."""
        return words_of(self._sentence)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    # -- painting ----------------------------------------------------------------------------------------------

    def _font(self, size: float) -> QFont:
        font = self.theme.ui(1, 600)
        font.setPixelSize(max(1, round(size * self.theme.scale)))
        return font

    def lines(self, room: float) -> tuple[QFont, list[list[Piece]]]:
        """Return the sentence in as few lines as `room` pixels allow, and their font: large type before small.

        Names are cut only where two lines have no room for them; nothing else is, as long as small type has room.
        """
        words = _words(self._sentence)
        for size in (SIZE, LEAST):
            font = self._font(size)
            metrics = QFontMetricsF(font)
            if len(_broken(words, metrics, room)) == 1:
                return font, [words]
        short = _words(brief(self._sentence))
        for size in (LEAST, BESIDE):
            font = self._font(size)
            metrics = QFontMetricsF(font)
            for told in (words, short):
                lines = _balanced(told, metrics, room)
                if all(_wide(line, metrics) <= room for line in lines):
                    return font, lines
        return font, lines

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, wide, tall = self.theme, float(self.width()), float(self.height())
        radius = float(theme.px(8))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(QRectF(0, 0, wide, tall), radius, radius)
        margin, aside = float(theme.px(MARGIN)), 0.0
        if self._steps:
            small = theme.ui("body")
            aside = QFontMetricsF(small).horizontalAdvance(self._steps) + theme.px(10)
            painter.setFont(small)
            painter.setPen(theme.colour("text_muted"))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, 0, wide - margin, tall), right, self._steps)
        # Room is left at both sides, so that the sentence stays in the middle.
        room = max(1.0, wide - 2 * (margin + aside))
        font, lines = self.lines(room)
        metrics = QFontMetricsF(font)
        step = min(metrics.height(), (tall - 2) / max(LINES, len(lines)) if len(lines) > 1 else tall)
        top = (tall - step * len(lines)) / 2
        for line in lines:
            self._paint_line(painter, line, font, (margin + aside, top, room, step))
            top += step

    def _paint_line(
        self, painter: QPainter, line: list[Piece], font: QFont, box: tuple[float, float, float, float]
    ) -> None:
        theme, metrics = self.theme, QFontMetricsF(font)
        left, top, room, tall = box
        text = "".join(piece.text for piece in line).strip()
        needs = metrics.horizontalAdvance(text)
        x = left + max(0.0, (room - needs) / 2)
        painter.setFont(font)
        if self._dot:
            radius = metrics.xHeight() / 2
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(self._dot))
            painter.drawEllipse(QPointF(x - 2.4 * radius, top + tall / 2), radius, radius)
        begun = False
        for piece in line:
            words = piece.text if begun else piece.text.lstrip()
            begun = begun or bool(words)
            painter.setPen(theme.colour(self._ink(piece)))
            fit = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(1.0, left + room - x + 2))
            painter.drawText(QRectF(x, top, left + room - x + 4, tall), Qt.AlignmentFlag.AlignVCenter, fit)
            x += metrics.horizontalAdvance(words)

    def _ink(self, piece: Piece) -> str:
        if piece.tone == Tone.CLASS and piece.class_id is not None:
            return self.theme.readable(self._colour_of(piece.class_id))
        return {Tone.GOOD: "good", Tone.BAD: "bad"}.get(piece.tone, "text_strong")


_SPACE: Final = re.compile(r"(?<!\d of) (?!(?<=\d )of \d)")


def _words(sentence: Sentence) -> list[Piece]:
    """A sentence parted at its spaces; each word has the space before it, whichever piece that was in.

    “150 of 400” is one word.
    """
    words: list[Piece] = []
    spaced = False
    for piece in sentence:
        for place, part in enumerate(_SPACE.split(piece.text)):
            spaced = spaced or place > 0
            if part:
                words.append(piece._replace(text=f" {part}" if spaced else part))
                spaced = False
    return words


def _wide(words: list[Piece], metrics: QFontMetricsF) -> float:
    return metrics.horizontalAdvance("".join(word.text for word in words).strip())


def _broken(words: list[Piece], metrics: QFontMetricsF, room: float) -> list[list[Piece]]:
    """Fill line after line; the last of `LINES` takes whatever is left."""
    lines: list[list[Piece]] = [[]]
    for word in words:
        full = lines[-1] and word.text.startswith(" ") and _wide([*lines[-1], word], metrics) > room
        if full and len(lines) < LINES:
            lines.append([])
        lines[-1].append(word)
    return lines


def _balanced(words: list[Piece], metrics: QFontMetricsF, room: float) -> list[list[Piece]]:
    """Part a sentence into two lines as equal as may be; the first may be the longer one."""
    places = [place for place, word in enumerate(words) if place and word.text.startswith(" ")]
    fit = [p for p in places if max(_wide(words[:p], metrics), _wide(words[p:], metrics)) <= room]
    if not fit:
        return _broken(words, metrics, room)
    best = min(fit, key=lambda p: abs(_wide(words[:p], metrics) - _wide(words[p:], metrics)))
    return [words[:best], words[best:]]
