"""dg-twin: the in-place control learns in a thread of its own, since its point is to collide."""

from __future__ import annotations

from collections.abc import Callable

from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.twins.twin_lane import TwinLane

PAUSE_S = 0.01


class TwinWorker(Worker):
    """Lets one twin learn. `gave_up` is told what it failed of, and that is the end of it."""

    name = "dg-twin"

    def __init__(self, lane: TwinLane, gave_up: Callable[[TwinLane, Exception], None], events: EventQueue) -> None:
        super().__init__(events)
        self.lane = lane
        self._gave_up = gave_up

    def turn(self) -> None:
        """Learn one block, or wait for one."""
        try:
            learned = self.lane.learn()
        except Exception as error:
            self._gave_up(self.lane, error)
            self.stop()
            return
        if not learned:
            self.pause(PAUSE_S)
