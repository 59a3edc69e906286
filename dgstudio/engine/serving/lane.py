"""A lane: a store of snapshots and the plan that serves its newest one; the engine answers every input in each."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import field

import numpy as np

from dgstudio.engine.runtime.abstention import decided
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.rings import Latencies, RecordRing
from dgstudio.engine.serving.serving_plan import ServingPlan
from dgstudio.model.certificate import certify
from dgstudio.model.plan import Answer, Plan
from dgstudio.model.store import SnapshotStore
from dgstudio.records import dataclass
from dgstudio.types import F32, Reading

READINGS_KEPT = 4096
"""Answers that a lane remembers at least; 2 KB each."""
COVERED = 512
"""Answers in the live figure of coverage."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One window on its way to the lanes: what it is, when it was, and when it arrived."""

    number: int
    sample: int
    start: float
    end: float
    features: F32
    truth: str | None
    arrival_wall: float


@dataclass(slots=True)
class LaneCounts:
    """Counters that only dg-infer writes."""

    reads: int = 0
    certified: int = 0
    lately: deque[bool] = field(default_factory=lambda: deque(maxlen=COVERED))
    """Of the newest answers, whether each was certified."""
    unsure: int = 0
    unsure_lately: deque[bool] = field(default_factory=lambda: deque(maxlen=COVERED))
    """Of the newest answers, whether each was unsure."""
    truth_seen: int = 0
    truth_right: int = 0
    latency: Latencies = field(default_factory=Latencies)
    delay: Latencies = field(default_factory=Latencies)


class Lane:
    """The studio's own model: answers hops with the plan of `store.serving`. Called by dg-infer only.

    `serving` is the plan that answers; `reference` is the plan that certificates compare with (the last protected
    version), or None.
    """

    def __init__(self, store: SnapshotStore, classes: ClassTable, readings_kept: int = READINGS_KEPT) -> None:
        self.store = store
        self.readings: RecordRing[Reading] = RecordRing(max(READINGS_KEPT, readings_kept))
        self.counts = LaneCounts()
        self.reference: Plan | None = None
        self.abstain = 0.0
        """Answers less likely than this are "unsure" (`abstaining`); any thread may set it."""
        self._classes = classes
        self._features: F32 | None = None
        """Of the last input."""
        self.serving = ServingPlan(store)
        self._plan: Plan | None = None
        """The one that answered last."""
        self._taus = np.zeros(0, np.float32)
        """τ of that plan's banks, one array for all its readings."""

    def prepare(self) -> None:
        """Let the plan of the version that serves next answer the last input, for nobody."""
        if self._features is not None:
            self.serving.prepare(self._features)

    def answer(self, hop: Hop) -> Reading:
        """Answer one hop, note the reading in the ring, and return it."""
        begin = time.perf_counter()
        plan = self.serving.now()
        if plan is not self._plan:
            self._plan = plan
            self._taus = np.asarray([bank.tau for bank in plan.snapshot.banks], np.float32)
        answer = plan.answer(hop.features)
        took = time.perf_counter() - begin
        self._features = hop.features
        reading = self._reading(hop, plan, answer, took)
        self.readings.append(reading)
        self._count(reading, took)
        return reading

    def show(self, reading: Reading) -> None:
        """Note an answer that another program gave; whoever watches that calls, instead of dg-infer."""
        self.readings.append(reading)
        self._count(reading, None)

    def _reading(self, hop: Hop, plan: Plan, answer: Answer, took: float) -> Reading:
        snapshot, reference = plan.snapshot, self.reference
        certified = None
        if reference is not None and certify(plan, answer, reference):
            certified = reference.snapshot.version
        top, unsure = decided(answer, self.abstain)
        return Reading(
            hop=hop.number,
            sample=hop.sample,
            start=hop.start,
            end=hop.end,
            version=snapshot.version,
            digest=snapshot.digest,
            features=hop.features,
            active=answer.active,
            activations=answer.activations,
            bank_r=answer.r,
            bank_tau=self._taus,
            bank_state=answer.state,
            speaker=answer.speaker,
            margin=answer.margin,
            classes=snapshot.classes,
            logits=answer.logits,
            probabilities=answer.probabilities,
            top=snapshot.classes[top] if top >= 0 else None,
            unsure=unsure,
            latency_us=took * 1e6,
            arrival_wall=hop.arrival_wall,
            ready_wall=time.perf_counter(),
            truth=hop.truth,
            certified=certified,
            receipt=plan.receipt(hop.features, answer),
        )

    def _count(self, reading: Reading, took: float | None) -> None:
        counts = self.counts
        counts.reads += 1
        counts.certified += reading.certified is not None
        if self.reference is not None:
            counts.lately.append(reading.certified is not None)
        counts.unsure += bool(reading.unsure)
        counts.unsure_lately.append(bool(reading.unsure))
        if took is not None:
            counts.latency.add(took * 1e6)
            counts.delay.add((reading.ready_wall - reading.arrival_wall) * 1e3)
        if reading.truth is not None:
            counts.truth_seen += 1
            counts.truth_right += reading.top is not None and self._classes.names.get(reading.top) == reading.truth
