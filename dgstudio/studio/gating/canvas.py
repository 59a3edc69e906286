"""Draws a picture with pyqtgraph: zoom with the wheel, pan by dragging, read at the pointer or by the arrow keys.

Imported when the first view is opened: pyqtgraph takes a third of a second. It knows nothing of Qt's palette, so that
every colour is set from the theme's tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem, QStyleOptionGraphicsItem, QVBoxLayout, QWidget

from dgstudio.studio.gating.pictures import Axis, Bars, Cells, Dots, Level, Line, Picture, Role, Spot
from dgstudio.studio.theme.theme import DARK, Theme, mix

ROW_GAP = 0.08
"""Part of a row of cells that parts it from the next."""
GAPPED_MOST = 24
"""So many columns at most are parted by gaps."""
BAR_GAP = 0.12
NAME_WIDEST, NAME_LEAST, NAME_MARGIN = 130, 24, 14
"""Logical pixels of a name beside an axis at most, of one beneath it that has to be short, and at a name's side."""
ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
SYMBOLS: Final = {Role.USUAL: "o", Role.DEAD: "x", Role.ALWAYS: "t1", Role.REDUNDANT: "d"}
COLOURS: Final = {
    Role.USUAL: "base_unit",
    Role.DEAD: "bad",
    Role.ALWAYS: "warning",
    Role.REDUNDANT: "learned_unit",
}

# Its clean-up at exit walks over every object there is; this window closes what it opens.
pg.setConfigOptions(exitCleanup=False, antialias=False)


class _Shades(QGraphicsItem):
    """Cells as rectangles, each filled; what is not known is hatched."""

    def __init__(self, picture: Cells, theme: Theme) -> None:
        super().__init__()
        rows, columns = picture.values.shape
        self._rect = QRectF(picture.left, 0.0, columns, rows)
        gap = ROW_GAP if columns <= GAPPED_MOST else 0.0
        self._cells: list[tuple[QRectF, QBrush]] = []
        off, unknown = theme.colour("unit_off"), QBrush(theme.colour("border_strong"), Qt.BrushStyle.BDiagPattern)
        for row in range(rows):
            full = theme.colour(picture.colours[row])
            for column in range(columns):
                value = picture.values[row, column]
                brush = unknown if np.isnan(value) else QBrush(mix(off, full, float(value)))
                box = QRectF(picture.left + column + gap / 2, row + ROW_GAP / 2, 1.0 - gap, 1.0 - ROW_GAP)
                self._cells.append((box, brush))

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for box, brush in self._cells:
            painter.fillRect(box, brush)


