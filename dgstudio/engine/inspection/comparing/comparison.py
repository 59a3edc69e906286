"""Two versions and one input: both answers, and where the difference came from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgstudio.engine.inspection.answer_parts import AnswerParts, answer_parts
from dgstudio.engine.inspection.comparing.version_difference import (
    LearnedDifference,
    WeightsDifference,
    comparable,
    learned_difference,
    weights_difference,
)
from dgstudio.learning.bank.attribution import ChangeParts, Evidence, difference
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.model.certificate import decompose
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Base
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.types import F32, F64, BankState


@dataclass(frozen=True, slots=True, eq=False)
class UnitStep:
    """What one unit adds to the change of the base's logits, (C₀,) each: by firing or not, and by its weights.

    `opened`: it fires in the later version only; `closed`: in the earlier only; else in both.
    """

    unit: int
    opened: bool
    closed: bool
    routing: F64
    representation: F64


@dataclass(frozen=True, slots=True, eq=False)
class BaseSteps:
    """The change of the base's logits, unit by unit: bias and all steps add up to it within rounding.

    With p_j = V_j u_j in the earlier and p'_j in the later version, a unit that fires in both adds p' − p
    (representation); one that fires in one of them only ±½(p + p') (routing) and ½(p' − p) (representation): the split
    of `certificate.decompose`, term by term.
    """

    classes: tuple[int, ...]
    bias: F64
    units: tuple[UnitStep, ...]

    @property
    def total(self) -> F64:
        """The change of each logit, (C₀,)."""
        steps = [step.routing + step.representation for step in self.units]
        result: F64 = self.bias + np.sum(steps, axis=0) if steps else self.bias
        return result


@dataclass(frozen=True, slots=True)
class BankStep:
    """What became of a bank: its state and r in the earlier and the later version, None where that lacks it."""

    bank_id: int
    before: BankState | None
    after: BankState | None
    r_before: float | None
    r_after: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Why a later version answers one input otherwise than an earlier one, or does not.

    Attributes
    ----------
    before, after : both answers, term by term.
    classes : those that live in both, the order of `routing` and `representation`.
    routing, representation : (C,) float64, in logits: they add up to the change (`certificate.decompose`).
    gates_opened, gates_closed : units that fire in the later version only, and in the earlier only.
    units_moved : units among those that fire in either whose weights are others.
    base : the change of the base's own logits, unit by unit; None where the base is another one altogether.
    banks : of either version, by id.
    because : the change of the scores of the bank that answers (the later version's, else the earlier's) as a sum over
        its examples, in scores: ten times as much in logits; a reason where that cannot be had, None without a bank.
    because_bank : the id of that bank.
    weights, learned : how the versions differ, whatever the input.
    """

    before: AnswerParts
    after: AnswerParts
    classes: tuple[int, ...]
    routing: F64
    representation: F64
    gates_opened: tuple[int, ...]
    gates_closed: tuple[int, ...]
    units_moved: tuple[int, ...]
    base: BaseSteps | None
    banks: tuple[BankStep, ...]
    because: ChangeParts | Reason | None
    because_bank: int | None
    weights: WeightsDifference
    learned: LearnedDifference

    @property
    def identical(self) -> bool:
        """Whether both answers have the same bytes."""
        return self.before.said.same_bytes(self.after.said)


@dataclass(frozen=True, slots=True, eq=False)
class ComparedVersion:
    """One side: its plan, what it was learned from, and what each of its banks rests on."""

    plan: Plan
    training: TrainingState
    rests_on: Sequence[Evidence | Reason]


def compare(before: ComparedVersion, after: ComparedVersion, raw: F32, abstain: float = 0.0) -> Comparison:
    """Compare the answers of two versions to raw features (d,)."""
    a, b = before.plan, after.plan
    first, second = (answer_parts(side.plan, raw, side.rests_on, abstain) for side in (before, after))
    routing, representation, classes = decompose(a, b, raw)
    fired_a, fired_b = _fired(first), _fired(second)
    old, new = a.snapshot.base, b.snapshot.base
    same = old is not None and new is not None and comparable(old, new)
    moved: tuple[int, ...] = ()
    if same and old is not None and new is not None and old is not new:
        moved = tuple(sorted(j for j in fired_a | fired_b if old.unit_stamps[j] != new.unit_stamps[j]))
    bank, because = _because(before, after, first, second, raw)
    return Comparison(
        before=first,
        after=second,
        classes=classes,
        routing=routing,
        representation=representation,
        gates_opened=tuple(sorted(fired_b - fired_a)) if same else (),
        gates_closed=tuple(sorted(fired_a - fired_b)) if same else (),
        units_moved=moved,
        base=_base_steps(a, b, raw, fired_a, fired_b) if same else None,
        banks=_bank_steps(first, second),
        because=because,
        because_bank=bank,
        weights=weights_difference(a.snapshot, b.snapshot),
        learned=learned_difference(before.training, after.training),
    )


def _fired(parts: AnswerParts) -> set[int]:
    return set() if parts.base is None else set(parts.base.units.tolist())


def _bank_steps(first: AnswerParts, second: AnswerParts) -> tuple[BankStep, ...]:
    was, now = ({bank.bank_id: bank for bank in parts.banks} for parts in (first, second))
    steps = []
    for bank_id in sorted(was.keys() | now.keys()):
        a, b = was.get(bank_id), now.get(bank_id)
        states = (None if bank is None else bank.state for bank in (a, b))
        scores = (None if bank is None else bank.r for bank in (a, b))
        steps.append(BankStep(bank_id, *states, *scores))
    return tuple(steps)


def _base_steps(a: Plan, b: Plan, raw: F32, fired_a: set[int], fired_b: set[int]) -> BaseSteps:
    old, new = a.snapshot.base, b.snapshot.base
    assert old is not None
    assert new is not None
    units = np.array(sorted(fired_a | fired_b), np.intp)
    p, q = _contributions(old, a.normalise(raw), units), _contributions(new, b.normalise(raw), units)
    steps = []
    for row, unit in enumerate(units.tolist()):
        opened, closed = unit not in fired_a, unit not in fired_b
        sign = 1.0 if opened else -1.0 if closed else 0.0
        share = 0.5 if opened or closed else 1.0
        steps.append(UnitStep(unit, opened, closed, sign * (p[row] + q[row]) / 2, share * (q[row] - p[row])))
    return BaseSteps(old.classes, new.b2.astype(np.float64) - old.b2, tuple(steps))


def _contributions(base: Base, x: F32, units: np.ndarray) -> F64:
    """V_j u_j of these units, (n, C₀), whether they fire or not."""
    u = np.maximum(base.W1[units].astype(np.float64) @ x.astype(np.float64) + base.b1[units], 0.0)
    result: F64 = base.V[units].astype(np.float64) * u[:, None]
    return result


def _because(
    before: ComparedVersion, after: ComparedVersion, first: AnswerParts, second: AnswerParts, raw: F32
) -> tuple[int | None, ChangeParts | Reason | None]:
    """The bank that answers, and the change of its scores by examples."""
    speaking = second.speaking or first.speaking
    if speaking is None:
        return None, None
    sides: list[Evidence | None] = []
    for side in (before, after):
        place = next((i for i, bank in enumerate(side.plan.snapshot.banks) if bank.id == speaking.bank_id), None)
        found = None if place is None else side.rests_on[place]
        if isinstance(found, Reason):
            return speaking.bank_id, found
        sides.append(found)
    return speaking.bank_id, difference(sides[0], sides[1], raw)
