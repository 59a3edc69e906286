"""When samples were taken, where only is known when they came: in packets, early and late."""

from __future__ import annotations

import math

import numpy as np

from dgstudio.types import F64

SETTLE_S = 2.0
"""Over about how many seconds what comes early and late is evened out."""
GAP_STEPS = 5
GAP_S = 0.25
"""What comes later than expected by more than `GAP_STEPS` samples, and by more than this, comes after a gap."""
LEAST_STEP = 0.1
"""Two samples are never closer than this part of a usual step."""
USUAL = (1.0, 1.2, 1.25, 1.28, 1.5, 2.0, 2.4, 2.5, 2.56, 3.0, 4.0, 5.0, 5.12, 6.0, 8.0, 10.0)
"""How rates of devices begin."""
NEAR = 0.015
"""A measured rate that is so near to a usual one is taken for it: over a second it cannot be measured better."""


class SteadyTimes:
    """Gives samples times that rise steadily, from stamps that jitter: a loop that follows phase and rate.

    After a gap it starts from the stamps again. One thread.

    Parameters
    ----------
    rate
        About how many samples come a second; it is measured from then on.
    gap_s
        See `GAP_S`.
    """

    def __init__(self, rate: float, *, gap_s: float = GAP_S) -> None:
        self._step = 1.0 / rate
        self._gap_s = gap_s
        self._last: float | None = None

    @property
    def rate(self) -> float:
        """Samples a second, as they come lately."""
        return 1.0 / self._step

    def restart(self) -> None:
        """What comes next does not follow what came before: there is a gap in any case."""
        self._last = None

    def of(self, stamps: F64) -> tuple[F64, list[int]]:
        """Return times (n,) of samples that came at `stamps` (n,), and which of them come after a gap, by index.

        Times rise, from call to call too, unless `restart` was called. The very first sample comes after no gap.
        """
        limit = max(GAP_STEPS * self._step, self._gap_s)
        borders = np.flatnonzero(np.diff(stamps) > limit) + 1
        times = np.empty(len(stamps))
        gaps: list[int] = []
        for begin, end in zip([0, *borders.tolist()], [*borders.tolist(), len(stamps)], strict=True):
            if begin < end and self._run(stamps[begin:end], times[begin:end], limit):
                gaps.append(begin)
        return times, gaps

    def _run(self, stamps: F64, times: F64, limit: float) -> bool:
        """Write the times of samples without a gap among them; whether one is before them."""
        count = len(stamps)
        ahead = self._step * np.arange(1, count + 1)
        last = self._last
        if last is None or stamps[0] - (last + self._step) > limit:
            # The newest came just now; those of the same packet before it.
            times[:] = stamps[-1] - self._step * np.arange(count - 1, -1, -1)
            if last is not None:
                times[:] += max(0.0, last + self._step - times[0])
            self._last = float(times[-1])
            return last is not None
        late = float(np.mean(stamps - (last + ahead)))
        gain = min(0.5, count * self._step / SETTLE_S)
        least = (LEAST_STEP - 1.0) * self._step * count
        moved = max(gain * late, least)
        times[:] = last + ahead + moved * np.arange(1, count + 1) / count
        # A quarter of the square of the gain: phase and rate settle together, without swinging.
        step = self._step + gain * gain / 4 * late / count
        self._step = min(max(step, self._step / 2), self._step * 2)
        self._last = float(times[-1])
        return False


def measured_rate(stamps: F64) -> float | None:
    """Return how many samples a second came, from when they came: in packets, maybe. None where that is not known."""
    later = stamps > stamps[0]
    if not later.any():
        return None
    # What came with the first stamp came before the time that is measured began.
    return float(np.count_nonzero(later) / (stamps[-1] - stamps[0]))


def rounded_rate(rate: float) -> float:
    """Return a measured rate as whoever programmed the device has set it: a usual number near by, else three digits."""
    power = 10.0 ** math.floor(math.log10(rate))
    nearest = min((usual * power for usual in USUAL), key=lambda usual: abs(usual - rate))
    return float(f"{nearest if abs(nearest - rate) <= NEAR * rate else rate:.3g}")
