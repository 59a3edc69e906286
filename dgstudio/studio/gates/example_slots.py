"""Places for the examples that carry an answer: one keeps its place as long as it stays among the strongest."""

from __future__ import annotations

from collections.abc import Sequence

from dgstudio.studio.bridge.state import CellView

SLOTS = 60
"""Examples that are shown at most."""


class ExampleSlots:
    """`SLOTS` places, each with a CellView or None."""

    def __init__(self) -> None:
        self.places: list[CellView | None] = [None] * SLOTS

    @property
    def filled(self) -> int:
        """How many places hold an example."""
        return sum(cell is not None for cell in self.places)

    def show(self, cells: Sequence[CellView]) -> None:
        """Take up the strengths of one answer; newcomers fill the free places, grouped by class."""
        wanted = {cell.example_id: cell for cell in cells[:SLOTS]}
        for place, cell in enumerate(self.places):
            if cell is not None:
                self.places[place] = wanted.pop(cell.example_id, None)
        if wanted:
            free = [place for place, cell in enumerate(self.places) if cell is None]
            newcomers = sorted(wanted.values(), key=lambda cell: (cell.class_id, cell.example_id))
            for place, cell in zip(free, newcomers, strict=False):
                self.places[place] = cell
