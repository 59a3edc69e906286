"""A publish is a set of atomic parts, and no logit depends on its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.learning.contract.contract import Contract
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.publish_diff import fresh_classes, parts_changed
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.types import BASE, BankState, Example

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]
ROUTER = -1


@pytest.fixture(scope="module")
def grown(small: BaseModel, begin: Begin, label: Label) -> Learner:
    """Bank 1 sealed, with protected examples of its own; four versions of bank 2, the classes of which grow."""
    learner = begin(small, protected=10)
    for class_id in (3, 4, 5):
        learner.add_class(class_id)
    learner.absorb(label(3, 10))
    learner.seal_and_protect()
    for place, class_id in enumerate((4, 5, 1, 4)):
        learner.absorb(label(class_id, 4, first=100 + 10 * place, seed=place))
        learner.step()
    return learner


def with_part(old: Bank, new: Bank, part: int) -> Bank:
    """`old` with the router of `new` (and the examples that go with it), or with its read-out of one class."""
    if part == ROUTER:
        return replace(old, w=new.w, near=new.near, reach=new.reach)
    rows = {c: old.R[i] for i, c in enumerate(old.classes)}
    rows[part] = new.R[new.classes.index(part)]
    classes = tuple(c for c in new.classes if c in rows)
    return replace(old, R=np.array([rows[c] for c in classes]), classes=classes)


@given(data=st.data())
@settings(max_examples=60)
def test_any_parts_of_a_later_version_in_any_order_after_any_delay_keep_the_contract(
    data: st.DataObject, grown: Learner
) -> None:
    versions = [s for s in grown.store.history() if len(s.banks) == 2 and not s.banks[1].sealed]
    assert len(versions) == 4
    contract = Contract(grown.training.protected)
    now = versions[data.draw(st.integers(0, 2))]
    for _ in range(data.draw(st.integers(1, 3))):
        later = data.draw(st.sampled_from(versions))
        every = [ROUTER, *later.banks[1].classes]
        parts = data.draw(st.lists(st.sampled_from(every), unique=True, min_size=1, max_size=len(every)))
        for part in parts:
            if part != ROUTER and set(now.banks[1].classes) - set(later.banks[1].classes):
                continue
            after = now.with_(banks=(now.banks[0], with_part(now.banks[1], later.banks[1], part)))
            contract.prove(now, after)
            result = contract.audit(Plan(after), 0, len(contract.protected))
            assert result.checked == 34 and result.bits_changed == 0
            now = after
    assert now.is_intact()


def test_all_parts_together_are_the_later_version(grown: Learner) -> None:
    a, b = (s for s in grown.store.history() if s.version in (6, 7))
    bank = a.banks[1]
    for part in (5, ROUTER, 1, 0, 4, 2, 3):
        bank = with_part(bank, b.banks[1], part)
    assert bank.ids == b.banks[1].ids
    assert parts_changed(a, b) == 7 == parts_changed(b, a)
    assert parts_changed(a, a) == 0
    assert parts_changed(a, a.with_(banks=(a.banks[0], with_part(a.banks[1], b.banks[1], ROUTER)))) == 1


def speakers(head: Snapshot, rows: np.ndarray) -> set[int]:
    plan = Plan(head)
    return {plan.answer(raw).speaker for raw in rows}


def test_classes_that_come_and_go_leave_the_other_logits_every_byte(grown: Learner, inputs: Inputs) -> None:
    head = grown.store.head
    rows = np.concatenate([inputs(c, 8, seed=5) for c in range(7)])
    assert speakers(head, rows) == {BASE, 0, 1}
    plan = Plan(head)
    rng = np.random.default_rng(0)
    for _ in range(20):
        shuffled = [int(c) for c in rng.permutation((*head.classes, 8, 9))]
        living = tuple(shuffled[: int(rng.integers(1, len(shuffled) + 1))])
        changed = Plan(head.with_(classes=living))
        both = [c for c in living if c in head.classes]
        for raw in rows:
            was, now = plan.logits_of(raw), changed.logits_of(raw)
            for c in both:
                assert now[living.index(c)].tobytes() == was[head.classes.index(c)].tobytes()
            for c in set(living) - set(head.classes):
                assert now[living.index(c)] == -30


def test_adding_a_class_and_removing_it_are_publishes_that_move_nothing(
    small: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = begin(small)
    learner.absorb(label(3, 8))
    learner.step()
    rows = np.concatenate([inputs(c, 8, seed=5) for c in range(5)])
    first = [Plan(learner.store.head).logits_of(raw) for raw in rows]
    added = learner.add_class(4)
    assert added is not None and added.kind == "class added" and learner.add_class(4) is None
    removed = learner.remove_class(4)
    assert removed is not None and removed.kind == "class removed" and learner.remove_class(4) is None
    assert [Plan(learner.store.head).logits_of(raw).tobytes() for raw in rows] == [a.tobytes() for a in first]
    learner.remove_class(1)
    plan = Plan(learner.store.head)
    assert [plan.logits_of(raw).tobytes() for raw in rows] == [a[[0, 2]].tobytes() for a in first]


def test_nan_in_a_closed_banks_read_out_never_reaches_the_output(grown: Learner, inputs: Inputs) -> None:
    head = grown.store.head
    rows = np.concatenate([inputs(c, 12, seed=6) for c in range(6)])
    seen = 0
    for place in (0, 1):
        bank = head.banks[place]
        banks = list(head.banks)
        banks[place] = replace(bank, R=np.full_like(bank.R, np.nan))
        poisoned, plan = Plan(head.with_(banks=tuple(banks))), Plan(head)
        for raw in rows:
            answer = plan.answer(raw)
            if answer.state[place] == BankState.CLOSED:
                again = poisoned.answer(raw)
                assert np.isfinite(again.logits).all() and np.isfinite(again.probabilities).all()
                assert again.logits.tobytes() == answer.logits.tobytes()
                seen += 1
    assert seen > 40


def test_what_is_learned_first_is_counted_by_class() -> None:
    assert fresh_classes({1: 3, 2: 4}, {1: 4, 2: 4, 6: 4}) == {4: 2}
