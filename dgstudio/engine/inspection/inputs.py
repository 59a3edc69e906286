"""The inputs that versions are looked at with: protected ones, labelled examples, and what has come live lately."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.rings import RecordRing
from dgstudio.learning.bank.example_store import spread_by_class
from dgstudio.learning.learner.learner import Learner
from dgstudio.records import dataclass
from dgstudio.types import F32, Reading

EXAMPLES_MOST = 5_000
"""Of more examples so many are looked at, evenly over the classes."""
LIVE_S = 30.0
LIVE_MOST = 2_000
UNLABELLED = -1

Ids = npt.NDArray[np.int64]


class InputKind(StrEnum):
    """Where an input comes from."""

    PROTECTED = "protected"
    EXAMPLE = "example"
    LIVE = "live"


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Inputs of one kind.

    Attributes
    ----------
    raw : (n, d) float32.
    ids : (n,) the number among the protected inputs, the id of the example, or the number of the hop.
    labels : (n,) class ids: as protected, as labelled, or the ground truth of the stream; `UNLABELLED` where not known.
    of : how many there are in all, of which these are a part.
    """

    kind: InputKind
    raw: F32
    ids: Ids
    labels: Ids
    of: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes that occur, ascending."""
        return tuple(int(c) for c in np.unique(self.labels) if c != UNLABELLED)


@dataclass(frozen=True, slots=True, eq=False)
class InputSets:
    """All that versions are looked at with, and the live answers themselves, oldest first."""

    protected: Inputs
    examples: Inputs
    live: Inputs
    readings: Sequence[Reading]

    @property
    def every(self) -> tuple[Inputs, Inputs, Inputs]:
        """The three kinds."""
        return self.protected, self.examples, self.live


class InputSource:
    """Gathers them from a running engine. Any thread."""

    def __init__(self, learner: Learner, book: LabelBook, readings: RecordRing[Reading], classes: ClassTable) -> None:
        self._learner = learner
        self._book = book
        self._readings = readings
        self._classes = classes

    def __call__(self) -> InputSets:
        """What there is now."""
        protected = self._learner.training.protected
        standing = self._book.as_arrays()
        ids, labels, count = standing.ids, standing.class_ids, len(standing)
        rows = np.arange(count)
        if count > EXAMPLES_MOST:
            rows = np.searchsorted(ids, spread_by_class(ids, labels, EXAMPLES_MOST))
        examples = [standing.examples[row].features for row in rows.tolist()]
        readings = self._readings.latest(LIVE_MOST)
        if readings:
            readings = [r for r in readings if r.end >= readings[-1].end - LIVE_S]
        truth = [self._class_of(reading.truth) for reading in readings]
        return InputSets(
            Inputs(InputKind.PROTECTED, protected.inputs, np.arange(len(protected)), protected.labels, len(protected)),
            Inputs(InputKind.EXAMPLE, stacked(examples), ids[rows], labels[rows], count),
            Inputs(
                InputKind.LIVE,
                stacked([reading.features for reading in readings]),
                np.array([reading.hop for reading in readings], np.int64),
                np.array(truth, np.int64),
                len(readings),
            ),
            readings,
        )

    def _class_of(self, truth: str | None) -> int:
        info = None if truth is None else self._classes.by_name(truth)
        return UNLABELLED if info is None else info.id


def inputs_of(readings: Sequence[Reading]) -> Inputs:
    """Answers as inputs without a label; those of which the features are not held are left out."""
    held = [reading for reading in readings if len(reading.features)]
    return Inputs(
        InputKind.LIVE,
        stacked([reading.features for reading in held]),
        np.array([reading.hop for reading in held], np.int64),
        np.full(len(held), UNLABELLED, np.int64),
        len(readings),
    )


def stacked(rows: Sequence[F32]) -> F32:
    """Inputs as rows (n, d); (0, 0) where there are none."""
    return np.stack(rows).astype(np.float32) if len(rows) else np.zeros((0, 0), np.float32)
