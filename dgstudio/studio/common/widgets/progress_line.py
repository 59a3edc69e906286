"""A slim line across the window while something long goes on: what it is, a bar, some words, and buttons at its end."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from dgstudio.studio.theme.theme import DARK, Theme

HEIGHT = 30
BAR = 220
"""Width of the bar."""


class SlimBar(QWidget):
    """A bar of which a part is lit, painted from theme tokens; it takes no clicks and no focus."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.lit = (0.0, 0.0)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def light(self, begin: float, end: float) -> None:
        """Light what lies between these shares of the bar, 0..1."""
        if (begin, end) != self.lit:
            self.lit = (begin, end)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        painter.setBrush(self.theme.colour("control_hover"))
        painter.drawRoundedRect(whole, 2, 2)
        begin, end = self.lit
        if end > begin:
            painter.setBrush(self.theme.colour("accent"))
            part = QRectF(whole.width() * begin, 0, whole.width() * (end - begin), whole.height())
            painter.drawRoundedRect(part, 2, 2)
        painter.end()


class ProgressLine(QFrame):
    """Hidden until it has something to say. `figure`, between bar and words, is there for those that need it."""

    def __init__(self, name: str, bar: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self.setAccessibleName(name)
        self.title, self.figure, self.text = QLabel(""), QLabel(""), QLabel("")
        self.text.setObjectName("muted")
        self.bar = SlimBar(bar)
        self.figure.hide()
        self._buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(14, 0, 8, 0)
        self._row.setSpacing(12)
        for widget in (self.title, self.bar, self.figure, self.text):
            self._row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addStretch(1)
        self.hide()

    def add_button(self, text: str, tooltip: str) -> QPushButton:
        """Return a new button at the end of the line."""
        button = QPushButton(text)
        button.setObjectName("link")
        button.setToolTip(tooltip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._buttons.append(button)
        return button

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.bar.theme = theme
        self.bar.setFixedSize(theme.px(BAR), theme.px(4))
        self.title.setFont(theme.ui("body", 600))
        self.text.setFont(theme.ui("body"))
        self.figure.setFont(theme.mono("small"))
        # So that what stands behind it does not move with each figure.
        self.figure.setFixedWidth(self.figure.fontMetrics().horizontalAdvance("100 %"))
        for button in self._buttons:
            button.setFont(theme.ui("body"))
        self.setFixedHeight(theme.px(HEIGHT))
