"""Unlearning what is sealed: the rebuilt model is that of a learner that never saw it, and says what moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import Example, Mode

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Settled = Callable[[Learner], list[Any]]


def teach(learner: Learner, examples: list[Example]) -> None:
    for class_id in sorted({e.class_id for e in examples}):
        learner.add_class(class_id)
    learner.absorb(examples)
    while learner.pending:
        assert learner.step() is not None


def weights(learner: Learner) -> dict[str, Any]:
    """Everything that the learner's weights are, and what they rest on."""
    head, training = learner.store.head, learner.training
    protected, cohorts = training.protected.to_arrays()
    sums = training.sums
    return {
        "arrays": head.content_ids(),
        "dials": [(bank.id, bank.classes, bank.tau, bank.delta, bank.sealed) for bank in head.banks],
        "protected": {name: array.tobytes() for name, array in protected.items()},
        "cohorts": cohorts,
        "sums": None if sums is None else (sums.A0.tobytes(), sums.B0.tobytes(), sums.b_r.tobytes(), sums.classes),
        "learned": training.published(),
        "seals": [(seal.bank, seal.ids.tolist(), seal.labels.tolist()) for seal in training.seals],
    }


def history(begin: Begin, base: BaseModel | None, takes: list[list[Example]], classes: tuple[int, ...]) -> Learner:
    """A learner that was taught the takes, sealing after each but the last; classes live from the start."""
    learner = begin(base, protected=8)
    for class_id in classes:
        learner.add_class(class_id)
    for place, take in enumerate(takes):
        if take:
            teach(learner, take)
            if place + 1 < len(takes):
                learner.seal_and_protect()
    return learner


def without(takes: list[list[Example]], gone: set[int]) -> list[list[Example]]:
    return [[e for e in take if e.id not in gone] for take in takes]


@pytest.mark.parametrize("nothing", [False, True], ids=["with a base", "from nothing"])
@pytest.mark.parametrize(
    "gone", [{2, 3}, {2, 103, 201}, set(range(100, 112))], ids=["one bank", "everywhere", "a whole bank"]
)
def test_the_rebuilt_model_is_that_of_a_learner_that_never_saw_them(
    small: BaseModel, begin: Begin, label: Label, settled: Settled, nothing: bool, gone: set[int]
) -> None:
    base = None if nothing else small
    takes = [label(3, 6) + label(4, 6, first=20), label(5, 12, first=100), label(4, 5, first=200, seed=9)]
    learner = history(begin, base, takes, (3, 4, 5))
    other = history(begin, base, without(takes, gone), (3, 4, 5))
    before, old = learner.store.head, weights(learner)
    assert old != weights(other)
    rebuild = learner.plan_rebuild(gone)
    assert weights(learner) == old and learner.store.head is before, "planning changes nothing"
    record = learner.accept_rebuild(rebuild)
    settled(learner)
    assert weights(learner) == weights(other)
    assert (record.kind, record.version, record.parent) == ("rebuilt", before.version + 1, before.version)
    assert learner.audit_all().bits_changed == 0 and learner.audit_all().checked == learner.protected_count
    # What was there before is a version that can be gone back to, whole.
    learner.roll_back(before.version)
    assert weights(learner)["arrays"] == old["arrays"] and weights(learner)["protected"] == old["protected"]


