"""Exact attribution: the learning bank's scores as sums over the base's statistics and each labelled example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.learning.bank.attribution import ChangeParts, difference
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.types import Example

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]


def explains_the_head(learner: Learner, rows: np.ndarray) -> bool:
    """Whether the parts add up to the scores t and r − 1 of `head`'s learning bank on all of these inputs."""
    evidence, head = learner.evidence(), learner.store.head
    assert evidence is not None
    bank, plan = head.banks[-1], Plan(head)
    assert evidence.classes == bank.classes
    weights = np.concatenate([bank.R, bank.w[None]]).astype(np.float64)
    for raw in rows:
        z = plan.embed(raw).astype(np.float64)
        of_base, of_examples = evidence.parts(raw)
        assert of_examples.shape == (len(evidence.example_ids), len(bank.classes) + 1)
        rounding = 1e-5 * (np.abs(weights) @ np.abs(z)).max() + 1e-6 * np.abs(of_examples).sum()
        if np.abs(of_base + of_examples.sum(0) - weights @ z).max() > rounding:
            return False
    return True


def test_the_parts_add_up_to_what_the_bank_scores(base: BaseModel, begin: Begin, label: Label, inputs: Inputs) -> None:
    learner = begin(base)
    learner.absorb(label(3, 12) + label(4, 5, first=20) + label(0, 3, first=40))
    learner.step()
    rows = np.concatenate([inputs(c, 6, seed=5) for c in range(6)])
    evidence = learner.evidence()
    assert evidence is not None and evidence.version == learner.store.head.version == 1
    assert evidence.example_ids.tolist() == [*range(12), *range(20, 25), *range(40, 43)]
    assert evidence.class_ids.tolist() == [3] * 12 + [4] * 5 + [0] * 3
    assert explains_the_head(learner, rows)
    spoken = [raw for raw in rows if (Plan(learner.store.head).answer(raw)).t is not None]
    assert len(spoken) > 10
    for raw in spoken:
        answer = Plan(learner.store.head).answer(raw)
        of_base, of_examples = evidence.parts(raw)
        np.testing.assert_allclose((of_base + of_examples.sum(0))[:-1], answer.t, atol=1e-4)
        np.testing.assert_allclose((of_base + of_examples.sum(0))[-1] + 1, answer.r[0], atol=1e-4)


