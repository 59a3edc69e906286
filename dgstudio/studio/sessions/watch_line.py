"""The line across the window while a session is watched: who writes it, and how far behind it is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from dgstudio.engine.facts.watched import Watched, Writer
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.theme.theme import DARK, Theme

HEIGHT = 30
LONG_S = 10.0
"""What is further behind is told in whole seconds, as a silence."""
WRITERS = {
    Writer.STATION: "written by a station",
    Writer.WINDOW: "written by another window",
    Writer.NOBODY: "nobody writes it any more",
}
NOT_RECORDED = "its stream is not recorded: samples, answers and gates are not in the file"
TIP = (
    "Another program writes this session; it is read here as it grows, and not disturbed. Answers are those that were\n"
    "recorded there, to the last bit: nothing is answered or learned here, and nothing can be changed."
)


def watched_words(watched: Watched, name_of: Callable[[int], str] = "class {}".format) -> str:
    """How it stands, as in "written by a station · 0.4 s behind"; `name_of` names a class."""
    words = [WRITERS[watched.writer]]
    if watched.writer is Writer.NOBODY:
        words.append("this is what it holds")
    elif not watched.recorded:
        words.append(NOT_RECORDED)
    elif watched.behind_s is None:
        words.append("nothing of its stream has been recorded yet")
    elif watched.behind_s < LONG_S:
        words.append(f"{watched.behind_s:.1f} s behind")
    else:
        words.append(f"its stream has been silent for {watched.behind_s:.0f} s")
    if watched.heard is not None:
        by = "" if watched.heard.version is None else f" by v{watched.heard.version}"
        words.append(f"it answers {name_of(watched.heard.class_id)}, {watched.heard.confidence:.2f}{by}")
    if watched.receipts_only:
        count = f"{watched.receipts_only:,} answer{'s' if watched.receipts_only != 1 else ''}"
        words.append(f"of {count} only the receipt is known")
    return " · ".join(words)


class WatchLine(QFrame):
    """There while a session is watched. `asked`: the user wants to open it, which nobody writes any more."""

    asked = Signal()

    def __init__(self, state: StudioState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("watchLine")
        self.setAccessibleName("Watching")
        self.setToolTip(TIP)
        self._state = state
        self.title, self.text = QLabel(""), QLabel("")
        for label in (self.title, self.text):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.open = QPushButton("Open it")
        self.open.setObjectName("link")
        self.open.setToolTip("Go on in this session: answer, label and learn here")
        self.open.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.open.clicked.connect(lambda _checked=False: self.asked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 8, 0)
        row.setSpacing(12)
        row.addWidget(self.title)
        row.addWidget(self.text)
        row.addStretch(1)
        row.addWidget(self.open)
        state.when(StudioState.watched).connect(self._show)
        self.apply_theme(DARK)
        self._show()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.title.setFont(theme.ui("body", 600))
        self.text.setFont(theme.ui("body"))
        self.open.setFont(theme.ui("body", 600))
        self.setFixedHeight(theme.px(HEIGHT))

    def _show(self) -> None:
        watched = self._state.watched
        self.setVisible(watched is not None)
        if watched is None:
            return
        words, over = watched_words(watched, self._state.name_of), watched.writer is Writer.NOBODY
        self.title.setText(f"Watching {watched.name}" if not over else watched.name)
        self.text.setText(words)
        self.open.setVisible(over)
        self.setAccessibleDescription(words)
