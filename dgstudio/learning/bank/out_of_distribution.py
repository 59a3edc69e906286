"""Unlike anything learned: what of the base's inputs and of the examples a snapshot keeps, so that it can be unsure.

Distances are between normalised inputs whose features are weighted by how much they vary within a class: nothing that
learning changes is read, and a sensor that is dead in one channel stands out however little that channel matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dgstudio.model.ood_reference import Known
from dgstudio.types import F32, F64

ClassIds = npt.NDArray[np.integer]

PROTOTYPES = 64
"""Of a base, shared evenly by its classes: each costs every answer a row of a product."""
SHRINK = 0.3
"""A feature's variance within the classes counts with so much of the mean variance added."""
ROUNDS = 10
"""Of Lloyd's algorithm."""
STRETCHES = 4
"""Of each class, alternately in one half and in the other."""
QUANTILE, SLACK = 0.97, 1.25
"""Of the base's own inputs, what lies within reach of the prototypes of the other half; and a quarter more."""
OF_CLASS, WIDEST = 0.95, 4.0
"""A class reaches as far as the root of its share of the usual distance, at most four times or a quarter."""
FEW, MOST = 10.0, 4.0
"""The reach of n examples a class is (1 + FEW/n) times the usual one, at most four times."""
TAUGHT = 256
"""Examples that a base knows by themselves, at most: each costs every answer a row of a product."""
EDGE = 1e-3
"""Part of a reach within which rounding may decide."""
ALONE = 1.5
"""From nothing, the usual distance counts that many times: it was measured within a few takes of mostly one person."""
FROM = 128
"""Examples that a bank knows by themselves, at most."""
FEWEST = 4
"""Of one class, before its own distances say anything."""
LEAST = 1e-3
"""A reach is at least that many times the number of features."""
LEAD, LEAD_ALONE = 1.5, 0.5
"""Logits by which an answer leads the next: below 1.5, the next class is more than a fifth as probable.

From nothing a third of that: scores are smaller without a base's sums, and most answers that lead by that are right.
"""


