"""Four hints on the real window, shown at the first start only, one after the other; never in the keyboard's way."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.room_marks import lies_over
from dgstudio.studio.theme.theme import DARK, Theme

WIDTH = 270
ARROW = 8


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint beside `target`: `side` says where the bubble stands ("left" of it, "below", or "over" it, no arrow).

    `act` names what the user does to have understood it (`Hints.did`).
    """

    target: QWidget
    side: str
    title: str
    text: str
    act: str = ""


class Hints(QWidget):
    """A bubble with an arrow at the part of the window that it speaks of. It never takes the focus."""

    finished = Signal()

    def __init__(self, hints: list[Hint], parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self.theme: Theme = DARK
        self._hints = hints
        self._arrow_at = QPoint(0, 0)
        self._place = 0
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Hint")
        lies_over(self)
        self.title, self.text, self.counter = QLabel(""), QLabel(""), QLabel("")
        self.text.setWordWrap(True)
        self.counter.setObjectName("muted")
        self.skip, self.next = QPushButton("Skip all"), QPushButton("Next")
        self.skip.setObjectName("flat")
        self.next.setObjectName("link")
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.counter)
        row.addStretch(1)
        for button, callback in ((self.skip, self.finish), (self.next, self.step)):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(callback)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(14 + ARROW, 11 + ARROW, 8 + ARROW, 8 + ARROW)
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addLayout(row)
        parent.installEventFilter(self)
        self.hide()

    @property
    def current(self) -> Hint | None:
        """The hint that is shown, or None."""
        return self._hints[self._place] if self._place < len(self._hints) else None

    def begin(self) -> None:
        """Show the first hint."""
        self._place = 0
        self._fill()
        self.show()
        self.raise_()
        self._arrange()

    def step(self) -> None:
        """Go on to the next hint, or finish after the last."""
        self._place += 1
        if self.current is None:
            self.finish()
        else:
            self._fill()
            self._arrange()

    def did(self, act: str) -> None:
        """Go on if this is what the hint that is shown asks for."""
        if self.isVisible() and self.current is not None and self.current.act == act:
            self.step()

    def finish(self) -> None:
        """Close the hints; `finished` says that they need not come again."""
        self._place = len(self._hints)
        if not self.isHidden():
            self.hide()
            self.finished.emit()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.title.setFont(theme.ui("body", 600))
        self.text.setFont(theme.ui("small"))
        self.counter.setFont(theme.mono("tiny"))
        for button in (self.skip, self.next):
            button.setFont(theme.ui("small", 500))
        if self.isVisible():
            self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if self.isVisible() and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._arrange()
        return False

    def _fill(self) -> None:
        hint = self.current
        if hint is None:
            return
        self.title.setText(hint.title)
        self.text.setText(hint.text)
        self.counter.setText(f"{self._place + 1} / {len(self._hints)}")
        last = self._place == len(self._hints) - 1
        self.next.setText("Got it" if last else "Next")
        self.skip.setVisible(not last)
        self.setAccessibleDescription(f"{hint.title}. {hint.text}")

    def _arrange(self) -> None:
        hint = self.current
        if hint is None:
            return
        layout = self.layout()
        assert layout is not None
        # A wrapped text tells its height only when it is asked for this width.
        layout.activate()
        self.setFixedSize(self.theme.px(WIDTH), layout.totalHeightForWidth(self.theme.px(WIDTH)))
        box = QRect(hint.target.mapTo(self._host, QPoint(0, 0)), hint.target.size())
        spot = {
            "over": box.center() - QPoint(self.width() // 2, self.height() // 2),
            # Below the bars of the answer, which are what is looked at first.
            "left": QPoint(box.left() - self.width() + 16, box.top() + round(0.4 * box.height())),
            "below": QPoint(box.center().x() - self.width() // 2, box.bottom() - 4),
        }[hint.side]
        room = self._host.rect().adjusted(6, 6, -6, -6)
        spot.setX(max(room.left(), min(spot.x(), room.right() - self.width())))
        spot.setY(max(room.top(), min(spot.y(), room.bottom() - self.height())))
        self.move(spot)
        self._arrow_at = self.mapFrom(self._host, box.center())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        hint = self.current
        if hint is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        theme, box = self.theme, self.rect().adjusted(ARROW, ARROW, -ARROW, -ARROW)
        painter.setPen(QPen(theme.colour("accent"), 1))
        painter.setBrush(theme.colour("accent_soft"))
        painter.drawRoundedRect(box, 8, 8)
        if hint.side == "over":
            return
        tip = {
            "left": [(box.right(), 22), (self.width(), 30), (box.right(), 38)],
            "below": [(self._tip_x() - 8, box.top() + 1), (self._tip_x(), 0), (self._tip_x() + 8, box.top() + 1)],
        }[hint.side]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in tip]))
        painter.setPen(QPen(theme.colour("accent"), 1))
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in tip]))

    def _tip_x(self) -> int:
        return max(ARROW + 16, min(self._arrow_at.x(), self.width() - ARROW - 16))
