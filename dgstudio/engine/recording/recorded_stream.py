"""What the rings have let go of and the recording still holds of this run: answers and samples of the past.

An answer is made up again from its receipt and its samples: features, logits and what follows from them are those of
then; what a receipt does not hold (activations, the banks' scores) is left empty.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import field

import numpy as np

from dgstudio.records import dataclass
from dgstudio.session.recording.recorded import Recorded, RecordedAnswer
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.types import BASE, F32, F64, NOBODY, BankState, Reading, StreamSpec

SLACK_S = 1e-6
_NO_FEATURES: F32 = np.zeros(0, np.float32)
ROWS = 256
"""Rows of receipts, about a second each, whose answers are kept at hand."""


@dataclass(slots=True)
class PlacesOf:
    """Where in a stretch which samples and answers are, row by row; appended to by one thread."""

    stretch: int
    firsts: list[int] = field(default_factory=list)
    """First sample of each block, ascending."""
    times: list[float] = field(default_factory=list)
    """Time of that sample."""
    end: int = 0
    """The sample after the last one."""
    last_time: float = 0.0
    hops: list[int] = field(default_factory=list)
    """First hop of each row of receipts, ascending."""
    samples: list[int] = field(default_factory=list)
    """The sample after the last one of that hop's window."""

    def note_block(self, first: int, times: F64) -> None:
        """A block with these times is in the file."""
        self.end, self.last_time = first + len(times), float(times[-1])
        self.firsts.append(first)
        self.times.append(float(times[0]))

    def between(self, start: float, end: float) -> tuple[int, int]:
        """First sample, and the one after the last, of the blocks that [start, end] touches; equal where none."""
        times, firsts = self.times[:], self.firsts[: len(self.times)]
        if not times or end < times[0] or start > self.last_time:
            return 0, 0
        low = max(0, bisect_right(times, start) - 1)
        high = bisect_right(times, end + SLACK_S)
        return firsts[low], firsts[high] if high < len(firsts) else self.end

    def note_answers(self, hop: int, sample: int) -> None:
        """A row of receipts that begins with this hop is in the file."""
        self.hops.append(hop)
        # Last: whoever looks finds the hop of every sample that is there.
        self.samples.append(sample)


class RecordedStream:
    """Looks up the recorded past of a running engine. Any thread; it reads the session.

    Parameters
    ----------
    recorded
        Of the engine's session.
    spec
        Of the stream.
    places
        The stretches of this run, oldest first.
    temperature
        Of the softmax, at this moment.
    """

    def __init__(
        self, recorded: Recorded, spec: StreamSpec, places: list[PlacesOf], temperature: Callable[[], float]
    ) -> None:
        self._recorded = recorded
        self._spec = spec
        self._places = places
        self._temperature = temperature
        self._features = features_of(spec)
        self._lock = threading.Lock()
        self._rows: OrderedDict[tuple[int, int, bool], list[Reading]] = OrderedDict()

    def samples(self, start: int, stop: int) -> tuple[F64, F32] | None:
        """Times (n,) and values (n, channels) of the samples [start, stop); None if they are not recorded."""
        for places in list(self._places):
            if places.firsts and places.firsts[0] <= start and stop <= places.end:
                return self._samples(places.stretch, start, stop)
        return None

    def reach(self, until: float) -> float | None:
        """The stream time from which on all is recorded up to `until`, without a pause; None where nothing is."""
        for places in reversed(list(self._places)):
            if places.times and places.times[0] <= until <= places.last_time:
                return places.times[0]
        return None

    def between(self, start: float, end: float) -> tuple[F64, F32]:
        """Times (n,) and values (n, channels) of the recorded samples of stream time [start, end)."""
        parts: list[tuple[F64, F32]] = [(np.zeros(0), np.zeros((0, len(self._spec.channels)), np.float32))]
        for places in list(self._places):
            low, high = places.between(start, end)
            got = self._samples(places.stretch, low, high) if high > low else None
            if got is not None:
                first, last = np.searchsorted(got[0], (start - SLACK_S, end - SLACK_S))
                parts.append((got[0][first:last], got[1][first:last]))
        return np.concatenate([times for times, _ in parts]), np.concatenate([values for _, values in parts])

    def readings(self, start: float, end: float, *, features: bool = True) -> list[Reading]:
        """The answers whose windows end in stream time (start, end], oldest first.

        Without `features`, which take most of the time, theirs are empty: enough to show what was answered.
        """
        found: list[Reading] = []
        for places in list(self._places):
            low, high = places.between(start, end)
            samples, hops = places.samples[:], places.hops[:]
            first = max(0, bisect_right(samples, low) - 1)
            for row in range(first, bisect_left(samples, high + 1) if high > low else first):
                found.extend(self._row(places.stretch, hops[row], features))
        return [reading for reading in found if start < reading.end <= end + SLACK_S]

    def _row(self, stretch: int, hop: int, features: bool) -> list[Reading]:
        """The answers of one row of receipts; those of the rows that were asked for lately are at hand."""
        with self._lock:
            key = stretch, hop, features
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = self._made(stretch, hop, features)
                while len(self._rows) > ROWS:
                    self._rows.popitem(last=False)
            return row

    def _made(self, stretch: int, hop: int, features: bool) -> list[Reading]:
        kept = next(self._recorded.answers(stretch, hop), None)
        if kept is None or not kept.content:
            return []
        window, answers = self._spec.window, kept.content
        first = answers[0].sample - window
        got = self._samples(stretch, first, answers[-1].sample)
        if got is None:
            return []
        times, values = got
        spans = [slice(answer.sample - window - first, answer.sample - first) for answer in answers]
        return [
            self._reading(answer, times[at], self._features(values[at].copy()) if features else _NO_FEATURES)
            for answer, at in zip(answers, spans, strict=True)
        ]

    def _samples(self, stretch: int, start: int, stop: int) -> tuple[F64, F32] | None:
        times, values, at = [], [], start
        for kept in self._recorded.blocks(stretch, start):
            if kept.content is None or kept.first > at:
                return None
            part = slice(at - kept.first, min(stop, kept.first + kept.count) - kept.first)
            times.append(kept.content.times[part])
            values.append(kept.content.values[part])
            at = kept.first + kept.count
            if at >= stop:
                return np.concatenate(times), np.concatenate(values)
        return None

    def _reading(self, answer: RecordedAnswer, times: F64, features: F32) -> Reading:
        return reading_of(answer, times, features, self._temperature())


def reading_of(answer: RecordedAnswer, times: F64, features: F32, temperature: float) -> Reading:
    """An answer as its receipt has it, to a window with these times; what a receipt does not hold is left empty."""
    scaled = answer.logits / np.float32(temperature)
    odds = np.exp(scaled - scaled.max(initial=-np.inf))
    speaking = np.flatnonzero(answer.state == BankState.SPEAKING)
    below = BASE if len(answer.active) else NOBODY
    return Reading(
        hop=answer.hop,
        sample=answer.sample,
        start=float(times[0]),
        end=float(times[-1]),
        version=answer.version,
        digest=answer.digest,
        features=features,
        active=answer.active,
        activations=np.zeros(0, np.float32),
        bank_r=np.zeros(0, np.float32),
        bank_tau=np.zeros(0, np.float32),
        bank_state=answer.state,
        speaker=int(speaking[-1]) if len(speaking) else below,
        margin=0.0,
        classes=answer.classes,
        logits=answer.logits,
        probabilities=(odds / odds.sum() if len(odds) else odds).astype(np.float32),
        top=answer.top,
        latency_us=0.0,
        arrival_wall=0.0,
        ready_wall=0.0,
    )
