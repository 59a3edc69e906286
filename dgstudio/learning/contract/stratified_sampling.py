"""A spread of inputs: as even over the classes as they allow, and within each class over the regions of its inputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.types import F32

Ints = npt.NDArray[np.int64]


def shares(counts: dict[int, int], room: int) -> dict[int, int]:
    """How many of `room` places each class gets that has so many candidates; what small ones do not use goes on."""
    given: dict[int, int] = {}
    for place, (class_id, count) in enumerate(sorted(counts.items(), key=lambda pair: (pair[1], pair[0]))):
        given[class_id] = min(count, room // (len(counts) - place))
        room -= given[class_id]
    return given


def farthest_first(rows: F32, count: int, held: F32 | None = None) -> Ints:
    """Choose `count` of rows (n, d), each the one that is farthest from all that were chosen before it.

    Gonzalez (1985): no row is farther from a chosen one than twice what the best choice of so many would leave, so
    that no region of the inputs is without one. Ties go to the lower index, so that the choice is a function of rows.

    Parameters
    ----------
    held
        (m, d) rows that are chosen already, and are not counted; without any the first is the one nearest the mean.
    """
    x = rows.astype(np.float64)
    if held is not None and len(held):
        near = np.full(len(x), np.inf)
        for row in held.astype(np.float64):
            np.minimum(near, np.square(x - row).sum(1), out=near)
    else:
        # The nearest to the mean comes first.
        near = -np.square(x - x.mean(0)).sum(1) if len(x) else np.zeros(0)
    chosen: list[int] = []
    for place in range(min(count, len(x))):
        best = int(near.argmax())
        chosen.append(best)
        gaps = np.square(x - x[best]).sum(1)
        near = gaps if place == 0 and (held is None or not len(held)) else np.minimum(near, gaps)
        near[chosen] = -1.0
    return np.array(chosen, np.int64)


def spread(
    rows: F32,
    class_ids: npt.NDArray[np.integer],
    room: int,
    held: F32 | None = None,
    held_classes: npt.NDArray[np.integer] | None = None,
) -> Ints:
    """Choose at most `room` of rows (n, d), evenly over the classes, over the regions of its inputs within each.

    Parameters
    ----------
    rows
        Normalised, so that every feature counts the same.
    held, held_classes
        (m, d) rows that are taken already, and their classes: where one lies another is not needed first.

    Returns
    -------
    Indices, ascending.
    """
    classes, counts = np.unique(class_ids, return_counts=True)
    given = shares(dict(zip(classes.tolist(), counts.tolist(), strict=True)), room)
    chosen: list[Ints] = [np.zeros(0, np.int64)]
    for class_id, count in given.items():
        members = np.flatnonzero(class_ids == class_id)
        taken = None if held is None or held_classes is None else held[held_classes == class_id]
        chosen.append(members[farthest_first(rows[members], count, taken)])
    return np.sort(np.concatenate(chosen))


def radius(rows: F32, chosen: Ints) -> float:
    """How far the row is from its nearest chosen one that is farthest from it: what a choice leaves uncovered."""
    if not len(chosen) or not len(rows):
        return float("inf") if len(rows) else 0.0
    x = rows.astype(np.float64)
    return float(np.sqrt(max(np.square(x[chosen] - row).sum(1).min() for row in x)))
