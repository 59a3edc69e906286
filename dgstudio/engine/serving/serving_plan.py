"""The compiled plan of the version that serves, made ready before it is needed."""

from __future__ import annotations

from collections.abc import Callable

from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.types import F32


class ServingPlan:
    """Follows the serving version of a store. dg-infer only; whoever publishes compiles the next plan on the way.

    The reference to the serving snapshot is loaded once an input; no lock is taken.
    """

    def __init__(self, store: SnapshotStore) -> None:
        self._store = store
        self._plan: Plan | None = None
        self._ready: Plan | None = None
        """Of the version that serves next: compiling it would keep the first answer waiting."""
        self._warm: Plan | None = None
        """The one that `prepare` saw last."""
        self.readied: Callable[[], object] = lambda: None
        """Called by whoever publishes, when there is something to prepare."""
        store.before_serving = self._make_ready

    def now(self) -> Plan:
        """The plan of the version that serves at this moment."""
        snapshot, plan = self._store.serving, self._plan
        if plan is None or plan.snapshot is not snapshot:
            # There since before it serves, as a rule.
            plan = self._plan = self._store.plan(snapshot)
        return plan

    def prepare(self, features: F32) -> None:
        """Let the plan of the version that serves next answer an input, for nobody.

        What a plan touches for the first time in a thread comes from memory, which doubles the time of its first
        answer: nobody waits for this one.
        """
        ready = self._ready
        if ready is not None and ready is not self._warm:
            self._warm = ready
            ready.answer(features)

    def _make_ready(self, snapshot: Snapshot) -> None:
        self._ready = self._store.plan(snapshot)
        self.readied()