def test_strength_is_the_largest_share_over_the_classes(
    base: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = begin(base)
    learner.absorb(label(3, 8) + label(4, 8, first=20))
    learner.step()
    evidence = learner.evidence()
    assert evidence is not None
    for class_id in (3, 4):
        carried = np.zeros(2)
        for raw in inputs(class_id, 10, seed=5):
            strength = evidence.said_of(raw, -1)[0]
            _, parts = evidence.parts(raw)
            np.testing.assert_array_equal(strength, [max(abs(p) for p in row[:-1]) for row in parts])
            carried += [strength[evidence.class_ids == c].sum() for c in (3, 4)]
        assert carried[class_id - 3] > carried[4 - class_id], "its own class's examples carry an answer"


def test_a_projected_router_is_explained_too(base: BaseModel, begin: Begin, inputs: Inputs) -> None:
    learner = begin(base)
    near = base.protected[:5] + np.float32(0.05)
    learner.absorb([Example(i, 4, 0, raw, 0, 1) for i, raw in enumerate(near)])
    assert learner.step() is not None
    assert explains_the_head(learner, np.concatenate([near, inputs(4, 5, seed=2)]))


@given(data=st.data())
@settings(max_examples=40)
def test_after_any_history_it_explains_the_head_or_there_is_no_bank(
    data: st.DataObject, small: BaseModel, begin: Begin, user: Any, inputs: Inputs
) -> None:
    learner = begin(data.draw(st.sampled_from([small, None])), protected=6, seal_at=9)
    person = user(learner)
    rows = np.concatenate([inputs(c, 2, seed=8) for c in (0, 3, 4)])
    for act in data.draw(st.lists(user.acts, min_size=3, max_size=15)):
        person.does(act)
        banks = learner.store.head.banks
        if banks and not banks[-1].sealed:
            assert explains_the_head(learner, rows)
        else:
            assert learner.evidence() is None


def test_after_a_relabel_and_a_rollback_it_explains_with_the_labels_of_that_time(
    small: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = begin(small)
    examples = label(3, 6)
    learner.absorb(examples)
    learner.step()
    learner.absorb([replace(examples[2], class_id=4)])
    learner.step()
    changed = learner.evidence()
    assert changed is not None and changed.class_ids.tolist() == [3, 3, 4, 3, 3, 3]
    assert explains_the_head(learner, inputs(3, 4))
    learner.roll_back(1)
    again = learner.evidence()
    assert again is not None and again.class_ids.tolist() == [3] * 6
    assert again.version == learner.store.head.version == 3
    assert explains_the_head(learner, inputs(3, 4))


def test_toward_tells_what_speaks_for_a_class_from_what_speaks_against_it(
    base: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = begin(base)
    learner.absorb(label(3, 8) + label(4, 8, first=20))
    learner.step()
    evidence = learner.evidence()
    assert evidence is not None
    raw = inputs(3, 1, seed=5)[0]
    of_base, _ = evidence.parts(raw)
    t = Plan(learner.store.head).answer(raw).t
    for column, class_id in enumerate(evidence.classes):
        toward = evidence.said_of(raw, class_id)[1]
        np.testing.assert_allclose(of_base[column] + toward.sum(), t[column], atol=1e-4)
    own, other = (evidence.said_of(raw, 3)[1][evidence.class_ids == c] for c in (3, 4))
    assert own.sum() > 0 > other.sum()
    assert not evidence.said_of(raw, 77)[1].any() and evidence.said_of(raw, 77)[1].shape == (16,)


# -- the difference of two versions ------------------------------------------------------------------------------------


def learning_bank(snapshot: Snapshot) -> Bank | None:
    return snapshot.banks[-1] if snapshot.banks and not snapshot.banks[-1].sealed else None


def explains_the_change(before: Snapshot, after: Snapshot, parts: ChangeParts, raw: np.ndarray) -> bool:
    """Whether the parts add up to what the two learning banks score more, class by class, and r with them."""
    change, size = np.zeros(len(parts.classes) + 1), 0.0
    for snapshot, sign in ((before, -1.0), (after, 1.0)):
        bank = learning_bank(snapshot)
        if bank is None:
            continue
        z = Plan(snapshot).embed(raw).astype(np.float64)
        weights = np.concatenate([bank.R, bank.w[None]]).astype(np.float64)
        columns = [*(parts.classes.index(c) for c in bank.classes), len(parts.classes)]
        change[columns] += sign * (weights @ z)
        size += float((np.abs(weights) @ np.abs(z)).max())
    rounding = 1e-5 * (1 + size) + 1e-6 * float(np.abs(parts.examples).sum())
    return float(np.abs(parts.total - change).max()) <= rounding


@given(data=st.data())
@settings(max_examples=40)
def test_after_any_history_the_difference_of_two_versions_is_a_sum_over_examples(
    data: st.DataObject, small: BaseModel, begin: Begin, user: Any, inputs: Inputs
) -> None:
    learner = begin(data.draw(st.sampled_from([small, None])), protected=6, seal_at=9)
    person = user(learner)
    rows = np.concatenate([inputs(c, 1, seed=8) for c in (0, 3, 4)])
    before, was = learner.store.head, learner.evidence()
    for act in data.draw(st.lists(user.acts, min_size=3, max_size=12)):
        person.does(act)
        after, now = learner.store.head, learner.evidence()
        for raw in rows:
            assert explains_the_change(before, after, difference(was, now, raw), raw)
        before, was = after, now


def test_what_an_example_more_changes_is_put_down_to_it_most(
    base: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = begin(base)
    learner.absorb(label(3, 8))
    learner.step()
    was = learner.evidence()
    learner.absorb(label(4, 4, first=20))
    learner.step()
    raw = inputs(4, 1, seed=5)[0]
    parts = difference(was, learner.evidence(), raw)
    assert parts.example_ids.tolist() == [*range(8), *range(20, 24)]
    assert parts.class_ids.tolist() == [3] * 8 + [4] * 4
    assert parts.classes == (0, 1, 2, 3, 4)
    shares = parts.by_class()
    assert set(shares) == {3, 4} and shares[4] > abs(shares[3])
    nothing = difference(was, was, raw)
    assert not nothing.total.any() and not nothing.examples.any()
    assert difference(None, None, raw).by_class() == {}
