"""What appears over the window for a moment (Toast), and what stays until it is over (Banner)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QCursor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from dgstudio.guard.texts import plain_text
from dgstudio.studio.common.room_marks import lies_over
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Level

TOAST_MS = 6000
"""How long a toast stays; it waits while the pointer is on it, or the focus."""
WIDEST = 760
"""Logical pixels of its words, at most."""
MARKS = {Level.INFO: "", Level.GOOD: "✓", Level.WARNING: "▲", Level.ERROR: "✕"}
INKS = {Level.INFO: "text", Level.GOOD: "good", Level.WARNING: "warning", Level.ERROR: "bad"}


class Toast(QFrame):
    """A sentence at the lower edge of its parent, with at most one button; a new one takes the place of the old."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self.setObjectName("toast")
        lies_over(self)
        self.theme: Theme = DARK
        self.lift = 40
        """Logical pixels above the parent's lower edge, where there is nothing to stand on."""
        self.over: QWidget | None = None
        """A part of the window whose upper edge the toast covers while it is shown: there is least to hide."""
        self.beside: QWidget | None = None
        """A place kept free for the toast, shown and hidden with it; None: it stands over the window."""
        self._callback: Callable[[], object] | None = None
        self._about: object = None
        self.said = ""
        """The whole sentence that was shown last."""
        self._mark = QLabel("")
        self.text = QLabel("")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.button = QPushButton("")
        self.button.setObjectName("link")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self._act)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 8, 7)
        row.setSpacing(8)
        for widget in (self._mark, self.text, self.button):
            row.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TOAST_MS)
        self._timer.timeout.connect(self._expire)
        parent.installEventFilter(self)
        self.hide()

    @property
    def about(self) -> object:
        """What the sentence that can be read now is about, as `show_text` was told; None where there is none."""
        return self._about if self.isVisible() else None

    def show_text(
        self,
        text: str,
        level: Level = Level.INFO,
        button: str = "",
        callback: Callable[[], object] | None = None,
        about: object = None,
    ) -> None:
        """Show `text`; with `button`, a click on it calls `callback` and closes the toast.

        `about` is a value by which whoever shows it knows it again.
        """
        self._callback, self._about = callback, about
        text = plain_text(text, lines=True)
        self.said = text
        self._mark.setText(MARKS[level])
        self._mark.setVisible(bool(self._mark.text()))
        self._mark.setStyleSheet(f"color: {self.theme.colour(INKS[level]).name()}")
        self.text.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.setAccessibleName(text)
        self._timer.start()
        # First its place: shown in a corner it would take the pointer there for one that is on it.
        self._place()
        self.show()
        self._place()
        self.raise_()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.text.setFont(theme.ui("body"))
        self.button.setFont(theme.ui("body", 600))
        if self.isVisible():
            self._place()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        if self.beside is not None:
            self.beside.show()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        if self.beside is not None:
            self.beside.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        # As wide as its words, up to where lines get hard to read; then it has two of them.
        words = self.text.fontMetrics().horizontalAdvance(self.said) + 2
        room = max(200, min(self._host.width() - 220, self.theme.px(WIDEST)))
        if self.beside is not None:
            room = max(120, self.beside.width() - self.button.sizeHint().width() * (not self.button.isHidden()) - 60)
        # The height of the sentence before counts no more.
        self.text.setMinimumHeight(0)
        self.text.setFixedWidth(min(words, room))
        self.text.setFixedHeight(self.text.heightForWidth(min(words, room)))
        self.adjustSize()
        host, over, beside = self._host, self.over, self.beside
        if beside is not None and beside.window() is host.window():
            parent = beside.parentWidget()
            around = parent.layout() if parent is not None else None
            if around is not None:
                # The place may have come up just now.
                around.activate()
            place = QRect(beside.mapTo(host, QPoint(0, 0)), beside.size())
            self.move(place.right() + 1 - self.width(), place.bottom() + 1 - self.height())
            return
        top = host.height() - self.height() - self.lift
        if over is not None and over.isVisible() and over.window() is host.window():
            top = over.mapTo(host, QPoint(0, 2)).y()
        self.move((host.width() - self.width()) // 2, top)

    def _act(self) -> None:
        callback, self._callback = self._callback, None
        self.hide()
        if callback is not None:
            callback()

    def _expire(self) -> None:
        if self.rect().contains(self.mapFromGlobal(QCursor.pos())) or self.button.hasFocus():
            self._timer.start()
        else:
            self.hide()


class Banner(QFrame):
    """A sentence across the window that stays while it is true; it hides itself when given none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.label = QLabel("")
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 14, 7)
        row.addWidget(self.label)
        self.hide()

    def set_text(self, text: str) -> None:
        """Show `text`, or hide for ""."""
        self.label.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.label.setFont(theme.ui("body", 500))
