"""The controls: a dense network fine-tuned on the same labels, published by swap, or written into while it is read."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence, Set

import numpy as np
import numpy.typing as npt

from dgstudio.learning.bank.cold_start import spread_of
from dgstudio.learning.rules.dense import Adam, DenseWeights, batch_logits, gradient, logits_of, softmax
from dgstudio.learning.rules.watched_inputs import WatchedChange, WatchedInputs
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
HIDDEN = 128
"""Hidden units of a twin that begins from nothing: as many as the shipped bases have."""


@dataclass(frozen=True, slots=True, eq=False)
class TwinAnswer:
    """What the twin answers: logits and probabilities (C,) float32 for `classes`."""

    classes: tuple[int, ...]
    logits: F32
    probabilities: F32
    state: TwinState


@dataclass(frozen=True, slots=True, eq=False)
class TwinStart:
    """What a twin begins with.

    Attributes
    ----------
    weights : of the dense network.
    normaliser : None from nothing, until there are examples: see `ConventionalTwin.begin_again`.
    protected, labels : (N, d) raw inputs to watch and (N,) their class ids.
    """

    weights: DenseWeights
    normaliser: Normaliser | None
    protected: F32
    labels: npt.NDArray[np.integer]

    @classmethod
    def of_base(cls, base: BaseModel, protected: tuple[F32, npt.NDArray[np.integer]] | None = None) -> TwinStart:
        """The base's dense twin, its normaliser, and its protected inputs where no others are given."""
        inputs, labels = protected or (base.protected, base.protected_labels)
        W1, b1, V, b2 = (np.array(array, np.float32) for array in base.dense)
        return cls(DenseWeights(W1, b1, V, b2, tuple(base.classes)), base.normaliser, inputs, np.asarray(labels))

    @classmethod
    def from_nothing(cls, inputs: int, *, hidden: int = HIDDEN, seed: int = 0) -> TwinStart:
        """A network of as many hidden units as the shipped bases have, that knows no class (He et al. 2015)."""
        W1 = np.random.default_rng(seed).normal(0.0, np.sqrt(2.0 / max(1, inputs)), (hidden, inputs))
        nothing = np.zeros(hidden, np.float32), np.zeros((hidden, 0), np.float32), np.zeros(0, np.float32)
        return cls(
            DenseWeights(W1.astype(np.float32), *nothing, ()),
            None,
            np.zeros((0, inputs), np.float32),
            np.zeros(0, np.int64),
        )


class ConventionalTwin:
    """Dense network of the base's size, fine-tuned by Adam and published by swapping one reference.

    `read` may be called by one other thread at any time; it takes no lock. Everything else locks for at most one
    Adam step.

    Parameters
    ----------
    start
        Weights, normaliser, and the protected inputs to watch and, with replay, to rehearse.
    replay
        Half of each batch rehearses the protected inputs, class by class in turn.
    seed
        Of the batches.
    """

    def __init__(
        self,
        start: TwinStart,
        *,
        replay: bool = False,
        steps_per_example: int = STEPS_PER_EXAMPLE,
        rate: float = 1e-3,
        seed: int = 0,
    ) -> None:
        self._start = start
        self._normaliser = start.normaliser
        self._weights = start.weights.copy()
        self._replay = replay
        self._watch(WatchedInputs(start.protected, start.labels, self._answers_to(start.protected)))
        self._rate = rate
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

    def begin_again(self, raw: F32) -> None:
        """Forget all that was learned, and read inputs on the scale of these examples (n, d) from now on."""
        with self._lock:
            self._normaliser = spread_of(raw)
            self._watch(self._watched)
            self._adam = Adam(self._rate)
            self._recent.clear()
            fresh = self._start.weights.copy()
            for class_id in self._weights.classes:
                if class_id not in fresh.classes:
                    fresh = fresh.with_class(class_id)
            self._replace(fresh)

    # -- what has become of the protected answers -----------------------------------------------------------------

    def watch(self, raw: F32, labels: npt.NDArray[np.integer]) -> None:
        """Watch these protected inputs (n, d) of these classes from now on, and rehearse them where it replays.

        Those that are watched already are held against what they were answered first, the others against now.
        """
        with self._lock:
            self._watch(self._watched.changed_to(raw, labels, self._answers_to(raw)))

    def protected_change(self, gone: Set[int] = frozenset()) -> WatchedChange:
        """What has become of the answers to the protected inputs; classes `gone` are no answers."""
        with self._lock:
            watched, classes = self._watched, self._weights.classes
            now = softmax(batch_logits(self._weights, self._watched_x))
        return watched.change(now, classes, gone)

    def count_unattributed(self) -> int:
        """Torn answers so far that equal no state that ever was; none where references are swapped."""
        return 0

    # -- inside ------------------------------------------------------------------------------------------------

    def _normalise(self, raw: F32) -> F32:
        """A raw input (d,) as the network reads it; before there is a scale, zeros."""
        return np.zeros_like(raw) if self._normaliser is None else self._normaliser(raw)

    def _answers_to(self, raw: F32) -> F32:
        """Probabilities (n, C) that the present weights give raw inputs (n, d)."""
        return softmax(batch_logits(self._weights, self._normalised_rows(raw)))

    def _watch(self, watched: WatchedInputs) -> None:
        self._watched = watched
        self._watched_x = self._normalised_rows(watched.raw)
        labels = watched.labels
        self._by_class = [(int(c), np.flatnonzero(labels == c)) for c in np.unique(labels)] if self._replay else []

    def _normalised_rows(self, raw: F32) -> F32:
        rows: F32 = np.array([self._normalise(row) for row in raw], np.float32)
        return rows.reshape(len(raw), self._start.weights.W1.shape[1])

    def _replace(self, weights: DenseWeights) -> None:
        """Go on with other weights of the same shapes."""
        self._weights = weights
        self._serving = weights.copy()

    def _batch(self) -> tuple[F32, npt.NDArray[np.intp]]:
        """The newest example and others of the recent ones; with replay, half protected inputs, classes in turn."""
        recent = list(self._recent)
        place = {class_id: column for column, class_id in enumerate(self._weights.classes)}
        # A class that it has no output for yet cannot be rehearsed.
        rehearsed = [(class_id, members) for class_id, members in self._by_class if class_id in place]
        fresh = BATCH // 2 if rehearsed else BATCH
        drawn = [recent[-1], *(recent[i] for i in self._rng.integers(len(recent), size=min(fresh, len(recent)) - 1))]
        inputs = [x for x, _ in drawn]
        ids = [class_id for _, class_id in drawn]
        for turn in range(BATCH - fresh):
            class_id, members = rehearsed[turn % len(rehearsed)]
            inputs.append(self._watched_x[int(members[self._rng.integers(len(members))])])
            ids.append(class_id)
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
        start: TwinStart,
        *,
        replay: bool = False,
        steps_per_example: int = STEPS_PER_EXAMPLE,
        rate: float = 1e-3,
        seed: int = 0,
    ) -> None:
        super().__init__(start, replay=replay, steps_per_example=steps_per_example, rate=rate, seed=seed)
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

    def _replace(self, weights: DenseWeights) -> None:
        self._move([after - before for before, after in zip(self._weights.arrays(), weights.arrays(), strict=True)])

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
