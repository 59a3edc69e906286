"""Versions that a session holds, compiled for answering again."""

from __future__ import annotations

from dgstudio.engine.recording.differences import VersionLost
from dgstudio.errors import BadInputError, SessionError
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.session.file import Session
from dgstudio.session.restore import snapshot_of
from dgstudio.session.versions.recipe_solver import OtherKernelError, Relearner

PLANS = 8
"""Compiled versions that are kept at hand."""


class StoredPlans:
    """Stored versions as plans; those that share arrays share them here too.

    Those that are kept by their recipe are learned again on the way. One thread.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._relearner = Relearner()
        self.elsewhere: dict[int, str] = {}
        """Versions that another kernel learned and that are not the same here, with that kernel's name."""
        self._newest: Snapshot | None = None
        self._plans: dict[int, Plan | VersionLost] = {}
        self._used: set[int] = set()

    @property
    def count(self) -> int:
        """How many versions were served again."""
        return len(self._used)

    def plan(self, version: int) -> Plan | VersionLost:
        """A version compiled for serving, or why it cannot be."""
        found = self._plans.get(version)
        if found is None:
            found = self._made(version)
            while len(self._plans) >= PLANS:
                del self._plans[next(iter(self._plans))]
            self._plans[version] = found
        return found

    def _made(self, version: int) -> Plan | VersionLost:
        try:
            try:
                checkpoint = self._session.checkpoint(version, self._relearner)
            except OtherKernelError as error:
                checkpoint, self.elsewhere[version] = error.again, error.kernel
            self._newest = snapshot = snapshot_of(checkpoint, self._newest)
        except (SessionError, BadInputError) as error:
            return VersionLost(str(error))
        self._used.add(version)
        return Plan(snapshot)
