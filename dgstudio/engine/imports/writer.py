"""An import on its way into the session: block after block out of sight, then one act that lets all of it stand."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from dgstudio.engine.imports.example_builder import blocks_of, examples_of, takes_of
from dgstudio.engine.imports.plan import ImportPlan
from dgstudio.engine.labels.import_door import ImportDoor
from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text
from dgstudio.streams.imports.watch import Stopped, Watch
from dgstudio.types import Act, ClassInfo, Example, Take

GROUP = 1024
"""Examples written as one transaction: in between, what is labelled meanwhile has its turn."""


def store_import(door: ImportDoor, plan: ImportPlan, watch: Watch) -> None:
    """Make the examples of a plan and put them into the session; in a thread of its own, while dg-store runs.

    Everything before the last step is out of sight: whatever ends it, `Stopped` or the end of the program, leaves the
    labels as they were.

    Raises
    ------
    Stopped
        If `watch` says so, or dg-store has ended.
    """
    if plan.blocker:
        raise Stopped(plan.blocker)
    first_example, first_take = door.reserve(plan.total, int(plan.takes.max()) + 1)
    written = 0
    try:
        pending: list[Example] = []
        for block in blocks_of(plan, watch):
            pending += examples_of(plan, block, first_example, first_take)
            if len(pending) >= GROUP:
                door.put_hidden(pending)
                written += len(pending)
                pending = []
        door.put_hidden(pending)
        written += len(pending)
        watch.at(1.0)
    except Stopped:
        door.drop_hidden(range(first_example, first_example + written))
        raise
    door.let_stand(_LetStand(plan, first_example, first_take))


class _LetStand:
    """What dg-store does at the end: makes the classes, the takes and the act."""

    def __init__(self, plan: ImportPlan, first_example: int, first_take: int) -> None:
        self._plan = plan
        self._first_example, self._first_take = first_example, first_take
        self.name = plain_text(plan.table.path.name, LABEL)

    def __call__(
        self,
        class_of: Callable[[str], tuple[ClassInfo, bool]],
        made: Callable[[str, dict[int, list[int]], list[ClassInfo]], Act],
        add_takes: Callable[[list[Take]], None],
    ) -> Act:
        """Find or make each class, add the takes, and return the act."""
        plan = self._plan
        found = [class_of(entry.name) if entry.count else None for entry in plan.classes]
        ids = [-1 if entry is None else entry[0].id for entry in found]
        add_takes(takes_of(plan, ids, self._first_take, time.time()))
        labelled = {
            ids[label]: (np.flatnonzero(plan.label_of == label) + self._first_example).tolist()
            for label in np.unique(plan.label_of).tolist()
        }
        return made(self.name, labelled, [entry[0] for entry in found if entry is not None and entry[1]])
