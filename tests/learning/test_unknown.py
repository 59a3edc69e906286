"""Unsure instead of the newest class: what is unlike anything learned, and what is not."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from dgstudio.learning.learner import Learner
from dgstudio.learning.unknown import added_directions, directions, limit, residual
from dgstudio.model.basefile import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.types import Example, PublishRecord

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]
Settled = Callable[[Learner], list[PublishRecord]]


@pytest.fixture
def taught(base: BaseModel, begin: Begin, label: Label, settled: Settled) -> Learner:
    learner = begin(base)
    learner.add_class(3)
    learner.absorb(label(3, 20))
    settled(learner)
    return learner


def share_unsure(plan: Plan, rows: np.ndarray) -> float:
    return float(np.mean([plan.answer(raw).unsure for raw in rows]))


def test_what_was_taught_is_answered_and_what_was_not_is_unsure(taught: Learner, inputs: Inputs) -> None:
    plan = Plan(taught.store.head)
    assert share_unsure(plan, inputs(3, 60, 9)) < 0.1
    for class_id in (0, 1, 2):
        assert share_unsure(plan, inputs(class_id, 60, 9)) < 0.02
    noise = np.random.default_rng(0).normal(0, 12.0, (60, 12)).astype(np.float32)
    answers = [plan.answer(raw) for raw in noise]
    speaking = [a for a in answers if a.speaker >= 0]
    assert len(speaking) > 5 and np.mean([a.unsure for a in speaking]) > 0.9
    assert all(a.top == -1 for a in answers if a.unsure)


def test_being_unsure_moves_no_logit(taught: Learner, inputs: Inputs) -> None:
    head = taught.store.head
    bank = head.banks[-1]
    sure = head.with_(banks=(type(bank)(bank.id, bank.w, bank.R, bank.classes, bank.tau, bank.delta),))
    a, b = Plan(head), Plan(sure)
    for raw in np.random.default_rng(1).normal(0, 12.0, (20, 12)).astype(np.float32):
        assert a.answer(raw).logits.tobytes() == b.answer(raw).logits.tobytes()
        assert not b.answer(raw).unsure


def test_it_can_be_switched_off_and_needs_a_base(base: BaseModel, begin: Begin, label: Label, settled: Settled) -> None:
    for learner in (begin(base, unsure=False), begin(None)):
        learner.add_class(0)
        learner.absorb(label(0, 6))
        settled(learner)
        (bank,) = learner.store.head.banks
        assert bank.added is None and math.isinf(bank.unsure)


def test_where_the_examples_lie_depends_on_their_set_alone(base: BaseModel, begin: Begin, label: Label) -> None:
    examples = label(3, 11)
    digests = []
    for order in (examples, examples[::-1]):
        learner = begin(base)
        learner.add_class(3)
        for example in order:
            learner.absorb([example])
        learner.step()
        digests.append(learner.store.head.digest)
    assert digests[0] == digests[1]


def test_directions_are_orthonormal_and_added_ones_span_what_was_left(base: BaseModel, label: Label) -> None:
    plan = Plan(base.snapshot())
    Z = np.array([plan.embed(e.features) for e in label(3, 10)], np.float64)
    U0, added = directions(base.A0), added_directions(base.phi, Z)
    both = np.concatenate([U0, added]).astype(np.float64)
    # The added ones are rounded to 8 significant bits.
    np.testing.assert_allclose(U0.astype(np.float64) @ U0.T, np.eye(len(U0)), atol=1e-5)
    np.testing.assert_allclose(both @ both.T, np.eye(len(both)), atol=2.0**-8)
    assert not (added.view(np.uint32) & 0xFFFF).any()
    assert len(added) == 10, "ten examples lie in ten directions more"
    assert residual(U0, Z).min() > 0.01 and abs(residual(np.concatenate([U0, added]), Z)).max() < 1e-3
    assert base.phi.usual < base.phi.unusual < math.inf


def test_few_examples_make_it_slow_to_be_unsure(base: BaseModel) -> None:
    limits = [limit(base.phi, n, 1) for n in (1, 5, 20, 200)]
    assert limits == sorted(limits, reverse=True)
    assert limit(base.phi, 40, 2) == limits[2]
