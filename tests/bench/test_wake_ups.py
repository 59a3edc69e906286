"""The bare thread wakes for the hops that are answered, before them, and does not take them away."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from dgstudio.bench.wake_ups import WakeUps
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.types import Block, StreamKind, StreamSpec

SPEC = StreamSpec("s", StreamKind.SIGNAL, 100.0, ("a",), 0.1, 0.02)


@pytest.fixture
def engine() -> Any:
    return SimpleNamespace(spec=SPEC, ring=SampleRing(1000, 1))


def append(engine: Any, count: int, arrival: float) -> None:
    first = engine.ring.total
    times = np.arange(first, first + count) / SPEC.rate
    engine.ring.append(Block(times, np.zeros((count, 1), np.float32)), arrival)


def test_a_wake_up_is_counted_for_each_hop_from_its_arrival(engine: Any) -> None:
    wake_ups = WakeUps(engine)
    try:
        append(engine, 9, time.perf_counter())
        wait_until(lambda: not wake_ups._grown.is_set())
        assert wake_ups.delay.total == 0, "no window is complete"
        append(engine, 1, time.perf_counter() - 3.0)
        wait_until(lambda: wake_ups.delay.total == 1)
        append(engine, 4, time.perf_counter())
        wait_until(lambda: wake_ups.delay.total == 3)
    finally:
        wake_ups.stop()
    assert wake_ups.delay.since(0)[0] >= 3000 and wake_ups.delay.since(1).min() >= 0
    assert wake_ups.p99_ms > 2000
    assert not any(thread.name == "bench-wake" for thread in threading.enumerate())


def test_whoever_answers_is_woken_as_before(engine: Any) -> None:
    wake_ups = WakeUps(engine)
    try:
        append(engine, 10, time.perf_counter())
        wait_until(lambda: wake_ups.delay.total == 1)
        assert engine.ring.grown.is_set()
        engine.ring.grown.clear()
        assert not engine.ring.grown.wait(0.01)
    finally:
        wake_ups.stop()
