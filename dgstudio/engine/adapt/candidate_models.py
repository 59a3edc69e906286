"""Other models that the user may switch an engine to: one rebuilt without some examples, one on a new base."""

from __future__ import annotations

from collections.abc import Sequence

from dgstudio.engine.adapt.consolidation import Consolidation, ConsolidationState
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.unlearning import Rebuild
from dgstudio.model.base_model_file import BaseModel
from dgstudio.streams.features import Features
from dgstudio.types import Cause, CauseKind

OTHER_MODEL = Cause(CauseKind.MODEL)


class CandidateModels:
    """Makes other models, and switches only when told to. Commands return at once; from any one thread.

    Attributes
    ----------
    consolidation : the training of a new base that runs, or that waits for the user's word.
    rebuild : a rebuild that waits for the user's word.
    bases : the base models at hand, oldest first.
    """

    def __init__(
        self,
        learn: LearnWorker,
        learner: Learner,
        book: LabelBook,
        classes: ClassTable,
        features: Features,
        rate: float,
        events: EventQueue,
        bases: Sequence[BaseModel],
    ) -> None:
        self.consolidation: Consolidation | None = None
        self.rebuild: Rebuild | None = None
        self.bases = list(bases)
        self._learn = learn
        self._learner = learner
        self._book = book
        self._classes = classes
        self._features = features
        self._rate = rate
        self._events = events

    def accept(self) -> None:
        """Switch to the model that waits for the user's word; the present one stays a version to go back to."""
        rebuild, self.rebuild = self.rebuild, None
        if rebuild is not None:
            self._learn.request(lambda learner: learner.accept_rebuild(rebuild), OTHER_MODEL)
        else:
            self._accept_consolidation()

    def discard(self) -> None:
        """Keep the present model, and forget the one that waits; what was to be rebuilt without stays sealed in it."""
        if self.rebuild is not None:
            self.rebuild = None
        else:
            self.discard_consolidation()

    def plan_rebuild(self, ids: Sequence[int]) -> None:
        """Make, without publishing it, the model that never saw these sealed examples; then `rebuild` is there."""

        def plan(learner: Learner) -> None:
            self.rebuild = learner.plan_rebuild(ids)

        self._learn.request(plan)

    def start_consolidation(self) -> None:
        """Train a new base from all examples in the background and compare it; see `consolidation`.

        Raises
        ------
        BadInputError
            If one runs already, or waits for the user's word.
        """
        running = self.consolidation
        if running is not None and running.state in (ConsolidationState.RUNNING, ConsolidationState.READY):
            waits = "waits for your word" if running.state == ConsolidationState.READY else "is being trained"
            raise BadInputError(f"A new base {waits} already.")
        self.consolidation = Consolidation(
            self._learner,
            self._book.active_examples,
            lambda: {info.id: info.name for info in self._classes.living()},
            self._features.names,
            self._rate,
            self._events,
        )
        self.consolidation.start()

    def cancel_consolidation(self) -> None:
        """Stop the training and leave nothing of it; `consolidation` says when it is over."""
        if self.consolidation is not None:
            self.consolidation.stop()

    def discard_consolidation(self) -> None:
        """Keep the present model; the new base is forgotten."""
        if self._trained() is not None:
            self.consolidation = None

    def _accept_consolidation(self) -> None:
        done = self._trained()
        if done is None or done.model is None or done.comparison is None:
            return
        self.consolidation = None
        model, learned = done.model, done.comparison.learned
        self.bases.append(model)
        self._learn.request(lambda learner: learner.adopt_base(model, learned), OTHER_MODEL)

    def _trained(self) -> Consolidation | None:
        """The consolidation, once it has ended in one way or the other."""
        done = self.consolidation
        return None if done is None or done.state == ConsolidationState.RUNNING else done

    @property
    def base(self) -> BaseModel | None:
        """The base model that the newest version stands on: a twin starts from the same. None where it is not at hand.

        A new base takes the place of the old one for as long as its versions are the newest; its dense network was
        trained on the same examples, so that the comparison stays fair. A twin that runs already goes on.
        """
        head = self._learner.store.head
        if head.base is None or head.phi is None:
            return None
        return next((base for base in self.bases if base.phi.id == head.phi.id), None)
