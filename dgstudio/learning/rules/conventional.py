"""The controls: a dense network fine-tuned on the same labels, published by swap, or written into while it is read."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.learning.rules.dense import Adam, DenseWeights, batch_logits, gradient, logits_of, softmax
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.snapshot import Normaliser
from dgstudio.records import dataclass
from dgstudio.types import F32, Example, TwinState

STEPS_PER_EXAMPLE = 10
BATCH = 16
RECENT = 32
STATES_KEPT = 256
STATES_BYTES = 64 * 2**20
"""Memory for copies of recent states, whatever the size of the network."""
TORN_KEPT = 256


@dataclass(frozen=True, slots=True, eq=False)
class TwinAnswer:
    """What the twin answers: logits and probabilities (C,) float32 for `classes`."""

    classes: tuple[int, ...]
    logits: F32
    probabilities: F32
    state: TwinState


class ConventionalTwin:
    """Dense network of the base's size, fine-tuned by Adam and published by swapping one reference.

    `read` may be called by one other thread at any time; it takes no lock. Everything else locks for at most one
    Adam step.

    Parameters
    ----------
    base
        Brings the dense twin's weights, the normaliser and the protected inputs.
    protected
        (inputs (N, d) raw, class ids (N,)) to watch and, with replay, to rehearse; the base's own by default.
    replay
        Half of each batch rehearses the protected inputs, class by class in turn.
    seed
        Of the batches.
    """

    def __init__(
        self,
        base: BaseModel,
        protected: tuple[F32, npt.NDArray[np.integer]] | None = None,
        *,
        replay: bool = False,
        steps_per_example: int = STEPS_PER_EXAMPLE,
        rate: float = 1e-3,
        seed: int = 0,
    ) -> None:
        inputs, labels = protected or (base.protected, base.protected_labels)
        self._normalise: Normaliser = base.normaliser
        normalised = np.array([self._normalise(raw) for raw in inputs], np.float32)
        self._protected_x = normalised.reshape(len(inputs), base.base.inputs)
        W1, b1, V, b2 = (np.array(array, np.float32) for array in base.dense)
        self._weights = DenseWeights(W1, b1, V, b2, tuple(base.classes))
        self._reference = softmax(batch_logits(self._weights, self._protected_x))
        self._by_class = [np.flatnonzero(labels == c) for c in np.unique(labels)] if replay else []
        self._labels = np.asarray(labels)
        self._adam = Adam(rate)
        self._steps = steps_per_example
        self._recent: deque[tuple[F32, int]] = deque(maxlen=RECENT)
        self._rng = np.random.default_rng(seed)
        self._lock = threading.Lock()
        self.versions = 1
        """Versions so far, the one it began with included."""
        self._serving = self._weights.copy()

    # -- reading -----------------------------------------------------------------------------------------------

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes of the present output."""
        return self._serving.classes

    def read(self, raw: F32) -> TwinAnswer:
        """Answer one raw input (d,) with the published weights."""
        weights = self._serving
        logits = logits_of(weights, self._normalise(raw))
        return TwinAnswer(weights.classes, logits, softmax(logits), TwinState.VERSION)

    # -- learning ----------------------------------------------------------------------------------------------

    def absorb(self, examples: Sequence[Example]) -> None:
        """Fine-tune: `steps_per_example` Adam steps for each example in turn, then publish."""
        for example in examples:
            self.add_class(example.class_id)
            self._recent.append((self._normalise(example.features), example.class_id))
            for _ in range(self._steps):
                with self._lock:
                    X, columns = self._batch()
                    self._move(self._adam.displacement(gradient(self._weights, X, columns)))
        self._publish()

    def add_class(self, class_id: int) -> None:
        """Grow an output column, unless the class has one."""
        with self._lock:
            if class_id not in self._weights.classes:
                self._grow(class_id)

    def mark_version(self) -> None:
        """Call the present state a version: the take is over."""
        self._publish()

    # -- what has become of the protected answers -----------------------------------------------------------------

    def protected_change(self) -> tuple[int, float]:
        """(protected inputs whose top class is no longer the first one, largest change of a probability).

        Probabilities are those of the classes that the twin began with.
        """
        with self._lock:
            now = softmax(batch_logits(self._weights, self._protected_x))
        flips = int((now.argmax(1) != self._reference.argmax(1)).sum()) if now.size else 0
        known = self._reference.shape[1]
        return flips, float(np.abs(now[:, :known] - self._reference).max(initial=0.0))

    def count_unattributed(self) -> int:
        """Torn answers so far that equal no state that ever was; none where references are swapped."""
        return 0

    # -- inside ------------------------------------------------------------------------------------------------

    def _batch(self) -> tuple[F32, npt.NDArray[np.intp]]:
        """The newest example and others of the recent ones; with replay, half protected inputs, classes in turn."""
        recent = list(self._recent)
        fresh = BATCH // 2 if self._by_class else BATCH
        drawn = [recent[-1], *(recent[i] for i in self._rng.integers(len(recent), size=min(fresh, len(recent)) - 1))]
        inputs = [x for x, _ in drawn]
        ids = [class_id for _, class_id in drawn]
        for turn in range(BATCH - fresh if self._by_class else 0):
            members = self._by_class[turn % len(self._by_class)]
            chosen = int(members[self._rng.integers(len(members))])
            inputs.append(self._protected_x[chosen])
            ids.append(int(self._labels[chosen]))
        place = {class_id: column for column, class_id in enumerate(self._weights.classes)}
        return np.array(inputs), np.array([place[class_id] for class_id in ids])

    def _move(self, moved: list[F32]) -> None:
        for array, change in zip(self._weights.arrays(), moved, strict=True):
            array += change

    def _grow(self, class_id: int) -> None:
        self._weights = self._weights.with_class(class_id)
        self._serving = self._weights.copy()
        self.versions += 1

    def _publish(self) -> None:
        with self._lock:
            self._serving = self._weights.copy()
            self.versions += 1


