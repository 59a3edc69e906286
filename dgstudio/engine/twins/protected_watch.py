"""What has become of our own protected answers: those that the user's acts moved are counted, and what they are now."""

from __future__ import annotations

from collections import Counter

import numpy as np

from dgstudio.engine.facts.compared import KeptAnswers, LostAnswers
from dgstudio.learning.contract.contract import AuditResult
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.dense import softmax
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import F32, OWN_ACTS, PublishRecord, RecordKind

MAY_MOVE = OWN_ACTS | {RecordKind.ROLLED_BACK}
"""Kinds of versions that may move what is protected all the while."""

First = tuple[F32, tuple[int, ...]]
"""Logits (C,) that an input had when it was protected, and the classes that these stand for."""


class ProtectedWatch:
    """Holds the answers of the newest version against those that each input had when it was protected first.

    The contract's own references begin anew where the user chooses a rebuilt model, or a new base, that moves them;
    these do not, so that what was moved is told for as long as the input stays protected. A publish of the learner is
    proved to move none, and audited; all are answered again where a version is the user's own act, or where an audit
    found a bit that differs. dg-learn only, but `kept`.

    Attributes
    ----------
    kept : what has become of them. Any thread.
    largest : largest change of a probability among those that are lost, over the classes that live still. Any thread.
    """

    def __init__(self, learner: Learner) -> None:
        self._protected: ProtectedSet | None = None
        self._first: dict[bytes, First] = {}
        self._note(learner.training.protected)
        self.kept = KeptAnswers(len(self._first), len(self._first))
        self.largest = 0.0

    def follow(self, record: PublishRecord, learner: Learner) -> None:
        """Hear of a record."""
        protected = learner.training.protected
        others, moves = protected is not self._protected, record.kind in MAY_MOVE
        # What is lost may be a class by now that lives no more.
        renamed = bool(self.kept.lost) and record.kind is not RecordKind.LEARNED
        if record.version is not None and (others or moves or renamed):
            self._note(protected)
            self._look(learner.store.head)

    def audited(self, result: AuditResult, learner: Learner) -> None:
        """Hear of protected inputs that were answered again, and held against the contract's references."""
        if result.bits_changed:
            self._look(learner.store.head)

    def _note(self, protected: ProtectedSet) -> None:
        if protected is self._protected:
            return
        self._protected = protected
        first: dict[bytes, First] = {}
        for cohort in protected.cohorts:
            for row, reference in zip(cohort.inputs, cohort.reference, strict=True):
                key = row.tobytes()
                first[key] = self._first.get(key, (reference, cohort.classes))
        self._first = first

    def _look(self, head: Snapshot) -> None:
        """Answer all of them again, by the serving kernel, and compare bytes for the classes that live still."""
        plan = Plan(head)
        rows: F32 = np.array([np.frombuffer(key, np.float32) for key in self._first], np.float32)
        pairs: Counter[tuple[int, int | None]] = Counter()
        largest = 0.0
        if len(rows):
            columns = {class_id: column for column, class_id in enumerate(head.classes)}
            now = plan.logits_of_rows(rows)
            for raw, logits, (reference, classes) in zip(rows, now, self._first.values(), strict=True):
                living = [place for place, class_id in enumerate(classes) if class_id in columns]
                there = [columns[classes[place]] for place in living]
                if logits[there].tobytes() == reference[living].tobytes():
                    continue
                shares = [softmax(part / head.temperature) for part in (logits[there], reference[living])]
                largest = max(largest, float(np.abs(shares[0] - shares[1]).max()))
                top = plan.answer(raw).top
                was = classes[living[int(reference[living].argmax())]]
                pairs[was, head.classes[top] if top >= 0 else None] += 1
        self.largest = largest
        lost = [LostAnswers(was, is_now, count) for (was, is_now), count in pairs.most_common()]
        self.kept = KeptAnswers(len(rows), len(rows) - pairs.total(), tuple(lost))
