"""What the engine still holds of the stream: samples and answers of any stretch of the buffer, for looking back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import field

import numpy as np

from dgstudio.engine.recording.recorded_stream import RecordedStream
from dgstudio.engine.runtime.rings import RecordRing, SampleRing
from dgstudio.errors import BadInputError, SessionError
from dgstudio.records import dataclass
from dgstudio.types import F32, F64, Reading

SLACK_S = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """One stretch of the stream as it was: `times` (n,) float64, `values` (n, channels) float32, answers by time."""

    times: F64 = field(default_factory=lambda: np.zeros(0))
    values: F32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    readings: tuple[Reading, ...] = ()


class Lookback:
    """Looks back at the stream of a running engine. Any thread."""

    def __init__(self, ring: SampleRing, readings: RecordRing[Reading], recorded: RecordedStream) -> None:
        self._ring = ring
        self._readings = readings
        self._recorded = recorded

    def reach(self) -> tuple[float, float] | None:
        """Stream times from which and up to which samples are held, in ring or recording; None before any."""
        reach = self._ring.reach()
        if reach is None:
            return None
        oldest = self._recorded.reach(reach[0])
        return (reach[0] if oldest is None else oldest, reach[1])

    def past(self, start: float, end: float) -> Past:
        """Return the samples and answers of stream time [start, end] that are still held.

        Those that come from the recording have no features.
        """
        times, values = self._ring.between(start, end)
        held = self._readings.since(0)[0]
        reach = self._ring.reach()
        older: list[Reading] = []
        if reach is not None and start < reach[0]:
            # A file that cannot be read shows nothing; it is told where it is written.
            with suppress(SessionError):
                before = self._recorded.between(start, min(end, reach[0]))
                times, values = np.concatenate([before[0], times]), np.concatenate([before[1], values])
                until = min(end, held[0].end - 2 * SLACK_S) if held else end
                older = self._recorded.readings(start - SLACK_S, until, features=False)
        # Answers stand in order of time, as the stream does.
        low = bisect_left(held, start, key=lambda reading: reading.end)
        high = bisect_right(held, end + SLACK_S, key=lambda reading: reading.end)
        return Past(times, values, (*older, *held[low:high]))

    def by_hop(self, hop: int) -> Reading | None:
        """Return the answer of a hop by its number, if the ring still holds it."""
        held = self._readings.since(0)[0]
        at = bisect_left(held, hop, key=lambda reading: reading.hop)
        return held[at] if at < len(held) and held[at].hop == hop else None

    def whole(self, reading: Reading) -> Reading:
        """Return an answer with its features: one that came from the recording has none yet, where it can be read."""
        if len(reading.features):
            return reading
        with suppress(SessionError):
            for found in self._recorded.readings(reading.end - SLACK_S, reading.end + SLACK_S):
                if found.hop == reading.hop:
                    return found
        return reading

    def require_held(self, start: float, end: float) -> None:
        """Refuse a stretch of stream time whose samples are no longer held.

        Raises
        ------
        BadInputError
            Saying how far back the buffer reaches.
        """
        reach = self.reach()
        if reach is None:
            raise BadInputError("Nothing has come from the stream yet: there is nothing to label.")
        oldest, newest = reach
        if start >= oldest - SLACK_S:
            return
        gone = "That stretch has" if end < oldest else "The beginning of that stretch has"
        raise BadInputError(f"{gone} left the buffer, which holds the last {newest - oldest:.0f} s: mark a later one.")
