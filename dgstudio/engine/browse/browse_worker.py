"""dg-browse: works out what the example browser shows of each example, and keeps track of what versions contain."""

from __future__ import annotations

import threading
import time

import numpy as np
import numpy.typing as npt

from dgstudio.engine.adapt.version_index import VersionIndex
from dgstudio.engine.browse.analysis import UNKNOWN, Analysis, Answers, Judged
from dgstudio.engine.browse.label_noise import look_around
from dgstudio.engine.labels.example_table import ExampleArrays, distinct, places_of
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.labels.prequential import PrequentialScores, answer_of
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.engine.runtime.worker import Worker
from dgstudio.engine.serving.lane import Lane
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32

ANSWERS_AT_A_TIME = 2
BREATH_S = 0.002
"""Least pause between two portions: whoever serves waits for no more than one of them."""
LONGEST_REST_S = 0.1
REST = 2.0
"""A portion is followed by a pause of so many times as long: two thirds of a processor are left to the others."""
OPENING_S = 0.3
"""Pause before the work: what is asked for first is to see the examples."""
SHOWN_EVERY_S = 1.0
"""While answers come in, what is known is handed out this often; of more than `MANY` examples, as much less often."""
MANY = 10_000
LOOK_EVERY_S = 2.0
"""While labels stream in, neighbours are looked at this often at most."""
LOOK_SHARE = 0.2
"""And for no more than this share of the time."""
IDLE_S = 1.0
ROWS_AT_A_TIME = 2000

Ids = npt.NDArray[np.int64]


@dataclass(slots=True, eq=False)
class _Standing:
    """The examples that stand, by id; and of each its features, the answer to it, and which version gave that."""

    these: ExampleArrays
    features: F32
    classes: Ids
    sure: npt.NDArray[np.float64]
    versions: Ids
    at_first: Ids

    @property
    def ids(self) -> Ids:
        return self.these.ids


