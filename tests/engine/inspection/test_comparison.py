"""Two versions compared: splits add up, counts are those of plain answering, blame names what was learned."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from engine.inspection.kept_learner import KeptLearner
from hypothesis import given, settings
from hypothesis import strategies as st
from learning.conftest import User, blob, examples_of

from dgstudio.engine.inspection.comparing.blame import ClassChange
from dgstudio.engine.inspection.comparing.population import UNSURE, answered
from dgstudio.engine.inspection.comparing.version_difference import BankDifference, weights_difference
from dgstudio.engine.inspection.unavailable import GivenUpError
from dgstudio.learning.bank.attribution import ChangeParts
from dgstudio.learning.settings import GRADIENT
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.certificate import decompose
from dgstudio.model.plan import BANK_GAIN, Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import BankState


def differs(a: Snapshot, b: Snapshot) -> bool:
    return a.with_(classes=()).digest != b.with_(classes=()).digest


@settings(max_examples=40)
@given(data=st.data(), nothing=st.booleans())
def test_after_any_history_two_versions_compare_in_parts_that_add_up(
    data: st.DataObject, nothing: bool, small: BaseModel
) -> None:
    with KeptLearner(None if nothing else small, protected=6, seal_at=9) as one:
        acts = User.acts if nothing else User.every_act
        for act in [("learn", 3, 4), *data.draw(st.lists(acts, min_size=2, max_size=8))]:
            one.does(act)
        inspector = one.inspector(by_file=data.draw(st.booleans()))
        before, after = (data.draw(st.sampled_from(one.versions)) for _ in range(2))
        a, b = (inspector.versions.of(version).snapshot for version in (before, after))
        for class_id in (0, 3):
            raw = blob(class_id, 1, seed=8)[0]
            found = inspector.compare(before, after, raw)
            plans = Plan(a), Plan(b)
            first, second = (plan.answer(raw) for plan in plans)
            routing, _, classes = decompose(*plans, raw)
            assert found.classes == classes and np.array_equal(found.routing, routing)
            change = [second.logits[b.classes.index(c)] - first.logits[a.classes.index(c)] for c in classes]
            assert found.routing + found.representation == pytest.approx(np.array(change, float), abs=1e-3)
            assert found.identical == (a.classes == b.classes and first.logits.tobytes() == second.logits.tobytes())
            if found.base is not None:
                moved = second.base_logits.astype(float) - first.base_logits
                assert found.base.total == pytest.approx(moved, abs=1e-4)
                assert set(found.gates_opened) == set(second.active.tolist()) - set(first.active.tolist())
            if isinstance(found.because, ChangeParts):
                assert found.because_bank is not None
                if first.speaker == second.speaker >= 0 and a.banks[first.speaker].id == b.banks[second.speaker].id:
                    column = found.because.classes.index(b.banks[second.speaker].classes[0])
                    t = [float(answer.t[0]) if answer.t is not None else 0.0 for answer in (first, second)]
                    if a.banks[first.speaker].classes[0] == b.banks[second.speaker].classes[0]:
                        assert found.because.total[column] == pytest.approx(t[1] - t[0], abs=1e-3)
            state = {bank.id: state for bank, state in zip(b.banks, second.state.tolist(), strict=True)}
            assert {s.bank_id: s.after for s in found.banks if s.after is not None} == state
            assert found.weights.nothing == (not differs(a, b))
            was, now = (set(inspector.versions.of(v).training.every()) for v in (before, after))
            assert {i for i, _ in found.learned.learned} == now - was
            assert {i for i, _ in found.learned.forgotten} == was - now


def test_when_the_base_moves_each_flipped_gate_and_each_moved_unit_has_its_share(base: BaseModel) -> None:
    first = base.snapshot()
    assert first.base is not None
    rng = np.random.default_rng(3)
    moved = type(first.base)(
        theta=first.base.theta + rng.normal(0, 0.05, first.base.theta.shape),
        c=first.base.c,
        W1=first.base.W1 + rng.normal(0, 0.02, first.base.W1.shape) * (np.arange(48) % 3 == 0)[:, None],
        b1=first.base.b1,
        V=first.base.V,
        b2=first.base.b2 + np.float32(0.25),
        k=first.base.k,
        classes=first.base.classes,
    )
    second = first.with_(version=1, parent=0, base=moved)
    with KeptLearner(base) as one:
        one.learner.store.publish(second)
        one.learner._state.note(1)
        inspector = one.inspector()
        flipped = 0
        for raw in blob(1, 5, seed=4):
            found = inspector.compare(0, 1, raw)
            assert found.base is not None and (found.base.bias == 0.25).all()
            routing = sum(step.routing for step in found.base.units)
            representation = found.base.bias + sum(step.representation for step in found.base.units)
            assert routing == pytest.approx(found.routing, abs=1e-3)
            assert representation == pytest.approx(found.representation, abs=1e-3)
            opened = {step.unit for step in found.base.units if step.opened}
            assert opened == set(found.gates_opened)
            assert all(unit % 3 == 0 for unit in found.units_moved)
            flipped += len(opened)
        assert flipped > 0
        weights = found.weights
        assert weights.units == tuple(range(0, 48, 3)) and weights.gates == tuple(range(48)) and weights.bias
        assert not weights.base_untouched and not weights.banks


def test_what_of_the_weights_differs_is_told_part_by_part(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 8))
        learned = one.versions[-1]
        one.learns(examples_of(4, 3, first=20))
        inspector = one.inspector()
        weights, between = inspector.difference(learned, one.versions[-1])
        assert weights.base_untouched and not weights.nothing and weights.classes_added == (4,)
        assert weights.banks == (BankDifference(1, router=True, readout=(0, 1, 2, 3, 4), reach=True),)
        assert between.learned == ((20, 4), (21, 4), (22, 4)) and between.by_class == {4: 3}
        weights, _ = inspector.difference(0, learned)
        assert weights.banks == (BankDifference(1, added=True),)
        head = one.learner.store.head
        one.keeps(one.learner.seal_and_protect())
        assert weights_difference(head, one.learner.store.head).banks == (BankDifference(1, sealed=True),)
        assert weights_difference(head, head).nothing


def test_all_inputs_are_counted_as_plain_answering_counts_them(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 12))
        before = one.versions[-1]
        live = [*one.answers(3, blob(3, 6, seed=7)), *one.answers(4, blob(4, 9, seed=7))]
        one.learns(examples_of(4, 8, first=40))
        after = one.versions[-1]
        found = one.inspector().compare_all(before, after)
        a, b = (Plan(one.learner.store.get(version)) for version in (before, after))
        assert found.protected.identical.all() and not found.protected.changed.any()
        assert found.protected.flows == () and len(found.protected.before) == 60
        rows = {
            found.examples: [(e.features, e.class_id) for _, e in sorted(one.user.labelled.items())],
            found.live: [(r.features, int((r.truth or "").split()[-1])) for r in live],
        }
        for moved, inputs in rows.items():
            counts: Counter[tuple[int, int, int]] = Counter()
            for i, (raw, label) in enumerate(inputs):
                was, now = a.answer(raw), b.answer(raw)
                tops = [p.snapshot.classes[x.top] if x.top >= 0 else UNSURE for p, x in ((a, was), (b, now))]
                assert moved.before[i] == tops[0] and moved.after[i] == tops[1]
                same = (
                    was.logits.tobytes()
                    == now.logits[[b.snapshot.classes.index(c) for c in a.snapshot.classes]].tobytes()
                )
                assert moved.identical[i] == same
                if tops[0] != tops[1]:
                    counts[tops[0], tops[1], label] += 1
            assert {(f.before, f.after, f.label): f.count for f in moved.flows} == counts
            assert sum(len(moved.ids_of(f)) for f in moved.flows) == len(moved.changed_ids) == sum(counts.values())
            _, matrix = moved.matrix()
            assert matrix.sum() == len(inputs)
            assert matrix.sum() - np.trace(matrix) == sum(counts.values())
        assert found.live.changed.any() and found.examples.changed.any()


def test_long_work_ends_when_nobody_wants_it(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 4))
        inspector = one.inspector()
        inspector.go_on = lambda: False
        with pytest.raises(GivenUpError):
            inspector.compare_all(0, one.versions[-1])
        with pytest.raises(GivenUpError):
            inspector.blame_class(3)
        nothing = answered(Plan(one.learner.store.head), np.zeros((0, 0), np.float32))
        assert len(nothing[0]) == 0


def test_blame_names_the_versions_that_changed_a_class_and_what_they_learned(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 5))
        first = one.versions[-1]
        one.learns(examples_of(4, 4, first=20))
        second = one.versions[-1]
        for by_file in (False, True):
            blamed = one.inspector(by_file=by_file).blame_class(3)
            assert set(one.versions) <= set(blamed.looked_at) and blamed.reachable >= len(one.versions)
            changed = {b.change.version: b for b in blamed.found if b.change.version in one.versions}
            assert set(changed) == {first, second}
            assert changed[first].learned.by_class == {3: 5} and changed[second].learned.by_class == {4: 4}
            change = changed[first].change
            assert isinstance(change, ClassChange) and change.base == 0.0
            row = one.learner.store.get(first).banks[0]
            assert change.banks == ((1, pytest.approx(float(np.linalg.norm(row.R[row.classes.index(3)])))),)
        # Class 5 has never been said anything of.
        assert not one.inspector().blame_class(5).found


def test_blame_of_a_unit_names_what_the_gradient_rule_learned(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.keeps(one.learner.release(range(one.learner.protected_count)))
        one.learner.set_rule(GRADIENT)
        one.learns(examples_of(1, 6))
        moved = one.learner.store.head
        stamps = moved.base.unit_stamps
        unit = next(j for j in range(48) if stamps[j] != base.base.unit_stamps[j])
        blamed = one.inspector().blame_unit(unit)
        assert [b.change.version for b in blamed.found] == [moved.version]
        assert blamed.found[0].learned.by_class == {1: 6}
        assert one.inspector().unit(moved.version, unit).changes[0] == blamed.found[0].change


def test_a_bank_that_opens_is_told_with_the_examples_that_opened_it(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 8))
        raw = blob(3, 1, seed=5)[0]
        found = one.inspector().compare(0, one.versions[-1], raw)
        assert [(s.bank_id, s.before, s.after) for s in found.banks] == [(1, None, BankState.SPEAKING)]
        assert isinstance(found.because, ChangeParts) and found.because.example_ids.tolist() == list(range(8))
        column = found.because.classes.index(3)
        score = found.after.said.logits[found.after.said.classes.index(3)] / BANK_GAIN
        assert found.because.total[column] == pytest.approx(float(score), abs=1e-4)
