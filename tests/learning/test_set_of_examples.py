"""What is published is a function of base, P and the set of examples: no order, block or detour leaves a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.learning.bank.cold_start import fit, fitted_on
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import Example

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
LIVING = (3, 4, 5)


def lives_with(learner: Learner) -> Learner:
    for class_id in LIVING:
        learner.add_class(class_id)
    return learner


def all_at_once(learner: Learner, examples: list[Example]) -> Snapshot:
    lives_with(learner).absorb(examples)
    while learner.pending:
        learner.step()
    return learner.store.head


def pool(label: Label, count: int) -> list[Example]:
    """Examples of old and new classes with mixed ids, and one that what lies below answers right already."""
    found = [e for place, c in enumerate((3, 4, 0, 5)) for e in label(c, count, first=place * count, seed=place)]
    return [replace(e, id=(e.id * 7) % 101) for e in found]


def wander(data: st.DataObject, learner: Learner, wanted: list[Example], strangers: list[Example]) -> None:
    """Reach the set `wanted` by a random way: any order and blocks, wrong labels, strangers, detours, publishes."""
    lives_with(learner)
    order = data.draw(st.permutations(wanted + strangers))
    while order:
        size = data.draw(st.integers(1, len(order)))
        block, order = order[:size], order[size:]
        wrong = data.draw(st.booleans())
        learner.absorb([replace(e, class_id=5 if wrong else e.class_id) for e in block])
        if data.draw(st.booleans()):
            learner.step()
        if data.draw(st.booleans()):
            learner.forget([e.id for e in block[::2]])
            if data.draw(st.booleans()):
                learner.step()
    learner.forget([e.id for e in strangers])
    learner.absorb(data.draw(st.permutations(wanted)))
    while learner.pending:
        learner.step()


@given(data=st.data(), count=st.integers(1, 5), strange=st.integers(0, 6))
@settings(max_examples=50)
def test_any_way_to_a_set_gives_the_same_bytes(
    data: st.DataObject, count: int, strange: int, small: BaseModel, begin: Begin, label: Label
) -> None:
    wanted, strangers = pool(label, count), label(4, strange, first=200, seed=9)
    expected = all_at_once(begin(small), wanted)
    learner = begin(small)
    wander(data, learner, wanted, strangers)
    assert learner.store.head.digest == expected.digest
    assert learner.store.head.banks[0].ids == expected.banks[0].ids


@given(data=st.data(), count=st.integers(1, 5), strange=st.integers(0, 6))
@settings(max_examples=50)
def test_from_nothing_too_normaliser_and_features_included(
    data: st.DataObject, count: int, strange: int, begin: Begin, label: Label
) -> None:
    """`count` crosses 4, 8 and 16 examples, where both are fitted again."""
    wanted, strangers = pool(label, count), label(4, strange, first=200, seed=9)
    expected = all_at_once(begin(None), wanted)
    learner = begin(None)
    wander(data, learner, wanted, strangers)
    head = learner.store.head
    assert head.digest == expected.digest
    assert head.phi.ids == expected.phi.ids and head.normaliser.ids == expected.normaliser.ids


def test_from_nothing_a_label_that_was_wrong_leaves_no_trace_in_the_features(begin: Begin, label: Label) -> None:
    """With so many examples the labels choose which features matter."""
    wanted = pool(label, 12)
    expected = all_at_once(begin(None), wanted)
    learner = lives_with(begin(None))
    learner.absorb([replace(wanted[3], class_id=wanted[-1].class_id), *wanted[:3], *wanted[4:]])
    learner.step()
    other = learner.store.head.phi
    learner.absorb([wanted[3]])
    learner.step()
    assert learner.store.head.phi.ids == expected.phi.ids != other.ids
    assert learner.store.head.digest == expected.digest


@given(data=st.data())
@settings(max_examples=20)
def test_above_a_sealed_bank_too(data: st.DataObject, small: BaseModel, begin: Begin, label: Label) -> None:
    def sealed() -> Learner:
        learner = lives_with(begin(small, protected=6))
        learner.absorb(label(3, 9, first=300))
        learner.seal_and_protect()
        return learner

    wanted, strangers = pool(label, 3), label(3, 3, first=200, seed=9)
    expected = all_at_once(sealed(), wanted)
    learner = sealed()
    wander(data, learner, wanted, strangers)
    assert learner.store.head.digest == expected.digest


def test_many_examples_and_the_room_that_forgotten_ones_left(base: BaseModel, begin: Begin, label: Label) -> None:
    """The usual sizes: rows move in larger arrays, and products are split into blocks."""
    wanted = [replace(e, id=2 * e.id) for c in LIVING for e in label(c, 30, first=40 * c, seed=3)]
    strangers = [replace(e, id=2 * e.id + 1) for c in (0, 3) for e in label(c, 70, first=100 * c, seed=4)]
    expected = all_at_once(begin(base), wanted)
    learner = lives_with(begin(base))
    order = np.random.default_rng(1).permutation(len(wanted) + len(strangers))
    for place in order:
        learner.absorb([(wanted + strangers)[place]])
    learner.step()
    learner.forget([e.id for e in strangers])
    learner.step()
    assert learner.store.head.digest == expected.digest


@pytest.mark.parametrize("from_nothing", [False, True])
def test_unlearning_everything_leaves_no_bank(from_nothing: bool, small: BaseModel, begin: Begin, label: Label) -> None:
    learner = lives_with(begin(None if from_nothing else small))
    before = learner.store.head.digest
    learner.absorb(label(3, 9))
    learner.step()
    assert learner.store.head.digest != before and learner.evidence() is not None
    learner.forget(range(9))
    record = learner.step()
    assert record is not None and record.reason.words == "forgot 9 examples"
    assert learner.store.head.digest == before and learner.evidence() is None


@pytest.mark.parametrize("from_nothing", [False, True])
@pytest.mark.parametrize("gone", [[0], [1, 2, 3], [0, 6], [4, 5, 6, 7]])
def test_unlearning_equals_never_having_seen(
    gone: list[int], from_nothing: bool, small: BaseModel, begin: Begin, label: Label
) -> None:
    """From nothing, each of these changes what the normaliser and the features are fitted on."""
    base = None if from_nothing else small
    every = label(3, 4) + label(4, 4, first=4)
    learner = lives_with(begin(base))
    learner.absorb(every)
    learner.step()
    learner.forget(gone)
    learner.step()
    assert learner.store.head.digest == all_at_once(begin(base), [e for e in every if e.id not in gone]).digest


def test_the_rule_itself_forgets_without_a_trace(label: Label) -> None:
    def rule() -> LockedBankRule:
        return LockedBankRule(LearnerSettings(features=48), Snapshot(), None, np.zeros((0, 0), np.float32))

    forgetful, other, every = rule(), rule(), label(3, 6)
    forgetful.absorb(every)
    forgetful.forget([0, 99])
    other.absorb(every[1:])
    assert 0 not in forgetful and len(forgetful) == 5 and forgetful.fitting
    assert forgetful.propose(Snapshot()).digest == other.propose(Snapshot()).digest


def test_living_classes_change_nothing_that_is_learned(small: BaseModel, begin: Begin, label: Label) -> None:
    expected = all_at_once(begin(small), pool(label, 4)).banks
    learner = lives_with(begin(small))
    for class_id in (0, 3):
        learner.remove_class(class_id)
    learner.absorb(pool(label, 4))
    learner.step()
    assert learner.store.head.banks[0].ids == expected[0].ids


def test_the_labels_count_not_the_ids_of_takes_or_their_times(small: BaseModel, begin: Begin, label: Label) -> None:
    moved = [replace(e, take_id=99, start=5.0, end=6.0) for e in pool(label, 3)]
    assert all_at_once(begin(small), moved).digest == all_at_once(begin(small), pool(label, 3)).digest


def test_examples_that_are_not_to_be_learned_are_passed_over(small: BaseModel, begin: Begin, label: Label) -> None:
    examples = pool(label, 3)
    only_scored = [replace(e, id=e.id + 500, learn=False) for e in label(4, 5)]
    assert all_at_once(begin(small), examples + only_scored).digest == all_at_once(begin(small), examples).digest


@given(st.sets(st.integers(0, 1000), min_size=1, max_size=40), st.randoms())
def test_the_fit_from_nothing_stands_on_the_first_power_of_two(ids: set[int], random: Any) -> None:
    order = list(ids)
    random.shuffle(order)
    used = fitted_on(order)
    assert list(used) == sorted(ids)[: len(used)]
    assert len(used) <= len(ids) < 2 * len(used) and len(used).bit_count() == 1


def test_a_single_example_can_be_fitted_to_and_learned(begin: Begin, label: Label) -> None:
    (example,) = label(3, 1)
    _, phi = fit(example.features[None], np.array([3]), LearnerSettings(features=32))
    assert abs(float(phi.gain.std()) ** 2 + float(phi.gain.mean()) ** 2 - 1 / (2 * len(example.features))) < 0.1
    head = all_at_once(begin(None), [example])
    assert head.banks[0].classes == (3,)
