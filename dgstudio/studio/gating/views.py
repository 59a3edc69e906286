"""The views of the gating, and what each is called."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from dgstudio.records import dataclass


class View(StrEnum):
    """One of the views."""

    SHARES = "class by unit"
    OVERLAP = "class by class"
    MARGINS = "margins"
    UNITS = "idle and doubled units"
    LOAD = "load"
    COST = "cost"
    FLIPS = "flips"
    NOVELTY = "novelty"
    NEAREST = "nearest examples"


@dataclass(frozen=True, slots=True)
class ViewKind:
    """What a view is called in the list, and what its tooltip says."""

    title: str
    tooltip: str


VIEWS: Final[dict[View, ViewKind]] = {
    View.SHARES: ViewKind("Class × unit", "On which share of the inputs of a class each unit fires"),
    View.OVERLAP: ViewKind("Class × class", "How many units two classes have in common"),
    View.MARGINS: ViewKind("Margins", "How far units are from changing places"),
    View.UNITS: ViewKind("Idle and doubled units", "Units that never fire, always fire, or fire with another"),
    View.LOAD: ViewKind("Load per unit", "How the work is spread over the units"),
    View.COST: ViewKind("Cost of an answer", "Multiply–accumulates of each answer, gates counted"),
    View.FLIPS: ViewKind("Flips a second", "How many units begin or end to fire from answer to answer"),
    View.NOVELTY: ViewKind("Unseen patterns", "How unlike all known gate patterns each answer's is"),
    View.NEAREST: ViewKind("Nearest examples", "Labelled examples that open nearly the same units"),
}
"""In the order of the list."""
