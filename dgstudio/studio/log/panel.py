"""The log: everything that the engine and the learner said, in earlier runs too, newest last, with the time of day."""

from __future__ import annotations

import time
from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from dgstudio.engine.facts.event import Event, log_line
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.common.toast import INKS, MARKS
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import Level, LogLine

MOST_LINES = 1000
"""Lines kept; older ones are in the session file."""


class LogPanel(PanelFrame):
    """Events as lines. It follows the newest line unless the user has scrolled back."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Log", parent=parent)
        self._lines: list[LogLine] = []
        self._counts: Counter[Level] = Counter()
        self.lines = QPlainTextEdit()
        self.lines.setObjectName("log")
        self.lines.setReadOnly(True)
        # Long lines are wrapped.
        self.lines.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.lines.setMaximumBlockCount(MOST_LINES)
        self.lines.document().setDocumentMargin(0)
        self.lines.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.lines.setPlaceholderText("Nothing has happened yet.")
        self.lines.setAccessibleName("Log")
        self.body.addWidget(self.lines, 1)

        for line in state.told_before:
            self._keep(line)

    def update_frame(self, frame: Frame) -> None:
        """Add what is new."""
        for event in frame.events:
            self.add(event)

    def update_unseen(self, frame: Frame) -> None:
        """Add what is new: no later frame brings it."""
        self.update_frame(frame)

    def add(self, event: Event) -> None:
        """Add one event as a line."""
        self._keep(log_line(event))
        self._counts[event.level] += 1
        counts = [(self._counts[level], level) for level in (Level.ERROR, Level.WARNING) if self._counts[level]]
        words = [f"{count} {level}{'s' if count > 1 else ''}" for count, level in counts]
        self.set_right(" · ".join(words))

    def _keep(self, line: LogLine) -> None:
        self._lines = [*self._lines[-MOST_LINES + 1 :], line]
        self._write(line)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme; the lines are written anew in its colours."""
        super().apply_theme(theme)
        self.lines.setFont(theme.mono("tiny"))
        self.lines.clear()
        for line in self._lines:
            self._write(line)

    def _write(self, line: LogLine) -> None:
        bar = self.lines.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        look = QTextCharFormat()
        look.setForeground(self.theme.colour(INKS[line.level]))
        then, now = time.localtime(line.unix or time.time()), time.localtime()
        moment = time.strftime("%H:%M:%S" if then[:3] == now[:3] else "%Y-%m-%d %H:%M:%S", then)
        cursor = QTextCursor(self.lines.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if not self.lines.document().isEmpty():
            cursor.insertBlock()
        cursor.insertText(f"{moment}  {MARKS[line.level] or '·'}  {line.text}", look)
        if at_end:
            bar.setValue(bar.maximum())
