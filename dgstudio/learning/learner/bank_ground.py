"""What a bank of any version rests on: solved again from what it was learned on, and held against its own weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from dgstudio.errors import Rejected
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.bank.bulk_examples import BulkExamples
from dgstudio.learning.bank.locked_bank import Solution, Statistics, Sums, features_of_rows
from dgstudio.learning.rules.locked_bank_rule import all_living, answer_below, answers, solved
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Bank, Snapshot
from dgstudio.types import F32, F64, Example, Mode

SUM_ERROR = 1e-5
"""A sum of parts may differ from what the bank scores by this share of Σ|parts|, and no more."""


class BankGround:
    """What a bank was learned on: what lies below it, sums, protected inputs, settings. One thread at a time.

    Parameters
    ----------
    lower
        What lies below the bank, with the normaliser and φ that the bank reads.
    sums
        Over all that was learned for good before it; None where nothing was.
    protected
        Raw inputs (N, d) on which it had to stay closed.
    """

    def __init__(self, lower: Snapshot, sums: Sums | None, protected: F32, settings: LearnerSettings) -> None:
        self.lower = all_living(lower)
        self.settings = settings
        self._sums, self._protected = sums, protected

    @cached_property
    def _plan(self) -> Plan:
        return Plan(self.lower)

    @cached_property
    def _statistics(self) -> Statistics:
        phi = self.lower.phi
        assert phi is not None, "a bank reads features"
        if self._sums is None:
            return Statistics(Sums.empty(phi.dim), np.zeros((0, phi.dim)))
        Z = features_of_rows(self._plan, self._protected) if len(self._protected) else np.zeros((0, phi.dim))
        return Statistics(self._sums, Z)

    def rows(self, examples: Sequence[Example]) -> BulkExamples:
        """These examples, by id, with the labels that they have here. `Rejected` for sums that are damaged."""
        raw = np.array([example.features for example in examples], np.float32)
        ids = np.array([example.id for example in examples], np.int64)
        class_ids = np.array([example.class_id for example in examples], np.int64)
        below = np.array([answer_below(self._plan, row) for row in raw], np.int64)
        return BulkExamples.of(self._statistics, ids, class_ids, below, features_of_rows(self._plan, raw))

    def folded(self, examples: Sequence[Example]) -> Sums:
        """The sums of what came above a bank of these examples once it was sealed."""
        rows = self.rows(examples)
        return self._statistics.sums.folded(rows.Z, rows.class_ids, self.settings.mass_taught)

    def evidence(self, snapshot: Snapshot, bank: Bank, rows: BulkExamples, mode: Mode) -> tuple[Evidence | None, float]:
        """Explain a bank of a snapshot as what these examples gave on this ground in a mode.

        Returns
        -------
        The evidence, None where its parts do not add up to what the bank itself scores; and by which share of Σ|parts|
        they miss it at most, over the examples' own features (inf where nothing could be solved).
        """
        try:
            solution = solved(self._statistics, rows, self.settings, mode, bank, below_answers=answers(self.lower))
        except Rejected:
            return None, np.inf
        error = _error(solution, rows, bank)
        if not error <= SUM_ERROR:
            return None, error
        found = Evidence(
            snapshot,
            rows.ids,
            rows.class_ids,
            solution.classes,
            solution.alpha,
            rows.Q.astype(np.float32),
            solution.base_part,
        )
        return found, error


def ground_of(
    snapshot: Snapshot, place: int, sums: Sums | None, protected: F32, settings: LearnerSettings
) -> BankGround:
    """What the bank at a place of a snapshot was learned on, if those were the sums and protected inputs then."""
    lower, bank = snapshot.with_(banks=snapshot.banks[:place]), snapshot.banks[place]
    return BankGround(lower, sums, protected, replace(settings, tau=bank.tau))


def _error(solution: Solution, rows: BulkExamples, bank: Bank) -> float:
    """How far the solution's weights miss the bank's, by what they score on the examples, over Σ|parts|; the most."""
    if solution.classes != bank.classes:
        return np.inf
    own: F64 = np.column_stack([bank.R.T, bank.w]).astype(np.float64)
    if np.array_equal(solution.weights.astype(np.float32), own.astype(np.float32)):
        return 0.0
    missed = np.abs(rows.Z @ (solution.weights - own))
    size = np.abs(rows.Z @ solution.base_part) + np.abs(rows.K) @ np.abs(solution.alpha)
    return float((missed.max(1) / np.maximum(size.max(1), np.finfo(np.float64).tiny)).max(initial=0.0))
