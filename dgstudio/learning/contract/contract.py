"""The contract: no publish moves a protected answer. Proved before a snapshot is published, audited afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.errors import Rejected
from dgstudio.learning.bank.locked_bank import prove_closed
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.settings import GRADIENT, LOCKED_BANK
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Bank, Base, Normaliser, Snapshot
from dgstudio.reasons.refused import (
    BankNotFinite,
    BankWouldChange,
    BaseMoved,
    BitsWouldChange,
    Fault,
    Faulty,
    OtherUnits,
    UnitWouldChange,
    VerdictWouldTurn,
)
from dgstudio.records import dataclass
from dgstudio.types import F32, I32

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Protected inputs re-answered: how many, bits and largest change of their logits, top classes that changed."""

    checked: int = 0
    bits_changed: int = 0
    max_delta: float = 0.0
    flips: int = 0

    def require_unmoved(self) -> None:
        """Raise `Rejected` if any bit of a protected answer changed."""
        if self.bits_changed:
            raise Rejected(BitsWouldChange(self.bits_changed))

    def __add__(self, other: AuditResult) -> AuditResult:
        return AuditResult(
            self.checked + other.checked,
            self.bits_changed + other.bits_changed,
            max(self.max_delta, other.max_delta),
            self.flips + other.flips,
        )


class Contract:
    """P and the two ways to see that it is kept. Called by whoever owns the learner."""

    def __init__(self, protected: ProtectedSet) -> None:
        self.protected = protected
        self._embedded: tuple[object, list[Array]] | None = None
        self._activated: tuple[Base, I32] | None = None

    def prove(
        self, head: Snapshot, candidate: Snapshot, rule: str = LOCKED_BANK, plan_of: Callable[[Snapshot], Plan] = Plan
    ) -> None:
        """Prove that publishing `candidate` after `head` moves no protected logit; say why where it cannot.

        Under any rule but the gradient the base must be the same in every byte, protected inputs or not: no other rule
        moves it, so a bit that differs is a fault, wherever it lies.

        Given that `head` keeps the contract, the answer to a protected input stays the same in every byte, because
        normaliser and φ are the same bytes, because the base is, or activates the very same units on it, by the
        serving kernel, whose weights are the same bytes, because the banks that existed when the input was protected
        are there in the same order with the same bytes, and because every other bank is closed on it, by the serving
        kernel's own r, with a gap below τ that no rounding bridges. A verdict "unsure" stays too: beside these it reads
        what the base knows, which is the same bytes or knows the same protected inputs, by the serving kernel.

        Parameters
        ----------
        rule
            One of `settings.RULES`: who proposes.
        plan_of
            Compiles a snapshot.

        Raises
        ------
        Rejected
        """
        _sound(head, candidate)
        if rule != GRADIENT and not _same_part(head.base, candidate.base):
            raise Rejected(BaseMoved(rule))
        if not len(self.protected):
            return
        _same_foundation(head, candidate)
        if candidate.base is not head.base:
            self._prove_base(head, candidate)
        if candidate.known is not head.known:
            self._prove_known(head, candidate)
        before = {bank.id: bank for bank in head.banks}
        after = {bank.id: bank for bank in candidate.banks}
        order = [bank.id for bank in candidate.banks]
        if order != sorted(set(order)):
            raise Rejected(Faulty(Fault.BANKS_OUT_OF_ORDER))
        for held in sorted({bank_id for cohort in self.protected.cohorts for bank_id in cohort.banks}):
            if held not in after or held not in before or not _same_bank(before[held], after[held]):
                raise Rejected(BankWouldChange(held))
        self._prove_closed(head, candidate, plan_of(candidate))

    def audit(self, plan: Plan, start: int, count: int) -> AuditResult:
        """Re-answer `count` protected inputs from number `start` on (going round) and compare bytes.

        Compared are the classes that lived when an input was protected and live still: removing a class is the
        user's own act.
        """
        total = AuditResult()
        for cohort, here in self.protected.stretches(start, count):
            found = plan.audit(cohort.inputs[here], cohort.reference[here], cohort.classes)
            total += AuditResult(found.checked, found.bits, found.largest, found.flips)
        return total

    def _prove_base(self, head: Snapshot, candidate: Snapshot) -> None:
        """Reject unless every protected input opens the same units, and each of these computes the same."""
        old, new = head.base, candidate.base
        if old is None or new is None or not _same_frame(old, new):
            raise Rejected(Faulty(Fault.BASE_CHANGED))
        inputs = self.protected.inputs
        if self._activated is None or self._activated[0] is not old:
            self._activated = (old, active_units(old, head.normaliser, inputs))
        was = self._activated[1]
        now = active_units(new, candidate.normaliser, inputs)
        others = np.flatnonzero((was != now).any(1))
        if len(others):
            raise Rejected(OtherUnits(int(others[0])))
        used = changed_units(old, new)[was]
        if used.any():
            number = int(np.flatnonzero(used.any(1))[0])
            unit = int(was[number][used[number]][0])
            raise Rejected(UnitWouldChange(unit, number))
        # The candidate's, should it be published: the sets are the same.
        self._activated = (new, was)

    def _prove_known(self, head: Snapshot, candidate: Snapshot) -> None:
        """Reject unless the base knows the same protected inputs: a verdict "unsure" must not turn either."""
        inputs = self.protected.inputs
        others = np.flatnonzero(Plan(head).base_knows(inputs) != Plan(candidate).base_knows(inputs))
        if len(others):
            raise Rejected(VerdictWouldTurn(int(others[0])))

    def _prove_closed(self, head: Snapshot, candidate: Snapshot, plan: Plan) -> None:
        proven = {bank.id: bank for bank in head.banks}
        for place, bank in enumerate(candidate.banks):
            old = proven.get(bank.id)
            if old is not None and old.w is bank.w and old.tau == bank.tau:
                continue
            first = 0
            for cohort, z_rows in zip(self.protected.cohorts, self._embed(candidate, plan), strict=True):
                if bank.id not in cohort.banks:
                    prove_closed(plan, place, z_rows, first)
                first += len(cohort)

    def _embed(self, snapshot: Snapshot, plan: Plan) -> list[Array]:
        """Embed every protected input by the serving kernel; kept, since φ and the normaliser are the same for all."""
        if self._embedded is None or self._embedded[0] is not snapshot.phi:
            rows: list[Array] = [plan.embed_rows(cohort.inputs) for cohort in self.protected.cohorts]
            self._embedded = (snapshot.phi, rows)
        return self._embedded[1]


