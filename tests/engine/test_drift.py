"""The drift watch on the simulator: silent on a person who changes gestures, and heard when the sensor is turned."""

from __future__ import annotations

import numpy as np
import pytest

from dgstudio.engine.bases import base_for
from dgstudio.engine.classes import ClassTable
from dgstudio.engine.drift import DriftWatch, PageHinkley
from dgstudio.engine.lane import Hop, Lane
from dgstudio.model.store import SnapshotStore
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.simulator import SimulatorSource


def played(seconds: float, at: float, knobs: dict[str, float | str], seed: int = 0) -> tuple[list[float], DriftWatch]:
    """Seconds at which drift was told, of a stream whose knobs are turned at `at`."""
    source = SimulatorSource(seed=seed, speed=0)
    base, _ = base_for(source.spec)
    assert base is not None
    lane = Lane(SnapshotStore(base.snapshot()), ClassTable())
    watch, features = DriftWatch(lane), SignalFeatures(source.spec)
    window, hop, told = source.spec.window, source.spec.hop, []
    source.open()
    buffer, number = np.zeros((0, 6), np.float32), 0
    while source.sent < seconds * source.spec.rate:
        if source.sent >= at * source.spec.rate:
            for name, value in knobs.items():
                source.set_knob(name, value)
        block = source.read(0.0)
        assert block is not None
        buffer = np.concatenate([buffer, block.values])[-(window + hop) :]
        # One hop in EVERY is looked at; the others need not be answered here.
        if len(buffer) > window and source.sent % (4 * hop) < len(block.times):
            end = source.sent / source.spec.rate
            lane.answer(Hop(number, source.sent, end - 1, end, features(buffer[-window:]), None, 0.0))
            number += 4
            if watch.turn(lane.store.head):
                told.append(end)
    source.close()
    return told, watch


def test_gestures_that_the_base_knows_are_no_drift() -> None:
    told, watch = played(45.0, 0.0, {}, seed=5)
    assert told == []
    assert watch.novelty is not None and watch.novelty < 0.4


@pytest.mark.parametrize("knobs", [{"rotation": 90.0}, {"noise": 0.5}, {"gesture": "wave"}])
def test_a_turned_or_noisy_sensor_and_a_new_gesture_are_heard(knobs: dict[str, float | str]) -> None:
    told, watch = played(32.0, 20.0, knobs)
    assert told and 20.0 < told[0] < 26.0
    assert watch.novelty is not None and watch.novelty > 1.0


def test_page_hinkley_hears_a_rise_and_not_a_fall() -> None:
    test = PageHinkley(tolerance=0.1, threshold=5.0, warm_up=10)
    rng = np.random.default_rng(0)
    assert not any(test.add(v) for v in rng.normal(1.0, 0.2, 300))
    assert not any(test.add(v) for v in rng.normal(0.2, 0.2, 100))
    assert any(test.add(v) for v in rng.normal(2.0, 0.2, 60))
