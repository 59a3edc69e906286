"""What becomes protected: even over the classes, over the regions of each, rightly answered, recent inputs too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.errors import BadInputError
from dgstudio.learning.contract.protected import BASES_OWN, RECENT
from dgstudio.learning.contract.protected_selection import contradicted
from dgstudio.learning.contract.stratified_sampling import farthest_first, radius, shares, spread
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.types import Example

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]


def regions(seed: int, sizes: tuple[int, ...]) -> np.ndarray:
    """Rows of several regions, one after the other, as a stream would show them."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(10 * k, 0.5, (n, 4)) for k, n in enumerate(sizes)]).astype(np.float32)


# -- the spread --------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.integers(0, 9), st.integers(1, 40), min_size=1), st.integers(0, 120))
def test_places_are_shared_evenly_and_none_is_left_that_could_be_used(counts: dict[int, int], room: int) -> None:
    given_ = shares(counts, room)
    assert sum(given_.values()) == min(room, sum(counts.values()))
    assert all(given_[c] <= counts[c] for c in counts)
    # Whoever has fewer than another has all that there is of it.
    most = max(given_.values())
    assert all(given_[c] == counts[c] or given_[c] >= most - 1 for c in counts)


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(4, 12))
def test_it_covers_the_regions_better_than_first_come_and_keeps_the_balance(seed: int, room: int) -> None:
    rows = regions(seed, (40, 10, 3, 1))
    classes = np.arange(len(rows)) % 2
    first_come = np.arange(room)
    chosen = spread(rows, classes, room)
    assert radius(rows, chosen) < radius(rows, first_come)
    counts = np.bincount(classes[chosen], minlength=2)
    assert len(chosen) == room and abs(int(counts[0]) - int(counts[1])) <= 1
    assert chosen.tolist() == sorted(set(chosen.tolist()))


def test_the_first_is_the_middle_and_each_next_one_the_farthest() -> None:
    rows = np.array([[0.0], [1.0], [2.0], [10.0], [10.0]], np.float32)
    assert farthest_first(rows, 3).tolist() == [2, 3, 0]
    # What is protected already counts as chosen.
    assert farthest_first(rows, 2, np.array([[10.0]], np.float32)).tolist() == [0, 2]
    assert farthest_first(rows[:0], 3).tolist() == [] and sorted(farthest_first(rows, 9)) == [0, 1, 2, 3, 4]


# -- what a seal takes -------------------------------------------------------------------------------------------


def taught(begin: Begin, base: BaseModel, label: Label, **options: Any) -> Learner:
    learner = begin(base, **options)
    for class_id in (3, 4):
        learner.add_class(class_id)
    learner.absorb(label(3, 30) + label(4, 10, first=100))
    while learner.pending:
        learner.step()
    return learner


def test_a_seal_keeps_the_balance_of_the_classes(base: BaseModel, begin: Begin, label: Label) -> None:
    learner = taught(begin, base, label, protected=16)
    learner.seal_and_protect()
    joined = learner.training.protected.cohorts[-1]
    assert np.bincount(joined.labels).tolist() == [0, 0, 0, 8, 8]
    assert (joined.ids >= 0).all() and joined.ids.tolist() == sorted(joined.ids.tolist())


def test_a_wrong_answer_is_never_made_a_promise(base: BaseModel, begin: Begin, label: Label, inputs: Inputs) -> None:
    learner = taught(begin, base, label)
    # Inputs of an old class that somebody took for the new one, outvoted by the others.
    wrong = [Example(500 + k, 3, 9, raw, 0.0, 1.0) for k, raw in enumerate(inputs(0, 4, seed=3))]
    learner.absorb(wrong)
    learner.seal_and_protect()
    protected, plan = learner.training.protected, Plan(learner.store.head)
    for raw, label_, example_id in zip(protected.inputs, protected.labels, protected.ids, strict=True):
        answer = plan.answer(raw)
        assert example_id == BASES_OWN or plan.snapshot.classes[answer.top] == label_


def test_recent_inputs_that_are_answered_surely_join_with_what_they_are_answered(
    base: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = taught(begin, base, label, protected=40)
    recent = [*inputs(0, 20, seed=8), *inputs(3, 20, seed=8), np.full(12, 900.0, np.float32)]
    record = learner.seal_and_protect(recent)
    joined = learner.training.protected.cohorts[-1]
    unlabelled = joined.ids == RECENT
    count = int(unlabelled.sum())
    assert 0 < count <= 10 and f"and {count} recent input" in record.reason.words
    assert set(joined.labels[unlabelled].tolist()) <= {0, 3}
    assert not (joined.inputs[unlabelled] == 900.0).any(1).any()
    assert learner.audit_all().bits_changed == 0
    # They hold as the others do, whatever is taught next, and are kept with the session.
    learner.add_class(5)
    learner.absorb(label(5, 20, first=800))
    while learner.pending:
        learner.step()
    assert learner.audit_all().bits_changed == 0 and learner.store.head.banks[-1].classes == (0, 1, 2, 3, 4, 5)
    arrays, meta = learner.training.to_arrays()
    again = type(learner.training).from_arrays(arrays, meta)
    assert again.protected.ids.tolist() == learner.training.protected.ids.tolist()


def test_relabelling_where_a_recent_input_is_protected_releases_just_those(
    base: BaseModel, begin: Begin, label: Label, inputs: Inputs
) -> None:
    learner = taught(begin, base, label, protected=40)
    recent = list(inputs(3, 20, seed=8))
    learner.seal_and_protect(recent)
    before = learner.protected_count
    held = [raw for raw, i in zip(learner.training.protected.inputs, learner.training.protected.ids, strict=True)]
    at = next(n for n, i in enumerate(learner.training.protected.ids) if i == RECENT)
    same = Example(900, 4, 9, held[at], 0.0, 1.0)
    assert at in contradicted(learner.training.protected, Plan(learner.store.head), [same])
    assert (
        contradicted(learner.training.protected, Plan(learner.store.head), [Example(901, 3, 9, held[at], 0, 1)]) == []
    )
    far = Example(902, 4, 9, np.full(12, 50.0, np.float32), 0.0, 1.0)
    assert contradicted(learner.training.protected, Plan(learner.store.head), [far]) == []
    record = learner.absorb([same])
    gone = before - learner.protected_count
    assert record.kind == "released" and "relabelled: the answers may move" in record.reason.words
    assert 1 <= gone < 6 and learner.audit_all().bits_changed == 0


def test_chosen_inputs_are_released_and_others_stay(base: BaseModel, begin: Begin, label: Label) -> None:
    learner = taught(begin, base, label)
    learner.seal_and_protect()
    before = learner.training.protected
    record = learner.release_inputs(before.inputs[[1, 70]])
    assert record.kind == "released" and record.reason.words.startswith("2 protected inputs released")
    assert learner.protected_count == len(before) - 2
    assert learner.release_inputs(before.inputs[[1]]) is None
    learner.roll_back(record.parent)
    assert learner.protected_count == len(before)


def test_how_many_join_at_a_seal_can_be_set(base: BaseModel, begin: Begin, label: Label) -> None:
    learner = taught(begin, base, label)
    learner.set_protected(6)
    with pytest.raises(BadInputError, match="give 0 or more"):
        learner.set_protected(-1)
    learner.seal_and_protect()
    assert len(learner.training.protected.cohorts[-1]) == 6