class BrowseWorker(Worker):
    """While somebody browses, `analysis` is brought up to date and replaced as a whole: the answers of the serving
    version to each example, a few at a time with pauses between, so that serving is never held up; its neighbours;
    whether it is protected. `contents` is kept up to date always.
    """

    name = "dg-browse"

    def __init__(
        self,
        events: EventQueue,
        lane: Lane,
        learner: Learner,
        book: LabelBook,
        scores: PrequentialScores,
        contents: VersionIndex,
    ) -> None:
        super().__init__(events)
        self.analysis: Analysis | None = None
        """The newest. Any thread."""
        self.contents = contents
        self._lane = lane
        self._learner = learner
        self._book = book
        self._scores = scores
        self._asked = False
        self._wake = threading.Event()
        self._seen = -1
        self._standing: _Standing | None = None
        self._before: _Standing | None = None
        """What stood when nobody browsed any more, for its answers."""
        self._looked_at: tuple[Ids, Ids] | None = None
        self._look_due = 0.0
        self._protected: object = None
        self._plan: Plan | None = None
        self._rested = self._due = 0.0

    def watch(self, on: bool) -> None:
        """Work out what a browser shows (`analysis`) from now on, or no longer. Any thread."""
        if on != self._asked:
            self._asked, self._due = on, time.monotonic() + OPENING_S
            self._wake.set()

    def wake(self) -> None:
        """Let a waiting turn look at what is asked for."""
        self._wake.set()

    # -- the thread ------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Bring things up to date as far as they are asked for, then rest."""
        self.contents.update(self._breathes)
        if not self._asked:
            self._let_go()
            self._wake.wait(IDLE_S)
            self._wake.clear()
            return
        self.pause(max(0.0, self._due - time.monotonic()))
        self._rested = time.perf_counter()
        busy = self._take_up()
        busy = self._look_around() or busy
        busy = self._answer(SHOWN_EVERY_S) or busy
        if not busy:
            self._wake.wait(SHOWN_EVERY_S)
            self._wake.clear()

    def _let_go(self) -> None:
        """Hold no copy of all features while nobody browses; answers are kept."""
        if self._standing is not None:
            self._standing.features = np.zeros((0, 0), np.float32)
            self._before, self._standing, self._seen = self._standing, None, -1

    def _breathes(self) -> bool:
        """Let the others work; whether there is a reason to go on."""
        worked = time.perf_counter() - self._rested
        self.pause(min(max(BREATH_S, REST * worked), LONGEST_REST_S))
        self._rested = time.perf_counter()
        return not self.stopping

    def _wanted(self) -> bool:
        return self._breathes() and self._asked

    def _take_up(self) -> bool:
        """Look at which examples stand; whether that is news."""
        changes = self._book.changes
        protected = self._learner.training.protected
        if changes == self._seen and protected is self._protected:
            return False
        self._seen, self._protected = changes, protected
        standing = self._with_answers(self._book.as_arrays())
        if standing is None:
            self._seen = -1
            return False
        self._standing = standing
        self._hand_out()
        return True

    def _with_answers(self, these: ExampleArrays) -> _Standing | None:
        """With what is known of them already: an example never changes its features, and its answers go on standing."""
        count = len(these)
        classes, sure, versions = np.full(count, UNKNOWN, np.int64), np.zeros(count), np.full(count, -1, np.int64)
        before = self._standing or self._before
        if before is not None and len(before.ids) and count:
            places, known = places_of(these.ids, before.ids)
            for mine, theirs in ((classes, before.classes), (sure, before.sure), (versions, before.versions)):
                mine[known] = theirs[places[known]]
        features = self._features_of(these)
        return None if features is None else _Standing(these, features, classes, sure, versions, self._at_first(these))

    def _features_of(self, these: ExampleArrays) -> F32 | None:
        """Features (n, d); those that are at hand are taken over, the others gathered in portions."""
        before, count = self._standing, len(these)
        wide = len(these.examples[0].features) if count else 0
        places, known = np.zeros(count, np.int64), np.zeros(count, bool)
        if before is not None and before.features.shape[1] == wide:
            places, known = places_of(these.ids, before.ids)
            if len(before.ids) == count and known.all():
                return before.features
        features = np.empty((count, wide), np.float32)
        if before is not None and known.any():
            np.take(before.features, places, axis=0, out=features, mode="clip")
        rows = np.flatnonzero(~known)
        for start in range(0, len(rows), ROWS_AT_A_TIME):
            part = rows[start : start + ROWS_AT_A_TIME]
            features[part] = np.concatenate([these.examples[row].features for row in part.tolist()]).reshape(-1, wide)
            if not self._wanted():
                return None
        return features

    def _at_first(self, these: ExampleArrays) -> Ids:
        found = np.full(len(these), UNKNOWN, np.int64)
        for take_id in distinct(these.take_ids).tolist():
            answers = self._scores.of(take_id)
            if answers is None:
                continue
            asked = np.array(answers.examples, np.int64)
            places, here = places_of(asked, these.ids)
            found[places[here]] = np.array(answers.answered, np.int64)[here]
        return found

    # -- neighbours ------------------------------------------------------------------------------------------

    def _look_around(self) -> bool:
        standing = self._standing
        if standing is None:
            return False
        seen = self._looked_at
        these = standing.these
        same = seen is not None and np.array_equal(seen[0], these.ids) and np.array_equal(seen[1], these.class_ids)
        if same or time.monotonic() < self._look_due:
            return False
        normaliser = self._lane.store.serving.normaliser
        began = time.monotonic()
        around = look_around(standing.features, these.class_ids, these.take_ids, normaliser, self._wanted)
        if around is None:
            return False
        now = time.monotonic()
        self._looked_at = these.ids, these.class_ids
        self._look_due = now + max(LOOK_EVERY_S, (now - began) / LOOK_SHARE)
        answers = None if self.analysis is None else self.analysis.answers
        self.analysis = Analysis(answers, Judged(these.ids, these.class_ids, around))
        return True

    # -- answers ---------------------------------------------------------------------------------------------

    def _answer(self, for_s: float) -> bool:
        """Answer those examples that the serving version has not, for some time or longer; whether there were any."""
        standing = self._standing
        if standing is None or not len(standing.ids):
            return False
        serving = self._lane.store.serving
        due = np.flatnonzero(standing.versions != serving.version)
        if not len(due):
            return False
        if self._plan is None or self._plan.snapshot is not serving:
            self._plan = Plan(serving)
        plan = self._plan
        # Those that no version has answered yet before the others.
        due = due[np.argsort(standing.versions[due] >= 0, kind="stable")]
        early = time.monotonic() + for_s
        end = early + for_s * max(0.0, len(standing.ids) / MANY - 1)
        for start in range(0, len(due), ANSWERS_AT_A_TIME):
            for row in due[start : start + ANSWERS_AT_A_TIME].tolist():
                top, standing.sure[row] = answer_of(plan, standing.features[row])
                standing.classes[row] = UNSURE if top is None else top
                standing.versions[row] = serving.version
            now = time.monotonic()
            if now > end or (now > early and self._book.changes != self._seen) or not self._wanted():
                break
        self._hand_out()
        return True

    def _hand_out(self) -> None:
        standing = self._standing
        assert standing is not None, "there is something to hand out"
        version = self._lane.store.serving.version
        answers = Answers(
            standing.ids,
            standing.classes.copy(),
            standing.sure.copy(),
            standing.at_first,
            np.isin(standing.ids, self._learner.training.protected.ids),
            version,
            int((standing.versions == version).sum()),
        )
        self.analysis = Analysis(answers, None if self.analysis is None else self.analysis.judged)
