"""What the learner stood on at each version that can still be gone back to."""

from __future__ import annotations

import time
from collections.abc import Callable

from dgstudio.errors import BadInputError
from dgstudio.learning.bank.locked_bank import Sums
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.training.training_state import TrainingState, id_array
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore

Recall = Callable[[int], tuple[Snapshot, TrainingState] | None]
"""Fetches a version that memory no longer holds, with what the learner stood on; None where there is none.

BadInputError where there is one that cannot be restored, with the reason.
"""


def beginning(base: BaseModel | None, version: int = 0) -> tuple[Snapshot, TrainingState]:
    """The first version of a new model, and what it stands on: with a base, its protected inputs; or nothing."""
    if base is None:
        nothing = TrainingState(id_array(()), id_array(()), ProtectedSet(), None, (), None)
        return Snapshot(reason="initial", unix=time.time()).with_(version=version), nothing
    head = base.snapshot().with_(version=version, unix=time.time())
    protected = ProtectedSet().joined(Plan(head), base.protected, base.protected_labels)
    sums = Sums(base.A0, base.B0, base.b_r, tuple(base.classes))
    return head, TrainingState(id_array(()), id_array(()), protected, sums, (), version if len(protected) else None)


class TrainingStates:
    """By version, for as long as the store holds the version; older ones are recalled. One thread writes."""

    def __init__(self, store: SnapshotStore, recall: Recall) -> None:
        self._store = store
        self._recall = recall
        self._known: dict[int, TrainingState] = {}

    def note(self, version: int, training: TrainingState) -> None:
        """Remember what a version stands on."""
        self._known = {v: f for v, f in self._known.items() if self._store.holds(v)}
        self._known[version] = training

    def held(self) -> dict[int, TrainingState]:
        """Those that are in memory, with their versions. Any thread."""
        return {v: f for v, f in self._known.copy().items() if self._store.holds(v)}

    def of(self, version: int) -> TrainingState:
        """What a version stands on; the store holds the version from then on.

        Raises
        ------
        BadInputError
            If there is no such version, or it can no longer be restored.
        """
        if version not in self._known or not self._store.holds(version):
            found = self._recall(version)
            if found is None:
                self._store.get(version)
                raise BadInputError(f"Version {version} cannot be rolled back to: what it was learned from is gone.")
            self._store.adopt(found[0])
            self._known[version] = found[1]
        return self._known[version]
