"""One recorded answer again: the reading that the same version gives now, and what differs from the receipt."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from dgstudio.engine.recording.differences import (
    OtherAnswer,
    OtherClasses,
    OtherFeatures,
    OtherGate,
    OtherLogit,
    OtherRoute,
)
from dgstudio.model.plan import Answer, Plan
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.session.recording.recorded import RecordedAnswer
from dgstudio.types import F32, UNKNOWN_TRUTH, BankState, Reading, StreamSpec


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """One answer again: as it was recorded, as it is now, and what differs, if anything."""

    stretch: int
    recorded: RecordedAnswer
    now: Reading
    differs: Reason | None


def truth_of(spec: StreamSpec, truth: np.ndarray) -> str | None:
    """The label that most of a window carries, if most of it carries one."""
    known = truth[truth != UNKNOWN_TRUTH]
    if 2 * len(known) <= len(truth):
        return None
    place = int(np.bincount(known).argmax())
    return spec.truth_names[place] if place < len(spec.truth_names) else None


def answered_again(
    recorded: RecordedAnswer,
    plan: Plan,
    answer: Answer,
    features: F32,
    span: tuple[float, float],
    truth: str | None,
    begin: float,
) -> Reading:
    """The reading of an answer that was just given again, to a window of stream time `span`; `begin` on the clock."""
    snapshot, now = plan.snapshot, time.perf_counter()
    return Reading(
        hop=recorded.hop,
        sample=recorded.sample,
        start=span[0],
        end=span[1],
        version=snapshot.version,
        digest=snapshot.digest,
        features=features,
        active=answer.active,
        activations=answer.activations,
        bank_r=answer.r,
        bank_tau=np.asarray([bank.tau for bank in snapshot.banks], np.float32),
        bank_state=answer.state,
        speaker=answer.speaker,
        margin=answer.margin,
        classes=snapshot.classes,
        logits=answer.logits,
        probabilities=answer.probabilities,
        top=snapshot.classes[answer.top] if answer.top >= 0 else None,
        latency_us=(now - begin) * 1e6,
        arrival_wall=begin,
        ready_wall=now,
        truth=truth,
        receipt=plan.receipt(features, answer),
    )


def difference(then: RecordedAnswer, now: Reading, names: Mapping[int, str]) -> Reason | None:
    """What differs first, in the order of what a receipt holds; None for nothing."""
    assert now.receipt is not None, "every answer of a replay has one"
    if then.classes != now.classes:
        return OtherClasses(tuple(then.classes), tuple(now.classes))
    if then.logits.tobytes() != now.logits.tobytes():
        place = int(np.flatnonzero(then.logits.view(np.uint32) != now.logits.view(np.uint32))[0])
        name = _name(then.classes[place], names)
        return OtherLogit(name, np.float32(then.logits[place]), np.float32(now.logits[place]))
    if then.input != now.receipt.input:
        return OtherFeatures(then.input, now.receipt.input)
    if then.active.tobytes() != now.active.tobytes():
        unit = min(set(then.active.tolist()) ^ set(now.active.tolist()))
        return OtherGate(unit, unit in then.active)
    if then.state.tobytes() != now.bank_state.tobytes():
        bank = int(np.flatnonzero(then.state != now.bank_state)[0])
        return OtherRoute(bank, BankState(int(then.state[bank])), BankState(int(now.bank_state[bank])))
    # What the user lets count as an answer is no part of the kernel: an "unsure" one may be sure by its logits.
    if then.top is not None and then.top != now.top:
        return OtherAnswer(_name(then.top, names), None if now.top is None else _name(now.top, names))
    return None


def _name(class_id: int, names: Mapping[int, str]) -> str:
    return names.get(class_id, f"class {class_id}")
