"""Hints of a first start: one at a time, on a line of their own that covers nothing; each outlines what it is about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.outline import Outline
from dgstudio.studio.theme.theme import DARK, Theme

HEIGHT = 44
ARROW = 6
PRAISE_MS = 3000
"""How long it is said that a hint was followed, before the next one comes."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint at what `target` returns; None where that cannot be seen now.

    `act` names what the user does to have followed it (`Hints.did`), and `praise` says what came of that. While the
    user is at it (`Hints.doing`), `meanwhile` is said.
    """

    target: Callable[[], QWidget | None]
    title: str
    text: str
    act: str
    praise: str
    meanwhile: str = ""


class Hints(QFrame):
    """A line across the window. It follows what the user does, never takes the focus, and goes when all is said."""

    finished = Signal()

    def __init__(self, hints: list[Hint], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._hints = hints
        self._place = 0
        self._done: set[str] = set()
        self._begun = self._aside = self._at_it = False
        self.praising = False
        """It is said of the hint that was followed what came of that."""
        self._outline = Outline(self)
        self._target: QWidget | None = None
        self.setObjectName("captionLine")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Hint")
        self.counter, self.title, self.text = QLabel(""), QLabel(""), QLabel("")
        self.text.setWordWrap(True)
        self.counter.setObjectName("muted")
        self.skip, self.next = QPushButton("Skip all"), QPushButton("Next")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 8, 0)
        row.setSpacing(12)
        row.addWidget(self.counter)
        row.addWidget(self.title)
        row.addWidget(self.text, 1)
        for button, callback in ((self.skip, self.finish), (self.next, self.step)):
            button.setObjectName("link")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(callback)
            row.addWidget(button)
        self._praised = QTimer(self)
        self._praised.setSingleShot(True)
        self._praised.setInterval(PRAISE_MS)
        self._praised.timeout.connect(self.step)
        self.hide()

    @property
    def current(self) -> Hint | None:
        """The hint that is shown, or None."""
        return self._hints[self._place] if self._begun and self._place < len(self._hints) else None

    @property
    def target(self) -> QWidget | None:
        """What is outlined now."""
        return self._target

    def begin(self) -> None:
        """Show the first hint."""
        self._place, self._begun = 0, True
        self._done.clear()
        self._fill()

    def step(self) -> None:
        """Go on to the next hint that was not followed yet, or finish after the last."""
        self._praised.stop()
        self.praising = self._at_it = False
        self._place += 1
        while self.current is not None and self.current.act in self._done:
            self._place += 1
        if self.current is None:
            self.finish()
        else:
            self._fill()

    def did(self, act: str) -> None:
        """Note what the user did: what the hint that is shown asks for, or one to come, which then need not come."""
        if self.current is None or act in self._done:
            return
        self._done.add(act)
        if self.current.act == act:
            self.praising = True
            self._fill()
            self._praised.start()

    def doing(self, act: str, on: bool) -> None:
        """Follow what the user is at, before it is done."""
        if self.current is not None and self.current.act == act and self._at_it is not on:
            self._at_it = on
            self._fill()

    def set_aside(self, aside: bool) -> None:
        """Leave the line to somebody else, or take it up again where it was."""
        self._aside = aside
        self._fill()

    def finish(self) -> None:
        """Close the hints; `finished` says that they need not come again."""
        if self._begun:
            self._begun = self.praising = False
            self._praised.stop()
            self._fill()
            self.finished.emit()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.title.setFont(theme.ui("body", 600))
        self.text.setFont(theme.ui("body"))
        self.counter.setFont(theme.mono("tiny"))
        for button in (self.skip, self.next):
            button.setFont(theme.ui("body"))
        self.setFixedHeight(theme.px(HEIGHT))
        self._point()

    def _fill(self) -> None:
        hint = self.current
        if hint is not None:
            said = hint.praise if self.praising else hint.meanwhile if self._at_it and hint.meanwhile else hint.text
            title = f"✓ {hint.title}" if self.praising else hint.title
            self.title.setText(title)
            self.text.setText(said)
            self.counter.setText(f"{self._place + 1} / {len(self._hints)}")
            last = self._place == len(self._hints) - 1
            self.next.setText("Got it" if last else "Next")
            self.skip.setVisible(not last)
            self.setAccessibleDescription(f"{title}. {said}")
        self.setVisible(hint is not None and not self._aside)
        self._point()

    def _point(self) -> None:
        hint = self.current
        shown = hint is not None and not self.isHidden()
        self._target = hint.target() if hint is not None and shown else None
        self._outline.surround(self._target, self.theme.colour("accent").name())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        super().paintEvent(event)
        target = self._target
        if target is None or not target.isVisible() or target.window() is not self.window():
            return
        middle = self.mapFromGlobal(target.mapToGlobal(target.rect().center()))
        above, arrow = middle.y() < 0, self.theme.length(ARROW)
        edge, tip = (arrow, 0.0) if above else (self.height() - arrow, float(self.height()))
        at = max(2 * arrow, min(float(middle.x()), self.width() - 2 * arrow))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("accent"))
        painter.drawPolygon(QPolygonF([QPointF(at - arrow, edge), QPointF(at, tip), QPointF(at + arrow, edge)]))
