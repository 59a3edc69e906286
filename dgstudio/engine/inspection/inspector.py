"""The questions that a window asks about answers, units, banks and versions. Slow: for dg-inspect, or one thread."""

from __future__ import annotations

from collections.abc import Callable

from dgstudio.engine.inspection.evidence_source import EvidenceSource
from dgstudio.engine.inspection.known_examples import ExamplesOf
from dgstudio.engine.inspection.reachable_versions import ReachableVersions
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.learner.learner import Learner
from dgstudio.reasons.reason import Reason


class Inspector:
    """Answers questions about any version that can be reached. One thread; moves neither learner nor what serves.

    Every question raises `UnavailableError`, with the reason, where a version cannot be reached.

    Attributes
    ----------
    versions : finds them.
    evidence : what their banks rest on.
    go_on : asked in the course of long work; False ends it with a `GivenUpError`.
    """

    def __init__(self, learner: Learner, versions: ReachableVersions, examples: ExamplesOf) -> None:
        self.versions = versions
        self.go_on: Callable[[], bool] = lambda: True
        self.evidence = EvidenceSource(learner, versions, examples)

    def let_go(self) -> None:
        """Hold nothing large while nobody asks."""
        self.versions.let_go()
        self.evidence.let_go()

    def evidence_of(self, version: int, bank: int | None = None) -> Evidence | Reason | None:
        """What a bank of a version rests on; see `EvidenceSource.evidence_of`."""
        return self.evidence.evidence_of(version, bank)