class InPlaceTwin(ConventionalTwin):
    """The same network, but every step is written into the very arrays that readers read, row by row.

    A sequence counter is odd while a write is under way and goes up by two at each state, so a reader that sees it
    move, or odd, has read torn arrays. Copies of recent states tell later whether a torn answer happens to equal
    one of the states that it overlapped (`count_unattributed`). Its versions are the states at `mark_version`.
    """

    def __init__(
        self,
        base: BaseModel,
        protected: tuple[F32, npt.NDArray[np.integer]] | None = None,
        *,
        replay: bool = False,
        steps_per_example: int = STEPS_PER_EXAMPLE,
        rate: float = 1e-3,
        seed: int = 0,
    ) -> None:
        super().__init__(base, protected, replay=replay, steps_per_example=steps_per_example, rate=rate, seed=seed)
        self._sequence = 0
        self._serving = self._weights
        self._version_states = {0}
        self._room = int(np.clip(STATES_BYTES // max(1, self._weights.nbytes), 2, STATES_KEPT))
        self._states: OrderedDict[int, DenseWeights] = OrderedDict({0: self._weights.copy()})
        self._torn: deque[tuple[int, int, F32, F32]] = deque(maxlen=TORN_KEPT)
        self._unattributed = 0
        self.unjudged = 0
        """Torn answers whose states were no longer kept when they were looked at."""

    @property
    def state_number(self) -> int:
        """Which state the arrays are in, or being brought to."""
        return (self._sequence + 1) // 2

    def read(self, raw: F32) -> TwinAnswer:
        """Answer one raw input (d,) from the arrays as they are, and say what was read."""
        x = self._normalise(raw)
        before = self._sequence
        weights = self._serving
        logits = logits_of(weights, x)
        after = self._sequence
        if before != after or before % 2:
            state = TwinState.TORN
            self._torn.append((before, after, x, logits.copy()))
        else:
            state = TwinState.VERSION if before // 2 in self._version_states else TwinState.UNPUBLISHED
        return TwinAnswer(weights.classes, logits, softmax(logits), state)

    def mark_version(self) -> None:
        """The present state is a version from now on."""
        with self._lock:
            if self._sequence // 2 not in self._version_states:
                self._version_states.add(self._sequence // 2)
                self.versions += 1

    def count_unattributed(self) -> int:
        """Judge the torn answers read since the last call; returns how many so far equal no state that ever was.

        An answer is compared, byte for byte, with what each state that its read overlapped gives for its input.
        """
        while self._torn:
            before, after, x, logits = self._torn.popleft()
            with self._lock:
                overlapped = range(before // 2, (after + 1) // 2 + 1)
                kept = [self._states.get(number) for number in overlapped]
            # The lock is free again: kept states are copies that nobody writes.
            if any(w is not None and logits_of(w, x).tobytes() == logits.tobytes() for w in kept):
                continue
            if any(w is None for w in kept):
                self.unjudged += 1
            else:
                self._unattributed += 1
        return self._unattributed

    def _move(self, moved: list[F32]) -> None:
        self._sequence += 1
        for array, change in zip(self._weights.arrays(), moved, strict=True):
            for row, shift in zip(array, change, strict=True) if array.ndim > 1 else ((array, change),):
                row += shift
        self._sequence += 1
        self._keep()

    def _grow(self, class_id: int) -> None:
        self._sequence += 1
        self._serving = self._weights = self._weights.with_class(class_id)
        self._sequence += 1
        self._version_states.add(self._sequence // 2)
        self.versions += 1
        self._keep()

    def _publish(self) -> None:
        """Nothing to do: readers read the arrays that have just been written."""

    def _keep(self) -> None:
        self._states[self._sequence // 2] = self._weights.copy()
        while len(self._states) > self._room:
            self._states.popitem(last=False)
