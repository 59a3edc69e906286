"""The lines of the log as they are read: in the colours of their levels, with the time of day."""

from __future__ import annotations

import time
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from dgstudio.studio.common.overlays.toast import INKS, MARKS
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import LogLine


class LogLines(QPlainTextEdit):
    """At most so many lines. Follows the newest one unless the user has scrolled back."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.setObjectName("log")
        self.setReadOnly(True)
        # Long lines are wrapped.
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMaximumBlockCount(most)
        self.document().setDocumentMargin(0)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setPlaceholderText("Nothing has happened yet.")
        self.setAccessibleName("Log")

    def show_lines(self, lines: Iterable[LogLine], theme: Theme) -> None:
        """Write all lines, in the colours of a theme."""
        self.theme = theme
        self.setFont(theme.mono("tiny"))
        # What stands there while there is no line does not follow by itself.
        self.viewport().setFont(theme.mono("tiny"))
        self.clear()
        for line in lines:
            self.add(line)

    def add(self, line: LogLine) -> None:
        """Write one more line."""
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        look = QTextCharFormat()
        look.setForeground(self.theme.colour(INKS[line.level]))
        then, now = time.localtime(line.unix or time.time()), time.localtime()
        moment = time.strftime("%H:%M:%S" if then[:3] == now[:3] else "%Y-%m-%d %H:%M:%S", then)
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if not self.document().isEmpty():
            cursor.insertBlock()
        cursor.insertText(f"{moment}  {MARKS[line.level] or '·'}  {line.text}", look)
        if at_end:
            bar.setValue(bar.maximum())
