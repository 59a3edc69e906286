"""The audit of live answers: recompute readings from the version they name, byte for byte."""

from __future__ import annotations

from dgstudio.engine.serving.lane import Lane
from dgstudio.model.plan import Plan, verify_receipt
from dgstudio.types import Reading

PER_TURN = 4


class ReceiptAudit:
    """Walks along the readings ring in rotation, a few an idle turn. Used by dg-learn only.

    `unpublished`: the reading names a version that the store never published under that digest.
    `unattributed`: the named version gives other bytes. `torn`: besides, that version's arrays are no longer
    what its digest says, so they changed under the reader. Versions that have been thinned out are not judged.
    """

    def __init__(self, lane: Lane) -> None:
        self.checked = 0
        self.wrong = 0
        self.torn = 0
        self.unpublished = 0
        self.unattributed = 0
        self.first_wrong = ""
        self._lane = lane
        self._next = 0
        self._plan: Plan | None = None

    @property
    def caught_up(self) -> bool:
        """Whether every reading so far has been looked at or passed over. Any thread."""
        return self._next >= self._lane.readings.total

    def turn(self) -> int:
        """Check a few readings that have not been looked at; returns how many were."""
        readings, total = self._lane.readings.since(self._next)
        if not readings:
            self._next = total
            return 0
        batch = readings[:PER_TURN] if len(readings) < 1000 else readings[-PER_TURN:]
        for reading in batch:
            self._check(reading)
        self._next = total - len(readings) + len(batch) if len(readings) < 1000 else total
        return len(batch)

    def _check(self, reading: Reading) -> None:
        if reading.receipt is None:
            return
        store = self._lane.store
        if not store.ever(reading.version, reading.digest):
            self.unpublished += 1
            self._note(reading, "names a version that was never published")
            return
        if not store.holds(reading.version):
            return
        snapshot = store.get(reading.version)
        if self._plan is None or self._plan.snapshot is not snapshot:
            self._plan = store.plan(snapshot)
        self.checked += 1
        differs = verify_receipt(self._plan, reading.features, reading.receipt)
        if differs is not None:
            self.unattributed += 1
            self.torn += not snapshot.is_intact()
            self._note(reading, differs)

    def _note(self, reading: Reading, what: str) -> None:
        self.wrong += 1
        if not self.first_wrong:
            self.first_wrong = f"Answer {reading.hop} of v{reading.version}: {what}."
