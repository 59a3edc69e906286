"""The log: everything that the engine and the learner said, in earlier runs too, newest last, with the time of day."""

from __future__ import annotations

from collections import Counter, deque
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from dgstudio.engine.facts.event import Event, log_line
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import Level, LogLine

if TYPE_CHECKING:
    from dgstudio.studio.log.lines import LogLines

MOST_LINES = 1000
"""Lines kept; older ones are in the session file."""


class LogPanel(PanelFrame):
    """Events as lines, kept from the beginning and written when somebody first looks."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Log", parent=parent)
        self.kept: deque[LogLine] = deque(state.told_before, MOST_LINES)
        """The lines, the newest last."""
        self._counts: Counter[Level] = Counter()

    @cached_property
    def lines(self) -> LogLines:
        """What is read; made when somebody first looks."""
        from dgstudio.studio.log.lines import LogLines

        lines = LogLines(MOST_LINES)
        lines.show_lines(self.kept, self.theme)
        self.body.addWidget(lines, 1)
        return lines

    @property
    def _read(self) -> bool:
        """Whether anybody has looked."""
        return "lines" in vars(self)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        _ = self.lines

    def update_frame(self, frame: Frame) -> None:
        """Add what is new."""
        for event in frame.events:
            self.add(event)

    def update_unseen(self, frame: Frame) -> None:
        """Add what is new: no later frame brings it."""
        self.update_frame(frame)

    def add(self, event: Event) -> None:
        """Add one event as a line."""
        line = log_line(event)
        self.kept.append(line)
        if self._read:
            self.lines.add(line)
        self._counts[event.level] += 1
        counts = [(self._counts[level], level) for level in (Level.ERROR, Level.WARNING) if self._counts[level]]
        words = [f"{count} {level}{'s' if count > 1 else ''}" for count, level in counts]
        self.set_right(" · ".join(words))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme; the lines are written anew in its colours."""
        super().apply_theme(theme)
        if self._read:
            self.lines.show_lines(self.kept, theme)
