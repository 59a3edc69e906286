"""Published part by part: each version in between keeps the contract, and they end where a whole publish would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.engine.lifecycle.resume import checkpoint_of
from dgstudio.engine.recording.relearn import relearn
from dgstudio.engine.recording.unlearned import NoRecipe, NotKept
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.publish_parts import ROUTER, Part, parts_between, with_part
from dgstudio.model.base_model_file import BaseModel
from dgstudio.reasons.published import PartPublished
from dgstudio.session.file import Session
from dgstudio.session.restore import restored
from dgstudio.types import Example, Mode, PublishRecord, SetChange

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
SAME_SET = st.one_of(
    st.tuples(st.just("learn"), st.integers(0, 5), st.integers(1, 6)),
    st.tuples(st.just("learn"), st.integers(3, 5), st.integers(1, 6)),
    st.tuples(st.just("relabel"), st.integers(0, 99), st.integers(0, 5)),
    st.tuples(st.just("forget"), st.integers(0, 99), st.integers(1, 4)),
    st.tuples(st.sampled_from(["protect", "release"]), st.integers(0, 99), st.just(0)),
    st.tuples(st.sampled_from(["remove class", "add class"]), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("openness"), st.integers(0, 99), st.integers(0, 3)),
)
"""Acts that come to a function of base, protected inputs and the set of examples, whenever they are published."""


def all_of(learner: Learner, most: int = 80) -> list[PublishRecord]:
    """Step until nothing is left; each version keeps the contract."""
    records = []
    for _ in range(most):
        if not learner.pending:
            return records
        record = learner.step()
        if record is not None:
            records.append(record)
            assert learner.audit_all().bits_changed == 0
    raise AssertionError("it does not come to an end")


@pytest.fixture
def taught(begin: Begin, small: BaseModel, label: Label) -> Learner:
    """One bank of two classes that the base does not know, published whole; then parts come apart."""
    learner = begin(small)
    for class_id in (3, 4):
        learner.add_class(class_id)
        learner.absorb(label(class_id, 5, first=10 * class_id))
    learner.step()
    learner.set_parts_apart(True)
    return learner


def test_each_step_publishes_one_part_and_the_last_is_the_proposal(
    taught: Learner, begin: Begin, small: BaseModel, label: Label
) -> None:
    head = taught.store.head
    taught.absorb(label(3, 4, first=100))
    records = all_of(taught)
    assert [record.parts_left for record in records] == [5, 4, 3, 2, 1, 0]
    assert {type(record.reason) for record in records[:-1]} == {PartPublished} != {type(records[-1].reason)}
    assert [record.units_changed for record in records] == 6 * [1]
    assert len({record.digest for record in records} | {head.digest}) == 7
    assert [record.new_examples for record in records] == 5 * [()] + [((3, 4),)]
    assert records[-1].change == SetChange(gained=((100, 103, 3),))
    whole = begin(small)
    for class_id in (3, 4):
        whole.add_class(class_id)
        whole.absorb(label(class_id, 5, first=10 * class_id))
    whole.absorb(label(3, 4, first=100))
    whole.step()
    assert whole.store.head.digest == taught.store.head.digest
    # In random order, which the version's number decides.
    orders = []
    for first in range(200, 280, 10):
        taught.absorb(label(4, 1, first=first))
        orders.append(tuple(record.reason.words for record in all_of(taught)[:-1]))
    assert len(set(orders)) > 4


@settings(max_examples=60, deadline=None)
@given(data=st.data(), nothing=st.booleans())
def test_any_history_published_in_parts_ends_where_whole_publishes_end(
    user: Any, begin: Begin, small: BaseModel, data: st.DataObject, nothing: bool
) -> None:
    base = None if nothing else small
    # What is taught at random is not always answered as it was taught: nothing joins that depends on when.
    apart, whole = (user(begin(base, protected=0)) for _ in range(2))
    apart.learner.set_parts_apart(True)
    for act in data.draw(st.lists(SAME_SET, min_size=4, max_size=12)):
        whole.does(act)
        steps = data.draw(st.integers(0, 4))
        # What the user does next may come while parts are on their way; a seal waits for them.
        apart.does(act, (lambda learner, most=steps: some_of(learner, most)) if act[0] == "learn" else all_of)
    all_of(apart.learner)
    one, other = apart.learner, whole.learner
    assert not one.training.partway and one.audit_all().bits_changed == 0
    assert one.training.published() == other.training.published() and one.refusal == other.refusal
    if one.refusal is None:
        assert one.store.head.digest == other.store.head.digest


@settings(max_examples=40, deadline=None)
@given(data=st.data(), nothing=st.booleans())
def test_whatever_else_happens_while_parts_are_on_their_way_moves_no_protected_answer(
    user: Any, begin: Begin, small: BaseModel, data: st.DataObject, nothing: bool
) -> None:
    who = user(begin(None if nothing else small, seal_at=12))
    who.learner.set_parts_apart(True)
    acts = who.acts if nothing else who.every_act
    for act in data.draw(st.lists(acts, min_size=5, max_size=14)):
        who.does(act, lambda learner: some_of(learner, data.draw(st.integers(0, 3))))
    all_of(who.learner)
    assert who.learner.audit_all().bits_changed == 0
    assert who.learner.mode is Mode.OFF or not who.learner.training.partway


def test_what_undo_takes_back_on_the_way_is_never_there(taught: Learner, label: Label) -> None:
    head = taught.store.head
    taught.absorb(label(3, 4, first=100))
    some_of(taught, 3)
    assert taught.training.partway and taught.store.head.digest != head.digest
    taught.forget(range(100, 104))
    records = all_of(taught)
    assert taught.store.head.digest == head.digest and not taught.training.partway
    assert records[-1].parts_left == 0 and records[-1].change == SetChange()


def test_what_is_on_its_way_arrives_though_learning_is_switched_off(taught: Learner, label: Label) -> None:
    taught.absorb(label(3, 4, first=100))
    some_of(taught, 2)
    taught.set_mode(Mode.OFF)
    taught.absorb(label(4, 4, first=200))
    assert taught.pending
    records = all_of(taught)
    assert sum(n for record in records for _, n in record.new_examples) == 4
    assert not taught.pending and not taught.training.partway and 200 not in taught.training.every()
    taught.set_mode(Mode.BOTH)
    all_of(taught)
    assert 200 in taught.training.every()


def test_what_is_protected_is_all_there_first(taught: Learner, label: Label) -> None:
    taught.absorb(label(3, 4, first=100))
    some_of(taught, 2)
    record = taught.seal_and_protect()
    assert record is not None and record.kind == "protected" and record.sealed == 14
    assert not taught.training.partway and taught.audit_all().bits_changed == 0


def test_switched_off_the_rest_comes_at_once(taught: Learner, label: Label) -> None:
    taught.absorb(label(3, 4, first=100))
    some_of(taught, 1)
    taught.set_parts_apart(False)
    (record,) = all_of(taught)
    assert record.parts_left == 0 and record.units_changed == 5


def test_gone_back_to_a_version_on_the_way_it_arrives_at_what_that_had_learned(taught: Learner, label: Label) -> None:
    head = taught.store.head
    taught.absorb(label(3, 4, first=100))
    (first,) = some_of(taught, 1)
    all_of(taught)
    assert first.version is not None
    taught.roll_back(first.version)
    assert taught.training.partway and taught.pending
    all_of(taught)
    assert taught.store.head.digest == head.digest and set(range(100, 104)) <= taught.parked


def test_a_session_keeps_it_whole_says_so_and_goes_on_from_it(
    taught: Learner, begin: Begin, small: BaseModel, label: Label
) -> None:
    examples = [*label(3, 5, first=30), *label(4, 5, first=40), *label(3, 4, first=100)]
    taught.absorb(examples[10:])
    (record,) = some_of(taught, 1)
    with Session.memory() as session:
        session.put_examples(examples)
        kept = checkpoint_of(taught, record, recorded=True)
        session.put_recorded_checkpoint(kept)
        session.put_record(record)
        (info,) = session.checkpoints()
        assert info.whole, "a recipe would give all of it"
        assert session.records()[0] == record
        snapshot, training = restored(session.checkpoint(record.version))
        assert training.partway and snapshot.digest == taught.store.head.digest
        found = relearn(session)
        assert found.left_out == [(record.version, NoRecipe(NotKept.REST))]
    again = Learner(snapshot, training, taught.settings, examples=examples, next_version=100)
    assert again.pending
    again.step()
    all_of(taught)
    assert again.store.head.digest == taught.store.head.digest


def test_what_cannot_be_cut_comes_whole(begin: Begin, small: BaseModel, label: Label) -> None:
    learner = begin(small)
    learner.set_parts_apart(True)
    learner.add_class(3)
    learner.absorb(label(3, 4))
    (first,) = all_of(learner)
    assert first.parts_left == 0, "a bank is born with all its parts"
    learner.set_openness(-0.3)
    (dial,) = all_of(learner)
    assert dial.parts_left == 0
    nothing = begin(None)
    nothing.set_parts_apart(True)
    counts = []
    for place in range(6):
        nothing.add_class(3 + place % 2)
        nothing.absorb(label(3 + place % 2, 2, first=10 * place, seed=place))
        counts.append(len(all_of(nothing)))
    assert counts[0] == 1 < max(counts), "while its scale is fitted anew it comes whole"


def test_a_class_that_is_no_longer_learned_leaves_by_itself(taught: Learner, label: Label) -> None:
    head = taught.store.head
    taught.absorb(label(5, 3, first=300))
    all_of(taught)
    with_five = taught.store.head
    assert Part(5) in parts_between(head, with_five) and ROUTER in parts_between(head, with_five)
    assert with_part(head, with_five, Part(5)).banks[-1].classes == (0, 1, 2, 3, 4, 5)
    taught.forget(range(300, 303))
    records = all_of(taught)
    assert len(records) == len(parts_between(with_five, taught.store.head)) > 1
    assert taught.store.head.digest == head.digest


def some_of(learner: Learner, most: int) -> list[PublishRecord]:
    """Step so often, or until nothing is left."""
    records = [learner.step() for _ in range(most) if learner.pending]
    return [record for record in records if record is not None]
