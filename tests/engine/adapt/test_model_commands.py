"""What the user does to the model of a running engine: dials that come back with a version, no room, nothing parked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dgstudio.engine.lifecycle.resume import LEARNING
from dgstudio.session.file import Session
from dgstudio.types import Mode

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