def active_units(base: Base, normaliser: Normaliser | None, inputs: F32) -> I32:
    """Units (n, k), ascending, that raw inputs (n, d) open, by the serving kernel."""
    return Plan(Snapshot(classes=base.classes, normaliser=normaliser, base=base)).active_rows(inputs)


def changed_units(old: Base, new: Base) -> npt.NDArray[np.bool_]:
    """Which units (H,) compute something else: some byte of their row of W1, b1 or row of V differs."""
    changed = np.zeros(old.hidden, bool)
    for name in ("W1", "b1", "V"):
        a, b = getattr(old, name), getattr(new, name)
        if a is not b:
            changed |= (a.view(np.uint32) != b.view(np.uint32)).reshape(old.hidden, -1).any(1)
    return changed


def _same_frame(old: Base, new: Base) -> bool:
    """Whether all of the base but gates and units is the same in every byte, and these have the same shapes."""
    if old.k != new.k or old.classes != new.classes or old.ids["b2"] != new.ids["b2"]:
        return False
    shapes = all(getattr(old, name).shape == getattr(new, name).shape for name in ("theta", "W1"))
    return shapes and old.ids.get("psi") == new.ids.get("psi")


def _sound(head: Snapshot, candidate: Snapshot) -> None:
    base = candidate.base
    if base is not None and base is not head.base and not all(np.isfinite(a).all() for a in base.arrays().values()):
        raise Rejected(Faulty(Fault.BASE_NOT_FINITE))
    for bank in candidate.banks:
        if not (np.isfinite(bank.w).all() and np.isfinite(bank.R).all()):
            raise Rejected(BankNotFinite(bank.id))


def _same_foundation(head: Snapshot, candidate: Snapshot) -> None:
    if not _same_part(head.normaliser, candidate.normaliser):
        raise Rejected(Faulty(Fault.NORMALISER_CHANGED))
    if not _same_part(head.phi, candidate.phi):
        raise Rejected(Faulty(Fault.PHI_CHANGED))
    old, new = head.known, candidate.known
    # The base may come to know more: whether that concerns a protected input is asked of the kernel.
    if old is not None and new is not None:
        new = replace(new, taught=old.taught, taught_reach=old.taught_reach)
    if not _same_part(old, new):
        raise Rejected(Faulty(Fault.KNOWN_CHANGED))


def _same_bank(old: Bank, new: Bank) -> bool:
    """Whether a protected input that may use the bank gets the same bytes from it. Being sealed does not count."""
    return _same_part(replace(old, sealed=new.sealed), new)


def _same_part(old: Any, new: Any) -> bool:
    """Whether two parts of a snapshot are the same in every byte; a part that is shared is."""
    if old is new:
        return True
    if old is None or new is None:
        return False
    for item in fields(old):
        a, b = getattr(old, item.name), getattr(new, item.name)
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            if a is not b and (a.shape != b.shape or a.dtype != b.dtype or a.tobytes() != b.tobytes()):
                return False
        elif a is not b and (isinstance(a, np.ndarray) or isinstance(b, np.ndarray) or a != b):
            # An array on one side only: None on the other.
            return False
    return True
