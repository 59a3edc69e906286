"""How a class is told apart on the pad by more than its colour: a shape for its examples."""

from __future__ import annotations

from math import cos, pi, sin
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

RADIUS = 3.6
"""Logical pixels from the middle of a mark to its edge."""


class Look(NamedTuple):
    """What a class looks like: fill, ink upon it, name, key, and the number of its shape."""

    fill: QColor
    ink: QColor
    name: str
    key: str
    shape: int


def _regular(corners: int, turn: float) -> QPainterPath:
    path = QPainterPath()
    angles = [turn + 2 * pi * k / corners for k in range(corners)]
    path.addPolygon(QPolygonF([QPointF(cos(angle), sin(angle)) for angle in angles]))
    path.closeSubpath()
    return path


def _circle() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QRectF(-0.9, -0.9, 1.8, 1.8))
    return path


def _cross(turn: float) -> QPainterPath:
    arm, half = 1.05, 0.38
    right = [(half, -arm), (half, -half), (arm, -half), (arm, half), (half, half), (half, arm)]
    corners = [*right, *[(-x, -y) for x, y in right]]
    path = QPainterPath()
    path.addPolygon(
        QPolygonF([QPointF(x * cos(turn) - y * sin(turn), x * sin(turn) + y * cos(turn)) for x, y in corners])
    )
    path.closeSubpath()
    return path


def _star() -> QPainterPath:
    path = QPainterPath()
    ends = [(1.15 if k % 2 == 0 else 0.5, -pi / 2 + pi * k / 5) for k in range(10)]
    path.addPolygon(QPolygonF([QPointF(r * cos(a), r * sin(a)) for r, a in ends]))
    path.closeSubpath()
    return path


SHAPES = (
    _circle(),
    _regular(4, pi / 4),
    _regular(3, -pi / 2),
    _regular(4, 0.0),
    _regular(3, pi / 2),
    _cross(0.0),
    _cross(pi / 4),
    _star(),
)
"""Disc, square, triangle, diamond, triangle on its tip, cross, lying cross, star; about 1 from middle to edge."""


def draw_mark(painter: QPainter, look: Look, at: QPointF, radius: float, edge: QColor) -> None:
    """Draw the mark of a class, with an edge that sets it off from a ground of its own colour."""
    painter.save()
    painter.translate(at)
    painter.scale(radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(edge, 1.0 / radius))
    painter.setBrush(look.fill)
    painter.drawPath(SHAPES[look.shape % len(SHAPES)])
    painter.restore()


def mark_picture(look: Look, radius: float, edge: QColor, ratio: float) -> QPixmap:
    """The mark of a class as a small picture, its middle in the middle: many are drawn at once."""
    size = round((2 * radius * 1.2 + 2) * ratio)
    pixmap = QPixmap(size, size)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    middle = size / ratio / 2
    draw_mark(painter, look, QPointF(middle, middle), radius, edge)
    painter.end()
    return pixmap
