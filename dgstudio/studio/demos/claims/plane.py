"""What a demo can say of the plane of a pointer: how much of it each class has, its patches, what is certified."""

from __future__ import annotations

import numpy as np

from dgstudio.engine.plane.decision_map import DecisionMap


class PlaneFigures:
    """Figures of the newest map, worked out once for each. Qt thread only."""

    def __init__(self) -> None:
        self._map: DecisionMap | None = None
        self._shares: dict[int, float] = {}
        self.patches: int | None = None
        """How many different sets of units answer somewhere."""
        self.certified: float | None = None
        """Share of the plane whose answer is the last protected version's, to the last bit."""

    def follow(self, made: DecisionMap | None) -> None:
        """Take up the newest map."""
        if made is self._map or made is None:
            return
        self._map = made
        tops, classes = made.tops, made.snapshot.classes
        self._shares = {class_id: float((tops == column).mean()) for column, class_id in enumerate(classes)}
        self.patches = len(np.unique(made.active_sets))
        certified = made.certified
        self.certified = None if certified is None else float(certified.mean())

    def share(self, class_id: int) -> float | None:
        """Share of the plane that is answered with a class; None before there is a map."""
        return None if self._map is None else self._shares.get(class_id, 0.0)