def test_it_says_which_protected_answers_move(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = history(begin, small, [label(3, 6) + label(4, 6, first=20), []], (3, 4))
    gone = set(range(20, 26))
    rebuild = learner.plan_rebuild(gone)
    moved = rebuild.moved
    # Class 4 is no longer known: the answers to its remaining neighbours of class 3 move, the base's own do not.
    assert moved.checked == 24 + int((~np.isin(learner.training.protected.ids[24:], list(gone))).sum())
    plan = Plan(rebuild.snapshot)
    expected = 0
    for cohort in learner.training.protected.without(gone).cohorts:
        columns = [rebuild.snapshot.classes.index(c) for c in cohort.classes]
        for raw, was in zip(cohort.inputs, cohort.reference, strict=True):
            expected += plan.logits_of(raw)[columns].astype(np.float32).tobytes() != was.tobytes()
    assert moved.inputs == expected > 0
    assert {class_id for class_id, _, _ in moved.classes} == {3}
    assert sum(count for _, count, _ in moved.classes) == moved.inputs and moved.bits >= moved.inputs
    first, second, third = rebuild.words("class {}".format)
    assert first == "Without 6 examples: 1 sealed bank and what was learned since v3 are made anew, from 6 examples."
    assert second.startswith(f"{moved.inputs} of {moved.checked} protected answers move, by at most")
    assert third.startswith(f"They are {moved.inputs} of class 3")
    record = learner.accept_rebuild(rebuild)
    assert (record.bits_changed, record.flips) == (moved.bits, moved.flips)
    assert record.reason.words == "rebuilt without 6 examples: 1 sealed bank made anew since v3"


def test_what_was_taken_back_before_goes_too_and_labels_since_are_learned_on_top(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    learner = history(begin, small, [label(3, 8), label(4, 4, first=50)], (3, 4))
    learner.forget([1])
    learner.forget([5])
    rebuild = learner.plan_rebuild([5])
    assert rebuild.ids == (1, 5)
    fresh = label(4, 3, first=80, seed=4)
    learner.absorb(fresh)
    learner.store.pin(0)
    record = learner.accept_rebuild(rebuild)
    assert learner.store.serving is learner.store.head and learner.store.pinned is None
    (on_top,) = settled(learner)
    assert on_top.new_examples == ((4, 3),) and record.version is not None
    assert learner.training.every() == {0, 2, 3, 4, 6, 7, 50, 51, 52, 53, 80, 81, 82}


def test_labels_that_come_back_between_plan_and_switch_are_not_lost(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    examples = label(3, 8)
    learner = history(begin, small, [examples, []], (3,))
    learner.forget([5])
    rebuild = learner.plan_rebuild([5])
    learner.absorb([examples[5]])
    learner.accept_rebuild(rebuild)
    (again,) = settled(learner)
    assert again.new_examples == ((3, 1),) and 5 in learner.training.learned


def test_a_plan_that_the_model_has_left_behind_is_refused(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = history(begin, small, [label(3, 8), label(4, 4, first=50)], (3, 4))
    rebuild = learner.plan_rebuild([2])
    learner.seal_and_protect()
    head = learner.store.head
    with pytest.raises(BadInputError, match="sealed, released or rolled back"):
        learner.accept_rebuild(rebuild)
    assert learner.store.head is head and learner.training.every() >= {2}


def test_what_is_not_sealed_needs_no_rebuild(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = history(begin, small, [label(3, 8), label(4, 4, first=50)], (3, 4))
    assert learner.sealed_among([50, 3, 999, 0]) == (0, 3)
    with pytest.raises(BadInputError, match="nothing to rebuild"):
        learner.plan_rebuild([50])


def test_what_the_user_released_stays_released(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = history(begin, small, [label(3, 8), []], (3,))
    learner.release([0, 5])
    assert learner.protected_count == 24 + 8 - 2
    learner.accept_rebuild(learner.plan_rebuild([2]))
    assert learner.protected_count == 22 + 7


def test_a_relabelled_example_is_sealed_with_its_present_label(
    small: BaseModel, begin: Begin, label: Label, settled: Settled
) -> None:
    examples = label(3, 8)
    learner = history(begin, small, [examples, []], (3, 4))
    learner.absorb([replace(examples[4], class_id=4)])
    settled(learner)
    assert learner.training.published() == {4: 4}
    learner.accept_rebuild(learner.plan_rebuild([2]))
    settled(learner)
    (seal,) = learner.training.seals
    assert dict(zip(seal.ids.tolist(), seal.labels.tolist(), strict=True))[4] == 4 and not learner.training.published()


def test_a_rebuilt_bank_keeps_its_dials_and_can_be_rebuilt_again(small: BaseModel, begin: Begin, label: Label) -> None:
    takes = [label(3, 8), label(4, 8, first=50), label(5, 4, first=100)]
    learner = begin(small, protected=8)
    learner.set_openness(-0.4, 0.1)
    teach(learner, takes[0])
    learner.seal_and_protect()
    learner.set_openness(-0.3, 0.0)
    teach(learner, takes[1])
    learner.seal_and_protect()
    learner.set_openness(-0.5, 0.2)
    teach(learner, takes[2])
    for gone in ([52], [3], [55]):
        learner.accept_rebuild(learner.plan_rebuild(gone))
        assert [(b.tau, b.delta) for b in learner.store.head.banks] == [(-0.4, 0.1), (-0.3, 0.0), (-0.5, 0.2)]
        assert learner.audit_all().bits_changed == 0
    assert learner.training.every() == {e.id for take in takes for e in take} - {52, 3, 55}


def test_learning_that_is_off_stays_off(small: BaseModel, begin: Begin, label: Label) -> None:
    learner = history(begin, small, [label(3, 8), label(4, 4, first=50)], (3, 4))
    learner.set_mode(Mode.OFF)
    learner.absorb(label(4, 3, first=80, seed=4))
    learner.accept_rebuild(learner.plan_rebuild([2]))
    assert learner.training.learned.tolist() == [50, 51, 52, 53] and not learner.pending


def test_the_version_before_the_seal_is_recalled(small: BaseModel, begin: Begin, label: Label) -> None:
    first = history(begin, small, [label(3, 8), label(4, 4, first=50)], (3, 4))
    kept: dict[int, tuple[Snapshot, TrainingState]] = {
        v: (first.store.get(v), first.training_of(v))
        for v in (first.training.seals[0].before, first.store.head.version)
    }
    examples = label(3, 8) + label(4, 4, first=50)

    def opened(recall: Any) -> Learner:
        version = first.store.head.version
        more = {"recall": recall, "examples": examples, "next_version": version + 1}
        return Learner(*kept[version], first.settings, **more)

    again = opened(kept.get)
    rebuild = again.plan_rebuild([2])
    assert rebuild.snapshot.digest == first.plan_rebuild([2]).snapshot.digest
    with pytest.raises(BadInputError, match=r"Version \d+ does not exist"):
        opened(lambda version: None).plan_rebuild([2])
