"""The contract: whatever the user does, no publish moves a protected answer; what would is refused, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.contract.contract import Contract
from dgstudio.learning.contract.protected import Cohort, ProtectedSet
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.learning.settings import GRADIENT, PROOF_GAP
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.types import OWN_ACTS, PublishRecord

Begin = Callable[..., Learner]
Label = Callable[..., list[Any]]


class Witness:
    """Keeps its own account of the protected answers: taken before they are protected, compared after every act."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.accounts: list[tuple[Cohort, tuple[int, ...], list[np.ndarray]]] = []
        self.checked = 0
        self.see(learner.store.head)

    def see(self, before: Snapshot) -> None:
        """Note the answers of `before` to inputs that have just joined P."""
        plan = Plan(before)
        for cohort in self.learner.training.protected.cohorts:
            if all(cohort is not known for known, _, _ in self.accounts):
                self.accounts.append((cohort, before.classes, [plan.logits_of(raw) for raw in cohort.inputs]))

    def check(self, before: Snapshot) -> None:
        self.see(before)
        head = self.learner.store.head
        plan = Plan(head)
        protected = self.learner.training.protected.cohorts
        for cohort, classes, were in self.accounts:
            if not any(cohort is own for own in protected):
                continue
            both = [c for c in classes if c in head.classes]
            for raw, was in zip(cohort.inputs, were, strict=True):
                now = plan.logits_of(raw)[[head.classes.index(c) for c in both]]
                assert now.tobytes() == was[[classes.index(c) for c in both]].tobytes()
                self.checked += 1


def is_named_by_its_digest(snapshot: Snapshot) -> bool:
    arrays, meta = snapshot.to_arrays_and_meta()
    copies = {name: array.copy() for name, array in arrays.items()}
    return snapshot.is_intact() and Snapshot.from_arrays_and_meta(copies, meta).digest == snapshot.digest


def play(learner: Learner, person: Any, acts: list[tuple[str, int, int]]) -> tuple[Witness, list[PublishRecord]]:
    witness, records = Witness(learner), []
    for act in acts:
        before = learner.store.head
        news = person.does(act)
        for record in news:
            if record.kind in ("protected", "bank sealed"):
                # It may come with the publish before it: what is protected is what its parent answers.
                before = learner.store.get(record.parent)
            elif record.kind in OWN_ACTS:
                # The user chose another model: what it answers is what is protected from now on.
                before = learner.store.get(record.version)
        witness.check(before)
        audit = learner.audit_all()
        assert audit.bits_changed == 0 and audit.flips == 0 and audit.max_delta == 0
        assert audit.checked == learner.protected_count
        records += news
        for record in news:
            if record.version is not None:
                version = learner.store.get(record.version)
                assert record.digest == version.digest and is_named_by_its_digest(version)
    return witness, records


@given(data=st.data(), seed=st.integers(0, 5))
@settings(max_examples=100)
def test_no_history_of_labels_and_acts_moves_a_protected_answer(
    data: st.DataObject, seed: int, bases: Callable[..., BaseModel], begin: Begin, user: Any
) -> None:
    base = bases(protected=6 + 4 * seed, features=48, seed=seed)
    learner = begin(base, protected=8, protected_max=30 + seed, seal_at=data.draw(st.sampled_from([7, 1000])))
    play(learner, user(learner), data.draw(st.lists(user.acts, min_size=4, max_size=20)))


@given(data=st.data(), seed=st.integers(0, 5))
@settings(max_examples=100)
def test_no_history_of_all_acts_and_modes_moves_what_is_still_protected(
    data: st.DataObject, seed: int, bases: Callable[..., BaseModel], begin: Begin, user: Any
) -> None:
    """Direct releases, openness, rebuilds, new bases and the modes Routing and Weights among the others."""
    base = data.draw(st.sampled_from([bases(protected=6 + 4 * seed, features=48, seed=seed), None]))
    seal_at = data.draw(st.sampled_from([7, 1000]))
    learner = begin(base, protected=8, protected_max=30 + seed, features=48, seal_at=seal_at)
    play(learner, user(learner), data.draw(st.lists(user.every_act, min_size=6, max_size=24)))


