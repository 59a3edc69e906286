"""Protecting in a running engine: recent inputs join, stable classes by themselves, releasing is taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dgstudio.engine.adapt import auto_protect
from dgstudio.engine.adapt.auto_protect import OWN_INPUT, STABLE_S, StableClasses, protected_inputs, recent_inputs
from dgstudio.learning.contract.protected import RECENT
from dgstudio.session.file import Session
from dgstudio.types import Take

Rigs = Callable[..., Any]
NEW = "Badminton"


def recents(rig: Any) -> int:
    return int((rig.engine.learner.training.protected.ids == RECENT).sum())


def listed(rig: Any) -> list[auto_protect.ProtectedInput]:
    learner = rig.engine.learner
    return protected_inputs(learner.training, learner.store.head.temperature)


def test_what_was_seen_of_late_and_not_labelled_joins_too(rigs: Rigs) -> None:
    rig = rigs()
    rig.play("Walking", 2)
    rig.teach(NEW, NEW)
    before = rig.engine.learner.protected_count
    rig.engine.model.protect_now()
    rig.settle()
    count = recents(rig)
    assert 0 < count <= (rig.engine.learner.protected_count - before) / 2
    names = rig.engine.classes.names
    # Nothing of what was labelled comes in by that door.
    assert {names[held.class_id] for held in listed(rig) if held.origin == "recent input"} <= {"Walking", "Standing"}
    assert f"and {count} recent input" in rig.engine.book.history()[0][-1].text
    rig.check_all()


def test_recent_inputs_keep_their_distance_and_leave_out_what_is_labelled(rigs: Rigs) -> None:
    rig = rigs()
    readings = rig.play("Walking")
    found = recent_inputs(readings, [])
    assert 1 < len(found) < len(readings)
    ends = [r.end for r in readings if any(r.features is raw for raw in found)]
    assert min(np.diff(ends)) >= auto_protect.APART_S - 1e-9
    assert recent_inputs(readings, [Take(0, 0, readings[0].start, readings[-1].end, "s")]) == []


def test_the_list_says_where_each_comes_from_and_how_sure_it_was(rigs: Rigs) -> None:
    rig = rigs()
    rig.teach(NEW, NEW)
    rig.engine.model.protect_now()
    rig.settle()
    held = listed(rig)
    assert len(held) == rig.engine.learner.protected_count
    assert {entry.origin.split()[0] for entry in held} >= {"the", "example"}
    assert all(0.0 <= entry.confidence <= 1.0 for entry in held)
    own = [entry for entry in held if entry.origin == OWN_INPUT]
    assert np.mean([entry.confidence > 0.5 for entry in own]) > 0.9
    (example,) = [e for e in rig.engine.book.active_examples() if e.id == held[-1].example_id] or [None]
    if example is not None:
        assert np.array_equal(example.features, held[-1].features)


def test_releasing_is_taken_back_and_done_again(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.teach(NEW, NEW)
    rig.engine.model.protect_now()
    rig.settle()
    learner, count = rig.engine.learner, rig.engine.learner.protected_count
    rig.engine.model.release_inputs([entry.features for entry in listed(rig)[-3:]])
    rig.settle()
    assert learner.protected_count == count - 3
    assert rig.engine.book.history()[0][-1].text == "3 protected inputs released: the answers may move"
    for _ in range(2):
        rig.engine.labels.undo()
        rig.settle()
        assert learner.protected_count == count
        rig.engine.labels.redo()
        rig.settle()
        assert learner.protected_count == count - 3
    rig.check_all()
    rig.engine.stop()
    again = rigs(Session.open(path))
    again.engine.labels.undo()
    again.settle()
    assert again.engine.learner.protected_count == count


def test_relabelling_where_it_is_protected_releases_those_and_is_said(rigs: Rigs) -> None:
    rig = rigs()
    walked = rig.play("Walking")
    rig.teach(NEW, NEW)
    rig.engine.model.protect_now()
    rig.settle()
    before, count = rig.engine.learner.protected_count, recents(rig)
    assert count
    info = rig.engine.classes.by_name(NEW)
    rig.label(info.id, walked)
    records = [record for record in rig.engine.learn.history.since(0)[0] if record.kind == "released"]
    assert records and "relabelled: the answers may move" in records[-1].reason.words
    gone = before - rig.engine.learner.protected_count
    assert 0 < gone <= count and recents(rig) == count - gone
    # It came of the labels: taking back the last act takes back those.
    assert rig.engine.book.history()[0][-1].kind == "take"
    rig.check_all()


class Watched(StableClasses):
    """Counts how often it was asked, by a clock that a test sets."""

    def __init__(self) -> None:
        self.now, self.turns = 100.0, 0
        super().__init__(lambda: self.now)

    def turn(self, learner: Any) -> tuple[int, ...]:
        found = super().turn(learner)
        self.turns += 1
        return found


def test_a_stable_class_is_protected_by_itself_once_and_can_be_taken_back(
    rigs: Rigs, until: Callable[..., None]
) -> None:
    rig = rigs(start=False)
    rig.engine.model.stable = stable = Watched()
    rig.engine.start()
    learner = rig.engine.learner

    def after(seconds: float) -> int:
        """The number of protected inputs, once it has been looked twice after so many seconds more."""
        stable.now += seconds
        turns = stable.turns
        until(lambda: stable.turns >= turns + 2)
        rig.settle()
        return learner.protected_count

    rig.teach(NEW, NEW)
    count = learner.protected_count
    assert after(2 * STABLE_S) == count, "off by default"
    rig.engine.model.protect_by_itself(True)
    assert after(0.0) == count and after(STABLE_S - 1) == count
    rig.teach("Running", "Running")
    assert after(2.0) == count, "another class is still being taught"
    assert after(STABLE_S - 1) > count
    (act,) = [act for act in rig.engine.book.history()[0] if act.kind == "protected"]
    assert "Badminton" in act.text and "Running" in act.text and "stable for 30 s, protected by itself: " in act.text
    rig.engine.labels.undo()
    rig.settle()
    assert after(0.0) == count and after(5 * STABLE_S) == count, "what was taken back is not done again by itself"
    rig.check_all()


def test_what_is_answered_wrongly_is_not_protected_by_itself(
    rigs: Rigs, until: Callable[..., None], monkeypatch: Any
) -> None:
    monkeypatch.setattr(auto_protect, "RIGHT", 1.1)
    rig = rigs(start=False)
    rig.engine.model.stable = stable = Watched()
    stable.on = True
    rig.engine.start()
    rig.teach(NEW, NEW)
    until(lambda: stable.turns > 1)
    count, stable.now = rig.engine.learner.protected_count, stable.now + 2 * STABLE_S
    turns = stable.turns
    until(lambda: stable.turns > turns + 2)
    rig.settle()
    assert rig.engine.learner.protected_count == count


def test_how_many_and_whether_by_itself_are_part_of_the_session(rigs: Rigs, tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    rig = rigs(Session.create(path))
    rig.engine.model.set_protected(50)
    rig.engine.model.protect_by_itself(True)
    rig.settle()
    rig.engine.stop()
    again = rigs(Session.open(path))
    assert again.engine.learner.settings.protected == 50 and again.engine.model.stable.on
