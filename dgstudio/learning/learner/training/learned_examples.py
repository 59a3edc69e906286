"""Which examples a version has learned: the learning bank's, the sealed banks', those that moved the base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.records import dataclass

Ids = npt.NDArray[np.integer]

SETS = ("learned", "labels", "base.learned", "base.labels")
"""Names, in `TrainingState.to_arrays`, of the arrays that say it; those of seals begin with "seal."."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedPart:
    """Examples (n,) ascending, and the class ids (n,) that a part learned them with; `bank` as in `LearnedExamples`."""

    bank: int | None
    ids: Ids
    labels: Ids

    def compact(self) -> LearnedPart:
        """As int32, where that is enough."""
        if self.ids.dtype == np.int32 or self.ids[-1] > np.iinfo(np.int32).max:
            return self
        return LearnedPart(self.bank, self.ids.astype(np.int32), self.labels.astype(np.int32))


@dataclass(frozen=True, slots=True, eq=False)
class LearnedExamples:
    """The examples of one version by the part that holds them.

    `LearnedPart.bank` is the place of a sealed bank, from 0, None where the examples are not sealed: in the learning
    bank, or in the base that they moved.
    """

    version: int
    parts: tuple[LearnedPart, ...]

    @classmethod
    def of(cls, version: int, training: TrainingState) -> LearnedExamples:
        """Of what a version stands on; arrays are shared with it."""
        parts = [LearnedPart(None, training.base_learned, training.base_labels)]
        parts += [LearnedPart(place, seal.ids, seal.labels) for place, seal in enumerate(training.seals)]
        parts.append(LearnedPart(None, training.learned, training.labels))
        return cls(version, tuple(part for part in parts if len(part.ids)))

    @classmethod
    def from_arrays(
        cls, version: int, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]
    ) -> LearnedExamples:
        """Of what `TrainingState.to_arrays` gave; only the sets are looked at. KeyError where one lacks."""
        parts = []
        if "base.learned" in arrays:
            parts.append(LearnedPart(None, arrays["base.learned"], arrays["base.labels"]))
        for place, _ in enumerate(meta["seals"]):
            parts.append(LearnedPart(place, arrays[f"seal.{place}.ids"], arrays[f"seal.{place}.labels"]))
        parts.append(LearnedPart(None, arrays["learned"], arrays["labels"]))
        return cls(version, tuple(part for part in parts if len(part.ids)))

    def compact(self) -> LearnedExamples:
        """The same in half the memory: versions share what is sealed, but each has what is not for itself."""
        return LearnedExamples(
            self.version, tuple(part if part.bank is not None else part.compact() for part in self.parts)
        )

    def labels(self) -> dict[int, int]:
        """Example id → class id it was learned with; what lies higher overrides."""
        return {
            int(i): int(c) for part in self.parts for i, c in zip(part.ids.tolist(), part.labels.tolist(), strict=True)
        }

    def counts(self) -> dict[int, int]:
        """Class id → how many examples of it the version has learned."""
        counts: dict[int, int] = {}
        for class_id in self.labels().values():
            counts[class_id] = counts.get(class_id, 0) + 1
        return dict(sorted(counts.items()))

    def sealed(self, ids: Ids) -> dict[int, int]:
        """Place of a sealed bank → how many of these examples (ascending) it holds."""
        found = {part.bank: len(common(part.ids, ids)) for part in self.parts if part.bank is not None}
        return {bank: count for bank, count in found.items() if count and bank is not None}


def common(held: Ids, asked: Ids) -> Ids:
    """Ids that are in both; both ascending. Searches the longer for the shorter."""
    short, long = (held, asked) if len(held) < len(asked) else (asked, held)
    if not len(short):
        return short
    places = np.minimum(np.searchsorted(long, short), len(long) - 1)
    found: Ids = short[long[places] == short]
    return found
