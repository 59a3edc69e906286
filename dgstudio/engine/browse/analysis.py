"""What is known of each labelled example beyond its label: the answer now and at first, its neighbours, protection."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgstudio.engine.browse.label_noise import Neighbourhood
from dgstudio.engine.labels.example_table import places_of
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.records import dataclass

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]

UNKNOWN = UNSURE - 1
"""In place of a class id: not answered yet, or never noted."""

WRONG_NOW, WRONG_AT_FIRST = "wrong now", "wrong at first"
MISLABELLED, CONFLICTING, IDENTICAL, NEAR = "likely mislabelled", "conflicting", "identical", "near-identical"
PROTECTED, NOTED = "protected", "with a note"
MARKS = (WRONG_NOW, WRONG_AT_FIRST, MISLABELLED, CONFLICTING, IDENTICAL, NEAR, PROTECTED, NOTED)
"""What an example may be."""


def _no_ids() -> Ids:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers to the examples `ids` (n,): class ids, `UNSURE` or `UNKNOWN`; the probability of the class; which were
    protected; what each was answered before it was learned (as `classes`). `done` are of `version`, which serves.
    """

    ids: Ids
    classes: Ids
    sure: Reals
    at_first: Ids
    protected: Flags
    version: int
    done: int


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What neighbours say of the examples `ids` (n,) with these labels."""

    ids: Ids
    labels: Ids
    around: Neighbourhood


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """All that is known so far; ids are asked for ascending. Arrays are to be read only."""

    answers: Answers | None = None
    judged: Judged | None = None

    def answered(self, ids: Ids) -> tuple[Ids, Reals]:
        """The class that each example is answered now (n,), as in `Answers`, and its probability, NaN if not known."""
        if self.answers is None:
            return np.full(len(ids), UNKNOWN), np.full(len(ids), np.nan)
        places, found = places_of(ids, self.answers.ids)
        if not found.any():
            return np.full(len(ids), UNKNOWN), np.full(len(ids), np.nan)
        classes = np.where(found, self.answers.classes[places], UNKNOWN)
        return classes, np.where(classes != UNKNOWN, self.answers.sure[places], np.nan)

    def flags(self, ids: Ids, labels: Ids) -> dict[str, Flags]:
        """Which examples, with the labels that they have now, are what; by the names of `MARKS` but `NOTED`."""
        none = np.zeros(len(ids), bool)
        flags = dict.fromkeys(MARKS[:-1], none)
        answers = self.answers
        if answers is not None:
            places, found = places_of(ids, answers.ids)
            if found.any():
                for name, classes in ((WRONG_NOW, answers.classes), (WRONG_AT_FIRST, answers.at_first)):
                    flags[name] = found & (classes[places] != UNKNOWN) & (classes[places] != labels)
                flags[PROTECTED] = found & answers.protected[places]
        known, places = self._judged(ids, labels)
        if self.judged is not None and known.any():
            around = self.judged.around
            flags[MISLABELLED] = known & (around.voted[places] != labels)
            flags[CONFLICTING] = known & around.conflicting[places]
            flags[IDENTICAL] = known & around.identical[places]
            flags[NEAR] = known & around.near[places]
        return flags

    def enough(self, ids: Ids, labels: Ids) -> Flags:
        """Which examples there was enough to compare with, to tell whether they are likely mislabelled."""
        known, places = self._judged(ids, labels)
        return known & self.judged.around.judged[places] if self.judged is not None and known.any() else known

    def _judged(self, ids: Ids, labels: Ids) -> tuple[Flags, Ids]:
        """Which were looked at with the labels that they have now, and where they stand."""
        if self.judged is None:
            return np.zeros(len(ids), bool), np.zeros(len(ids), np.int64)
        places, found = places_of(ids, self.judged.ids)
        return (found & (self.judged.labels[places] == labels) if found.any() else found), places
