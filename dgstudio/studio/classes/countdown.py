"""Recording with busy hands: choose a class, 3 – 2 – 1, and a take of fixed length is recorded without a key held."""

from __future__ import annotations

import time
from enum import StrEnum

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.common.overlays.room_marks import lies_over
from dgstudio.studio.theme.theme import DARK, Theme

COUNT_FROM = 3
"""Seconds to get ready."""
RECORD_S = 2.0
TICK_MS = 50
WIDE, TALL = 320, 190
KEY = -1
"""What holds the class meanwhile: no key of a keyboard."""
WHICH = "Press a class key to record it after a countdown"
READY, GOING = "Get ready · Esc calls it off", "Recording · Esc ends it"


class CountdownPhase(StrEnum):
    """What a countdown does."""

    OFF = "off"
    ASKS = "asks"
    COUNTS = "counts"
    RECORDS = "records"


class Countdown(QFrame):
    """Stands over the widget `over`. Esc, or leaving the window, calls it off."""

    def __init__(self, state: StudioState, labelling: Labelling, over: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("overlay")
        lies_over(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.theme: Theme = DARK
        self._state, self._labelling, self._over, self._host = state, labelling, over, parent
        self._class: int | None = None
        self._from = 0.0
        self._before: QWidget | None = None
        self._said = ""
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        labelling.changed.connect(self._on_held)
        parent.installEventFilter(self)
        self.hide()

    def begin(self, class_id: int | None = None) -> None:
        """Count down for a class; None: ask for its key first."""
        self.stop()
        if class_id is not None:
            self._choose(class_id)
        self._before = self.window().focusWidget()
        self._place()
        self._say()
        self.show()
        self.raise_()
        self.setFocus()

    def stop(self) -> None:
        """Call it off; what was recorded so far is kept as a take."""
        if self.isHidden():
            return
        self._timer.stop()
        self._class = None
        self.hide()
        if self._labelling.held is not None:
            self._labelling.stop()
        back = self._before
        (back if back is not None and back.isVisible() else self.window()).setFocus()

    @property
    def phase(self) -> CountdownPhase:
        """What it does."""
        if self.isHidden():
            return CountdownPhase.OFF
        if self._class is None:
            return CountdownPhase.ASKS
        return CountdownPhase.COUNTS if self._elapsed() < COUNT_FROM else CountdownPhase.RECORDS

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._place()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key.Key_Escape:
            self.stop()
            return
        card = self._labelling.card_of_key(event.key()) if self._class is None else None
        if card is not None and not event.isAutoRepeat():
            self._choose(card.info.id)
            return
        # Nothing else is recorded meanwhile; what is no class key goes on to the window.
        recorded = Qt.Key.Key_1 <= event.key() <= Qt.Key.Key_9 or self._labelling.card_of_key(event.key()) is not None
        if not recorded or (event.key() == Qt.Key.Key_0 and self._class is None):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self._host and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        super().paintEvent(event)
        painter, theme = QPainter(self), self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        side, edge = theme.length(16), theme.length(12)
        box = QRectF(self.rect()).adjusted(side, edge, -side, -edge)
        card = self._state.card(-1 if self._class is None else self._class)
        if card is None:
            painter.setFont(theme.ui("title", 600))
            painter.setPen(theme.colour("text_strong"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, WHICH)
            return
        colour, elapsed = QColor(theme.readable(card.info.colour, "raised")), self._elapsed()
        line = theme.px(26)
        painter.setFont(theme.ui("title", 600))
        painter.setPen(colour)
        name = painter.fontMetrics().elidedText(card.info.name, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(QRectF(box.left(), box.top(), box.width(), line), Qt.AlignmentFlag.AlignCenter, name)
        counting = elapsed < COUNT_FROM
        painter.setFont(theme.ui("answer", 700))
        painter.setPen(theme.colour("text_strong" if counting else "recording"))
        left = max(0.0, RECORD_S - (elapsed - COUNT_FROM))
        big = f"{COUNT_FROM - int(elapsed)}" if counting else f"{left:.1f} s"
        foot = theme.px(32)
        middle = QRectF(box.left(), box.top() + line, box.width(), box.height() - line - foot)
        painter.drawText(middle, Qt.AlignmentFlag.AlignCenter, big)
        painter.setFont(theme.ui("tiny"))
        painter.setPen(theme.colour("text_muted"))
        under = QRectF(box.left(), middle.bottom(), box.width(), theme.px(18))
        painter.drawText(under, Qt.AlignmentFlag.AlignCenter, READY if counting else GOING)
        # How much of it is over.
        share = elapsed / COUNT_FROM if counting else (elapsed - COUNT_FROM) / RECORD_S
        y = box.bottom() - 3
        painter.setPen(QPen(theme.colour("control_hover"), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(QPen(colour, 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.left() + box.width() * min(1.0, share), y))

    def _choose(self, class_id: int) -> None:
        self._class, self._from = class_id, time.perf_counter()
        self._timer.start()
        self._say()
        self.update()

    def _elapsed(self) -> float:
        return time.perf_counter() - self._from

    def _tick(self) -> None:
        elapsed = self._elapsed()
        if self._class is None or self._state.card(self._class) is None or elapsed >= COUNT_FROM + RECORD_S:
            self.stop()
        elif elapsed >= COUNT_FROM and self._labelling.held is None:
            self._labelling.press(self._class, KEY)
        self._say()
        self.update()

    def _on_held(self, held: object) -> None:
        # Another hand ended the take, or the window lost the focus.
        if held is None and self.phase == CountdownPhase.RECORDS:
            self.stop()

    def _say(self) -> None:
        card = self._state.card(-1 if self._class is None else self._class)
        said = WHICH if card is None else f"{self.phase} {card.info.name}"
        if said != self._said:
            self._said = said
            self.setAccessibleName(said)

    def _place(self) -> None:
        wide = min(round(WIDE * self.theme.scale), self._host.width() - 32)
        tall = min(round(TALL * self.theme.scale), self._host.height() - 32)
        # What it stands over may have given way to another panel.
        over = self._over if self._over.isVisible() else self._host
        middle = over.mapTo(self._host, over.rect().center())
        top = max(8, min(middle.y() - tall // 2, self._host.height() - tall - 8))
        left = max(8, min(middle.x() - wide // 2, self._host.width() - wide - 8))
        self.setGeometry(left, top, wide, tall)
