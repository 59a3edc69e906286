"""One answer as sums: what each active unit adds, and of each bank what statistics and each example add."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from dgstudio.engine.inspection.said import Said, said_by
from dgstudio.engine.inspection.unavailable import SolvedOtherwise
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.learner.bank_ground import SUM_ERROR
from dgstudio.learning.rules.locked_bank_rule import all_living
from dgstudio.model.plan import BANK_GAIN, Answer, Plan
from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.reasons.reason import Reason
from dgstudio.records import dataclass
from dgstudio.types import F32, F64, I32, BankState

STRONGEST = 10

Ids = npt.NDArray[np.int64]


class TermKind(StrEnum):
    """What a step of a waterfall stands for."""

    BIAS = "bias"
    """b2 of the base."""
    UNIT = "unit"
    STATISTICS = "statistics"
    """What was learned for good before the bank, and the protected inputs."""
    EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class Term:
    """One step of a waterfall: `key` is the unit, or the id of the example, else −1; `amount` in logits."""

    kind: TermKind
    key: int
    amount: float


@dataclass(frozen=True, slots=True)
class ExampleShare:
    """What a labelled example adds to the logit of a class; `class_id` is its own label then."""

    example_id: int
    class_id: int
    amount: float


@dataclass(frozen=True, slots=True, eq=False)
class BaseTerms:
    """The base's logits y = b2 + Σ_j V_j u_j, term by term.

    Attributes
    ----------
    classes : of the columns, for good.
    units, activations : the k active ones, ascending, and u (k,).
    bias : (C₀,) float64.
    terms : V_j u_j, (k, C₀) float64.
    logits : (C₀,) float32 as the kernel has them.
    error : by how much their sum misses these, over Σ|terms|; at the most.
    """

    classes: tuple[int, ...]
    units: I32
    activations: F32
    bias: F64
    terms: F64
    logits: F32
    error: float

    def toward(self, class_id: int, than: int | None = None) -> list[Term]:
        """What adds to the logit of a class, less that of another; one that the base does not know gets nothing."""
        bias, terms = (_less(of, self.classes, class_id, than) for of in (self.bias, self.terms))
        units = zip(self.units.tolist(), terms.tolist(), strict=True)
        return [Term(TermKind.BIAS, -1, float(bias)), *(Term(TermKind.UNIT, j, amount) for j, amount in units)]


@dataclass(frozen=True, slots=True, eq=False)
class BankTerms:
    """A bank's logits 10·t as what statistics and each of its examples add; the same of r − 1.

    Attributes
    ----------
    classes : of the columns: the bank's own.
    statistics : (C,) float64.
    example_ids, class_ids : (n,), with the labels that it was learned with.
    examples : (n, C) float64.
    r_statistics, r_examples : float and (n,) float64: their sum is r − 1.
    error : by how much the sums miss what the kernel scores, over Σ|terms|; at the most, and at most `SUM_ERROR`.
    """

    classes: tuple[int, ...]
    statistics: F64
    example_ids: Ids
    class_ids: Ids
    examples: F64
    r_statistics: float
    r_examples: F64
    error: float

    def toward(self, class_id: int, than: int | None = None) -> list[Term]:
        """What adds to the logit of a class, less that of another; one that the bank does not know gets nothing."""
        statistics, examples = (_less(of, self.classes, class_id, than) for of in (self.statistics, self.examples))
        shares = zip(self.example_ids.tolist(), examples.tolist(), strict=True)
        first = Term(TermKind.STATISTICS, -1, float(statistics))
        return [first, *(Term(TermKind.EXAMPLE, i, amount) for i, amount in shares)]

    def strongest(
        self, class_id: int, than: int | None = None, count: int = STRONGEST
    ) -> tuple[tuple[ExampleShare, ...], tuple[ExampleShare, ...]]:
        """The examples that speak most for a class (less another), and those that speak most against it."""
        amounts = _less(self.examples, self.classes, class_id, than)
        order = np.argsort(-amounts, kind="stable")
        best = [i for i in order[:count].tolist() if amounts[i] > 0]
        worst = [i for i in order[::-1][:count].tolist() if amounts[i] < 0]
        return self._shares(best, amounts), self._shares(worst, amounts)

    def _shares(self, rows: list[int], amounts: F64) -> tuple[ExampleShare, ...]:
        ids, labels = self.example_ids, self.class_ids
        return tuple(ExampleShare(int(ids[i]), int(labels[i]), float(amounts[i])) for i in rows)

    def by_class(self, class_id: int, than: int | None = None) -> dict[int, float]:
        """Class id → what its examples add together to the logit of a class, less that of another."""
        amounts = _less(self.examples, self.classes, class_id, than)
        return {int(c): float(amounts[self.class_ids == c].sum()) for c in np.unique(self.class_ids)}


@dataclass(frozen=True, slots=True, eq=False)
class BankSaid:
    """What one bank did.

    Attributes
    ----------
    place, bank_id, sealed : which.
    r, tau : it is open where r > τ.
    state : closed, silent or speaking.
    below : class id that what lies below answers; None where nothing does.
    says : class id of its own greatest score.
    lead : max_{c≠below} t_c − t_below, in scores; it speaks where open and this is above −δ. None without `below`.
    delta : δ; inf where it speaks whenever it is open.
    logits : (C,) float32, 10·t of the snapshot's living classes, as if it had spoken.
    rests_on : term by term; a reason where that cannot be had.
    """

    place: int
    bank_id: int
    sealed: bool
    r: float
    tau: float
    state: BankState
    below: int | None
    says: int
    lead: float | None
    delta: float
    logits: F32
    rests_on: BankTerms | Reason


@dataclass(frozen=True, slots=True)
class Overruling:
    """A bank, by its place, that answered instead of what lies below it."""

    bank: int
    before: int | None
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class AnswerParts:
    """Why a version answers one input as it does.

    Attributes
    ----------
    said : the answer.
    digest : of the version.
    margin : s_(k) − s_(k+1).
    base : term by term; None without one.
    banks : of each, in order.
    """

    said: Said
    digest: str
    margin: float
    base: BaseTerms | None
    banks: tuple[BankSaid, ...]

    @property
    def base_class(self) -> int | None:
        """Class id that the base answers; None without one."""
        base = self.base
        return None if base is None else base.classes[int(base.logits.argmax())]

    @property
    def overruled(self) -> tuple[Overruling, ...]:
        """Which bank answered instead of what, in order."""
        return tuple(Overruling(b.place, b.below, b.says) for b in self.banks if b.state == BankState.SPEAKING)

    @property
    def speaking(self) -> BankSaid | None:
        """The bank that answers; None where the base does, or nobody."""
        return self.banks[self.said.speaker] if self.said.speaker >= 0 else None

    def waterfall(self, class_id: int, than: int | None = None) -> tuple[Term, ...] | Reason:
        """What adds up to the logit of a class, less that of another, from the part that answers; or why not."""
        speaking = self.speaking
        if speaking is not None:
            found = speaking.rests_on
            return found if isinstance(found, Reason) else tuple(found.toward(class_id, than))
        return () if self.base is None else tuple(self.base.toward(class_id, than))


def answer_parts(plan: Plan, raw: F32, rests_on: Sequence[Evidence | Reason], abstain: float = 0.0) -> AnswerParts:
    """Take an answer apart.

    Parameters
    ----------
    raw
        Raw features (d,).
    rests_on
        Of each bank.
    """
    answer, snapshot = plan.answer(raw), plan.snapshot
    base = _base_terms(snapshot, answer)
    below = None if base is None else base.classes[int(base.logits.argmax())]
    banks = []
    whole = Plan(all_living(snapshot)) if snapshot.banks else plan
    for place, evidence in enumerate(rests_on):
        bank = _bank_said(plan, whole, raw, answer, place, below, evidence)
        banks.append(bank)
        if bank.state == BankState.SPEAKING:
            below = bank.says
    return AnswerParts(said_by(plan, answer, abstain), snapshot.digest, answer.margin, base, tuple(banks))


def _base_terms(snapshot: Snapshot, answer: Answer) -> BaseTerms | None:
    base = snapshot.base
    if base is None:
        return None
    units, u, logits = answer.active.copy(), answer.activations.copy(), answer.base_logits.copy()
    terms = base.V[units].astype(np.float64) * u.astype(np.float64)[:, None]
    bias = base.b2.astype(np.float64)
    error = _error(bias + terms.sum(0) - logits, np.abs(bias) + np.abs(terms).sum(0))
    return BaseTerms(base.classes, units, u, bias, terms, logits, error)


def _bank_said(
    plan: Plan, whole: Plan, raw: F32, answer: Answer, place: int, below: int | None, evidence: Evidence | Reason
) -> BankSaid:
    bank, z = plan.snapshot.banks[place], answer.z
    assert z is not None, "a bank reads features"
    # Its scores as the kernel has them, those of classes that live no more too.
    scored = whole.forced(raw, answer.active, place)
    own = scored[[whole.snapshot.classes.index(c) for c in bank.classes]]
    lead = None
    if below is not None:
        others = [float(v) for c, v in zip(bank.classes, own, strict=True) if c != below]
        mine = float(own[bank.classes.index(below)]) if below in bank.classes else 0.0
        lead = (max(others) - mine) / BANK_GAIN if others else -math.inf
    return BankSaid(
        place=place,
        bank_id=bank.id,
        sealed=bank.sealed,
        r=float(answer.r[place]),
        tau=bank.tau,
        state=BankState(int(answer.state[place])),
        below=below,
        says=bank.classes[int(own.argmax())],
        lead=lead,
        delta=bank.delta,
        logits=plan.forced(raw, answer.active, place),
        rests_on=evidence if isinstance(evidence, Reason) else _bank_terms(bank, place, z, own, answer, evidence),
    )


def _bank_terms(bank: Bank, place: int, z: F32, own: F32, answer: Answer, evidence: Evidence) -> BankTerms | Reason:
    of_base, of_examples = evidence.parts_at(z)
    scores = np.append(own.astype(np.float64) / BANK_GAIN, float(answer.r[place]) - 1.0)
    error = _error(of_base + of_examples.sum(0) - scores, np.abs(of_base) + np.abs(of_examples).sum(0))
    if not error <= SUM_ERROR:
        return SolvedOtherwise(place, error)
    return BankTerms(
        classes=bank.classes,
        statistics=BANK_GAIN * of_base[:-1],
        example_ids=evidence.example_ids,
        class_ids=evidence.class_ids,
        examples=BANK_GAIN * of_examples[:, :-1],
        r_statistics=float(of_base[-1]),
        r_examples=of_examples[:, -1],
        error=error,
    )


def _error(missed: F64, size: F64) -> float:
    """The most that a sum misses, over the largest Σ|terms|."""
    return float(np.abs(missed).max(initial=0.0) / max(float(size.max(initial=0.0)), np.finfo(np.float64).tiny))


def _less(amounts: F64, classes: tuple[int, ...], class_id: int, than: int | None) -> F64:
    """The column of a class, less that of another; zeros for one that is not among them."""
    found: F64 = np.zeros(amounts.shape[:-1])
    if class_id in classes:
        found = found + amounts[..., classes.index(class_id)]
    if than is not None and than in classes:
        found = found - amounts[..., classes.index(than)]
    return found
