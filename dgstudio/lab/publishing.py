"""Four ways to publish to readers, each of which can say of every read what was read (design 4)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from dgstudio.learning.rules.conventional import InPlaceTwin, TwinAnswer, TwinStart
from dgstudio.learning.rules.dense import DenseWeights, logits_of
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Answer, Plan
from dgstudio.model.snapshot import Normaliser, Snapshot
from dgstudio.types import F32, Example, TwinState

TAKE = 20
"""Examples after which the in-place control calls its state a version."""

OK, TORN, UNPUBLISHED, UNATTRIBUTED = range(4)


class Contestant(Protocol):
    """One way to publish. `read` is timed and called by any reader; `judge` says what was read; one writer writes."""

    @property
    def publishes(self) -> int:
        """States that were published, or written, so far."""

    def read(self, number: int) -> Any:
        """Answer input `number` of the rotation."""

    def judge(self, number: int, got: Any) -> int:
        """OK, TORN, UNPUBLISHED or UNATTRIBUTED."""

    def write(self) -> None:
        """Publish once."""

    def late(self) -> int:
        """Count reads that were judged later and match no state; called once all threads have ended."""


class PlanSwap:
    """Plans of immutable snapshots behind one reference.

    A read names the version that it took. *unpublished*: none of that number was published; *unattributed*: that
    version gives other bytes for the input (logits, and the routers' r), by a plan of its own made beforehand;
    *torn*: besides, the arrays of that version are no longer what its digest says.
    """

    def __init__(self, versions: Sequence[Snapshot], inputs: Sequence[F32]) -> None:
        self.publishes = 0
        self._inputs = inputs
        self._plans = [Plan(snapshot) for snapshot in versions]
        self._table = {s.version: [_bytes_of(Plan(s).answer(raw)) for raw in inputs] for s in versions}
        self._by_version = {snapshot.version: snapshot for snapshot in versions}
        self.serving = self._plans[0]

    def read(self, number: int) -> tuple[int, Answer]:
        """Version and answer."""
        plan = self.serving
        return plan.snapshot.version, plan.answer(self._inputs[number])

    def judge(self, number: int, got: tuple[int, Answer]) -> int:
        """Compare the bytes with the table."""
        version, answer = got
        row = self._table.get(version)
        if row is None:
            return UNPUBLISHED
        if row[number] == _bytes_of(answer):
            return OK
        return UNATTRIBUTED if self._by_version[version].is_intact() else TORN

    def write(self) -> None:
        """One assignment."""
        self.serving = self._plans[self.publishes % len(self._plans)]
        self.publishes += 1

    def late(self) -> int:
        """Nothing is judged late."""
        return 0


def _bytes_of(answer: Answer) -> tuple[bytes, bytes]:
    return answer.logits.tobytes(), answer.r.tobytes()


class Swap:
    """A dense network published by replacing one reference; judged in the same way."""

    def __init__(self, states: Sequence[DenseWeights], normaliser: Normaliser, inputs: Sequence[F32]) -> None:
        self.publishes = 0
        self._normaliser = normaliser
        self._inputs = inputs
        self._states = list(enumerate(states))
        self._bytes = [[a.tobytes() for a in weights.arrays()] for weights in states]
        self._table = [[logits_of(weights, normaliser(raw)).tobytes() for raw in inputs] for weights in states]
        self._serving = self._states[0]

    def read(self, number: int) -> tuple[int, F32]:
        """Version and logits (C,)."""
        version, weights = self._serving
        return version, logits_of(weights, self._normaliser(self._inputs[number]))

    def judge(self, number: int, got: tuple[int, F32]) -> int:
        """Compare the bytes with the table."""
        version, logits = got
        if self._table[version][number] == logits.tobytes():
            return OK
        now = [a.tobytes() for a in self._states[version][1].arrays()]
        return UNATTRIBUTED if now == self._bytes[version] else TORN

    def write(self) -> None:
        """One assignment."""
        self._serving = self._states[self.publishes % len(self._states)]
        self.publishes += 1

    def late(self) -> int:
        """Nothing is judged late."""
        return 0


class Locked(Swap):
    """The same states copied into the arrays that are read, under a mutex that every read takes.

    A counter that is odd during a write shows whether arrays changed during a read (*torn*).
    """

    def __init__(self, states: Sequence[DenseWeights], normaliser: Normaliser, inputs: Sequence[F32]) -> None:
        super().__init__(states, normaliser, inputs)
        self._mutex = threading.Lock()
        self._live = states[0].copy()
        self._version = 0
        self._sequence = 0

    def read(self, number: int) -> tuple[int, F32]:
        """Version, or −1 where the counter moved, and logits (C,)."""
        x = self._normaliser(self._inputs[number])
        with self._mutex:
            before = self._sequence
            version, logits = self._version, logits_of(self._live, x)
            torn = before % 2 or self._sequence != before
        return (-1 if torn else version), logits

    def judge(self, number: int, got: tuple[int, F32]) -> int:
        """Compare the bytes with the table."""
        version, logits = got
        if version < 0:
            return TORN
        return OK if self._table[version][number] == logits.tobytes() else UNATTRIBUTED

    def write(self) -> None:
        """Overwrite the arrays."""
        version, weights = self._states[self.publishes % len(self._states)]
        with self._mutex:
            self._sequence += 1
            for target, source in zip(self._live.arrays(), weights.arrays(), strict=True):
                target[...] = source
            self._version = version
            self._sequence += 1
        self.publishes += 1


class InPlace:
    """The control: Adam steps written into the arrays that are read; its versions are its states at ends of takes.

    Its reads say themselves whether the sequence counter moved (*torn*) or the state was never a version
    (*unpublished*); torn answers are compared afterwards with every state that they overlapped (*unattributed*,
    counted among the torn).
    """

    def __init__(self, base: BaseModel, examples: Sequence[Example], inputs: Sequence[F32], seed: int = 0) -> None:
        self._learned = 0
        self._inputs = inputs
        self._examples = examples
        self._twin = InPlaceTwin(TwinStart.of_base(base), seed=seed)
        for example in examples:
            self._twin.add_class(example.class_id)
        self._verdicts = {TwinState.VERSION: OK, TwinState.UNPUBLISHED: UNPUBLISHED, TwinState.TORN: TORN}

    @property
    def publishes(self) -> int:
        """States that were written, one a step."""
        return self._twin.state_number

    def read(self, number: int) -> TwinAnswer:
        """Answer from the arrays as they are."""
        return self._twin.read(self._inputs[number])

    def judge(self, number: int, got: TwinAnswer) -> int:
        """Take the twin's own word."""
        return self._verdicts[got.state]

    def write(self) -> None:
        """Learn one example in place."""
        self._twin.absorb([self._examples[self._learned % len(self._examples)]])
        self._learned += 1
        if self._learned % TAKE == 0:
            self._twin.mark_version()
        # While the states that torn answers overlapped are still kept.
        self._twin.count_unattributed()

    def late(self) -> int:
        """Count torn answers that equal no state that ever was."""
        return self._twin.count_unattributed()