class _Scale(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis whose numbers are written as they are everywhere else: in full, thousands apart."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        places = max(0, math.ceil(-math.log10(spacing * scale)))
        # Plus nothing: what is rounded to nothing has no sign.
        return [f"{round(value * scale, places) + 0.0:,.{places}f}".replace("-", "−") for value in values]


class Canvas(QWidget):
    """One picture with its axes.

    `pointed` carries the `Spot` under the pointer, or None; `unit_chosen` the unit that was clicked, or entered;
    `zoomed` whether the whole picture is in view.
    """

    pointed = Signal(object)
    unit_chosen = Signal(int)
    zoomed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.picture: Picture | None = None
        self.spot: Spot | None = None
        self._key: object = None
        self._whole = True
        self.view = pg.GraphicsView(self)
        # Keys come to this widget, which has the frame that shows the focus.
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("View of the gating")
        layout = pg.GraphicsLayout()
        layout.setContentsMargins(2, 6, 8, 2)
        layout.setSpacing(0)
        self.box = pg.ViewBox(enableMenu=False)
        self.left, self.bottom = _Scale("left"), _Scale("bottom")
        layout.addItem(self.left, 0, 0)
        layout.addItem(self.box, 0, 1)
        layout.addItem(self.bottom, 1, 1)
        for axis in (self.left, self.bottom):
            axis.linkToView(self.box)
            axis.enableAutoSIPrefix(False)
        self.view.setCentralItem(layout)
        self._marker = QGraphicsRectItem()
        self._marker.setZValue(50)
        self.box.addItem(self._marker, ignoreBounds=True)
        self._items: list[Any] = []
        scene = self.view.scene()
        scene.sigMouseMoved.connect(self._move)
        scene.sigMouseClicked.connect(self._click)
        self.box.sigRangeChangedManually.connect(lambda _mask: self._set_whole(False))
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(self.view)

    # -- what is shown -------------------------------------------------------------------------------------------

    def show_picture(self, key: object, picture: Picture) -> None:
        """Show a picture; one of the same `key` takes its place as it is zoomed, another is shown whole."""
        other = key != self._key
        self._key, self.picture = key, picture
        for item in self._items:
            self.box.removeItem(item)
        self._items = list(self._drawn(picture))
        for item in self._items:
            self.box.addItem(item, ignoreBounds=True)
        turned = isinstance(picture, Cells) or (isinstance(picture, Bars) and picture.lying)
        self.box.invertY(turned)
        self._name_axis(self.left, picture.y)
        self._name_axis(self.bottom, picture.x)
        left, right, low, high = picture.extent
        self.box.setLimits(xMin=left, xMax=right, yMin=low, yMax=high)
        if other or self._whole:
            self.show_whole()
        spot = None if other or self.spot is None else picture.spot(*_middle(self.spot))
        self._point(spot)

    def show_whole(self) -> None:
        """Bring all of the picture into view."""
        if self.picture is not None:
            left, right, low, high = self.picture.extent
            self.box.setRange(xRange=(left, right), yRange=(low, high), padding=0)
        self._set_whole(True)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.view.setBackground(theme.colour("surface"))
        line, text = QPen(theme.colour("border_strong"), 1), QPen(theme.colour("text_muted"), 1)
        for axis in (self.left, self.bottom):
            axis.setPen(line)
            axis.setTextPen(text)
            axis.setTickFont(theme.ui("tiny"))
            axis.label.setFont(theme.ui("tiny"))
        pen = QPen(theme.colour("text_strong"), 1.5)
        pen.setCosmetic(True)
        self._marker.setPen(pen)
        if self.picture is not None:
            self.show_picture(self._key, self.picture)
        self.update()

    def draw(self, painter: QPainter, target: QRectF) -> None:
        """Draw what is in view, without what the pointer marks, into a part of another picture."""
        shown = self._marker.isVisible()
        self._marker.hide()
        self.view.render(painter, target, QRect(0, 0, self.view.width(), self.view.height()))
        self._marker.setVisible(shown)

    def _name_axis(self, axis: Any, named: Axis) -> None:
        theme = self.theme
        tick = 3 if named.names is None else 0
        axis.setStyle(tickLength=tick)
        if axis is self.bottom:
            # Left to itself it takes a fifth less than its letters are high.
            line = QFontMetrics(theme.ui("tiny")).height()
            axis.setHeight(line + tick + theme.px(5) + (line if named.names is None else 0))
        if axis is self.left:
            # What it was wide for other names would leave out a longer one.
            axis.setWidth(None if named.names is None else self._widest(named.names) + NAME_MARGIN)
        if named.names is None:
            axis.setTicks(None)
            axis.setLabel(named.words, color=theme.colour("text_muted").name())
            # pyqtgraph leaves other words where those before them began.
            axis.resizeEvent()
            return
        # Names say themselves what they are.
        axis.showLabel(False)
        metrics, most = QFontMetrics(theme.ui("tiny")), theme.px(NAME_WIDEST)
        if axis is self.bottom and named.names:
            # pyqtgraph leaves out a name that has no room, and its column has none then.
            most = min(most, max(theme.px(NAME_LEAST), int(self._across() / len(named.names)) - theme.px(6)))
        short = (metrics.elidedText(name, Qt.TextElideMode.ElideRight, most) for name in named.names)
        axis.setTicks([[(place + 0.5, name) for place, name in enumerate(short)]])

    def _widest(self, names: tuple[str, ...]) -> int:
        """Logical pixels of the longest name beside an axis."""
        metrics = QFontMetrics(self.theme.ui("tiny"))
        return min(max(map(metrics.horizontalAdvance, names), default=0), self.theme.px(NAME_WIDEST))

    def _across(self) -> float:
        """Logical pixels across of what lies between the axes."""
        # As wide as the axis was told to be: its layout follows later.
        return float(self.view.width() - self.left.minimumWidth() - 10)

    def _drawn(self, picture: Picture) -> Iterator[Any]:
        if isinstance(picture, Cells):
            yield from self._cells(picture)
            return
        if isinstance(picture, Bars):
            yield from self._bars(picture)
        elif isinstance(picture, Line):
            pen = pg.mkPen(self._ink(picture.colour), width=1)
            x = picture.times - picture.edge
            yield pg.PlotCurveItem(x, picture.values, pen=pen, connect="finite")
        else:
            yield from self._dots(picture)
            return
        if picture.level is not None:
            yield self._level(picture.level)
        if picture.moment is not None:
            yield pg.InfiniteLine(picture.moment, 90, pen=pg.mkPen(self.theme.colour("warning"), width=2))

    def _cells(self, picture: Cells) -> Iterator[Any]:
        yield _Shades(picture, self.theme)
        if not picture.written:
            return
        theme = self.theme
        for row, values in enumerate(picture.values.tolist()):
            for column, value in enumerate(values):
                if np.isnan(value):
                    continue
                ground = mix(theme.colour("unit_off"), theme.colour(picture.colours[row]), value).name()
                ink = theme.readable(theme.colour("text").name(), ground)
                text = pg.TextItem(f"{100 * value:.0f} %", color=theme.colour(ink), anchor=(0.5, 0.5))
                text.setFont(theme.mono("tiny"))
                text.setPos(picture.left + column + 0.5, row + 0.5)
                yield text

    def _bars(self, picture: Bars) -> Iterator[Any]:
        if not len(picture.heights):
            return
        wide = np.diff(picture.edges)
        gap = BAR_GAP * wide if len(wide) <= 40 else 0.0 * wide
        begin, end = picture.edges[:-1] + gap / 2, picture.edges[1:] - gap / 2
        inks = [self._ink(colour) for colour in picture.colours]
        brushes = [pg.mkBrush(inks[n % len(inks)]) for n in range(len(wide))]
        nothing = pg.mkPen(None)
        if picture.lying:
            zero = np.zeros(len(wide))
            yield pg.BarGraphItem(x0=zero, x1=picture.heights, y0=begin, y1=end, pen=nothing, brushes=brushes)
        else:
            yield pg.BarGraphItem(x0=begin, x1=end, height=picture.heights, pen=nothing, brushes=brushes)
        middles = (picture.edges[:-1] + picture.edges[1:]) / 2
        for at, note in enumerate(picture.notes):
            if note:
                text = pg.TextItem(note, color=self.theme.colour("text"), anchor=(0.5, 1.0))
                text.setFont(self.theme.mono("tiny"))
                text.setPos(middles[at], picture.heights[at])
                yield text

    def _dots(self, picture: Dots) -> Iterator[Any]:
        theme = self.theme
        if picture.pairs:
            ends = np.array([(a, b) for a, b, _ in picture.pairs]).ravel()
            pen = pg.mkPen(self._ink("learned_unit"), width=1)
            yield pg.PlotCurveItem(ends, picture.shares[ends], pen=pen, connect="pairs")
        dots = pg.ScatterPlotItem(pxMode=True, useCache=False)
        inks = {role: self._ink(token) for role, token in COLOURS.items()}
        dots.setData(
            x=np.arange(len(picture.shares)),
            y=picture.shares,
            symbol=[SYMBOLS[role] for role in picture.roles],
            size=[theme.length(7 if role is Role.USUAL else 11) for role in picture.roles],
            brush=[pg.mkBrush(inks[role]) for role in picture.roles],
            pen=pg.mkPen(theme.colour("surface"), width=1),
        )
        yield dots

    def _level(self, level: Level) -> Any:
        theme = self.theme
        pen = pg.mkPen(theme.colour("text_muted"), width=1, style=Qt.PenStyle.DashLine)
        options = {"color": theme.colour("text"), "position": 0.99, "anchors": [(1, 1), (1, 1)]}
        line = pg.InfiniteLine(level.value, 0, pen=pen, label=level.words, labelOpts=options)
        line.label.setFont(theme.ui("tiny"))
        return line

    def _ink(self, colour: str) -> QColor:
        """A token or "#rrggbb", so that shapes of it are seen on the ground."""
        return self.theme.colour(self.theme.visible(self.theme.colour(colour).name()))

    # -- the pointer, and the keys ---------------------------------------------------------------------------------

    def _move(self, at: QPointF) -> None:
        if self.picture is None or not self.box.sceneBoundingRect().contains(at):
            self._point(None)
            return
        place = self.box.mapSceneToView(at)
        self._point(self.picture.spot(place.x(), place.y()))

    def _click(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._move(event.scenePos())
            self._choose()

    def _choose(self) -> None:
        if self.spot is not None and self.spot.unit is not None:
            self.unit_chosen.emit(self.spot.unit)

    def _point(self, spot: Spot | None) -> None:
        changed = spot != self.spot
        self.spot = spot
        self._marker.setVisible(spot is not None)
        if spot is not None:
            self._marker.setRect(QRectF(spot.left, spot.low, spot.right - spot.left, spot.high - spot.low))
        if changed:
            self.pointed.emit(spot)

    def _set_whole(self, whole: bool) -> None:
        if whole != self._whole:
            self._whole = whole
            self.zoomed.emit(not whole)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if self.picture is not None:
            self._name_axis(self.bottom, self.picture.x)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        super().leaveEvent(event)
        self._point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        move = ARROWS.get(Qt.Key(event.key()))
        if (
            move is not None
            and self.picture is not None
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            self._point(self.picture.step(self.spot, *move))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.spot is not None:
            self._choose()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(QPen(self.theme.colour("accent_hover"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


def _middle(spot: Spot) -> tuple[float, float]:
    return (spot.left + spot.right) / 2, (spot.low + spot.high) / 2
