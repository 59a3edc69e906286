"""Test, then train: what the windows of each take were answered before any of that take was learned."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any

from dgstudio.engine.runtime.abstention import decided
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot
from dgstudio.model.store import SnapshotStore
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.restore import TAKE_ANSWERS
from dgstudio.types import F32, LabelledBy, Reading, Take

SET_ASIDE_EVERY = 5
"""Of each class the fifth, tenth, … take is set aside from learning, where the user wants that."""
SET_ASIDE = "takes set aside"
"""Session setting: whether takes are set aside."""


@dataclass(frozen=True, slots=True)
class TakeAnswers:
    """The answers to one take's windows, one entry a window, in order of labelling; compact, as they add up.

    Attributes
    ----------
    examples : ids of the examples that the windows became.
    answered : class ids, or `UNSURE`.
    confidence : probability of the class that was answered, 0..1; 0 where unsure.
    delay_s : mean stream seconds from the end of a window to its label.
    again : how many windows had been answered by a version that may have learned of the take, and were answered again
        by the version before it.
    version : the version that served when the first of the take was about to be learned.
    """

    take_id: int
    examples: array[int]
    answered: array[int]
    confidence: array[float]
    delay_s: float
    again: int
    version: int

    def keep(self, session: Session) -> None:
        """Put them into the session, as a setting of their own."""
        session.set_config(TAKE_ANSWERS.format(self.take_id), _plain(self))


def _plain(answers: TakeAnswers) -> dict[str, Any]:
    """As JSON has it."""
    values = {field.name: getattr(answers, field.name) for field in fields(answers)}
    return {name: value.tolist() if isinstance(value, array) else value for name, value in values.items()}


def kept_answers(session: Session, takes: Iterable[Take]) -> list[TakeAnswers]:
    """What the session holds of these takes; what is damaged or was never noted is left out."""
    found = (
        _answers_of(session.config(TAKE_ANSWERS.format(take.id)), take.id)
        for take in takes
        if take.who != LabelledBy.FILE
    )
    return [answers for answers in found if answers is not None]


def _answers_of(kept: Any, take_id: int) -> TakeAnswers | None:
    try:
        answers = TakeAnswers(
            take_id,
            array("q", (int(i) for i in kept["examples"])),
            array("q", (int(c) for c in kept["answered"])),
            array("d", (min(max(float(p), 0.0), 1.0) for p in kept["confidence"])),
            float(kept["delay_s"]),
            int(kept["again"]),
            int(kept["version"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    whole = len(answers.examples) == len(answers.answered) == len(answers.confidence)
    return answers if whole else None


class PriorAnswers:
    """Collects the answers to one take while it is being made. Used by dg-store only.

    Made right before the learner first hears of the take. A reading that was ready by then, or that the version which
    served then gave, cannot have learned of the take and counts as it is; any other window of the take is answered
    again by that version.
    """

    def __init__(self, before: Snapshot, threshold: float = 0.0) -> None:
        self._before, self._threshold = before, threshold
        self._wall = time.perf_counter()
        self._plan: Plan | None = None
        self._examples: list[int] = []
        self._answered: list[int] = []
        self._confidence: list[float] = []
        self._delays = 0.0
        self._again = 0

    def add(self, example_id: int, reading: Reading, known: float) -> None:
        """Note the answer to one window, whose label was known at stream time `known`."""
        top, confidence = reading.top, reading.confidence
        if reading.ready_wall > self._wall and reading.digest != self._before.digest:
            self._again += 1
            top, confidence = answer_of(self._planned(), reading.features, self._threshold)
        self._examples.append(example_id)
        self._answered.append(UNSURE if top is None else top)
        self._confidence.append(round(confidence, 4))
        self._delays += max(0.0, known - reading.end)

    def of(self, take_id: int) -> TakeAnswers:
        """All that was noted."""
        count = max(1, len(self._examples))
        return TakeAnswers(
            take_id,
            array("q", self._examples),
            array("q", self._answered),
            array("d", self._confidence),
            round(self._delays / count, 4),
            self._again,
            self._before.version,
        )

    def _planned(self) -> Plan:
        if self._plan is None:
            self._plan = Plan(self._before)
        return self._plan


def answer_of(plan: Plan, features: F32, threshold: float = 0.0) -> tuple[int | None, float]:
    """Return the class that a plan answers for raw features (d,), None if unsure, and the probability it gives it."""
    answer = plan.answer(features)
    top, _ = decided(answer, threshold)
    if top < 0:
        return None, 0.0
    return plan.snapshot.classes[top], float(answer.probabilities.max())


class PrequentialScores:
    """The answers to all takes of a session, undone ones too. dg-store writes; any thread reads."""

    def __init__(
        self, store: SnapshotStore, kept: Sequence[TakeAnswers] = (), threshold: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._lock = threading.Lock()
        self._threshold = threshold
        self._store = store
        self._answers = {answers.take_id: answers for answers in kept}

    def begin(self) -> PriorAnswers:
        """Begin a take, of which the learner has not heard anything yet."""
        return PriorAnswers(self._store.serving, self._threshold())

    def put(self, answers: TakeAnswers) -> None:
        """Add a take's answers."""
        with self._lock:
            self._answers[answers.take_id] = answers

    def of(self, take_id: int) -> TakeAnswers | None:
        """A take's answers; None where they were never noted."""
        with self._lock:
            return self._answers.get(take_id)
