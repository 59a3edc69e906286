"""The live view of a stream: what the hand and the keys do on its picture: mark a stretch, scroll, zoom."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from dgstudio.studio.bridge.state import StreamMode
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.painting.ribbons import span_at
from dgstudio.studio.stream.scene import Scene
from dgstudio.studio.stream.stream_canvas import StreamCanvas

DRAG = 4
"""Logical pixels a press must travel to mark something."""
KEY_STEP = 0.01
"""Part of the view by which an arrow key moves an edge of what is marked."""
KEY_MARK = 0.1
"""Part of the view that the first Shift+arrow marks."""
KEY_SCROLL = 0.1
"""Part of the view by which an arrow key scrolls."""
ZOOM = 1.25
"""By how much a notch of the wheel, or a press of + or −, makes the view shorter or longer."""
NOTCH = 120.0
"""Eighths of a degree of one notch of a wheel."""
RIBBON_TIPS = {
    "answer": "What the model answered",
    "labels": "What you have labelled",
    "truth": "What the source knows it is sending",
}
LEFT = Qt.MouseButton.LeftButton
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class StreamView(StreamCanvas):
    """`marked` carries (start, end) of stream time while a stretch is dragged over, None for a plain click.

    `placed` carries the moment of stream time where the time cursor was put: by a plain click, or by dragging it.
    `scrolled` carries the seconds by which the view should move (negative: into the past), `zoomed` a factor of its
    length and the moment of stream time that stays where it is, `jumped` "oldest" or "live".
    """

    marked = Signal(object)
    placed = Signal(float)
    scrolled = Signal(float)
    zoomed = Signal(float, float)
    jumped = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dragging = False
        self._press: tuple[float, float] | None = None
        self._pointer = 0.0
        self._held: float | None = None
        self._moves_cursor = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setAccessibleName("The live stream")
        may_elide_names(self)
        self.setAccessibleDescription(
            "Arrow keys, Page Up and Down, Home and End move through the past, plus and minus zoom; Shift and an "
            "arrow key mark a stretch and move its beginning, with Ctrl its end, Ctrl alone moves all of it; a class "
            "key labels it; comma and full stop move the time cursor answer by answer"
        )

    def show_scene(self, scene: Scene) -> None:
        """Show a frame; a drag that is under way goes on under the pointer."""
        super().show_scene(scene)
        if self.dragging:
            self._mark()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self.scene.empty:
            return
        x, button = event.position().x(), event.button()
        # Trackpads have no middle button: with Ctrl the left one takes hold of the picture as well.
        if button == Qt.MouseButton.MiddleButton or (button == LEFT and event.modifiers() & CONTROL):
            self._held = x
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif button == LEFT and (x >= self.plot.left() or self.on_cursor(x)):
            # A name is no moment.
            self._pointer = x
            self._moves_cursor = self.on_cursor(x)
            self._press = None if self._moves_cursor else (x, self.time_at(x))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        x = event.position().x()
        if self._held is not None:
            moved, self._held = self._held - x, x
            if moved:
                self.scrolled.emit(moved * self.seconds_a_pixel)
            return
        if self._moves_cursor:
            self._place(x)
        elif not event.buttons():
            over = Qt.CursorShape.IBeamCursor if x >= self.plot.left() else Qt.CursorShape.ArrowCursor
            self.setCursor(Qt.CursorShape.SplitHCursor if self.on_cursor(x) else over)
        if self._press is None:
            return
        self._pointer = x
        if not self.dragging and abs(self._pointer - self._press[0]) >= DRAG:
            self.dragging = True
        if self.dragging:
            self._mark()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._held is not None:
            self._held = None
            self.setCursor(Qt.CursorShape.IBeamCursor)
            return
        if self._moves_cursor:
            self._moves_cursor = False
            return
        if event.button() != LEFT or self._press is None:
            return
        if self.dragging:
            self._pointer = event.position().x()
            self._mark()
        else:
            self.marked.emit(None)
            self._place(self._press[0])
        self.end_drag()

    def end_drag(self) -> None:
        """Let go of a drag: what it marked was labelled or unmarked meanwhile, or the button is up."""
        self._press, self.dragging = None, False

    def on_cursor(self, x: float) -> bool:
        """Whether a pixel across is on the time cursor, where the hand takes hold of it."""
        moment = self.scene.moment
        return moment is not None and abs(self.x_of(moment) - x) <= DRAG

    def _place(self, x: float) -> None:
        scene = self.scene
        if len(scene.times):
            first = max(scene.start, float(scene.times[0]))
            self.placed.emit(min(max(self.time_at(x), first), scene.end))

    @property
    def seconds_a_pixel(self) -> float:
        """Stream seconds that one logical pixel shows."""
        return (self.scene.end - self.scene.start) / max(1.0, self.plot.width())

    def _mark(self) -> None:
        if self._press is None:
            return
        scene = self.scene
        first = float(scene.times[0]) if len(scene.times) else scene.start
        low, high = max(scene.start, first), scene.end
        ends = sorted(min(max(moment, low), high) for moment in (self._press[1], self.time_at(self._pointer)))
        if ends[1] > ends[0]:
            self.marked.emit((ends[0], ends[1]))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: D102
        down, across = event.angleDelta().y(), event.angleDelta().x()
        x = event.position().x()
        if self.scene.empty:
            event.ignore()
            return
        if x < self.plot.left() and not self.rows_bar.isHidden():
            self.rows_bar.setValue(self.rows_bar.value() - (1 if down > 0 else -1))
        elif across or event.modifiers() & SHIFT:
            # Qt turns the wheel's direction by itself where Alt is held; with Shift that is left to us.
            notches = (across or down) / NOTCH
            self.scrolled.emit(-notches * KEY_SCROLL * (self.scene.end - self.scene.start))
        elif down:
            self.zoomed.emit(ZOOM ** (-down / NOTCH), min(max(self.time_at(x), self.scene.start), self.scene.end))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not self.rows_bar.isHidden():
            self.rows_bar.setValue(self.rows_bar.value() + (1 if key == Qt.Key.Key_Down else -1))
        elif not self.moves(event):
            # Class keys, Space and Esc are the window's.
            event.ignore()

    def moves(self, event: QKeyEvent) -> bool:
        """Do what a key means for the view or the mark; return whether it means anything."""
        if self.scene.empty:
            return False
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        span = self.scene.end - self.scene.start
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus) and not held & CONTROL:
            self.zoom_by(ZOOM if key == Qt.Key.Key_Minus else 1 / ZOOM)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            way = -1 if key == Qt.Key.Key_Left else 1
            if held & (SHIFT | CONTROL):
                self._mark_by_key(way * KEY_STEP * span, held)
            elif held:
                return False
            else:
                self.scrolled.emit(way * KEY_SCROLL * span)
        elif held:
            return False
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.scrolled.emit(-span if key == Qt.Key.Key_PageUp else span)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.jumped.emit("oldest" if key == Qt.Key.Key_Home else "live")
        else:
            return False
        return True

    def zoom_by(self, factor: float) -> None:
        """Make the view longer or shorter: about its middle, from the live edge where it follows that."""
        scene = self.scene
        self.zoomed.emit(factor, scene.end if scene.mode == StreamMode.FOLLOWING else (scene.start + scene.end) / 2)

    def _mark_by_key(self, step: float, held: Qt.KeyboardModifier) -> None:
        scene = self.scene
        first = max(scene.start, float(scene.times[0]) if len(scene.times) else scene.start)
        if scene.selection is None:
            length = KEY_MARK * (scene.end - scene.start)
            start, end = (scene.end - length, scene.end) if step < 0 else (scene.start, scene.start + length)
        else:
            start, end = scene.selection
            start += 0.0 if held & SHIFT and held & CONTROL else step
            end += step if held & CONTROL else 0.0
        start, end = max(start, first), min(end, scene.end)
        if end - start >= 0.5 * abs(step):
            self.marked.emit((start, end))

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.told_at(event.pos().x(), event.pos().y())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def told_at(self, x: float, y: float) -> str:
        """Return what the tooltip says at a pixel."""
        scene, plot = self.scene, self.plot
        if scene.empty:
            return ""
        for name, spans in scene.ribbons.items():
            rect = self.ribbon_rect(name)
            if rect.top() - 2 <= y <= rect.bottom() + 2:
                span = span_at(spans, self.time_at(x)) if x >= rect.left() else None
                if span is None:
                    return RIBBON_TIPS.get(name, name)
                note = f", {span.note}" if span.note else ""
                return f"{name}: {self.look(span.key)[2]}, {span.end - span.start:.1f} s{note}"
        if plot.bottom() < y < self.places.bottom:
            count = self.strip.published_at(self.time_at(x), DRAG * self.seconds_a_pixel) if x >= plot.left() else 0
            return "" if not count else "A version was published here" if count == 1 else f"{count} versions published"
        if y <= plot.bottom():
            tall, first, fit = self.rows()
            channel = first + min(fit - 1, max(0, int((y - plot.top()) / tall)))
            if channel < len(scene.channels) and channel < len(self.range.low):
                low, high = self.range.low[channel], self.range.high[channel]
                span_text = f"row spans {low:.3g} to {high:.3g}" if np.isfinite(low) else "no value yet"
                how = (
                    "Click, and every panel shows that moment. Drag over what is past and press a class key to\n"
                    "label it; the wheel zooms, with Shift it scrolls."
                )
                return f"{scene.channels[channel]}: {span_text}.\n{how}"
        return ""
