"""A lamp of the status bar: a mark and some words, hidden while there is nothing to say."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QWidget

from dgstudio.studio.theme.theme import DARK, Theme


class StatusLamp(QLabel):
    """Words and shape say it too, not the colour alone."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("recording")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAccessibleName(name)
        self.theme: Theme = DARK
        self._said = ("", "", "text")
        self.hide()

    @property
    def said(self) -> str:
        """What it says, as plain text; "" while it is hidden."""
        mark, words, _ = self._said
        return f"{mark} {words}" if words else ""

    def say(self, mark: str, words: str, token: str, tooltip: str) -> bool:
        """Show these words, behind a mark in the colour of a token; returns whether its width has changed."""
        if (mark, words, token) == self._said:
            return False
        self._said = mark, words, token
        self.setToolTip(tooltip if words else "")
        return self._draw()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._draw()

    def set_type(self, font: QFont) -> None:
        """Take over the type of its neighbours."""
        self.setFont(font)
        self._draw()

    def _draw(self) -> bool:
        mark, words, token = self._said
        before = 0 if self.isHidden() else self.width()
        if words:
            colour = self.theme.readable(getattr(self.theme, token), "surface")
            self.setText(
                f'<span style="color:{colour}">{mark}</span> <span style="color:{self.theme.text}">{words}</span>'
            )
            self.setFixedWidth(self.fontMetrics().horizontalAdvance(self.said) + 2)
        self.setAccessibleDescription(words)
        self.setVisible(bool(words))
        return before != (self.width() if words else 0)
