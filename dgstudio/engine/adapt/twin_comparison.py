"""Compare: at most two twins on the same stream and the same labels, switched on and off while all goes on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from dgstudio.engine.adapt.candidate_models import CandidateModels
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.facts.compared import KeptAnswers
from dgstudio.engine.facts.learning import TwinFailed
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.runtime.worker import JOIN_S
from dgstudio.engine.serving.infer_worker import InferWorker
from dgstudio.engine.serving.lane import Lane
from dgstudio.engine.twins.compared_log import ComparedLog
from dgstudio.engine.twins.conventional_lane import ConventionalLane
from dgstudio.engine.twins.own_lane import OwnLane, settings_of
from dgstudio.engine.twins.protected_watch import ProtectedWatch
from dgstudio.engine.twins.twin_lane import TwinLane
from dgstudio.engine.twins.twin_worker import TwinWorker
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.conventional import TwinStart
from dgstudio.model.base_model_file import BaseModel
from dgstudio.session.file import Session
from dgstudio.types import Example, Mode, TwinKind

AT_MOST = 2
"""Twins that run at once."""


class TwinComparison:
    """Runs up to two twins. Commands from any one thread; what is learned is told by dg-store.

    Parameters
    ----------
    inputs
        How many features an input has.

    Attributes
    ----------
    twins : the lanes that run, in the order in which they were chosen; replaced as a whole.
    """

    def __init__(
        self,
        infer: InferWorker,
        lane: Lane,
        learn: LearnWorker,
        queue: StoreQueue,
        session: Session,
        book: LabelBook,
        classes: ClassTable,
        candidates: CandidateModels,
        learner: Learner,
        inputs: int,
        events: EventQueue,
    ) -> None:
        self._infer = infer
        self._lane = lane
        self._learn = learn
        self._queue = queue
        self._book = book
        self._classes = classes
        self._candidates = candidates
        self._learner = learner
        self._inputs = inputs
        self._events = events
        self._watch = ProtectedWatch(learner)
        self._log = ComparedLog(session, queue, lane)
        self._workers: tuple[TwinWorker, ...] = ()
        self._turn = 0
        self._changing = threading.Lock()
        self.twins: tuple[TwinLane, ...] = ()
        infer.twin_failed = self._gave_up
        learn.published.append(self._watch.follow)
        learn.audited.append(self._watch.audited)

    @property
    def kinds(self) -> tuple[TwinKind, ...]:
        """The twins that run, in the order in which they were chosen; one that failed runs no more."""
        return tuple(twin.kind for twin in self.twins)

    @property
    def workers(self) -> tuple[TwinWorker, ...]:
        """The threads of those that have one of their own."""
        return self._workers

    def note(self) -> None:
        """Keep in the session how the twins stand, for a report. The thread that commands, or after all have ended."""
        self._log.note(self.twins, self.ours())

    def ours(self) -> KeptAnswers:
        """What has become of the protected answers of our own model, as last proved and audited. Any thread."""
        return self._watch.kept

    def choose(self, *kinds: TwinKind) -> None:
        """Run these twins beside ours from now on, and no others; one that runs already goes on.

        A conventional twin begins with the base's dense network, our own model in another mode with the base itself;
        where there is none, from nothing, as ours does.

        Raises
        ------
        BadInputError
            For more than two, for our own model in the mode in which ours learns, and where this version stands on a
            base that is not at hand; nothing changes then.
        """
        wanted = tuple(dict.fromkeys(map(TwinKind, kinds)))
        if len(wanted) > AT_MOST:
            raise BadInputError(f"At most two twins can be compared at once, and {len(wanted)} were chosen.")
        running = {twin.kind: twin for twin in self.twins}
        new = {kind: self._made(kind) for kind in wanted if kind not in running}
        self._log.end([twin for twin in self.twins if twin.kind not in wanted], self.ours())
        with self._changing:
            stays = {twin.kind: twin for twin in self.twins}
            self._run(tuple(new.get(kind) or stays[kind] for kind in wanted if kind in new or kind in stays))
        for worker in self._workers:
            if worker.lane not in self.twins:
                worker.stop()
                worker.join(JOIN_S)
        self._workers = tuple(worker for worker in self._workers if worker.lane in self.twins)
        for twin in new.values():
            self._start(twin)

    def _made(self, kind: TwinKind) -> TwinLane:
        base, mode = self._base(), kind.mode
        twin: TwinLane
        if mode is None:
            twin = ConventionalLane(kind, self._dense_start(base), self._classes)
        else:
            if mode is self._learner.mode:
                raise BadInputError("Ours learns in that mode itself: choose another twin, or another mode for ours.")
            twin = OwnLane(kind, lambda: self._own_learner(base, mode), self._classes, lambda: self._lane.abstain)
        for info in self._classes.every():
            (twin.add_class if info.living else twin.remove_class)(info.id)
        return twin

    def _base(self) -> BaseModel | None:
        base = self._candidates.base
        if base is None and self._learner.store.head.base is not None:
            raise BadInputError(
                "A twin begins with the base model, and the one that this version stands on is not at hand."
            )
        return base

    def _dense_start(self, base: BaseModel | None) -> TwinStart:
        if base is not None:
            return TwinStart.of_base(base)
        head = self._learner.store.head
        start = TwinStart.from_nothing(self._inputs)
        # Once something is protected ours keeps the scale on which it reads.
        fixed = self._learner.training.sums is not None
        return replace(start, normaliser=head.normaliser) if fixed else start

    def _own_learner(self, base: BaseModel | None, mode: Mode) -> Learner:
        return Learner.begin(base, settings_of(self._learner.settings), name_of=self._classes.name_of, mode=mode)

    def _start(self, twin: TwinLane) -> None:
        if twin.kind is TwinKind.IN_PLACE:
            worker = TwinWorker(twin, self._gave_up, self._events)
            self._workers = (*self._workers, worker)
            worker.start()
        self._log.begin(twin)
        self._queue.ask(lambda: self._begin(twin))

    def _run(self, twins: tuple[TwinLane, ...]) -> None:
        self.twins = self._infer.twins = twins

    def _gave_up(self, twin: TwinLane, error: Exception) -> None:
        """A twin that fails is switched off, and all else goes on. Any thread."""
        with self._changing:
            if twin not in self.twins:
                return
            self._run(tuple(other for other in self.twins if other is not twin))
        self._events.say(TwinFailed(repr(error)))

    # -- dg-store ------------------------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example]) -> None:
        """Let the twins learn these too."""
        for twin in self.twins:
            twin.absorb(examples)

    def forget(self, ids: Sequence[int]) -> None:
        """Let the twins unlearn these too, those that can."""
        for twin in self.twins:
            twin.forget(ids)

    def add_class(self, class_id: int) -> None:
        """Let the twins have this class too."""
        for twin in self.twins:
            twin.add_class(class_id)

    def remove_class(self, class_id: int) -> None:
        """Let the twins have this class no more either."""
        for twin in self.twins:
            twin.remove_class(class_id)

    def end_take(self) -> None:
        """A take is over."""
        for twin in self.twins:
            twin.end_take()

    def _begin(self, twin: TwinLane) -> None:
        # What was labelled a moment ago is noted and absorbed together: not one without the other.
        self._queue.commit()
        twin.begin([example for example in self._book.active_examples() if example.learn])
        self._learn.wake()

    # -- dg-learn ------------------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Let one of the twins that have no thread of their own learn, in turn; whether one had something to do."""
        twins = self.twins
        own = {worker.lane for worker in self._workers}
        for place in range(len(twins)):
            twin = twins[(self._turn + place) % len(twins)]
            try:
                if twin.begun:
                    twin.follow(self._learner)
                if twin not in own and twin.learn():
                    self._turn += place + 1
                    return True
            except Exception as error:
                self._gave_up(twin, error)
        return False
