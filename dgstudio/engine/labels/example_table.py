"""The examples that stand as arrays, brought up to date by what has changed: nobody walks over all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.records import dataclass
from dgstudio.types import Example

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]


def places_of(ids: Ids, known: Ids) -> tuple[Ids, Flags]:
    """Where these ids stand among the known ones (both ascending), and whether they do: else the place is any."""
    if len(ids) == len(known) and np.array_equal(ids, known):
        return np.arange(len(ids)), np.ones(len(ids), bool)
    if not len(known):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return places, known[places] == ids


def distinct(ids: Ids) -> Ids:
    """Each of these ids once, ascending. Takes and classes come in runs: of each run only one is looked at."""
    if not len(ids):
        return ids
    begins = np.flatnonzero(ids[1:] != ids[:-1]) + 1
    return np.unique(np.concatenate([ids[:1], ids[begins]]))


@dataclass(frozen=True, slots=True, eq=False)
class ExampleArrays:
    """Examples by id, ascending; and of each, as arrays (n,): id, class, take, beginning and end of its window (stream
    seconds), whether it is learned, whether it has its raw window. For all threads, to be read only.
    """

    examples: Sequence[Example]
    ids: Ids
    class_ids: Ids
    take_ids: Ids
    starts: Reals
    ends: Reals
    learn: Flags
    pictured: Flags

    @staticmethod
    def of(examples: Sequence[Example]) -> ExampleArrays:
        """Of examples that are by id, ascending."""
        count = len(examples)
        return ExampleArrays(
            examples,
            np.fromiter((e.id for e in examples), np.int64, count),
            np.fromiter((e.class_id for e in examples), np.int64, count),
            np.fromiter((e.take_id for e in examples), np.int64, count),
            np.fromiter((e.start for e in examples), np.float64, count),
            np.fromiter((e.end for e in examples), np.float64, count),
            np.fromiter((e.learn for e in examples), bool, count),
            np.fromiter((e.raw is not None for e in examples), bool, count),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def after(self, touched: Collection[int], now: Mapping[int, Example]) -> ExampleArrays:
        """What stands after a change of the examples `touched`: those of them that stand are in `now`."""
        changed = np.sort(np.fromiter(touched, np.int64, len(touched)))
        fresh = ExampleArrays.of([now[identity] for identity in changed.tolist() if identity in now])
        places, here = places_of(changed, self.ids)
        keep = np.ones(len(self), bool)
        keep[places[here]] = False
        if keep.all() and (not len(self) or not len(fresh) or fresh.ids[0] > self.ids[-1]):
            return self._followed_by(fresh)
        if np.array_equal(self.ids[~keep], fresh.ids):
            return self._with(np.flatnonzero(~keep), fresh)
        left = ExampleArrays(
            list(compress(self.examples, keep.tolist())),
            self.ids[keep],
            self.class_ids[keep],
            self.take_ids[keep],
            self.starts[keep],
            self.ends[keep],
            self.learn[keep],
            self.pictured[keep],
        )
        whole = left._followed_by(fresh)
        return whole if not len(left) or not len(fresh) or fresh.ids[0] > left.ids[-1] else whole._by_id()

    def _with(self, rows: Ids, fresh: ExampleArrays) -> ExampleArrays:
        """With other examples of the same ids in these rows."""
        examples = list(self.examples)
        for row, example in zip(rows.tolist(), fresh.examples, strict=True):
            examples[row] = example
        return ExampleArrays(
            examples,
            self.ids,
            _put(self.class_ids, rows, fresh.class_ids),
            _put(self.take_ids, rows, fresh.take_ids),
            _put(self.starts, rows, fresh.starts),
            _put(self.ends, rows, fresh.ends),
            _put(self.learn, rows, fresh.learn),
            _put(self.pictured, rows, fresh.pictured),
        )

    def _followed_by(self, fresh: ExampleArrays) -> ExampleArrays:
        if not len(fresh):
            return self
        return ExampleArrays(
            [*self.examples, *fresh.examples],
            np.concatenate([self.ids, fresh.ids]),
            np.concatenate([self.class_ids, fresh.class_ids]),
            np.concatenate([self.take_ids, fresh.take_ids]),
            np.concatenate([self.starts, fresh.starts]),
            np.concatenate([self.ends, fresh.ends]),
            np.concatenate([self.learn, fresh.learn]),
            np.concatenate([self.pictured, fresh.pictured]),
        )

    def _by_id(self) -> ExampleArrays:
        order = np.argsort(self.ids, kind="stable")
        return ExampleArrays(
            [self.examples[row] for row in order.tolist()],
            self.ids[order],
            self.class_ids[order],
            self.take_ids[order],
            self.starts[order],
            self.ends[order],
            self.learn[order],
            self.pictured[order],
        )


def _put(values: npt.NDArray[Any], rows: Ids, others: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A copy with other values in these rows."""
    values = values.copy()
    values[rows] = others
    return values
