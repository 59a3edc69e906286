"""The serving kernel: what is not active is not computed, classes come and go without touching the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dgstudio.kernel import KERNEL
from dgstudio.model.plan import UNKNOWN_LOGIT, Plan, verify_receipt
from dgstudio.model.random_features import Features
from dgstudio.model.snapshot import Bank, Base, Snapshot
from dgstudio.types import BASE, NOBODY, BankState


def inputs(rng, count=40, d=6):
    return rng.normal(0, 2, (count, d)).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_active_are_the_k_largest_and_ties_go_to_the_lower_index():
    scores = np.array([1, 3, 3, 0, 3, 1], np.float32)
    base = Base(np.zeros((6, 2)), scores, np.eye(6, 2), np.ones(6), np.ones((6, 2)), np.zeros(2), 2, (0, 1))
    answer = Plan(Snapshot(classes=(0, 1), base=base)).answer(np.zeros(2, np.float32))
    assert answer.active.tolist() == [1, 2] and answer.margin == 0.0
    everyone = Plan(Snapshot(classes=(0, 1), base=replace(base, k=6))).answer(np.zeros(2, np.float32))
    assert everyone.active.tolist() == list(range(6)) and everyone.margin == np.inf


def test_the_base_computes_the_equations(make_base, rng):
    base = make_base(rng, projection=4)
    plan = Plan(Snapshot(classes=base.classes, base=base, temperature=2.0))
    for x in inputs(rng):
        answer = plan.answer(x)
        s = base.theta.astype(float) @ (base.psi @ x) + base.c
        S = np.sort(np.argsort(-s, kind="stable")[:3])
        u = np.maximum(base.W1[S] @ x + base.b1[S], 0)
        y = base.b2 + u @ base.V[S]
        assert answer.active.tolist() == S.tolist() and answer.speaker == BASE
        np.testing.assert_allclose(answer.logits, y, atol=1e-5)
        p = np.exp(y / 2 - (y / 2).max())
        np.testing.assert_allclose(answer.probabilities, p / p.sum(), atol=1e-5)


def test_nan_in_inactive_rows_never_reaches_the_output(make_base, rng):
    base = make_base(rng)
    plan = Plan(Snapshot(classes=base.classes, base=base))
    for x in inputs(rng):
        answer = plan.answer(x)
        rest = np.setdiff1d(np.arange(8), answer.active)
        W1, b1, V = base.W1.copy(), base.b1.copy(), base.V.copy()
        W1[rest], b1[rest], V[rest] = np.nan, np.nan, np.nan
        poisoned = Plan(Snapshot(classes=base.classes, base=replace(base, W1=W1, b1=b1, V=V)))
        assert poisoned.answer(x).logits.tobytes() == answer.logits.tobytes()


def test_nan_in_a_closed_banks_read_out_never_reaches_the_output(make_snapshot, rng):
    snapshot = make_snapshot(rng)
    bank = snapshot.banks[0]
    poisoned = Plan(snapshot.with_(banks=(replace(bank, R=np.full_like(bank.R, np.nan)),)))
    plan, closed = Plan(snapshot), 0
    for raw in inputs(rng):
        answer = plan.answer(raw)
        if answer.state[0] == BankState.CLOSED:
            closed += 1
            assert poisoned.answer(raw).logits.tobytes() == answer.logits.tobytes()
    assert 0 < closed < 40


@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.01, 0.1, 1.0]), rows=st.integers(1, 3))
def test_nan_in_a_silent_banks_read_out_never_reaches_the_output(make_snapshot, seed, share, rows):
    """Such a bank is open and its scores are computed; whatever they are poisoned with, it stays silent."""
    rng = np.random.default_rng(seed)
    snapshot = make_snapshot(rng, banks=2)
    banks = list(snapshot.banks)
    # One that agrees with the base as far as it can: it knows the base's classes, or fewer.
    R = rng.normal(0, 0.1, (rows, 17))
    banks[0] = replace(banks[0], R=R, classes=(0, 1, 2)[:rows], tau=-9.0, delta=float(rng.uniform(0, 0.5)))
    plan = Plan(snapshot.with_(banks=tuple(banks)))
    silent = [(raw, a) for raw in inputs(rng, 10) if (a := plan.answer(raw)).state[0] == BankState.SILENT]
    assume(silent)
    poison = rng.random(R.shape) < share
    poison[rng.integers(rows), rng.integers(17)] = True
    nan = replace(banks[0], R=np.where(poison, np.float32(np.nan), banks[0].R))
    poisoned = Plan(snapshot.with_(banks=(nan, banks[1])))
    for raw, answer in silent:
        now = poisoned.answer(raw)
        assert now.state.tolist() == answer.state.tolist() and now.speaker == answer.speaker
        assert now.logits.tobytes() == answer.logits.tobytes() and now.top == answer.top
        assert np.isfinite(now.probabilities).all()


def test_a_nan_router_stays_closed(make_snapshot, rng):
    snapshot = make_snapshot(rng)
    bank = snapshot.banks[0]
    plan = Plan(snapshot.with_(banks=(replace(bank, w=np.full_like(bank.w, np.nan)),)))
    assert plan.answer(inputs(rng)[0]).state.tolist() == [BankState.CLOSED]


def test_banks_compute_the_equations(make_snapshot, rng):
    """Later banks override earlier ones; an open bank speaks only where it disagrees by more than −δ."""
    snapshot = make_snapshot(rng, banks=2)
    plan, seen = Plan(snapshot), set()
    for raw in inputs(rng, 200):
        answer = plan.answer(raw)
        z = plan.embed(raw).astype(float)
        g = snapshot.normaliser(raw).astype(float)
        expected = np.sqrt(2 / 16) * np.cos(snapshot.phi.omega @ g + snapshot.phi.phase)
        np.testing.assert_allclose(z, [*expected, 1.0], atol=1e-5)
        below, speaker, logits = snapshot.base.classes[int(answer.base_logits.argmax())], BASE, None
        for place, bank in enumerate(snapshot.banks):
            r, t = 1 + bank.w @ z, bank.R @ z
            assert answer.r[place] == pytest.approx(r, abs=1e-4)
            if r <= bank.tau:
                assert answer.state[place] == BankState.CLOSED
                continue
            at = [2, 3].index(below) if below in (2, 3) else None
            gap = t.max() if at is None else t[1 - at] - t[at]
            speaks = gap > -bank.delta
            assert answer.state[place] == (BankState.SPEAKING if speaks else BankState.SILENT)
            if speaks:
                below, speaker, logits = bank.classes[int(t.argmax())], place, 10 * t
        assert answer.speaker == speaker
        seen.add((speaker, *answer.state.tolist()))
        if logits is not None:
            assert answer.logits[:2].tolist() == [UNKNOWN_LOGIT] * 2
            np.testing.assert_allclose(answer.logits[2:], logits, atol=1e-4)
        else:
            assert answer.logits[3] == UNKNOWN_LOGIT
            assert answer.logits[:3].tobytes() == answer.base_logits.tobytes()
    assert {s for s, *_ in seen} == {BASE, 0, 1} and any(BankState.SILENT in states for _, *states in seen)


def test_a_bank_without_a_base_always_speaks_when_it_is_open(rng):
    phi = Features(rng.normal(size=(4, 2)), rng.normal(size=4))
    bank = Bank(1, np.array([0, 0, 0, 0, 9.0]), rng.normal(size=(1, 5)), (7,), delta=np.inf)
    plan = Plan(Snapshot(classes=(7,), phi=phi, banks=(bank,)))
    answer = plan.answer(np.ones(2, np.float32))
    assert answer.speaker == 0 and answer.top == 0 and len(answer.logits) == 1
    closed = Plan(Snapshot(classes=(7,), phi=phi, banks=(replace(bank, w=-bank.w),))).answer(np.ones(2, np.float32))
    assert closed.speaker == NOBODY and closed.top == -1


def test_no_class_at_all_gives_no_answer():
    answer = Plan(Snapshot()).answer(np.ones(3, np.float32))
    assert answer.top == -1 and len(answer.logits) == 0 and len(answer.probabilities) == 0


def test_a_part_that_knows_no_living_class_gives_no_answer(make_base, rng):
    base = make_base(rng)
    answer = Plan(Snapshot(classes=(9,), base=base)).answer(inputs(rng)[0])
    assert answer.top == -1 and answer.logits.tolist() == [UNKNOWN_LOGIT]


@given(st.integers(0, 2**32 - 1), st.permutations([0, 1, 2, 3, 4, 5]), st.integers(0, 6))
def test_classes_added_and_removed_leave_the_other_logits_byte_identical(make_snapshot, seed, order, count):
    rng = np.random.default_rng(seed)
    snapshot = make_snapshot(rng, banks=2)
    living = tuple(order[:count])
    plan, other = Plan(snapshot), Plan(snapshot.with_(classes=living))
    for raw in inputs(rng, 8):
        before, after = plan.answer(raw), other.answer(raw)
        assert after.speaker == before.speaker and after.state.tobytes() == before.state.tobytes()
        for place, class_id in enumerate(living):
            if class_id in snapshot.classes:
                was = before.logits[snapshot.classes.index(class_id)]
                assert after.logits[place].tobytes() == was.tobytes()
            else:
                assert after.logits[place] == UNKNOWN_LOGIT


def test_temperature_changes_probabilities_only(make_snapshot, rng):
    snapshot = make_snapshot(rng)
    cold, warm = Plan(snapshot.with_(temperature=0.5)), Plan(snapshot.with_(temperature=4.0))
    for raw in inputs(rng):
        a, b = cold.answer(raw), warm.answer(raw)
        assert a.logits.tobytes() == b.logits.tobytes() and a.top == b.top
        assert a.probabilities.max() > b.probabilities.max()
        assert a.probabilities.sum() == pytest.approx(1, abs=1e-6)


def test_macs_count_gates_features_routers_and_the_open_read_outs(make_base, make_snapshot, rng):
    base = make_base(rng, projection=4)
    raw = inputs(rng)[0]
    plan = Plan(Snapshot(classes=base.classes, base=base))
    assert plan.macs(plan.answer(raw)) == 4 * 6 + 8 * 4 + 3 * (6 + 3)
    plan = Plan(make_snapshot(rng, banks=2))
    for raw in inputs(rng):
        answer = plan.answer(raw)
        opened = int((answer.state != BankState.CLOSED).sum())
        assert plan.macs(answer) == 8 * 6 + 3 * (6 + 3) + 16 * 6 + 2 * 17 + opened * 2 * 17


def test_the_same_input_gives_the_same_bytes_whatever_came_before(make_snapshot, rng):
    snapshot = make_snapshot(rng, banks=2)
    rows = inputs(rng)
    plan = Plan(snapshot)
    forward = [plan.answer(raw).logits.tobytes() for raw in rows]
    again = Plan(Snapshot.from_arrays_and_meta(*snapshot.to_arrays_and_meta()))
    assert [again.answer(raw).logits.tobytes() for raw in rows[::-1]] == forward[::-1]


def test_a_large_base_answers(make_base, rng):
    base = make_base(rng, d=4096, hidden=1024, classes=5, k=64)
    x = inputs(rng, 1, 4096)[0]
    answer = Plan(Snapshot(classes=base.classes, base=base)).answer(x)
    assert len(answer.active) == 64 and np.isfinite(answer.logits).all()


def test_receipts_verify_and_name_what_differs(make_snapshot, rng):
    snapshot = make_snapshot(rng).with_(version=4)
    plan = Plan(snapshot)
    for raw in inputs(rng):
        answer = plan.answer(raw)
        receipt = plan.receipt(raw, answer)
        assert (receipt.version, receipt.digest, receipt.kernel) == (4, snapshot.digest, KERNEL)
        assert verify_receipt(plan, raw, receipt) is None
        other = raw.copy()
        other.view(np.uint32)[0] ^= 1
        assert "input" in str(verify_receipt(plan, other, receipt))
        answer.logits.view(np.uint32)[-1] ^= 1
        assert "logits" in str(verify_receipt(plan, raw, plan.receipt(raw, answer)))
        answer.active[0] += 1
        assert "active" in str(verify_receipt(plan, raw, plan.receipt(raw, answer)))
    later = Plan(snapshot.with_(version=5, temperature=2.0))
    assert "snapshot" in str(verify_receipt(later, raw, receipt))
    assert "kernel" in str(verify_receipt(plan, raw, receipt._replace(kernel="dg0 elsewhere")))


def test_many_rows_give_the_bytes_of_each_by_itself(make_snapshot, rng):
    plan, raw = Plan(make_snapshot(rng)), inputs(rng)
    assert plan.normalise_rows(raw).tobytes() == b"".join(plan.normalise(row).tobytes() for row in raw)
    assert plan.logits_of_rows(raw).tobytes() == b"".join(plan.logits_of(row).tobytes() for row in raw)
    z = plan.embed_rows(raw)
    assert all(row[: len(plan.embed(x))].tobytes() == plan.embed(x).tobytes() for row, x in zip(z, raw, strict=True))
    assert [row.tolist() for row in plan.active_rows(raw)] == [plan.answer(row).active.tolist() for row in raw]
    assert plan.logits_of_rows(raw[:0]).shape == (0, len(plan.snapshot.classes))
    found, alone = plan.answers(raw), [plan.answer(row) for row in raw]
    assert len(found) == len(raw) and len(plan.answers(raw[:0])) == 0
    for many, one in (
        (found.active, [answer.active for answer in alone]),
        (found.activations, [answer.activations for answer in alone]),
        (found.logits, [answer.logits for answer in alone]),
        (found.probabilities, [answer.probabilities for answer in alone]),
    ):
        assert many.tobytes() == np.array(one).tobytes()
    assert found.states.tolist() == [answer.state.tolist() for answer in alone]
    assert found.speakers.tolist() == [answer.speaker for answer in alone]
    assert found.tops.tolist() == [answer.top for answer in alone]
    assert found.unsure.tolist() == [answer.unsure for answer in alone]


def test_an_input_of_another_size_never_reaches_the_kernel(make_snapshot, rng):
    plan = Plan(make_snapshot(rng))
    for wrong in (np.zeros(5, np.float32), np.zeros(1, np.float32), np.float32(0)):
        with pytest.raises(ValueError, match="6 features"):
            plan.answer(wrong)
    with pytest.raises(ValueError, match="6 features"):
        plan.logits_of_rows(np.zeros((3, 7), np.float32))
