"""What the banks of recent and of looked-at versions rest on, as far as it is at hand; the rest is asked for."""

from __future__ import annotations

import time
from collections import OrderedDict

from dgstudio.engine.inspection.inspection_worker import Asked, InspectionWorker
from dgstudio.learning.bank.attribution import Evidence
from dgstudio.learning.learner.learner import Learner
from dgstudio.reasons.reason import Reason
from dgstudio.types import Reading

MOST_BYTES = 96 << 20
AGAIN_S = 3.0
"""Wall seconds after which what was refused is asked for again: a version may be learned again, or read by then."""
TOPIC = "evidence"


class EvidenceAtHand:
    """Evidence by version and bank, always that of the version that answered. Qt thread only.

    The newest version's comes from the learner and costs nothing. That of an earlier version, or of a sealed bank, is
    solved again in dg-inspect, one at a time; until then there is none.

    Attributes
    ----------
    turn : another number whenever more is at hand.
    """

    def __init__(self, learner: Learner, inspection: InspectionWorker) -> None:
        self._learner, self._inspection = learner, inspection
        self._found: OrderedDict[tuple[int, int], Evidence | None] = OrderedDict()
        self._asked: tuple[tuple[int, int], Asked[Evidence | Reason | None]] | None = None
        self._refused: dict[tuple[int, int], float] = {}
        """When it was refused last."""
        self.turn = 0

    def of(self, reading: Reading, *, urgent: bool = True) -> Evidence | None:
        """What the bank rests on that gave an answer; of an answer of the base, what the last bank rests on.

        Parameters
        ----------
        urgent
            Whether to ask for it at once where it is not at hand; else only while nothing else is asked for.
        """
        place = reading.speaker if reading.speaker >= 0 else len(reading.bank_r) - 1
        newest, last = self._learner.evidence(), place == len(reading.bank_r) - 1
        # Just sealed, the last bank is no longer the one that learns, which rests on nothing yet.
        learns = newest is not None and len(newest.example_ids) > 0
        if newest is not None and learns and last and newest.version == reading.version:
            self._keep((reading.version, place), newest)
            return newest
        if place < 0:
            return None
        key = reading.version, place
        if time.monotonic() - self._refused.get(key, float("inf")) > AGAIN_S:
            del self._refused[key], self._found[key]
        if key in self._found:
            self._found.move_to_end(key)
            return self._found[key]
        if self._asked is None or (urgent and self._asked[0] != key):
            version = reading.version
            self._asked = key, self._inspection.ask(TOPIC, lambda inspector: inspector.evidence_of(version, place))
        return None

    def knows(self, reading: Reading) -> bool:
        """Whether it is known what an answer's bank rests on, or that it cannot be known."""
        place = reading.speaker if reading.speaker >= 0 else len(reading.bank_r) - 1
        return (reading.version, place) in self._found

    def poll(self) -> None:
        """Take up what has been answered; called once a frame."""
        if self._asked is None or not self._asked[1].done:
            return
        (key, asked), self._asked = self._asked, None
        if asked.superseded:
            return
        found = asked.value if isinstance(asked.value, Evidence) else None
        self._keep(key, found)
        if found is None:
            self._refused[key] = time.monotonic()
        self.turn += 1

    def _keep(self, key: tuple[int, int], evidence: Evidence | None) -> None:
        if self._found.get(key, self) is evidence:
            return
        self._found[key] = evidence
        self._found.move_to_end(key)
        while len(self._found) > 1 and self._size() > MOST_BYTES:
            self._refused.pop(self._found.popitem(last=False)[0], None)

    def _size(self) -> int:
        return sum(evidence.size_bytes for evidence in self._found.values() if evidence is not None)
