"""Exact attribution: an answer of the learning bank, and its change, as sums over statistics and labelled examples."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.types import F32, F64


class Evidence:
    """What a bank of a version rests on: t = base_partᵀ z + Σ_i α_i (q_i·z), r − 1 in the last column (design 3).

    Immutable. Any thread may hold one; its methods are for one thread at a time.

    Attributes
    ----------
    version : of the snapshot that it explains.
    example_ids, class_ids : (n,) int64.
    classes : the bank's own classes, the columns of `alpha` but the last.
    alpha : (n, C+1) float64.
    Q : (n, D+1) float32, M0 z of each example.
    base_part : (D+1, C+1) float64.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        example_ids: npt.NDArray[np.int64],
        class_ids: npt.NDArray[np.int64],
        classes: tuple[int, ...],
        alpha: F64,
        Q: F32,
        base_part: F64,
    ) -> None:
        self.version = snapshot.version
        self.example_ids = example_ids
        self.class_ids = class_ids
        self.classes = classes
        self.alpha = alpha
        self.Q = Q
        self.base_part = base_part
        self._snapshot = snapshot

    @cached_property
    def _plan(self) -> Plan:
        return Plan(self._snapshot)

    @property
    def size_bytes(self) -> int:
        """What it holds besides the snapshot."""
        arrays = self.example_ids, self.class_ids, self.alpha, self.Q, self.base_part
        return sum(array.nbytes for array in arrays)

    def of(self, snapshot: Snapshot) -> Evidence:
        """The same for another version that has the very bank, and reads the same features."""
        if snapshot is self._snapshot:
            return self
        return Evidence(snapshot, self.example_ids, self.class_ids, self.classes, self.alpha, self.Q, self.base_part)

    def parts(self, raw: F32) -> tuple[F64, F64]:
        """What the base's statistics give, (C+1,), and what each example gives, (n, C+1), for one raw input (d,).

        Their sum is the bank's scores t and r − 1, within rounding to float32.
        """
        return self.parts_at(self._plan.embed(raw))

    def parts_at(self, z: F32) -> tuple[F64, F64]:
        """The same of features z (D+1,), as `Plan.embed` gives them."""
        return self.base_part.T @ z.astype(np.float64), self.alpha * (self.Q @ z)[:, None]

    def said_of(self, raw: F32, class_id: int) -> tuple[F64, F64]:
        """What each example says of one raw input (d,): how much, and how much for one class c.

        Returns
        -------
        max_c |α_ic (q_i·z)| over the bank's classes, (n,), and α_ic (q_i·z), (n,): positive speaks for c; zeros for a
        class that the bank lacks.
        """
        _, examples = self.parts(raw)
        strength: F64 = np.abs(examples[:, :-1]).max(1, initial=0.0)
        toward = examples[:, self.classes.index(class_id)] if class_id in self.classes else np.zeros(len(examples))
        return strength, toward


@dataclass(frozen=True, slots=True, eq=False)
class ChangeParts:
    """The difference of two versions' scores on one input, as a sum over what it rests on.

    Attributes
    ----------
    classes : of the columns, but for the last, which is r's.
    base : (C+1,) float64, what the statistics give more than before.
    example_ids, class_ids : (n,) int64, of every example that either version rests on, by id; the newer label.
    examples : (n, C+1) float64, what each gives more than before.
    """

    classes: tuple[int, ...]
    base: F64
    example_ids: npt.NDArray[np.int64]
    class_ids: npt.NDArray[np.int64]
    examples: F64

    @property
    def total(self) -> F64:
        """T' − t of each class and r' − r in the last column, (C+1,), within rounding to float32."""
        whole: F64 = self.base + self.examples.sum(0)
        return whole

    def by_class(self) -> dict[int, float]:
        """Class id → what its examples give together to the score that moved most."""
        moved = self.total[:-1]
        if not len(moved):
            return {}
        column = int(np.abs(moved).argmax())
        ids = np.unique(self.class_ids)
        return {int(c): float(self.examples[self.class_ids == c, column].sum()) for c in ids}


def difference(before: Evidence | None, after: Evidence | None, raw: F32) -> ChangeParts:
    """Attribute the difference of two versions' answers to examples: exactly, as each answer is (design 3, 4).

    With t = base_partᵀ z + Σ_i α_i (q_i·z) on both sides, t' − t = (base_part'ᵀ z' − base_partᵀ z) +
    Σ_i (α'_i (q'_i·z') − α_i (q_i·z)), i over the examples of either; an example that one side lacks gives nothing
    there. The scores are those of the two learning banks, whether they are open or not: None where there is none, and
    a class that a bank does not have scores 0 in it.

    Parameters
    ----------
    raw
        Raw features (d,).
    """
    sides = [side for side in (before, after) if side is not None]
    classes = tuple(dict.fromkeys(c for side in sides for c in side.classes))
    labels: dict[int, int] = {}
    for side in sides:
        labels |= dict(zip(side.example_ids.tolist(), side.class_ids.tolist(), strict=True))
    ids = np.array(sorted(labels), np.int64)
    base, examples = np.zeros(len(classes) + 1), np.zeros((len(ids), len(classes) + 1))
    for each, sign in ((before, -1.0), (after, 1.0)):
        if each is None:
            continue
        of_base, of_examples = each.parts(raw)
        columns = np.array([*(classes.index(c) for c in each.classes), len(classes)])
        base[columns] += sign * of_base
        examples[np.ix_(np.searchsorted(ids, each.example_ids), columns)] += sign * of_examples
    return ChangeParts(classes, base, ids, np.array([labels[i] for i in ids.tolist()], np.int64), examples)
