"""What appears over the window for a moment (Toast), and what stays until it is over (Banner)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QCursor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from dgstudio.guard.texts import plain_text
from dgstudio.studio.common.overlays.room_marks import lies_over
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Level

TOAST_MS = 6000
"""How long a toast stays; it waits while the pointer is on it, or the focus."""
WIDEST = 760
"""Logical pixels of its words, at most."""
HEIGHT = 36
"""Logical pixels where it has no line to stand on."""
ON_LINE = "onLine"
"""A dynamic property, of which the stylesheet knows."""
MARKS = {Level.INFO: "", Level.GOOD: "✓", Level.WARNING: "▲", Level.ERROR: "✕"}
INKS = {Level.INFO: "text", Level.GOOD: "good", Level.WARNING: "warning", Level.ERROR: "bad"}


class Toast(QFrame):
    """A sentence at the lower edge of its parent, with at most one button; a new one takes the place of the old.

    It covers nothing that anybody watches: it stands on a line that can wait (`stand_on`), or where a place is kept
    free for it (`beside`).
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self.setObjectName("toast")
        lies_over(self)
        self.theme: Theme = DARK
        self.lift = 40
        """Logical pixels above the parent's lower edge, where there is nothing to stand on."""
        self._line: QWidget | None = None
        self._beside: QWidget | None = None
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
        row.setContentsMargins(14, 1, 14, 1)
        row.setSpacing(8)
        for widget in (self._mark, self.text, self.button):
            row.addWidget(widget)
        row.addStretch(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TOAST_MS)
        self._timer.timeout.connect(self._expire)
        parent.installEventFilter(self)
        self.hide()

    @property
    def beside(self) -> QWidget | None:
        """A place kept free for the toast, shown and hidden with it; None: it stands on its line or over the window."""
        return self._beside

    @beside.setter
    def beside(self, place: QWidget | None) -> None:
        if self._beside is not None:
            self._beside.removeEventFilter(self)
        self._beside = place
        if place is not None:
            place.installEventFilter(self)

    def stand_on(self, line: QWidget) -> None:
        """Cover a line of the window, from edge to edge, instead of standing over its middle."""
        self._line = line
        line.installEventFilter(self)

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
        self.setMinimumHeight(0 if self.property(ON_LINE) else theme.px(HEIGHT))
        if self.isVisible():
            self._place()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        if self._beside is not None:
            self._beside.show()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        if self._beside is not None:
            self._beside.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        line, beside = self._line, self._beside
        self._look(line is not None and line.isVisible())
        if beside is not None and beside.window() is self._host.window():
            self._place_beside(beside)
        elif line is not None and line.isVisible() and line.window() is self._host.window():
            self._place_on(line)
        else:
            self._fit(max(200, min(self._host.width() - 220, self.theme.px(WIDEST))))
            top = self._host.height() - self.height() - self.lift
            self.move((self._host.width() - self.width()) // 2, top)

    def _look(self, on_line: bool) -> None:
        if self.property(ON_LINE) is not on_line:
            self.setProperty(ON_LINE, on_line)
            self.setMinimumHeight(0 if on_line else self.theme.px(HEIGHT))
            self.style().unpolish(self)
            self.style().polish(self)

    def _place_beside(self, beside: QWidget) -> None:
        button = 0 if self.button.isHidden() else self.button.sizeHint().width()
        self._fit(max(120, beside.width() - button - 60))
        parent = beside.parentWidget()
        around = parent.layout() if parent is not None else None
        if around is not None:
            # The place may have come up just now.
            around.activate()
        place = QRect(beside.mapTo(self._host, QPoint(0, 0)), beside.size())
        self.move(place.right() + 1 - self.width(), place.bottom() + 1 - self.height())

    def _place_on(self, line: QWidget) -> None:
        row = self.layout()
        assert row is not None
        margins = row.contentsMargins()
        shown = [part for part in (self._mark, self.button) if not part.isHidden()]
        besides = sum(part.sizeHint().width() + row.spacing() for part in shown)
        self._fit(max(200, line.width() - margins.left() - margins.right() - besides))
        height = max(self.height(), line.height())
        left, bottom = line.mapTo(self._host, QPoint(0, 0)).x(), line.mapTo(self._host, QPoint(0, line.height())).y()
        self.setGeometry(left, bottom - height, line.width(), height)

    def _fit(self, room: int) -> None:
        """Become as wide as the words are, or as there is room for, and as high as they are then."""
        words = self.text.fontMetrics().horizontalAdvance(self.said) + 2
        # The height of the sentence before counts no more.
        self.text.setMinimumHeight(0)
        self.text.setFixedWidth(min(words, room))
        self.text.setFixedHeight(self.text.heightForWidth(min(words, room)))
        self.adjustSize()

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
