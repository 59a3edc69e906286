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

NEAREST = 3
"""As many takes of a class say how near it is."""
NEARER = 0.85
"""A take is suspected where another class is nearer than its own by this factor."""
FEWEST = 5
"""With fewer windows of its own class in other takes to compare it with, a take is not judged."""
SPARE = 12
"""Of each class so many nearest takes are remembered: some of them may be suspected themselves."""
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
    voted : the class that its take lies nearest to: another than the example's own where that is likely mislabelled.
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
    normaliser: Normaliser | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Neighbourhood | None:
    """Judge takes, and with them their examples, by what lies near (standardised as the learner does, Euclidean).

    Windows of one take share most of their samples: they are no witnesses of each other, and right or wrong together.
    So a take votes once, and is suspected as a whole. How far one take lies from another is the mean, over its windows,
    of the distance to the other's nearest window; how far from a class, the mean over the three nearest takes of it. A
    take is likely mislabelled where another class is nearer than its own by `NEARER`: nearest neighbours with an equal
    voice for each class, a form of Wilson's editing rule ("Asymptotic properties of nearest neighbor rules using edited
    data", IEEE Trans. SMC 2, 1972). The most suspect take goes first and is asked no more, so that it does not
    turn those beside it into suspects. What was relabelled within a take counts as a take of its own, for which the
    rest of the take says nothing. With fewer than five windows of its own class in other takes to compare it with, a
    take is not judged, nor where all of these are suspected themselves. So the only take of a class never is: how
    near its windows lie to each other says how even it was, not what it was of, and a new class may well lie near
    another one.

    Parameters
    ----------
    raw
        Features (n, d) before the normaliser.
    labels, takes
        Class and take of each, (n,).
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
    known = _Known(x[others], labels[others], takes[others])
    within = np.float32(NEAR * NEAR * x.shape[1])
    bouts = _Bouts(labels, takes, known)
    for start in range(0, count, BLOCK):
        if not go_on():
            return None
        mine = bouts.order[start : start + BLOCK]
        away = known.distances(x[mine])
        itself = others[None, :] == mine[:, None]
        other_take = known.takes[None, :] != takes[mine, None]
        alike = known.labels[None, :] == labels[mine, None]
        close = (away <= within) & ~itself
        _mark(conflicting, mine, others, close & ~alike)
        _mark(near, mine, others, close & alike & other_take)
        bouts.note(mine, away, other_take)
    verdicts = bouts.verdicts(go_on)
    if verdicts is None:
        return None
    for bout, (class_id, enough) in enumerate(verdicts):
        rows = bouts.rows(bout)
        voted[rows], judged[rows] = class_id, enough
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

    def __init__(self, x: F32, labels: Ids, takes: Ids) -> None:
        self.labels, self.takes, self._x = labels, takes, x
        self._squares = np.einsum("ij,ij->i", x, x)

    def distances(self, x: F32) -> F32:
        """Squared distances (b, m) from x (b, d)."""
        away: F32 = x @ self._x.T
        away *= np.float32(-2)
        away += self._squares
        away += np.einsum("ij,ij->i", x, x)[:, None]
        return away


class _Bouts:
    """Examples by take and label, and how far each of these lies from those that are compared with."""

    def __init__(self, labels: Ids, takes: Ids, known: _Known) -> None:
        self.order = np.lexsort((np.arange(len(labels)), labels, takes))
        starts = _starts(takes[self.order], labels[self.order])
        self._ends = np.append(starts[1:], len(labels))
        self._starts = starts
        self.labels, self._takes = labels[self.order[starts]], takes[self.order[starts]]
        self._of = np.empty(len(labels), np.int64)
        self._of[self.order] = np.repeat(np.arange(len(starts)), self._ends - starts)
        # The others, in the same order, and to which bout each of them belongs.
        self._columns = np.lexsort((known.labels, known.takes))
        known_takes, known_labels = known.takes[self._columns], known.labels[self._columns]
        self._edges = _starts(known_takes, known_labels)
        place = {pair: bout for bout, pair in enumerate(zip(self._takes.tolist(), self.labels.tolist(), strict=True))}
        named = zip(known_takes[self._edges].tolist(), known_labels[self._edges].tolist(), strict=True)
        self._witness = np.array([place[pair] for pair in named], np.int64)
        self._sizes = np.diff(np.append(self._edges, len(known_takes)))
        self._nearest: list[list[tuple[float, int]]] = [[] for _ in starts]
        """Of each bout, distances and bouts of the nearest takes of each class."""
        self._bout = -1
        self._sums, self._windows = np.zeros(len(self._edges)), 0

    def rows(self, bout: int) -> Ids:
        """The examples of one of them."""
        return self.order[self._starts[bout] : self._ends[bout]]

    def note(self, mine: Ids, away: F32, other_take: Flags) -> None:
        """Take up squared distances (b, m) from examples `mine`, the next in order, to the others."""
        of_others = np.where(other_take, away, FAR)[:, self._columns]
        nearest = np.sqrt(np.maximum(np.minimum.reduceat(of_others, self._edges, axis=1), 0.0))
        for row, bout in enumerate(self._of[mine].tolist()):
            if bout != self._bout:
                self._close()
                self._bout = bout
            self._sums += nearest[row]
            self._windows += 1

    def _close(self) -> None:
        """Remember what matters of the bout whose windows have all been noted."""
        if self._bout < 0:
            return
        far = self._sums / self._windows
        labels = self.labels[self._witness]
        for class_id in np.unique(labels[np.isfinite(far)]).tolist():
            columns = np.flatnonzero((labels == class_id) & np.isfinite(far))
            closest = columns[np.argsort(far[columns], kind="stable")[:SPARE]]
            self._nearest[self._bout] += [(float(far[c]), int(self._witness[c])) for c in closest.tolist()]
        self._sums, self._windows = np.zeros(len(self._edges)), 0

    def verdicts(self, go_on: Callable[[], bool]) -> list[tuple[int, bool]] | None:
        """Of each bout the class that it lies nearest to, and whether there was enough to tell; None: `go_on`."""
        self._close()
        enough = self._enough()
        found = self.labels.copy()
        asked_by: dict[int, list[int]] = {}
        for bout, nearest in enumerate(self._nearest):
            for _, witness in nearest:
                asked_by.setdefault(witness, []).append(bout)
        trusted = np.ones(len(self.labels), bool)
        ratios = np.zeros(len(self.labels))
        nearer = self.labels.copy()
        touched = [bout for bout in range(len(self.labels)) if enough[bout]]
        while touched:
            if not go_on():
                return None
            for bout in touched:
                ratios[bout], nearer[bout] = self._ratio(bout, trusted)
            ratios[~trusted] = 0.0
            worst = int(ratios.argmax())
            if not ratios[worst] * NEARER > 1.0:
                break
            found[worst], trusted[worst] = nearer[worst], False
            touched = [bout for bout in asked_by.get(worst, []) if enough[bout] and trusted[bout]]
            touched.append(worst)
        judged = [enough[bout] and self._has_witness(bout, trusted) for bout in range(len(found))]
        return list(zip(found.tolist(), judged, strict=True))

    def _has_witness(self, bout: int, trusted: Flags) -> bool:
        """Whether a take of the same class that is not suspected lies near it, or it is suspected itself."""
        own = (witness for _, witness in self._nearest[bout] if self.labels[witness] == self.labels[bout])
        return not trusted[bout] or any(trusted[witness] for witness in own)

    def _enough(self) -> list[bool]:
        """Whether there are enough windows of its class in other takes."""
        own: dict[tuple[int, int], int] = {}
        total: dict[int, int] = {}
        for witness, size in zip(self._witness.tolist(), self._sizes.tolist(), strict=True):
            take, label = int(self._takes[witness]), int(self.labels[witness])
            own[take, label] = own.get((take, label), 0) + size
            total[label] = total.get(label, 0) + size
        found = []
        for take, label in zip(self._takes.tolist(), self.labels.tolist(), strict=True):
            found.append(total.get(label, 0) - own.get((take, label), 0) >= FEWEST)
        return found

    def _ratio(self, bout: int, trusted: Flags) -> tuple[float, int]:
        """How many times as far its own class lies as the nearest other one, and which that is; 0: nothing to say."""
        label = int(self.labels[bout])
        by_class: dict[int, list[float]] = {}
        for far, witness in self._nearest[bout]:
            if trusted[witness]:
                by_class.setdefault(int(self.labels[witness]), []).append(far)
        means = {c: sum(far[:NEAREST]) / len(far[:NEAREST]) for c, far in by_class.items()}
        own = means.pop(label, None)
        if not means or own is None:
            return 0.0, label
        closest = min(means, key=lambda c: (means[c], c))
        return own / max(means[closest], float(np.finfo(np.float32).tiny)), closest


def _starts(takes: Ids, labels: Ids) -> Ids:
    """Where a new take or label begins."""
    begins = np.flatnonzero((takes[1:] != takes[:-1]) | (labels[1:] != labels[:-1])) + 1
    return np.concatenate([np.zeros(1, np.int64), begins])


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
