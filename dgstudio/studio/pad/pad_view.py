"""The pad: a square of the plane, on which the pointer is moved and what is known of it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QTabletEvent,
    QTouchEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.pad.class_marks import RADIUS, Look, draw_mark, mark_picture
from dgstudio.studio.painting.kept_layer import KeptLayer
from dgstudio.studio.theme.paper import keeps_shapes
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import F32

HALO = 13
"""Logical pixels from the pointer to its ring."""
STEP_MS = 16
"""How often a held arrow key moves the pointer."""
STEP, SLOW = 0.016, 0.25
"""How far it does, of the pad's half; with Shift, that part of it."""
SAME = 3
"""Marks of one class within a square of so many pixels are drawn once."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
TOUCHES = (QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd)

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What the pointer does: the trail (n, 2), oldest first, that ends where it is; and what is answered there.

    `answer` is the look of the class, None for "unsure"; `live` False where it is a moment of the past.
    """

    trail: F32
    answer: Look | None
    words: str
    live: bool = True


class PadView(QWidget):
    """`pointed` carries where the hand or the keys have moved the pointer: (x, y), −1 to 1, y upwards.

    A mouse, a finger or a pen moves it by being over the pad; with the focus on the pad, so do the arrow keys.
    The map, marks and what is looked at are pictures that are kept; a frame paints the pointer anew.
    """

    pointed = Signal(float, float)
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.shown: Shown | None = None
        self.empty = ""
        self._map: QImage | None = None
        self._names: list[tuple[float, float, Look]] = []
        self._overlay: QImage | None = None
        self._marks: tuple[F32, Ids, Mapping[int, Look]] = (np.zeros((0, 2), np.float32), np.zeros(0, np.int64), {})
        self._protected: F32 = np.zeros((0, 2), np.float32)
        self._ground, self._dots, self._tags = KeptLayer(), KeptLayer(), KeptLayer()
        self._tagged: list[QRectF] = []
        """Where names of classes stand."""
        self._still = KeptLayer()
        """Ground, marks and names together."""
        self._moving_part = QRect()
        """Where the pointer, its trail and its answer are."""
        self._held: set[int] = set()
        self._slow = False
        self._at = (0.0, 0.0)
        """Where the pointer is: it begins in the middle, and nothing else moves it."""
        self._moving = QTimer(self)
        self._moving.setInterval(STEP_MS)
        self._moving.timeout.connect(self._step)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Pad")
        may_elide_names(self)
        self.setAccessibleDescription(
            "Arrow keys move the pointer, slowly with Shift; hold a class's key while it moves to label where it is"
        )

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(320), self.theme.px(320))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(140), self.theme.px(140))

    # -- what is shown -------------------------------------------------------------------------------------------

    def show_map(self, picture: QImage | None, names: Sequence[tuple[float, float, Look]] = ()) -> None:
        """Draw this picture of the whole plane, and the names of classes at places of it; None: none."""
        self._map, self._names = picture, list(names)
        self._forget(self._ground, self._tags)

    def show_region(self, overlay: QImage | None) -> None:
        """Lay this picture of the whole plane over the map; None: none."""
        self._overlay = overlay
        self._forget()

    def show_marks(self, places: F32, class_ids: Ids, looks: Mapping[int, Look], protected: F32) -> None:
        """Draw examples at `places` (n, 2), each as its class, (n,), and protected inputs (N, 2) as small crosses."""
        self._marks, self._protected = (places, class_ids, looks), protected
        self._forget(self._dots)

    def show_pointer(self, shown: Shown | None) -> None:
        """Draw the pointer and its trail; None: there is none yet. Nothing else is painted again."""
        before, self.shown, self._moving_part = self._moving_part, shown, self._part_of(shown)
        self.update(before.united(self._moving_part))

    def show_empty(self, sentence: str) -> None:
        """Say this in the middle of the pad; "": nothing."""
        if sentence != self.empty:
            self.empty = sentence
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._forget(self._ground, self._dots, self._tags)

    def _forget(self, *parts: KeptLayer) -> None:
        """Paint these parts of what stands still anew, and all of it together."""
        for part in (*parts, self._still):
            part.forget()
        self.update()

    # -- where things are ----------------------------------------------------------------------------------------

    @property
    def pixels(self) -> int:
        """How many pixels of the screen the plane is wide."""
        return max(1, round(self.square.width() * self.devicePixelRatioF()))

    @property
    def square(self) -> QRect:
        """Where the plane lies, in logical pixels: the largest square that fits, in the middle."""
        side = max(1, min(self.width(), self.height()))
        return QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)

    def pixel_of(self, x: float, y: float) -> QPointF:
        """Return where a place of the plane is drawn."""
        square = self.square
        return QPointF(square.x() + (x + 1) / 2 * square.width(), square.y() + (1 - y) / 2 * square.height())

    def place_of(self, pixel: QPointF) -> tuple[float, float]:
        """Return the place of the plane at a pixel; beyond its edge, the nearest place on the edge."""
        square = self.square
        x = 2 * (pixel.x() - square.x()) / square.width() - 1
        y = 1 - 2 * (pixel.y() - square.y()) / square.height()
        return min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)

    # -- moving the pointer --------------------------------------------------------------------------------------

    def _point(self, x: float, y: float) -> None:
        self._at = (x, y)
        self.pointed.emit(x, y)

    def _point_at(self, pixel: QPointF, *, only_inside: bool = False) -> None:
        if not only_inside or QRectF(self.square).contains(pixel):
            self._point(*self.place_of(pixel))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._point_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        # Drawn beyond the edge with a button down, it stays on the edge.
        self._point_at(event.position(), only_inside=not event.buttons())

    def tabletEvent(self, event: QTabletEvent) -> None:  # noqa: D102
        # A pen moves it while it hovers, too; how hard it presses means nothing here.
        self._point_at(event.position(), only_inside=event.type() == QEvent.Type.TabletMove and not event.buttons())
        event.accept()

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if event.type() in TOUCHES and isinstance(event, QTouchEvent):
            if event.points():
                self._point_at(event.points()[0].position())
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        others = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if event.key() not in ARROWS or others:
            # Class keys, Space and Esc are the window's.
            event.ignore()
            return
        self._slow = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.isAutoRepeat():
            return
        self._held.add(event.key())
        self._step()
        self._moving.start()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in self._held:
            if not event.isAutoRepeat():
                self._held.discard(event.key())
                if not self._held:
                    self._moving.stop()
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        # The release of a held key would go elsewhere.
        self._held.clear()
        self._moving.stop()
        super().focusOutEvent(event)
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        self.update()

    def _step(self) -> None:
        far = STEP * (SLOW if self._slow else 1.0)
        across = sum(ARROWS[Qt.Key(key)][0] for key in self._held)
        up = sum(ARROWS[Qt.Key(key)][1] for key in self._held)
        x, y = self._at[0] + far * across, self._at[1] + far * up
        self._point(min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0))

    # -- painting ------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._forget(self._ground, self._dots, self._tags)
        self.resized.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, square = QPainter(self), self.square
        ground = self.theme.colour("surface")
        self._still.draw(painter, QRectF(self.rect()), self.devicePixelRatioF(), self._paint_still, ground=ground)
        if self.empty:
            self._paint_sentence(painter, square)
        if self.shown is not None and len(self.shown.trail):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            self._paint_trail(painter, self.shown)
            self._paint_halo(painter, self.shown)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self.hasFocus():
            painter.setPen(QPen(self.theme.colour("accent_hover"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(square).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_still(self, painter: QPainter) -> None:
        """What stands still, each part painted anew only where it has changed."""
        square, whole, ratio = self.square, QRectF(self.rect()), self.devicePixelRatioF()
        self._ground.draw(painter, whole, ratio, self._paint_ground, ground=self.theme.colour("surface"))
        if self._overlay is not None:
            painter.drawImage(square, self._overlay)
        self._dots.draw(painter, QRectF(square), ratio, self._paint_marks)
        self._tags.draw(painter, whole, ratio, self._paint_tags)

    def _part_of(self, shown: Shown | None) -> QRect:
        """Everything that the pointer's picture covers."""
        if shown is None or not len(shown.trail):
            return QRect()
        low, high = np.nanmin(shown.trail[:, :2], axis=0), np.nanmax(shown.trail[:, :2], axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            return self.rect()
        part = QRectF(self.pixel_of(float(low[0]), float(high[1])), self.pixel_of(float(high[0]), float(low[1])))
        reach = self.theme.length(HALO) + 5.0
        at = self.pixel_of(*_place(shown.trail))
        part = part.united(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach))
        if shown.words:
            part = part.united(self._words_box(at, shown.words)[0])
        return part.adjusted(-4, -4, 4, 4).toAlignedRect()

    def _paint_ground(self, painter: QPainter) -> None:
        theme, square = self.theme, self.square
        painter.fillRect(square, theme.colour("well"))
        if self._map is not None:
            # Without smoothing: between two cells there is nothing that the model said.
            painter.drawImage(square, self._map)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawRect(QRectF(square).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_tags(self, painter: QPainter) -> None:
        painter.setFont(self.theme.ui("small", 600))
        metrics = painter.fontMetrics()
        taken = self._tagged = []
        for x, y, look in self._names:
            box, text = self._tag(metrics, self.pixel_of(x, y), look)
            # Of places that lie close the first, the largest, is named.
            if not any(box.intersects(other) for other in taken):
                taken.append(box)
                self._paint_tag(painter, box, text, look)

    def _tag(self, metrics: QFontMetrics, at: QPointF, look: Look) -> tuple[QRectF, str]:
        """Where the name of a class stands that is answered around a pixel, and what of it."""
        px = self.theme.length
        text = metrics.elidedText(look.name, Qt.TextElideMode.ElideRight, self.theme.px(90))
        box = QRectF(0, 0, metrics.horizontalAdvance(text) + px(2 * RADIUS + 17), metrics.height() + 2)
        square = QRectF(self.square).adjusted(2, 2, -2, -2)
        box.moveCenter(at)
        box.moveLeft(min(max(box.left(), square.left()), square.right() - box.width()))
        box.moveTop(min(max(box.top(), square.top()), square.bottom() - box.height()))
        return box, text

    def _paint_tag(self, painter: QPainter, box: QRectF, text: str, look: Look) -> None:
        """The name of a class and its mark."""
        px = self.theme.length
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("surface", 0.82))
        painter.drawRoundedRect(box, px(4), px(4))
        draw_mark(painter, look, QPointF(box.left() + px(5 + RADIUS), box.center().y()), px(RADIUS), self._edge())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self.theme.colour("text_strong"))
        painter.drawText(box.adjusted(px(2 * RADIUS + 11), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _edge(self) -> QColor:
        return self.theme.colour("background" if self.theme.dark else "surface")

    def _paint_marks(self, painter: QPainter) -> None:
        ratio, side, shapes = self.devicePixelRatioF(), self.square.width(), keeps_shapes(painter)
        scale = np.array([0.5, -0.5]) * side
        painter.setPen(QPen(self.theme.colour("text", 0.5), 1))
        arm = max(1.0, side / 240)
        for x, y in (self._protected * scale + side / 2).tolist():
            painter.drawLine(QPointF(x - arm, y), QPointF(x + arm, y))
            painter.drawLine(QPointF(x, y - arm), QPointF(x, y + arm))
        places, class_ids, looks = self._marks
        edge = self._edge()
        for class_id in np.unique(class_ids).tolist():
            look = looks.get(class_id)
            if look is None:
                continue
            radius = self.theme.length(RADIUS)
            picture = None if shapes else mark_picture(look, radius, edge, ratio)
            middle = 0.0 if picture is None else picture.width() / ratio / 2
            spots = places[class_ids == class_id] * scale + side / 2
            # Of those that would cover each other one is enough; the newest lies on top.
            _, first = np.unique(np.rint(spots[::-1] / SAME), axis=0, return_index=True)
            for x, y in (spots[::-1][np.sort(first)[::-1]] - middle).tolist():
                if picture is None:
                    draw_mark(painter, look, QPointF(x, y), radius, edge)
                else:
                    painter.drawPixmap(QPointF(x, y), picture)

    def _paint_sentence(self, painter: QPainter, square: QRect) -> None:
        painter.setFont(self.theme.ui("body"))
        painter.setPen(self.theme.colour("text"))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(square).adjusted(16, 18, -16, -18), flags, self.empty)

    def _paint_trail(self, painter: QPainter, shown: Shown) -> None:
        # Half of the positions do: a wide line is slow to paint. The newest is kept.
        points = [self.pixel_of(x, y) for x, y in shown.trail[::-1][::2][::-1, :2].tolist()]
        thirds = max(2, len(points) // 3)
        # Older parts are fainter; each joins on to the next.
        for place, alpha in ((0, 0.25), (thirds, 0.5), (2 * thirds, 0.9)):
            part = points[place : place + thirds + 1] if place < 2 * thirds else points[place:]
            if len(part) > 1:
                painter.setPen(QPen(self.theme.colour("text_strong", alpha), 1.6))
                painter.drawPolyline(QPolygonF(part))

    def _paint_halo(self, painter: QPainter, shown: Shown) -> None:
        theme = self.theme
        at = self.pixel_of(*_place(shown.trail))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = theme.length(HALO)
        # A dark or light rim below, so that the ring is seen on any ground.
        painter.setPen(QPen(self._edge(), theme.length(6)))
        painter.drawEllipse(at, radius, radius)
        dotted = Qt.PenStyle.DotLine if shown.answer is None else Qt.PenStyle.SolidLine
        ink = theme.colour("text_muted") if shown.answer is None else shown.answer.fill
        painter.setPen(QPen(ink, theme.length(3.2), dotted))
        painter.drawEllipse(at, radius, radius)
        painter.setPen(QPen(self._edge(), 1))
        painter.setBrush(theme.colour("text_strong") if shown.live else self._edge())
        painter.drawEllipse(at, theme.length(3.2), theme.length(3.2))
        if shown.words:
            box, text = self._words_box(at, shown.words)
            painter.setFont(theme.ui("small", 600))
            painter.setPen(QPen(theme.colour("border_strong"), 1))
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(theme.colour("text_strong"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _words_box(self, at: QPointF, words: str) -> tuple[QRectF, str]:
        """Where the answer is written beside the ring, and what of it: at a side where there is room, on no name."""
        metrics = QFontMetrics(self.theme.ui("small", 600))
        square, away = QRectF(self.square), self.theme.length(HALO + 5)
        text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, round(square.width() * 0.45))
        box = QRectF(0, 0, metrics.horizontalAdvance(text) + self.theme.px(10), metrics.height() + 3)
        across, down = box.width() / 2 + away, box.height() / 2 + away
        inner = square.adjusted(2, 2, -2, -2)
        sides: list[QRectF] = []
        for by in (QPointF(across, 0), QPointF(-across, 0), QPointF(0, -down), QPointF(0, down)):
            side = QRectF(box)
            side.moveCenter(at + by)
            # Along the ring it may move, to stay within the square.
            if by.x():
                side.moveTop(min(max(side.top(), inner.top()), inner.bottom() - side.height()))
            else:
                side.moveLeft(min(max(side.left(), inner.left()), inner.right() - side.width()))
            sides.append(side)
        beside = [] if any(self._free(side, inner) for side in sides) else self._beside_names(sides, at, away)
        places = [*sides, *beside]
        free = next((place for place in places if self._free(place, inner)), None)
        return free or next((side for side in sides if inner.contains(side)), sides[0]), text

    def _free(self, box: QRectF, inner: QRectF) -> bool:
        """Whether a box lies within the square and on no name of a class."""
        return inner.contains(box) and not any(box.intersects(tag) for tag in self._tagged)

    def _beside_names(self, sides: list[QRectF], at: QPointF, away: float) -> list[QRectF]:
        """Each of these places moved until it stands beside a name, off the ring; the nearest to the pointer first."""
        ring = QRectF(at.x() - away, at.y() - away, 2 * away, 2 * away).adjusted(1, 1, -1, -1)
        found = []
        for side in sides:
            wide, tall = side.width(), side.height()
            for tag in self._tagged:
                found += [
                    QRectF(side.left(), tag.top() - tall - 1, wide, tall),
                    QRectF(side.left(), tag.bottom() + 1, wide, tall),
                    QRectF(tag.left() - wide - 1, side.top(), wide, tall),
                    QRectF(tag.right() + 1, side.top(), wide, tall),
                ]
        off = [box for box in found if not box.intersects(ring)]
        return sorted(off, key=lambda box: (box.center() - at).manhattanLength())


def _place(trail: F32) -> tuple[float, float]:
    """Where the pointer is; a value that is missing counts as 0, as it does for the model at the beginning."""
    x, y = np.nan_to_num(trail[-1, :2]).tolist()
    return x, y
