"""What two snapshots can prove about one input, over histories that learned, sealed, rolled back and branched."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest

from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.certificate import certify, certify_rows, decompose
from dgstudio.model.plan import Answer, Plan
from dgstudio.model.snapshot import Base, Normaliser, Snapshot
from dgstudio.types import BASE, NOBODY, BankState, Example

DIM, HIDDEN, ACTIVE = 8, 24, 6
KNOWN = (0, 1, 2)
SETTINGS = LearnerSettings(features=48, protected=12, tau=-0.3)


def blob(class_id: int, count: int, seed: int = 0, spread: float = 0.8) -> np.ndarray:
    centre = np.random.default_rng(500 + class_id).normal(0, 1.5, DIM)
    noise = np.random.default_rng((seed, class_id)).normal(0, spread, (count, DIM))
    return (centre + noise).astype(np.float32)


def make_model() -> BaseModel:
    rng = np.random.default_rng(2)
    raw, labels = np.concatenate([blob(c, 40) for c in KNOWN]), np.repeat(KNOWN, 40)
    normaliser = Normaliser.fit(raw)
    W1, theta = (rng.normal(0, DIM**-0.5, (HIDDEN, DIM)) for _ in range(2))
    base = Base(
        theta,
        np.zeros(HIDDEN),
        W1,
        rng.normal(0, 0.1, HIDDEN),
        rng.normal(size=(HIDDEN, 3)),
        np.zeros(3),
        ACTIVE,
        KNOWN,
    )
    return assemble(
        raw,
        labels,
        normaliser=normaliser,
        base=base,
        dense=(base.W1, base.b1, base.V, base.b2),
        feature_names=tuple(f"f{i}" for i in range(DIM)),
        class_names=("zero", "one", "two"),
        settings=SETTINGS,
    )


def examples(class_id: int, count: int, first: int) -> list[Example]:
    return [Example(first + i, class_id, 0, row, 0, 1) for i, row in enumerate(blob(class_id, count, seed=first))]


def history(model: BaseModel | None, seed: int) -> list[Snapshot]:
    """A learner's versions: new classes and old ones, seals, roll-backs and branches, in an order of its own."""
    rng = np.random.default_rng(seed)
    learner = Learner.begin(model, SETTINGS)
    labelled: list[int] = []
    for turn in range(14):
        act = "learn" if turn < 2 else rng.choice(["learn", "learn", "forget", "protect", "roll back", "class"])
        if act == "learn":
            class_id = int(rng.integers(2, 6))
            learner.add_class(class_id)
            learner.absorb(examples(class_id, int(rng.integers(2, 6)), first=100 * turn))
            labelled += range(100 * turn, 100 * turn + 6)
        elif act == "forget":
            learner.forget(rng.choice(labelled, 4).tolist())
        elif act == "protect" and learner.evidence() is not None:
            learner.seal_and_protect()
        elif act == "roll back":
            learner.roll_back(int(rng.choice([s.version for s in learner.store.history()])))
        elif act == "class":
            class_id = int(rng.integers(0, 6))
            _ = learner.remove_class(class_id) or learner.add_class(class_id)
        while learner.pending:
            learner.step()
    return learner.store.history()


def nudged(array: np.ndarray, *place: int) -> np.ndarray:
    """The same, but for one bit of one number."""
    changed = array.copy()
    changed[place] = np.nextafter(changed[place], np.float32(9))
    return changed


def relatives(model: BaseModel) -> list[Base]:
    """Bases that share most of the model's units, or all of what they compute, but not all of what they are."""
    base = model.base
    low = np.concatenate([base.theta, np.zeros((1, DIM), np.float32)])
    return [
        replace(base, W1=nudged(base.W1, 3, 0), b1=nudged(base.b1, 7)),
        replace(base, V=nudged(base.V, 5, 1)),
        replace(base, theta=base.theta + np.random.default_rng(1).normal(0, 0.03, base.theta.shape)),
        replace(base, c=nudged(base.c, 2)),
        replace(base, k=ACTIVE - 1),
        replace(base, b2=base.b2 + np.float32(0.25)),
        replace(base, psi=np.eye(DIM)),
        replace(
            base,
            theta=low,
            c=np.append(base.c, -99),
            W1=np.concatenate([base.W1, base.W1[:1]]),
            b1=np.append(base.b1, 0),
            V=np.concatenate([base.V, base.V[:1]]),
        ),
    ]


@dataclass
class World:
    plans: list[Plan]
    rows: np.ndarray
    answers: list[list[Answer]]
    """Of each plan, to each row."""


@pytest.fixture(scope="module")
def model() -> BaseModel:
    return make_model()


