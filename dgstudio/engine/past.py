"""What the engine still holds of the stream: samples and answers of any stretch of the buffer, for looking back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from dgstudio.engine.rings import RecordRing, SampleRing
from dgstudio.errors import BadInputError
from dgstudio.types import F32, F64, Reading

SLACK_S = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """One stretch of the stream as it was: `times` (n,) float64, `values` (n, channels) float32, answers by time."""

    times: F64 = field(default_factory=lambda: np.zeros(0))
    values: F32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    readings: tuple[Reading, ...] = ()


def past_of(ring: SampleRing, readings: RecordRing[Reading], start: float, end: float) -> Past:
    """Return the samples and answers of stream time [start, end] that are still held. Any thread."""
    times, values = ring.between(start, end)
    held = readings.since(0)[0]
    # Answers stand in order of time, as the stream does.
    low = bisect_left(held, start, key=lambda reading: reading.end)
    high = bisect_right(held, end + SLACK_S, key=lambda reading: reading.end)
    return Past(times, values, tuple(held[low:high]))


def require_held(ring: SampleRing, start: float, end: float) -> None:
    """Refuse a stretch of stream time whose samples are no longer held. Any thread.

    Raises
    ------
    BadInputError
        Saying how far back the buffer reaches.
    """
    reach = ring.reach()
    if reach is None:
        raise BadInputError("Nothing has come from the stream yet: there is nothing to label.")
    oldest, newest = reach
    if start >= oldest - SLACK_S:
        return
    gone = "That stretch has" if end < oldest else "The beginning of that stretch has"
    raise BadInputError(f"{gone} left the buffer, which holds the last {newest - oldest:.0f} s: mark a later one.")
