"""What is said of a unit and of a bank, against plain counting over the same inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine.inspection.kept_learner import KeptLearner
from learning.conftest import blob, examples_of

from dgstudio.engine.inspection.inputs import InputKind
from dgstudio.engine.inspection.unavailable import NoBank, NoUnit, UnavailableError
from dgstudio.engine.inspection.unit_figures import unit_changes
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.types import BankState


def test_when_a_unit_fires_and_how_nearly_it_did(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 12))
        live = [*one.answers(0, blob(0, 8, seed=6)), *one.answers(3, blob(3, 5, seed=6))]
        version, plan = one.versions[-1], Plan(one.learner.store.head)
        for unit in (0, 7, 31):
            found = one.inspector().unit(version, unit)
            protected, labelled, lately = found.firing
            assert lately.share == pytest.approx(np.mean([unit in r.active for r in live]))
            assert dict(lately.by_class) == {
                c: pytest.approx(np.mean([unit in r.active for r in live if r.truth == f"class {c}"])) for c in (0, 3)
            }
            assert (protected.count, labelled.count, lately.count) == (60, 12, 13)
            fires = [unit in plan.answer(raw).active for raw in base.protected]
            assert protected.share == pytest.approx(np.mean(fires))
            assert np.array_equal(found.incoming, base.base.W1[unit]) and np.array_equal(
                found.outgoing, base.base.V[unit]
            )
            raws = {(InputKind.PROTECTED, i): raw for i, raw in enumerate(base.protected)}
            raws |= {(InputKind.EXAMPLE, i): e.features for i, e in one.user.labelled.items()}
            raws |= {(InputKind.LIVE, r.hop): r.features for r in live}
            every = {key: unit in plan.answer(raw).active for key, raw in raws.items()}
            assert len(found.strongest) == min(10, sum(every.values()))
            assert len(found.nearest_misses) == min(10, len(every) - sum(every.values()))
            for seen, inside in [(s, True) for s in found.strongest] + [(s, False) for s in found.nearest_misses]:
                raw = raws[seen.kind, seen.number]
                answer = plan.answer(raw)
                assert (unit in answer.active) == inside == (seen.distance > 0)
                scores = base.base.theta.astype(float) @ answer.x + base.base.c
                ranked = np.sort(scores)[::-1]
                other = ranked[16] if inside else ranked[15]
                assert seen.score == pytest.approx(scores[unit]) and seen.distance == pytest.approx(
                    scores[unit] - other
                )
                if inside:
                    u = answer.activations[answer.active.tolist().index(unit)]
                    assert seen.activation == pytest.approx(float(u), abs=1e-5)
            assert [s.distance for s in found.strongest] == sorted((s.distance for s in found.strongest), reverse=True)
        with pytest.raises(UnavailableError) as error:
            one.inspector().unit(version, 48)
        assert error.value.reason == NoUnit(version, 48)


def test_versions_that_changed_a_unit_and_by_how_much(base: BaseModel) -> None:
    first = base.snapshot()
    assert first.base is not None
    V, c = first.base.V.copy(), first.base.c.copy()
    V[3, 1] += np.float32(2)
    second = first.with_(version=1, base=replace(first.base, V=V))
    c[3] -= np.float32(0.5)
    third = second.with_(version=2, base=replace(second.base, c=c))
    other = third.with_(version=3, base=replace(third.base, V=third.base.V + np.float32(1), classes=(0, 1, 9)))
    history = (first, second, third, other)
    changes = unit_changes(history, 3)
    assert [(ch.version, ch.before) for ch in changes] == [(1, 0), (2, 1), (3, 2)]
    assert changes[0] == type(changes[0])(1, 0, 0.0, 0.0, pytest.approx(2.0))
    assert changes[1] == type(changes[1])(2, 1, pytest.approx(0.5), 0.0, 0.0)
    assert changes[2].routing is None and [ch.version for ch in unit_changes(history, 4)] == [3]


def test_a_banks_router_over_time_and_over_inputs_and_whom_it_overruled(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        before = one.answers(3, blob(3, 4, seed=6))
        one.learns(examples_of(3, 12))
        live = [*one.answers(3, blob(3, 6, seed=7)), *one.answers(0, blob(0, 5, seed=7))]
        version, plan = one.versions[-1], Plan(one.learner.store.head)
        found = one.inspector().bank(version, 0)
        assert found.times.tolist() == [r.end for r in live] and found.r.tolist() == [r.bank_r[0] for r in live]
        assert found.states.tolist() == [r.bank_state[0] for r in live] and (found.taus == np.float32(-0.5)).all()
        protected, learned, lately = found.histograms
        assert (protected.count, learned.count, lately.count) == (60, 12, len(before) + len(live))
        assert protected.open == 0 and learned.open == 12
        assert [h.counts.sum() for h in found.histograms] == [h.count for h in found.histograms]
        r = np.array([plan.answer(e.features).r[0] for e in one.user.labelled.values()])
        assert learned.counts.tolist() == np.histogram(r, found.edges)[0].tolist()
        spoke = [r for r in live if r.bank_state[0] == BankState.SPEAKING]
        base_says = [int(Plan(base.snapshot()).logits_of(r.features).argmax()) for r in spoke]
        assert len(spoke) >= 6 and sum(o.count for o in found.overruled) == len(spoke)
        for overruled in found.overruled:
            assert overruled.count == sum(
                (b, r.top if r.top is not None else overruled.after) == (overruled.before, overruled.after)
                for b, r in zip(base_says, spoke, strict=True)
            )
        with pytest.raises(UnavailableError) as error:
            one.inspector().bank(version, 1)
        assert error.value.reason == NoBank(version, 1)


def test_a_sealed_bank_below_another_is_told_apart(base: BaseModel) -> None:
    with KeptLearner(base) as one:
        one.learns(examples_of(3, 12))
        one.keeps(one.learner.seal_and_protect())
        one.learns(examples_of(4, 8, first=40))
        live = one.answers(4, blob(4, 6, seed=7))
        below, above = (one.inspector().bank(one.versions[-1], place) for place in (0, 1))
        assert (below.bank_id, below.sealed, above.bank_id, above.sealed) == (1, True, 2, False)
        assert below.histograms[1].count == 12 and above.histograms[1].count == 8
        assert above.r.tolist() == [r.bank_r[1] for r in live]
        assert all(o.after == 4 for o in above.overruled) and sum(o.count for o in above.overruled) == 6