@pytest.fixture(scope="module")
def world(model: BaseModel) -> World:
    related = relatives(model)
    snapshots = history(model, 1) + history(model, 2) + history(None, 3)[:2] + history(None, 3)[-4:]
    snapshots += history(replace(model, base=related[0]), 4)[-6:]
    newest = [s for s in snapshots if len(s.banks) > 1 and s.base is model.base][-1]
    snapshots += [s.with_(base=base) for base in related for s in (snapshots[0], newest)]
    bank = newest.banks[-1]
    for changed in (
        replace(bank, tau=0.1),
        replace(bank, delta=np.inf),
        replace(bank, delta=0.0),
        replace(bank, R=nudged(bank.R, 1, 1)),
        replace(bank, w=nudged(bank.w, 0)),
        replace(bank, id=9),
        replace(bank, R=bank.R[::-1].copy(), classes=bank.classes[::-1]),
    ):
        snapshots.append(newest.with_(banks=(*newest.banks[:-1], changed)))
    snapshots.append(newest.with_(banks=newest.banks[::-1]))
    snapshots.append(newest.with_(phi=replace(newest.phi, x_rms=newest.phi.x_rms * 1.001)))
    snapshots.append(newest.with_(phi=replace(newest.phi, x_rms=newest.phi.x_rms / 2)))
    snapshots.append(newest.with_(normaliser=replace(newest.normaliser, mean=nudged(newest.normaliser.mean, 0))))
    snapshots.append(newest.with_(temperature=2.0, classes=newest.classes[::-1]))
    snapshots.append(newest.with_(base=None))
    snapshots.append(Snapshot.from_arrays_and_meta(*newest.to_arrays_and_meta()))
    rows = np.concatenate([blob(c, 2, seed=9, spread=1.2) for c in range(7)])
    plans = [Plan(s) for s in snapshots]
    return World(plans, rows, [[plan.answer(raw) for raw in rows] for plan in plans])


def same_on_shared_classes(a: Plan, was: Answer, b: Plan, now: Answer) -> bool:
    shared = [c for c in a.snapshot.classes if c in b.snapshot.classes]
    mine = was.logits[[a.snapshot.classes.index(c) for c in shared]]
    other = now.logits[[b.snapshot.classes.index(c) for c in shared]]
    return mine.tobytes() == other.tobytes()


def invariant(a: Plan, was: Answer, b: Plan, now: Answer) -> bool:
    """Exact invariance (design 4), from both answers: equal normaliser, active units, speaker, and equal stamps."""
    first, second = a.snapshot, b.snapshot
    scales = [None if s.normaliser is None else s.normaliser.ids for s in (first, second)]
    if was.speaker == NOBODY or scales[0] != scales[1] or (first.base is None) != (second.base is None):
        return False
    if first.base is not None:
        if first.base.classes != second.base.classes or first.base.ids["b2"] != second.base.ids["b2"]:
            return False
        if was.active.tolist() != now.active.tolist():
            return False
        if any(first.base.unit_stamps[j] != second.base.unit_stamps[j] for j in was.active):
            return False
    if BASE in (was.speaker, now.speaker) or now.speaker == NOBODY:
        return was.speaker == now.speaker
    one, other = first.banks[was.speaker], second.banks[now.speaker]
    return first.phi.id == second.phi.id and (one.classes, one.ids["R"]) == (other.classes, other.ids["R"])


def test_there_is_no_false_certificate_and_none_is_missing(world: World) -> None:
    """Certified answers are re-run in the version that they are certified to; and all that are provable are found."""
    counts: Counter[tuple[bool, str]] = Counter()
    for a, b in itertools.product(range(len(world.plans)), repeat=2):
        for row in range(len(world.rows)):
            was, now = world.answers[a][row], world.answers[b][row]
            certified = certify(world.plans[a], was, world.plans[b])
            if certified:
                assert same_on_shared_classes(world.plans[a], was, world.plans[b], now)
            if a != b:
                assert certified == invariant(world.plans[a], was, world.plans[b], now)
                who = {BASE: "base", NOBODY: "nobody"}.get(was.speaker, "bank")
                counts[certified, who] += 1
    for who in ("base", "bank"):
        assert counts[True, who] > 500 and counts[False, who] > 500
    assert counts[False, "nobody"] > 0 and counts[True, "nobody"] == 0


def test_many_answers_are_certified_as_each_by_itself(world: World) -> None:
    batches = [plan.answers(world.rows) for plan in world.plans]
    for a, b in itertools.product(range(len(world.plans)), repeat=2):
        plan, reference = world.plans[a], world.plans[b]
        found = certify_rows(plan.snapshot, batches[a], reference.snapshot, batches[b])
        assert found.tolist() == [certify(plan, answer, reference) for answer in world.answers[a]]


