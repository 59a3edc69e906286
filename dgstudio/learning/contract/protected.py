"""Protected inputs: inputs whose answers must not move, with the answers they had when they were protected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot, frozen
from dgstudio.records import dataclass
from dgstudio.types import F32

Array = npt.NDArray[Any]
BASES_OWN, RECENT = -1, -2
"""Ids of protected inputs that are no examples of the user's: the base's own, and recent inputs without a label."""
ROWS = ("inputs", "labels", "reference", "ids")
"""The arrays of a cohort, one row an input."""


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Inputs that were protected at the same moment.

    Attributes
    ----------
    inputs : (n, d) float32 raw features.
    labels : (n,) int64 class ids.
    reference : (n, C) float32 logits through the serving kernel when they were protected.
    classes : the C classes that lived then.
    banks : ids of the banks that existed then; every other bank must stay closed on these inputs.
    ids : (n,) int64 ids of the user's examples that they are, else `BASES_OWN` or `RECENT`.
    """

    inputs: F32
    labels: npt.NDArray[np.int64]
    reference: F32
    classes: tuple[int, ...]
    banks: tuple[int, ...]
    ids: npt.NDArray[np.int64]

    def kept(self, rows: npt.NDArray[np.bool_]) -> Cohort:
        """The cohort with only these rows."""
        return replace(
            self,
            inputs=frozen(self.inputs[rows]),
            labels=frozen(self.labels[rows], np.int64),
            reference=frozen(self.reference[rows]),
            ids=frozen(self.ids[rows], np.int64),
        )

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True, eq=False)
class ProtectedSet:
    """P: cohorts in the order in which they joined. Immutable; `joined` makes a larger one."""

    cohorts: tuple[Cohort, ...] = ()

    def __len__(self) -> int:
        return sum(len(cohort) for cohort in self.cohorts)

    def joined(
        self, plan: Plan, inputs: F32, labels: npt.NDArray[np.integer], ids: npt.NDArray[np.integer] | None = None
    ) -> ProtectedSet:
        """P with these raw inputs (n, d), whose reference logits `plan` gives now; `ids` as in `Cohort`."""
        if not len(inputs):
            return self
        snapshot = plan.snapshot
        cohort = Cohort(
            frozen(inputs),
            frozen(labels, np.int64),
            frozen(plan.logits_of_rows(inputs)),
            tuple(snapshot.classes),
            tuple(bank.id for bank in snapshot.banks),
            frozen(np.full(len(inputs), BASES_OWN) if ids is None else ids, np.int64),
        )
        return ProtectedSet((*self.cohorts, cohort))

    def answered_by(self, snapshot: Snapshot) -> ProtectedSet:
        """P with the reference logits that `snapshot` gives by this kernel: for a model that another one served."""
        plans = {cohort.classes: Plan(snapshot.with_(classes=cohort.classes)) for cohort in self.cohorts}
        return ProtectedSet(
            tuple(replace(c, reference=frozen(plans[c.classes].logits_of_rows(c.inputs))) for c in self.cohorts)
        )

    def without(self, ids: Iterable[int]) -> ProtectedSet:
        """P without the user's examples `ids`."""
        gone = np.fromiter(ids, np.int64)
        return self._kept([~np.isin(cohort.ids, gone) for cohort in self.cohorts])

    def without_rows(self, rows: Iterable[int]) -> ProtectedSet:
        """P without the inputs of these numbers, counted over all cohorts."""
        stays = np.ones(len(self), bool)
        stays[np.fromiter(rows, np.int64)] = False
        ends = np.cumsum([len(cohort) for cohort in self.cohorts])
        return self._kept(np.split(stays, ends[:-1]) if self.cohorts else [])

    def _kept(self, rows: Sequence[npt.NDArray[np.bool_]]) -> ProtectedSet:
        pairs = [(cohort, stays) for cohort, stays in zip(self.cohorts, rows, strict=True) if stays.any()]
        return ProtectedSet(tuple(c if stays.all() else c.kept(stays) for c, stays in pairs))

    @property
    def inputs(self) -> F32:
        """All raw inputs, (N, d), in order; (0, 0) where there are none."""
        if not self.cohorts:
            return np.zeros((0, 0), np.float32)
        return np.concatenate([cohort.inputs for cohort in self.cohorts])

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """All class ids, (N,)."""
        return np.concatenate([np.zeros(0, np.int64), *(cohort.labels for cohort in self.cohorts)])

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """The user's example that each is, (N,), else `BASES_OWN` or `RECENT`."""
        return np.concatenate([np.zeros(0, np.int64), *(cohort.ids for cohort in self.cohorts)])

    def stretches(self, start: int, count: int) -> Iterator[tuple[Cohort, slice]]:
        """Cohorts, and the rows of each that are among `count` inputs from number `start` on, going round once."""
        total = len(self)
        left = min(count, total)
        place = start % total if total else 0
        while left > 0:
            first = 0
            for cohort in self.cohorts:
                here = slice(max(0, place - first), min(len(cohort), place - first + left))
                first += len(cohort)
                if here.start < here.stop:
                    yield cohort, here
                    left -= here.stop - here.start
                    place = first
            place = 0

    def to_arrays(self) -> tuple[dict[str, Array], list[dict[str, list[int]]]]:
        """Arrays by name, and what goes beside them as JSON."""
        arrays: dict[str, Array] = {}
        meta = []
        for index, cohort in enumerate(self.cohorts):
            arrays |= {f"cohort.{index}.{name}": getattr(cohort, name) for name in ROWS}
            meta.append({"classes": list(cohort.classes), "banks": list(cohort.banks)})
        return arrays, meta

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], meta: list[dict[str, list[int]]]) -> ProtectedSet:
        """What `to_arrays` gave, byte for byte."""
        return cls(
            tuple(
                Cohort(
                    frozen(arrays[f"cohort.{index}.inputs"]),
                    frozen(arrays[f"cohort.{index}.labels"], np.int64),
                    frozen(arrays[f"cohort.{index}.reference"]),
                    tuple(entry["classes"]),
                    tuple(entry["banks"]),
                    frozen(arrays[f"cohort.{index}.ids"], np.int64),
                )
                for index, entry in enumerate(meta)
            )
        )
