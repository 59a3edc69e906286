"""dg-inspect: answers what the window asks about answers and versions, the newest question first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dgstudio.engine.inspection.unavailable import GivenUpError, UnavailableError
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.runtime.worker import Worker
from dgstudio.reasons.reason import Reason

if TYPE_CHECKING:
    from dgstudio.engine.inspection.inspector import Inspector

IDLE_S = 30.0
"""After so long without a question, what is large is let go of."""

T = TypeVar("T")


class Asked(Generic[T]):
    """A question that was asked, and what has come of it. Any thread reads.

    Attributes
    ----------
    topic : what it is about: a newer question on the same topic takes its place.
    generation : grows with every question; what is shown should be that of the newest.
    done : whether it has been answered or refused, or never will be. Read it first.
    superseded : whether a newer question has taken its place, or the thread has ended.
    value : the answer; None before, and where there is none.
    refused : why there is no answer.
    failed : the error, where a question went wrong: it is in the log, too.
    """

    def __init__(self, topic: Hashable, generation: int, question: Callable[[Inspector], T]) -> None:
        self.topic = topic
        self.generation = generation
        self.done = False
        self.superseded = False
        self.value: T | None = None
        self.refused: Reason | None = None
        self.failed: Exception | None = None
        self._question = question

    def answer(self, inspector: Inspector) -> None:
        """Find the answer. dg-inspect only."""
        try:
            self.value = self._question(inspector)
        except GivenUpError:
            self.superseded = True
        except UnavailableError as error:
            self.refused = error.reason
        except Exception as error:
            self.failed = error
            raise
        finally:
            self.done = True

    def give_up(self) -> None:
        """A newer question has taken its place."""
        self.superseded = self.done = True


class InspectionWorker(Worker):
    """One question at a time. The thread begins with the first question.

    A window keeps what `ask` returns and looks at it with each frame; nothing waits. Of one topic ("the answer", "the
    comparison") only the newest question is answered; of several topics the one that was asked last comes first.
    """

    name = "dg-inspect"

    def __init__(self, events: EventQueue, inspector: Callable[[], Inspector]) -> None:
        super().__init__(events)
        self._make = inspector
        self._inspector: Inspector | None = None
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, Asked[Any]] = {}
        """By topic, the newest last."""
        self._generation = 0
        self._wake = threading.Event()
        self._running: Asked[Any] | None = None
        self.ended = 0
        """How many questions have been answered, refused or failed. Any thread reads."""

    def ask(self, topic: Hashable, question: Callable[[Inspector], T]) -> Asked[T]:
        """Have a question answered in dg-inspect. Any one thread.

        Parameters
        ----------
        topic
            A question that still waits on the same topic is given up.
        question
            Called with the inspector; it should not keep what it is given.
        """
        with self._lock:
            self._generation += 1
            asked = Asked(topic, self._generation, question)
            older = self._waiting.pop(topic, None)
            self._waiting[topic] = asked
        if older is not None:
            older.give_up()
        if self.stopping:
            asked.give_up()
            return asked
        if self._thread.ident is None:
            self.start()
        self._wake.set()
        return asked

    @property
    def idle(self) -> bool:
        """Whether everything that was asked for has come to its end. Any thread."""
        with self._lock:
            return not self._waiting and self._running is None

    def wake(self) -> None:
        """Let a waiting turn look at its questions."""
        self._wake.set()

    # -- the thread ------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Answer the newest question, or wait for one."""
        with self._lock:
            asked = self._waiting.popitem()[1] if self._waiting else None
            self._running = asked
        if asked is None:
            if not self._wake.wait(IDLE_S) and self._inspector is not None:
                self._inspector.let_go()
            self._wake.clear()
            return
        if self._inspector is None:
            self._inspector = self._make()
            self._inspector.go_on = self._goes_on
        try:
            asked.answer(self._inspector)
        finally:
            self._running = None
            self.ended += 1

    def _goes_on(self) -> bool:
        """Whether somebody still wants the answer to the present question."""
        running = self._running
        return not self.stopping and (running is None or running.topic not in self._waiting)

    def finish(self) -> None:
        """Give up what was not answered."""
        with self._lock:
            waiting, self._waiting = list(self._waiting.values()), {}
        for asked in waiting:
            asked.give_up()
