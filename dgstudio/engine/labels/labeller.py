"""From held keys to examples: which answered windows a take means, and in which order they are noted.

The rule (design 6): a window belongs to a take when at least half of the shorter of the two lies inside the
other, the window is complete by the end of the take, and the take ends the reaction time before the release. While
the key is held the stricter half of the window is asked for, so that nothing has to be taken back at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import field, replace

from dgstudio.engine.labels.prequential import PriorAnswers
from dgstudio.engine.recording.recorded_stream import RecordedStream
from dgstudio.engine.runtime.rings import RecordRing, SampleRing
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, LabelledBy, Reading, StreamKind, StreamSpec, Take

SHARE = 0.5
"""Part of the shorter of window and take that must overlap."""
PICTURE_EVERY_S = 0.5
VALUES_AT_ONCE = 32
"""Values of a take that are learned however quickly they come: a program may send them all in a moment."""


@dataclass(slots=True)
class OpenTake:
    """A take whose key is down; times in stream seconds. `seen` is the reading to look at next.

    `set_aside`: none of it is to be learned. `unscored` holds (example id, reading, stream time at which the label was
    known) of what `prior` has not taken up yet.
    """

    take: Take
    held_since_wall: float
    seen: int
    noted: set[int] = field(default_factory=set)
    learn_due: float | None = None
    raw_from: float = float("-inf")
    written: bool = False
    set_aside: bool = False
    unscored: list[tuple[int, Reading, float]] = field(default_factory=list)
    prior: PriorAnswers | None = None


def belongs(start: float, end: float, take_start: float, take_end: float, *, strict: bool) -> bool:
    """Whether the window [start, end] belongs to the take [take_start, take_end].

    A window of one sample takes no time: it belongs to the take that it lies in.
    """
    slack = 1e-9
    if end > take_end + slack:
        return False
    if start == end:
        return end >= take_start - slack
    overlap = min(end, take_end) - max(start, take_start)
    shorter = (end - start) if strict else min(end - start, take_end - take_start)
    return overlap >= SHARE * shorter - slack and overlap > 0


class Labeller:
    """Makes examples from readings. Used by dg-store only.

    `learn_every_s`: windows of a take closer than this, in stream seconds, are stored and scored, not learned; of
    values, which share no samples, the first `VALUES_AT_ONCE` are learned in any case. Of raw samples every example
    whose window begins after the last such one has ended keeps its own. A take of the past may begin before what the
    rings hold, where `past` goes back further. Of a stream of pictures examples keep what `picture` gives for their
    time instead, one each `PICTURE_EVERY_S` at most.
    """

    def __init__(
        self,
        spec: StreamSpec,
        readings: RecordRing[Reading],
        ring: SampleRing,
        *,
        learn_every_s: float,
        next_example: int,
        next_take: int,
        past: RecordedStream | None = None,
        picture: Callable[[float], F32 | None] | None = None,
    ) -> None:
        self._spec = spec
        self.source_name = spec.name
        """Of the stream, as takes keep it. Any thread may set it."""
        self._past = past
        self._readings = readings
        self._ring = ring
        self._learn_every_s = learn_every_s
        self._ahead_s = learn_every_s * (VALUES_AT_ONCE - 1) if spec.kind is StreamKind.VALUES else 0.0
        """By how much what is learned of a take may be ahead of one example each `learn_every_s`."""
        self._picture = picture
        self._next_example = next_example
        self._next_take = next_take

    def open(
        self, class_id: int, start: float, held_since_wall: float, who: LabelledBy, *, set_aside: bool = False
    ) -> OpenTake:
        """Begin a take at stream time `start`; of one that is `set_aside` no window is to be learned."""
        take = Take(self._next_take, class_id, start, start, self.source_name, who, time.time())
        self._next_take += 1
        return OpenTake(take, held_since_wall, self._first_reading(start), set_aside=set_aside)

    def give_back(self, open_take: OpenTake) -> None:
        """Forget a take of which nothing was noted: the next one has its number, if none was begun since."""
        if open_take.take.id == self._next_take - 1:
            self._next_take -= 1

    def reserve(self, examples: int, takes: int) -> tuple[int, int]:
        """Return the first of so many ids of examples, and of takes; they are given to nobody else."""
        first = self._next_example, self._next_take
        self._next_example += examples
        self._next_take += takes
        return first

    def grow(self, open_take: OpenTake, until: float, known: float | None = None) -> list[Example]:
        """New examples of a take that is still being held, of windows complete by stream time `until`.

        `known` is the present stream time: from now on the labels are known. Default: `until`.
        """
        return self._collect(open_take, until, until if known is None else known, strict=True)

    def close(self, open_take: OpenTake, end: float, known: float | None = None) -> tuple[Take, list[Example]]:
        """End a take at stream time `end`; returns it and the examples that were still missing; `known` as above."""
        end = max(end, open_take.take.start)
        open_take.seen = min(open_take.seen, self._first_reading(open_take.take.start))
        known = end if known is None else known
        examples = self._from_past(open_take, end, known)
        examples += self._collect(open_take, end, known, strict=False)
        take = replace(open_take.take, end=end, examples=len(open_take.noted))
        open_take.take = take
        return take, examples

    def _first_reading(self, start: float) -> int:
        recent, total = self._readings.since(0)
        number = total - len(recent)
        for reading in recent:
            if reading.end > start:
                break
            number += 1
        return number

    def _from_past(self, open_take: OpenTake, until: float, known: float) -> list[Example]:
        """Examples of a take that began before the oldest answer in the ring, as far as that is recorded."""
        held, _ = self._readings.since(0)
        start = open_take.take.start
        if self._past is None or not held or start >= held[0].start:
            return []
        return self._note(open_take, self._past.readings(start, min(until, held[0].end)), until, known, strict=False)[0]

    def _collect(self, open_take: OpenTake, until: float, known: float, *, strict: bool) -> list[Example]:
        readings, total = self._readings.since(open_take.seen)
        examples, passed = self._note(open_take, readings, until, known, strict=strict)
        open_take.seen = total - len(readings) + passed
        return examples

    def _note(
        self, open_take: OpenTake, readings: Sequence[Reading], until: float, known: float, *, strict: bool
    ) -> tuple[list[Example], int]:
        """Examples of those of these answers that belong to the take and are new, and how many were complete."""
        take, examples, passed = open_take.take, [], 0
        for reading in readings:
            if reading.end > until + 1e-9:
                break
            passed += 1
            if reading.hop in open_take.noted:
                continue
            if not belongs(reading.start, reading.end, take.start, until, strict=strict):
                continue
            open_take.noted.add(reading.hop)
            example = self._example(open_take, reading)
            open_take.unscored.append((example.id, reading, known))
            examples.append(example)
        return examples, passed

    def _example(self, open_take: OpenTake, reading: Reading) -> Example:
        due = reading.end - self._ahead_s if open_take.learn_due is None else open_take.learn_due
        learn = reading.end >= due - 1e-6 and not open_take.set_aside
        if learn:
            # On a grid of its own, so that hops that do not divide the interval do not lower the rate.
            every = self._learn_every_s
            open_take.learn_due = max(due, reading.end - self._ahead_s - every) + every
        example = Example(
            id=self._next_example,
            class_id=open_take.take.class_id,
            take_id=open_take.take.id,
            features=reading.features,
            start=reading.start,
            end=reading.end,
            learn=learn,
            raw=self._kept_window(open_take, reading) if reading.start >= open_take.raw_from else None,
        )
        self._next_example += 1
        return example

    def _kept_window(self, open_take: OpenTake, reading: Reading) -> F32 | None:
        """The raw window of an example, or its picture, by which a person knows it."""
        if self._picture is not None:
            open_take.raw_from = reading.end + PICTURE_EVERY_S
            return self._picture(reading.end)
        # Neighbours share most of their samples: those are kept that together show the take once.
        first = reading.sample - self._spec.window
        window = self._ring.window(first, reading.sample)
        if window is None and self._past is not None:
            window = self._past.samples(first, reading.sample)
        open_take.raw_from = reading.end
        return None if window is None else window[1]
