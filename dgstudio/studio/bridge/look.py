"""What all panels show while the view of the stream stands still: a moment, and the stretch around it."""

from __future__ import annotations

from dgstudio.engine.recording.lookback import Past
from dgstudio.records import dataclass
from dgstudio.types import Reading


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The moment that every panel shows, and the stretch around it, in stream time.

    Attributes
    ----------
    start, end : the stretch that is in view, the same in every panel with a time axis.
    moment : where the cursor stands, within the stretch.
    edge : the live edge when the stretch was fetched; axes count from it.
    past : samples and answers of the stretch.
    reading : what was answered at the moment: the newest answer whose window had ended by then; None before any.
    """

    start: float
    end: float
    moment: float
    edge: float
    past: Past
    reading: Reading | None

    @property
    def behind(self) -> float:
        """Seconds by which the moment lies before the live edge that the axes count from."""
        return max(0.0, self.edge - self.moment)
