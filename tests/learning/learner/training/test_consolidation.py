"""A new base from all examples: what it is trained on, how it compares, and that adopting it can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.consolidation import TrainingSet, compare, get_job, put_job, training_set
from dgstudio.learning.settings import GRADIENT, LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Base, Normaliser
from dgstudio.types import Example

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Settled = Callable[[Learner], list[Any]]
NAMES = {0: "zero", 1: "one", 2: "two", 3: "three", 4: "four"}


def fitted(data: TrainingSet, protected: int = 24) -> BaseModel:
    """A base by least squares over random units; the real training is torch's."""
    rng = np.random.default_rng(3)
    d, hidden = data.raw.shape[1], data.hidden
    normaliser = Normaliser.fit(data.raw)
    x = normaliser(data.raw)
    W1, theta = (rng.normal(0, d**-0.5, (hidden, d)).astype(np.float32) for _ in range(2))
    b1 = rng.normal(0, 0.1, hidden).astype(np.float32)
    u, scores = np.maximum(x @ W1.T + b1, 0), x @ theta.T
    mask = scores >= np.sort(scores, 1)[:, -data.active][:, None]
    target = 8.0 * (data.labels[:, None] == np.array(data.classes))
    V = np.linalg.lstsq(u * mask, target, rcond=1e-3)[0].astype(np.float32)
    b2 = np.zeros(len(data.classes), np.float32)
    return assemble(
        data.raw,
        data.labels,
        normaliser=normaliser,
        base=Base(theta, np.zeros(hidden, np.float32), W1, b1, V, b2, k=data.active, classes=data.classes),
        dense=(W1, b1, V, b2),
        feature_names=tuple(f"f{i}" for i in range(d)),
        class_names=data.names,
        settings=LearnerSettings(features=64, protected=protected),
    )


def gathered(learner: Learner, examples: list[Example], names: dict[int, str] = NAMES) -> TrainingSet:
    return training_set(examples, learner.training.protected, names, learner.store.head)


def state_of(learner: Learner) -> tuple[Any, ...]:
    arrays, meta = learner.training.to_arrays()
    return learner.store.head.digest, {name: array.tobytes() for name, array in arrays.items()}, meta


@pytest.fixture
def taught(small: BaseModel, begin: Begin, label: Label, settled: Settled) -> tuple[Learner, list[Example]]:
    """A learner with two sealed banks and something in the learning bank, and its examples."""
    learner = begin(small, protected=6)
    examples: list[Example] = []
    for place, (class_id, count) in enumerate(((3, 20), (4, 20), (3, 5))):
        fresh = label(class_id, count, first=100 * place, seed=30 + place)
        learner.add_class(class_id)
        learner.absorb(fresh)
        settled(learner)
        examples += fresh
        if place < 2:
            learner.seal_and_protect()
    return learner, examples


# -- the training set ------------------------------------------------------------------------------------------------


def test_every_fifth_example_of_a_class_is_held_out_and_the_bases_own_inputs_are_in(
    taught: tuple[Learner, list[Example]],
) -> None:
    learner, examples = taught
    data = gathered(learner, examples[::-1])
    by_class = [[e.id for e in examples if e.class_id == c] for c in (3, 4)]
    assert sorted(data.held_ids.tolist()) == sorted(i for ids in by_class for i in ids[4::5])
    assert data.learned.keys().isdisjoint(data.held_ids.tolist())
    assert data.learned.keys() | set(data.held_ids.tolist()) == {e.id for e in examples}
    assert data.classes == (0, 1, 2, 3, 4) and data.names == tuple(NAMES.values())
    assert (data.hidden, data.active) == (48, 16), "as large as the present base"
    # The user's own protected inputs are examples already: they are there once, and not if they are held out.
    own = {row.tobytes() for row in learner.training.protected.inputs[:24]}
    rows = [row.tobytes() for row in data.raw]
    assert len(rows) == len(set(rows)) == len(data.learned) + 24 and own <= set(rows)
    assert {row.tobytes() for row in data.held_out}.isdisjoint(rows)


def test_what_does_not_live_is_not_learned_or_not_finite_is_left_out(taught: tuple[Learner, list[Example]]) -> None:
    learner, examples = taught
    broken = replace(examples[0], id=900, features=np.full_like(examples[0].features, np.nan))
    stored = replace(examples[1], id=901, learn=False)
    data = gathered(learner, [*examples, broken, stored], {c: n for c, n in NAMES.items() if c not in (1, 4)})
    assert data.classes == (0, 2, 3) and set(data.labels.tolist()) == {0, 2, 3}
    assert not {900, 901} & (data.learned.keys() | set(data.held_ids.tolist()))


