"""What two snapshots can prove about one input: that their answers are equal, or where the difference came from."""

from __future__ import annotations

import numpy as np

from dgstudio.model.answers import Answers, Flags
from dgstudio.model.plan import Answer, Plan
from dgstudio.model.snapshot import Bank, Base, Snapshot
from dgstudio.types import BASE, F32, F64, NOBODY, BankState


def certify(plan: Plan, answer: Answer, reference: Plan) -> bool:
    """Whether `plan`'s `answer` is byte for byte what `reference` would answer, for the classes living in both.

    True is exact (design 4): the normaliser is equal, the same base units are active with equal stamps, the part
    that answers is the same with equal stamps, and `reference` lets that part answer. Nothing is computed where
    stamps are equal; each router that differs costs one product, its read-out only where it is open. False means
    that it could not be proved, not that the answers differ.
    """
    now, then = plan.snapshot, reference.snapshot
    if now is then:
        return True
    if answer.speaker == NOBODY or not _same_normaliser(now, then) or not _same_units(now, then, answer):
        return False
    below = None if now.base is None else now.base.classes[int(answer.base_logits.argmax())]
    return _speaker_of(reference, answer, below, now) == _key_of(now, answer.speaker)


def certify_rows(now: Snapshot, answers: Answers, then: Snapshot, before: Answers) -> Flags:
    """What `certify` says of each of n answers, (n,), where the reference has answered the same inputs as well.

    Parameters
    ----------
    answers, before
        Of the snapshots `now` and `then` to the same inputs, in the same order.
    """
    if now is then:
        return np.ones(len(answers), bool)
    if not _same_normaliser(now, then):
        return np.zeros(len(answers), bool)
    spoke, spoke_before = answers.speakers, before.speakers
    certain: Flags = (spoke != NOBODY) & _same_units_rows(now, then, answers, before)
    for speaker in np.unique(spoke[certain]).tolist():
        key = _key_of(now, speaker)
        those = spoke == speaker
        for other in np.unique(spoke_before[those]).tolist():
            if other == NOBODY or _key_of(then, other) != key:
                certain[those & (spoke_before == other)] = False
    return certain


def _same_units_rows(now: Snapshot, then: Snapshot, answers: Answers, before: Answers) -> Flags:
    """`_same_units` of each of n answers, (n,)."""
    a, b = now.base, then.base
    if a is b or a is None or b is None or not _same_shape(a, b):
        return np.full(len(answers), a is b)
    same = np.zeros(a.hidden, bool)
    both = min(a.hidden, b.hidden)
    same[:both] = [one == other for one, other in zip(a.unit_stamps[:both], b.unit_stamps[:both], strict=True)]
    alike: Flags = same[answers.active].all(1) & (answers.active == before.active).all(1)
    return alike


def _same_shape(a: Base, b: Base) -> bool:
    """Whether two bases open as many units, and add to the same bias for the same classes."""
    return a.k == b.k and a.classes == b.classes and a.ids["b2"] == b.ids["b2"]


def _same_normaliser(now: Snapshot, then: Snapshot) -> bool:
    a, b = now.normaliser, then.normaliser
    return a is b or (a is not None and b is not None and a.ids == b.ids)


def _same_units(now: Snapshot, then: Snapshot, answer: Answer) -> bool:
    """Whether `then` activates the units of the answer, and each of them computes the same."""
    a, b = now.base, then.base
    if a is b:
        return True
    if a is None or b is None or not _same_shape(a, b):
        return False
    gates = ("theta", "c", "psi")
    if any(a.ids.get(name) != b.ids.get(name) for name in gates) and not _activates(then, answer):
        return False
    return all(a.unit_stamps[j] == b.unit_stamps[j] for j in answer.active)


def _activates(then: Snapshot, answer: Answer) -> bool:
    again = Plan(then.with_(banks=(), phi=None, known=None, normaliser=None)).answer(answer.x)
    return bool(np.array_equal(again.active, answer.active))