def test_answers_that_differ_are_never_certified(world: World) -> None:
    different = 0
    for (a, b), row in itertools.product(itertools.permutations(range(len(world.plans)), 2), range(0, 14, 3)):
        was, now = world.answers[a][row], world.answers[b][row]
        if not same_on_shared_classes(world.plans[a], was, world.plans[b], now):
            different += 1
            assert not certify(world.plans[a], was, world.plans[b])
    assert different > 500


def test_where_nothing_changed_everything_is_certified(model: BaseModel) -> None:
    head = history(model, 5)[-1]
    again = Snapshot.from_arrays_and_meta(*head.to_arrays_and_meta())
    masked = head.with_(classes=(*head.classes[1:], 77), version=99)
    for other in (head, again, masked):
        for raw in np.concatenate([blob(c, 4, seed=3) for c in range(7)]):
            plan, reference = Plan(head), Plan(other)
            assert certify(plan, plan.answer(raw), reference)
            assert certify(reference, reference.answer(raw), plan)


def test_what_a_version_learned_is_certified_wherever_its_bank_stays_closed(model: BaseModel) -> None:
    learner = Learner.begin(model, SETTINGS)
    first = Plan(learner.store.head)
    learner.absorb(examples(3, 8, 0))
    learner.step()
    now = Plan(learner.store.head)
    seen = Counter[tuple[int, bool]]()
    for raw in np.concatenate([model.protected, blob(3, 20, seed=3)]):
        answer = now.answer(raw)
        certified = certify(now, answer, first)
        assert certified == (answer.speaker == BASE)
        seen[int(answer.state[0]), certified] += 1
    assert seen[BankState.CLOSED, True] >= 12 and seen[BankState.SPEAKING, False] >= 10
    assert all(certify(now, now.answer(raw), first) for raw in model.protected)


def test_rolled_back_answers_are_certified_to_the_version_that_came_again(model: BaseModel) -> None:
    learner = Learner.begin(model, SETTINGS)
    for place, class_id in enumerate((3, 4)):
        learner.absorb(examples(class_id, 6, 100 * place))
        learner.step()
    first, second = learner.store.get(1), learner.store.get(2)
    learner.roll_back(1)
    now = Plan(learner.store.head)
    rows = np.concatenate([blob(c, 10, seed=3) for c in (3, 4)])
    assert all(certify(now, now.answer(raw), Plan(first)) for raw in rows)
    spoken = [raw for raw in rows if now.answer(raw).speaker != BASE]
    assert len(spoken) > 5
    assert not any(certify(now, now.answer(raw), Plan(second)) for raw in spoken)


# -- where a change came from -----------------------------------------------------------------------------------------


def test_both_parts_add_up_to_the_change(world: World) -> None:
    moved = 0
    for (a, b), row in itertools.product(itertools.permutations(range(len(world.plans)), 2), (0, 3, 6, 7, 9, 12)):
        one, other = world.plans[a], world.plans[b]
        routing, representation, classes = decompose(one, other, world.rows[row])
        assert classes == tuple(c for c in one.snapshot.classes if c in other.snapshot.classes)
        was = world.answers[a][row].logits[[one.snapshot.classes.index(c) for c in classes]].astype(np.float64)
        now = world.answers[b][row].logits[[other.snapshot.classes.index(c) for c in classes]].astype(np.float64)
        scale = max(1.0, np.abs(was).max(initial=0), np.abs(now).max(initial=0))
        assert np.abs(routing + representation - (now - was)).max(initial=0) <= 1e-5 * scale
        moved += bool((was != now).any())
    assert moved > 1000


def test_there_is_no_routing_part_where_the_same_units_and_the_same_bank_answer(world: World) -> None:
    seen: Counter[bool] = Counter()
    for (a, b), row in itertools.product(itertools.permutations(range(len(world.plans)), 2), (0, 3, 6, 7, 9, 12)):
        was, now = world.answers[a][row], world.answers[b][row]
        banks = (world.plans[a].snapshot.banks, world.plans[b].snapshot.banks)
        if was.active.tolist() != now.active.tolist() or NOBODY in (was.speaker, now.speaker):
            continue
        speakers = [BASE if s == BASE else own[s].id for s, own in zip((was.speaker, now.speaker), banks, strict=True)]
        if speakers[0] == speakers[1]:
            routing, representation, _ = decompose(world.plans[a], world.plans[b], world.rows[row])
            assert not routing.any()
            seen[bool(representation.any())] += 1
    assert min(seen.values()) > 300 and len(seen) == 2


