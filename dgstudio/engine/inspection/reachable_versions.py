"""Any version that memory or the session file holds, with what it was learned from, beside the thread that learns."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace

from dgstudio.engine.inspection.unavailable import (
    NotNotedYet,
    UnavailableError,
    VersionGone,
    VersionUnreadable,
)
from dgstudio.errors import BadInputError, SessionError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.reproduce import settings_again
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.learning.settings import LOCKED_BANK, LearnerSettings
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import SETTINGS
from dgstudio.session.restore import restored
from dgstudio.session.versions.recipe_solver import OtherKernelError, Relearner

KEPT = 8
"""Versions read from the file that stay at hand: they share most of their arrays."""
NOTED_S = 1.0
"""How long what a version in memory was learned from is waited for."""


@dataclass(frozen=True, slots=True, eq=False)
class StandingVersion:
    """A version, what it was learned from, and the settings that its learning bank was learned with."""

    snapshot: Snapshot
    training: TrainingState
    settings: LearnerSettings

    @property
    def version(self) -> int:
        """Its number."""
        return self.snapshot.version


class ReachableVersions:
    """Finds versions without moving the learner. One thread; nothing here waits for dg-learn.

    Parameters
    ----------
    kept
        The versions that the session file holds.
    """

    def __init__(self, learner: Learner, session: Session, kept: Callable[[], frozenset[int]]) -> None:
        self._learner = learner
        self._session = session
        self._kept = kept
        self._read: OrderedDict[int, StandingVersion] = OrderedDict()
        self._relearner = Relearner()

    @property
    def head(self) -> int:
        """The newest version."""
        return self._learner.store.head.version

    def numbers(self) -> tuple[int, ...]:
        """All that can be reached, ascending."""
        held = {snapshot.version for snapshot in self._learner.store.history()}
        return tuple(sorted(held | self._kept()))

    def in_memory(self) -> tuple[Snapshot, ...]:
        """Those that cost nothing to look at, oldest first."""
        return tuple(self._learner.store.history())

    def walk(self, most_read: int, go_on: Callable[[], bool] = lambda: True) -> Iterator[StandingVersion]:
        """Versions oldest first: those in memory, and the newest `most_read` that the file holds whole besides.

        Versions that are kept by recipe only are left out, as are those that cannot be restored. Ends where `go_on`
        says so.
        """
        held = {snapshot.version for snapshot in self._learner.store.history()}
        whole = [info.version for info in self._session.checkpoints() if info.whole and info.version not in held]
        for version in sorted({*whole[-most_read:], *held} if most_read else held):
            if not go_on():
                return
            try:
                yield self.of(version)
            except UnavailableError:
                continue

    def of(self, version: int) -> StandingVersion:
        """A version and what it stands on, restored from the file where memory has let go of it.

        Raises
        ------
        UnavailableError
            Where there is none, or it cannot be restored.
        """
        found = self._of_memory(version)
        deadline = time.monotonic() + NOTED_S
        while found is None and self._learner.store.holds(version) and time.monotonic() < deadline:
            # Just published: what it was learned from is noted next.
            time.sleep(0.001)
            found = self._of_memory(version)
        if found is not None:
            return found
        if self._learner.store.holds(version) and version not in self._kept():
            raise UnavailableError(NotNotedYet(version))
        known = self._read.get(version)
        if known is None:
            known = self._read[version] = self._of_file(version)
        self._read.move_to_end(version)
        while len(self._read) > KEPT:
            self._read.popitem(last=False)
        return known

    def let_go(self) -> None:
        """Hold nothing that was read any more."""
        self._read.clear()
        self._relearner = Relearner()

    def _of_memory(self, version: int) -> StandingVersion | None:
        learner = self._learner
        training = learner.states_held().get(version)
        try:
            snapshot = learner.store.get(version)
        except BadInputError:
            return None
        if training is None:
            return None
        return StandingVersion(snapshot, training, _as_learned(learner.settings, snapshot, training))

    def _of_file(self, version: int) -> StandingVersion:
        if version not in self._kept():
            raise UnavailableError(VersionGone(version))
        relative = self._learner.store.head
        try:
            checkpoint = self._session.checkpoint(version, self._relearner)
            snapshot, training = restored(checkpoint, relative)
            settings = settings_again(checkpoint.meta.get(SETTINGS))
        except OtherKernelError as error:
            raise UnavailableError(VersionUnreadable(version, str(error))) from error
        except (SessionError, BadInputError) as error:
            raise UnavailableError(VersionUnreadable(version, str(error))) from error
        return StandingVersion(snapshot, training, _as_learned(settings, snapshot, training))


def _as_learned(settings: LearnerSettings, snapshot: Snapshot, training: TrainingState) -> LearnerSettings:
    """The settings with the rule, the dials and the number of features that a version was learned with."""
    settings, open_bank = replace(settings, rule=LOCKED_BANK), snapshot.banks[-1] if snapshot.banks else None
    if training.dials is not None:
        settings = replace(settings, tau=training.dials.tau, delta=training.dials.delta)
    elif open_bank is not None and not open_bank.sealed:
        settings = replace(settings, tau=open_bank.tau, delta=open_bank.delta)
    if snapshot.phi is not None and training.sums is None:
        settings = replace(settings, features=snapshot.phi.dim - 1)
    return settings
