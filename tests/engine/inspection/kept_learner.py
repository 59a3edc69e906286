"""A user and a learner that keeps every version in a session, and readers of both: by memory, or by the file alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from learning.conftest import User

from dgstudio.engine.inspection.evidence_source import EvidenceSource
from dgstudio.engine.inspection.inputs import InputSets, InputSource
from dgstudio.engine.inspection.inspector import Inspector
from dgstudio.engine.inspection.reachable_versions import ReachableVersions
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.lifecycle.resume import checkpoint_of
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.serving.lane import Hop, Lane
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.reasons.stored import Told
from dgstudio.session.file import Session
from dgstudio.types import ClassInfo, Example, PublishRecord, Reading, RecordKind


class KeptLearner:
    """A user, a learner, and a session that has each example and each version."""

    def __init__(self, base: BaseModel | None, **settings: Any) -> None:
        self.learner = Learner.begin(base, LearnerSettings(**{"features": 64, **settings}))
        self.session = Session.memory()
        self.user = User(self.learner)
        self.versions: list[int] = []
        self.classes = ClassTable(ClassInfo(c, f"class {c}", str(c), "#000000") for c in range(6))
        self.lane = Lane(self.learner.store, self.classes)
        self._keep(self.learner.store.head.version, kind="initial")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def does(self, act: tuple[str, int, int]) -> None:
        """What a user does, and all that comes of it is kept."""
        for record in self.user.does(act):
            self.keeps(record)

    def learns(self, examples: list[Example]) -> None:
        """Label these, and let the learner publish."""
        self.user.labelled.update({example.id: example for example in examples})
        for class_id in {example.class_id for example in examples}:
            self.keeps(self.learner.add_class(class_id))
        self.keeps(self.learner.absorb(examples))
        self.publishes()

    def publishes(self) -> None:
        while self.learner.pending:
            self.keeps(self.learner.step())

    def keeps(self, record: PublishRecord | None) -> None:
        if record is not None and record.version is not None:
            self._keep(record.version, record.kind)

    def _keep(self, version: int, kind: str) -> None:
        known = {example.id for example in self.session.examples(active_only=False)}
        self.session.put_examples([e for i, e in self.user.labelled.items() if i not in known])
        record = PublishRecord(0, RecordKind(kind), version, None, Told(""), 0.0, 0.0)
        self.session.put_checkpoint(checkpoint_of(self.learner, record, kept=True))
        self.versions.append(version)

    def examples(self, ids: Iterable[int]) -> dict[int, Example]:
        return {i: self.user.labelled[i] for i in ids if i in self.user.labelled}

    def by_memory(self) -> tuple[ReachableVersions, EvidenceSource]:
        versions = ReachableVersions(self.learner, self.session, lambda: frozenset(self.versions))
        return versions, EvidenceSource(self.learner, versions, self.examples)

    def by_file(self) -> tuple[ReachableVersions, EvidenceSource]:
        """As after reopening: another learner, that holds none of these versions."""
        other = Learner.begin(None, self.learner.settings, next_version=100_000)
        versions = ReachableVersions(other, self.session, lambda: frozenset(self.versions))
        return versions, EvidenceSource(other, versions, self.examples)

    def inspector(self, *, by_file: bool = False) -> Inspector:
        versions, _ = self.by_file() if by_file else self.by_memory()
        learner = versions._learner
        return Inspector(learner, versions, self.examples, self.inputs, learner.copied_rule)

    # -- live ------------------------------------------------------------------------------------------------------

    def inputs(self) -> InputSets:
        """What versions are looked at with: P, what is labelled, and what the lane has answered."""
        book = LabelBook()
        book.note([example for _, example in sorted(self.user.labelled.items())])
        return InputSource(self.learner, book, self.lane.readings, self.classes)()

    def answers(self, class_id: int, rows: np.ndarray) -> list[Reading]:
        """These come live, ten a second, with their class as ground truth."""
        first = self.lane.readings.total
        hops = (
            Hop(first + i, 0, n - 1.0, n, row, f"class {class_id}", 0.0)
            for i, row in enumerate(rows)
            for n in ((first + i) / 10,)
        )
        return [self.lane.answer(hop) for hop in hops]
