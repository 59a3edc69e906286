"""The gradient rule: what it moves in each mode, what it never moves, what it learns and where it stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from later import Later

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.contract.contract import active_units, changed_units
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.rules.dense import Adam
from dgstudio.learning.rules.gradient import BLOCK, GradientRule, Moving, gradients
from dgstudio.learning.settings import GRADIENT, LOCKED_BANK, LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Base, Normaliser, Snapshot
from dgstudio.types import Example, Mode, PublishRecord

Begin = Callable[..., Learner]
Label = Callable[..., list[Example]]
Settled = Callable[[Learner], list[PublishRecord]]

torch, gated = Later("torch"), Later("dgstudio.model.network")
D, H, K = 6, 32, 8
ROUTING, WEIGHTS = ("theta", "c"), ("W1", "b1", "V")


def rooms(class_id: int, count: int, side: float, seed: int = 0) -> np.ndarray:
    """Inputs whose first number says which room they are from, and whose second one says the class there."""
    rng = np.random.default_rng((seed, class_id, int(side > 0)))
    x = rng.normal(0, 0.3, (count, D))
    x[:, 0] += side
    x[:, 1] += 2.0 if class_id else -2.0
    return x.astype(np.float32)


def two_rooms(seed: int = 3) -> BaseModel:
    """A base of two classes in room −2; the other half of its units opens in room +2 only, and knows nothing there."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 0.02, (H, D)).astype(np.float32)
    theta[: H // 2, 0], theta[H // 2 :, 0] = -1, 1
    W1 = rng.normal(0, 0.5, (H, D)).astype(np.float32)
    V = rng.normal(0, 0.1, (H, 2)).astype(np.float32)
    for j in range(H // 2):
        W1[j, 1] = 1 if j % 2 else -1
        V[j] = (0, 1) if j % 2 else (1, 0)
    base = Base(theta, np.zeros(H, np.float32), W1, np.zeros(H, np.float32), V, np.zeros(2, np.float32), K, (0, 1))
    raw = np.concatenate([rooms(c, 40, -2.0) for c in (0, 1)])
    return assemble(
        raw,
        np.repeat((0, 1), 40),
        normaliser=Normaliser(np.zeros(D, np.float32), np.ones(D, np.float32)),
        base=base,
        dense=(W1, np.zeros(H, np.float32), V, np.zeros(2, np.float32)),
        feature_names=tuple(f"f{i}" for i in range(D)),
        class_names=("low", "high"),
        settings=LearnerSettings(features=64, protected=30),
    )


def moved(count: int, first: int = 0, side: float = 2.0, flipped: bool = True) -> list[Example]:
    """Labelled examples from the other room, both classes in turn; `flipped`: the sign says the other class there."""
    rows = [rooms(c, count, side, seed=5) for c in (0, 1)]
    return [
        Example(first + i, (1 - i % 2) if flipped else i % 2, 0, rows[i % 2][i // 2], i / 10, i / 10 + 1)
        for i in range(count)
    ]


def accuracy(snapshot: Snapshot, examples: list[Example]) -> float:
    plan = Plan(snapshot)
    return float(np.mean([snapshot.classes[plan.answer(e.features).top] == e.class_id for e in examples]))


@pytest.fixture(scope="module")
def house() -> BaseModel:
    return two_rooms()


@pytest.fixture
def learner(house: BaseModel, begin: Begin) -> Learner:
    return begin(house, rule=GRADIENT)


# -- the step --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("projected", [False, True])
def test_gradients_are_those_of_the_network_that_the_base_is_trained_as(projected: bool) -> None:
    generator = torch.Generator().manual_seed(2)
    psi = torch.randn((4, D), generator=generator) if projected else None
    network = gated.DynamicGateMLP(D, H, 3, K, generator, psi)
    rng = np.random.default_rng(0)
    X, columns = rng.normal(size=(9, D)).astype(np.float32), rng.integers(3, size=9)
    network.loss(torch.tensor(X), torch.tensor(columns), 0.3, 0.0, 0.0).backward()
    routing, weights = gradients(Moving.of(network.to_base((0, 1, 2))), X, columns, 0.3)
    for name, ours in zip(ROUTING + WEIGHTS, routing + weights, strict=True):
        theirs = getattr(network, name).grad.numpy()
        assert ours.dtype == np.float32 and np.abs(theirs).max() > 1e-4
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_unit_gets_no_gradient_from_inputs_that_do_not_open_it(house: BaseModel) -> None:
    X = rooms(0, 5, -2.0)
    _, weights = gradients(Moving.of(house.base), X, np.array([0, 1, 0, 1, 0]), 0.2)
    shut = np.setdiff1d(np.arange(H), active_units(house.base, house.normaliser, X))
    assert len(shut) >= H // 2
    assert not any(slope[shut].any() for slope in weights)


def test_masking_the_gradient_is_not_enough_and_the_rule_masks_the_displacement() -> None:
    """Momentum moves entries whose gradient has become zero."""
    adam, slope, held = Adam(), np.ones((4, 2), np.float32), np.array([True, False, False, False])
    adam.displacement((slope,))
    slope[held] = 0
    (change,) = adam.displacement((slope,))
    assert change[held].all()


# -- modes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "may"), [(Mode.ROUTING, ROUTING), (Mode.WEIGHTS, WEIGHTS), (Mode.BOTH, ROUTING + WEIGHTS)]
)
def test_each_mode_moves_its_half_and_leaves_every_byte_of_the_other(
    mode: Mode, may: tuple[str, ...], learner: Learner, settled: Settled
) -> None:
    before = learner.store.head
    learner.set_mode(mode)
    learner.absorb(moved(12))
    (record,) = settled(learner)
    after = learner.store.head
    assert record.kind == "learned" and after.mode == mode.value
    assert 0 < record.units_changed <= H
    for name, array in before.base.arrays().items():
        same = getattr(after.base, name).tobytes() == array.tobytes()
        assert same == (name not in may), name
        assert name in may or getattr(after.base, name) is array
    assert after.phi is before.phi and after.normaliser is before.normaliser and after.banks == before.banks
    assert (after.base.k, after.base.classes) == (before.base.k, before.base.classes)
    audit = learner.audit_all()
    assert (audit.checked, audit.bits_changed) == (30, 0)


def test_only_units_that_no_protected_input_opens_move(learner: Learner, settled: Settled) -> None:
    before = learner.store.head
    used = np.unique(active_units(before.base, before.normaliser, learner.training.protected.inputs))
    # From the room of P, so that its own units have a gradient in every step; and from the other one.
    learner.absorb([*moved(8, side=-2.0), *moved(40, first=100)])
    settled(learner)
    changed = changed_units(before.base, learner.store.head.base)
    assert changed.any() and not changed[used].any()
    again = active_units(learner.store.head.base, before.normaliser, learner.training.protected.inputs)
    assert np.array_equal(np.unique(again), used)


def test_it_learns_the_known_classes_where_units_are_free(learner: Learner, settled: Settled) -> None:
    held_out, at_home = moved(80)[60:], moved(60, side=-2.0, flipped=False)
    before = accuracy(learner.store.head, held_out)
    home = accuracy(learner.store.head, at_home)
    learner.absorb(moved(80)[:60])
    records = settled(learner)
    assert len(records) == -(-60 // BLOCK) and not learner.pending
    assert records[0].reason.words.startswith(f"learned from {BLOCK // 2} examples of class 0, {BLOCK // 2} of class 1")
    assert accuracy(learner.store.head, held_out) > max(0.9, before + 0.2)
    assert accuracy(learner.store.head, at_home) == home > 0.95
    assert learner.audit_all().bits_changed == 0
    assert learner.evidence() is None
    assert sum(r.units_changed for r in records) > 0


def test_it_stops_where_the_examples_open_no_free_unit(learner: Learner, settled: Settled) -> None:
    head = learner.store.head
    learner.set_mode(Mode.WEIGHTS)
    learner.absorb(moved(6, side=-2.0))
    (record,) = settled(learner)
    assert record.kind == "rejected" and "units that no protected input opens is opened by these" in record.reason.words
    assert learner.store.head is head and not learner.pending
    assert learner.waiting_for(0)
    learner.set_mode(Mode.BOTH)
    assert learner.pending, "another mode may do what this one could not"


def test_it_stops_where_every_unit_is_in_use(base: BaseModel, begin: Begin, label: Label, settled: Settled) -> None:
    learner = begin(base, rule=GRADIENT)
    learner.set_mode(Mode.WEIGHTS)
    learner.absorb(label(1, 3))
    (record,) = settled(learner)
    assert record.reason.words == "nothing may move: each of the 48 units is opened by some protected input"
    learner.set_mode(Mode.ROUTING)
    learner.absorb(label(1, 300, first=10))
    records = settled(learner, most=40)
    assert (
        any("held still in" in r.reason.words for r in records if r.kind == "learned") or records[-1].kind == "rejected"
    )
    assert learner.audit_all().bits_changed == 0


def test_gates_that_would_open_other_units_on_p_are_halved_and_then_held(house: BaseModel, begin: Begin) -> None:
    """One step so long that P would open other units: with halvings enough it fits, without it is left out."""
    for halvings, kind in ((0, "rejected"), (40, "learned")):
        learner = begin(house, rule=GRADIENT, rate=1.0, steps_per_example=1, halvings=halvings)
        learner.set_mode(Mode.ROUTING)
        learner.absorb(moved(1))
        record = learner.step()
        assert record is not None and record.kind == kind
        assert learner.audit_all().bits_changed == 0
        if kind == "rejected":
            assert "even halved 0 times, would have protected inputs open other units" in record.reason.words


# -- its state -------------------------------------------------------------------------------------------------------


def test_the_same_labels_and_seed_give_the_same_bytes(house: BaseModel, begin: Begin, settled: Settled) -> None:
    digests = []
    for seed in (0, 0, 1):
        learner = begin(house, rule=GRADIENT, seed=seed)
        for first in range(0, 40, 10):
            learner.absorb(moved(40)[first : first + 10])
            settled(learner)
        digests.append(learner.store.head.digest)
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("mode", [Mode.ROUTING, Mode.WEIGHTS, Mode.BOTH])
def test_publishing_in_between_changes_nothing_that_is_learned(
    mode: Mode, house: BaseModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moments, draws and recent examples go on where the last accepted proposal left them."""
    digests = []
    for block in (12, 4):
        monkeypatch.setattr("dgstudio.learning.rules.gradient.BLOCK", block)
        # With nothing protected, so that nothing is held: a step left out would hide what went on.
        rule = GradientRule(LearnerSettings(), house.snapshot(), house.protected[:0])
        rule.absorb(moved(12))
        head = house.snapshot()
        while rule.proposed != rule.learned:
            head = rule.propose(head, mode)
            rule.accept()
        digests.append(head.digest)
    assert digests[0] == digests[1] != house.snapshot().digest


def test_a_proposal_that_is_not_published_leaves_no_trace(house: BaseModel) -> None:
    def rule() -> GradientRule:
        return GradientRule(LearnerSettings(), house.snapshot(), house.protected)

    head, first, second = house.snapshot(), moved(5), moved(10)[5:]
    plain, disturbed = rule(), rule()
    disturbed.absorb(moved(3, first=50, side=-2.0))
    with pytest.raises(Rejected, match="Nothing may move"):
        disturbed.propose(head, Mode.WEIGHTS)
    for each in (plain, disturbed):
        each.absorb(first)
        one = each.propose(head, Mode.BOTH)
    assert disturbed.propose(head, Mode.BOTH).digest == one.digest, "proposing does not go on by itself"
    for each in (plain, disturbed):
        each.accept()
    disturbed.absorb([replace(moved(1)[0], id=99, class_id=7)])
    with pytest.raises(Rejected, match="does not know “class 7”"):
        disturbed.propose(one, Mode.BOTH)
    for each in (plain, disturbed):
        each.absorb(second)
    two = plain.propose(one, Mode.BOTH)
    assert two.digest == disturbed.propose(one, Mode.BOTH).digest != one.digest
    assert plain.learned == disturbed.learned


def test_a_class_that_the_base_does_not_know_is_left_to_the_locked_bank(
    house: BaseModel, settled: Settled, begin: Begin
) -> None:
    learner = begin(house, rule=GRADIENT)
    learner.add_class(4)
    strangers = [replace(e, class_id=4) for e in moved(6, first=50)]
    learner.absorb([*moved(6), *strangers])
    records = settled(learner)
    assert [r.kind for r in records] == ["rejected", "learned"]
    assert records[0].reason.words == (
        "the base does not know “class 4”, and the gradient cannot give it a class more: choose the locked bank"
    )
    assert learner.training.base_learned.tolist() == list(range(6))
    learner.absorb(moved(8)[6:])
    assert [r.kind for r in settled(learner)] == ["learned"], "said once"
    learner.set_rule(LOCKED_BANK)
    assert [r.kind for r in settled(learner)] == ["learned"]
    assert learner.training.learned.tolist() == [e.id for e in strangers]
    assert accuracy(learner.store.head, strangers) > 0.8


# -- in the learner --------------------------------------------------------------------------------------------------


def test_the_rule_is_chosen_while_it_runs_and_all_banks_stay(house: BaseModel, begin: Begin, settled: Settled) -> None:
    learner = begin(house)
    assert learner.offered_rules == (LOCKED_BANK, GRADIENT)
    learner.add_class(4)
    new = [replace(e, class_id=4) for e in moved(6, first=50)]
    learner.absorb(new)
    settled(learner)
    bank = learner.store.head.banks[0]
    with pytest.raises(BadInputError, match="no update rule “genetic”: choose locked bank or gradient"):
        learner.set_rule("genetic")
    learner.set_rule(GRADIENT)
    assert not learner.pending and learner.settings.rule == GRADIENT
    learner.absorb(moved(6))
    (record,) = settled(learner)
    assert record.kind == "learned" and learner.store.head.banks == (bank,)
    assert learner.training.learned.tolist() == [e.id for e in new]
    base = learner.store.head.base
    learner.set_rule(LOCKED_BANK)
    assert not learner.pending, "what the base has learned is not learned again"
    learner.absorb([replace(e, class_id=4) for e in moved(2, first=90)])
    settled(learner)
    assert learner.store.head.base is base and learner.training.base_learned.tolist() == list(range(6))
    assert learner.audit_all().bits_changed == 0


def test_without_a_base_there_is_nothing_to_descend(begin: Begin) -> None:
    learner = begin(None)
    assert learner.offered_rules == (LOCKED_BANK,)
    with pytest.raises(BadInputError, match="this model has none: choose the locked bank"):
        learner.set_rule(GRADIENT)
    assert learner.settings.rule == LOCKED_BANK
    with pytest.raises(BadInputError, match="this model has none"):
        begin(None, rule=GRADIENT)


@pytest.mark.parametrize("banked", [False, True])
def test_what_the_base_has_learned_can_be_protected(
    banked: bool, house: BaseModel, begin: Begin, settled: Settled
) -> None:
    learner = begin(house)
    if banked:
        learner.add_class(4)
        learner.absorb([replace(e, class_id=4) for e in moved(6, first=200)])
        settled(learner)
    learner.set_rule(GRADIENT)
    with_bank = learner.store.head.banks
    learner.absorb(moved(12))
    settled(learner)
    was = Plan(learner.store.head)
    record = learner.seal_and_protect()
    # The bank answers for the base's examples, and so wrongly: that is not made a promise.
    count, right = (18, 6) if banked else (12, 12)
    assert record is not None and record.kind == "protected" and learner.protected_count == 30 + right
    assert record.reason.words == f"protected what it knows now: {count} examples, {right} of them protected"
    assert [b.sealed for b in learner.store.head.banks] == [True] * len(with_bank)
    kept = learner.training.protected.inputs
    answers = [was.logits_of(raw).tobytes() for raw in kept]
    learner.absorb(moved(60)[12:])
    settled(learner)
    now = Plan(learner.store.head)
    assert [now.logits_of(raw).tobytes() for raw in kept] == answers
    assert learner.audit_all().checked == 30 + right and learner.audit_all().bits_changed == 0
    arrays, meta = learner.training.to_arrays()
    again = TrainingState.from_arrays({name: array.copy() for name, array in arrays.items()}, meta)
    assert again.published(GRADIENT) == learner.training.published(GRADIENT)
    assert again.every() == learner.training.every() >= set(range(12))


def test_protecting_twice_says_that_there_is_nothing_new(learner: Learner, settled: Settled) -> None:
    with pytest.raises(BadInputError, match="label something first"):
        learner.seal_and_protect()
    learner.absorb(moved(4))
    settled(learner)
    assert learner.seal_and_protect().kind == "protected"
    left = learner.unprotected()
    if not left:
        with pytest.raises(BadInputError, match="label something first"):
            learner.seal_and_protect()
    else:
        # What is answered wrongly is never protected.
        record = learner.seal_and_protect()
        assert record.kind == "rejected" and record.reason.words.endswith("nothing more is answered rightly")


def test_a_protected_input_of_the_base_that_is_relabelled_is_released(learner: Learner, settled: Settled) -> None:
    learner.absorb(moved(8))
    settled(learner)
    learner.seal_and_protect()
    first = moved(1)[0]
    record = learner.absorb([replace(first, class_id=1 - first.class_id)])
    assert record is not None and record.kind == "released" and learner.protected_count == 37
    settled(learner)
    assert learner.audit_all().bits_changed == 0


def test_a_gradient_cannot_be_unlearned_and_that_is_said(learner: Learner, settled: Settled) -> None:
    learner.absorb(moved(6))
    settled(learner)
    head = learner.store.head
    record = learner.forget([0, 1])
    assert record is not None and record.kind == "rejected"
    assert record.reason.words.startswith(
        "2 examples learned in the base itself cannot be unlearned, only left out of what"
    )
    assert settled(learner) == [] and learner.store.head is head
    assert learner.training.base_learned.tolist() == [2, 3, 4, 5]
    # Before it has been learned, it is taken back like any other.
    learner.absorb(moved(8)[6:])
    assert learner.forget([6, 7]) is None and settled(learner) == []
    learner.absorb(moved(10)[8:])
    learner.forget([2])
    (record,) = settled(learner)
    assert record.kind == "learned" and record.reason.words.endswith("; 1 example left out from now on")


def test_rolling_back_restores_base_and_state_and_parks_what_came_after(learner: Learner, settled: Settled) -> None:
    learner.absorb(moved(6))
    settled(learner)
    middle = learner.store.head
    learner.absorb(moved(12)[6:])
    settled(learner)
    latest = learner.store.head
    learner.roll_back(middle.version)
    assert learner.store.head.digest == middle.digest and learner.parked == frozenset(range(6, 12))
    assert not learner.pending and learner.training.base_learned.tolist() == list(range(6))
    learner.resume_parked()
    (record,) = settled(learner)
    assert record.new_examples == ((0, 3), (1, 3))
    assert learner.store.head.digest != latest.digest and learner.audit_all().bits_changed == 0


def test_giving_up_goes_on_from_head(learner: Learner, settled: Settled, monkeypatch: pytest.MonkeyPatch) -> None:
    learner.absorb(moved(6))
    settled(learner)
    head = learner.store.head
    learner.absorb(moved(9)[6:])
    with monkeypatch.context() as broken:
        broken.setattr(GradientRule, "_step", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            learner.step()
        assert learner.give_up() == 3
    assert learner.store.head is head and learner.parked == frozenset({6, 7, 8}) and not learner.pending
    learner.absorb(moved(12)[9:])
    assert [r.kind for r in settled(learner)] == ["learned"]


def test_a_long_queue_is_learned_a_block_at_a_time(learner: Learner) -> None:
    learner.absorb(moved(2 * BLOCK + 3))
    counts = []
    while learner.pending:
        record = learner.step()
        assert record is not None
        counts.append(sum(n for _, n in record.new_examples))
    assert counts == [BLOCK, BLOCK, 3]


@pytest.mark.parametrize("rule", [LOCKED_BANK, GRADIENT])
def test_a_model_is_taken_up_again_with_what_its_base_has_learned(
    rule: str, learner: Learner, settled: Settled
) -> None:
    learner.absorb(moved(6))
    settled(learner)
    asked = replace(learner.settings, rule=rule)
    again = Learner(learner.store.head, learner.training, asked, examples=moved(8), next_version=9)
    assert again.pending, "two are new"
    (record,) = settled(again)
    assert record.kind == "learned" and sum(n for _, n in record.new_examples) == 2
    assert again.training.every() == set(range(8)) and again.audit_all().bits_changed == 0


def test_a_long_stream_through_both_rules_moves_nothing_that_is_protected(
    house: BaseModel, begin: Begin, settled: Settled
) -> None:
    """The base goes on moving below two sealed banks and a learning one, and P grows by what each rule has learned."""
    learner, rng = begin(house, protected=6), np.random.default_rng(4)
    moves = 0
    for turn in range(36):
        by_gradient = turn % 3 > 0
        learner.set_rule(GRADIENT if by_gradient else LOCKED_BANK)
        if not by_gradient:
            learner.add_class(2 + turn % 4)
        known = moved(8, first=100 * turn, side=float(rng.uniform(-2.5, 2.5)))
        learner.absorb(known if by_gradient else [replace(e, class_id=2 + turn % 4) for e in known[:4]])
        before = learner.store.head.base
        settled(learner)
        moves += learner.store.head.base is not before and len(learner.store.head.banks) > 0
        if turn in (7, 19):
            learner.seal_and_protect()
        audit = learner.audit_all()
        assert audit.bits_changed == 0 and audit.checked == learner.protected_count
    assert [bank.sealed for bank in learner.store.head.banks] == [True, True, False]
    assert learner.protected_count == 42 and moves >= 4


@given(data=st.data(), seed=st.integers(0, 3))
@settings(max_examples=60)
def test_no_history_with_both_rules_moves_a_protected_answer(
    data: st.DataObject, seed: int, bases: Callable[..., BaseModel], begin: Begin, user: Any, settled: Settled
) -> None:
    """Random acts, the rule and the mode changed in between, on bases with few and with many protected inputs."""
    modes = (Mode.ROUTING, Mode.WEIGHTS, Mode.BOTH)
    own = st.tuples(st.sampled_from(["rule", "mode"]), st.integers(0, 2))
    acts = data.draw(st.lists(st.one_of(user.acts, user.acts, own), min_size=6, max_size=20))
    learner = begin(
        bases(protected=(3, 6, 12, 24)[seed], features=48, seed=seed), rule=GRADIENT, protected=8, protected_max=40
    )
    person = user(learner)
    for act in acts:
        before, protected = Plan(learner.store.head), learner.training.protected
        if len(act) == 3:
            person.does(act)
        elif act[0] == "mode":
            learner.set_mode(modes[act[1]])
        else:
            learner.set_rule((LOCKED_BANK, GRADIENT)[act[1] % 2])
        settled(learner, most=12)
        audit = learner.audit_all()
        assert audit.bits_changed == 0 and audit.checked == learner.protected_count
        if act[0] in ("learn", "forget", "resume", "rule", "mode"):
            # Told from the answers themselves, too.
            assert learner.training.protected.inputs.tobytes() == protected.inputs.tobytes()
            after, lived = Plan(learner.store.head), len(before.snapshot.classes)
            for raw in protected.inputs:
                assert after.logits_of(raw)[:lived].tobytes() == before.logits_of(raw).tobytes()
