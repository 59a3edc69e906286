"""The overview under the stream: all of the buffer, what was answered and labelled in it, and where the view lies."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from dgstudio.studio.bridge.state import StreamMode
from dgstudio.studio.painting.ribbons import Stretches
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Reading, Take

ClassLook = tuple[QColor, QColor, str]
"""Fill, ink and name of a class."""
HEIGHT = 16
LEAST_HANDLE = 8
"""Logical pixels that the view's frame is wide at least."""
MODE_INKS = {StreamMode.FOLLOWING: "border_strong", StreamMode.PAUSED: "warning", StreamMode.SCRUBBING: "warning"}


class BufferBar(QWidget):
    """A scroll bar of the stream. `moved` carries the stream time at which the view should begin.

    Above, a line of answers; below, the labels; framed, what the view shows, with the time cursor; ticks are moments
    that wait for a name. `note` it the answers as they come.
    """

    moved = Signal(float)

    def __init__(self, looks: Mapping[int | str | None, ClassLook], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._looks = looks
        self._answers = Stretches()
        self._takes: list[Take] = []
        self.moment: float | None = None
        self.doubtful: tuple[float, ...] = ()
        self.buffer = (0.0, 0.0)
        self.view = (0.0, 0.0)
        self.mode = StreamMode.FOLLOWING
        self._grip: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # The view itself has the keys for this.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Where the view lies in the buffer")
        self.setToolTip("All that is still in the buffer. Click or drag to look back; End returns to the live edge.")

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(200), self.theme.px(HEIGHT))

    def note(self, readings: list[Reading], hop_s: float) -> None:
        """Take up new answers, oldest first; `hop_s` is the stream time between two."""
        self._answers.add(((reading.end, reading.top) for reading in readings), hop_s)

    def show_state(
        self,
        buffer: tuple[float, float],
        view: tuple[float, float],
        mode: StreamMode,
        takes: list[Take] | None = None,
        *,
        moment: float | None = None,
        doubtful: tuple[float, ...] = (),
    ) -> None:
        """Show where the view lies, the time cursor in it and what waits for a name; `takes` None: those of before."""
        self._answers.keep_from(buffer[0])
        self.buffer, self.view, self.mode = buffer, view, mode
        self.moment, self.doubtful = moment, doubtful
        if takes is not None:
            self._takes = takes
        self.setAccessibleDescription(f"{mode}; {buffer[1] - view[1]:.0f} seconds behind the live edge")
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.setFixedHeight(theme.px(HEIGHT))
        self.update()

    def x_of(self, time: float) -> float:
        """Return where a moment of stream time is, in logical pixels."""
        return (time - self.buffer[0]) / max(self.buffer[1] - self.buffer[0], 1e-9) * self.width()

    @property
    def handle(self) -> QRectF:
        """The frame around what the view shows."""
        left, right = max(0.0, self.x_of(self.view[0])), min(float(self.width()), self.x_of(self.view[1]))
        if right - left < LEAST_HANDLE:
            left = min(max(0.0, (left + right - LEAST_HANDLE) / 2), self.width() - LEAST_HANDLE)
            right = left + LEAST_HANDLE
        return QRectF(left, 0, right - left, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme = QPainter(self), self.theme
        wide, tall = float(self.width()), float(self.height())
        painter.fillRect(self.rect(), theme.colour("surface"))
        line = (tall - 6) / 2
        rows = QRectF(0, 2, wide, line), QRectF(0, 4 + line, wide, line)
        for row in rows:
            painter.fillRect(row, theme.colour("well" if theme.dark else "control"))
        pixel = -1.0
        for span in self._answers.spans:
            # Of many stretches within one pixel the first is seen: thousands would take too long.
            right = int(self.x_of(span.end)) + 0.0
            if right > pixel:
                self._paint_span(painter, rows[0], span.start, span.end, span.key)
                pixel = right
        for take in self._takes:
            self._paint_span(painter, rows[1], take.start, take.end, take.class_id)
        for when in self.doubtful:
            # Across both lines, and dashed: told from a label without its colour.
            for top in (0.0, tall / 2):
                painter.fillRect(QRectF(round(self.x_of(when)) - 1, top, 2, tall / 2 - 2), theme.colour("text_strong"))
        if self.moment is not None:
            painter.fillRect(QRectF(round(self.x_of(self.moment)) - 1, 0, 2, tall), theme.colour("warning"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(theme.colour(MODE_INKS[self.mode]), 1.5))
        painter.setBrush(theme.colour("text_strong", 0.14))
        painter.drawRoundedRect(self.handle.adjusted(0.75, 0.75, -0.75, -0.75), 3, 3)

    def _paint_span(self, painter: QPainter, row: QRectF, start: float, end: float, key: int | str | None) -> None:
        left, right = max(0.0, self.x_of(start)), min(row.right(), self.x_of(end))
        if right > left:
            look = self._looks.get(key)
            fill = look[0] if look is not None and key is not None else self.theme.colour("reserve_unit")
            painter.fillRect(QRectF(left, row.top(), max(1.0, right - left), row.height()), fill)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton and self.buffer[1] > self.buffer[0]:
            x, handle = event.position().x(), self.handle
            # Beside the frame: it comes to the pointer, and is then held in its middle.
            self._grip = x - handle.left() if handle.left() <= x <= handle.right() else handle.width() / 2
            if not handle.left() <= x <= handle.right():
                self._drag(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._grip is not None:
            self._drag(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._grip = None

    def _drag(self, x: float) -> None:
        assert self._grip is not None, "only what is held can be dragged"
        per_pixel = (self.buffer[1] - self.buffer[0]) / max(1, self.width())
        self.moved.emit(self.buffer[0] + (x - self._grip) * per_pixel)
