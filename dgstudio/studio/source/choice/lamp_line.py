"""The lamp of a source that is looked at, with all the words that belong to it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from dgstudio.streams.condition import SourceCondition
from dgstudio.studio.common.lamp_words import LAMPS
from dgstudio.studio.theme.theme import DARK, Theme

DOT = 10


class LampLine(QWidget):
    """A dot and a sentence; where that is long it takes several lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dot = _Dot()
        self.words = QLabel("")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setAccessibleName("How it stands")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.dot, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.words, 1)

    def show_condition(self, condition: SourceCondition, more: str = "") -> None:
        """Show how it stands; `more` is said behind it."""
        token, _ = LAMPS[condition.lamp]
        self.dot.show_token(token)
        words = condition.words
        sentence = words[:1].upper() + words[1:] + more
        if sentence != self.words.text():
            self.words.setText(sentence)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.words.setFont(theme.ui("body"))
        self.dot.apply_theme(theme)


class _Dot(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self._token = "text_faint"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        side = self.theme.px(DOT)
        return QSize(side, side)

    def show_token(self, token: str) -> None:
        if token != self._token:
            self._token = token
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour(self._token))
        radius = min(self.width(), self.height()) / 2 - 0.5
        painter.drawEllipse(QPointF(self.width() / 2, self.height() / 2), radius, radius)