def test_a_class_of_few_waits_above_the_new_base(taught: tuple[Learner, list[Example]]) -> None:
    learner, examples = taught
    data = gathered(learner, [e for e in examples if e.class_id != 4 or e.id < 109])
    assert data.classes == (0, 1, 2, 3) and data.left_out == ("four",)
    assert not {e.id for e in examples if e.class_id == 4} & data.learned.keys()


def test_too_little_is_refused_with_a_sentence(begin: Begin, label: Label) -> None:
    learner = begin(None)
    with pytest.raises(BadInputError, match="label something first"):
        gathered(learner, [])
    with pytest.raises(BadInputError, match="so far there is none"):
        gathered(learner, label(3, 9) + label(4, 9, first=50))
    with pytest.raises(BadInputError, match="two classes with 10 examples each: so far there is one"):
        gathered(learner, label(3, 10) + label(4, 9, first=50))
    assert gathered(learner, label(3, 10) + label(4, 10, first=50)).classes == (3, 4)


def test_the_folder_carries_the_job(taught: tuple[Learner, list[Example]], tmp_path: Path) -> None:
    learner, examples = taught
    data = gathered(learner, examples)
    put_job(tmp_path, data, learner.settings, ["a", "b"], rate=50.0, steps=7)
    raw, labels, job = get_job(tmp_path)
    assert raw.tobytes() == data.raw.tobytes() and labels.tolist() == data.labels.tolist()
    assert LearnerSettings(**job.pop("settings")) == learner.settings
    assert (job["classes"], job["hidden"], job["active"], job["steps"]) == ([0, 1, 2, 3, 4], 48, 16, 7)


# -- the comparison --------------------------------------------------------------------------------------------------


def test_the_comparison_is_what_the_two_models_answer(taught: tuple[Learner, list[Example]]) -> None:
    learner, examples = taught
    data, head = gathered(learner, examples), learner.store.head
    base = fitted(data)
    found = compare(base, data, head, learner.training.protected)
    new = Plan(base.snapshot().with_(classes=head.classes))
    tops = [head.classes[new.answer(raw).top] for raw in data.held_out]
    right = [top == label for top, label in zip(tops, data.held_labels.tolist(), strict=True)]
    assert found.held_out == len(right) == 9 and found.new_accuracy == pytest.approx(np.mean(right))
    assert found.accuracy is not None and found.accuracy > 0.8
    assert found.banks == 3 and found.new_macs < found.macs
    present = Plan(head)
    pairs = [(present.answer(raw), new.answer(raw)) for raw in learner.training.protected.inputs]
    assert found.flips == sum(a.top != b.top for a, b in pairs)
    assert found.max_change == pytest.approx(max(float(abs(a.probabilities - b.probabilities).max()) for a, b in pairs))
    # What it gets wrong of what was held out does not count as learned.
    wrong = {int(i) for i, good in zip(data.held_ids, right, strict=True) if not good}
    assert set(found.learned) == {e.id for e in examples} - wrong and found.left == len(wrong)
    spoiled = replace(data, held_labels=np.zeros_like(data.held_labels))
    worse = compare(base, spoiled, head, learner.training.protected)
    assert worse.left > found.left and not set(worse.learned) & set(data.held_ids.tolist())


# -- adopting --------------------------------------------------------------------------------------------------------


def test_a_new_base_answers_alone_and_what_it_has_learned_is_not_learned_again(
    taught: tuple[Learner, list[Example]], label: Label, settled: Settled
) -> None:
    learner, examples = taught
    base = fitted(gathered(learner, examples))
    before = learner.store.head
    record = learner.adopt_base(base, {e.id: e.class_id for e in examples})
    head = learner.store.head
    assert (record.kind, record.version, record.parent) == ("consolidated", before.version + 1, before.version)
    assert head.banks == () and head.base is base.base and head.phi is base.phi and learner.store.serving is head
    assert head.classes == before.classes and record.bits_changed > 0
    assert not learner.pending and settled(learner) == []
    assert learner.protected_count == 24 == record.protected and learner.certified_version == record.version
    assert learner.audit_all().checked == 24 and learner.audit_all().bits_changed == 0
    # It goes on as on any base, and the contract holds.
    learner.absorb(label(4, 6, first=700, seed=8))
    (learned,) = settled(learner)
    assert learned.new_examples == ((4, 6),) and len(learner.store.head.banks) == 1
    assert learner.audit_all().bits_changed == 0
    record = learner.seal_and_protect()
    assert record is not None and learner.audit_all().bits_changed == 0


