"""What becomes protected of what the model knows now: examples and recent inputs that it answers rightly and surely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from dgstudio.learning.contract.protected import RECENT, ProtectedSet
from dgstudio.learning.contract.stratified_sampling import shares, spread
from dgstudio.learning.label_set import LabelSet
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32, Example

SURE = 0.5
"""Examples answered with at least this probability come first; a wrong answer is never made a promise."""
SURE_UNLABELLED = 0.9
"""So sure must the answer to an input be whose label nobody has given."""
RECENT_SHARE = 0.25
"""Part of the places that recent inputs may take; examples that leave theirs empty leave them more."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Inputs to be protected: raw (n, d), class ids (n,), example ids (n,) or `RECENT`; examples first, by id."""

    inputs: F32
    labels: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def choose(
    plan: Plan,
    news: Mapping[int, int],
    labels: LabelSet,
    protected: ProtectedSet,
    room: int,
    recent: Iterable[F32] = (),
) -> Chosen:
    """Choose at most `room` inputs that `plan` answers rightly, spread over classes and regions.

    Of each class first examples that are answered surely, then the other right ones; then inputs without a label.

    Parameters
    ----------
    plan
        Of the version in which they will be protected.
    news
        Example id → class id of what has been learned and is not protected yet.
    protected
        What is protected already: regions that it covers come last.
    recent
        Raw inputs (d,) that nobody has labelled; each counts for the class that it is answered with.
    """
    answers = {i: _answered(plan, labels.example(i).features) for i in sorted(news)}
    right = {i: p for i, (c, p) in answers.items() if c == news[i]}
    unlabelled = _known(plan, recent)
    for_recent = min(len(unlabelled), max(int(RECENT_SHARE * room), room - len(right)))
    held = _Candidates(plan, list(protected.inputs), protected.labels.tolist(), protected.ids.tolist())
    chosen = _Candidates(plan, [], [], [])
    for class_id, places in shares(Counter(news[i] for i in right), room - for_recent).items():
        mine = [i for i in right if news[i] == class_id]
        sure, others = [i for i in mine if right[i] >= SURE], [i for i in mine if right[i] < SURE]
        for ids, free in ((sure, places), (others, places - len(sure))):
            candidates = _Candidates(plan, [labels.example(i).features for i in ids], [class_id] * len(ids), ids)
            picked = candidates.picked(candidates.spread(free, held))
            held, chosen = held.and_(picked), chosen.and_(picked)
    picked = unlabelled.picked(unlabelled.spread(min(for_recent, room - len(chosen)), held))
    return chosen.and_(picked).made()


def contradicted(protected: ProtectedSet, plan: Plan, examples: Iterable[Example]) -> list[int]:
    """Numbers of the protected recent inputs that lie where the user has labelled otherwise.

    Such an input is one that the user has now given another label, or within the median distance to the nearest
    neighbour, among the recent inputs that were protected with it and have its class, of one.
    """
    rows: list[int] = []
    labelled = list(examples)
    first = 0
    for cohort in protected.cohorts:
        places = np.flatnonzero(cohort.ids == RECENT)
        if len(places) and labelled:
            x = plan.normalise_rows(cohort.inputs[places]).astype(np.float64)
            of = cohort.labels[places]
            near = {c: _nearest(x[of == c]) for c in set(of.tolist())}
            limits = np.array([near[c] for c in of.tolist()])
            for example in labelled:
                gaps = np.sqrt(np.square(x - plan.normalise(example.features)).sum(1))
                hit = (of != example.class_id) & (gaps <= limits)
                rows += (first + places[hit]).tolist()
        first += len(cohort)
    return sorted(set(rows))


def _nearest(x: npt.NDArray[np.float64]) -> float:
    """Median distance to the nearest neighbour of rows (n, d); 0 where there is only one."""
    if len(x) < 2:
        return 0.0
    gaps = np.sqrt(np.square(x[:, None] - x[None]).sum(2))
    np.fill_diagonal(gaps, np.inf)
    return float(np.median(gaps.min(1)))


def _answered(plan: Plan, raw: F32) -> tuple[int | None, float]:
    """Class id of the largest logit, None without any, and its probability; 0 where the answer is unsure."""
    answer = plan.answer(raw)
    if answer.unsure:
        return plan.snapshot.classes[int(answer.logits.argmax())], 0.0
    if answer.top < 0:
        return None, 0.0
    return plan.snapshot.classes[answer.top], float(answer.probabilities.max())


def _known(plan: Plan, recent: Iterable[F32]) -> _Candidates:
    """Recent inputs that are answered surely, and are not unlike all that was learned: a glitch is no knowledge."""
    inputs, classes = [], []
    for raw in recent:
        class_id, p = _answered(plan, raw)
        if class_id is None or p < SURE_UNLABELLED:
            continue
        inputs.append(raw)
        classes.append(class_id)
    return _Candidates(plan, inputs, classes, [RECENT] * len(classes))


class _Candidates:
    """Inputs with their classes and ids, and where they lie once normalised."""

    def __init__(self, plan: Plan, inputs: list[F32], labels: list[int], ids: list[int]) -> None:
        self._plan, self.inputs, self.labels, self.ids = plan, inputs, labels, ids

    def __len__(self) -> int:
        return len(self.ids)

    def made(self) -> Chosen:
        """As arrays, examples first, by id."""
        ids = np.array(self.ids, np.int64)
        order = np.lexsort((ids, ids < 0))
        inputs = np.array(self.inputs, np.float32) if len(ids) else np.zeros((0, 0), np.float32)
        return Chosen(inputs[order], np.array(self.labels, np.int64)[order], ids[order])

    def rows(self) -> F32:
        """Normalised, (n, d)."""
        return self._plan.normalise_rows(np.array(self.inputs, np.float32))

    def spread(self, room: int, held: _Candidates) -> list[int]:
        """Places of at most `room` of them, where `held` lies last."""
        if not len(self) or room <= 0:
            return []
        taken = (held.rows(), np.array(held.labels, np.int64)) if len(held) else (None, None)
        return [int(place) for place in spread(self.rows(), np.array(self.labels, np.int64), room, *taken)]

    def picked(self, places: list[int]) -> _Candidates:
        """Only those."""
        inputs, labels = [self.inputs[place] for place in places], [self.labels[place] for place in places]
        return _Candidates(self._plan, inputs, labels, [self.ids[place] for place in places])

    def and_(self, others: _Candidates) -> _Candidates:
        """These and others."""
        return _Candidates(self._plan, self.inputs + others.inputs, self.labels + others.labels, self.ids + others.ids)
