"""Marks of the Stability panel's lanes: which of them melt into one, where those of events lie, how each looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil, floor
from typing import Protocol

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPixmap

from dgstudio.records import dataclass
from dgstudio.studio.painting.kept_layer import painted
from dgstudio.studio.stability.stability_log import Mark, changed
from dgstudio.studio.theme.icons import paint_icon
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import PublishRecord, RecordKind

ICONS = {
    Mark.FLIP: ("fa6s.right-left", "bad", 12),
    Mark.REJECTED: ("fa6s.xmark", "bad", 12),
    Mark.BACK: ("fa6s.rotate-left", "warning", 12),
    Mark.LIVE: ("fa6s.right-left", "warning", 9),
}
"""Marks that are icons: name, token of the colour, logical pixels."""


MOST_BARS = 64
"""Pictures of runs that are kept: the one at the left end has another width at every pixel."""


def is_event(record: PublishRecord) -> bool:
    """Return whether a record has a mark in the events' lane."""
    return record.kind in (RecordKind.REJECTED, RecordKind.ROLLED_BACK) or record.flips > 0


def event_marks(records: Iterable[PublishRecord]) -> list[list[PublishRecord]]:
    """Return what the events' lane marks, oldest first: equal rejections in a row are together."""
    marks: list[list[PublishRecord]] = []
    for record in filter(is_event, records):
        last = marks[-1][-1] if marks else None
        if last is not None and last.kind == record.kind == RecordKind.REJECTED and last.reason == record.reason:
            marks[-1].append(record)
        else:
            marks.append([record])
    return marks


def event_kind(record: PublishRecord) -> Mark:
    """Return which mark of `ICONS` an event has."""
    return (
        Mark.REJECTED
        if record.kind == RecordKind.REJECTED
        else Mark.BACK
        if record.kind == RecordKind.ROLLED_BACK
        else Mark.FLIP
    )


@dataclass(frozen=True, slots=True)
class EventMark:
    """A mark of the events' lane where it is drawn, in logical pixels; `records` are what it stands for, oldest first.

    Nothing else is drawn from `left` to `right`. `count` is "" where there is one record, or no room to tell.
    """

    kind: Mark
    records: tuple[PublishRecord, ...]
    x: int
    count: str
    count_left: int
    left: int
    right: int


