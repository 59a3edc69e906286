"""How much room routing has left: of one answer when it is asked for, and over the protected inputs in idle turns."""

from __future__ import annotations

import numpy as np

from dgstudio.engine.serving.lane import Lane
from dgstudio.errors import BadInputError
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.model.plan import Plan
from dgstudio.model.robustness_bounds import (
    BankMargin,
    ChangeBound,
    GateMargin,
    Room,
    bank_margins,
    change_bound,
    gate_margin,
    room,
    routing_room,
    weight_bound,
)
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.types import F64, Reading, RoutingRoom

MOVED = 0.001
"""By how much every weight is thought to move in `AnswerMargins.logits`."""
PER_TURN = 2
"""Protected inputs looked at in one idle turn: about a millisecond, so that no answer waits for it."""


@dataclass(frozen=True, slots=True)
class AnswerMargins:
    """How safely an answer was routed, and how much of it may change, or has changed.

    Attributes
    ----------
    gates : of the base; None without one.
    banks : of each bank.
    routing : `bounds.routing_room`, how far every number of gates and routers may move.
    logits : `bounds.weight_bound` of the class that may change most, if every weight moves by `MOVED`.
    since : against the last protected version, where the answer is not certified to equal it: its number, and
        `bounds.change_bound`.
    """

    gates: GateMargin | None
    banks: tuple[BankMargin, ...]
    routing: float
    logits: float
    since: tuple[int, ChangeBound] | None = None


class MarginReader:
    """Answers a reading again, by the version that it names, for its margins. One thread; keeps one plan."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._plan: Plan | None = None

    def __call__(self, reading: Reading) -> AnswerMargins | None:
        """Margins of this answer; None where its version has been thinned out."""
        plan = self._plan
        if plan is None or plan.snapshot.digest != reading.digest:
            try:
                plan = self._plan = Plan(self._lane.store.get(reading.version))
            except BadInputError:
                return None
        answer = plan.answer(reading.features)
        reference, since = self._lane.reference, None
        if reference is not None and reading.certified is None:
            since = reference.snapshot.version, change_bound(reference, plan, reading.features)
        return AnswerMargins(
            gates=gate_margin(plan, answer),
            banks=bank_margins(plan, answer),
            routing=routing_room(plan, answer),
            logits=float(weight_bound(plan, answer, MOVED).max(initial=0.0)),
            since=since,
        )


class RoomWatch:
    """Goes round the protected inputs once for each head or P, a few in each of dg-learn's idle turns.

    `newest` is what the last whole round found; any thread may read it.
    """

    def __init__(self) -> None:
        self.newest: RoutingRoom | None = None
        self._of: tuple[Snapshot, ProtectedSet] | None = None
        self._found: Room | None = None

    def turn(self, plan: Plan, protected: ProtectedSet) -> bool:
        """Look at the next few with the plan of the newest version; False when nothing is left to do."""
        head = plan.snapshot
        if self._of is None or self._of[0] is not head or self._of[1] is not protected:
            self._of, self._found = (head, protected), None
            if not len(protected):
                self.newest = None
        done = 0 if self._found is None else len(self._found)
        if done >= len(protected):
            return False
        stretches = protected.stretches(done, min(PER_TURN, len(protected) - done))
        more = room(plan, np.concatenate([cohort.inputs[here] for cohort, here in stretches]))
        self._found = more if self._found is None else self._found + more
        if len(self._found) >= len(protected):
            self.newest = summed_up(head.version, self._found)
        return True


def summed_up(version: int, found: Room) -> RoutingRoom:
    """Least and median of each margin; None where no input has it."""
    return RoutingRoom(
        version=version,
        inputs=len(found),
        gates=_least_and_median(found.gamma),
        radius=_least_and_median(found.radius),
        routers=_least_and_median(np.abs(found.router)),
        disagreement=_least_and_median(np.abs(found.disagreement)),
    )


def _least_and_median(values: F64) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    return (float(known.min()), float(np.median(known))) if len(known) else None
