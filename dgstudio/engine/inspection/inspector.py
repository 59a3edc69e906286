"""The questions that a window asks about answers, units, banks and versions. Slow: for dg-inspect, or one thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from dgstudio.engine.inspection.answer_parts import AnswerParts, answer_parts
from dgstudio.engine.inspection.bank_figures import BankFigures, bank_figures
from dgstudio.engine.inspection.comparing.blame import Blame, ClassChange, blame, changes_of_class, changes_of_unit
from dgstudio.engine.inspection.comparing.comparison import ComparedVersion, Comparison, compare
from dgstudio.engine.inspection.comparing.population import AllCompared, compare_all
from dgstudio.engine.inspection.comparing.version_difference import (
    LearnedDifference,
    WeightsDifference,
    learned_difference,
    weights_difference,
)
from dgstudio.engine.inspection.counterfactual import Counterfactuals, Without
from dgstudio.engine.inspection.evidence_source import EvidenceSource
from dgstudio.engine.inspection.gate_table import GateTable, gate_table
from dgstudio.engine.inspection.gating_figures import (
    GatingFigures,
    NearestByGates,
    gating_figures,
    nearest_by_gates,
)
from dgstudio.engine.inspection.inputs import Inputs, InputSets, inputs_of, stacked
from dgstudio.engine.inspection.known_examples import ExamplesOf
from dgstudio.engine.inspection.reachable_versions import ReachableVersions, StandingVersion
from dgstudio.engine.inspection.said import said_by
from dgstudio.engine.inspection.unavailable import GivenUpError, NoBase, OtherInputs, UnavailableError
from dgstudio.engine.inspection.unit_figures import UnitChange, UnitFigures, unit_figures
from dgstudio.engine.inspection.what_if import WhatIf, what_if
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.reasons.reason import Reason
from dgstudio.types import F32, Reading

PLANS = 8
"""Compiled versions that are kept at hand."""
WALKED = 64
"""Versions at most that are read from the file to find who changed something."""


class Inspector:
    """Answers questions about any version that can be reached. One thread; moves neither learner nor what serves.

    Every question raises `UnavailableError`, with the reason, where a version cannot be reached. `raw` is an input
    (d,) float32 before the normaliser.

    Parameters
    ----------
    inputs
        Gathers what versions are looked at with.
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
        inputs: Callable[[], InputSets],
        lend: Callable[[], LockedBankRule | None] = lambda: None,
        abstain: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.versions = versions
        self.go_on: Callable[[], bool] = lambda: True
        self.evidence = EvidenceSource(learner, versions, examples)
        self._counterfactuals = Counterfactuals(versions, examples, lend)
        self._examples = examples
        self._inputs = inputs
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

    # -- one unit, one bank ----------------------------------------------------------------------------------------

    def unit(self, version: int, unit: int) -> UnitFigures:
        """When a unit of a version fires, what it reads and says, and which versions changed it."""
        plan = self._plan(self.versions.of(version).snapshot)
        return unit_figures(plan, unit, self._fitting(plan), self.versions.in_memory())

    def bank(self, version: int, place: int) -> BankFigures:
        """A bank of a version, by its place from 0: its router over time and inputs, and whom it overruled."""
        standing = self.versions.of(version)
        plan = self._plan(standing.snapshot)
        learned = self.evidence.learned_by(standing, place) if place < len(standing.snapshot.banks) else None
        known = self._examples(learned or ())
        raw = stacked([known[i].features for i in sorted(known)])
        held = {snapshot.version: snapshot for snapshot in self.versions.in_memory()}
        return bank_figures(plan, place, self._fitting(plan), standing.training.protected.inputs, raw, held.get)

    # -- the whole gating ------------------------------------------------------------------------------------------

    def gating(self, version: int, past: Sequence[Reading] | None = None) -> GatingFigures:
        """The gating of a version in figures. `UnavailableError` where it has no base.

        Parameters
        ----------
        past
            Answers of an earlier stretch, oldest first, in the place of the newest.
        """
        plan = self._plan(self.versions.of(version).snapshot)
        sets = self._fitting(plan, past=past)
        protected, examples, live = (self._gates(plan, inputs) for inputs in sets.every)
        held = {snapshot.version: snapshot for snapshot in self.versions.in_memory()}
        plans = {v: self._plan(held[v]) for v in {reading.version for reading in sets.readings} if v in held}
        return gating_figures(plan, protected, examples, live, sets.readings, plans.get)

    def nearest_by_gates(self, version: int, raw: F32, count: int = 5) -> tuple[NearestByGates, ...]:
        """The labelled examples that open most nearly the same units as an input; `UnavailableError` without a base."""
        plan = self._plan(self._standing(version, raw).snapshot)
        return nearest_by_gates(plan.answer(raw).active, self._gates(plan, self._fitting(plan).examples), count)

    # -- two versions ----------------------------------------------------------------------------------------------

    def compare(self, before: int, after: int, raw: F32) -> Comparison:
        """Why one version answers an input otherwise than another, or does not."""
        a, b = (self._compared(self._standing(version, raw)) for version in (before, after))
        return compare(a, b, raw, self._abstain())

    def compare_all(self, before: int, after: int) -> AllCompared:
        """Whose answer is another one, of all protected, labelled and recent live inputs, from what to what."""
        a, b = (self._plan(self.versions.of(version).snapshot) for version in (before, after))
        return compare_all(a, b, self._fitting(a, b), self._abstain(), self.go_on)

    def difference(self, before: int, after: int) -> tuple[WeightsDifference, LearnedDifference]:
        """Which weights of two versions differ, and which examples were learned in between."""
        a, b = self.versions.of(before), self.versions.of(after)
        return weights_difference(a.snapshot, b.snapshot), learned_difference(a.training, b.training)

    def blame_unit(self, unit: int) -> Blame:
        """Which versions changed a unit of the base, and what these had learned."""
        return self._blame(changes_of_unit(unit))

    def blame_class(self, class_id: int) -> Blame:
        """Which versions changed what is said of a class, and what these had learned."""
        return self._blame(changes_of_class(class_id))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _standing(self, version: int, raw: F32) -> StandingVersion:
        standing = self.versions.of(version)
        expected, given = standing.snapshot.inputs, raw.shape[-1]
        if expected not in (None, given):
            raise UnavailableError(OtherInputs(version, expected or 0, given))
        return standing

    def _compared(self, standing: StandingVersion) -> ComparedVersion:
        return ComparedVersion(self._plan(standing.snapshot), standing.training, self._rests_on(standing))

    def _blame(self, changes: Callable[[Sequence[Snapshot]], Sequence[UnitChange | ClassChange]]) -> Blame:
        history = list(self.versions.walk(WALKED, self.go_on))
        if not self.go_on():
            raise GivenUpError
        looked_at = tuple(standing.version for standing in history)
        return Blame(blame(history, changes), looked_at, len(self.versions.numbers()))

    def _rests_on(self, standing: StandingVersion) -> list[Evidence | Reason]:
        found = (self.evidence.of(standing, place) for place in range(len(standing.snapshot.banks)))
        return [evidence for evidence in found if evidence is not None]

    def _gates(self, plan: Plan, inputs: Inputs) -> GateTable:
        table = gate_table(plan, inputs)
        if table is None:
            raise UnavailableError(NoBase(plan.snapshot.version))
        return table

    def _fitting(self, *plans: Plan, past: Sequence[Reading] | None = None) -> InputSets:
        """The inputs of today; `UnavailableError` where one of these versions was made for others."""
        sets = self._inputs()
        if past is not None:
            sets = replace(sets, live=inputs_of(past), readings=past)
        for plan in plans:
            for inputs in sets.every:
                if len(inputs):
                    self._standing(plan.snapshot.version, inputs.raw)
        return sets

    def _plan(self, snapshot: Snapshot) -> Plan:
        plan = self._plans.get(snapshot)
        if plan is None:
            plan = self._plans[snapshot] = Plan(snapshot)
        self._plans.move_to_end(snapshot)
        while len(self._plans) > PLANS:
            self._plans.popitem(last=False)
        return plan
