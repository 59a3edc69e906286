"""What an example's neighbours in feature space say of it: likely mislabelled, conflicting, there twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dgstudio.model.snapshot import Normaliser
from dgstudio.records import dataclass
from dgstudio.types import F32

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEIGHBOURS = 5
"""k of the vote."""
NEAR = 0.1
"""Two inputs are nearly identical where they differ by at most this, in standard deviations, root mean square."""
COMPARED_WITH = 10_000
"""Each example is compared with at most so many others: of more, with as many, spread evenly over the classes."""
BLOCK = 32
"""Examples that are compared at a time: some two milliseconds."""
PORTION = 2048
"""Examples that are standardised at a time."""
FAR = np.float32(np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """One entry an example, in the order given; see `look_around`.

    Attributes
    ----------
    voted : the class that most of the neighbours have: another than the example's own where it is likely mislabelled.
    judged : whether there was enough to compare it with.
    conflicting : another example has a nearly identical input and another label.
    identical : another example of the class has the same input, byte for byte.
    near : one of the class, and of another take, has a nearly identical input.
    compared_with : how many others each was compared with.
    """

    voted: Ids
    judged: Flags
    conflicting: Flags
    identical: Flags
    near: Flags
    compared_with: int


def standardised(raw: F32, normaliser: Normaliser | None) -> F32:
    """Features (n, d) as the learner sees them; without a normaliser of its own, by these examples' spread."""
    finite = np.nan_to_num(raw, nan=0.0, posinf=0.0, neginf=0.0)
    return (normaliser or Normaliser.fit(finite))(finite)


