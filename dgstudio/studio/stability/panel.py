"""The Stability panel: what each publish changed, what it provably did not, and the twins beside it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.stability.stability_log import (
    VIEW_S,
    StabilityLog,
    event_counts,
    event_words,
    protected_words,
    twin_note,
    twin_words,
)
from dgstudio.studio.stability.stability_plot import NONE_SEEN, StabilityLanes
from dgstudio.studio.theme.theme import Theme

TEXT_PERIOD_S = 0.25
"""Seconds between two refreshes of text: faster cannot be read."""


class StabilityPanel(PanelFrame):
    """Three lanes over the last half minute, and one for each twin; `log` is what they show."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Stability", f"{VIEW_S * state.pace:.0f} s", parent)
        self._state, self._commands = state, commands
        self._due = float("-inf")
        self._look: Look | None = None
        self._past = StabilityLog()
        """What is known of the stretch that is looked at."""
        self.log = StabilityLog(state.record_count)
        self.log.span = VIEW_S * state.pace
        self.lanes = StabilityLanes(self.log)
        if state.watched is not None:
            self.lanes.hints = (NONE_SEEN, "")
        self.lanes.show_twins(state.compare)
        self.lanes.name_of = state.name_of
        self.body.addWidget(self.lanes, 1)
        self.lanes.placed.connect(state.look_back)
        self._right.setToolTip(
            "Seconds of the stream that are in view; now is at the right edge. Looking back, the same as in the stream"
        )
        state.when(StudioState.compare).connect(self._show_compared)

    def update_frame(self, frame: Frame) -> None:
        """Take up what is new, and move the axis; or show the stretch that is looked at."""
        news = self.log.advance(frame.now, self._state.history, self._state.record_count)
        news = self.log.add_twins(frame.twins) or news
        look, before = frame.look, self._look
        self._look = look
        if look is not None and (before is None or before.past is not look.past):
            self._past = self.log.stretch(look.start, look.end, self._state.history, self._state.first_record)
            self._due = float("-inf")
        elif look is None and before is not None:
            self._due, news = float("-inf"), True
        self.lanes.show_log(self.log if look is None else self._past)
        self.lanes.put_cursor(None if look is None else look.moment)
        if frame.frame_time_wall >= self._due:
            self._due = frame.frame_time_wall + TEXT_PERIOD_S
            self._say(frame)
        if look is None or before is None or look is not before:
            self.lanes.advance(news or look is not None)

    def update_unseen(self, frame: Frame) -> None:
        """Keep what the twins have answered; the publishes are in the history."""
        self.log.add_twins(frame.twins)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.lanes.apply_theme(theme)

    def _say(self, frame: Frame) -> None:
        look = self._look
        log = self.log if look is None else self._past
        counts = event_counts(log.records)
        quiet = ("", "text_muted")
        words = [protected_words(log.publishes), quiet, event_words(counts)]
        self.set_right(f"{log.span:.0f} s" if look is None else f"then · {log.span:.3g} s")
        twins = {twin.kind: twin.figures for twin in frame.twins}
        shown = [twins.get(kind) for kind in self.lanes.compare]
        words += [quiet if twin is None else twin_words(twin) for twin in shown] or [quiet]
        self.lanes.set_words(words, counts, ["" if twin is None else twin_note(twin) for twin in shown])

    def _show_compared(self) -> None:
        self.lanes.show_twins(self._state.compare)
        self._due = float("-inf")
