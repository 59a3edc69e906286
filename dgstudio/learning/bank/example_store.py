"""The learning bank's examples: what each needs in the regression, kept sorted by id; and an even choice of some."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dgstudio.learning.bank.locked_bank import Statistics
from dgstudio.types import F64

FIRST_ROOM = 64


class ExampleStore:
    """Rows z, q = M0 z, of K = Q_n Z_nᵀ and of K_nP, one an example, always sorted by id.

    Every number comes from one example, or one pair, in a product of a fixed shape, and K[i, j] is q_i·z_j where
    id i ≥ id j: so the contents depend on the set of examples only, bit for bit, not on the order of labelling.
    """

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self._count = 0
        self._ids = np.zeros(0, np.int64)
        self._class_ids = np.zeros(0, np.int64)
        self._below = np.zeros(0, np.int64)
        self._Z = np.zeros((0, statistics.dim))
        self._Q = np.zeros((0, statistics.dim))
        self._K = np.zeros((0, 0))
        self._K_nP = np.zeros((0, statistics.protected_count))

    def __len__(self) -> int:
        return self._count

    def __contains__(self, example_id: int) -> bool:
        place = self._place(example_id)
        return place < self._count and int(self._ids[place]) == example_id

    def copy(self) -> ExampleStore:
        """The same, to be changed apart; what no example changes is shared."""
        twin = ExampleStore(self._statistics)
        twin._count = self._count
        twin._ids, twin._class_ids, twin._below = self.ids.copy(), self.class_ids.copy(), self.below.copy()
        twin._Z, twin._Q, twin._K, twin._K_nP = self.Z.copy(), self.Q.copy(), self.K.copy(), self.K_nP.copy()
        return twin

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """(n,) ascending. A view; valid until the store changes, as are all the others."""
        return self._ids[: self._count]

    @property
    def class_ids(self) -> npt.NDArray[np.int64]:
        """(n,)."""
        return self._class_ids[: self._count]

    @property
    def below(self) -> npt.NDArray[np.int64]:
        """(n,) class that what lies below the bank answers, −1 for none."""
        return self._below[: self._count]

    @property
    def Z(self) -> F64:
        """(n, D+1)."""
        return self._Z[: self._count]

    @property
    def Q(self) -> F64:
        """(n, D+1), Z M0."""
        return self._Q[: self._count]

    @property
    def K(self) -> F64:
        """(n, n); only the lower triangle is valid."""
        return self._K[: self._count, : self._count]

    @property
    def K_nP(self) -> F64:
        """(n, N)."""
        return self._K_nP[: self._count]

    def add(self, example_id: int, class_id: int, z: F64, below: int) -> None:
        """Add one example; one with the same id is replaced by its new label."""
        if example_id in self:
            self._class_ids[self._place(example_id)] = class_id
            return
        q, against_protected = self._statistics.products(z)
        place = self._open_row(self._place(example_id))
        self._ids[place], self._class_ids[place], self._below[place] = example_id, class_id, below
        self._Z[place], self._Q[place], self._K_nP[place] = z, q, against_protected
        # vecdot is one dot product of D+1 numbers a pair: no bit depends on where in the matrix a row lies.
        self._K[place, : place + 1] = np.vecdot(self._Z[: place + 1], q)
        self._K[place + 1 : self._count, place] = np.vecdot(self._Q[place + 1 : self._count], z)

    def relabel(self, example_id: int, class_id: int) -> None:
        """Give an example that is here another class."""
        self._class_ids[self._place(example_id)] = class_id

    def forget(self, ids: Iterable[int]) -> None:
        """Take examples out; ids that are not here are passed over."""
        gone = np.isin(self.ids, np.fromiter(ids, np.int64))
        if not gone.any():
            return
        kept = np.flatnonzero(~gone)
        count, rest = self._count, len(kept)
        for rows in (self._ids, self._class_ids, self._below, self._Z, self._Q, self._K_nP):
            rows[:rest] = rows[:count][kept]
        self._K[:rest, :rest] = self._K[:count, :count][np.ix_(kept, kept)]
        self._count = rest

    def _place(self, example_id: int) -> int:
        return int(np.searchsorted(self.ids, example_id))

    def _open_row(self, place: int) -> int:
        count = self._count
        if count == len(self._ids):
            self._grow(max(FIRST_ROOM, 2 * count))
        if place < count:
            for rows in (self._ids, self._class_ids, self._below, self._Z, self._Q, self._K_nP):
                rows[place + 1 : count + 1] = rows[place:count].copy()
            K = self._K
            K[place + 1 : count + 1, :count] = K[place:count, :count].copy()
            K[: count + 1, place + 1 : count + 1] = K[: count + 1, place:count].copy()
        self._count = count + 1
        return place

    def _grow(self, room: int) -> None:
        def grown(rows: npt.NDArray[np.float64], columns: int) -> npt.NDArray[np.float64]:
            larger = np.zeros((room, columns))
            larger[: len(rows), : rows.shape[1]] = rows
            return larger

        extra = room - len(self._ids)
        self._ids = np.concatenate([self._ids, np.zeros(extra, np.int64)])
        self._class_ids = np.concatenate([self._class_ids, np.zeros(extra, np.int64)])
        self._below = np.concatenate([self._below, np.zeros(extra, np.int64)])
        self._Z, self._Q = grown(self._Z, self._Z.shape[1]), grown(self._Q, self._Q.shape[1])
        self._K, self._K_nP = grown(self._K, room), grown(self._K_nP, self._K_nP.shape[1])


def spread_by_class(
    ids: npt.NDArray[np.int64], class_ids: npt.NDArray[np.integer], count: int
) -> npt.NDArray[np.int64]:
    """Choose at most `count` ids, as evenly over the classes as they allow, evenly spaced by id within each."""
    groups = [np.sort(ids[class_ids == c]) for c in np.unique(class_ids)]
    room, chosen = count, []
    # Small classes first: what they do not use goes to the larger ones.
    for place, group in enumerate(sorted(groups, key=len)):
        take = min(len(group), room // (len(groups) - place))
        room -= take
        if take:
            chosen.append(group[np.linspace(0, len(group) - 1, take).round().astype(int)])
    return np.sort(np.concatenate(chosen)) if chosen else ids[:0]
