"""What another program records of its stream, put into the rings of the one that watches, at the pace of the stream."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from itertools import pairwise

import numpy as np

from dgstudio.engine.recording.differences import VersionLost
from dgstudio.engine.recording.recorded_stream import reading_of
from dgstudio.engine.recording.replayed import answered_again, difference, truth_of
from dgstudio.engine.recording.stored_plans import StoredPlans
from dgstudio.engine.runtime.abstention import decided
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.engine.serving.lane import Lane
from dgstudio.errors import BadInputError
from dgstudio.model.certificate import certify
from dgstudio.model.plan import Answer, Plan
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import RecordedAnswer, RecordedBlock, RecordedStretch
from dgstudio.session.restore import spec_of
from dgstudio.streams.features import Features
from dgstudio.types import F32, F64, Block, Reading, StreamSpec, Unsure

SPARE_S = 0.2
"""How much more is kept back than comes at a time: the next write may be late, and what is shown goes on evenly."""
USUAL_STEP_S = 1.0
"""How much of the stream comes at a time, until that is known."""
LEAP_S = 1.5
"""Further behind than that, or before it, what is shown leaps."""
APART_S = 1.0
"""Between two stretches whose clocks do not follow each other."""
ROW_SAMPLES = 4096


class RecordedFeed:
    """Follows the newest stretch of a recording. One thread (dg-watch).

    An answer that the version of then gives again, to the last bit, is shown with all that is in it; of any other one
    what its receipt holds is shown. None is shown otherwise than it was given.

    Attributes
    ----------
    recorded : whether a stretch is being written.
    newest : stream time up to which there is something to show, on the clock of what is shown; None before any.
    shown : stream time up to which it is shown.
    offset : what is added to the times of the present stretch.
    began_unix : when the present stretch began; None before any.
    receipts_only : answers of which only the receipt could be shown.
    """

    def __init__(
        self, session: Session, spec: StreamSpec, features: Features, ring: SampleRing, lane: Lane, classes: ClassTable
    ) -> None:
        self.recorded = False
        self.newest: float | None = None
        self.shown = 0.0
        self.offset = 0.0
        self.began_unix: float | None = None
        self.receipts_only = 0
        self._session, self._spec, self._features = session, spec, features
        self._ring, self._lane, self._classes = ring, lane, classes
        self._plans = StoredPlans(session)
        self._stretch: RecordedStretch | None = None
        self._rows = [0, 0]
        """The last rows of samples and of receipts that were read."""
        self._blocks: deque[Block] = deque()
        """Samples that are not shown yet, on the clock of what is shown."""
        self._read: int | None = None
        """Number, in the stretch, of the sample after the last one that was read."""
        self._ahead = 0
        """How many samples wait in `_blocks`."""
        self._places: deque[tuple[int, int]] = deque(maxlen=256)
        """Number in the stretch from which on, and what is added for the number in the ring."""
        self._answers: deque[RecordedAnswer] = deque()
        self._steps: deque[float] = deque(maxlen=4)
        """How much of the stream came at a time, lately."""
        self._wall = time.perf_counter()
        self._showing = False
        """Whether what is shown has begun to move."""

    # -- from the file -------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Take what is new from the file. `SessionError` where it cannot be read."""
        stretches = self._session.recorded.stretches()
        latest = stretches[-1] if stretches else None
        self.recorded = latest is not None and latest.ended_unix is None and self._fits(latest)
        if latest is None or not self._fits(latest):
            return
        if self._stretch is None or latest.id != self._stretch.id:
            self._begin(latest)
        self._stretch = latest
        recorded = self._session.recorded
        # Receipts first: the samples of an answer are written with it, or before.
        answers, before = list(recorded.answers_after(latest.id, self._rows[1])), self.newest
        for row, blocks in recorded.blocks_after(latest.id, self._rows[0]):
            self._rows[0] = row
            if blocks.content is not None:
                self._add(blocks.content)
        if before is not None and self.newest is not None and self.newest > before:
            self._steps.append(min(self.newest - before, USUAL_STEP_S))
        for row, kept in answers:
            self._rows[1] = row
            self._answers.extend(kept.content or ())

    def _fits(self, stretch: RecordedStretch) -> bool:
        """Whether a stretch is of the stream that is shown."""
        try:
            spec = spec_of(stretch.signal)
        except BadInputError:
            return False
        return len(spec.channels) == len(self._spec.channels) and spec.window == self._spec.window

    def _begin(self, stretch: RecordedStretch) -> None:
        """Go on with another stretch; of the first one, as much as the ring has room for."""
        first = self._stretch is None
        self.began_unix, self._read = stretch.began_unix, None
        rate = self._spec.rate
        count = int(self._ring.capacity / rate / 2 * max(1.0, rate / ROW_SAMPLES)) if first else 1 << 40
        self._rows = list(self._session.recorded.before_newest(stretch.id, count))
        self._answers.clear()

    def _add(self, block: RecordedBlock) -> None:
        begins = self._read is None
        gap = begins or block.first != self._read
        if begins:
            ends = [float(block_.times[-1]) for block_ in (*self._blocks,)] or [self._edge()]
            self.offset = 0.0 if float(block.times[0]) > ends[-1] else ends[-1] + APART_S - float(block.times[0])
        if gap:
            self._places.append((block.first, self._ring.total + self._ahead - block.first))
        breaks = [at - block.first for at in block.breaks if block.first < at < block.first + len(block.times)]
        edges = [0, *breaks, len(block.times)]
        for low, high in pairwise(edges):
            cut = gap if low == 0 else True
            truth = None if block.truth is None else block.truth[low:high]
            self._blocks.append(Block(block.times[low:high] + self.offset, block.values[low:high], truth, cut))
        self._ahead += len(block.times)
        self._read = block.first + len(block.times)
        self.newest = float(block.times[-1]) + self.offset

    def _edge(self) -> float:
        edge = self._ring.edge()
        return -np.inf if edge is None else edge[0]

    # -- to those who look ------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Show what it is time for: the stream goes on evenly, though it is written now and then."""
        wall = time.perf_counter()
        passed, self._wall = wall - self._wall, wall
        if self.newest is None:
            return
        late, lag = self.newest - (self.shown + passed), self._lag
        if self._showing and late <= lag + LEAP_S:
            # The faster, the later: it neither stands still nor runs away from what is written.
            self.shown = min(self.newest, self.shown + passed * (1.0 + 0.25 * (late - lag) / lag))
        else:
            self._showing, self.shown = True, self.newest - lag
        while self._blocks and float(self._blocks[0].times[0]) <= self.shown:
            self._append(wall)
        while self._answers and self._answer(self._answers[0]):
            self._answers.popleft()

    @property
    def _lag(self) -> float:
        """How far what is shown is behind what was written last, on the average between two writes."""
        return max(self._steps, default=USUAL_STEP_S) / 2 + SPARE_S

    def _append(self, wall: float) -> None:
        """Put what may be shown of the next block into the ring."""
        block = self._blocks.popleft()
        count = int(np.searchsorted(block.times, self.shown, "right"))
        if count < len(block.times):
            truth = None if block.truth is None else block.truth[count:]
            self._blocks.appendleft(Block(block.times[count:], block.values[count:], truth, False))
            truth = None if block.truth is None else block.truth[:count]
            block = Block(block.times[:count], block.values[:count], truth, block.break_before)
        self._ring.append(block, wall)
        self._ahead -= count

    def _answer(self, answer: RecordedAnswer) -> bool:
        """Show an answer; False where its samples are not shown yet."""
        shift = next((shift for first, shift in reversed(self._places) if first <= answer.sample - 1), None)
        if shift is None:
            return True
        sample = answer.sample + shift
        if sample > self._ring.total:
            return False
        got = self._ring.window(sample - self._spec.window, sample)
        if got is None:
            # Before the first that is shown.
            return True
        truth = self._ring.truth(sample - self._spec.window, sample)
        said = None if truth is None else truth_of(self._spec, truth)
        self._lane.show(self._reading(answer, sample, *got, said))
        return True

    def _reading(self, answer: RecordedAnswer, sample: int, times: F64, values: F32, truth: str | None) -> Reading:
        begin = time.perf_counter()
        x = self._features(values)
        hop = self._lane.readings.total
        plan = self._plans.plan(answer.version)
        if not isinstance(plan, VersionLost) and plan.snapshot.digest == answer.digest:
            now = plan.answer(x)
            span = float(times[0]), float(times[-1])
            again = answered_again(answer, plan, now, x, span, truth, begin)
            if difference(answer, again, self._classes.names) is None:
                unsure = decided(now, self._lane.abstain)[1] if answer.top is None else Unsure.NOT
                certified = self._certified(plan, now)
                # How long it took there, no receipt tells.
                return replace(
                    again, hop=hop, sample=sample, top=answer.top, unsure=unsure, certified=certified, latency_us=0.0
                )
        self.receipts_only += 1
        temperature = self._lane.store.serving.temperature
        reading = reading_of(answer, times, x, temperature)
        return replace(reading, hop=hop, sample=sample, arrival_wall=begin, ready_wall=begin, truth=truth)

    def _certified(self, plan: Plan, answer: Answer) -> int | None:
        reference = self._lane.reference
        return reference.snapshot.version if reference is not None and certify(plan, answer, reference) else None
