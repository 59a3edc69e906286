"""The one time cursor of the window: which moment of the stream all panels show while the view stands still."""

from __future__ import annotations

from bisect import bisect_right

from dgstudio.engine.recording.lookback import Lookback, Past
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import StudioState
from dgstudio.types import Reading

SLACK_S = 1e-6


class TimeCursor:
    """Keeps what is looked at. Qt thread only.

    `StudioState.paused`, `looked_at` and `moment` say what is asked for; `follow` answers with a `Look`, the same one
    for as long as neither that nor the stream's labels change, so that panels can tell by identity whether to draw.
    """

    def __init__(self, state: StudioState, lookback: Lookback) -> None:
        self._state, self._lookback = state, lookback
        self._look: Look | None = None
        self._drawn: tuple[Past, float] | None = None
        """What was drawn last at the live edge, and where that was: it stands where it is paused."""

    def follow(self, live: Past, now: float, oldest: float) -> Look | None:
        """Return what is looked at; None while the view follows the live edge.

        Parameters
        ----------
        live
            The newest samples and answers, as they are drawn at this frame; `now` is their last time.
        oldest
            Stream time from which on samples are held.
        """
        state, before = self._state, self._look
        if not state.paused or not (before or self._drawn or len(live.times)):
            self._look, self._drawn = None, (live, now) if len(live.times) else None
            return None
        if before is None:
            live, now = self._drawn or (live, now)
        # Nothing but Space: it stands where it was, and what was drawn then stays, though the buffer goes on.
        as_drawn = before is None and state.looked_at is None and state.moment is None
        with state.update():
            if state.looked_at is None:
                state.looked_at = self._stretch(now, oldest)
            start, end = state.looked_at
            if before is not None and (before.start, before.end) == (start, end):
                past, edge = before.past, before.edge
            elif as_drawn:
                past, edge = live, now
            else:
                # A stretch that ends beyond what axes count from moves that along.
                edge = now if before is None else max(before.edge, end)
                past = self._lookback.past(start, end)
            if state.moment is None:
                state.moment = end
            moment = state.moment = min(max(state.moment, start), end)
            if before is not None and past is before.past and moment == before.moment:
                return before
            reading = self._answered(past, moment)
            state.then = None if reading is None else reading.version
        self._look = Look(start, end, moment, edge, past, reading)
        return self._look

    def step(self, answers: int) -> None:
        """Move the cursor by so many answers, negative into the past; the view comes along where it must."""
        look, state = self._look, self._state
        if look is None:
            state.set_paused(True)
            return
        ends = [reading.end for reading in look.past.readings]
        if not ends:
            return
        at = bisect_right(ends, look.moment + SLACK_S) - 1 + answers
        beyond = min(at, 0) + max(at - (len(ends) - 1), 0)
        # Outside what is in view, answers are as far apart as inside.
        hop = (ends[-1] - ends[0]) / max(len(ends) - 1, 1)
        moment = ends[min(max(at, 0), len(ends) - 1)] + beyond * hop
        reach = self._lookback.reach()
        state.look_back(moment if reach is None else min(max(moment, reach[0]), reach[1]))

    def _stretch(self, now: float, oldest: float) -> tuple[float, float]:
        """The stretch to show around the moment asked for: the newest one where it lies in that, else in the middle."""
        wide, moment = self._state.view_s, self._state.moment
        if moment is None or moment >= now - wide:
            return now - wide, now
        start = max(min(moment - wide / 2, now - wide), min(oldest, now - wide))
        return start, start + wide

    def _answered(self, past: Past, moment: float) -> Reading | None:
        ends = past.readings
        if not ends:
            return None
        at = bisect_right(ends, moment + SLACK_S, key=lambda reading: reading.end) - 1
        reading = ends[max(at, 0)]
        return reading if len(reading.features) else self._lookback.whole(reading)
