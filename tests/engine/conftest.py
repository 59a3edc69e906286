"""A tape that a test plays piece by piece, and an engine on it: what happens is a function of what was played."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from few_waves import with_few_waves
from waiting import wait_until

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.engine.serving import source_worker
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan, verify_receipt
from dgstudio.paths import sample
from dgstudio.session.file import Session
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.types import Block, Reading, StreamSpec


class Tape:
    """A source that hands out what was put on it, or raises it."""

    def __init__(self, spec: StreamSpec) -> None:
        self.spec = spec
        self.sent = 0
        self.opened = 0
        self.closed = 0
        self.failing: Exception | None = None
        self._clock = 0.0
        self._items: deque[Block | Exception] = deque()
        self._more = threading.Event()

    def put(self, values: np.ndarray, *, truth: np.ndarray | None = None, gap: bool = False) -> None:
        times = self._clock + (1 + np.arange(len(values))) / self.spec.rate
        self._clock = float(times[-1])
        self.sent += len(values)
        self._items.append(Block(times, np.asarray(values, np.float32), truth, gap))
        self._more.set()

    def put_error(self, error: Exception) -> None:
        self._items.append(error)
        self._more.set()

    def open(self) -> None:
        self.opened += 1
        if self.failing is not None:
            raise self.failing

    def read(self, timeout: float) -> Block | None:
        if self.failing is not None:
            raise self.failing
        if not self._items:
            self._more.wait(timeout)
            self._more.clear()
            return None
        item = self._items.popleft()
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.closed += 1
        self._more.set()

    def knobs(self) -> tuple[()]:
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None: ...


class Motions:
    """The takes of the real recording, by activity, in the order of the file, and the base model that ships for it."""

    def __init__(self) -> None:
        source = RecordingSource(sample("basic_motions.csv"), loop=False)
        self.spec = replace(source.spec, speed=1.0)
        self.takes: dict[str, list[np.ndarray]] = {}
        for take in source.take_table():
            rows = source.values[take.start_row : take.start_row + take.n_rows]
            self.takes.setdefault(take.label, []).append(rows)
        base, _ = base_for(self.spec)
        assert base is not None
        self.base: BaseModel = with_few_waves(base)


class Rig:
    """An engine on a tape. Everything waits for a condition; nothing is timed."""

    def __init__(self, motions: Motions, session: Session | None, base: BaseModel | None, **settings: Any) -> None:
        self.motions = motions
        self.tape = Tape(motions.spec)
        options = {"lossless": True, "hold_s": 0.0, **settings}
        self.engine = Engine(self.tape, base, session, EngineSettings(**options))
        self.said: list[Event] = []
        self._next: dict[str, int] = {}

    def play(self, activity: str, count: int = 1) -> list[Reading]:
        """Play the next takes of an activity; returns their answers once all are there."""
        seen = self.engine.lane.readings.total
        for _ in range(count):
            number = self._next.get(activity, 0)
            self._next[activity] = number + 1
            self.tape.put(self.motions.takes[activity][number], gap=True)
        self.answered()
        return self.engine.lane.readings.since(seen)[0]

    def answered(self) -> None:
        engine = self.engine
        wait_until(lambda: engine.ring.total == self.tape.sent and engine.infer.done == self.tape.sent, "all answers")

    def settle(self) -> None:
        """Wait until what was asked for is written and learned."""
        wait_until(lambda: self.engine.store.idle and self.engine.learn.idle, "the store and the learner")

    def label(self, class_id: int, readings: list[Reading]) -> None:
        self.engine.labels.label_span(class_id, readings[0].start, readings[-1].end)
        self.settle()

    def teach(self, name: str, activity: str, count: int = 1) -> int:
        """A new class, learned from the next takes of an activity; returns its id."""
        known = self.engine.classes.by_name(name)
        info = known or self.engine.labels.add_class(name)
        self.settle()
        self.label(info.id, self.play(activity, count))
        return info.id

    def events(self, kind: str) -> list[Event]:
        self.said += self.engine.events.drain()
        return [event for event in self.said if event.kind == kind]

    def heard(self, kind: str) -> Event:
        """Wait for an event of this kind; returns the newest."""
        wait_until(lambda: self.events(kind), f"the event “{kind}”, and not only {self.said}")
        return self.events(kind)[-1]

    def share_of(self, name: str, readings: list[Reading]) -> float:
        info = self.engine.classes.by_name(name)
        assert info is not None and readings
        return sum(reading.top == info.id for reading in readings) / len(readings)

    def check_all(self) -> None:
        """Every answer names a published version and replays; what is certified is equal; nothing protected moved."""
        store = self.engine.learner.store
        plans: dict[int, Plan] = {}
        for reading in self.engine.lane.readings.since(0)[0]:
            assert store.ever(reading.version, reading.digest)
            plan = plans.setdefault(reading.version, Plan(store.get(reading.version)))
            assert reading.receipt is not None
            assert verify_receipt(plan, reading.features, reading.receipt) is None
            if reading.certified is not None:
                reference = plans.setdefault(reading.certified, Plan(store.get(reading.certified)))
                was = reference.answer(reading.features).logits
                both = [(reading.classes.index(c), i) for i, c in enumerate(reference.snapshot.classes)]
                same = np.array([reading.logits[i] for i, _ in both], np.float32)
                assert same.tobytes() == np.array([was[j] for _, j in both], np.float32).tobytes()
        assert self.engine.learner.audit_all().bits_changed == 0
        assert self.engine.stats().protected_bits_changed == 0


@pytest.fixture(scope="session")
def motions() -> Motions:
    return Motions()


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def quick_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_worker, "RETRY_S", 0.005)


@pytest.fixture
def rigs(motions: Motions) -> Iterator[Callable[..., Rig]]:
    """Makes started engines; they are stopped at the end, and must leave nothing running."""
    made: list[Rig] = []

    def make(session: Session | None = None, *, nothing: bool = False, start: bool = True, **settings: Any) -> Rig:
        rig = Rig(motions, session, None if nothing else motions.base, **settings)
        made.append(rig)
        if start:
            rig.engine.start()
        return rig

    yield make
    for rig in made:
        assert rig.engine.stop() == []
