"""The answer as a word that the last row reads, and beside it whether it is right."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.theme.theme import DARK, Theme

LARGEST, SMALLEST = 84, 30
"""Sizes of the word, in the theme's pixels."""
BESIDE = 17
"""Size of what stands beside it."""
GAP = 16
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Verdict(StrEnum):
    """What is known of an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class WordLine(QWidget):
    """Paints a word as large as there is room for; the verdict keeps its size, and its place at the word's right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.word = ""
        self.colour = "text_muted"
        """Token or "#rrggbb" of the word."""
        self.verdict = Verdict.UNKNOWN
        self.truth = ""
        """What it should have been, where that is known."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The answer")

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self.theme.px(70))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(120), self.theme.px(38))

    def say(self, word: str, colour: str, verdict: Verdict, truth: str) -> None:
        """Show another answer; nothing happens where it is the same."""
        before = self.word, self.colour, self.verdict, self.truth
        self.word, self.colour, self.verdict, self.truth = word, colour, verdict, truth
        if (word, colour, verdict, truth) != before:
            self.setAccessibleDescription(" ".join(filter(None, (word, self.beside()))))
            self.update()

    def beside(self) -> str:
        """Return what stands beside the word."""
        if self.verdict == Verdict.RIGHT:
            return "✓ right"
        return f"✕ it is {self.truth}" if self.verdict == Verdict.WRONG else ""

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.update()

    def _font(self, size: float) -> QFont:
        font = self.theme.ui(1, 700)
        font.setPixelSize(max(1, int(size)))
        return font

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme, wide, tall = self.theme, float(self.width()), float(self.height())
        beside, small = self.beside(), theme.ui(BESIDE, 600)
        aside = QFontMetricsF(small).horizontalAdvance(beside) + theme.px(GAP) if beside else 0.0
        if beside and QFontMetricsF(self._font(theme.px(SMALLEST))).horizontalAdvance(self.word) > wide - aside:
            # The mark alone says whether it is right.
            beside = beside[0]
            aside = QFontMetricsF(small).horizontalAdvance(beside) + theme.px(GAP)
        size = min(theme.px(LARGEST), tall / 1.22)
        needs = QFontMetricsF(self._font(size)).horizontalAdvance(self.word)
        if needs > wide - aside > 0:
            size = max(min(size, theme.px(SMALLEST)), size * (wide - aside) / needs)
        font = self._font(size)
        # Letters do not grow as evenly as their size does.
        while size > theme.px(SMALLEST) and QFontMetricsF(font).horizontalAdvance(self.word) > wide - aside:
            size -= 1
            font = self._font(size)
        metrics = QFontMetricsF(font)
        word = metrics.elidedText(self.word, Qt.TextElideMode.ElideRight, max(1.0, wide - aside))
        # Flush with what stands beneath, whatever bearing the first letter has.
        bearing = float(metrics.tightBoundingRect(word).left())
        painter.setFont(font)
        painter.setPen(theme.colour(self.colour))
        painter.drawText(QRectF(-bearing, 0, wide + bearing, tall), LEFT, word)
        if beside:
            left = metrics.horizontalAdvance(word) - bearing + theme.px(GAP)
            painter.setFont(small)
            painter.setPen(theme.colour("good" if self.verdict == Verdict.RIGHT else "bad"))
            painter.drawText(QRectF(left, 0, wide - left, tall), LEFT, beside)
