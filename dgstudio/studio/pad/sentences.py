"""What the pad says in words: what the map shows, and what to do where there is none yet."""

from __future__ import annotations

import numpy as np

from dgstudio.engine.plane.decision_map import DecisionMap
from dgstudio.studio.bridge.state import MapMode

START = "Nothing is known yet. Hold {first} while you move here, then {second} somewhere else: two places make a map."
HOW = "Move a mouse, a finger or a pen over the pad, or use the arrow keys there; hold a class's key to label it."
AT_REST = " Shown for a pointer at rest."


def share_text(flags: np.ndarray) -> str:
    """Return which part of the plane these cells are."""
    share = 100 * float(np.mean(flags))
    return f"{share:.0f}\u00a0%" if share >= 1 or share == 0 else "under 1\u00a0%"


def map_words(made: DecisionMap, mode: MapMode, *, moves: bool) -> str:
    """Return one sentence on what the map shows; `moves`: velocity is part of the input, and 0 on the map."""
    version, rest = made.snapshot.version, AT_REST if moves else ""
    if mode is MapMode.CLASS:
        return f"What v{version} answers at each place: strong where it is sure, hatched where it is unsure.{rest}"
    if mode is MapMode.UNITS:
        sets = len(np.unique(made.active_sets))
        banks = made.answers.speakers >= 0
        spoken = f" Inside the thick line a bank speaks ({share_text(banks)})." if banks.any() else ""
        if banks.all():
            spoken = " A bank speaks everywhere."
        if made.snapshot.base is None:
            return f"There is no base, so there are no units to be active.{spoken}{rest}"
        return f"One colour for each set of active units: {sets} sets.{spoken}{rest}"
    equal = made.certified
    if equal is None:
        return "Nothing is protected yet, so no answer is certified: protect what it knows (P)."
    if equal.all():
        return f"Every answer of v{version} is byte for byte that of v{made.reference}.{rest}"
    return (
        f"Plain: byte for byte the answer of v{made.reference} ({share_text(equal)}). "
        f"Hatched: answered anew in v{version}.{rest}"
    )


def unit_words(made: DecisionMap, unit: int) -> str:
    """Return one sentence on where a unit is active."""
    return f"Unit {unit} is active inside the outline: {share_text(made.fires(unit))} of the plane."
