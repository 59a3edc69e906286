"""Compare: a conventional twin on the same stream and the same labels, switched on and off while all goes on."""

from __future__ import annotations

from collections.abc import Sequence

from dgstudio.engine.adapt.candidate_models import CandidateModels
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.facts.learning import TwinFailed
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.runtime.worker import JOIN_S
from dgstudio.engine.serving.infer_worker import InferWorker
from dgstudio.engine.serving.twin import TwinLane, TwinWorker, make_twin
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.conventional import TwinStart
from dgstudio.types import Example, TwinKind


class TwinComparison:
    """Runs a twin, or none. Commands from any one thread; what is learned is told by dg-store.

    Parameters
    ----------
    inputs
        How many features an input has.

    Attributes
    ----------
    twin : the lane of the twin, if one runs.
    worker : its thread, if it has one of its own.
    kind : what was chosen, or None; a twin that failed was chosen all the same.
    """

    def __init__(
        self,
        infer: InferWorker,
        learn: LearnWorker,
        queue: StoreQueue,
        book: LabelBook,
        classes: ClassTable,
        candidates: CandidateModels,
        learner: Learner,
        inputs: int,
        events: EventQueue,
    ) -> None:
        self._infer = infer
        self._learn = learn
        self._queue = queue
        self._book = book
        self._classes = classes
        self._candidates = candidates
        self._learner = learner
        self._inputs = inputs
        self._events = events
        self.twin: TwinLane | None = None
        self.worker: TwinWorker | None = None
        self.kind: TwinKind | None = None

    def choose(self, kind: TwinKind | None) -> None:
        """Run a conventional twin beside ours from now on, or none.

        It begins with the base's dense twin; where there is no base, from nothing, as ours does.

        Raises
        ------
        BadInputError
            Where this version stands on a base that is not at hand.
        """
        start = None if kind is None else self._start()
        if self.worker is not None:
            self.worker.stop()
            self.worker.join(JOIN_S)
            self.worker = None
        self.kind = kind
        if kind is None or start is None:
            self.twin = self._infer.twin = None
            return
        twin = make_twin(kind, start)
        for info in self._classes.every():
            (twin.add_class if info.living else twin.remove_class)(info.id)
        if kind == TwinKind.IN_PLACE:
            self.worker = TwinWorker(twin, self._events)
            self.worker.start()
        self.twin = self._infer.twin = twin
        self._queue.ask(lambda: self._begin(twin))

    def _start(self) -> TwinStart:
        base, learner = self._candidates.base, self._learner
        if base is not None:
            return TwinStart.of_base(base)
        if learner.store.head.base is not None:
            raise BadInputError(
                "A twin begins with the base model, and the one that this version stands on is not at hand."
            )
        protected = learner.training.protected
        return TwinStart.from_nothing(self._inputs, protected.inputs, protected.labels)

    # -- dg-store ------------------------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example]) -> None:
        """Let the twin learn these too."""
        if self.twin is not None:
            self.twin.absorb(examples)

    def add_class(self, class_id: int) -> None:
        """Let the twin have this class too."""
        if self.twin is not None:
            self.twin.add_class(class_id)

    def remove_class(self, class_id: int) -> None:
        """Let the twin have this class no more either."""
        if self.twin is not None:
            self.twin.remove_class(class_id)

    def end_take(self) -> None:
        """A take is over."""
        if self.twin is not None:
            self.twin.end_take()

    def _begin(self, twin: TwinLane) -> None:
        # What was labelled a moment ago is noted and absorbed together: not one without the other.
        self._queue.commit()
        twin.begin([example for example in self._book.active_examples() if example.learn])
        self._learn.wake()

    # -- dg-learn ------------------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Let a twin published by swap learn in dg-learn, in turn with ours."""
        twin = self.twin
        if twin is None or self.worker is not None:
            return False
        try:
            return twin.learn()
        except Exception as error:
            self.twin = self._infer.twin = None
            self._events.say(TwinFailed(repr(error)))
            return False
