"""What labels do to the model, and to the twin beside it, once they are durable: dg-store tells, dg-learn learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dgstudio.engine.adapt.checkpointer import Checkpointer
from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.adapt.model_commands import ModelCommands
from dgstudio.engine.adapt.twin_comparison import TwinComparison
from dgstudio.engine.adapt.version_index import VersionIndex
from dgstudio.engine.facts.labelling import StillLearned
from dgstudio.engine.facts.learning import RebuildOffered
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.learning.learner.learner import Learner
from dgstudio.types import Cause, Example, LabelledBy, PublishRecord


class ModelUpdates:
    """The `TaughtModel` of a running engine. Nothing here waits.

    Attributes
    ----------
    absorbed : called with examples that are about to be learned, and the moment of their making.
    """

    def __init__(
        self,
        learn: LearnWorker,
        comparison: TwinComparison,
        versions: Checkpointer,
        contents: VersionIndex,
        model: ModelCommands,
        events: EventQueue,
    ) -> None:
        self._learn = learn
        self._comparison = comparison
        self._versions = versions
        self._contents = contents
        self._model = model
        self._events = events
        self.absorbed: list[Callable[[Sequence[Example], float], None]] = []

    def absorb(self, examples: Sequence[Example], made_wall: float, cause: Cause) -> None:
        """Learn these examples, which exist since `made_wall`; `cause` is what the user did that they come of."""
        for follow in self.absorbed:
            follow(examples, made_wall)
        self._learn.absorb(examples, made_wall, cause)
        self._comparison.absorb(examples)

    def forget(self, ids: Sequence[int], cause: Cause) -> None:
        """Unlearn these; of those that are sealed a rebuild is offered."""

        def forget(learner: Learner) -> PublishRecord | None:
            sealed = learner.sealed_among(ids)
            record = learner.forget(ids)
            if sealed:
                held = enumerate(learner.training.seals)
                banks = tuple(place for place, s in held if not set(sealed).isdisjoint(s.ids.tolist()))
                self._events.say(RebuildOffered(sealed, banks))
            return record

        self._learn.ask(forget, cause)
        self._comparison.forget(ids)

    def add_class(self, class_id: int, cause: Cause) -> None:
        """A class lives."""
        self._learn.ask(lambda learner: learner.add_class(class_id), cause)
        self._comparison.add_class(class_id)

    def remove_class(self, class_id: int, cause: Cause) -> None:
        """A class lives no more."""
        self._learn.ask(lambda learner: learner.remove_class(class_id), cause)
        self._comparison.remove_class(class_id)

    def act_ended(self, who: LabelledBy) -> None:
        """A take is over, or another act on labels; `who` labelled it."""
        self._comparison.end_take()
        if who != LabelledBy.FILE:
            # Labels from a file may change class every second: no version of theirs is kept for good.
            self._versions.act_ended()

    def go_to(self, version: int | None, cause: Cause) -> None:
        """Go to a version; None: protect again what was protected."""
        if version is None:
            self._model.protect_again(cause)
        else:
            self._model.roll_back(version, cause)

    def still_in(self, ids: Sequence[int]) -> StillLearned | None:
        """The versions that have learned of these; None where none has."""
        return self._contents.still_in(ids)
