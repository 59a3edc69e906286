"""The audit in the background: after every publish all protected inputs are answered again, a slice at a time."""

from __future__ import annotations

from dgstudio.learning.contract.contract import AuditResult, Contract
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot


class RotatingAudit:
    """Goes round the protected inputs once for each version that it hears of. One thread."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._at = 0
        self._left = 0

    @property
    def complete(self) -> bool:
        """Whether all of them have been answered since the last version. Any thread."""
        return self._left <= 0

    def begin(self, count: int) -> None:
        """Hear that there is a new version, and that `count` inputs are protected."""
        self._left = count

    def slice(self, contract: Contract, head: Snapshot, count: int) -> AuditResult:
        """Answer the next `count` with `head` and compare bytes with their references."""
        count = min(count, max(0, self._left))
        if not count:
            return AuditResult()
        if self._plan is None or self._plan.snapshot is not head:
            self._plan = Plan(head)
        result = contract.audit(self._plan, self._at, count)
        self._at = (self._at + count) % max(1, len(contract.protected))
        self._left -= count
        return result
