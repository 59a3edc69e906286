"""The decision map says of each place, byte for byte, what serving would answer there."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.plane.decision_map import DecisionMap, points
from dgstudio.engine.runtime.abstention import decided
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.certificate import certify, certify_rows
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.paths import asset
from dgstudio.types import Example

SIDE = 30
TOWN, WOOD = 7, 8


def drawn(class_id: int, place: tuple[float, float], first: int) -> list[Example]:
    spots = np.array(place) + np.random.default_rng(first).uniform(-0.15, 0.15, (12, 2))
    return [Example(first + i, class_id, 0, spot.astype(np.float32), 0.0, 0.0) for i, spot in enumerate(spots)]


@cache
def versions() -> tuple[Snapshot, ...]:
    """With a base: as shipped, one class learned, protected, another one learned; and two classes from nothing."""
    found = []
    for base in (BaseModel.load(asset("bases/pointer.safetensors")), None):
        learner = Learner.begin(base, LearnerSettings(features=256))
        found.append(learner.store.head)
        for class_id, place, first in ((TOWN, (-0.5, -0.6), 0), (WOOD, (0.6, 0.6), 100)):
            learner.add_class(class_id)
            learner.absorb(drawn(class_id, place, first))
            learner.step()
            found.append(learner.store.head)
            if class_id == TOWN and base is not None:
                learner.seal_and_protect()
                found.append(learner.store.head)
    return tuple(found)


def mapped(snapshot: Snapshot, reference: Snapshot | None = None, abstain: float = 0.0) -> DecisionMap:
    answers, equal = Plan(snapshot).answers(points(SIDE, 2)), None
    if reference is not None:
        equal = certify_rows(snapshot, answers, reference, Plan(reference).answers(points(SIDE, 2)))
    return DecisionMap(0, snapshot, SIDE, answers, abstain, None if reference is None else reference.version, equal)


@given(which=st.integers(0, 6), cell=st.integers(0, SIDE**2 - 1), abstain=st.sampled_from([0.0, 0.7, 0.95]))
def test_every_cell_is_what_serving_answers_in_its_middle(which: int, cell: int, abstain: float) -> None:
    snapshot = versions()[which]
    plan, made, raw = Plan(snapshot), mapped(snapshot, abstain=abstain), points(SIDE, 2)[cell]
    answer = plan.answer(raw)
    assert made.answers.logits[cell].tobytes() == answer.logits.tobytes()
    assert made.answers.active[cell].tolist() == answer.active.tolist()
    assert made.answers.speakers[cell] == answer.speaker
    assert made.tops.ravel()[cell] == decided(answer, abstain)[0]
    named = answer.top >= 0 or answer.unsure
    likely = int(answer.logits.argmax()) if named else -1
    assert made.likeliest.ravel()[cell] == likely
    assert made.confidence.ravel()[cell] == (answer.probabilities.max() if named else 0)
    assert made.cell_at(*raw.tolist()) == cell


def test_there_is_something_to_tell_apart() -> None:
    before, learned = versions()[0], versions()[1]
    base_only, both = mapped(before), mapped(learned, before)
    assert set(np.unique(base_only.tops)) == {-1, 0, 1, 2}
    assert learned.classes.index(TOWN) in both.tops
    assert both.certified is not None and 0 < both.certified.mean() < 1


@pytest.mark.parametrize("which", range(7))
def test_certificates_are_those_of_serving(which: int) -> None:
    snapshot = versions()[which]
    for reference in versions():
        if snapshot.classes and reference.classes and (snapshot.base is None) == (reference.base is None):
            found, plan, other = mapped(snapshot, reference).equal, Plan(snapshot), Plan(reference)
            assert found is not None
            for cell in range(0, SIDE**2, 11):
                assert found[cell] == certify(plan, plan.answer(points(SIDE, 2)[cell]), other)


def test_cells_have_one_number_where_the_same_units_and_the_same_part_answer_and_keep_it() -> None:
    numbers: dict[int, set[tuple[int, ...]]] = {}
    for snapshot in versions():
        if snapshot.base is not None:
            made = mapped(snapshot)
            for key, active, speaker in zip(
                made.active_sets.ravel().tolist(), made.answers.active.tolist(), made.answers.speakers, strict=True
            ):
                numbers.setdefault(key, set()).add((*active, speaker))
    assert len(numbers) > 40 and all(len(sets) == 1 for sets in numbers.values())
    assert len(numbers) == len({next(iter(sets)) for sets in numbers.values()})


def test_a_unit_fires_where_it_is_among_the_active_ones() -> None:
    made = mapped(versions()[1])
    fires = np.array([made.fires(unit) for unit in range(32)])
    assert (fires.sum(0) == 8).all()
    cell = made.cell_at(0.3, 0.4)
    assert np.flatnonzero(fires.reshape(32, -1)[:, cell]).tolist() == made.answers.active[cell].tolist()


def test_the_plane_is_seen_from_above_with_y_upwards_and_at_rest() -> None:
    rows = points(2, 4)
    assert rows.tolist() == [[-0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [-0.5, -0.5, 0, 0], [0.5, -0.5, 0, 0]]
    made = mapped(versions()[0])
    assert made.cell_at(-9, 9) == 0 and made.cell_at(9, -9) == SIDE**2 - 1


def test_where_nothing_is_known_there_is_no_answer_anywhere() -> None:
    made = mapped(versions()[4])
    assert not made.snapshot.classes
    assert (made.tops == -1).all() and (made.likeliest == -1).all() and (made.confidence == 0).all()