def look_around(
    raw: F32,
    labels: Ids,
    takes: Ids,
    spans: npt.NDArray[np.float64],
    normaliser: Normaliser | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Neighbourhood | None:
    """Judge examples by their neighbours (standardised as the learner does, Euclidean distance).

    An example is likely mislabelled where the majority of its k = 5 nearest neighbours, itself left out, has another
    class: Wilson's editing rule (D. L. Wilson, "Asymptotic properties of nearest neighbor rules using edited data",
    IEEE Trans. SMC 2, 1972). Windows of one take share most of their samples, and would always agree: so its whole
    take is left out. Where its class has one take only, the windows of that take that share no sample with it count.
    With fewer than k examples of its own class to compare it with, it is not judged.

    Parameters
    ----------
    raw
        Features (n, d) before the normaliser.
    labels, takes
        Class and take of each, (n,).
    spans
        Beginning and end of each window, (n, 2), stream time.
    normaliser
        The learner's, if it has one by now.
    go_on
        Called between blocks; False ends the work.

    Returns
    -------
    None where `go_on` said so.
    """
    count = len(raw)
    voted, judged = labels.copy(), np.zeros(count, bool)
    conflicting, near = np.zeros(count, bool), np.zeros(count, bool)
    if not count:
        return Neighbourhood(voted, judged, conflicting, judged.copy(), near, 0)
    identical = _identical(raw, labels, conflicting, go_on)
    if identical is None:
        return None
    x = _in_portions(raw, normaliser, go_on)
    if x is None:
        return None
    others = _spread_over_classes(labels)
    known = _Known(x[others], labels[others], takes[others], spans[others])
    alone = _single_takes(labels, takes)
    within = np.float32(NEAR * NEAR * x.shape[1])
    for start in range(0, count, BLOCK):
        if not go_on():
            return None
        block = slice(start, min(start + BLOCK, count))
        mine = np.arange(block.start, block.stop)
        away = known.distances(x[block])
        itself = others[None, :] == mine[:, None]
        other_take = known.takes[None, :] != takes[block, None]
        alike = known.labels[None, :] == labels[block, None]
        close = (away <= within) & ~itself
        _mark(conflicting, mine, others, close & ~alike)
        _mark(near, mine, others, close & alike & other_take)
        allowed = other_take | (alone[block, None] & ~known.overlaps(spans[block]) & ~itself)
        judged[block] = (allowed & alike).sum(1) >= NEIGHBOURS
        away[~allowed] = FAR
        voted[block] = np.where(judged[block], known.vote(away, labels[block]), labels[block])
    return Neighbourhood(voted, judged, conflicting, identical, near, len(others))


def _in_portions(raw: F32, normaliser: Normaliser | None, go_on: Callable[[], bool]) -> F32 | None:
    """All of them standardised."""
    if normaliser is None:
        normaliser = Normaliser.fit(np.nan_to_num(raw, nan=0.0, posinf=0.0, neginf=0.0))
    x = np.empty_like(raw)
    for start in range(0, len(raw), PORTION):
        if not go_on():
            return None
        x[start : start + PORTION] = standardised(raw[start : start + PORTION], normaliser)
    return x


class _Known:
    """What examples are compared with."""

    def __init__(self, x: F32, labels: Ids, takes: Ids, spans: npt.NDArray[np.float64]) -> None:
        self.labels, self.takes = labels, takes
        self._x, self._spans = x, spans
        self._squares = np.einsum("ij,ij->i", x, x)

    def distances(self, x: F32) -> F32:
        """Squared distances (b, m) from x (b, d)."""
        away: F32 = x @ self._x.T
        away *= np.float32(-2)
        away += self._squares
        away += np.einsum("ij,ij->i", x, x)[:, None]
        return away

    def overlaps(self, spans: npt.NDArray[np.float64]) -> Flags:
        """Whether windows share samples, (b, m), as far as times tell."""
        shared: Flags = (self._spans[None, :, 0] < spans[:, None, 1]) & (spans[:, None, 0] < self._spans[None, :, 1])
        return shared

    def vote(self, away: F32, own: Ids) -> Ids:
        """The class that most of the nearest have, (b,); where several have as many, its own if it is among them."""
        k = min(NEIGHBOURS, away.shape[1])
        nearest = np.argpartition(away, k - 1, axis=1)[:, :k]
        classes = np.where(np.isfinite(np.take_along_axis(away, nearest, 1)), self.labels[nearest], own[:, None])
        votes = (classes[:, :, None] == classes[:, None, :]).sum(2)
        # In halves: a tie goes to its own class.
        best = np.argmax(2 * votes + (classes == own[:, None]), axis=1)
        chosen: Ids = classes[np.arange(len(classes)), best]
        return chosen


def _mark(flags: Flags, mine: Ids, others: Ids, pairs: Flags) -> None:
    """Set the flags of both of each pair."""
    flags[mine[pairs.any(1)]] = True
    flags[others[pairs.any(0)]] = True


def _identical(raw: F32, labels: Ids, conflicting: Flags, go_on: Callable[[], bool]) -> Flags | None:
    """Which inputs occur again with the same label; those that occur with another one are conflicting."""
    firsts: dict[bytes, int] = {}
    first = np.empty(len(raw), np.int64)
    """Row of the first example with this input. No list a row: tens of thousands of them rouse the collector."""
    for row in range(len(raw)):
        if row % 1024 == 1023 and not go_on():
            return None
        first[row] = firsts.setdefault(raw[row].tobytes(), row)
    identical = np.zeros(len(raw), bool)
    rows = np.flatnonzero(np.bincount(first, minlength=len(raw))[first] > 1)
    another = first[rows[labels[rows] != labels[first[rows]]]]
    conflicting[rows] |= np.isin(first[rows], another)
    classes, place = np.unique(labels[rows], return_inverse=True)
    _, pair, counts = np.unique(first[rows] * len(classes) + place, return_inverse=True, return_counts=True)
    identical[rows] = counts[pair] > 1
    return identical


def _spread_over_classes(labels: Ids) -> Ids:
    """Rows to compare with, ascending: all, or `COMPARED_WITH`, small classes wholly, large ones at even steps."""
    if len(labels) <= COMPARED_WITH:
        return np.arange(len(labels))
    rows_of = sorted((np.flatnonzero(labels == label) for label in np.unique(labels)), key=len)
    chosen, left = [], COMPARED_WITH
    for place, rows in enumerate(rows_of):
        share = min(len(rows), left // (len(rows_of) - place))
        chosen.append(rows[np.linspace(0, len(rows) - 1, share).astype(np.int64)])
        left -= share
    return np.unique(np.concatenate(chosen))


def _single_takes(labels: Ids, takes: Ids) -> Flags:
    """Which examples are of a class that has one take only."""
    # Of each run of the same take and class one will do; sorting pairs holds the interpreter.
    begins = np.flatnonzero((labels[1:] != labels[:-1]) | (takes[1:] != takes[:-1])) + 1
    one = np.concatenate([np.zeros(1, np.int64), begins])
    pairs = set(zip(labels[one].tolist(), takes[one].tolist(), strict=True))
    classes, counts = np.unique(np.array([label for label, _ in pairs], np.int64), return_counts=True)
    single: Flags = (counts == 1)[np.searchsorted(classes, labels)]
    return single
