"""A session that is closed, or killed, and opened again goes on where it was, byte for byte."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import DEADLINE_S, wait_until

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.resume import LEARNING
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.snapshot import frozen
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.types import Mode

Rigs = Callable[..., Any]
NEW = "Badminton"


def state_of(engine: Engine) -> dict[str, Any]:
    """All that has to come back."""
    store, learner = engine.learner.store, engine.learner
    protected, cohorts = learner.training.protected.to_arrays()
    return {
        "classes": engine.classes.every(),
        "takes": standing_takes(engine),
        "examples": [(e.id, e.class_id, e.features.tobytes()) for e in engine.book.active_examples()],
        "head": (store.head.version, store.head.digest, store.head.classes),
        "serving": (store.serving.version, store.serving.digest, store.pinned),
        "protected": {name: array.tobytes() for name, array in protected.items()},
        "cohorts": cohorts,
        "learned": learner.training.learned.tolist(),
        "seals": [(seal.bank, seal.ids.tolist(), seal.before) for seal in learner.training.seals],
        "parked": learner.parked,
        "certified": learner.certified_version,
        "history": [(r.seq, r.kind, r.version, r.reason.words) for r in engine.learn.history.since(0)[0]],
    }


def standing_takes(engine: Any) -> list[Any]:
    ids = sorted({example.take_id for example in engine.book.active_examples()})
    return [replace(engine.book.take(take_id), created_unix=0.0) for take_id in ids]


def reopened(rigs: Rigs, path: Path, **options: Any) -> Any:
    return rigs(Session.open(path), **options)


def test_everything_comes_back(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    rig.engine.model.protect_now()
    rig.settle()
    sealed = rig.engine.learner.store.head.version
    rig.teach("other", "Running")
    rig.engine.model.roll_back(sealed)
    rig.settle()
    rig.teach("third", "Walking")
    rig.engine.labels.undo()
    rig.settle()
    before = state_of(rig.engine)
    assert before["parked"] and before["seals"] and len(before["takes"]) == 2
    assert rig.engine.stop() == []

    again = reopened(rigs, path)
    assert state_of(again.engine) == before
    again.play("Standing")
    assert {r.certified for r in again.play("Standing")} == {sealed}
    again.check_all()
    # Numbers go on where they were, and undo takes back what was done before.
    used = {id for id, _, _ in before["examples"]} | {e.id for e in again.engine.book.examples_of(2)}
    class_id = again.teach("fourth", "Running")
    fresh = {e.id for e in again.engine.book.active_examples() if e.class_id == class_id}
    assert fresh and not fresh & used
    assert class_id not in {info.id for info in before["classes"]}
    assert again.engine.learner.store.head.version > before["head"][0]
    # Take and class "fourth", class "third" (its take was undone before), take "other".
    for _ in range(4):
        again.engine.labels.undo()
    again.settle()
    assert len(standing_takes(again.engine)) == 1
    assert again.engine.classes.by_name("third") is None
    again.engine.labels.redo()
    again.settle()
    assert standing_takes(again.engine) == before["takes"]
    # Their times are of a clock that has stopped: the ribbon of this run does not show them.
    assert again.engine.book.takes() == []
    again.engine.model.resume_parked()
    again.settle()
    assert not again.engine.learner.parked and len(again.engine.learner.store.head.banks) == 2
    again.check_all()


def test_opening_again_without_doing_anything_changes_nothing(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    before = state_of(rig.engine)
    rig.engine.stop()
    for _ in range(2):
        again = reopened(rigs, path)
        assert state_of(again.engine) == before
        again.engine.stop()


def test_a_version_that_only_the_session_holds_can_be_rolled_back_to_and_pinned(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    first = rig.engine.learner.store.head
    rig.teach(NEW, NEW)
    second = rig.engine.learner.store.head
    rig.engine.stop()

    again = reopened(rigs, path)
    store = again.engine.learner.store
    assert not store.holds(first.version)
    again.engine.model.pin(first.version)
    again.settle()
    readings = again.play(NEW)
    assert {(r.version, r.digest) for r in readings} == {(first.version, first.digest)}
    again.engine.model.unpin()
    again.engine.model.roll_back(first.version)
    again.settle()
    assert store.head.digest == first.digest and store.head.version > second.version
    assert again.engine.learner.parked
    again.engine.model.roll_back(0)
    again.settle()
    assert not store.head.banks
    again.check_all()


def test_a_pinned_version_is_served_again(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    pinned = rig.engine.learner.store.head
    rig.engine.model.pin(pinned.version)
    rig.teach(NEW, NEW)
    assert rig.engine.learner.store.head.version > pinned.version
    before = state_of(rig.engine)
    rig.engine.stop()
    again = reopened(rigs, path)
    assert state_of(again.engine) == before
    assert {r.digest for r in again.play(NEW)} == {pinned.digest}


def test_what_began_from_nothing_comes_back(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path), nothing=True)
    rig.teach("a", "Standing")
    rig.teach("b", "Running")
    before = state_of(rig.engine)
    rig.engine.stop()
    again = reopened(rigs, path, nothing=True)
    assert state_of(again.engine) == before
    again.teach("a", "Standing")
    assert again.share_of("b", again.play("Running")) > 0.9
    again.check_all()


def test_a_session_from_nothing_is_compared_with_twins_from_nothing(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path), nothing=True)
    rig.teach("a", "Standing")
    rig.engine.stop()
    # The base that ships is at hand, and this session does not stand on it.
    again = reopened(rigs, path)
    assert again.engine.candidates.base is None and not again.events("session")
    again.engine.comparison.choose("swap", "ours_routing")
    # Our own is made by the learner, and answers from its first version on.
    wait_until(lambda: all(twin.idle for twin in again.engine.comparison.twins), "both twins")
    again.play("Standing")
    assert [twin.figures().reads > 0 for twin in again.engine.comparison.twins] == [True, True]


def test_a_session_on_another_base_says_that_no_twin_can_be_compared(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach("a", "Standing")
    rig.engine.stop()
    base = rig.motions.base
    other = replace(base, phi=replace(base.phi, W1=frozen(base.phi.W1 * 2)))
    again = Engine(rig.tape, other, Session.open(path))
    try:
        assert any("no twin" in event.sentence for event in again.events.drain())
        with pytest.raises(BadInputError, match="is not at hand"):
            again.comparison.choose("swap")
        assert again.comparison.kinds == ()
    finally:
        again.stop()


def test_a_session_of_another_stream_is_refused_with_a_sentence(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.stop()
    source = open_source("simulator")
    source.spec = replace(source.spec, channels=("a", "b"))
    with (
        Session.open(path) as session,
        pytest.raises(BadInputError, match=r"it has 2 channels.*made with, “basic_motions”.*--source"),
    ):
        Engine(source, None, session)


def test_a_stream_of_other_windows_is_answered_in_those_of_the_session(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    made = rig.engine.spec
    rig.engine.stop()
    source = open_source("basic_motions")
    source.spec = replace(source.spec, rate=200.0, window_s=1.0)
    again = Engine(source, None, Session.open(path))
    try:
        assert (again.spec.rate, again.spec.window, again.spec.hop) == (made.rate, made.window, made.hop)
    finally:
        again.stop()
    source.spec = replace(source.spec, rate=2.0)
    with Session.open(path) as session, pytest.raises(BadInputError, match=r"2 samples a second, too few.*--source"):
        Engine(source, None, session)


# -- killed ------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys, time
from pathlib import Path
from dgstudio.engine.engine import Engine
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.engine.lifecycle.resume import LEARNING
from dgstudio.model.base_model_file import BaseModel
from dgstudio.paths import sample
from dgstudio.session.file import Session
from dgstudio.streams.recordings.source import RecordingSource

path, how, base = sys.argv[1:]
source = RecordingSource(sample("basic_motions.csv"), speed=0, loop=False, takes=[30, 31])
base = BaseModel.load(Path(base))
session = Session.open(path) if os.path.exists(path) else Session.create(path)
engine = Engine(source, base, session, EngineSettings(lossless=True))
engine.start()

def until(condition):
    while not condition():
        time.sleep(0.001)

def heard(kind):
    return any(event.kind == kind for event in engine.events.drain())

until(lambda: engine.ended)
first, *_, last = engine.lane.readings.since(0)[0]
info = engine.classes.by_name("new") or engine.labels.add_class("new")
engine.labels.label_span(info.id, first.start, last.end)
until(lambda: heard("take saved"))
if how == "protected":
    until(lambda: engine.ended)
    engine.model.protect_now()
    until(lambda: engine.ended)
    print(engine.learner.store.head.digest, engine.learner.protected_count, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path: Path, base: BaseModel, how: str = "") -> list[str]:
    file = path.with_name("base.safetensors")
    base.save(file)
    program = [sys.executable, "-c", KILLED, str(path), how, str(file)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=DEADLINE_S)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_what_was_said_to_be_saved_is_there_after_kill_9_and_is_learned(
    rigs: Rigs, motions: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.dgs"
    killed(path, motions.base)
    with Session.open(path) as session:
        assert session.report.ok
        (take,) = session.takes()
        examples = session.examples()
    assert take.examples == len(examples) > 100

    rig = reopened(rigs, path)
    rig.settle()
    uninterrupted = Learner.begin(rig.motions.base)
    uninterrupted.add_class(take.class_id)
    uninterrupted.absorb(examples)
    uninterrupted.step()
    assert not uninterrupted.pending
    head, expected = rig.engine.learner.store.head, uninterrupted.store.head
    assert head.digest == expected.digest and head.classes == expected.classes
    assert rig.engine.book.total == len(examples)
    rig.check_all()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_kill_after_an_earlier_opening_does_not_bring_that_one_back(rigs: Rigs, motions: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    assert rig.engine.stop() == []
    digest, protected = killed(path, motions.base, "protected")
    again = reopened(rigs, path)
    again.settle()
    assert again.engine.learner.store.head.digest == digest
    assert again.engine.learner.protected_count == int(protected) > 150
    again.check_all()


# -- cannot be written -------------------------------------------------------------------------------------------


def test_a_session_that_cannot_be_written_is_gone_on_from_in_memory(
    rigs: Rigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    digest = rig.engine.learner.store.head.digest
    rig.engine.stop()
    session = Session.open(path)
    monkeypatch.setattr(session._database, "why_read_only", "the file may only be read")
    content = path.read_bytes()
    again = rigs(session)
    assert again.engine.learner.store.head.digest == digest
    assert "only be read" in again.heard("not saved").sentence
    again.teach("other", "Walking")
    assert again.engine.learner.store.head.digest != digest
    assert again.engine.stop() == []
    assert path.read_bytes() == content


def test_an_engine_with_labels_from_a_file_keeps_whole_takes(rigs: Rigs, tmp_path: Path, until: Any) -> None:
    path = tmp_path / "labels.csv"
    rng = np.random.default_rng(0)
    rows = [f"{0.0 if i < 100 else 5.0 + rng.normal()},{rng.normal()},{'a' if i < 100 else 'b'}" for i in range(200)]
    path.write_text("x,y,label\n" + "\n".join(rows) + "\n")
    session_path = tmp_path / "a.dgs"
    source = open_source(str(path), speed=0, loop=False, labels_column="label", rate=50.0)
    settings = EngineSettings(lossless=True, feed_labels=True)
    with Engine(source, None, Session.create(session_path), settings) as engine:
        until(lambda: engine.ended)
        engine.labels.undo()
        until(lambda: engine.ended)
        assert [info.name for info in engine.classes.living()] == ["a", "b"]
        assert engine.book.labels(1) == (0, 0, [])
        engine.labels.undo()
        until(lambda: engine.ended)
        assert [info.name for info in engine.classes.living()] == ["a"]
    with Session.open(session_path) as session:
        first, second = session.takes()
        hidden = session.inactive_ids()
        for take in (first, second):
            examples = [e for e in session.examples(active_only=False) if e.take_id == take.id]
            assert take.examples == len(examples) > 5
            assert (take.start, take.end) == (examples[0].start, examples[-1].end)
            assert {e.id in hidden for e in examples} == {take is second}


# -- the dials, another base, a rebuild --------------------------------------------------------------------------


def dials(engine: Engine) -> tuple[Any, ...]:
    settings = engine.learner.settings
    return settings.rule, engine.learner.mode, settings.tau, settings.delta


def test_rule_mode_and_openness_are_part_of_the_session(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.model.set_openness(-0.3, 0.05)
    rig.engine.model.set_mode(Mode.WEIGHTS)
    rig.teach(NEW, NEW)
    rig.engine.model.set_rule("gradient")
    rig.engine.model.set_openness(-9.0, 0.05)
    rig.settle()
    assert "no room" in rig.heard("refused").sentence
    before, turned = state_of(rig.engine), dials(rig.engine)
    assert turned == ("gradient", Mode.WEIGHTS, -0.3, 0.05)
    rig.engine.stop()
    again = reopened(rigs, path)
    assert dials(again.engine) == turned
    again.settle()
    assert state_of(again.engine) == before, "opening it publishes nothing"
    again.engine.model.set_mode(Mode.OFF)
    again.engine.model.set_rule("locked bank")
    again.settle()
    again.engine.stop()
    third = reopened(rigs, path)
    assert dials(third.engine) == ("locked bank", Mode.OFF, -0.3, 0.05)
    assert not third.engine.learner.pending


def test_dials_that_cannot_be_used_are_said_and_left_out(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rigs(Session.create(path)).engine.stop()
    for kept in ({"rule": "magic", "mode": "both", "tau": -0.4, "delta": 0.1}, 7, {"rule": "locked bank"}):
        session = Session.open(path)
        session.set_config(LEARNING, kept)
        rig = rigs(session)
        assert dials(rig.engine) == ("locked bank", Mode.BOTH, -0.5, 0.05)
        assert "learning settings cannot be used" in rig.heard("session").sentence
        rig.engine.stop()


def test_a_session_from_nothing_opens_with_the_rule_that_needs_no_base(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rigs(Session.create(path), nothing=True).engine.stop()
    session = Session.open(path)
    session.set_config(LEARNING, {"rule": "gradient", "mode": "both", "tau": -0.4, "delta": None})
    again = rigs(session, nothing=True)
    assert dials(again.engine) == ("locked bank", Mode.BOTH, -0.4, np.inf)


def test_a_base_that_the_gradient_rule_has_moved_is_still_the_one_it_began_with(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.model.set_rule("gradient")
    standing = next(info.id for info in rig.engine.classes.living() if info.name == "Standing")
    rig.label(standing, rig.play("Running"))
    head, base = rig.engine.learner.store.head, rig.motions.base
    assert head.base is not None and head.base.ids != base.base.ids
    learned = rig.engine.learner.training.base_learned
    rig.engine.stop()
    with Session.open(path) as session:
        assert session.latest_checkpoint().learned.tolist() == learned.tolist() != []
    again = reopened(rigs, path)
    assert again.engine.candidates.base is base
    again.engine.comparison.choose("swap")
    assert not again.events("session")


def test_deleting_what_is_sealed_offers_a_rebuild_in_a_reopened_session_too(
    rigs: Rigs, tmp_path: Path, until: Any
) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    first = [example.id for example in rig.engine.book.active_examples()]
    before = rig.engine.learner.store.head.version
    rig.teach("other", "Walking")
    rig.engine.model.protect_now()
    rig.settle()
    rig.engine.stop()

    again = reopened(rigs, path)
    engine = again.engine
    head = engine.learner.store.head
    engine.labels.delete_examples([e.id for e in engine.book.active_examples() if e.id not in first])
    offered = again.heard("rebuild offered")
    assert (
        offered.sentence
        == f"Label taken back; the model keeps what was sealed in bank 1 ({len(offered.fact.example_ids)} examples)"
    )
    assert " examples deleted. v" in again.heard("labels changed").sentence
    assert set(offered.fact.example_ids) <= engine.learner.training.every() and not set(offered.fact.example_ids) & set(
        first
    )
    engine.candidates.plan_rebuild(offered.fact.example_ids)
    until(lambda: engine.candidates.rebuild is not None, "the plan")
    assert engine.candidates.rebuild.ids == offered.fact.example_ids and engine.candidates.rebuild.before > before
    assert engine.learner.store.head is head
    engine.candidates.discard()
    engine.candidates.accept()
    engine.candidates.plan_rebuild(offered.fact.example_ids)
    until(lambda: engine.candidates.rebuild is not None, "the plan")
    engine.candidates.accept()
    again.settle()
    record = engine.learn.history.since(0)[0][-1]
    assert record.kind == "rebuilt" and engine.candidates.rebuild is None
    assert record.reason.words.startswith(
        f"rebuilt without {len(offered.fact.example_ids)} examples: 1 sealed bank made anew"
    )
    assert not engine.learner.training.every() & set(offered.fact.example_ids)
    assert engine.stats().protected_bits_changed == 0
    again.check_all()
    # What is left is what a model learns that never saw the second take.
    never = Learner.begin(again.motions.base)
    for class_id in (3, 4):
        never.add_class(class_id)
    never.absorb([e for e in engine.book.active_examples() if e.id in first])
    never.seal_and_protect()
    assert never.store.head.digest == engine.learner.store.head.digest
    engine.stop()
    third = reopened(rigs, path)
    assert third.engine.learner.store.head.digest == never.store.head.digest
    third.engine.model.roll_back(head.version)
    third.settle()
    assert third.engine.learner.store.head.digest == head.digest
    third.check_all()


def test_a_rebuild_of_what_is_not_sealed_is_refused_with_a_sentence(rigs: Rigs) -> None:
    rig = rigs()
    rig.teach(NEW, NEW)
    rig.engine.candidates.plan_rebuild((0, 1))
    assert "nothing to rebuild" in rig.heard("refused").sentence and rig.engine.candidates.rebuild is None


def test_the_version_before_a_seal_stays_though_nobody_asked_for_the_seal(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    learner = rig.engine.learner
    learner.settings = replace(learner.settings, seal_at=60)
    for _ in range(3):
        rig.teach(NEW, NEW)
    seals = learner.training.seals
    assert len(seals) == 3
    planned = [learner.plan_rebuild([int(seal.ids[0])]).snapshot.digest for seal in seals]
    rig.engine.stop()
    again = reopened(rigs, path)
    again.settle()
    plan = again.engine.learner.plan_rebuild
    assert [plan([int(seal.ids[0])]).snapshot.digest for seal in seals] == planned
