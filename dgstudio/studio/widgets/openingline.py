"""A slim line across the window while another session is opened; what is open goes on below it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from dgstudio.studio.theme import DARK, Theme

HEIGHT = 30
BAR = 220
"""Width of the bar."""
PART = 0.3
"""Of the bar that runs along it: nobody knows how long a session takes."""
ROUND_S = 1.6


class _Runner(QWidget):
    """A part of a bar that runs along it and back, painted from theme tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.place = 0.0
        self.setAccessibleName("Opening")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        painter.setBrush(self.theme.colour("control_hover"))
        painter.drawRoundedRect(whole, 2, 2)
        wide = whole.width() * PART
        painter.setBrush(self.theme.colour("accent"))
        painter.drawRoundedRect(QRectF((whole.width() - wide) * self.place, 0, wide, whole.height()), 2, 2)
        painter.end()


class OpeningLine(QFrame):
    """Says which session is being opened; Cancel keeps the present one."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self.setAccessibleName("Opening a session")
        self.title, self.text = QLabel(""), QLabel("This one goes on until it is there.")
        self.text.setObjectName("muted")
        self.bar = _Runner()
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("link")
        self.cancel.setToolTip("Stay in this session")
        self.cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cancel.clicked.connect(lambda _checked=False: self.cancelled.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 8, 0)
        row.setSpacing(12)
        for widget in (self.title, self.bar, self.text):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        row.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignVCenter)
        self.apply_theme(DARK)
        self.hide()

    def begin(self, name: str) -> None:
        """A session of this name is being opened."""
        words = f"Opening {name}" if name else "Making a new session"
        self.title.setText(f"{words} …")
        self.setAccessibleDescription(words)
        self.show()

    def end(self) -> None:
        """It is open, or will not be."""
        self.hide()

    def update_wall(self, wall: float) -> None:
        """Let the bar run; `wall` in seconds, with each frame."""
        if self.isVisible():
            turn = wall / ROUND_S % 2.0
            self.bar.place = turn if turn <= 1.0 else 2.0 - turn
            self.bar.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.bar.theme = theme
        self.bar.setFixedSize(theme.px(BAR), theme.px(4))
        self.title.setFont(theme.ui("body", 600))
        self.text.setFont(theme.ui("body"))
        self.cancel.setFont(theme.ui("body"))
        self.setFixedHeight(theme.px(HEIGHT))
