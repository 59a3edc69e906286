"""The questions that a window asks about answers, units, banks and versions. Slow: for dg-inspect, or one thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from dgstudio.engine.inspection.answer_parts import AnswerParts, answer_parts
from dgstudio.engine.inspection.counterfactual import Counterfactuals, Without
from dgstudio.engine.inspection.evidence_source import EvidenceSource
from dgstudio.engine.inspection.known_examples import ExamplesOf
from dgstudio.engine.inspection.reachable_versions import ReachableVersions, StandingVersion
from dgstudio.engine.inspection.said import said_by
from dgstudio.engine.inspection.unavailable import OtherInputs, UnavailableError
from dgstudio.engine.inspection.what_if import WhatIf, what_if
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.reason import Reason
from dgstudio.types import F32

PLANS = 8
"""Compiled versions that are kept at hand."""


class Inspector:
    """Answers questions about any version that can be reached. One thread; moves neither learner nor what serves.

    Every question raises `UnavailableError`, with the reason, where a version cannot be reached. `raw` is an input
    (d,) float32 before the normaliser.

    Parameters
    ----------
    lend
        Gives a copy of the learner's rule from the learner's own thread, or None.
    abstain
        Answers less likely than this are unsure.

    Attributes
    ----------
    versions : finds them.
    evidence : what their banks rest on.
    go_on : asked in the course of long work; False ends it with a `GivenUpError`.
    """

    def __init__(
        self,
        learner: Learner,
        versions: ReachableVersions,
        examples: ExamplesOf,
        lend: Callable[[], LockedBankRule | None] = lambda: None,
        abstain: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.versions = versions
        self.go_on: Callable[[], bool] = lambda: True
        self.evidence = EvidenceSource(learner, versions, examples)
        self._counterfactuals = Counterfactuals(versions, examples, lend)
        self._abstain = abstain
        self._plans: OrderedDict[Snapshot, Plan] = OrderedDict()

    def let_go(self) -> None:
        """Hold nothing large while nobody asks."""
        self.versions.let_go()
        self.evidence.let_go()
        self._counterfactuals.let_go()
        self._plans.clear()

    # -- one answer ------------------------------------------------------------------------------------------------

    def evidence_of(self, version: int, bank: int | None = None) -> Evidence | Reason | None:
        """What a bank of a version rests on; see `EvidenceSource.evidence_of`."""
        return self.evidence.evidence_of(version, bank)

    def answer(self, version: int, raw: F32) -> AnswerParts:
        """Why a version answers an input as it does, term by term."""
        standing = self._standing(version, raw)
        return answer_parts(self._plan(standing.snapshot), raw, self._rests_on(standing), self._abstain())

    def without(self, version: int, raw: F32, ids: Iterable[int]) -> Without:
        """What a version would answer had it never learned some examples of its learning bank: see `Counterfactuals`.

        `UnavailableError` where they are not in the learning bank, or nothing could be learned without them.
        """
        standing, ids = self._standing(version, raw), tuple(sorted(set(ids)))
        plan, left = self._plan(standing.snapshot), Plan(self._counterfactuals.without(standing, ids))
        before, after = (said_by(p, p.answer(raw), self._abstain()) for p in (plan, left))
        return Without(ids, before, after, left.snapshot.digest)

    def what_if(
        self,
        version: int,
        raw: F32,
        *,
        on: Iterable[int] = (),
        off: Iterable[int] = (),
        silenced: Iterable[int] = (),
    ) -> WhatIf:
        """What a version would answer with units forced on or off, or banks silenced: see `what_if.what_if`."""
        plan = self._plan(self._standing(version, raw).snapshot)
        return what_if(plan, raw, on=on, off=off, silenced=silenced, abstain=self._abstain())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _standing(self, version: int, raw: F32) -> StandingVersion:
        standing = self.versions.of(version)
        expected, given = standing.snapshot.inputs, raw.shape[-1]
        if expected not in (None, given):
            raise UnavailableError(OtherInputs(version, expected or 0, given))
        return standing

    def _rests_on(self, standing: StandingVersion) -> list[Evidence | Reason]:
        found = (self.evidence.of(standing, place) for place in range(len(standing.snapshot.banks)))
        return [evidence for evidence in found if evidence is not None]

    def _plan(self, snapshot: Snapshot) -> Plan:
        plan = self._plans.get(snapshot)
        if plan is None:
            plan = self._plans[snapshot] = Plan(snapshot)
        self._plans.move_to_end(snapshot)
        while len(self._plans) > PLANS:
            self._plans.popitem(last=False)
        return plan