def answered_by(plan: Plan, own: Answer, raw: np.ndarray, who: Answer, of: Snapshot) -> np.ndarray:
    """Logits f(S, W), the long way in float64: the parts of `who`, an answer of `of`, with the parameters of `plan`."""
    snapshot = plan.snapshot
    scores: dict[int, float]
    if who.speaker == NOBODY:
        return own.logits.astype(np.float64)
    if who.speaker == BASE:
        if snapshot.base is None or snapshot.base.hidden != of.base.hidden:
            return own.logits.astype(np.float64)
        base, x = snapshot.base, plan.normalise(raw).astype(np.float64)
        u = np.maximum(base.W1[who.active] @ x + base.b1[who.active], 0)
        scores = dict(zip(base.classes, u @ base.V[who.active].astype(np.float64) + base.b2, strict=True))
    else:
        found = [bank for bank in snapshot.banks if bank.id == of.banks[who.speaker].id]
        if not found:
            return own.logits.astype(np.float64)
        z = plan.embed(raw).astype(np.float64)
        scores = dict(zip(found[0].classes, 10 * (found[0].R @ z), strict=True))
    return np.array([scores.get(c, -30.0) for c in snapshot.classes])


def test_the_parts_are_what_they_are_defined_to_be(world: World) -> None:
    lacking = 0
    for (a, b), row in itertools.product(itertools.permutations(range(len(world.plans)), 2), (3, 8)):
        one, other, raw = world.plans[a], world.plans[b], world.rows[row]
        was, now = world.answers[a][row], world.answers[b][row]
        routing, representation, classes = decompose(one, other, raw)
        mine = [one.snapshot.classes.index(c) for c in classes]
        its = [other.snapshot.classes.index(c) for c in classes]
        aa, ba = (answered_by(one, was, raw, *who)[mine] for who in ((was, one.snapshot), (now, other.snapshot)))
        ab, bb = (answered_by(other, now, raw, *who)[its] for who in ((was, one.snapshot), (now, other.snapshot)))
        np.testing.assert_allclose(routing, ((ba - aa) + (bb - ab)) / 2, atol=1e-3)
        np.testing.assert_allclose(representation, ((ab - aa) + (bb - ba)) / 2, atol=1e-3)
        lacking += now.speaker >= 0 and other.snapshot.banks[now.speaker].id not in {k.id for k in one.snapshot.banks}
    assert lacking > 100


def test_a_router_alone_gives_a_routing_part_alone(model: BaseModel) -> None:
    head = next(s for s in reversed(history(model, 1)) if s.banks)
    shut = Plan(head.with_(banks=(*head.banks[:-1], replace(head.banks[-1], tau=5.0))))
    plan = Plan(head)
    flipped = 0
    for raw in np.concatenate([blob(c, 10, seed=4) for c in range(6)]):
        routing, representation, _ = decompose(plan, shut, raw)
        assert not representation.any()
        if plan.answer(raw).speaker == len(head.banks) - 1:
            np.testing.assert_array_equal(routing, shut.logits_of(raw).astype(float) - plan.logits_of(raw))
            flipped += 1
    assert flipped > 5


def test_a_bank_that_one_side_lacks_answers_in_its_terms_as_it_did(model: BaseModel) -> None:
    """So half of the change is that the bank speaks now, and half is what it says."""
    learner = Learner.begin(model, SETTINGS)
    learner.add_class(3)
    before = Plan(learner.store.head)
    learner.absorb(examples(3, 8, 0))
    learner.step()
    after = Plan(learner.store.head)
    spoken = [raw for raw in blob(3, 20, seed=3) if after.answer(raw).speaker == 0]
    assert len(spoken) > 5
    for raw in spoken:
        change = after.logits_of(raw).astype(np.float64) - before.logits_of(raw)
        for a, b, sign in ((before, after, 1), (after, before, -1)):
            routing, representation, classes = decompose(a, b, raw)
            assert classes == (0, 1, 2, 3)
            np.testing.assert_array_equal(routing, sign * change / 2)
            np.testing.assert_array_equal(representation, sign * change / 2)


def test_where_nobody_answers_nothing_is_certified_and_parts_still_add_up() -> None:
    learner = Learner.begin(None, SETTINGS)
    learner.add_class(3)
    learner.add_class(4)
    silent = Plan(learner.store.head)
    learner.absorb(examples(3, 5, 0) + examples(4, 5, 50))
    learner.step()
    speaking = Plan(learner.store.head)
    (raw,) = blob(3, 1, seed=3)
    assert silent.answer(raw).speaker == NOBODY and speaking.answer(raw).speaker == 0
    assert not certify(silent, silent.answer(raw), Plan(silent.snapshot.with_(version=5)))
    assert not certify(silent, silent.answer(raw), speaking)
    assert not certify(speaking, speaking.answer(raw), silent)
    routing, representation, classes = decompose(silent, speaking, raw)
    assert classes == (3, 4)
    change = speaking.logits_of(raw).astype(np.float64) - silent.logits_of(raw)
    np.testing.assert_allclose(routing + representation, change, atol=1e-5 * 30)
    nothing = Plan(Snapshot())
    assert [len(part) for part in decompose(nothing, speaking, raw)] == [0, 0, 0]
    assert not certify(nothing, nothing.answer(raw), speaking)
