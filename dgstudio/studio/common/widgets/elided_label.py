"""A line of text that gives way where there is too little room: by whole parts first, then “…” stands for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

BETWEEN = " · "
"""What stands between the parts of a line, the most important first."""


def shorter(text: str) -> Iterator[str]:
    """Yield a line, and the same with ever fewer parts: what is less important stands at the end."""
    parts = text.split(BETWEEN)
    for count in range(len(parts), 0, -1):
        yield BETWEEN.join(parts[:count])


def fitting(text: str, metrics: QFontMetrics, room: float) -> str:
    """Return as many of a line's parts as have room, at least the first."""
    found = text
    for found in shorter(text):
        # Widths that are rounded say too little of a long line.
        if metrics.elidedText(found, Qt.TextElideMode.ElideRight, int(room)) == found:
            break
    return found


class ElidedLabel(QLabel):
    """A label that shows as much of its text as there is room for, and may get as narrow as its layout likes.

    Of a text with parts (`BETWEEN`) the last ones are left out; one that has no room alone ends in “…”.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self._text = text
        self.cut = False
        """Whether “…” stands for a part of it."""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(1)
        self._fit()

    def text(self) -> str:
        """Return the whole text."""
        return self._text

    def shown(self) -> str:
        """Return what there is room for."""
        return super().text()

    def setText(self, text: str) -> None:
        """Show another text."""
        self._text = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        room, metrics = self.contentsRect().width(), self.fontMetrics()
        shown = fitting(self._text, metrics, room)
        fits = metrics.elidedText(shown, self._mode, room)
        self.cut = fits != shown
        super().setText(fits)
