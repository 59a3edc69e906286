"""How much room routing has left: of an answer, over the protected inputs, and what moved a live answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dgstudio.engine.adapt.routing_margins import MOVED, PER_TURN, MarginReader, RoomWatch
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.plan import Plan
from dgstudio.model.robustness_bounds import bank_margins, gate_margin, room, routing_room, weight_bound
from dgstudio.session.format.rows import record_of, record_text
from dgstudio.types import Example

Rigs = Callable[..., Any]


@pytest.fixture
def learner(motions: Any) -> Learner:
    learner = Learner.begin(motions.base)
    rows = motions.base.protected[:6] + np.float32(3.0)
    learner.absorb([Example(i, 3, 0, raw, 0, 1) for i, raw in enumerate(rows)])
    learner.step()
    return learner


def looked_round(watch: RoomWatch, learner: Learner, protected: ProtectedSet | None = None) -> int:
    turns = 0
    store = learner.store
    while watch.turn(store.plan(store.head), learner.training.protected if protected is None else protected):
        turns += 1
    return turns


def test_the_watch_goes_round_p_once_and_sums_up_what_the_bounds_say(learner: Learner) -> None:
    watch, inputs = RoomWatch(), learner.training.protected.inputs
    assert watch.newest is None
    assert looked_round(watch, learner) == -(-len(inputs) // PER_TURN)
    found, whole = watch.newest, room(Plan(learner.store.head), inputs)
    assert found is not None and (found.version, found.inputs) == (1, len(inputs))
    assert found.gates == (whole.gamma.min(), np.median(whole.gamma))
    assert found.radius == (whole.radius.min(), np.median(whole.radius))
    least, median = found.routers or (0.0, 0.0)
    assert 0.05 < least < median and found.disagreement is None, "closed on all of P, by the proof's gap"
    assert looked_round(watch, learner) == 0


def test_another_head_or_another_p_is_looked_at_anew(learner: Learner) -> None:
    watch = RoomWatch()
    looked_round(watch, learner)
    learner.add_class(9)
    assert looked_round(watch, learner) > 0 and watch.newest is not None and watch.newest.version == 2
    assert looked_round(watch, learner, ProtectedSet()) == 0 and watch.newest is None


def test_a_reading_is_answered_again_by_the_version_that_it_names(rigs: Rigs) -> None:
    rig = rigs()
    before = rig.play("Standing")[-1]
    rig.teach("Badminton", "Badminton")
    after = rig.play("Badminton")[-1]
    ask, store = MarginReader(rig.engine.lane), rig.engine.learner.store
    for reading in (before, after):
        plan = Plan(store.get(reading.version))
        answer, margins = plan.answer(reading.features), ask(reading)
        assert margins is not None and margins.gates is not None
        assert margins.gates.radius == gate_margin(plan, answer).radius
        assert margins.gates.gamma == pytest.approx(reading.margin, rel=1e-3, abs=1e-5)
        assert margins.banks == bank_margins(plan, answer) and margins.routing == routing_room(plan, answer)
        assert margins.logits == weight_bound(plan, answer, MOVED).max()
    assert len(ask(after).banks) == 1 and ask(before).banks == ()
    assert before.certified == 0 and ask(before).since is None
    version, bound = ask(after).since
    assert after.certified is None and version == 0 and bound.routing.any(), "a bank speaks that was not there"


def test_a_version_that_is_gone_has_no_margins(rigs: Rigs) -> None:
    rig = rigs()
    reading = rig.play("Standing")[-1]

    assert MarginReader(rig.engine.lane)(replace(reading, version=99, digest="gone")) is None


def test_the_engine_tells_the_room_and_whose_examples_moved_the_live_answer(rigs: Rigs, until: Any) -> None:
    rig = rigs()
    badminton = rig.teach("Badminton", "Badminton")
    head = rig.engine.learner.store.head.version
    until(lambda: (found := rig.engine.stats().room) is not None and found.version == head, "a whole round")
    learned = [r for r in rig.engine.learn.history.since(0)[0] if r.kind == "learned"]
    moved = [r for r in learned if r.routing_delta or r.representation_delta]
    assert moved and all(r.live_causes for r in moved)
    assert moved[0].live_causes[0][0] == badminton
    kept = record_of((moved[0].seq, record_text(moved[0])))
    assert kept.live_causes == moved[0].live_causes
