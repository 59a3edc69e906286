"""Figures of the whole gating, against plain counting over sets of units."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from engine.inspection.kept_learner import KeptLearner
from hypothesis import given
from hypothesis import strategies as st
from learning.conftest import blob, examples_of

from dgstudio.engine.inspection.gating_figures import class_overlap, firing_shares, flips, novelty, unit_load
from dgstudio.engine.inspection.unavailable import NoBase, UnavailableError
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan

patterns = st.lists(
    st.tuples(st.frozensets(st.integers(0, 5), min_size=1), st.integers(-1, 2)), min_size=1, max_size=12
)


def as_arrays(drawn: list[tuple[frozenset[int], int]]) -> tuple[np.ndarray, np.ndarray]:
    fires = np.array([[unit in units for unit in range(6)] for units, _ in drawn])
    return fires, np.array([label for _, label in drawn])


def jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    return len(a & b) / len(a | b)


@given(patterns)
def test_shares_and_overlaps_are_those_of_plain_sets(drawn: list[tuple[frozenset[int], int]]) -> None:
    fires, labels = as_arrays(drawn)
    shares, overlap = firing_shares(fires, labels), class_overlap(fires, labels)
    of = {c: [units for units, label in drawn if label == c] for c in sorted({c for _, c in drawn} - {-1})}
    assert shares.classes == overlap.classes == tuple(of)
    assert shares.counts.tolist() == [len(sets) for sets in of.values()]
    for row, sets in zip(shares.shares, of.values(), strict=True):
        assert row == pytest.approx([np.mean([unit in units for units in sets]) for unit in range(6)])
    for (i, a), (j, b) in itertools.product(enumerate(of.values()), repeat=2):
        pairs = [(p, q) for n, p in enumerate(a) for m, q in enumerate(b) if i != j or n != m]
        expected = np.mean([jaccard(p, q) for p, q in pairs]) if pairs else np.nan
        assert overlap.overlap[i, j] == pytest.approx(expected, nan_ok=True)


@given(patterns, patterns)
def test_novelty_is_one_less_the_largest_overlap(
    drawn: list[tuple[frozenset[int], int]], known: list[tuple[frozenset[int], int]]
) -> None:
    found = novelty(as_arrays(drawn)[0], as_arrays(known)[0])
    assert found == pytest.approx([1 - max(jaccard(a, b) for b, _ in known) for a, _ in drawn])
    assert np.isnan(novelty(as_arrays(drawn)[0], np.zeros((0, 6), bool))).all()


def test_units_that_are_dead_always_on_or_redundant() -> None:
    rng = np.random.default_rng(1)
    fires = rng.random((200, 6)) < 0.5
    fires[:, 0], fires[:, 1] = False, True
    fires[:, 3] = fires[:, 2]
    found = unit_load(fires)
    assert found.dead == (0,) and found.always_on == (1,)
    assert found.redundant == ((2, 3, 1.0),)
    assert found.load == pytest.approx(fires.mean(0)) and found.imbalance == pytest.approx(
        fires.mean(0).std() / fires.mean(0).mean()
    )
    assert unit_load(np.zeros((0, 4), bool)).dead == () and np.isnan(unit_load(np.zeros((0, 4), bool)).load).all()


def test_flips_are_counted_by_the_second_and_not_across_gaps(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        readings = one.answers(0, np.concatenate([blob(0, 12, seed=1), blob(1, 12, seed=1)]))
        found = flips(readings)
        sets = [set(r.active.tolist()) for r in readings]
        assert found.seconds.tolist() == [0, 1, 2]
        for second, count, answers in zip(found.seconds, found.gates, found.answers, strict=True):
            inside = [n for n in range(1, 24) if int(readings[n].end) == second]
            assert count == sum(len(sets[n] ^ sets[n - 1]) for n in inside)
            assert answers == sum(readings[n].top != readings[n - 1].top for n in inside)
        late = [replace(r, hop=r.hop + 5) for r in readings[12:]]
        fewer = flips([*readings[:12], *late])
        assert fewer.gates.sum() == found.gates.sum() - len(sets[12] ^ sets[11])
        assert len(flips(readings[:1]).seconds) == 0


def test_the_gating_of_a_version_in_figures(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        early = one.answers(0, blob(0, 5, seed=2))
        one.learns(examples_of(3, 10))
        live = [*early, *one.answers(3, blob(3, 10, seed=2))]
        inspector, version = one.inspector(), one.versions[-1]
        found, plan = inspector.gating(version), Plan(one.learner.store.head)
        assert (found.units, found.active) == (48, 16) and found.shares.classes == (0, 1, 2, 3)
        assert found.shares.shares.sum(1) == pytest.approx(np.full(4, 16.0))
        assert found.shares.counts.sum() == 70 and found.load.load.sum() == pytest.approx(16.0)
        rows = np.concatenate(
            [base.protected, [e.features for e in one.user.labelled.values()], [r.features for r in live]]
        )
        margins = [plan.answer(raw).margin for raw in rows]
        assert found.margins.median == pytest.approx(np.median(margins), abs=1e-5)
        assert found.margins.counts.sum() == len(rows)
        macs = [Plan(one.learner.store.get(r.version)) for r in live]
        assert found.cost.macs.tolist() == [p.macs(p.answer(r.features)) for p, r in zip(macs, live, strict=True)]
        assert found.cost.macs[0] < found.cost.macs[-1] and found.cost.dense == 48 * 12 + 48 * 3
        assert found.novelty.shape == found.novelty_times.shape == (15,) and found.novelty.min() >= 0
        then = inspector.gating(version, [replace(early[0], features=np.zeros(0, np.float32)), *early[1:]])
        assert then.novelty_times.tolist() == [r.end for r in early[1:]] and then.cost.macs.tolist() == [
            found.cost.macs[0]
        ] * len(early), "what lacks its features has gates all the same"
        assert (found.inputs, then.inputs) == ((60, 10, 15), (60, 10, 4))
        example = one.user.labelled[4]
        nearest = inspector.nearest_by_gates(version, example.features)
        assert (nearest[0].class_id, nearest[0].overlap) == (3, 1.0) and len(nearest) == 5
        overlaps = [n.overlap for n in nearest]
        assert overlaps == sorted(overlaps, reverse=True)
        own = set(plan.answer(example.features).active.tolist())
        for n in nearest:
            other = set(plan.answer(one.user.labelled[n.example_id].features).active.tolist())
            assert n.overlap == pytest.approx(len(own & other) / len(own | other))


def test_what_began_from_nothing_has_no_gates() -> None:
    with KeptLearner(None) as one:
        one.learns(examples_of(3, 6) + examples_of(4, 6, first=10))
        with pytest.raises(UnavailableError) as error:
            one.inspector().gating(one.versions[-1])
        assert error.value.reason == NoBase(one.versions[-1])
