"""The drift watch on the simulator: silent on a person who changes gestures, and heard when the sensor is turned."""

from __future__ import annotations

import numpy as np
import pytest
from later import Later

from dgstudio.engine.adapt.drift import DriftWatch, PageHinkley
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.serving.lane import Hop, Lane
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import Example

drift = Later("river.drift")


def played(
    seconds: float,
    at: float,
    knobs: dict[str, float | str],
    seed: int = 0,
    store: SnapshotStore | None = None,
    begin_with: str = "auto",
) -> tuple[list[float], DriftWatch]:
    """Seconds at which drift was told, of a stream whose knobs are turned at `at`; by default, on the shipped base."""
    source = SimulatorSource(seed=seed, speed=0)
    source.set_knob("gesture", begin_with)
    if store is None:
        base, _ = base_for(source.spec)
        assert base is not None
        store = SnapshotStore(base.snapshot())
    lane = Lane(store, ClassTable())
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
    assert watch.novelty is not None and watch.novelty < 0.8


@pytest.mark.parametrize("knobs", [{"rotation": 90.0}, {"noise": 0.5}, {"gesture": "wave"}])
def test_a_turned_or_noisy_sensor_and_a_new_gesture_are_heard(knobs: dict[str, float | str]) -> None:
    told, watch = played(32.0, 20.0, knobs)
    assert told and 20.0 < told[0] < 24.0
    assert watch.novelty is not None and watch.novelty > 1.0


def from_nothing(seed: int, gestures: tuple[str, ...]) -> SnapshotStore:
    """What a learner without a base has published after three seconds of each gesture."""
    source = SimulatorSource(seed=seed, speed=0)
    features, spec, learner, number = SignalFeatures(source.spec), source.spec, Learner.begin(None), 0
    source.open()
    for class_id, gesture in enumerate(gestures):
        learner.add_class(class_id)
        source.set_knob("gesture", gesture)
        values = seconds_of(source, 1.5)  # goes over from the gesture before
        values = seconds_of(source, 3.0)
        rows = [features(values[end - spec.window : end]) for end in range(spec.window, len(values), 20)]
        learner.absorb([Example(number + i, class_id, 0, row, 0.0, 1.0) for i, row in enumerate(rows)])
        number += len(rows)
    source.close()
    learner.step()
    return learner.store


def seconds_of(source: SimulatorSource, seconds: float) -> np.ndarray:
    blocks: list[np.ndarray] = []
    while sum(map(len, blocks)) < seconds * source.spec.rate:
        block = source.read(0.0)
        assert block is not None
        blocks.append(block.values)
    return np.concatenate(blocks)


def test_from_nothing_it_hears_too_what_no_example_is_like() -> None:
    store = from_nothing(3, ("rest", "circle", "walk"))
    told, watch = played(15.0, 0.0, {"gesture": "walk"}, seed=3, store=store)
    assert told == [] and watch.novelty is not None and watch.novelty < 1.0
    told, watch = played(20.0, 10.0, {"gesture": "shake"}, seed=3, store=store, begin_with="walk")
    assert told and 10.0 < told[0] < 16.0


def test_with_nothing_learned_there_is_no_novelty() -> None:
    told, watch = played(2.0, 0.0, {}, store=SnapshotStore(Snapshot()))
    assert told == [] and watch.novelty is None


@pytest.mark.parametrize("seed", range(6))
def test_page_hinkley_is_that_of_river(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Rises and falls of the mean, of other sizes each time.
    means = np.repeat(rng.uniform(0, 2, 12), rng.integers(20, 200, 12))
    values = np.clip(rng.normal(means, 0.5), 0, 3)
    test = PageHinkley(tolerance=0.25, threshold=8.0, warm_up=29)
    # Its sum forgets a ten-thousandth a step unless told not to, and listens for falls as well.
    other = drift.PageHinkley(min_instances=30, delta=0.25, threshold=8.0, alpha=1.0, mode="up")
    ours, theirs = [], []
    for place, value in enumerate(values.tolist()):
        if test.add(value):
            ours.append(place)
        other.update(value)
        if other.drift_detected:
            theirs.append(place)
    assert ours == theirs and ours


def test_page_hinkley_hears_a_rise_and_not_a_fall() -> None:
    test = PageHinkley(tolerance=0.1, threshold=5.0, warm_up=10)
    rng = np.random.default_rng(0)
    assert not any(test.add(v) for v in rng.normal(1.0, 0.2, 300))
    assert not any(test.add(v) for v in rng.normal(0.2, 0.2, 100))
    assert any(test.add(v) for v in rng.normal(2.0, 0.2, 60))