@given(data=st.data())
@settings(max_examples=60)
def test_nor_does_one_that_began_from_nothing(data: st.DataObject, begin: Begin, user: Any) -> None:
    learner = begin(None, protected=8, features=48, seal_at=data.draw(st.sampled_from([7, 1000])))
    play(learner, user(learner), data.draw(st.lists(user.acts, min_size=4, max_size=20)))


def test_a_long_history_has_protected_answers_of_every_kind_and_moves_none(
    small: BaseModel, begin: Begin, user: Any
) -> None:
    rng = np.random.default_rng(3)
    learner = begin(small, protected=10, protected_max=50)
    names = ["learn"] * 6 + ["relabel", "forget", "protect", "remove class", "add class", "resume", "roll back"]
    acts = [
        (names[int(rng.integers(len(names)))], int(rng.integers(3, 99)) % 6, int(rng.integers(1, 5))) for _ in range(90)
    ]
    witness, records = play(learner, user(learner), acts)
    kinds = {record.kind for record in records}
    assert {"learned", "protected", "rolled back", "class added", "class removed"} <= kinds
    assert max(len(snapshot.banks) for snapshot in learner.store.history()) >= 3
    assert witness.checked > 2000


@pytest.mark.parametrize("begun", ["on a base", "from nothing"])
def test_a_long_history_of_every_act_happens_and_moves_only_what_it_says(
    begun: str, small: BaseModel, begin: Begin, user: Any
) -> None:
    rng = np.random.default_rng(11)
    learner = begin(small if begun == "on a base" else None, protected=8, protected_max=60, features=64)
    names = ["learn"] * 7 + ["half", "half", "openness", "openness", "release", "rebuild", "protect", "protect"]
    names += ["relabel", "forget", "remove class", "add class", "roll back", "resume", "mode"]
    acts = [(str(rng.choice(names)), int(rng.integers(3, 99)), int(rng.integers(1, 4))) for _ in range(110)]
    acts = [(what, which if what in ("openness", "release", "rebuild") else which % 6, n) for what, which, n in acts]
    acts[70] = ("consolidate", 3, 0)
    witness, records = play(learner, user(learner), acts)
    kinds = {record.kind for record in records}
    assert {"learned", "protected", "released", "rebuilt", "consolidated", "rolled back"} <= kinds
    assert {"routing", "weights", "both"} <= {s.mode for s in learner.store.history()}
    assert len({bank.tau for s in learner.store.history() for bank in s.banks}) > 5
    assert witness.checked > 400


# -- proposals that break it -----------------------------------------------------------------------------------------


@pytest.fixture
def sealed(small: BaseModel, begin: Begin, label: Label) -> Learner:
    """Bank 1 is sealed and 12 of its examples are protected; bank 2 has learned class 4."""
    return make_sealed(small, begin, label)


@pytest.fixture(scope="module")
def sealed_once(small: BaseModel, begin: Begin, label: Label) -> Learner:
    """The same, for tests that only look."""
    return make_sealed(small, begin, label)


def make_sealed(small: BaseModel, begin: Begin, label: Label) -> Learner:
    learner = begin(small, protected=12)
    learner.add_class(3)
    learner.absorb(label(3, 12))
    learner.step()
    learner.seal_and_protect()
    learner.add_class(4)
    learner.absorb(label(4, 8, first=50))
    learner.step()
    return learner


def bank_of(head: Snapshot, place: int, **changes: Any) -> Snapshot:
    banks = list(head.banks)
    banks[place] = replace(banks[place], **changes)
    return head.with_(banks=tuple(banks))


def nudged(array: np.ndarray, place: int = 0) -> np.ndarray:
    """The same, but for the last bit of the first number, or of the first one of a row."""
    changed = array.copy()
    changed.reshape(len(changed), -1)[place, 0] = np.nextafter(
        changed.reshape(len(changed), -1)[place, 0], np.float32(9)
    )
    return changed


