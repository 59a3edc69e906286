"""Which units of a base fire on many inputs, and how nearly the others did."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.engine.inspection.inputs import Inputs
from dgstudio.model.plan import Plan
from dgstudio.model.robustness_bounds import gate_scores
from dgstudio.records import dataclass
from dgstudio.types import F64, I32

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class GateTable:
    """The gates of one version's base on n inputs.

    Attributes
    ----------
    inputs : which.
    active : (n, k) units that the serving kernel opens, ascending.
    scores : s, (n, H) float64.
    """

    inputs: Inputs
    active: I32
    scores: F64

    @property
    def fires(self) -> Flags:
        """(n, H): whether a unit is active on an input."""
        found = np.zeros(self.scores.shape, bool)
        np.put_along_axis(found, self.active.astype(np.intp), True, axis=1)
        return found

    def distances(self, unit: int) -> F64:
        """How far a unit's score is from changing places, (n,).

        Above 0 where it fires: s_j − s_(k+1), the best of those that do not; below 0 where it does not: s_j − s_(k),
        the least of those that do. Infinite where all units fire.
        """
        fires = self.fires
        inside = np.where(fires, self.scores, np.inf).min(1, initial=np.inf)
        outside = np.where(fires, -np.inf, self.scores).max(1, initial=-np.inf)
        mine = self.scores[:, unit]
        result: F64 = np.where(fires[:, unit], mine - outside, mine - inside)
        return result


def gate_table(plan: Plan, inputs: Inputs) -> GateTable | None:
    """Ask the gates of a version about inputs; None without a base."""
    base = plan.snapshot.base
    if base is None:
        return None
    if not len(inputs):
        return GateTable(inputs, np.zeros((0, base.k), np.int32), np.zeros((0, base.hidden)))
    return GateTable(inputs, plan.active_rows(inputs.raw), gate_scores(base, plan.normalise_rows(inputs.raw)))
