"""Unsure instead of a named class: what is unlike anything learned, what no class leads on, and what is neither."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.errors import Rejected
from dgstudio.learning.bank.out_of_distribution import (
    FROM,
    LEAD,
    TAUGHT,
    coarse,
    examples_near,
    from_nothing,
    of_base,
    squared_distances,
    unlikeness,
    with_taught,
    within_class,
)
from dgstudio.learning.contract.contract import Contract
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.ood_reference import Known
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import Example, PublishRecord

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]
Settled = Callable[[Learner], list[PublishRecord]]
DIM = 12


@pytest.fixture
def taught(base: BaseModel, begin: Begin, label: Label, settled: Settled) -> Learner:
    learner = begin(base)
    learner.add_class(3)
    learner.absorb(label(3, 20))
    settled(learner)
    return learner


@pytest.fixture
def from_two(begin: Begin, label: Label, settled: Settled) -> Learner:
    """From nothing, two classes."""
    learner = begin(None)
    for class_id in (3, 4):
        learner.add_class(class_id)
    learner.absorb(label(3, 20) + label(4, 20, first=20))
    settled(learner)
    return learner


def broken(rng: np.random.Generator) -> np.ndarray:
    """Unplugged, stuck, noise: what no blob looks like."""
    stuck = np.repeat(rng.choice([-9.0, 9.0], (20, 1)), DIM, axis=1)
    return np.concatenate([stuck, rng.normal(0, 12.0, (40, DIM))]).astype(np.float32)


def share_unsure(plan: Plan, rows: np.ndarray) -> float:
    return float(np.mean([plan.answer(raw).unsure for raw in rows]))


def test_the_base_alone_is_unsure_of_what_is_broken_or_was_never_shown(base: BaseModel, inputs: Inputs) -> None:
    plan = Plan(base.snapshot())
    rng = np.random.default_rng(0)
    for class_id in base.classes:
        assert share_unsure(plan, inputs(class_id, 100, 9)) <= 0.05
    assert share_unsure(plan, broken(rng)) == 1.0
    assert np.mean([share_unsure(plan, inputs(c, 40, 9)) for c in (3, 4, 5)]) > 0.9
    for raw in broken(rng):
        answer = plan.answer(raw)
        assert answer.top == -1 and answer.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_what_was_taught_is_answered_and_what_was_not_is_unsure(taught: Learner, inputs: Inputs) -> None:
    plan = Plan(taught.store.head)
    assert share_unsure(plan, inputs(3, 60, 9)) < 0.1
    for class_id in (0, 1, 2):
        assert share_unsure(plan, inputs(class_id, 60, 9)) <= 0.05
    rows = np.concatenate([broken(np.random.default_rng(0)), inputs(5, 40, 9)])
    answers = [plan.answer(raw) for raw in rows]
    assert sum(a.speaker >= 0 for a in answers) > 5, "some of it opens the bank"
    assert np.mean([a.unsure for a in answers]) > 0.95


def test_from_nothing_too_before_and_after_the_first_seal(
    from_two: Learner, inputs: Inputs, label: Label, settled: Settled
) -> None:
    def judged() -> None:
        plan = Plan(from_two.store.head)
        assert max(share_unsure(plan, inputs(c, 60, 9)) for c in (3, 4)) < 0.1
        assert share_unsure(plan, broken(np.random.default_rng(0))) == 1.0
        assert share_unsure(plan, inputs(5, 60, 9)) > 0.9

    judged()
    from_two.seal_and_protect()
    judged()
    known = from_two.store.head.known
    from_two.add_class(5)
    from_two.absorb(label(5, 20, first=100))
    settled(from_two)
    assert from_two.store.head.known is known, "frozen with the features"
    assert share_unsure(Plan(from_two.store.head), inputs(5, 60, 9)) < 0.2


def test_too_few_examples_from_nothing_say_nothing(begin: Begin, label: Label, settled: Settled) -> None:
    learner = begin(None)
    learner.add_class(3)
    learner.absorb(label(3, 3))
    settled(learner)
    (bank,) = learner.store.head.banks
    assert bank.near is None
    assert share_unsure(Plan(learner.store.head), broken(np.random.default_rng(0))) == 0


def test_an_answer_that_leads_too_little_is_unsure(base: BaseModel, inputs: Inputs) -> None:
    lead = {}
    for raw in np.concatenate([inputs(c, 60, 9) for c in (0, 1, 2)]):
        logits = Plan(base.snapshot()).answer(raw).logits
        second, first = np.sort(logits)[-2:]
        lead[raw.tobytes()] = float(first - second)
    middle = float(np.median(list(lead.values())))
    far = replace(base.known, reach=np.full_like(base.known.reach, 1e9), lead=middle)
    plan = Plan(base.snapshot().with_(known=far))
    found = {raw: plan.answer(np.frombuffer(raw, np.float32)).unsure for raw in lead}
    assert found == {raw: size < middle for raw, size in lead.items()}


def test_one_class_has_nothing_to_lead(begin: Begin, label: Label, inputs: Inputs, settled: Settled) -> None:
    learner = begin(None)
    learner.add_class(3)
    learner.absorb(label(3, 20))
    settled(learner)
    assert share_unsure(Plan(learner.store.head), inputs(3, 60, 9)) < 0.1


def test_a_silent_bank_vouches_for_what_it_was_taught(base: BaseModel, begin: Begin, settled: Settled) -> None:
    """The base names the class and is unsure of it; the user says that it is so."""
    rng = np.random.default_rng(3)
    place = (base.protected[0] + rng.normal(0, 2.5, DIM)).astype(np.float32)
    rows = (place + rng.normal(0, 0.3, (30, DIM))).astype(np.float32)
    plan = Plan(base.snapshot())
    assert share_unsure(plan, rows) > 0.9
    class_id = int(np.bincount([plan.answer(raw).logits.argmax() for raw in rows]).argmax())
    learner = begin(base)
    learner.absorb([Example(i, class_id, 0, raw, 0.0, 1.0) for i, raw in enumerate(rows[:20])])
    settled(learner)
    now = Plan(learner.store.head)
    assert share_unsure(now, rows[20:]) < 0.2
    assert np.mean([now.answer(raw).top == class_id for raw in rows[20:]]) > 0.8


def test_being_unsure_moves_no_logit_and_nothing_that_is_learned(
    base: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    heads = []
    for start in (base, replace(base, known=None)):
        learner = begin(start)
        learner.add_class(3)
        strange = broken(np.random.default_rng(2))[:6]
        learner.absorb(label(3, 9) + [Example(50 + i, 1, 9, raw, 0.0, 1.0) for i, raw in enumerate(strange)])
        settled(learner)
        heads.append(learner.store.head)
    knowing, other = heads
    assert (
        knowing.banks[-1].ids["w"] == other.banks[-1].ids["w"]
        and knowing.banks[-1].ids["R"] == other.banks[-1].ids["R"]
    )
    a, b = Plan(knowing), Plan(other)
    unsure = 0
    for raw in np.concatenate([broken(np.random.default_rng(1)), base.protected]):
        answer, same = a.answer(raw), b.answer(raw)
        assert answer.logits.tobytes() == same.logits.tobytes()
        assert answer.probabilities.tobytes() == same.probabilities.tobytes() and not same.unsure
        unsure += answer.unsure
    assert unsure >= 40


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_no_publish_flips_the_verdict_on_a_protected_input(
    data: st.DataObject, small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    """Protected inputs that are unusual among them: such as no prototype reaches, and such as hardly lead."""
    rng = np.random.default_rng(data.draw(st.integers(0, 50)))
    odd = small.protected[:8] + rng.normal(0, 2.0, (8, DIM)).astype(np.float32)
    odd_labels = np.zeros(8, np.int32)
    learner = begin(
        replace(
            small,
            protected=np.concatenate([small.protected, odd]).astype(np.float32),
            protected_labels=np.concatenate([small.protected_labels, odd_labels]),
        )
    )
    verdicts = [Plan(learner.store.head).answer(raw).unsure for raw in learner.training.protected.inputs]
    for turn in range(data.draw(st.integers(1, 4))):
        class_id = data.draw(st.integers(3, 5))
        learner.add_class(class_id)
        learner.absorb(label(class_id, data.draw(st.integers(1, 9)), first=100 * turn, seed=turn))
        settled(learner)
        if data.draw(st.booleans()):
            learner.seal_and_protect()
        plan = Plan(learner.store.head)
        inputs = learner.training.protected.inputs
        now = [plan.answer(raw).unsure for raw in inputs]
        assert now[: len(verdicts)] == verdicts
        verdicts = now
    assert any(verdicts) and not all(verdicts)


def test_a_proposal_that_changes_what_is_known_is_rejected(taught: Learner) -> None:
    head = taught.store.head
    contract = Contract(taught.training.protected)
    other = replace(head.known, reach=head.known.reach * np.float32(1.0001))
    with pytest.raises(Rejected, match="known"):
        contract.prove(head, head.with_(known=other, version=head.version + 1))


def test_it_can_be_switched_off(base: BaseModel, begin: Begin, label: Label, settled: Settled) -> None:
    learner = begin(base, unsure=False)
    learner.add_class(3)
    learner.absorb(label(3, 6))
    settled(learner)
    (bank,) = learner.store.head.banks
    assert bank.near is None and math.isinf(bank.reach)


@pytest.mark.parametrize("from_what", ["base", "nothing"])
def test_what_is_known_depends_on_the_set_of_examples_alone(
    from_what: str, base: BaseModel, begin: Begin, label: Label
) -> None:
    examples = label(3, 11) + label(4, 9, first=40)
    heads = []
    for order in (examples, examples[::-1]):
        learner = begin(base if from_what == "base" else None)
        for class_id in (3, 4):
            learner.add_class(class_id)
        for example in order:
            learner.absorb([example])
        learner.step()
        heads.append(learner.store.head)
    a, b = heads
    assert a.digest == b.digest and a.known.ids == b.known.ids
    assert a.banks[-1].near is not None and a.banks[-1].near.tobytes() == b.banks[-1].near.tobytes()


def test_every_class_of_many_examples_is_among_those_that_a_bank_knows(
    base: BaseModel, begin: Begin, label: Label, inputs: Inputs, settled: Settled
) -> None:
    """The newest class as well, of which there are few."""
    learner = begin(base)
    for class_id in (3, 4):
        learner.add_class(class_id)
    learner.absorb(label(3, 150) + label(4, 8, first=500))
    settled(learner)
    (bank,) = learner.store.head.banks
    assert bank.near is not None and bank.near.shape == (FROM, DIM)
    assert share_unsure(Plan(learner.store.head), inputs(4, 40, 9)) < 0.2


def test_the_kernel_says_what_the_distances_say(taught: Learner, base: BaseModel) -> None:
    head = taught.store.head
    plan, rng = Plan(head), np.random.default_rng(5)
    rows = base.protected[rng.integers(0, 60, 300)] + rng.normal(0, rng.uniform(0, 4, (300, 1)), (300, DIM))
    clear = 0
    for raw in rows.astype(np.float32):
        answer = plan.answer(raw)
        banks = [(b.near, b.reach) for b, s in zip(head.banks, answer.state, strict=True) if s]
        share = unlikeness(head.known, banks, answer.x)
        second, first = np.sort(answer.logits)[-2:]
        if abs(share - 1) > 1e-3:
            clear += 1
            assert answer.unsure == (share > 1 or first - second < LEAD)
    assert clear > 250


# -- the parts -----------------------------------------------------------------------------------------------------


def blobs(rng: np.random.Generator, count: int = 60, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    centres = rng.normal(0, 3, (classes, DIM))
    labels = np.repeat(np.arange(classes), count)
    return (centres[labels] + rng.normal(0, 1, (len(labels), DIM))).astype(np.float32), labels


def test_prototypes_reach_most_of_what_they_were_not_made_from() -> None:
    rng = np.random.default_rng(0)
    x, labels = blobs(rng, 200)
    order = rng.permutation(len(x))
    train, test = order[:300], order[300:]
    known = of_base(x[train], labels[train])
    assert known is not None and known.near is not None and len(known.near) <= 64 and known.lead == LEAD
    missed = np.mean([unlikeness(known, [], row) > 1 for row in x[test]])
    assert missed <= 0.05
    assert np.mean([unlikeness(known, [], row) > 1 for row in rng.normal(0, 6, (50, DIM)).astype(np.float32)]) > 0.9
    assert of_base(x[train], labels[train]).ids == known.ids, "the same arguments give the same bytes"


def test_a_class_that_varies_more_reaches_further() -> None:
    rng = np.random.default_rng(1)
    x, labels = blobs(rng, 100, 2)
    x[labels == 1] = x[labels == 1].mean(0) + 3 * (x[labels == 1] - x[labels == 1].mean(0))
    known = of_base(x, labels)
    assert known is not None and known.reach is not None
    assert known.reach.max() > 1.5 * known.reach.min()


def test_classes_of_one_input_say_nothing_about_what_is_usual() -> None:
    assert of_base(np.eye(3, dtype=np.float32), np.arange(3)) is None


def test_inputs_that_are_all_the_same_are_known_and_others_are_not() -> None:
    x = np.repeat(np.eye(2, DIM, dtype=np.float32), 20, axis=0)
    known = of_base(x, np.repeat([0, 1], 20))
    assert known is not None and np.isfinite(known.reach).all() and (known.reach > 0).all()
    assert unlikeness(known, [], x[0]) < 1 < unlikeness(known, [], 3 * x[0])


def test_weights_take_out_what_varies_within_the_classes() -> None:
    rng = np.random.default_rng(2)
    x, labels = blobs(rng, 300)
    x[:, 0] *= 8
    weights = within_class(x, labels)
    assert weights[0] < weights[1:].min() / 2
    assert np.array_equal(within_class(np.ones((4, 3), np.float32), np.zeros(4, int)), np.ones(3, np.float32))


def test_few_examples_reach_further_and_far_apart_ones_too() -> None:
    rng = np.random.default_rng(3)
    x, labels = blobs(rng)
    known = of_base(x, labels)
    assert known is not None
    some = x[labels == 0][:12]
    reach = [examples_near(known, some, np.zeros(12, int), n)[1] for n in (1, 5, 20, 500)]
    assert reach == sorted(reach, reverse=True) and reach[0] <= 4.1 * reach[-1]
    apart = examples_near(known, 5 * some, np.zeros(12, int), 12)[1]
    assert apart > 2 * examples_near(known, some, np.zeros(12, int), 12)[1]
    bare = from_nothing(x, labels)
    assert math.isinf(examples_near(bare, some[:3], np.zeros(3, int), 3)[1])


def test_a_bank_that_knows_no_example_takes_everything_for_known() -> None:
    known = Known(np.ones(2, np.float32), np.zeros((1, 2), np.float32), np.ones(1, np.float32))
    far = np.array([9.0, 9.0], np.float32)
    assert unlikeness(known, [], far) == 162 and unlikeness(known, [(None, math.inf)], far) == 0
    assert unlikeness(Known(np.ones(2, np.float32)), [], far) == 0


def test_rounding_keeps_eight_bits() -> None:
    values = np.random.default_rng(4).normal(size=100).astype(np.float32)
    rounded = coarse(values)
    np.testing.assert_allclose(rounded, values, rtol=2.0**-8)
    assert not (rounded.view(np.uint32) & 0xFFFF).any()


def test_distances_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    np.testing.assert_allclose(squared_distances(a, b), np.square(a[:, None] - b[None]).sum(2), atol=1e-12)


def test_a_snapshot_from_before_is_never_unsure_and_keeps_its_digest(base: BaseModel) -> None:
    old = base.snapshot().with_(known=None)
    arrays, meta = old.to_arrays_and_meta()
    assert "known" not in meta and not any(name.startswith("known") for name in arrays)
    again = Snapshot.from_arrays_and_meta(arrays, meta)
    assert again.digest == old.digest
    assert share_unsure(Plan(again), broken(np.random.default_rng(0))) == 0


# -- what the base itself learns (the gradient rule) -----------------------------------------------------------------


def test_what_the_base_has_learned_is_known_and_reaches_no_protected_input_that_was_not() -> None:
    rng = np.random.default_rng(6)
    x, labels = blobs(rng)
    known = of_base(x, labels)
    assert known is not None and known.near is not None
    away = (x[0] + 20).astype(np.float32)
    taught = (away + rng.normal(0, 0.1, (5, DIM))).astype(np.float32)
    protected = np.stack([x[0], away + np.float32(0.5)]).astype(np.float32)
    more = with_taught(known, taught, protected)
    assert more.taught is not None and 1 <= len(more.taught) <= 5
    assert all(unlikeness(more, [], row) <= 1 for row in taught)
    assert [unlikeness(more, [], row) > 1 for row in protected] == [unlikeness(known, [], row) > 1 for row in protected]
    assert with_taught(more, taught, protected) is more, "what is known already adds nothing"
    one_by_one = known
    for row in taught:
        one_by_one = with_taught(one_by_one, row[None], protected)
    assert one_by_one.ids == more.ids
    bare = from_nothing(x, labels)
    assert with_taught(bare, taught, protected) is bare


def test_room_for_what_the_base_has_learned_is_bounded() -> None:
    x, labels = blobs(np.random.default_rng(7))
    known = of_base(x, labels)
    assert known is not None
    apart = (50 + 10 * np.arange(TAUGHT + 9)[:, None] * np.ones(DIM)).astype(np.float32)
    more = with_taught(known, apart, x[:0])
    assert more.taught is not None and len(more.taught) == TAUGHT


def test_a_proposal_that_comes_to_know_a_protected_input_is_rejected(taught: Learner) -> None:
    head = taught.store.head
    inputs = taught.training.protected.inputs
    plan = Plan(head)
    x = np.array([plan.normalise(raw) for raw in inputs])
    # A base that knows nothing near its protected inputs.
    far = head.with_(known=replace(head.known, near=head.known.near[:1] + np.float32(1e3), reach=head.known.reach[:1]))
    contract = Contract(taught.training.protected)
    row = (x[7] * head.known.weights)[None]
    harmless = replace(far.known, taught=row + np.float32(500), taught_reach=np.ones(1, np.float32))
    contract.prove(far, far.with_(known=harmless, version=head.version + 1))
    harmful = replace(far.known, taught=row, taught_reach=np.ones(1, np.float32))
    with pytest.raises(Rejected, match="Protected input 7 would be called unsure, or no longer"):
        contract.prove(far, far.with_(known=harmful, version=head.version + 1))
