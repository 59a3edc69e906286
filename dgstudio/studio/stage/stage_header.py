"""The line above the stage: what the stream is and how it stands, and what the input is now."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.stage.story import Taught
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import StreamState

TALL, MARGIN = 30, 4
STATES = {
    StreamState.OPENING: ("warning", "opening"),
    StreamState.LIVE: ("good", ""),
    StreamState.ENDED: ("text_faint", "ended"),
    StreamState.LOST: ("bad", "lost, retrying"),
}
"""Colour of the dot and the words beside it."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class StageHeader(QWidget):
    """Paints one line. `colour_of` gives the colour of a class id as "#rrggbb"."""

    def __init__(self, colour_of: Callable[[int], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._colour_of = colour_of
        self._source, self._state = "", StreamState.OPENING
        self._past = ""
        self._truth: tuple[str, int | None] = ("", None)
        self._trouble = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Stream")

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(300), self.theme.px(TALL))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self.theme.px(TALL))

    def say(self, source: str, state: StreamState, past: str, truth: tuple[str, int | None], trouble: str = "") -> None:
        """Show these; `past` is what it has learned, `truth` what the input is now, `trouble` what is wrong."""
        now = source, state, past, truth, trouble
        if now != (self._source, self._state, self._past, self._truth, self._trouble):
            self._source, self._state, self._past, self._truth, self._trouble = now
            self.setAccessibleDescription(" · ".join(filter(None, (*self.words(), truth[0]))))
            self.update()

    def words(self) -> tuple[str, str]:
        """Return what stands at the left: the stream, and what is said of it."""
        said = STATES.get(self._state, ("warning", str(self._state)))[1]
        return self._source, " · ".join(filter(None, (self._trouble, said, self._past)))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, wide, tall = self.theme, float(self.width()), float(self.height())
        strong, plain = theme.ui("brand", 700), theme.ui("brand")
        right = wide - theme.px(MARGIN)
        truth, class_id = self._truth
        if truth:
            ink = theme.readable(self._colour_of(class_id), "background") if class_id is not None else "text_strong"
            right = self._before(painter, right, tall, truth, strong, ink)
            right = self._before(painter, right, tall, "the input is  ", plain, "text_muted")
        radius = theme.px(5)
        x = float(theme.px(MARGIN))
        painter.setPen(Qt.PenStyle.NoPen)
        dot = "bad" if self._trouble else STATES.get(self._state, ("warning", ""))[0]
        painter.setBrush(theme.colour(dot))
        painter.drawEllipse(QPointF(x + radius, tall / 2), radius, radius)
        x += 2 * radius + theme.px(7)
        name, said = self.words()
        x = self._after(painter, x, right, tall, name, strong, "text_strong")
        if said:
            self._after(painter, x, right - theme.px(16), tall, f"  ·  {said}", plain, "text_muted")

    def _before(self, painter: QPainter, right: float, tall: float, text: str, font: QFont, ink: str) -> float:
        """Write `text` so that it ends at `right`; return where it begins."""
        needs = QFontMetricsF(font).horizontalAdvance(text)
        painter.setFont(font)
        painter.setPen(self.theme.colour(ink))
        painter.drawText(QRectF(right - needs, 0, needs + 2, tall), LEFT, text)
        return right - needs

    def _after(self, painter: QPainter, x: float, right: float, tall: float, text: str, font: QFont, ink: str) -> float:
        """Write `text` from `x` on, no farther than `right`; return where it ends."""
        metrics, room = QFontMetricsF(font), max(1.0, right - x)
        fit = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.setFont(font)
        painter.setPen(self.theme.colour(ink))
        painter.drawText(QRectF(x, 0, room + 2, tall), LEFT, fit)
        return x + metrics.horizontalAdvance(fit)


def taught_words(taught: Taught | None, name: str) -> str:
    """Return what has been learned, and when."""
    if taught is None:
        return ""
    if taught.going_on:
        return f"it is taught “{name}”"
    ago = taught.ago_s
    since = f"{ago:.0f} s" if ago < 100 else f"{ago / 60:.0f} min"
    return f"it learned “{name}” {since} ago"
