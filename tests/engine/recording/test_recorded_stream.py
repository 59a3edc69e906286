"""Looking back: what the rings have let go of is still there to be seen and labelled, where it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.recording.lookback import Lookback
from dgstudio.engine.recording.replay import Replay
from dgstudio.engine.recording.replayed import Replayed
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session

Rigs = Callable[..., Any]


def test_a_recording_lets_one_look_back_further_than_the_rings(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    engine = rig.engine
    early = rig.play("Standing")
    rig.said.clear()
    engine.recording.record(True)
    rig.heard("recording")
    everything = []
    for activity, takes in rig.motions.takes.items():
        everything += rig.play(activity, len(takes) - (activity == "Standing"))
    ring, recorded = engine.ring, engine.recorded_past
    held = ring.reach()
    reach = Lookback(ring, engine.lane.readings, recorded).reach()
    assert reach[0] <= everything[0].start < held[0] - 60 and reach[1] == held[1]
    # From the recording, from over the edge, and from the rings: nothing is missing, nothing is there twice.
    for start, end in (
        (everything[5].start, everything[5].start + 20),
        (held[0] - 10, held[0] + 10),
        (held[1] - 5, held[1]),
    ):
        past = Lookback(ring, engine.lane.readings, recorded).past(start, end)
        steps = np.diff(past.times)
        assert steps.min() > 0 and np.allclose(steps, 1 / engine.spec.rate)
        assert past.times[0] <= start + 0.11 and past.times[-1] >= end - 0.11 and len(past.values) == len(past.times)
        wanted = [(r.end, r.top) for r in everything if start - 1e-6 < r.end <= end + 1e-6]
        assert [(reading.end, reading.top) for reading in past.readings] == wanted
    info = engine.labels.add_class("long ago")
    rig.settle()
    engine.labels.label_span(info.id, everything[0].start, everything[60].end)
    rig.settle()
    assert engine.book.labels(info.id)[0] > 50
    with pytest.raises(BadInputError, match="left the buffer, which holds the last 7"):
        engine.labels.label_span(info.id, early[0].start, early[-1].end)


def test_after_a_pause_of_the_recording_the_rings_say_how_far_back_one_can_look(rigs: Rigs, tmp_path: Path) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    engine = rig.engine
    engine.recording.record(True)
    first = rig.play("Walking")
    engine.recording.record(False)
    for activity, takes in rig.motions.takes.items():
        rig.play(activity, len(takes) - 2 * (activity == "Walking"))
    held = engine.ring.reach()
    assert held[0] > first[-1].end and engine.lookback.reach() == held


def test_answers_below_the_users_threshold_replay_as_they_were(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.lane.abstain = float(np.median([reading.confidence for reading in rig.play("Running")]))
    rig.engine.recording.record(True)
    rig.heard("recording")
    answers = rig.play("Running", 3) + rig.play("Badminton", 5)
    assert any(reading.unsure == "unlikely" for reading in answers) and any(not reading.unsure for reading in answers)
    assert rig.engine.stop() == []
    found: list[Replayed] = []
    with Session.open(path) as session:
        figures = Replay(session, each=found.append).run()
    assert figures.mismatches == 0 and figures.checked == len(answers)
    assert [again.recorded.top for again in found] == [reading.top for reading in answers]
