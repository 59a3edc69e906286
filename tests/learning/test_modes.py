"""What each mode may change, and the dials of the learning bank."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.types import Example, Mode, PublishRecord

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Settled = Callable[[Learner], list[PublishRecord]]


@pytest.fixture
def taught(base: BaseModel, begin: Begin, label: Label, settled: Settled) -> Learner:
    """A learner whose learning bank knows class 3."""
    learner = begin(base)
    for class_id in (3, 4):
        learner.add_class(class_id)
    learner.absorb(label(3, 8))
    settled(learner)
    return learner


def test_routing_leaves_every_byte_of_what_is_computed(taught: Learner, label: Label, settled: Settled) -> None:
    before = taught.store.head
    taught.set_mode(Mode.ROUTING)
    assert settled(taught) == [], "the same examples give the same router"
    taught.absorb(label(4, 8, first=20))
    records = settled(taught)
    after = taught.store.head
    assert [r.kind for r in records] == ["learned"] and after.mode == "routing"
    old, new = before.banks[-1], after.banks[-1]
    assert new.R is old.R and new.classes == old.classes and new.w.tobytes() != old.w.tobytes()
    assert after.base is before.base and after.phi is before.phi and after.normaliser is before.normaliser
    assert taught.audit_all().bits_changed == 0
    assert all(Plan(after).router(0, Plan(after).embed(e.features)) > new.tau for e in label(4, 8, first=20))


def test_weights_leave_every_byte_of_who_answers(taught: Learner, label: Label, settled: Settled) -> None:
    before = taught.store.head
    taught.set_mode(Mode.WEIGHTS)
    taught.absorb(label(4, 8, first=20))
    settled(taught)
    after = taught.store.head
    old, new = before.banks[-1], after.banks[-1]
    assert new.w is old.w and new.added is old.added and new.unsure == old.unsure
    assert new.tau == old.tau and new.R.tobytes() != old.R.tobytes() and after.mode == "weights"
    assert new.classes == (*old.classes, 4)
    assert math.isinf(new.delta), "a bank that speaks only to disagree would route by its read-out"
    assert after.base is before.base and after.phi is before.phi
    assert taught.audit_all().bits_changed == 0


def test_both_leave_the_base_and_what_is_sealed_alone(taught: Learner, label: Label, settled: Settled) -> None:
    taught.seal_and_protect()
    before = taught.store.head
    taught.absorb(label(4, 8, first=20))
    settled(taught)
    after = taught.store.head
    assert after.mode == "both" and len(after.banks) == len(before.banks) + 1
    assert after.base is before.base and after.phi is before.phi and after.normaliser is before.normaliser
    assert all(new is old for new, old in zip(after.banks, before.banks, strict=False))
    assert taught.audit_all().bits_changed == 0


@pytest.mark.parametrize("mode", [Mode.ROUTING, Mode.WEIGHTS])
def test_each_mode_can_begin_a_bank(base: BaseModel, begin: Begin, label: Label, settled: Settled, mode: Mode) -> None:
    learner = begin(base)
    learner.add_class(3)
    learner.set_mode(mode)
    learner.absorb(label(3, 8))
    (record,) = settled(learner)
    assert record.kind == "learned" and len(learner.store.head.banks) == 1
    assert learner.audit_all().bits_changed == 0


def test_routing_from_nothing_has_nothing_to_open(begin: Begin, label: Label) -> None:
    learner = begin(None)
    learner.set_mode(Mode.ROUTING)
    learner.add_class(0)
    learner.absorb(label(0, 4))
    record = learner.step()
    assert record is not None and record.kind == "rejected" and "learn with both first" in record.reason.words
    assert not learner.pending and learner.refusal == record.reason
    learner.set_mode(Mode.BOTH)
    assert learner.pending and learner.refusal is None
    record = learner.step()
    assert record is not None and record.kind == "learned" and learner.refusal is None


def test_evidence_credits_no_example_with_the_half_that_is_held(
    taught: Learner, label: Label, settled: Settled
) -> None:
    raw = label(3, 1)[0].features
    for mode, column in ((Mode.ROUTING, slice(0, -1)), (Mode.WEIGHTS, slice(-1, None))):
        taught.set_mode(mode)
        taught.absorb(label(4, 4, first=20 if mode is Mode.ROUTING else 40))
        settled(taught)
        evidence = taught.evidence()
        assert evidence is not None
        from_base, from_examples = evidence.parts(raw)
        assert not from_examples[:, column].any() and from_base[column].any()
        plan = Plan(taught.store.head)
        z, bank = plan.embed(raw), taught.store.head.banks[-1]
        total = from_base + from_examples.sum(0)
        assert total[:-1] == pytest.approx(bank.R @ z, abs=1e-4)
        assert 1 + total[-1] == pytest.approx(plan.router(0, z), abs=1e-4)


def test_openness_is_applied_by_a_publish_and_only_to_the_learning_bank(
    taught: Learner, label: Label, settled: Settled
) -> None:
    taught.seal_and_protect()
    taught.absorb(label(4, 8, first=20))
    settled(taught)
    taught.set_openness(0.25, delta=0.0)
    (record,) = settled(taught)
    assert record.kind == "learned" and record.version is not None
    sealed, learning = taught.store.head.banks
    assert (sealed.tau, sealed.delta) == (-0.5, 0.05) and (learning.tau, learning.delta) == (0.25, 0.0)
    assert taught.audit_all().bits_changed == 0
    with pytest.raises(BadInputError, match="leaves no room below it for protected inputs"):
        taught.set_openness(-0.7)
    with pytest.raises(BadInputError, match="give 0"):
        taught.set_openness(0.0, delta=np.nan)
    assert taught.settings.tau == 0.25 and not taught.pending


def test_what_a_dial_makes_is_the_same_whenever_it_was_turned(
    base: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    early, late = begin(base, tau=0.1), begin(base)
    for learner in (early, late):
        learner.add_class(3)
        learner.absorb(label(3, 6))
        settled(learner)
    late.set_openness(0.1)
    settled(late)
    assert early.store.head.digest == late.store.head.digest
