"""The live view of a stream: what the hand and the keys do on its picture. A drag marks a stretch of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from dgstudio.studio.widgets.ribbons import span_at
from dgstudio.studio.widgets.streamcanvas import Scene, StreamCanvas

DRAG = 4
"""Logical pixels a press must travel to mark something."""
KEY_STEP_S = 0.1
RIBBON_TIPS = {
    "answer": "What the model answered",
    "labels": "What you have labelled",
    "truth": "What the source knows it is sending",
}


class StreamView(StreamCanvas):
    """`marked` carries (start, end) of stream time while a stretch is dragged over, None for a plain click."""

    marked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dragging = False
        self._press: tuple[float, float] | None = None
        self._pointer = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setAccessibleName("The live stream")
        self.setAccessibleDescription(
            "Arrow keys mark a stretch, Shift makes it longer or shorter; a class key labels it"
        )

    def show_scene(self, scene: Scene) -> None:
        """Show a frame; a drag that is under way goes on under the pointer."""
        super().show_scene(scene)
        if self.dragging:
            self._mark()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton and not self.scene.empty:
            self._pointer = event.position().x()
            self._press = (self._pointer, self.time_at(self._pointer))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._press is None:
            return
        self._pointer = event.position().x()
        if not self.dragging and abs(self._pointer - self._press[0]) >= DRAG:
            self.dragging = True
        if self.dragging:
            self._mark()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return
        if self.dragging:
            self._pointer = event.position().x()
            self._mark()
        else:
            self.marked.emit(None)
        self.end_drag()

    def end_drag(self) -> None:
        """Let go of a drag: what it marked was labelled or unmarked meanwhile, or the button is up."""
        self._press, self.dragging = None, False

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
        if self.rows_bar.isHidden():
            event.ignore()
            return
        self.rows_bar.setValue(self.rows_bar.value() - (1 if event.angleDelta().y() > 0 else -1))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not self.rows_bar.isHidden():
            self.rows_bar.setValue(self.rows_bar.value() + (1 if key == Qt.Key.Key_Down else -1))
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and not self.scene.empty:
            self._mark_by_key(-1 if key == Qt.Key.Key_Left else 1, event.modifiers())
        else:
            # Class keys, Space and Esc are the window's.
            event.ignore()

    def _mark_by_key(self, way: int, modifiers: Qt.KeyboardModifier) -> None:
        scene = self.scene
        start, end = scene.selection if scene.selection is not None else (scene.end - 1.0, scene.end)
        if scene.selection is not None:
            start += way * KEY_STEP_S
            if not modifiers & Qt.KeyboardModifier.ShiftModifier:
                end += way * KEY_STEP_S
        first = float(scene.times[0]) if len(scene.times) else scene.start
        start, end = max(start, scene.start, first), min(end, scene.end)
        if end - start >= KEY_STEP_S:
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
        if y <= plot.bottom():
            tall, first, fit = self.rows()
            channel = first + min(fit - 1, max(0, int((y - plot.top()) / tall)))
            if channel < len(scene.channels) and channel < len(self.range.low):
                low, high = self.range.low[channel], self.range.high[channel]
                span_text = f"row spans {low:.3g} to {high:.3g}" if np.isfinite(low) else "no value yet"
                how = "Drag over what is past and press a class key to label it."
                return f"{scene.channels[channel]}: {span_text}.\n{how}"
        return ""
