"""dg-map: computes what the serving version answers all over the plane, anew for each version, coarse before fine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dgstudio.engine.inspection.unavailable import UnavailableError
from dgstudio.engine.plane.decision_map import DecisionMap, points
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.serving.lane import Lane
from dgstudio.model.answers import Answers
from dgstudio.model.certificate import certify_rows
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass

COARSE, FINE = 40, 120
"""Cells in a row."""
ROWS_AT_A_TIME = 2400
"""Answers in one call of the kernel: afterwards it is asked whether another version serves."""
DIRECT_S = 0.05
"""Where the fine map takes no longer than this it comes at once: a coarse one before it would only flicker."""
PERIOD_S = 0.1
"""Maps begin at least so far apart."""
LOOK_S = 0.02
"""How often it is looked whether another version serves."""
IDLE_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What is to be shown, in its turn."""

    generation: int
    snapshot: Snapshot
    reference: Plan | None
    abstain: float


class MapWorker(Worker):
    """While somebody watches, `map` shows the version that serves, or the one that is asked for, and is replaced as a
    whole.

    A map of the present version is worth more than a fine one: where another version serves meanwhile, the fine map
    is dropped and the coarse one of the new version comes first.

    Parameters
    ----------
    inputs
        Numbers in an input of the model: x and y of the plane, and whatever follows, which is 0 on the map.
    find
        Finds an older version; called in this thread only. It raises `UnavailableError` where there is none any more.
    """

    name = "dg-map"

    def __init__(self, events: EventQueue, lane: Lane, inputs: int, find: Callable[[int], Snapshot]) -> None:
        super().__init__(events)
        self.map: DecisionMap | None = None
        """The newest. Any thread."""
        self.made = 0
        """Versions of which there has been a map."""
        self.inputs = inputs
        self._lane = lane
        self._find = find
        self._watched = False
        self._asked: int | None = None
        self._found: tuple[int, Snapshot | None] | None = None
        """The older version that was asked for last; None where it cannot be had."""
        self._wake = threading.Event()
        self._generation = 0
        self._target: _Wanted | None = None
        self._plan: Plan | None = None
        self._before: dict[int, Answers] = {}
        """The reference's own answers, by the side of the grid."""
        self._of: Plan | None = None
        self._row_s = 0.0
        """What an answer takes."""
        self._in_vain = False
        """Whether the last fine map was stale before it was finished."""

    def watch(self, on: bool) -> None:
        """Keep `map` up to date from now on, or no longer. Any thread."""
        if on != self._watched:
            self._watched = on
            self._wake.set()

    def show_version(self, version: int | None) -> None:
        """Show an older version, or None: whichever serves. One that cannot be had gives way to that. Any thread."""
        if version != self._asked:
            self._asked = version
            self._wake.set()

    def wake(self) -> None:
        """Let a waiting turn look at what is asked for."""
        self._wake.set()

    # -- the thread ------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Make the map of what serves now, if there is none; else rest."""
        if not self._watched:
            self._wake.wait(IDLE_S)
            self._wake.clear()
            return
        wanted, shown = self._wanted(), self.map
        if shown is not None and shown.generation == wanted.generation and shown.side == FINE:
            self._wake.wait(LOOK_S)
            self._wake.clear()
            return
        began = time.perf_counter()
        known = shown is not None and shown.generation == wanted.generation
        if not known and (self._in_vain or not self._row_s or self._row_s * FINE**2 > DIRECT_S):
            # Finished whatever comes: where versions come faster than maps, each map still shows one of them. The fine
            # one waits for the next turn, for it would be in vain if another version serves by then.
            self._make(wanted, COARSE, to_the_end=True)
        else:
            self._make(wanted, FINE, to_the_end=False)
            self._in_vain = self.map is shown
        self.pause(max(0.0, began + PERIOD_S - time.perf_counter()))

    def recover(self, error: Exception) -> None:
        """Begin anew with whatever serves."""
        self._target = self._plan = self._of = None

    def _wanted(self) -> _Wanted:
        """What serves now; with a new generation where that is another version, reference or threshold than before."""
        lane, before = self._lane, self._target
        snapshot, reference, abstain = self._asked_for(), lane.reference, lane.abstain
        same = before is not None and before.snapshot is snapshot and before.reference is reference
        if before is not None and same and before.abstain == abstain:
            return before
        self._generation += 1
        self._target = _Wanted(self._generation, snapshot, reference, abstain)
        return self._target

    def _asked_for(self) -> Snapshot:
        asked, serving = self._asked, self._lane.store.serving
        if asked is None or asked == serving.version:
            return serving
        if self._found is None or self._found[0] != asked:
            try:
                self._found = asked, self._find(asked)
            except UnavailableError:
                self._found = asked, None
        found = self._found[1]
        return serving if found is None else found

    def _make(self, wanted: _Wanted, side: int, *, to_the_end: bool) -> None:
        """Make the map of one version and show it; unless it is stale by then, where it need not be finished."""
        snapshot, reference = wanted.snapshot, wanted.reference
        if self._plan is None or self._plan.snapshot is not snapshot:
            self._plan = Plan(snapshot)
        began = time.perf_counter()
        answers = self._answers(self._plan, side, None if to_the_end else wanted)
        if answers is None:
            return
        self._row_s = (time.perf_counter() - began) / side**2
        equal = None
        if reference is not None:
            if self._of is not reference:
                self._of, self._before = reference, {}
            if side not in self._before:
                found = self._answers(reference, side, None)
                if found is None:
                    return
                self._before[side] = found
            equal = certify_rows(snapshot, answers, reference.snapshot, self._before[side])
        if not to_the_end and self._wanted() is not wanted:
            return
        version = None if reference is None else reference.snapshot.version
        made = DecisionMap(wanted.generation, snapshot, side, answers, wanted.abstain, version, equal)
        made.work_out()
        self.made += self.map is None or self.map.generation != wanted.generation
        self.map = made

    def _answers(self, plan: Plan, side: int, wanted: _Wanted | None) -> Answers | None:
        """Answers to a grid, some rows at a time; None where the thread is to end or `wanted` is stale meanwhile."""
        rows = points(side, self.inputs)
        found = []
        for start in range(0, len(rows), ROWS_AT_A_TIME):
            if self.stopping or (wanted is not None and self._wanted() is not wanted):
                return None
            found.append(plan.answers(rows[start : start + ROWS_AT_A_TIME]))
        return Answers.joined(found)
