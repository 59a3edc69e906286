"""The pace of dg-learn, on a clock of the test's own: how often it publishes, how soon, and that it sleeps."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.adapt import learn_worker
from dgstudio.engine.adapt.learn_worker import IDLE_S, LearnWorker
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.history import History
from dgstudio.engine.serving.lane import Lane
from dgstudio.learning.learner.learner import Learner
from dgstudio.types import Example, Mode, PublishRecord

LABELS_A_SECOND = 50
SOLVE_S = 0.03
"""What a publish takes on the test's clock: several times of what it takes at the design's sizes."""
HZ = 10.0


class Clock:
    """Moves only by what is waited for and by publishes."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self._woken = False

    def perf_counter(self) -> float:
        return self.now

    # What the worker waits with.
    def set(self) -> None:
        self._woken = True

    def clear(self) -> None:
        self._woken = False

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self._woken:
            self.now += seconds


class House:
    """A worker without a thread: `run` gives it turns until the clock says so."""

    def __init__(self, motions: Any, monkeypatch: pytest.MonkeyPatch, base: bool) -> None:
        self.clock = Clock()
        monkeypatch.setattr(
            learn_worker,
            "time",
            SimpleNamespace(perf_counter=self.clock.perf_counter, thread_time=time.thread_time),
        )
        self.learner = Learner.begin(motions.base if base else None)
        self.records: list[PublishRecord] = []
        self.times: list[float] = []
        step = self.learner.step

        def timed() -> PublishRecord | None:
            record = step()
            self.clock.now += SOLVE_S
            return record

        monkeypatch.setattr(self.learner, "step", timed)
        self.worker = LearnWorker(
            self.learner,
            Lane(self.learner.store, ClassTable()),
            EventQueue(),
            History(),
            publish_hz=HZ,
        )
        self.worker.published.append(self._published)
        monkeypatch.setattr(self.worker, "_wake", self.clock)
        self._rows = np.concatenate([motions.base.protected + np.float32(3.0), -motions.base.protected])
        self.labelled = 0

    def _published(self, record: PublishRecord, learner: Learner) -> None:
        self.records.append(record)
        if record.version is not None:
            self.times.append(self.clock.now)

    def label(self, count: int = 1) -> None:
        for _ in range(count):
            number = self.labelled
            raw = self._rows[number % len(self._rows)] + np.float32(number * 1e-3)
            self.worker.absorb([Example(number, 3 + number % 2, 0, raw, 0, 1)], self.clock.now)
            self.labelled += 1

    def run(self, seconds: float, every: float | None = None) -> int:
        """Give turns for so long on the clock, with a label each `every` seconds; returns how many turns it took."""
        end, due, turns = self.clock.now + seconds, self.clock.now, 0
        while self.clock.now < end:
            while every is not None and due <= self.clock.now:
                self.label()
                due += every
            before = self.clock.now
            self.worker.turn()
            turns += 1
            if every is not None and self.clock.now == before:
                # A turn that did not wait took its time, too.
                self.clock.now += 1e-3
        return turns


@pytest.fixture(params=[True, False], ids=["on a base", "from nothing"])
def house(motions: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> House:
    house = House(motions, monkeypatch, request.param)
    for class_id in (3, 4):
        house.worker.ask(lambda learner, c=class_id: learner.add_class(c))
    while not house.worker.idle:
        house.worker.turn()
    house.records.clear()
    house.times.clear()
    return house


def test_fifty_labels_a_second_are_published_at_most_ten_times_a_second(house: House) -> None:
    house.run(6.0, every=1 / LABELS_A_SECOND)
    assert house.labelled >= 5.8 * LABELS_A_SECOND
    assert all(record.kind == "learned" for record in house.records)
    gaps = np.diff(house.times)
    assert len(house.times) > 30 and gaps.min() >= 1 / HZ - 1e-9
    for begin in house.times:
        assert sum(begin <= t < begin + 1.0 for t in house.times) <= HZ


def test_a_label_is_in_a_publish_within_half_a_second(house: House) -> None:
    house.run(4.0, every=1 / LABELS_A_SECOND)
    waited = [record.label_to_publish_ms for record in house.records]
    assert len(waited) > 20 and None not in waited and max(waited) <= 500
    house.run(2.0)
    assert house.worker.idle and len(house.learner.training.every()) == house.labelled
    # One label after a rest does not even wait for its turn.
    house.label()
    house.run(1.0)
    assert house.records[-1].label_to_publish_ms == pytest.approx(SOLVE_S * 1e3)


def test_an_idle_learner_sleeps(house: House) -> None:
    """Once P has been audited and looked at, a turn waits a quarter of a second, and nothing is published."""
    house.label(5)
    house.run(30.0)
    published, house.clock.waits = len(house.records), []
    turns = house.run(60.0)
    assert turns <= 60.0 / IDLE_S + 1 and set(house.clock.waits) == {IDLE_S}
    assert len(house.records) == published and not house.learner.pending


def test_labels_that_wait_because_learning_is_off_keep_nobody_awake(house: House) -> None:
    house.worker.ask(lambda learner: learner.set_mode(Mode.OFF))
    house.label(3)
    house.run(30.0)
    house.clock.waits = []
    assert house.run(20.0) <= 20.0 / IDLE_S + 1 and set(house.clock.waits) == {IDLE_S}
