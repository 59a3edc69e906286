"""The answer in words: the class in large type, and lines beneath that say where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.common.widgets.elided_label import BETWEEN, shorter
from dgstudio.studio.theme.theme import DARK, SIZES, Theme

LINE, LEAST_LINE = 19, 15
LEAST_ANSWER = 18
LARGEST, ROOM = 2.2, 3.4
"""How much larger than its usual size the word becomes where there is room, and how high the room is that it gets."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of pieces (text, colour token, weight), with what its tooltip says or what works that out."""

    pieces: tuple[tuple[str, str, int], ...]
    telling: str | Callable[[], str] = field(default="", compare=False)

    @property
    def tip(self) -> str:
        """What the tooltip says: worked out when somebody asks."""
        return self.telling if isinstance(self.telling, str) else self.telling()

    @property
    def text(self) -> str:
        """The words without their looks."""
        return "".join(piece[0] for piece in self.pieces)


class AnswerText(QWidget):
    """Shows a word as large as there is room for, and lines under it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.answer = ""
        self.colour = "text_muted"
        """Token or "#rrggbb" of the large word."""
        self.lines: tuple[Line, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The answer")
        may_elide_names(self)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(260), self.theme.px(90))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), self.theme.px(60))

    def say(self, answer: str, colour: str, lines: tuple[Line, ...]) -> None:
        """Show other words; nothing happens if they are the same."""
        before = self.answer, self.colour, self.lines
        # Of equal lines the newer ones know what to tell of the newest answer.
        self.answer, self.colour, self.lines = answer, colour, lines
        if (answer, colour, lines) != before:
            self.setAccessibleDescription(". ".join([answer, *(line.text for line in lines)]))
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.update()

    def _line_tops(self) -> tuple[float, float]:
        # Height of the large word, and of each line: the lines keep theirs as long as they can, the word gives way.
        count, least = len(self.lines), self.theme.length(LEAST_LINE)
        line = max(least, min(self.theme.length(LINE), self.height() / (count + 1.6)))
        word = self.height() - line * count
        return max(1.0, min(max(word, 1.4 * least), self.theme.px("answer") * ROOM)), line

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme = self.theme
        tall, line = self._line_tops()
        # On a large screen it grows, but stays a word above lines.
        most = int(LARGEST * theme.px("answer"))
        size = max(min(theme.px("answer"), int(tall * 0.86)), min(most, int(tall * 0.62)))
        least = min(size, theme.px(LEAST_ANSWER))
        font = theme.ui("answer", 700)
        font.setPixelSize(max(1, size))
        metrics = QFontMetrics(font)
        wide = metrics.horizontalAdvance(self.answer)
        if wide > self.width() > 0:
            font.setPixelSize(max(least, int(size * self.width() / wide)))
            metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(theme.colour(self.colour))
        word = metrics.elidedText(self.answer, Qt.TextElideMode.ElideRight, self.width())
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        # Less than the ink begins with, so that it stands flush with the lines. A letter's own bearing is not that of
        # a word: that of “…” is twice as large as what is drawn.
        bearing = metrics.tightBoundingRect(word).left()
        painter.drawText(QRectF(-bearing, 0, self.width() + 8, tall), left, word)
        top = tall
        for each in self.lines:
            if top + line > self.height() + 1:
                # The last ones are the least important, and are told when they are asked for.
                break
            self._paint_line(painter, QRectF(0, top, self.width(), line), each)
            top += line

    def _paint_line(self, painter: QPainter, rect: QRectF, line: Line) -> None:
        theme = self.theme
        # A sentence that is a little too long is set smaller before it is cut.
        size, least = SIZES["body"], SIZES["tiny"]
        while size > least and (self._advance(line, size) > rect.width() or size > 0.72 * rect.height() / theme.scale):
            size -= 1
        if self._advance(line, size) > rect.width() and BETWEEN in line.pieces[-1][0]:
            text, token, weight = line.pieces[-1]
            fitting = ((*line.pieces[:-1], (short, token, weight)) for short in shorter(text))
            line = next((each for pieces in fitting if self._advance(each := Line(pieces), size) <= rect.width()), line)
        x = rect.left()
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for text, token, weight in line.pieces:
            font = theme.ui(size, weight)
            metrics = QFontMetrics(font)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(rect.right() - x + 1)))
            painter.setFont(font)
            painter.setPen(theme.colour(token))
            painter.drawText(QRectF(x, rect.top(), rect.right() - x + 2, rect.height()), left, text)
            x += metrics.horizontalAdvance(text)

    def _advance(self, line: Line, size: int) -> int:
        wide = 0
        for text, _, weight in line.pieces:
            wide += QFontMetrics(self.theme.ui(size, weight)).horizontalAdvance(text)
        return wide

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            tall, line = self._line_tops()
            place = int((event.pos().y() - tall) // line) if line > 0 else -1
            found = self.lines[place] if 0 <= place < len(self.lines) and event.pos().y() >= tall else None
            words = "\n".join(part for part in (found.text, found.tip) if part) if found is not None else self.answer
            if words:
                QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)
