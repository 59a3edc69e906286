"""What cannot be learned is refused with a reason; the head stays, and the learner goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.learning.bank.locked_bank import Sums
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.types import Example, Mode, PublishRecord

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]
Settled = Callable[[Learner], list[PublishRecord]]


def share_right(learner: Learner, class_id: int, rows: np.ndarray) -> float:
    plan = Plan(learner.store.head)
    tops = [plan.answer(raw).top for raw in rows]
    return float(np.mean([top >= 0 and plan.snapshot.classes[top] == class_id for top in tops]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("from_nothing", [False, True])
def test_an_example_that_is_not_finite_is_refused_and_the_next_one_learned(
    value: float, from_nothing: bool, small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(None if from_nothing else small)
    good = label(3, 5)
    broken = replace(good[2], id=77, features=np.where(np.arange(12) == 4, np.float32(value), good[2].features))
    learner.absorb([broken])
    assert learner.pending
    head = learner.store.head
    (record,) = settled(learner)
    assert (record.kind, record.version) == ("rejected", None)
    assert record.reason.words == "1 example left out: their numbers are not finite"
    assert learner.store.head is head and not learner.pending
    learner.absorb(good)
    (record,) = settled(learner)
    assert record.kind == "learned" and record.new_examples == ((3, 5),)


def test_good_and_broken_ones_in_a_block_are_told_apart(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small)
    broken = [replace(e, features=e.features * np.float32(np.nan)) for e in label(3, 2, first=50)]
    learner.absorb(label(3, 3) + broken)
    assert [record.kind for record in settled(learner)] == ["rejected", "learned"]
    assert learner.training.learned.tolist() == [0, 1, 2]


def test_broken_examples_of_a_session_are_refused_when_it_is_opened(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    examples = label(3, 4)
    examples[1] = replace(examples[1], features=examples[1].features * np.float32(np.inf))
    first = begin(small)
    learner = Learner(first.store.head, first.training, first.settings, examples=examples)
    assert [record.kind for record in settled(learner)] == ["rejected", "learned"]
    assert learner.training.learned.tolist() == [0, 2, 3]


def test_duplicates_in_great_number_are_learned(
    small: BaseModel, begin: Begin, label: Label, inputs: Inputs, settled: Settled
) -> None:
    """400 times the same window, and as often with the opposite label: no answer, but no harm either."""
    learner = begin(small)
    learner.add_class(3)
    (one,) = label(3, 1)
    learner.absorb([replace(one, id=i) for i in range(400)])
    learner.absorb([replace(one, id=400 + i, class_id=4) for i in range(400)])
    learner.absorb(label(5, 8, first=900))
    assert [record.kind for record in settled(learner)] == ["learned"]
    weights = learner.store.head.banks[0].R
    assert np.isfinite(weights).all() and np.abs(weights).max() < 1e3
    assert learner.audit_all().bits_changed == 0
    learner.add_class(5)
    assert share_right(learner, 5, inputs(5, 20, seed=4)) >= 0.8


@pytest.mark.parametrize("from_nothing", [False, True])
@pytest.mark.parametrize("size", [1e6, 1e19, 3e38])
def test_huge_numbers_stay_within_the_clipped_features(
    size: float, from_nothing: bool, small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(None if from_nothing else small)
    learner.absorb(label(3, 4))
    settled(learner)
    huge = [replace(e, features=np.float32(size) * np.sign(e.features)) for e in label(4, 4, first=50)]
    with np.errstate(over="ignore"):
        learner.absorb(huge)
        records = settled(learner)
        learner.absorb(label(5, 4, first=90))
        records += settled(learner)
        assert all(record.kind in ("learned", "rejected") for record in records)
        assert records[-1].kind == "learned" and np.isfinite(learner.store.head.banks[0].R).all()
        assert learner.audit_all().bits_changed == 0
        assert np.isfinite(Plan(learner.store.head).logits_of(huge[0].features)).all()


def test_a_label_that_contradicts_a_protected_input_moves_nothing(
    base: BaseModel, begin: Begin, settled: Settled
) -> None:
    learner = begin(base)
    learner.add_class(4)
    learner.absorb([Example(i, 4, 0, raw.copy(), 0, 1) for i, raw in enumerate(base.protected[:10])])
    assert len(settled(learner)) == 1
    assert learner.audit_all().bits_changed == 0
    assert learner.audit_all().checked == len(base.protected)


def test_a_router_that_cannot_be_projected_is_refused_until_the_labels_are_taken_back(
    base: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(base, max_rounds=1)
    near = [Example(i, 4, 0, raw + np.float32(0.05), 0, 1) for i, raw in enumerate(base.protected[:12])]
    learner.absorb(near)
    head = learner.store.head
    (record,) = settled(learner)
    assert record.kind == "rejected" and "too close to protected ones" in record.reason.words
    assert learner.store.head is head and not learner.pending and learner.waiting_for(4)
    assert learner.step() is None, "the same set is not tried again"
    learner.forget([e.id for e in near])
    assert settled(learner) == [] and not learner.waiting_for(4)
    learner.absorb(label(3, 4, first=50))
    assert [record.kind for record in settled(learner)] == ["learned"]


def test_an_ill_conditioned_solve_is_refused_and_the_learner_goes_on(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small, kappa=1e14)
    (one,) = label(3, 1)
    learner.absorb([replace(one, id=i) for i in range(5)])
    (record,) = settled(learner)
    assert record.kind == "rejected" and "5 examples is ill-conditioned" in record.reason.words
    assert learner.store.head.version == 0
    learner.forget(range(1, 5))
    assert [record.kind for record in settled(learner)] == ["learned"]


# -- off, and after something unforeseen ------------------------------------------------------------------------------


def test_while_it_is_off_nothing_is_published_and_labels_wait(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small)
    assert learner.offered_modes == tuple(Mode)
    learner.absorb(label(3, 4))
    settled(learner)
    head = learner.store.head
    learner.set_mode(Mode.OFF)
    learner.absorb(label(4, 4, first=20))
    learner.forget([0])
    assert not learner.pending and learner.step() is None
    assert learner.store.head is head and learner.waiting_for(4) and not learner.waiting_for(3)
    learner.set_mode(Mode.BOTH)
    (record,) = settled(learner)
    assert record.reason.words == "learned from 4 examples of class 4, forgot 1 example"
    assert learner.training.learned.tolist() == [1, 2, 3, 20, 21, 22, 23] and not learner.waiting_for(4)


def test_turning_it_off_and_on_publishes_nothing(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small)
    learner.absorb(label(3, 4))
    settled(learner)
    for mode in (Mode.OFF, Mode.BOTH, Mode.OFF, Mode.BOTH):
        learner.set_mode(mode)
        assert settled(learner) == []


def test_protecting_while_it_is_off_protects_what_the_head_knows(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = begin(small)
    learner.absorb(label(3, 4))
    settled(learner)
    learner.set_mode(Mode.OFF)
    learner.absorb(label(4, 4, first=20))
    record = learner.seal_and_protect()
    assert record is not None and learner.training.seals[0].ids.tolist() == [0, 1, 2, 3]
    learner.set_mode(Mode.BOTH)
    settled(learner)
    assert learner.training.learned.tolist() == [20, 21, 22, 23]


def test_giving_up_parks_what_was_unlearned_and_goes_on(
    small: BaseModel, begin: Begin, label: Label, settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = begin(small)
    learner.absorb(label(3, 4))
    settled(learner)
    head = learner.store.head

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    learner.absorb(label(4, 3, first=20))
    with monkeypatch.context() as patched:
        patched.setattr(LockedBankRule, "propose", breaks)
        with pytest.raises(ZeroDivisionError):
            learner.step()
    assert learner.give_up() == 3
    assert learner.parked == {20, 21, 22} and not learner.pending
    assert learner.store.head is head and learner.training.learned.tolist() == [0, 1, 2, 3]
    learner.absorb(label(5, 2, first=30))
    (record,) = settled(learner)
    assert record.new_examples == ((5, 2),)
    learner.resume_parked()
    (record,) = settled(learner)
    assert record.new_examples == ((4, 3),) and not learner.parked


def test_giving_up_on_unlearning_and_on_a_seal_does_not_fail_again_and_again(
    small: BaseModel, begin: Begin, label: Label, settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = begin(small, seal_at=6)
    learner.absorb(label(3, 5))
    settled(learner)

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(LockedBankRule, "propose", breaks)
        learner.forget([0])
        with pytest.raises(ZeroDivisionError):
            learner.step()
        assert learner.give_up() == 0 and not learner.pending
    learner.absorb(label(3, 2, first=20))
    with monkeypatch.context() as patched:
        patched.setattr(LockedBankRule, "folded", breaks)
        record = learner.step()
        assert record is not None and record.reason.words == "learned from 2 examples of class 3, forgot 1 example"
        with pytest.raises(ZeroDivisionError):
            learner.step()
        assert learner.give_up() == 0 and not learner.pending
    learner.absorb(label(3, 1, first=30))
    assert [record.kind for record in settled(learner)] == ["learned", "bank sealed"]


def test_a_seal_that_cannot_be_made_is_refused_once_and_learning_goes_on(
    small: BaseModel, begin: Begin, label: Label, settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = begin(small, seal_at=4)

    def damaged(rule: LockedBankRule) -> Sums:
        sums = rule.sums
        return Sums(-sums.A0, sums.B0, sums.b_r, sums.classes)

    with monkeypatch.context() as patched:
        patched.setattr(LockedBankRule, "folded", damaged)
        learner.absorb(label(3, 4))
        learned, refused = settled(learner)
        assert (learned.kind, refused.kind) == ("learned", "rejected") and "sums are damaged" in refused.reason.words
        assert not learner.pending and not learner.store.head.banks[-1].sealed
    learner.absorb(label(4, 1, first=20))
    assert [record.kind for record in settled(learner)] == ["learned", "bank sealed"]


def test_nothing_new_cannot_be_protected(base: BaseModel, begin: Begin, label: Label, settled: Settled) -> None:
    learner = begin(base, max_rounds=1)
    with pytest.raises(BadInputError, match="Nothing new to protect"):
        learner.seal_and_protect()
    learner.absorb(label(3, 4))
    learner.seal_and_protect()
    with pytest.raises(BadInputError, match="Nothing new to protect"):
        learner.seal_and_protect()
    sealed = learner.store.head
    near = [Example(50 + i, 4, 0, raw + np.float32(0.05), 0, 1) for i, raw in enumerate(base.protected[:12])]
    learner.absorb(near)
    with pytest.raises(BadInputError, match="Nothing new to protect"):
        learner.seal_and_protect()
    assert learner.store.head is sealed, "what was rejected is not protected, and no bank is sealed twice"
