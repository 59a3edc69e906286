"""What one frame of the stream shows, and where its parts lie."""

from __future__ import annotations

from dataclasses import field

import numpy as np
from PySide6.QtCore import QRectF

from dgstudio.records import dataclass
from dgstudio.studio.bridge.state import StreamMode
from dgstudio.studio.painting.ribbons import Span
from dgstudio.types import F32, F64


@dataclass(slots=True, eq=False)
class Scene:
    """All that one frame of the stream shows, in stream time."""

    channels: tuple[str, ...] = ()
    rate: float = 1.0
    start: float = 0.0
    end: float = 1.0
    times: F64 = field(default_factory=lambda: np.zeros(0))
    values: F32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    ribbons: dict[str, list[Span]] = field(default_factory=dict)
    """By name, top to bottom; "truth" is drawn thin."""
    publishes: list[tuple[float, str]] = field(default_factory=list)
    """(time, token of the line's colour)."""
    selection: tuple[float, float] | None = None
    pills: list[tuple[str, str]] = field(default_factory=list)
    """(sentence, token) to be read over the traces; the first is framed loudest."""
    mode: StreamMode = StreamMode.FOLLOWING
    """"following", "paused" or "scrubbing"."""
    moment: float | None = None
    """Stream time at which the time cursor stands; None while the view follows."""
    edge: float | None = None
    """Stream time that the axis counts from; None: the end of what is shown."""
    gone: float = float("-inf")
    """Up to this stream time the samples have left the buffer and cannot be labelled any more."""
    empty: str = ""
    """What to say where there is no sample."""
    dim: bool = False

    @property
    def following(self) -> bool:
        """Whether its right end is the live edge, and what comes next joins on there."""
        return self.mode == StreamMode.FOLLOWING

    @property
    def span(self) -> float:
        """Seconds that are in view: the same number for every frame of one view."""
        return max(round(self.end - self.start, 6), 1e-6)

    @property
    def marked(self) -> tuple[float, float] | None:
        """What is selected, where some of it is in view."""
        marked = self.selection
        return marked if marked is not None and marked[1] >= self.start and marked[0] <= self.end else None


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are, in logical pixels."""

    plot: QRectF
    """The traces' rectangle."""
    ribbons: dict[str, QRectF]
    bottom: float
    """Where what scrolls ends and the axis begins."""
    tall: float
    """How tall a channel's row is."""
    first: int
    """The first channel in view."""
    fit: int
    """How many are in view."""

    def middle(self, row: int) -> float:
        """Return the middle of a row in view."""
        return self.plot.top() + (row + 0.5) * self.tall
