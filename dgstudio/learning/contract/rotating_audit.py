"""The audit in the background: after every publish all protected inputs are answered again, a slice at a time."""

from __future__ import annotations

from dgstudio.learning.contract.contract import AuditResult, Contract
from dgstudio.model.plan import Plan


class RotatingAudit:
    """Goes round the protected inputs once for each version that it hears of. One thread."""

    def __init__(self) -> None:
        self._at = 0
        self._left = 0

    @property
    def complete(self) -> bool:
        """Whether all of them have been answered since the last version. Any thread."""
        return self._left <= 0

    def begin(self, count: int) -> None:
        """Hear that there is a new version, and that `count` inputs are protected."""
        self._left = count

    def slice(self, contract: Contract, plan: Plan, count: int) -> AuditResult:
        """Answer the next `count` with the plan of the newest version and compare bytes with their references."""
        count = min(count, max(0, self._left))
        if not count:
            return AuditResult()
        result = contract.audit(plan, self._at, count)
        self._at = (self._at + count) % max(1, len(contract.protected))
        self._left -= count
        return result
