"""What is seen until the window is there: a small picture with a word on what is going on."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from dgstudio import __version__
from dgstudio.studio.theme.theme import Theme
from dgstudio.studio.theme.type_scale import type_scale

WIDE, TALL, MARGIN = 420, 168, 28
UNITS, OPEN = 28, frozenset((2, 3, 9, 12, 17, 18, 24))
"""The row of units: how many, and which of them are drawn active."""
PAINTED_S = 0.1
"""As long as the start waits for the screen to take the splash."""
LATEST_MS = 3000
"""A window that no screen shows, on another desktop for one, counts as seen after this."""


class Splash(QWidget):
    """The name of the program, a row of gates, and what is being done."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(None, Qt.WindowType.SplashScreen | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setWindowTitle("dgstudio")
        self.words, self.painted = "", False
        screen = QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        # As large as the window's type is going to be.
        self.theme = theme.scaled(type_scale(room.size(), screen.devicePixelRatio()))
        self.setFixedSize(self.theme.px(WIDE), self.theme.px(TALL))
        self.move(room.center() - QPoint(self.width() // 2, self.height() // 2))

    def say(self, words: str) -> None:
        """Show what is being done, at once."""
        self.words = words
        self.setAccessibleName(f"dgstudio: {words}")
        if self.isVisible():
            self.repaint()
        else:
            self.show()
        begun = time.perf_counter()
        while True:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
            if self.painted or time.perf_counter() - begun > PAINTED_S:
                return

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme = QPainter(self), self.theme
        painter.fillRect(self.rect(), theme.colour("surface"))
        painter.setPen(QPen(theme.colour("border_strong"), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        margin, gap, tall = theme.px(MARGIN), theme.px(3), theme.px(10)
        inner = self.rect().adjusted(margin, margin, -margin, -margin)
        painter.setFont(theme.ui(24, 600))
        painter.setPen(theme.colour("text_strong"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, "dgstudio")
        painter.setFont(theme.mono("small"))
        painter.setPen(theme.colour("text_muted"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, __version__)
        painter.setFont(theme.ui("body"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, self.words)
        step = inner.width() / UNITS
        for unit in range(UNITS):
            cell = QRect(round(inner.left() + unit * step), inner.center().y() - gap, round(step) - gap, tall)
            painter.fillRect(cell, theme.colour("base_unit" if unit in OPEN else "unit_off"))
        painter.end()
        self.painted = True


class FirstPicture(QObject):
    """Calls `seen` once, when a window that has been shown was painted for the first time."""

    def __init__(self, window: QWidget, seen: Callable[[], None]) -> None:
        super().__init__()
        self._seen: Callable[[], None] | None = seen
        self._handle = window.windowHandle()
        self._handle.installEventFilter(self)
        QTimer.singleShot(0 if self._handle.isExposed() else LATEST_MS, self._tell)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.Expose and self._handle.isExposed():
            # The event itself makes the window paint.
            QTimer.singleShot(0, self._tell)
        return False

    def forget(self) -> None:
        """Call nobody any more; the window may be gone, another one in its place."""
        self._seen = None
        if isValid(self._handle):
            self._handle.removeEventFilter(self)

    def _tell(self) -> None:
        seen = self._seen
        if seen is not None:
            self.forget()
            seen()