def test_labels_that_came_during_the_training_are_learned_on_top(
    taught: tuple[Learner, list[Example]], label: Label, settled: Settled
) -> None:
    learner, examples = taught
    base = fitted(gathered(learner, examples))
    learner.absorb([*label(4, 3, first=800, seed=8), replace(examples[2], class_id=4)])
    settled(learner)
    learner.forget([examples[3].id])
    learner.adopt_base(base, {e.id: e.class_id for e in examples})
    (record,) = settled(learner)
    assert record.new_examples == ((4, 4),)
    assert learner.training.learned.tolist() == [examples[2].id, 800, 801, 802]


@pytest.mark.parametrize("rule", ["locked bank", GRADIENT])
def test_rolling_back_to_before_it_restores_everything(
    taught: tuple[Learner, list[Example]], label: Label, settled: Settled, rule: str
) -> None:
    learner, examples = taught
    base = fitted(gathered(learner, examples))
    before, version = state_of(learner), learner.store.head.version
    learner.adopt_base(base, {e.id: e.class_id for e in examples})
    learner.set_rule(rule)
    learner.absorb(label(4, 6, first=700, seed=8))
    settled(learner)
    after = learner.store.head
    learner.roll_back(version)
    learner.set_rule("locked bank")
    assert state_of(learner) == before
    assert learner.parked == set(range(700, 706)) and not learner.pending
    assert learner.audit_all().bits_changed == 0 and learner.audit_all().checked == learner.protected_count
    # And forward again.
    learner.roll_back(after.version)
    assert learner.store.head.digest == after.digest and learner.protected_count == 24


def test_a_protected_example_that_is_relabelled_after_it_is_released(
    taught: tuple[Learner, list[Example]], settled: Settled
) -> None:
    learner, examples = taught
    learner.adopt_base(fitted(gathered(learner, examples)), {e.id: e.class_id for e in examples})
    known = [int(i) for i in learner.training.protected.ids if i >= 0]
    example = next(e for e in examples if e.id == known[0])
    released = learner.absorb([replace(example, class_id=0)])
    assert released is not None and released.kind == "released" and learner.protected_count == 23
    settled(learner)
    answer = Plan(learner.store.head).answer(example.features)
    assert learner.store.head.classes[answer.top] == 0 and learner.audit_all().bits_changed == 0


def test_what_it_has_learned_can_only_be_left_out(taught: tuple[Learner, list[Example]]) -> None:
    learner, examples = taught
    learner.adopt_base(fitted(gathered(learner, examples)), {e.id: e.class_id for e in examples})
    record = learner.forget([examples[0].id])
    assert record is not None and "learned in the base itself" in record.reason.words
    with pytest.raises(BadInputError, match="nothing to rebuild"):
        learner.plan_rebuild([examples[0].id])


def test_a_session_from_nothing_gets_its_first_base(begin: Begin, label: Label, settled: Settled) -> None:
    learner = begin(None)
    examples = label(3, 30) + label(4, 30, first=100)
    for class_id in (4, 3):
        learner.add_class(class_id)
    learner.absorb(examples)
    settled(learner)
    before, version = state_of(learner), learner.store.head.version
    assert learner.offered_rules == ("locked bank",)
    learner.adopt_base(fitted(gathered(learner, examples)), {e.id: e.class_id for e in examples})
    assert learner.offered_rules == ("locked bank", GRADIENT) and learner.store.head.classes == (4, 3)
    plan = Plan(learner.store.head)
    right = [plan.snapshot.classes[plan.answer(e.features).top] == e.class_id for e in examples]
    assert np.mean(right) > 0.9
    # Where there is no base, the gradient rule has nothing to move: the locked bank goes on.
    learner.set_rule(GRADIENT)
    learner.roll_back(version)
    assert state_of(learner) == before and learner.settings.rule == "locked bank"
    learner.absorb(label(3, 2, first=500, seed=8))
    learner.resume_parked()
    assert settled(learner)[-1].new_examples == ((3, 2),)


def test_a_base_for_other_inputs_is_refused(taught: tuple[Learner, list[Example]]) -> None:
    learner, examples = taught
    data = gathered(learner, examples)
    narrow = fitted(replace(data, raw=np.ascontiguousarray(data.raw[:, :7])))
    head = learner.store.head
    with pytest.raises(BadInputError, match="7 inputs cannot take the place of one of 12"):
        learner.adopt_base(narrow, {})
    assert learner.store.head is head
