"""dg-infer: turns complete windows into features, and features into one answer a lane."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.serving.lane import Hop, Lane
from dgstudio.streams.features import Features
from dgstudio.streams.windows import Windower
from dgstudio.types import UNKNOWN_TRUTH, Reading, StreamKind, StreamSpec

BACKLOG = 25
"""Hops that may wait for their answer before the oldest are skipped and counted."""
VALUES_BACKLOG = 250
"""The same of values, each of which somebody wants an answer to: a quarter of a second at a thousand a second."""


class Answering(Protocol):
    """What answers the same hops beside ours, for itself."""

    def answer(self, hop: Hop) -> object:
        """Answer one hop."""
        ...


class InferWorker(Worker):
    """Answers every hop in order; when it falls behind by more than `BACKLOG` hops it skips to the newest ones (of
    values `VALUES_BACKLOG`).

    With `lossless` nothing is skipped (the source waits instead), and `after` may block. `after` is called with
    each reading of the studio's lane, in this thread.

    Attributes
    ----------
    twins : answer each hop after ours; replaced as a whole, by any thread.
    twin_failed : told which of them failed, and of what.
    """

    name = "dg-infer"

    def __init__(
        self,
        spec: StreamSpec,
        ring: SampleRing,
        features: Features,
        lane: Lane,
        events: EventQueue,
        *,
        lossless: bool,
        after: Callable[[Reading], None],
    ) -> None:
        super().__init__(events)
        self.twins: tuple[Answering, ...] = ()
        self.twin_failed: Callable[[Any, Exception], object] = lambda twin, error: None
        self.hops = 0
        self.skipped = 0
        self.lost_samples = 0
        self.done = 0
        """Number of the sample up to which every hop has been answered or skipped."""
        self._spec = spec
        self._ring = ring
        self._features = features
        self._lane = lane
        lane.serving.readied = self.wake
        self._lossless = lossless
        self._after = after
        self._windower = Windower(spec)
        self._due: deque[int] = deque()
        self._looked = 0

    def wake(self) -> None:
        """Let a waiting turn look at the ring."""
        self._ring.grown.set()

    def turn(self) -> None:
        """Wait for samples, then answer all complete hops."""
        if not self._ring.grown.wait(0.1):
            return
        self._ring.grown.clear()
        total = self._ring.total
        self.lost_samples += max(0, self._ring.oldest - max(self.done, self._looked))
        self._looked = total
        self._due.extend(self._windower.due(total, self._ring.breaks))
        backlog = VALUES_BACKLOG if self._spec.kind is StreamKind.VALUES else BACKLOG
        while not self._lossless and len(self._due) > backlog:
            self._due.popleft()
            self.skipped += 1
        while self._due:
            if self.stopping:
                return
            end = self._due.popleft()
            self._answer(end)
            self.done = end
        self.done = total
        self._lane.prepare()

    def recover(self, error: Exception) -> None:
        """The hop that failed is skipped and counted; those after it are still due."""
        self.skipped += 1
        self._ring.grown.set()

    def _answer(self, end: int) -> None:
        start = end - self._spec.window
        window = self._ring.window(start, end)
        if window is None:
            self.skipped += 1
            return
        times, values = window
        hop = Hop(
            number=self.hops,
            sample=end,
            start=float(times[0]),
            end=float(times[-1]),
            features=self._features(values),
            truth=self._truth(start, end),
            arrival_wall=self._ring.arrival(end - 1),
        )
        self.hops += 1
        reading = self._lane.answer(hop)
        for twin in self.twins:
            try:
                twin.answer(hop)
            except Exception as error:
                # Ours goes on.
                self.twin_failed(twin, error)
        self._after(reading)

    def _truth(self, start: int, end: int) -> str | None:
        """The label that most of the window carries, if most of it carries one."""
        truth = self._ring.truth(start, end)
        if truth is None:
            return None
        known = truth[truth != UNKNOWN_TRUTH]
        if 2 * len(known) <= len(truth):
            return None
        return self._spec.truth_names[int(np.bincount(known).argmax())]
