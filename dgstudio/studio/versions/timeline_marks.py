"""The marks of the timeline, each painted once a theme: a timeline in view has some two hundred of them."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from dgstudio.studio.painting.kept_layer import painted
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.studio.versions.timeline import BACK, CLASSES, HELD, LEARNED, PLAIN, REJECTED, SEALED

TOKENS = {
    LEARNED: "border_strong",
    PLAIN: "border_strong",
    REJECTED: "bad",
    BACK: "warning",
    CLASSES: "text",
    SEALED: "good",
    HELD: "accent",
}
"""How a mark looks → its colour, unless a class gives it one."""
MOST = 512
"""Marks that are kept painted."""


class TimelineMarks:
    """Paints marks and remembers them. Qt thread only."""

    def __init__(self) -> None:
        self._theme: Theme = DARK
        self._painted: dict[tuple[int, str, bool, float, float], QPixmap] = {}

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self._theme = theme
        self._painted.clear()

    def ink(self, code: int, colour: str | None) -> str:
        """Return the colour of a mark, "#rrggbb", that stands out against the panel; `colour` is its class's."""
        if code == LEARNED and colour is not None:
            return self._theme.visible(colour)
        return self._theme.colour(TOKENS[code]).name()

    def draw(
        self, painter: QPainter, at: QPointF, code: int, ink: str, radius: float, ratio: float, *, hollow: bool
    ) -> None:
        """Draw a mark of this colour with its middle at a point; `hollow`: its version is not kept."""
        size = math.ceil(2 * radius + 8)
        corner = at - QPointF(size / 2, size / 2)
        if keeps_shapes(painter):
            painter.save()
            painter.translate(corner)
            self._paint(painter, size, code, QColor(ink), radius, hollow=hollow)
            painter.restore()
            return
        key = (code, ink, hollow, round(radius * 2) / 2, ratio)
        found = self._painted.get(key)
        if found is None:
            if len(self._painted) >= MOST:
                self._painted.clear()
            found = self._painted[key] = painted(
                size,
                size,
                ratio,
                lambda picture: self._paint(picture, size, code, QColor(ink), radius, hollow=hollow),
            )
        painter.drawPixmap(corner, found)

    def _paint(self, painter: QPainter, size: int, code: int, ink: QColor, radius: float, *, hollow: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        centre = QPointF(size / 2, size / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        if hollow:
            # What can no longer be served or gone back to; the surface hides the line behind it.
            painter.setPen(QPen(ink, 1.4))
            painter.setBrush(self._theme.colour("surface"))
        if code == REJECTED:
            painter.setPen(QPen(ink, 1.8))
            reach = radius * 1.1
            for way in (1, -1):
                arm = QPointF(reach, way * reach)
                painter.drawLine(centre - arm, centre + arm)
        elif code in (CLASSES, SEALED):
            # A diamond: something was added, or locked; not an ordinary step.
            painter.translate(centre)
            painter.rotate(45)
            side = radius * 1.7
            painter.drawRect(QRectF(-side / 2, -side / 2, side, side))
        elif code == HELD:
            # A square: nothing was made; another version serves.
            side = radius * 1.6
            painter.drawRect(QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side))
        else:
            painter.drawEllipse(
                centre, radius * (0.8 if code == PLAIN else 1.0), radius * (0.8 if code == PLAIN else 1.0)
            )
