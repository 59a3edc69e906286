"""Marks of the Stability panel's lanes: which of them melt into one, and how each looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import qtawesome
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from dgstudio.studio.theme import Theme
from dgstudio.studio.widgets.stabilitylog import changed
from dgstudio.types import PublishRecord

ICONS = {
    "flip": ("fa6s.right-left", "bad", 12),
    "rejected": ("fa6s.xmark", "bad", 12),
    "back": ("fa6s.rotate-left", "warning", 12),
    "live": ("fa6s.right-left", "warning", 9),
}
"""Marks that are icons: name, token of the colour, logical pixels."""


def is_event(record: PublishRecord) -> bool:
    """Return whether a record has a mark in the events' lane."""
    return record.kind in ("rejected", "rolled back") or record.flips > 0


def event_marks(records: Iterable[PublishRecord]) -> list[tuple[PublishRecord, int]]:
    """Return the marks of the events' lane, oldest first: equal rejections in a row are one, with their number."""
    marks: list[tuple[PublishRecord, int]] = []
    for record in filter(is_event, records):
        last = marks[-1][0] if marks else None
        if last is not None and last.kind == record.kind == "rejected" and last.reason == record.reason:
            marks[-1] = record, marks[-1][1] + 1
        else:
            marks.append((record, 1))
    return marks


def runs_of(publishes: Iterable[PublishRecord], apart: float) -> list[list[PublishRecord]]:
    """Return the publishes that changed no protected logit, oldest first; those within `apart` seconds are together.

    One that did change something, or was checked against nothing where its neighbours were, ends a run.
    """
    runs: list[list[PublishRecord]] = []
    open_run = False
    for record in publishes:
        if changed(record):
            open_run = False
            continue
        last = runs[-1][-1] if open_run else None
        if last is not None and record.time - last.time < apart and bool(last.protected) == bool(record.protected):
            runs[-1].append(record)
        else:
            runs.append([record])
        open_run = True
    return runs


class Drawn(Protocol):
    """What marks are drawn on."""

    theme: Theme

    def devicePixelRatioF(self) -> float:
        """Return the device pixels of a logical one."""
        ...


class Marks:
    """Every mark as a picture that is made once for a theme."""

    def __init__(self, lanes: Drawn) -> None:
        self._lanes = lanes
        self._made: dict[str, QPixmap] = {}

    def clear(self) -> None:
        """Make them anew: the theme is another."""
        self._made.clear()

    def draw(self, painter: QPainter, name: str, x: int, y: int) -> None:
        """Draw the mark `name` with its middle at a point."""
        mark = self._made.get(name)
        if mark is None:
            mark = self._made[name] = self._make(name)
        side = mark.width() / mark.devicePixelRatio()
        painter.drawPixmap(QPointF(round(x - side / 2), round(y - side / 2)), mark)

    def _make(self, name: str) -> QPixmap:
        theme, ratio = self._lanes.theme, self._lanes.devicePixelRatioF()
        side = theme.px(12)
        if name in ICONS:
            icon, ink, side = ICONS[name]
            side = theme.px(side)
            drawn: QPixmap = qtawesome.icon(icon, color=theme.colour(ink)).pixmap(QSize(side, side), ratio)
            return drawn
        mark = QPixmap(round(side * ratio), round(side * ratio))
        mark.setDevicePixelRatio(ratio)
        mark.fill(Qt.GlobalColor.transparent)
        painter = QPainter(mark)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        middle, reach = QPointF(side / 2, side / 2), side * 0.34
        if name == "same":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("good"))
            painter.drawEllipse(middle, reach, reach)
        elif name == "unchecked":
            painter.setPen(QPen(theme.colour("text_muted"), 1))
            painter.setBrush(theme.colour("surface"))
            painter.drawEllipse(middle, reach, reach)
        else:
            # A diamond is told from a dot without its colour.
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("warning" if name == "chosen" else "bad"))
            painter.translate(middle)
            painter.rotate(45)
            half = side * 0.34
            painter.drawRect(QRectF(-half, -half, 2 * half, 2 * half))
        painter.end()
        return mark
