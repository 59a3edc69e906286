"""What the twins answered since the last frame, and their figures, which are renewed when the other ones are."""

from __future__ import annotations

from dgstudio.engine.adapt.twin_comparison import TwinComparison
from dgstudio.engine.facts.compared import KeptAnswers, TwinFigures
from dgstudio.engine.twins.twin_lane import TwinLane
from dgstudio.studio.bridge.state import TwinFrame
from dgstudio.types import TwinKind, TwinReading


class TwinFeed:
    """Reads the lanes of a comparison on from where it was. Qt thread only.

    Attributes
    ----------
    ours : what has become of the protected answers of our own model.
    """

    def __init__(self, comparison: TwinComparison) -> None:
        self._comparison = comparison
        self._read: dict[TwinLane, int] = {}
        """How far the answers of each have been read."""
        self._figures: dict[TwinLane, TwinFigures] = {}
        self.ours: KeptAnswers = comparison.ours()

    def renew(self) -> None:
        """Ask for the figures: soon enough four times a second."""
        self._figures = {twin: twin.figures() for twin in self._comparison.twins}
        self.ours = self._comparison.ours()

    def past(self, kind: TwinKind, start: float, end: float) -> list[TwinReading]:
        """Answers of a twin to windows that ended within a stretch of stream time, oldest first, as far as kept."""
        twin = next((twin for twin in self._comparison.twins if twin.kind == kind), None)
        held = [] if twin is None else twin.readings.since(0)[0]
        return [reading for reading in held if start <= reading.end <= end]

    def pull(self) -> tuple[TwinFrame, ...]:
        """What is new of each twin, in the order in which they were chosen."""
        frames, read = [], {}
        for twin in self._comparison.twins:
            new, read[twin] = twin.readings.since(self._read.get(twin, 0))
            figures = self._figures.get(twin) or self._figures.setdefault(twin, twin.figures())
            frames.append(TwinFrame(twin.kind, figures, new, twin.readings.newest))
        self._read = read
        return tuple(frames)
