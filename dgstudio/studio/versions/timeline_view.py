"""The timeline of acts: what the hand and the keys do on its picture."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from dgstudio.studio.common.overlays.key_keeper import KeyKeeper
from dgstudio.studio.versions.timeline import Mark, Timeline
from dgstudio.studio.versions.timeline_canvas import TimelineCanvas

_KEY_STEPS: dict[int, int] = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -10,
    Qt.Key.Key_PageDown: 10,
}
ZOOM_KEYS = (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus)


class TimelineView(TimelineCanvas):
    """`pointed` and `chosen` carry a mark or None, `clicked` one that the hand selected, `opened` one to be served,
    `asked` (mark, place on screen).
    """

    pointed = Signal(object)
    clicked = Signal(object)
    opened = Signal(object)
    asked = Signal(object, object)

    def __init__(
        self,
        timeline: Timeline,
        name_of: Callable[[int | None], str],
        colour_of: Callable[[int], str | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(timeline, name_of, colour_of, parent)
        self._press: tuple[float, float] | None = None
        self._panned = False
        # Plus and minus are the stream's everywhere else.
        self._keys = KeyKeeper(self, lambda event: event.key() in ZOOM_KEYS)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Timeline of acts")
        self.setAccessibleDescription(
            "Left and right select an act, Enter unfolds it into its versions, Control+Enter marks it as B to compare "
            "with, Shift+Left and Shift+Right move B, Home and End go to the ends, plus and minus zoom"
        )

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._hold()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        # A click shows where it went by itself; the ring is for those who came by the keyboard.
        self._ringed = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if not self.following and self.way_back().contains(event.position()):
            self._move_to(math.inf)
            return
        self._press, self._panned = (event.position().x(), self.first), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        x = event.position().x()
        if self._press is not None and (self._panned or abs(x - self._press[0]) > 5):
            self._panned = True
            self._move_to(self._press[1] - (x - self._press[0]) / self.pitch)
            return
        self._point(self.mark_near(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return
        self._press = None
        if self._panned:
            return
        mark, act = self.mark_near(event.position().x()), self.fold_at(event.position())
        if act is not None:
            self.fold(act, unfold=not self.timeline.unfolded(act))
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier and self.selected is not None:
            self.select(self.selected, mark if mark != self.selected else None)
        else:
            self.select(mark)
            if mark is not None:
                self.clicked.emit(mark)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        mark = self.mark_near(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and mark is not None and self.fold_at(event.position()) is None:
            self.select(mark)
            self.opened.emit(mark)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: D102
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        mark = self.selected if by_key else self.mark_near(event.pos().x())
        if mark is not None:
            if mark not in (self.selected, self.compared):
                self.select(mark)
            x = round(self.x_of_mark(mark))
            self.asked.emit(mark, self.mapToGlobal(QPointF(x, self.middle).toPoint()) if by_key else event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        super().leaveEvent(event)
        self._point(None)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: D102
        delta = event.angleDelta()
        sideways = delta.x() if abs(delta.x()) > abs(delta.y()) else 0
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            sideways = sideways or delta.y()
        if sideways:
            self._move_to(self.first - sideways / 120 * 60 / self.pitch)
        elif delta.y():
            self.zoom(1.25 ** (delta.y() / 120), event.position().x())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        key, count = event.key(), len(self.timeline)
        step = _KEY_STEPS.get(key)
        if step is not None and count:
            self._step(step, comparing=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key == Qt.Key.Key_End and self.then is not None:
            # As everywhere: the window follows the stream again.
            event.ignore()
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and count:
            self._move_to(0.0 if key == Qt.Key.Key_Home else math.inf)
            self.select(self.timeline.mark_at(0 if key == Qt.Key.Key_Home else count - 1), self.compared)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected is not None:
            if not event.isAutoRepeat():
                self._enter(self.selected, control=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        elif key in ZOOM_KEYS:
            self.zoom(1 / 1.25 if key == Qt.Key.Key_Minus else 1.25)
        elif key == Qt.Key.Key_Escape and self.selected is not None:
            self.select(None)
        else:
            event.ignore()

    def _enter(self, mark: Mark, *, control: bool) -> None:
        if control:
            # It stays there while the selection moves on.
            self.select(mark, None if self.compared == mark else mark)
        else:
            self.fold(mark.act, unfold=not self.timeline.unfolded(mark.act))

    def _step(self, step: int, *, comparing: bool) -> None:
        timeline, last = self.timeline, len(self.timeline) - 1

        def moved(mark: Mark) -> Mark:
            return timeline.mark_at(min(max(timeline.place_of(mark) + step, 0), last))

        if self.selected is None:
            self.select(self.serving if self.serving is not None else timeline.mark_at(last))
        elif comparing:
            other = moved(self.compared if self.compared is not None else self.selected)
            self.select(self.selected, other if other != self.selected else None)
        else:
            self.select(moved(self.selected), self.compared)

    def _point(self, mark: Mark | None) -> None:
        if mark != self.under:
            self.under = mark
            self.update()
            self.pointed.emit(mark)
