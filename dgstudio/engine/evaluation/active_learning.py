"""Which one was this? The recent moments that a label would help most, spread over time and over classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.records import dataclass
from dgstudio.types import NOBODY, Reading, Take

KEPT = 8
"""Moments that wait at most."""
SMALL_MARGIN = 0.3
"""An answer whose two best classes lie closer than this (in probability) is doubtful."""
SEEN = 0.6
"""A gate pattern that shares less than this part of its active units with every pattern so far is an unseen one."""
PATTERNS = 512
"""Distinct gate patterns that are remembered; the oldest is forgotten first."""
WARM_UP = 150
"""Answers from which patterns are only learned: everything is new at first."""
COVERED = 0.5
"""A moment of which a take covers this part has got its label."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A doubtful answer. `doubt` 0..1, more is more doubtful; `unseen`: its gate pattern was a new one."""

    reading: Reading
    doubt: float
    unseen: bool = False


def margin_of(reading: Reading) -> float:
    """How far apart the two best classes are, in probability; 1 where there is only one class."""
    if len(reading.probabilities) < 2:
        return 1.0
    second, first = np.partition(reading.probabilities, -2)[-2:]
    return float(first - second)


class GatePatterns:
    """The distinct sets of active units that were seen so far, by leaders: a new one is close to none before it."""

    def __init__(self, most: int = PATTERNS) -> None:
        self._most = most
        self._rows: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._next = 0

    def is_new(self, active: npt.NDArray[np.integer]) -> bool:
        """Take up a set of active units; return whether it is an unseen one. Without a base none is."""
        if not len(active):
            return False
        last = int(active.max())
        if last >= self._rows.shape[1]:
            self._rows = np.pad(self._rows, ((0, 0), (0, last + 1 - self._rows.shape[1])))
        row = np.zeros(self._rows.shape[1], np.float32)
        row[active] = 1.0
        if len(self._rows) and float((self._rows @ row).max()) >= SEEN * len(active):
            return False
        if len(self._rows) < self._most:
            self._rows = np.vstack([self._rows, row])
        else:
            self._rows[self._next] = row
            self._next = (self._next + 1) % self._most
        return True


class DoubtfulMoments:
    """Keeps the moments to ask about. One thread calls it.

    The rule. A moment is doubtful if its two best classes lie closer than `SMALL_MARGIN`, if it was answered "unsure",
    or if its gate pattern is an unseen one (`GatePatterns`). Two that are waiting lie at least `apart_s` of stream
    time apart: of closer ones the more doubtful stays. When more than `KEPT` wait, the class (the likeliest one) with
    most of them gives up its least doubtful one, the older of equals. A moment goes once its samples have left the
    buffer, once a take covers half of it, and when it is answered or passed over.

    Parameters
    ----------
    apart_s
        In stream seconds.
    kept
        How many wait at most.
    """

    def __init__(self, apart_s: float = 2.0, kept: int = KEPT) -> None:
        self._apart_s, self._kept = apart_s, kept
        self._moments: list[Moment] = []
        self._patterns = GatePatterns()
        self._answers = 0
        self._passed: list[tuple[float, float]] = []

    @property
    def moments(self) -> list[Moment]:
        """Those that wait, the newest first."""
        return self._moments[::-1]

    def note(self, readings: Iterable[Reading]) -> bool:
        """Take up new answers, in order; return whether the list is another one."""
        changed = False
        for reading in readings:
            unseen = self._patterns.is_new(reading.active) and self._answers >= WARM_UP
            self._answers += 1
            doubt = self._doubt(reading, unseen)
            if doubt > 0:
                changed |= self._take_up(Moment(reading, doubt, unseen))
        return changed

    def keep_from(self, oldest: float) -> bool:
        """Let go of what has left the buffer, whose oldest sample is of this stream time."""
        self._passed = [span for span in self._passed if span[1] >= oldest]
        return self._keep([m for m in self._moments if m.reading.start >= oldest])

    def labelled(self, takes: Sequence[Take]) -> bool:
        """Let go of what takes cover by now."""

        def covered(moment: Moment) -> bool:
            reading = moment.reading
            need = COVERED * (reading.end - reading.start)
            return any(min(take.end, reading.end) - max(take.start, reading.start) >= need for take in takes)

        return self._keep([moment for moment in self._moments if not covered(moment)])

    def passed_over(self, start: float, end: float) -> bool:
        """Ask no more about the moment [start, end]: skipped, or none of the classes."""
        self._passed.append((start, end))
        return self._keep([m for m in self._moments if (m.reading.start, m.reading.end) != (start, end)])

    def _doubt(self, reading: Reading, unseen: bool) -> float:
        if len(reading.classes) < 2 or reading.speaker == NOBODY:
            # Where nothing answers there is nothing to ask about.
            return 0.0
        margin = margin_of(reading)
        doubt = 1.0 - margin / SMALL_MARGIN if margin < SMALL_MARGIN else 0.0
        if reading.top is None:
            doubt = max(doubt, 0.75)
        return max(doubt, 0.5) if unseen else doubt

    def _take_up(self, new: Moment) -> bool:
        end = new.reading.end
        if any(start - self._apart_s < end <= stop + self._apart_s for start, stop in self._passed):
            # Just answered or passed over: its neighbours are the same moment.
            return False
        near = [m for m in self._moments if abs(m.reading.end - end) < self._apart_s]
        if any(moment.doubt >= new.doubt for moment in near):
            return False
        moments = [moment for moment in self._moments if moment not in near]
        self._moments = sorted([*moments, new], key=lambda moment: moment.reading.end)
        if len(self._moments) > self._kept:
            counts = Counter(map(_likeliest, self._moments))
            most = max(counts.values())
            crowd = [moment for moment in self._moments if counts[_likeliest(moment)] == most]
            self._moments.remove(min(crowd, key=lambda moment: moment.doubt))
        return new in self._moments or bool(near)

    def _keep(self, moments: list[Moment]) -> bool:
        changed = len(moments) != len(self._moments)
        self._moments = moments
        return changed


def _likeliest(moment: Moment) -> int:
    """The class that a moment would count for."""
    reading = moment.reading
    return reading.classes[int(np.argmax(reading.probabilities))]
