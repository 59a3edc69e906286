"""What a version would be without some examples: learned again without them, byte for byte as the learner would."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dgstudio.engine.inspection.known_examples import ExamplesOf
from dgstudio.engine.inspection.reachable_versions import ReachableVersions, StandingVersion
from dgstudio.engine.inspection.said import Said
from dgstudio.engine.inspection.unavailable import (
    ExampleInBase,
    ExampleNotLearned,
    ExampleSealed,
    ExamplesMissing,
    NoSolution,
    UnavailableError,
)
from dgstudio.errors import Rejected
from dgstudio.learning.learner.reproduce import RuleCache, stands_on
from dgstudio.learning.learner.training.sealing import below
from dgstudio.learning.rules.locked_bank_rule import LockedBankRule
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.types import Mode


@dataclass(frozen=True, slots=True, eq=False)
class Without:
    """An answer with and without some examples: `digest` is that of the version without them."""

    ids: tuple[int, ...]
    before: Said
    after: Said
    digest: str


class Counterfactuals:
    """Learns versions again without some examples of their learning bank. One thread.

    The rule goes from version to version, so that the second question on a version costs one publish. The first one
    goes on from a copy of the learner's own rule, where that stands on the same ground.

    Parameters
    ----------
    lend
        Gives a copy of the learner's rule, or None.
    """

    def __init__(
        self, versions: ReachableVersions, examples: ExamplesOf, lend: Callable[[], LockedBankRule | None]
    ) -> None:
        self._versions = versions
        self._examples = examples
        self._lend = lend
        self._rule = RuleCache()
        self._ground: tuple[Snapshot, object] | None = None

    def let_go(self) -> None:
        """Hold no rule any more."""
        self._rule.forget()

    def without(self, standing: StandingVersion, ids: Iterable[int]) -> Snapshot:
        """The version that the learner would publish if these examples had never been in the learning bank.

        Raises
        ------
        UnavailableError
            Where the learning bank has none of them, or what remains cannot be learned.
        """
        snapshot, training = standing.snapshot, standing.training
        target, gone = training.published(), set(ids)
        if not gone & target.keys():
            raise UnavailableError(_why_not(standing, gone))
        left = {i: c for i, c in target.items() if i not in gone}
        known = self._examples(target)
        lacking = sorted(left.keys() - known.keys())
        place = len(snapshot.banks) - 1
        if lacking:
            raise UnavailableError(ExamplesMissing(place, len(lacking), lacking[0]))
        lower, ground = below(snapshot, training), self._ground_of(standing)
        if not self._rule.stands_on(ground):
            self._borrow(ground)
        rule = self._rule.on(ground, standing.settings, lower, training, left, known.__getitem__)
        mode = Mode(training.dials.mode if training.dials is not None else snapshot.mode)
        try:
            return rule.propose(snapshot, Mode.BOTH if mode is Mode.OFF else mode)
        except Rejected as error:
            raise UnavailableError(NoSolution(error.reason)) from error

    def _ground_of(self, standing: StandingVersion) -> object:
        """What its learning bank stands on, by content; hashed once for questions on the same version."""
        snapshot, training = standing.snapshot, standing.training
        if self._ground is None or self._ground[0] is not snapshot:
            lower = below(snapshot, training)
            key = stands_on(lower, training.sums, training.protected.inputs, standing.settings)
            self._ground = snapshot, key
        return self._ground[1]

    def _borrow(self, ground: object) -> None:
        """Go on with a copy of the learner's rule, where that stands on this ground."""
        head = self._versions.of(self._versions.head)
        lower = below(head.snapshot, head.training)
        if stands_on(lower, head.training.sums, head.training.protected.inputs, head.settings) != ground:
            return
        rule, now = self._lend(), self._versions.of(self._versions.head).training
        # It may have sealed or released something meanwhile.
        same = now.sums is head.training.sums and now.protected is head.training.protected
        if rule is not None and same:
            self._rule.take(rule, ground)


def _why_not(standing: StandingVersion, ids: set[int]) -> ExampleSealed | ExampleInBase | ExampleNotLearned:
    training = standing.training
    for place, bank in enumerate(standing.snapshot.banks):
        seal = next((held for held in training.seals if held.bank == bank.id), None)
        if seal is not None and ids.intersection(seal.ids.tolist()):
            return ExampleSealed(place)
    if ids.intersection(training.base_learned.tolist()):
        return ExampleInBase()
    return ExampleNotLearned(standing.version, min(ids, default=-1))
