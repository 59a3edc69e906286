"""Exact attribution: an answer of the learning bank as a sum over the base's statistics and each labelled example."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.types import F32, F64


class Evidence:
    """t = base_partᵀ z + Σ_i α_i (q_i·z), the router's r − 1 in the last column (design 3). Immutable.

    Any thread may hold one; its methods are for one thread at a time.

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

    def parts(self, raw: F32) -> tuple[F64, F64]:
        """What the base's statistics give, (C+1,), and what each example gives, (n, C+1), for one raw input (d,).

        Their sum is the bank's scores t and r − 1, within rounding to float32.
        """
        z = self._plan.embed(raw)
        return self.base_part.T @ z.astype(np.float64), self.alpha * (self.Q @ z)[:, None]

    def toward(self, raw: F32, class_id: int) -> F64:
        """α_ic (q_i·z) of each example, (n,), for one class c: positive speaks for it. Zeros for a class it lacks."""
        if class_id not in self.classes:
            return np.zeros(len(self.alpha))
        _, examples = self.parts(raw)
        result: F64 = examples[:, self.classes.index(class_id)]
        return result

    def strength(self, raw: F32) -> F64:
        """max_c |α_ic (q_i·z)| of each example, (n,), over the bank's classes, for one raw input (d,)."""
        _, examples = self.parts(raw)
        result: F64 = np.abs(examples[:, :-1]).max(1, initial=0.0)
        return result
