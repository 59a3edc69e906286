"""What the views look at: figures of the gating, the nearest examples, and the moment that these are of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dgstudio.records import dataclass
from dgstudio.types import Reading

if TYPE_CHECKING:
    from dgstudio.engine.inspection.gating_figures import GatingFigures, NearestByGates


@dataclass(frozen=True, slots=True, eq=False)
class Stance:
    """When figures are of.

    Attributes
    ----------
    reading : the answer of that moment.
    edge : the stream time that axes count from.
    moment : where the time cursor stood; None at the live edge.
    """

    reading: Reading
    edge: float
    moment: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """All that a view is made of.

    Attributes
    ----------
    nearest : the labelled examples whose gate patterns are most like that of the stance's answer.
    name_of, colour_of : name and colour ("#rrggbb") of a class.
    """

    figures: GatingFigures
    stance: Stance
    nearest: tuple[NearestByGates, ...]
    name_of: Callable[[int | None], str]
    colour_of: Callable[[int], str]
