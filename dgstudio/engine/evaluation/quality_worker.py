"""dg-quality: reports how good the answers are, on the data that somebody looks at, and does nothing otherwise."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from dgstudio.engine.evaluation.quality_report import QualityData, QualityReport, Scored, report_of
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.prequential import PrequentialScores, TakeAnswers, answer_of
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.serving.lane import Lane
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, LabelledBy, Reading, Take

PERIOD_S = {QualityData.LABELLED: 0.5, QualityData.TRUTH: 0.5, QualityData.HELD_OUT: 1.0, QualityData.PROTECTED: 1.0}
"""Least wall seconds between two reports on the same data."""
ANSWERS_AT_A_TIME = 2
TAKES_AT_A_TIME = 16
READINGS_AT_A_TIME = 256
BREATH_S = 0.002
"""Pause between two portions: whoever serves waits for no more than one of them."""
WINDOWS_A_SECOND = 10.0
"""Of a take set aside at most so many windows are answered: as many as would be learned."""
TRUTH_KEPT = 16_384
"""Answers with ground truth in the report: the newest."""
STRETCH = 1000
"""Answers after which a stretch of equal truth is parted."""
MEASURED_KEPT = 500


@dataclass(slots=True)
class _Stretch:
    """Consecutive answers to windows of equal truth."""

    name: str
    start: float
    end: float
    answered: list[int] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)


class QualityWorker(Worker):
    """Makes a report while one is asked for and something has changed. `report` is replaced as a whole.

    Takes set aside and protected inputs are answered by the version that serves when a report is begun, a few at a
    time with pauses between, so that serving is never held up.
    """

    name = "dg-quality"

    def __init__(
        self,
        events: EventQueue,
        lane: Lane,
        learner: Learner,
        book: LabelBook,
        scores: PrequentialScores,
        classes: ClassTable,
    ) -> None:
        super().__init__(events)
        self.report: QualityReport | None = None
        """The newest; of the data that was asked for last, or still of that before. Any thread."""
        self._lane = lane
        self._learner = learner
        self._book = book
        self._scores = scores
        self._classes = classes
        self._asked: QualityData | None = None
        self._wake = threading.Event()
        self._done: object = None
        self._readings = 0
        self._stretches: deque[_Stretch] = deque()
        self._parts: dict[int, tuple[object, Scored]] = {}
        self._measured: dict[QualityData, list[tuple[int, float]]] = {
            QualityData.HELD_OUT: [],
            QualityData.PROTECTED: [],
        }

    def watch(self, kind: QualityData | None) -> None:
        """Report on this data from now on, whenever it changes; None: on nothing. Any thread."""
        if kind != self._asked:
            self._asked = kind
            self._wake.set()

    def wake(self) -> None:
        """Let a waiting turn look at what is asked for."""
        self._wake.set()

    # -- the thread ------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Make one report if it is asked for and would be another than the last one, then rest."""
        kind = self._asked
        if kind is None:
            self._wake.wait()
            self._wake.clear()
            return
        state = self._state_of(kind)
        if state != self._done:
            # Noted before the work: what fails is not tried again before something changes.
            self._done = state
            report = self._made(kind)
            if report is None:
                self._done = None
            else:
                self.report = report
        self._wake.wait(PERIOD_S[kind])
        self._wake.clear()

    def _state_of(self, kind: QualityData) -> tuple[object, ...]:
        """What a report on this data depends on."""
        living = tuple((info.id, info.name) for info in self._classes.living())
        if kind == QualityData.TRUTH:
            return kind, living, self._lane.readings.total
        if kind == QualityData.LABELLED:
            return kind, living, self._book.changes
        serving = self._lane.store.serving.version, self._lane.abstain
        if kind == QualityData.HELD_OUT:
            return kind, living, serving, self._book.changes
        return kind, living, serving, len(self._learner.training.protected)

    def _made(self, kind: QualityData) -> QualityReport | None:
        """A report, or None where it is no longer asked for."""
        if kind == QualityData.LABELLED:
            return self._labelled()
        if kind == QualityData.TRUTH:
            return self._truth()
        return self._answered_now(kind)

    def _breathes(self, kind: QualityData) -> bool:
        """Let the others work; whether this report is still asked for."""
        self.pause(BREATH_S)
        return self._asked == kind and not self.stopping

    def _living(self) -> list[int]:
        return [info.id for info in self._classes.living()]

    # -- what the user labelled, before it was learned -------------------------------------------------------

    def _labelled(self) -> QualityReport | None:
        here = {take.id for take in self._book.takes()}
        parts: list[Scored] = []
        delays: list[float] = []
        unscored = again = 0
        base = self._learner.store.head.base
        known, taught = set[int]() if base is None else set(base.classes), list[int]()
        for number, (take, examples) in enumerate(self._book.standing_takes()):
            if number % TAKES_AT_A_TIME == TAKES_AT_A_TIME - 1 and not self._breathes(QualityData.LABELLED):
                return None
            class_id = examples[0].class_id if examples else take.class_id
            new = class_id not in known
            known.add(class_id)
            answers = self._scores.of(take.id)
            if answers is None:
                unscored += take.who not in (LabelledBy.FILE, LabelledBy.IMPORT)
                continue
            scored = self._scored(take, examples, answers, take.id in here)
            if scored is None:
                continue
            if new:
                # It was how the class was taught: no answer to it could be right.
                taught.append(class_id)
                continue
            parts.append(scored)
            delays.append(answers.delay_s)
            again += answers.again
        delay = float(np.median(delays)) if delays else None
        return report_of(
            QualityData.LABELLED,
            parts,
            self._classes.names,
            rows=self._living(),
            delay_s=delay,
            unscored=unscored,
            again=again,
            taught=taught,
        )

    def _scored(self, take: Take, examples: list[Example], answers: TakeAnswers, here: bool) -> Scored | None:
        """A take with its present labels; None where nothing of it is left."""
        stands = (take, [example.id for example in examples], [example.class_id for example in examples])
        before = self._parts.get(take.id)
        if before is not None and before[0] == stands:
            return before[1]
        place = {example_id: index for index, example_id in enumerate(answers.examples)}
        kept = [(example, place[example.id]) for example in examples if example.id in place]
        if not kept:
            return None
        scored = Scored(
            np.array([example.class_id for example, _ in kept], np.int64),
            np.array([answers.answered[index] for _, index in kept], np.int64),
            np.array([answers.confidence[index] for _, index in kept], np.float64),
            np.array([example.id for example, _ in kept], np.int64),
            take,
            (take.start, take.end) if here else None,
        )
        self._parts[take.id] = (stands, scored)
        return scored

    # -- what the present version answers --------------------------------------------------------------------

    def _answered_now(self, kind: QualityData) -> QualityReport | None:
        plan, threshold = Plan(self._lane.store.serving), self._lane.abstain
        parts: list[Scored] = []
        for take, span, items, labels, ids in self._held_out() if kind == QualityData.HELD_OUT else self._protected():
            answered, confidence = [], []
            for number, features in enumerate(items):
                if (number + len(parts)) % ANSWERS_AT_A_TIME == 0 and not self._breathes(kind):
                    return None
                top, sure = answer_of(plan, features, threshold)
                answered.append(UNSURE if top is None else top)
                confidence.append(sure)
            parts.append(
                Scored(labels, np.array(answered, np.int64), np.array(confidence, np.float64), ids, take, span)
            )
        version, measured = plan.snapshot.version, self._measured[kind]
        # Of one version the newest measurement stands: there may be more takes by now.
        measured[:] = [entry for entry in measured if entry[0] != version][-MEASURED_KEPT + 1 :]
        report = report_of(kind, parts, self._classes.names, rows=self._living(), measured=measured, version=version)
        if parts:
            measured.append((version, report.accuracy))
        return report

    def _held_out(self) -> Iterator[_Set]:
        """The takes of which nothing is learned, each with windows that are no closer than learned ones would be."""
        here = {take.id for take in self._book.takes()}
        for take, examples in self._book.standing_takes():
            if not examples or any(example.learn for example in examples):
                continue
            chosen = _spread(examples)
            labels = np.array([example.class_id for example in chosen], np.int64)
            ids = np.array([example.id for example in chosen], np.int64)
            span = (take.start, take.end) if take.id in here else None
            yield take, span, [example.features for example in chosen], labels, ids

    def _protected(self) -> Iterator[_Set]:
        protected = self._learner.training.protected
        for features, label, example_id in zip(protected.inputs, protected.labels, protected.ids, strict=True):
            yield None, None, [features], label.reshape(1), example_id.reshape(1)

    # -- what the stream knows -------------------------------------------------------------------------------

    def _truth(self) -> QualityReport | None:
        readings, total = self._lane.readings.since(self._readings)
        first = total - len(readings)
        for start in range(0, len(readings), READINGS_AT_A_TIME):
            portion = readings[start : start + READINGS_AT_A_TIME]
            for reading in portion:
                self._take_up(reading)
            self._readings = first + start + len(portion)
            if not self._breathes(QualityData.TRUTH):
                return None
        self._forget_oldest()
        names, rows = dict(self._classes.names), self._living()
        known = {names[class_id]: class_id for class_id in rows}
        parts = []
        for stretch in self._stretches:
            if stretch.name not in known:
                # The truth knows more than the user has taught: a row of its own.
                known[stretch.name] = UNSURE - 1 - len(known)
                names[known[stretch.name]] = stretch.name
                rows.append(known[stretch.name])
            count = len(stretch.answered)
            parts.append(
                Scored(
                    np.full(count, known[stretch.name], np.int64),
                    np.array(stretch.answered, np.int64),
                    np.array(stretch.confidence, np.float64),
                    np.full(count, -1, np.int64),
                    None,
                    (stretch.start, stretch.end),
                )
            )
        return report_of(QualityData.TRUTH, parts, names, rows=rows)

    def _take_up(self, reading: Reading) -> None:
        if reading.truth is None:
            return
        name = " ".join(reading.truth.split())
        last = self._stretches[-1] if self._stretches else None
        goes_on = last is not None and last.name == name and last.start <= reading.start <= last.end
        if last is None or not goes_on or len(last.answered) >= STRETCH:
            last = _Stretch(name, reading.start, reading.end)
            self._stretches.append(last)
        last.end = reading.end
        last.answered.append(UNSURE if reading.top is None else reading.top)
        last.confidence.append(reading.confidence)

    def _forget_oldest(self) -> None:
        held = sum(len(stretch.answered) for stretch in self._stretches)
        while held > TRUTH_KEPT:
            held -= len(self._stretches.popleft().answered)


_Set = tuple[Take | None, tuple[float, float] | None, Sequence[F32], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""A take or input to be answered: the take, its span, raw features, class ids, example ids."""


def _spread(examples: Sequence[Example]) -> list[Example]:
    """Examples that begin at least 1 / `WINDOWS_A_SECOND` stream seconds apart, the first among them."""
    chosen: list[Example] = []
    for example in sorted(examples, key=lambda e: e.end):
        if not chosen or example.end - chosen[-1].end >= 1 / WINDOWS_A_SECOND - 1e-6:
            chosen.append(example)
    return chosen
