"""What the user does to the model of a running engine: dials that come back with a version, no room, nothing parked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dgstudio.engine.adapt import learn_worker
from dgstudio.engine.lifecycle.resume import LEARNING
from dgstudio.engine.recording.replay import Replay
from dgstudio.session.file import Session
from dgstudio.types import Mode, PublishRecord

Rigs = Callable[..., Any]
NEW = "Badminton"


def test_a_roll_back_brings_the_dials_back_in_the_session_too(rigs: Rigs, tmp_path: Any) -> None:
    rig = rigs(Session.create(tmp_path / "a.dgs"))
    engine, learner = rig.engine, rig.engine.learner
    engine.model.set_openness(0.1, 0.4)
    rig.teach(NEW, NEW)
    version = learner.store.head.version
    engine.model.set_openness(-0.3, 0.2)
    engine.model.set_mode(Mode.ROUTING)
    rig.settle()
    engine.model.roll_back(version)
    rig.settle()
    assert (learner.settings.tau, learner.settings.delta, learner.mode) == (0.1, 0.4, Mode.BOTH)
    assert engine.session.config(LEARNING) == {
        "rule": "locked bank",
        "mode": "both",
        "tau": 0.1,
        "delta": 0.4,
        "protected": 400,
        "seal_at": 1000,
        "features": 1024,
    }


def test_what_there_is_no_room_for_waits_and_is_said_once(rigs: Rigs) -> None:
    rig = rigs()
    learner = rig.engine.learner
    learner.settings = replace(learner.settings, seal_at=20, max_banks=1)
    for _ in range(3):
        rig.teach(NEW, NEW)
    assert len(learner.training.learned) == 20 and learner.refusal == learner.crowded is not None
    assert "Train a new base" in rig.heard("no room").sentence and len(rig.events("no room")) == 1
    rig.engine.model.protect_now()
    rig.settle()
    assert rig.heard("refused").sentence.startswith("Nothing was protected: the model has 1 sealed bank,")
    rig.check_all()


def test_resuming_says_what_is_learned_again(rigs: Rigs) -> None:
    rig = rigs()
    rig.engine.model.resume_parked()
    assert "No example is parked" in rig.heard("resumed").sentence
    rig.teach(NEW, NEW)
    rig.engine.model.roll_back(0)
    rig.settle()
    parked = len(rig.engine.learner.parked)
    rig.engine.model.resume_parked()
    rig.settle()
    assert f"{parked} parked examples follow their labels again." == rig.heard("resumed").sentence and parked > 10


def test_what_is_learned_comes_part_by_part_and_every_answer_is_of_a_version(
    rigs: Rigs, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, until: Any
) -> None:
    # The next part does not come by itself while this test looks.
    monkeypatch.setattr(learn_worker, "PART_AFTER_S", (1e6, 1e6))
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    engine, learner = rig.engine, rig.engine.learner
    engine.comparison.choose("in_place")
    engine.recording.record(True)
    rig.teach(NEW, NEW)
    assert not any(record.parts_left for record in engine.learn.history)
    engine.model.set_parts_apart(True)
    assert engine.model.dials.parts_apart
    rig.settle()
    info = engine.labels.add_class("other")
    rig.settle()
    taught = rig.play("Walking", 2)
    engine.labels.label_span(info.id, taught[0].start, taught[-1].end)

    def parts() -> list[PublishRecord]:
        return [record for record in engine.learn.history if record.parts_left]

    seen: set[int] = set()
    for count in range(1, 5):
        until(lambda: len(parts()) == count)  # noqa: B023
        (version,) = {reading.version for reading in rig.play("Running")[1:]}
        assert version == parts()[-1].version
        seen.add(version)
        engine.learn._next_publish = 0.0
        engine.learn.wake()
    monkeypatch.setattr(learn_worker, "PART_AFTER_S", (0.01, 0.02))
    until(lambda: len(parts()) == 5)
    engine.learn._next_publish = 0.0
    rig.settle()
    assert {record.reason.name for record in parts()} <= {None, NEW, "other", "Walking", "Standing", "Running"}
    assert not learner.training.partway and engine.stats().learned == len(learner.training.every())
    rig.play("Walking")
    rig.play(NEW)
    # It is one act for who goes back: to before it, and not to one of its parts.
    head = learner.store.head
    engine.model.roll_back()
    rig.settle()
    assert learner.store.head.digest not in {record.digest for record in parts()}
    engine.model.go_forward()
    rig.settle()
    assert learner.store.head.digest == head.digest
    engine.model.set_parts_apart(False)
    rig.settle()
    versions = learner.store.head.version
    rig.teach("third", "Standing")
    assert not any(record.parts_left for record in engine.learn.history if (record.version or 0) > versions)
    rig.check_all()
    stats, (twin,) = engine.stats(), engine.comparison.twins
    until(lambda: engine.learn.receipts.caught_up)
    assert stats.torn == stats.unpublished == stats.unattributed == 0 and twin.figures().unpublished > 0
    rig.engine.stop()
    # It is for an audience, and over with the session; what answered is in the recording, bit for bit.
    with Session.open(path) as session:
        assert {record.parts_left for record in session.records()} >= {0, 1}
        figures = Replay(session).run()
        assert figures.checked == figures.answers > 0 == figures.mismatches and figures.versions > len(seen) == 4
    again = rigs(Session.open(path))
    assert not again.engine.learner.parts_apart and not again.engine.model.dials.parts_apart
