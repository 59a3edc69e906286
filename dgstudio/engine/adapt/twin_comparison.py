"""Compare: a conventional twin on the same stream and the same labels, switched on and off while all goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.labels.store_worker import StoreWorker
from dgstudio.engine.runtime.class_table import ClassTable
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import JOIN_S
from dgstudio.engine.serving.infer_worker import InferWorker
from dgstudio.engine.serving.twin import TwinLane, TwinWorker, make_twin
from dgstudio.errors import BadInputError
from dgstudio.model.base_model_file import BaseModel
from dgstudio.types import Event, Example


class Comparing(ABC):
    """The part of an engine that runs a twin. As thread-safe as the engine."""

    classes: ClassTable
    events: EventQueue
    infer: InferWorker
    learn: LearnWorker
    store: StoreWorker
    _twin: TwinLane | None = None
    _twin_worker: TwinWorker | None = None

    @property
    @abstractmethod
    def base(self) -> BaseModel | None:
        """The base model that the newest version stands on, if it is at hand."""

    def set_compare(self, kind: str | None) -> None:
        """Run a conventional twin ("in_place", "swap") beside ours from now on, or none."""
        if self._twin_worker is not None:
            self._twin_worker.stop()
            self._twin_worker.join(JOIN_S)
            self._twin_worker = None
        if kind is None:
            self._twin = self.infer.twin = None
            return
        if self.base is None:
            raise BadInputError(
                "A twin needs a base model to start from, and this version stands on none that is at hand."
            )
        twin = make_twin(kind, self.base)
        for info in self.classes.every():
            (twin.add_class if info.living else twin.remove_class)(info.id)
        if kind == "in_place":
            self._twin_worker = TwinWorker(twin, self.events)
            self._twin_worker.start()
        self._twin = self.infer.twin = twin
        self.store.hand_over(lambda examples: self._begin_twin(twin, examples))

    @property
    def twin(self) -> TwinLane | None:
        """The lane of the conventional twin, if one runs."""
        return self._twin

    def _begin_twin(self, twin: TwinLane, examples: Sequence[Example]) -> None:
        twin.begin(examples)
        self.learn.wake()

    def _twin_turn(self) -> bool:
        """Let a twin published by swap learn in dg-learn, in turn with ours."""
        twin = self._twin
        if twin is None or self._twin_worker is not None:
            return False
        try:
            return twin.learn()
        except Exception as error:
            self._twin = self.infer.twin = None
            self.events.say(Event("twin failed", f"The twin failed and was switched off: {error!r}", "error"))
            return False
