"""One report on how good answers are: which takes they were given to, and every figure that is read off them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np

from dgstudio.engine.runtime.metrics import (
    I64,
    Reliability,
    cohen_kappa,
    confusion,
    cumulative,
    precision,
    recall,
    reliability,
    windowed,
)
from dgstudio.engine.runtime.metrics import accuracy as accuracy_of
from dgstudio.records import dataclass
from dgstudio.types import F64, Take


class QualityData(StrEnum):
    """Which data a report is on."""

    LABELLED = "labelled"
    """Takes, as they were answered before they were learned."""
    HELD_OUT = "held-out"
    """Takes set aside."""
    PROTECTED = "protected"
    """Protected inputs."""
    TRUTH = "truth"
    """Ground truth."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The answers to one take, one stretch of equal truth, or one protected input; arrays have one entry a window.

    Attributes
    ----------
    labelled, answered : (n,) int64 class ids; `answered` may be `UNSURE`.
    confidence : (n,) float64, 0..1; 0 where unsure.
    ids : (n,) int64 ids of the examples that the windows are, −1 where they are none.
    take : None where it is none of the user's.
    span : (start, end) in stream time; None where it is of another run's clock, or of none.
    """

    labelled: I64
    answered: I64
    confidence: F64
    ids: I64
    take: Take | None = None
    span: tuple[float, float] | None = None

    @property
    def score(self) -> float:
        """Share of the windows that were answered right."""
        return float(np.mean(self.labelled == self.answered))

    def __len__(self) -> int:
        return len(self.labelled)


@dataclass(frozen=True, slots=True, eq=False)
class CellPart:
    """What one take has in one cell of the matrix: `ids` of those of its windows that are examples, and its share."""

    scored: Scored
    ids: tuple[int, ...]
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class QualityReport:
    """A report; see `report_of`. Any thread may read it.

    Attributes
    ----------
    classes, names : the C classes of rows and columns, by id; names of truth that are no class have an id below −1.
    parts, scores : what was scored, in order; (n,) float64, the share of each that was answered right.
    matrix : (C, C + 1) float64, see `confusion`: each take weighs one, or, of ground truth, each answer.
    recall, precision : (C,) float64 a class.
    accuracy, kappa : of the whole matrix.
    diagram : of all answers but those that are unsure.
    line, late : (n,) float64 running accuracy, of all so far and of the last `LATELY`; of what is answered by the
        present version, `line` is that of each version that was measured, and `late` is empty.
    versions : the versions along `line`, empty where it goes along takes.
    delay_s : median seconds of stream time from an answer to its label; None where that means nothing.
    unscored : takes whose answers are not known.
    again : windows that were answered again by the version before the take.
    version : the version that gave the answers, None where many did.
    taught : the classes whose first takes are not scored: before these nothing could know them.
    """

    kind: QualityData
    classes: tuple[int, ...]
    names: tuple[str, ...]
    parts: tuple[Scored, ...]
    scores: F64
    matrix: F64
    recall: F64
    precision: F64
    accuracy: float
    kappa: float
    diagram: Reliability
    line: F64
    late: F64
    versions: tuple[int, ...] = ()
    delay_s: float | None = None
    unscored: int = 0
    again: int = 0
    version: int | None = None
    taught: tuple[int, ...] = ()

    @property
    def windows(self) -> int:
        """How many answers were scored."""
        return sum(map(len, self.parts))

    def cell(self, row: int, column: int) -> list[CellPart]:
        """What lies in one cell of the matrix, newest first; the last column is unsure."""
        label = self.classes[row]
        answer = self.classes[column] if column < len(self.classes) else -1
        found = []
        for scored in reversed(self.parts):
            here = (scored.labelled == label) & (scored.answered == answer)
            if here.any():
                ids = scored.ids[here]
                found.append(CellPart(scored, tuple(ids[ids >= 0].tolist()), float(here.mean())))
        return found


def report_of(
    kind: QualityData,
    parts: Sequence[Scored],
    names: Mapping[int, str],
    *,
    rows: Sequence[int] | None = None,
    measured: Sequence[tuple[int, float]] | None = None,
    delay_s: float | None = None,
    unscored: int = 0,
    again: int = 0,
    version: int | None = None,
    taught: Sequence[int] = (),
) -> QualityReport:
    """Read every figure off what was scored.

    Parameters
    ----------
    parts
        None of them empty.
    names
        Id → name of every class that ever was.
    rows
        The ids that have a row in any case, in order, default all of `names`; others that occur come after them.
    measured
        (version, accuracy) of earlier measurements of the present version; the one of this report is added.
    """
    labelled, answered = _joined([p.labelled for p in parts]), _joined([p.answered for p in parts])
    sizes = np.array([len(p) for p in parts], np.int64)
    each = np.ones(len(labelled)) if kind == QualityData.TRUTH else np.repeat(1.0 / np.maximum(sizes, 1), sizes)
    rows = tuple(names) if rows is None else rows
    others = sorted({*np.unique(labelled).tolist(), *np.unique(answered).tolist()} - {*rows, -1})
    classes = (*rows, *others)
    matrix = confusion(labelled, answered, classes, each)
    confidence = np.concatenate([np.zeros(0), *(p.confidence for p in parts)])
    sure, right = answered != -1, labelled == answered
    scores = np.array([p.score for p in parts], np.float64)
    weights = sizes.astype(np.float64) if kind == QualityData.TRUTH else None
    share = accuracy_of(matrix)
    line, late = cumulative(scores, weights), windowed(scores, weights)
    versions: tuple[int, ...] = ()
    if version is not None:
        history = [*(measured or ()), (version, share)] if parts else []
        line, late = np.array([value for _, value in history], np.float64), np.zeros(0)
        versions = tuple(number for number, _ in history)
    return QualityReport(
        kind=kind,
        classes=classes,
        names=tuple(names.get(class_id, f"class {class_id}") for class_id in classes),
        parts=tuple(parts),
        scores=scores,
        matrix=matrix,
        recall=recall(matrix),
        precision=precision(matrix),
        accuracy=share,
        kappa=cohen_kappa(matrix),
        diagram=reliability(confidence[sure], right[sure], each[sure]),
        line=line,
        late=late,
        versions=versions,
        delay_s=delay_s,
        unscored=unscored,
        again=again,
        version=version,
        taught=tuple(taught),
    )


def _joined(arrays: Sequence[I64]) -> I64:
    return np.concatenate([np.zeros(0, np.int64), *arrays])
