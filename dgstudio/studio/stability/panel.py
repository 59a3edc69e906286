"""The Stability panel: what each publish changed, what it provably did not, and the conventional twin beside it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.stability.stability_log import (
    VIEW_S,
    StabilityLog,
    event_counts,
    event_words,
    protected_words,
    twin_note,
    twin_words,
)
from dgstudio.studio.stability.stability_plot import StabilityLanes
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import EngineStats

TEXT_PERIOD_S = 0.25
"""Seconds between two refreshes of text: faster cannot be read."""


class StabilityPanel(PanelFrame):
    """Four lanes over the last half minute; `log` is what they show."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Stability", f"{VIEW_S * state.pace:.0f} s", parent)
        self._state, self._commands = state, commands
        self._due = float("-inf")
        self.log = StabilityLog(state.record_count)
        self.log.span = VIEW_S * state.pace
        self.lanes = StabilityLanes(self.log)
        self.lanes.compare = state.compare
        self.lanes.name_of = state.name_of
        self.body.addWidget(self.lanes, 1)
        self._right.setToolTip("Seconds of the stream that are in view; now is at the right edge")
        state.when(StudioState.compare).connect(self._show_compared)

    def update_frame(self, frame: Frame) -> None:
        """Take up what is new, and move the axis."""
        news = self.log.advance(frame.now, self._state.history, self._state.record_count)
        if self._state.compare is not None:
            news = self.log.add_twin(frame.twin_new, frame.stats) or news
        if frame.frame_time_wall >= self._due:
            self._due = frame.frame_time_wall + TEXT_PERIOD_S
            self._say(frame.stats)
        self.lanes.advance(news)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.lanes.apply_theme(theme)

    def _say(self, stats: EngineStats) -> None:
        comparing = self._state.compare is not None
        counts = event_counts(self.log.records)
        quiet = ("", "text_muted")
        words = [protected_words(self.log.publishes), quiet, event_words(counts)]
        self.lanes.set_words(
            [*words, twin_words(stats) if comparing else quiet], counts, twin_note(stats) if comparing else ""
        )

    def _show_compared(self) -> None:
        self.log.forget_twin()
        self.lanes.compare = self._state.compare
        self._due = float("-inf")
        self.lanes.update()
