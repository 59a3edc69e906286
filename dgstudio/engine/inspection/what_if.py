"""What a version would say with some units forced on or off, or some banks silenced. Never published or recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dgstudio.engine.inspection.said import Said, said_by
from dgstudio.engine.inspection.unavailable import NoBank, NoUnit, NoUnitLeft, UnavailableError
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32, I32


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """The real answer, and the one beside it; `active` are the units that answered in that one."""

    real: Said
    imagined: Said
    active: I32


def what_if(
    plan: Plan,
    raw: F32,
    *,
    on: Iterable[int] = (),
    off: Iterable[int] = (),
    silenced: Iterable[int] = (),
    abstain: float = 0.0,
) -> WhatIf:
    """Answer raw features (d,) once more, by the kernel that serves.

    Parameters
    ----------
    on, off
        Units of the base that answer, or do not, besides those that the gates choose.
    silenced
        Places of banks that are skipped, as if they were closed.

    Raises
    ------
    UnavailableError
        Where there is no such unit or bank, or no unit is left on.
    """
    snapshot, real = plan.snapshot, plan.answer(raw)
    on, off, silenced = set(on), set(off), set(silenced)
    hidden = 0 if snapshot.base is None else snapshot.base.hidden
    for unit in sorted(on | off):
        if not 0 <= unit < hidden:
            raise UnavailableError(NoUnit(snapshot.version, unit))
    for place in sorted(silenced):
        if not 0 <= place < len(snapshot.banks):
            raise UnavailableError(NoBank(snapshot.version, place))
    base, active = snapshot.base, (set(real.active.tolist()) | on) - off
    if base is not None and (on or off):
        if not active:
            raise UnavailableError(NoUnitLeft())
        # Gates that open exactly these, whatever the input: the rest is answered as ever.
        gates = np.zeros(base.hidden, np.float32)
        gates[sorted(active)] = 1.0
        base = replace(base, theta=np.zeros_like(base.theta), c=gates, k=len(active))
    kept = [place for place in range(len(snapshot.banks)) if place not in silenced]
    imagined = Plan(snapshot.with_(base=base, banks=tuple(snapshot.banks[place] for place in kept)))
    answer = imagined.answer(raw)
    said = said_by(imagined, answer, abstain)
    if said.speaker >= 0:
        said = replace(said, speaker=kept[said.speaker])
    return WhatIf(said_by(plan, real, abstain), said, answer.active.copy())
