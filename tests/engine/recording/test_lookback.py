"""Looking back: what the buffer holds of a stretch, and the one sentence about what it no longer holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.recording.lookback import Lookback
from dgstudio.engine.recording.recorded_stream import RecordedStream
from dgstudio.engine.runtime.rings import RecordRing, SampleRing
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.types import Block, StreamSpec

Rigs = Callable[..., Any]
SPEC = StreamSpec("tape", "signal", 10.0, ("a", "b"), 1.0, 0.1)
UNRECORDED = RecordedStream(Session.memory().recorded, SPEC, [], lambda: 1.0)


def looking(ring: SampleRing) -> Lookback:
    return Lookback(ring, RecordRing(4), UNRECORDED)


def filled(samples: int, capacity: int = 160) -> SampleRing:
    ring = SampleRing(capacity, 2)
    for first in range(0, samples, 10):
        numbers = np.arange(first, first + 10)
        ring.append(Block(numbers / 10, np.repeat(numbers[:, None], 2, 1).astype(np.float32)), 0.0)
    return ring


def test_a_stretch_is_found_by_its_times_ends_included() -> None:
    times, values = filled(100).between(2.0, 3.05)
    assert times == pytest.approx(np.arange(20, 31) / 10) and values[:, 0].tolist() == list(range(20, 31))
    assert [len(part) for part in filled(100).between(50.0, 60.0)] == [0, 0]
    assert filled(0).between(0.0, 1.0)[1].shape == (0, 2) and filled(0).reach() is None


def test_what_was_overwritten_is_left_out_and_the_reach_says_from_where() -> None:
    ring = filled(1000)
    oldest, newest = ring.reach()
    assert newest == 99.9 and 13.0 < newest - oldest <= 16.0
    times, values = ring.between(0.0, 200.0)
    assert times[0] == oldest and times[-1] == newest
    assert np.array_equal(values[:, 0], np.round(times * 10).astype(np.float32))


def test_the_answers_of_a_stretch_come_with_its_samples(rigs: Rigs) -> None:
    rig = rigs()
    readings = rig.play("Walking", 2)
    engine, some = rig.engine, readings[10:30]
    past = engine.lookback.past(some[0].end, some[-1].end)
    assert [reading.hop for reading in past.readings] == [reading.hop for reading in some]
    assert (past.times[0], past.times[-1]) == (some[0].end, some[-1].end)
    assert looking(SampleRing(100, 2)).past(0.0, 1.0).readings == ()


def test_what_has_left_the_buffer_is_refused_with_one_sentence() -> None:
    ring = filled(1000)
    oldest, newest = ring.reach()
    looking(ring).require_held(oldest, newest)
    with pytest.raises(BadInputError, match=r"^That stretch has left the buffer, which holds the last 1\d s: mark"):
        looking(ring).require_held(1.0, 2.0)
    with pytest.raises(BadInputError, match=r"^The beginning of that stretch has left the buffer"):
        looking(ring).require_held(1.0, newest)
    with pytest.raises(BadInputError, match="nothing to label"):
        looking(filled(0)).require_held(0.0, 1.0)


def test_a_refused_stretch_changes_nothing_and_a_suggestion_is_known_as_one(rigs: Rigs) -> None:
    rig = rigs()
    readings = rig.play("Walking")
    with pytest.raises(BadInputError, match="left the buffer"):
        rig.engine.labels.label_span(0, -9.0, -8.0)
    rig.settle()
    assert rig.engine.book.takes() == []
    rig.engine.labels.label_span(0, readings[0].start, readings[-1].end, "suggestion")
    rig.settle()
    assert [take.who for take in rig.engine.book.takes()] == ["suggestion"]