def place_events(
    records: Iterable[PublishRecord],
    x_of: Callable[[float], int],
    wide_of: Callable[[str], int],
    side: int,
    room: tuple[int, int],
) -> list[EventMark]:
    """Place the marks of the events' lane, newest first, so that none lies on another.

    Events that are nearer to each other than `side`, what a mark takes, are told together where the newest of them
    lies: one mark of each kind, with its count where the marks around leave the room. `x_of` says where a moment
    lies, `wide_of` how wide a text is; `room` is where the lane begins and ends.
    """
    groups: list[dict[Mark, list[PublishRecord]]] = []
    for run in event_marks(records):
        group = {event_kind(run[-1]): run}
        while groups and x_of(_newest(group)) - len(group) * side < x_of(_newest(groups[-1])):
            earlier = groups.pop()
            # Kinds stand in the order of their newest event: what has just happened is the last.
            group = {kind: [*earlier.pop(kind, []), *those] for kind, those in group.items()}
            group = {**earlier, **group}
        groups.append(group)
    placed: list[EventMark] = []
    begin, free = room
    for place in range(len(groups) - 1, -1, -1):
        x = x_of(_newest(groups[place]))
        if x < begin:
            break
        before = max(begin, x_of(_newest(groups[place - 1])) + side // 2) if place else begin
        # In front of one of several kinds a count would seem to be that of the mark before it.
        for told in ("behind", "in front", "") if len(groups[place]) == 1 else ("behind", ""):
            marks = _in_a_row(groups[place], x, wide_of, side, told)
            if not told or (marks[-1].left >= before and marks[0].right <= free):
                break
        placed.extend(mark for mark in marks if mark.x >= begin)
        free = marks[-1].left
    return placed


def _newest(group: dict[Mark, list[PublishRecord]]) -> float:
    return max(those[-1].time for those in group.values())


def _in_a_row(
    group: dict[Mark, list[PublishRecord]], x: int, wide_of: Callable[[str], int], side: int, told: str
) -> list[EventMark]:
    """Return the marks of a group from right to left, the last one at `x`; `told`: where their counts stand, if so."""
    marks: list[EventMark] = []
    right = None
    for kind, those in reversed(group.items()):
        count = f"×{len(those)}" if told and len(those) > 1 else ""
        wide = wide_of(count) + side // 4 if count else 0
        behind = wide if told == "behind" else 0
        right = x - side // 2 + side + behind if right is None else right
        middle = right - behind - side + side // 2
        left = right - side - wide
        count_left = right - wide if behind else left + side // 4
        marks.append(EventMark(kind, tuple(those), middle, count, count_left, left, right))
        right = left
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
        self._made: dict[Mark, QPixmap] = {}
        self._bars: dict[tuple[float, float, int, int, bool], QPixmap] = {}

    def clear(self) -> None:
        """Make them anew: the theme is another."""
        self._made.clear()
        self._bars.clear()

    def draw(self, painter: QPainter, mark: Mark, x: float, y: float) -> None:
        """Draw a mark with its middle at a point."""
        side = self._lanes.theme.px(ICONS.get(mark, ("", "", 12))[2])
        at = QPointF(round(x - side / 2), round(y - side / 2))
        if keeps_shapes(painter):
            painter.save()
            painter.translate(at)
            self._paint(painter, mark, side)
            painter.restore()
            return
        made = self._made.get(mark)
        if made is None:
            ratio = self._lanes.devicePixelRatioF()
            made = self._made[mark] = painted(side, side, ratio, lambda picture: self._paint(picture, mark, side))
        painter.drawPixmap(at, made)

    def draw_run(
        self, painter: QPainter, span: tuple[float, float], y: int, tall: int, count: int, checked: bool
    ) -> None:
        """Draw a run of `count` publishes as a bar from one end to the other, its middle at the height `y`."""
        wide, left = span[1] - span[0], floor(span[0])
        at, begin = QPointF(left, y - tall // 2 - 1), span[0] - left
        if keeps_shapes(painter):
            painter.save()
            painter.translate(at)
            self._paint_bar(painter, begin, wide, tall, count, checked)
            painter.restore()
            return
        key = round(wide, 3), round(begin, 3), tall, count, checked
        bar = self._bars.get(key)
        if bar is None:
            if len(self._bars) >= MOST_BARS:
                self._bars.clear()
            bar = self._bars[key] = painted(
                ceil(wide + 2),
                tall + 3,
                self._lanes.devicePixelRatioF(),
                lambda picture: self._paint_bar(picture, begin, wide, tall, count, checked),
            )
        painter.drawPixmap(at, bar)

    def _paint_bar(self, painter: QPainter, left: float, wide: float, tall: int, count: int, checked: bool) -> None:
        theme = self._lanes.theme
        box = QRectF(left, tall // 2 + 1 - tall / 2 + 0.5, wide, tall)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen if checked else QPen(theme.colour("text_muted"), 1))
        painter.setBrush(theme.colour("good" if checked else "surface"))
        painter.drawRoundedRect(box, min(wide, tall) / 2, tall / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(theme.ui("tiny", 600))
        metrics = QFontMetrics(painter.font())
        words = (f"{count} bit-identical" if checked else f"{count} unchecked", str(count))
        low = metrics.capHeight() >= tall
        fit = next((text for text in words if metrics.horizontalAdvance(text) + 8 <= wide and not low), "")
        painter.setPen(theme.colour("surface" if checked else "text_muted"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, fit)

    def _paint(self, painter: QPainter, mark: Mark, side: int) -> None:
        theme = self._lanes.theme
        icon, ink, _ = ICONS.get(mark, ("", "", 12))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        middle, reach = QPointF(side / 2, side / 2), side * 0.34
        if icon:
            paint_icon(painter, icon, QRect(0, 0, side, side), theme.colour(ink))
        elif mark == Mark.SAME:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("good"))
            painter.drawEllipse(middle, reach, reach)
        elif mark == Mark.UNCHECKED:
            painter.setPen(QPen(theme.colour("text_muted"), 1))
            painter.setBrush(theme.colour("surface"))
            painter.drawEllipse(middle, reach, reach)
        else:
            # A diamond is told from a dot without its colour.
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("warning" if mark == Mark.CHOSEN else "bad"))
            painter.translate(middle)
            painter.rotate(45)
            half = side * 0.34
            painter.drawRect(QRectF(-half, -half, 2 * half, 2 * half))
