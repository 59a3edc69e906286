"""What the Stability panel keeps of one twin: how far its protected answers moved, and its faulty answers."""

from __future__ import annotations

from collections import deque

from dgstudio.studio.bridge.state import TwinFrame
from dgstudio.types import TwinKind, TwinState

FAULTS = (TwinState.TORN, TwinState.UNPUBLISHED, TwinState.UNATTRIBUTED)
"""States of a twin's answer that no version has."""


class TwinTrace:
    """A twin's changes and faults of the last seconds. Qt thread only.

    Attributes
    ----------
    changes : (time, largest change of a probability of a watched answer from then on); the oldest may lie before the
        view.
    faults : (time, one of `FAULTS`) of its answers.
    """

    def __init__(self, kind: TwinKind) -> None:
        self.kind = kind
        self.changes: deque[tuple[float, float]] = deque()
        self.faults: deque[tuple[float, TwinState]] = deque()

    def add(self, twin: TwinFrame, now: float) -> bool:
        """Take up its answers and its figures; return whether there was something to show."""
        faults = [(reading.end, reading.state) for reading in twin.new if reading.state in FAULTS]
        self.faults.extend(faults)
        change = twin.figures.max_delta
        changed = not self.changes or self.changes[-1][1] != change
        if changed:
            self.changes.append((now, change))
        return changed or bool(faults)

    def leave(self, begin: float) -> None:
        """Let go of what was before the view."""
        while self.faults and self.faults[0][0] < begin:
            self.faults.popleft()
        while len(self.changes) > 1 and self.changes[1][0] < begin:
            self.changes.popleft()

    def stretch(self, start: float, end: float) -> TwinTrace:
        """Return what is known of a past stretch of stream time [start, end], as far as it is not too old."""
        past = TwinTrace(self.kind)
        past.changes.extend(change for change in self.changes if change[0] <= end)
        past.faults.extend(fault for fault in self.faults if start <= fault[0] <= end)
        return past

    def forget(self) -> None:
        """Forget all: the stream has jumped back."""
        self.changes.clear()
        self.faults.clear()