def _key_of(snapshot: Snapshot, speaker: int) -> object:
    """What identifies the part that answers, by content: the base, or φ and the read-out of a bank."""
    if speaker == BASE:
        return BASE
    phi = snapshot.phi
    assert phi is not None, "a bank speaks, so there are features"
    bank = snapshot.banks[speaker]
    return phi.id, bank.classes, bank.ids["R"]


def _speaker_of(reference: Plan, answer: Answer, below: int | None, now: Snapshot) -> object:
    """The key of the part that answers this input in `reference`."""
    then = reference.snapshot
    if not then.banks:
        return NOBODY if then.base is None else BASE
    same_phi = now.phi is then.phi or (now.phi is not None and then.phi is not None and now.phi.id == then.phi.id)
    z = answer.z if same_phi and answer.z is not None else reference.embed_normalised(answer.x)
    known = {bank.id: place for place, bank in enumerate(now.banks)} if same_phi else {}
    speaker = NOBODY if then.base is None else BASE
    for place, bank in enumerate(then.banks):
        twin = known.get(bank.id)
        if twin is not None and _closed_alike(now.banks[twin], bank, answer, twin):
            continue
        state, below = reference.decide(place, z, below)
        if state == BankState.SPEAKING:
            speaker = place
    return _key_of(then, speaker) if speaker != NOBODY else NOBODY


def _closed_alike(now: Bank, then: Bank, answer: Answer, place: int) -> bool:
    """Whether the bank is closed in `then` because it is closed in the answer, and its router is the same."""
    same = now is then or now.router_stamp == then.router_stamp
    return same and answer.state[place] == BankState.CLOSED


def decompose(a: Plan, b: Plan, raw: F32) -> tuple[F64, F64, tuple[int, ...]]:
    """Where the change of an answer from `a` to `b` came from: its routing part and its representation part.

    With f(S, W) the logits when S (active units and the bank that speaks) answers with the parameters W:
    routing = ½[(f(S_b,W_a) − f(S_a,W_a)) + (f(S_b,W_b) − f(S_a,W_b))],
    representation = ½[(f(S_a,W_b) − f(S_a,W_a)) + (f(S_b,W_b) − f(S_b,W_a))] (design 4).
    A bank that one side lacks answers, in that side's terms, as that side did.

    Parameters
    ----------
    raw
        Raw features (d,) float32.

    Returns
    -------
    Both parts, (C,) float64, and the C class ids living in both snapshots. The parts add up to f_b − f_a within
    rounding.
    """
    classes = tuple(c for c in a.snapshot.classes if c in b.snapshot.classes)
    answer_a, answer_b = a.answer(raw), b.answer(raw)
    aa = _columns(a, answer_a.logits, classes)
    bb = _columns(b, answer_b.logits, classes)
    crossed_a = _forced(a, raw, answer_b, b.snapshot)
    crossed_b = _forced(b, raw, answer_a, a.snapshot)
    ba = aa if crossed_a is None else _columns(a, crossed_a, classes)  # f(S_b, W_a)
    ab = bb if crossed_b is None else _columns(b, crossed_b, classes)  # f(S_a, W_b)
    routing: F64 = ((ba - aa) + (bb - ab)) / 2
    representation: F64 = ((ab - aa) + (bb - ba)) / 2
    return routing, representation, classes


def _columns(plan: Plan, logits: F32, classes: tuple[int, ...]) -> F64:
    place = {class_id: column for column, class_id in enumerate(plan.snapshot.classes)}
    result: F64 = logits[[place[c] for c in classes]].astype(np.float64)
    return result


def _forced(plan: Plan, raw: F32, who: Answer, of: Snapshot) -> F32 | None:
    """Logits of `plan` when the units and the bank of `who`, an answer of `of`, answer; None where it lacks them."""
    snapshot = plan.snapshot
    if who.speaker == NOBODY:
        return None
    if who.speaker == BASE:
        same_size = snapshot.base is not None and of.base is not None and snapshot.base.hidden == of.base.hidden
        return plan.forced(raw, who.active, None) if same_size else None
    wanted = of.banks[who.speaker].id
    place = next((i for i, bank in enumerate(snapshot.banks) if bank.id == wanted), None)
    return None if place is None else plan.forced(raw, who.active, place)