def of_base(x: F32, labels: ClassIds) -> Known | None:
    """What a base knows: prototypes of its training inputs (n, d), normalised, with their labels (n,).

    Each class has the centres of a k-means partition. What is usual is measured on one half of the inputs with the
    prototypes of the other, since prototypes lie too close to their own. The halves are stretches of neighbours, in
    turn: windows of one take or one person stand together and are alike. None where the classes are too small to tell.
    """
    weights = within_class(x, labels)
    y = x.astype(np.float64) * weights
    half = _halves(labels)
    share = max(1, PROTOTYPES // len(np.unique(labels)))
    usual = np.full(len(y), np.nan)
    parts = []
    for side in (0, 1):
        inside = half == side
        if inside.all() or not inside.any():
            return None
        near, owners = _prototypes(y[inside], labels[inside], share)
        squares = squared_distances(y[~inside], near)
        parts.append((~inside, squares, owners))
        usual[~inside] = squares.min(1)
    scale = _scale_of_classes(usual, labels, len(weights))
    for rows, squares, owners in parts:
        usual[rows] = (squares / np.array([scale[int(c)] for c in owners])).min(1)
    limit = SLACK * max(float(np.quantile(usual, QUANTILE)), LEAST * len(weights))
    near, owners = _prototypes(y, labels, share)
    reach = limit * np.array([scale[int(c)] for c in owners])
    return Known(weights, near.astype(np.float32), reach.astype(np.float32), lead=LEAD)


def from_nothing(x: F32, labels: ClassIds) -> Known:
    """What a model without a base knows before its banks are asked: how features are weighted, no prototype."""
    return Known(within_class(x, labels), lead=LEAD_ALONE)


def within_class(x: F32, labels: ClassIds) -> F32:
    """One over the standard deviation (d,) of normalised features within the classes, their variance shrunk."""
    data = x.astype(np.float64)
    inner = np.zeros(data.shape[1])
    for class_id in np.unique(labels):
        members = data[labels == class_id]
        inner += np.square(members - members.mean(0)).sum(0)
    inner /= len(data)
    variance = inner + SHRINK * inner.mean()
    if not variance.min() > 0.0:
        return np.ones(data.shape[1], np.float32)
    result: F32 = (1.0 / np.sqrt(variance)).astype(np.float32)
    return result


def examples_near(known: Known, x: F32, labels: ClassIds, count: int) -> tuple[F32, float]:
    """The weighted examples of a bank, (n, d), and the squared distance that they reach.

    It is what is usual for the base's classes, or more where the examples themselves lie further apart: of each class
    the first half by id is looked for from the second and the other way round, since neighbours are alike. The fewer
    there are, the less they say about their class, and the further they reach. Without end where nothing says how far.

    Parameters
    ----------
    x, labels
        Normalised examples (n, d), n ≥ 1, by id, and their class ids (n,): some of them, where there are many.
    count
        Examples a class of the bank, all counted.
    """
    y = x.astype(np.float64) * known.weights
    found = list(_between_halves(y, labels))
    usual = [float(np.quantile(np.concatenate(found), OF_CLASS))] if found else []
    if known.reach is None:
        usual = [ALONE * distance for distance in usual]
    else:
        usual.append(float(known.reach.mean()))
    reach = max(usual, default=np.inf) * min(1.0 + FEW / max(1, count), MOST)
    return coarse(y.astype(np.float32)), max(reach, LEAST * y.shape[1])


def with_taught(known: Known, x: F32, protected: F32) -> Known:
    """What a base knows that has itself learned normalised examples (n, d), in the order in which it learned them.

    Those that are like something known already add nothing. No example reaches a protected input (normalised, (N, d))
    that was unlike all before, so that no verdict on one turns.
    """
    found = known.rows()
    if found is None or known.reach is None:
        return known
    near, reach = found
    first, usual = len(known.reach), float(known.reach.mean())
    y = coarse(x * known.weights).astype(np.float64)
    p = protected.astype(np.float64).reshape(-1, len(known.weights)) * known.weights
    # Those at the edge too, which the kernel's rounding may see on either side.
    unlike = p[~(squared_distances(p, near) < (1.0 - EDGE) * reach).any(1)]
    for row in y:
        if len(near) - first >= TAUGHT:
            break
        if (squared_distances(row[None], near)[0] <= reach).any():
            continue
        nearest = float(squared_distances(row[None], unlike).min(initial=np.inf))
        near = np.concatenate([near, row[None].astype(np.float32)])
        # One by one, so that it does not matter which were learned at a time.
        wanted = usual * min(1.0 + FEW / (len(near) - first), MOST)
        reach = np.append(reach, np.float32(min(wanted, (1.0 - EDGE) * nearest)))
    if len(near) == len(found[0]):
        return known
    return replace(known, taught=near[first:], taught_reach=reach[first:])


def unlikeness(known: Known, banks: list[tuple[F32 | None, float]], x: F32) -> float:
    """The least squared distance of a normalised input (d,) from a prototype or example, over its reach; above 1 it is
    unlike anything learned.

    `banks` are `near` and `reach` of those to be asked. 0 where one of them takes everything for known.
    """
    y = x.astype(np.float64)[None] * known.weights
    shares = []
    rows = known.rows()
    if rows is not None and len(rows[0]):
        shares.append(float((squared_distances(y, rows[0]) / rows[1]).min()))
    for near, reach in banks:
        if near is None or np.isinf(reach):
            return 0.0
        shares.append(float(squared_distances(y, near).min() / reach))
    return min(shares, default=0.0)


def squared_distances(a: F64, b: F64 | F32) -> F64:
    """Between rows (n, d) and rows (m, d): (n, m)."""
    other = b.astype(np.float64)
    squares = np.square(a).sum(1)[:, None] + np.square(other).sum(1)[None] - 2.0 * (a @ other.T)
    result: F64 = np.maximum(squares, 0.0)
    return result


def coarse(values: F32) -> F32:
    """Rounded to 8 significant bits (bfloat16), still float32.

    Examples are compared with a reach that is itself a rough quantile, and they are a large part of a version: with
    half of their bits zero they take a third of the room in a session.
    """
    bits = np.ascontiguousarray(values).view(np.uint32)
    nearest = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (nearest & np.uint32(0xFFFF0000)).view(np.float32)


def _halves(labels: ClassIds) -> npt.NDArray[np.int64]:
    """0 or 1 for each input: stretches of its class, in turn."""
    place = np.empty(len(labels), np.int64)
    for class_id in np.unique(labels):
        members = np.flatnonzero(labels == class_id)
        place[members] = np.arange(len(members)) * STRETCHES // len(members)
    return place % 2


def _scale_of_classes(usual: F64, labels: ClassIds, dim: int) -> dict[int, float]:
    """How far each class reaches beside the others: the root of how much further apart its inputs lie than usual."""
    all_of_them = max(float(np.quantile(usual, OF_CLASS)), LEAST * dim)
    scale = {}
    for class_id in np.unique(labels):
        own = float(np.quantile(usual[labels == class_id], OF_CLASS))
        scale[int(class_id)] = float(np.clip(np.sqrt(own / all_of_them), 1.0 / WIDEST, WIDEST))
    return scale


def _between_halves(y: F64, labels: ClassIds) -> Iterator[F64]:
    """Of each class with enough examples: squared distances from one half to the nearest in the other, both ways."""
    for class_id in np.unique(labels):
        members = y[labels == class_id]
        if len(members) < FEWEST:
            continue
        squares = squared_distances(members[: len(members) // 2], members[len(members) // 2 :])
        yield np.concatenate([squares.min(0), squares.min(1)])


def _prototypes(y: F64, labels: ClassIds, share: int) -> tuple[F64, ClassIds]:
    """At most `share` centres of each class, (K, d), and the classes that they stand for."""
    centres, owners = [], []
    for class_id in np.unique(labels):
        found = _centres(y[labels == class_id], share)
        centres.append(found)
        owners.append(np.full(len(found), class_id))
    return np.concatenate(centres), np.concatenate(owners)


def _centres(y: F64, count: int) -> F64:
    """k-means (Lloyd 1982), begun with inputs each of which is furthest from those before it. No randomness."""
    if len(y) <= count:
        return y
    centres = np.empty((count, y.shape[1]))
    least = np.full(len(y), np.inf)
    place = int(np.square(y - y.mean(0)).sum(1).argmin())
    for number in range(count):
        centres[number] = y[place]
        least = np.minimum(least, np.square(y - y[place]).sum(1))
        place = int(least.argmax())
    for _ in range(ROUNDS):
        owner = squared_distances(y, centres).argmin(1)
        for number in np.unique(owner):
            centres[number] = y[owner == number].mean(0)
    return centres
