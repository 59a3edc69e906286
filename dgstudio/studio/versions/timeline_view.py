"""The timeline of versions: what the hand and the keys do on its picture."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from dgstudio.studio.versions.timeline import Timeline
from dgstudio.studio.versions.timeline_canvas import TimelineCanvas

_KEY_STEPS: dict[int, int] = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -10,
    Qt.Key.Key_PageDown: 10,
}


class TimelineView(TimelineCanvas):
    """`pointed` and `chosen` carry a slot or None, `opened` a slot (to be served), `asked` (slot, place on screen)."""

    pointed = Signal(object)
    opened = Signal(object)
    asked = Signal(object, object)

    def __init__(self, timeline: Timeline, parent: QWidget | None = None) -> None:
        super().__init__(timeline, parent)
        self._press: tuple[float, float] | None = None
        self._panned = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Timeline of versions")
        self.setAccessibleDescription(
            "Left and right select a version, Enter serves it, Home and End go to the ends, plus and minus zoom"
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
        self._point(self.slot_at(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return
        self._press = None
        if self._panned:
            return
        slot = self.slot_at(event.position().x())
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and self.selected is not None:
            self.select(self.selected, slot if slot != self.selected else None)
        else:
            self.select(slot)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        slot = self.slot_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and slot is not None:
            self.select(slot)
            self.opened.emit(slot)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: D102
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        slot = self.selected if by_key else self.slot_at(event.pos().x())
        if slot is not None:
            self.select(slot)
            x = round(self.x_of(slot))
            self.asked.emit(slot, self.mapToGlobal(QPointF(x, self.middle).toPoint()) if by_key else event.globalPos())

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
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and count:
            self._move_to(0.0 if key == Qt.Key.Key_Home else math.inf)
            self.select(0 if key == Qt.Key.Key_Home else count - 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected is not None:
            if not event.isAutoRepeat():
                self.opened.emit(self.selected)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom(1 / 1.25 if key == Qt.Key.Key_Minus else 1.25)
        elif key == Qt.Key.Key_Escape and self.selected is not None:
            self.select(None)
        else:
            event.ignore()

    def _step(self, step: int, *, comparing: bool) -> None:
        last = len(self.timeline) - 1
        start = self.serving if self.serving is not None else last
        if self.selected is None:
            self.select(start)
        elif comparing:
            other = self.compared if self.compared is not None else self.selected
            moved = min(max(other + step, 0), last)
            self.select(self.selected, moved if moved != self.selected else None)
        else:
            self.select(min(max(self.selected + step, 0), last))

    def _point(self, slot: int | None) -> None:
        if slot != self.under:
            self.under = slot
            self.update()
            self.pointed.emit(slot)