def base_of(head: Snapshot, **changes: Any) -> Snapshot:
    return head.with_(base=replace(head.base, **changes))


def opened(head: Snapshot, raw: np.ndarray) -> int:
    """A unit that an input opens."""
    return int(Plan(head).answer(raw).active[-1])


def out_of_reach(head: Snapshot, raw: np.ndarray) -> np.ndarray:
    """The gates' offsets, but for a unit that an input opens: it opens on nothing any more."""
    c: np.ndarray = head.base.c.copy()
    c[opened(head, raw)] = -1e3
    return c


def towards(head: Snapshot, raw: np.ndarray, r: float = 1.0) -> np.ndarray:
    """The learning bank's router, moved the shortest way that gives r on one input."""
    z = Plan(head).embed(raw)
    w: np.ndarray = head.banks[-1].w + np.float32(r - r_of(head, raw)) * z / np.dot(z, z)
    return w


def with_nan(array: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed.reshape(-1)[-1] = np.nan
    return changed


def r_of(head: Snapshot, raw: np.ndarray) -> float:
    plan = Plan(head)
    return float(plan.router(len(head.banks) - 1, plan.embed(raw)))


def at(head: Snapshot, raw: np.ndarray, r: float) -> Snapshot:
    """`head` with the learning bank's router shifted so that the serving kernel gives r on one input."""
    for _ in range(4):
        w = head.banks[-1].w.copy()
        w[-1] += np.float32(r - r_of(head, raw))
        head = bank_of(head, -1, w=w)
    return head


def another_bank(head: Snapshot) -> Bank:
    return replace(head.banks[-1], id=7, w=np.zeros_like(head.banks[-1].w))


TAMPERED: dict[str, tuple[Callable[[Snapshot, np.ndarray], Snapshot], str]] = {
    "a router that opens": (lambda head, raw: bank_of(head, -1, w=towards(head, raw)), "opening on protected input"),
    "τ too near to r": (lambda head, raw: bank_of(head, -1, tau=r_of(head, raw) + 0.04), "within 0.05 of opening"),
    "an open bank more": (lambda head, raw: head.with_(banks=(*head.banks, another_bank(head))), "Bank 7"),
    "a unit's weights": (
        lambda head, raw: base_of(head, W1=nudged(head.base.W1, opened(head, raw))),
        "changes the base, which the locked bank never moves",
    ),
    "a gate that changes nothing": (
        lambda head, raw: base_of(head, theta=nudged(head.base.theta)),
        "changes the base, which the locked bank never moves",
    ),
    "NaN in a unit": (lambda head, raw: base_of(head, W1=with_nan(head.base.W1)), "base of the proposal holds numbers"),
    "the base's offsets": (lambda head, raw: base_of(head, b2=nudged(head.base.b2)), "changes the base"),
    "the base's projection": (
        lambda head, raw: base_of(head, psi=np.eye(head.base.inputs, dtype=np.float32)),
        "changes the base",
    ),
    "the base's class list": (lambda head, raw: base_of(head, classes=head.base.classes[::-1]), "changes the base"),
    "no base": (lambda head, raw: head.with_(base=None), "changes the base"),
    "φ": (lambda head, raw: head.with_(phi=replace(head.phi, phase=nudged(head.phi.phase))), "changes the phi"),
    "φ's scale": (lambda head, raw: head.with_(phi=replace(head.phi, u_rms=head.phi.u_rms * 2)), "changes the phi"),
    "the normaliser": (
        lambda head, raw: head.with_(normaliser=replace(head.normaliser, mean=nudged(head.normaliser.mean))),
        "changes the normaliser",
    ),
    "a sealed bank's read-out": (lambda head, raw: bank_of(head, 0, R=nudged(head.banks[0].R)), "Bank 1"),
    "a sealed bank's router": (lambda head, raw: bank_of(head, 0, w=nudged(head.banks[0].w)), "Bank 1"),
    "a sealed bank's δ": (lambda head, raw: bank_of(head, 0, delta=0.3), "Bank 1"),
    "a sealed bank gone": (lambda head, raw: head.with_(banks=head.banks[1:]), "Bank 1"),
    "the banks' order": (lambda head, raw: head.with_(banks=head.banks[::-1]), "order of their birth"),
    "NaN in a router": (lambda head, raw: bank_of(head, -1, w=with_nan(head.banks[-1].w)), "not finite"),
    "NaN in a read-out": (lambda head, raw: bank_of(head, -1, R=with_nan(head.banks[-1].R)), "not finite"),
}


MOVED_TOO_FAR: dict[str, tuple[Callable[[Snapshot, np.ndarray], Snapshot], str]] = {
    "a unit's weights": (
        lambda head, raw: base_of(head, W1=nudged(head.base.W1, opened(head, raw))),
        "which protected input 0 opens, would change",
    ),
    "a unit's offset": (
        lambda head, raw: base_of(head, b1=nudged(head.base.b1, opened(head, raw))),
        "which protected input 0 opens, would change",
    ),
    "a unit's read-out": (
        lambda head, raw: base_of(head, V=nudged(head.base.V, opened(head, raw))),
        "which protected input 0 opens, would change",
    ),
    "a gate that closes": (
        lambda head, raw: base_of(head, c=out_of_reach(head, raw)),
        "Protected input 0 would open other units",
    ),
    "the base's offsets": (lambda head, raw: base_of(head, b2=nudged(head.base.b2)), "changes the base"),
    "the base's class list": (lambda head, raw: base_of(head, classes=head.base.classes[::-1]), "changes the base"),
    "no base": (lambda head, raw: head.with_(base=None), "changes the base"),
}


@pytest.mark.parametrize("what", MOVED_TOO_FAR)
def test_the_gradient_rule_too_may_move_only_what_no_protected_input_sees(what: str, sealed: Learner) -> None:
    tamper, words = MOVED_TOO_FAR[what]
    head, protected = sealed.store.head, sealed.training.protected
    with pytest.raises(Rejected, match=words):
        Contract(protected).prove(head, tamper(head, protected.inputs[0]), GRADIENT)


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_proposal_is_refused_and_the_learner_goes_on(
    what: str, sealed: Learner, label: Label, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper, words = TAMPERED[what]
    head, raw = sealed.store.head, sealed.training.protected.inputs[0]
    with pytest.raises(Rejected, match=words):
        Contract(sealed.training.protected).prove(head, tamper(head, raw))

    honest = LockedBankRule.propose
    with monkeypatch.context() as patched:
        patched.setattr(LockedBankRule, "propose", lambda rule, parent, mode: tamper(honest(rule, parent, mode), raw))
        sealed.absorb(label(5, 2, first=80))
        record = sealed.step()
    assert record is not None and record.kind == "rejected" and record.version is None
    assert words in record.reason.sentence
    assert sealed.store.head is head and sealed.store.serving is head and not sealed.pending

    sealed.absorb(label(5, 1, first=90))
    (learned,) = settled(sealed)
    assert learned.kind == "learned" and learned.examples == 11
    assert sealed.audit_all().bits_changed == 0


def test_an_honest_proposal_passes_and_being_sealed_is_no_change(sealed: Learner) -> None:
    head = sealed.store.head
    contract = Contract(sealed.training.protected)
    contract.prove(head, head)
    contract.prove(head, bank_of(head, -1, sealed=True))
    contract.prove(head, bank_of(head, -1, R=-head.banks[-1].R))
    contract.prove(head, head.with_(banks=head.banks[:1]))


def test_a_base_may_change_where_no_protected_input_sees_it(sealed: Learner) -> None:
    """Units that P does not open may compute anything, and gates may move as long as P opens the same units."""
    head, contract = sealed.store.head, Contract(sealed.training.protected)
    plan = Plan(head)
    used = {int(j) for raw in contract.protected.inputs for j in plan.answer(raw).active}
    base = head.base
    spare = 3
    # Units more that nothing opens.
    grown = replace(
        base,
        theta=np.concatenate([base.theta, np.zeros((spare, base.inputs), np.float32)]),
        c=np.concatenate([base.c, np.full(spare, -1e3, np.float32)]),
        W1=np.concatenate([base.W1, np.ones((spare, base.inputs), np.float32)]),
        b1=np.concatenate([base.b1, np.zeros(spare, np.float32)]),
        V=np.concatenate([base.V, np.ones((spare, 3), np.float32)]),
    )
    before = head.with_(base=grown)
    unused = [j for j in range(grown.hidden) if j not in used]
    assert len(unused) >= spare
    W1, b1, V = grown.W1.copy(), grown.b1.copy(), grown.V.copy()
    W1[unused], b1[unused], V[unused] = 7, 8, 9
    after = base_of(before, W1=W1, b1=b1, V=V, c=grown.c + np.float32(0.5))
    contract.prove(before, after, GRADIENT)
    assert contract.audit(Plan(after), 0, sealed.protected_count).bits_changed == 0
    with pytest.raises(Rejected, match="which protected input"):
        contract.prove(before, base_of(after, V=nudged(V, min(used))), GRADIENT)
    with pytest.raises(Rejected, match="changes the base"):
        contract.prove(head, before, GRADIENT)
    with pytest.raises(Rejected, match="which the locked bank never moves"):
        contract.prove(before, after)


def flipped(array: np.ndarray, bit: int) -> np.ndarray:
    """The same, but for one bit, counted over all numbers."""
    changed = array.copy()
    changed.reshape(-1).view(np.uint8)[bit // 8] ^= np.uint8(1 << bit % 8)
    return changed


@given(data=st.data())
@settings(max_examples=200)
def test_one_flipped_bit_anywhere_below_the_learning_bank_is_always_refused(
    data: st.DataObject, sealed_once: Learner
) -> None:
    """In any array of the base, whether or not a protected input uses it, of φ, the normaliser and a sealed bank."""
    head = sealed_once.store.head
    part = data.draw(st.sampled_from(["base", "base", "phi", "normaliser", "bank"]))
    owner = head.banks[0] if part == "bank" else getattr(head, part)
    name = data.draw(st.sampled_from(sorted(owner.arrays())))
    array = getattr(owner, name)
    changed = {name: flipped(array, data.draw(st.integers(0, 8 * array.nbytes - 1)))}
    if array.dtype == np.int8:
        # A sign that is no sign any more is no part of a model.
        with pytest.raises(BadInputError, match="neither"):
            replace(owner, **changed)
        return
    tampered = bank_of(head, 0, **changed) if part == "bank" else head.with_(**{part: replace(owner, **changed)})
    with pytest.raises(Rejected, match=r"base|phi|normaliser|Bank 1"):
        Contract(sealed_once.training.protected).prove(head, tampered)
    if part == "base":
        with pytest.raises(Rejected, match="base"):
            Contract(ProtectedSet()).prove(head, tampered)


@pytest.mark.parametrize("number", [0, 23, 35])
def test_a_protected_input_that_would_be_opened_by_a_millionth_is_refused(number: int, sealed: Learner) -> None:
    """At τ + 1e-6 the bank would speak. The proof refuses everything from τ − 0.05 on, a millionth from there too."""
    head, protected = sealed.store.head, sealed.training.protected
    raw, bank = protected.inputs[number], head.banks[-1]
    others = Contract(protected.without_rows(n for n in range(len(protected)) if n != number))
    limit = bank.tau - PROOF_GAP
    for r, passes in ((bank.tau + 1e-6, False), (bank.tau - 1e-6, False), (limit + 1e-6, False), (limit - 1e-6, True)):
        moved = at(head, raw, r)
        assert r_of(moved, raw) == pytest.approx(r, abs=5e-7)
        assert (r_of(moved, raw) > np.float32(bank.tau)) == (r > bank.tau)
        if passes:
            others.prove(head, moved)
        else:
            with pytest.raises(Rejected, match="of opening on protected input 0 "):
                others.prove(head, moved)
            with pytest.raises(Rejected, match="of opening on protected input"):
                Contract(protected).prove(head, moved)
    answers = bank_of(at(head, raw, bank.tau + 1e-6), -1, delta=np.inf)
    assert others.audit(Plan(answers), 0, 1).bits_changed > 0, "it is open there, and would have moved the answer"
    shut = bank_of(at(head, raw, bank.tau - 1e-6), -1, delta=np.inf)
    assert others.audit(Plan(shut), 0, 1).bits_changed == 0, "and still closed a millionth below"


def test_the_gap_below_tau_is_proved_by_the_serving_kernel(sealed: Learner) -> None:
    """A router shifted so that the nearest protected input comes to τ − 0.05 passes on one side of it only."""
    head = sealed.store.head
    plan = Plan(head)
    highest = max(float(plan.router(1, plan.embed(raw))) for raw in sealed.training.protected.inputs)
    for distance, passes in ((0.0501, True), (0.0499, False)):
        w = head.banks[-1].w.copy()
        w[-1] += np.float32(head.banks[-1].tau - distance - highest)
        contract = Contract(sealed.training.protected)
        if passes:
            contract.prove(head, bank_of(head, -1, w=w))
        else:
            with pytest.raises(Rejected, match="of opening"):
                contract.prove(head, bank_of(head, -1, w=w))


@pytest.mark.parametrize("number", [0, 23, 24, 35])
def test_each_protected_input_alone_holds_the_router_back(number: int, sealed: Learner) -> None:
    """Those of the base, and those that joined at the seal: a router that comes near on one, and on none else."""
    head, plan = sealed.store.head, Plan(sealed.store.head)
    Z = np.array([plan.embed(raw) for raw in sealed.training.protected.inputs], np.float64)
    r = np.full(len(Z), -1.0)
    r[number] = -0.52
    w = np.linalg.lstsq(Z, r - 1, rcond=None)[0]
    with pytest.raises(Rejected, match=f"of opening on protected input {number} "):
        Contract(sealed.training.protected).prove(head, bank_of(head, -1, w=w))


def test_the_full_audit_at_publish_refuses_what_the_proof_let_through(
    small: BaseModel, begin: Begin, label: Label, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = begin(small, audit_at_publish="full")
    learner.absorb(label(3, 4))
    honest = LockedBankRule.propose
    monkeypatch.setattr(Contract, "prove", lambda *_: None)
    raw = small.protected[0]
    monkeypatch.setattr(
        LockedBankRule,
        "propose",
        lambda rule, head, mode: bank_of(p := honest(rule, head, mode), -1, w=towards(p, raw), delta=np.inf),
    )
    record = learner.step()
    assert record is not None and record.kind == "rejected" and "bits of protected answers" in record.reason.words
    assert learner.store.head.version == 0


def test_the_audit_finds_a_moved_answer_and_counts_its_bits(sealed: Learner) -> None:
    head = sealed.store.head
    flipped = head.with_(base=replace(head.base, b2=head.base.b2 + np.float32(0.5)))
    result = Contract(sealed.training.protected).audit(Plan(flipped), 0, sealed.protected_count)
    assert result.checked == sealed.protected_count and result.bits_changed > 0 and result.max_delta > 0
    with pytest.raises(Rejected, match=f"{result.bits_changed} bits"):
        result.require_unmoved()
    masked = head.with_(classes=head.classes[1:])
    assert Contract(sealed.training.protected).audit(Plan(masked), 0, 99).bits_changed == 0


def test_slices_of_the_audit_go_round_all_of_p_once_a_publish(sealed: Learner, label: Label, settled: Any) -> None:
    def audited() -> list[int]:
        counts = []
        while not sealed.audit_complete:
            counts.append(sealed.audit_slice(8).checked)
        return counts

    assert sum(audited()) == sealed.protected_count == 36
    assert sealed.audit_slice(8).checked == 0
    sealed.absorb(label(5, 2, first=80))
    settled(sealed)
    assert not sealed.audit_complete
    assert audited() == [8, 8, 8, 8, 4]
