"""A ring around the pointer, so that the last row sees what the speaker points at."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget

from dgstudio.studio.common.overlays.room_marks import lies_over
from dgstudio.studio.theme.theme import DARK, Theme

RADIUS, WIDTH = 22, 3
"""Of the ring, in the theme's pixels."""
IDLE_MS = 3000
"""How long a pointer that rests keeps its ring."""


class PointerHalo(QWidget):
    """Lies over its parent and lets everything through. It follows the pointer while the parent is seen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.at: QPointF | None = None
        """Where the ring is, in the parent's coordinates; None: there is none."""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, True)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground, True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        lies_over(self)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_MS)
        self._idle.timeout.connect(self.rest)
        self._watching = False

    def watch(self, on: bool) -> None:
        """Follow the pointer, or no longer."""
        app = QApplication.instance()
        assert app is not None
        if on != self._watching:
            self._watching = on
            app.installEventFilter(self) if on else app.removeEventFilter(self)
        if not on:
            self.rest()

    def rest(self) -> None:
        """Take the ring away."""
        self._idle.stop()
        self._move(None)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent) and self.isVisible():
            self.follow(self.mapFromGlobal(event.globalPosition()))
        return False

    def follow(self, at: QPointF) -> None:
        """Put the ring around this place, in the parent's coordinates."""
        inside = self.rect().contains(at.toPoint())
        self._move(at if inside else None)
        self._idle.start()

    def _move(self, at: QPointF | None) -> None:
        if at != self.at:
            for place in (self.at, at):
                if place is not None:
                    self.update(self._around(place))
            self.at = at

    def _around(self, at: QPointF) -> QRect:
        reach = self.theme.px(RADIUS) + 2 * self.theme.px(WIDTH)
        return QRect(round(at.x()) - reach, round(at.y()) - reach, 2 * reach, 2 * reach)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if self.at is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, radius = self.theme, float(self.theme.px(RADIUS))
        painter.setBrush(theme.colour("warning", 0.18))
        painter.setPen(QPen(theme.colour("warning", 0.9), float(theme.px(WIDTH))))
        painter.drawEllipse(self.at, radius, radius)
