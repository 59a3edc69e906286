"""Classifiers that take one labelled input after another: the studio's learner from nothing, and its rivals."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from dgstudio.errors import DgstudioError
from dgstudio.extras.known import needs
from dgstudio.lab.recency import JUDGED, newest_that_hold
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.rules.dense import Adam, DenseWeights, gradient, logits_of
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.plan import Plan
from dgstudio.types import F32, F64, Example

HIDDEN = 128
BUFFER = 500
"""Newest examples that the online MLP rehearses, and that `OnlineLockedBank` keeps where it forgets."""
BATCH = 16
STEPS = 2
STREAM_RATE, FEW_LABELS_RATE = 1e-2, 1e-3
"""Of the online MLP, on streams and where a few labels of each class come from nothing."""
SOFTMAX_RATE = 0.03
TREES = 20
FORGET_SHARE = 5
PUBLISH_SHARE = 50
"""Ours publishes when what it has learned has grown by a fiftieth."""


class Incremental(Protocol):
    """Predicts a class, or None while it knows none; learns from one labelled input."""

    def predict(self, x: F32) -> int | None:
        """Class of raw features (d,)."""

    def learn(self, x: F32, y: int) -> None:
        """Take the label of raw features (d,)."""


class OnlineLockedBank:
    """The studio's learner, begun from nothing with its default settings.

    It publishes after each label at first, then whenever its examples have grown by a fiftieth (so after every tenth
    label at 500): a publish costs about n³/3 multiplications.

    Parameters
    ----------
    keep
        Only the newest so many examples, and at most a fifth more; older ones are unlearned, a fifth at a time (while
        nothing is sealed or protected, each unlearning fits the features anew). None: all; the learner seals its bank
        when that is full.
    protect_after
        Labels after which what it knows is protected for good, once.
    """

    def __init__(self, keep: int | None = None, protect_after: int | None = None) -> None:
        self.learner = Learner.begin(None, LearnerSettings())
        self._keep = keep
        self._protect_after = protect_after
        self._recent: deque[int] = deque()
        self._count = 0
        self._unpublished = 0
        self._plan = Plan(self.learner.store.serving)
        self.bits_changed = 0
        """Bits of protected answers that differed, over all publishes; `audit_s` is the time of looking."""
        self.audit_s = 0.0

    def predict(self, x: F32) -> int | None:
        """By the serving kernel of the newest version."""
        serving = self.learner.store.serving
        if self._plan.snapshot is not serving:
            self._plan = Plan(serving)
        answer = self._plan.answer(x)
        # A forced choice, as the rivals make, where the studio would say "unsure".
        top = int(answer.logits.argmax()) if answer.unsure else answer.top
        return serving.classes[top] if top >= 0 else None

    def learn(self, x: F32, y: int) -> None:
        """Absorb, and publish if it is time."""
        learner = self.learner
        if y not in learner.store.head.classes:
            learner.add_class(y)
        if self._keep is not None and len(self._recent) >= self._keep + self._keep // FORGET_SHARE:
            learner.forget([self._recent.popleft() for _ in range(self._keep // FORGET_SHARE)])
        learner.absorb([Example(self._count, y, 0, x, 0.0, 0.0)])
        self._recent.append(self._count)
        self._count += 1
        self._unpublished += 1
        if self._unpublished >= max(1, len(learner.training.learned) // PUBLISH_SHARE):
            self._publish()
        if self._count == self._protect_after:
            learner.seal_and_protect()

    def _publish(self) -> None:
        self._unpublished = 0
        learner = self.learner
        learner.step()
        # A full bank is sealed by a step of its own.
        if learner.pending and len(learner.training.learned) >= learner.settings.seal_at:
            learner.step()
        if learner.protected_count:
            begin = time.process_time()
            self.bits_changed += learner.audit_all().bits_changed
            self.audit_s += time.process_time() - begin


def protected_bits(model: Incremental) -> tuple[int | None, float]:
    """Bits of protected answers that changed over all publishes, None where nothing is protected; seconds of audit."""
    return (model.bits_changed, model.audit_s) if isinstance(model, OnlineLockedBank) else (None, 0.0)


class AdaptingLockedBank(OnlineLockedBank):
    """As `OnlineLockedBank`, but it unlearns old examples that newer ones contradict (`lab/recency.py`).

    It looks whenever its examples have grown by a fifth; before the bank is full, and would be sealed for good, the
    oldest fifth goes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[tuple[int, F32, int]] = deque()
        self._look_at = 2 * JUDGED

    def learn(self, x: F32, y: int) -> None:
        """Learn one, and unlearn if it is time."""
        self._held.append((self._count, x, y))
        super().learn(x, y)
        if len(self._held) < self._look_at:
            return
        settings, plan = self.learner.settings, Plan(self.learner.store.head)
        Z = np.array([plan.embed(raw) for _, raw, _ in self._held], np.float64)
        classes = np.array([class_id for _, _, class_id in self._held])
        kept = newest_that_hold(Z, classes, settings.kappa * settings.mu)
        most = settings.seal_at * FORGET_SHARE // (FORGET_SHARE + 1)
        kept = min(kept, most - most // FORGET_SHARE) if len(self._held) >= most else kept
        gone = [self._held.popleft()[0] for _ in range(len(self._held) - kept)]
        self.learner.forget(gone)
        self._look_at = min(max(2 * JUDGED, kept + kept // FORGET_SHARE), most)


class OnlineMLP:
    """A dense network: inputs standardised by running moments, Adam steps on the label and others of the newest.

    The rate was chosen out of 1e-3, 3e-3, 1e-2 on validation data, for each experiment its own, where ours has one
    set of numbers for all. Streams (see `classifiers`): .715, .740, .759. From nothing (validation parts of digits,
    BasicMotions and strokes, three seeds, 5, 20 and 50 labels): .821, .809, .800.
    """

    def __init__(self, inputs: int, rate: float = STREAM_RATE, seed: int = 0) -> None:
        rng = self._rng = np.random.default_rng(seed)
        W1 = rng.normal(0, (2 / inputs) ** 0.5, (HIDDEN, inputs)).astype(np.float32)
        empty = np.zeros((HIDDEN, 0), np.float32)
        self._weights = DenseWeights(W1, np.zeros(HIDDEN, np.float32), empty, np.zeros(0, np.float32), ())
        self._adam = Adam(rate)
        self._recent: deque[tuple[F32, int]] = deque(maxlen=BUFFER)
        self._moments = _Moments(inputs)

    def predict(self, x: F32) -> int | None:
        """Class of the largest logit."""
        weights = self._weights
        if not weights.classes:
            return None
        return weights.classes[int(logits_of(weights, self._moments.standardise(x)).argmax())]

    def learn(self, x: F32, y: int) -> None:
        """`STEPS` Adam steps of `BATCH` inputs."""
        self._moments.add(x)
        if y not in self._weights.classes:
            self._weights = self._weights.with_class(y)
        self._recent.append((x, y))
        place = {class_id: column for column, class_id in enumerate(self._weights.classes)}
        for _ in range(STEPS):
            drawn = [len(self._recent) - 1, *self._rng.integers(len(self._recent), size=BATCH - 1)]
            X = self._moments.standardise(np.array([self._recent[i][0] for i in drawn]))
            columns = np.array([place[self._recent[i][1]] for i in drawn])
            moved = self._adam.displacement(gradient(self._weights, X, columns))
            for array, change in zip(self._weights.arrays(), moved, strict=True):
                array += change


class _Moments:
    """Mean and variance of all inputs so far (Welford)."""

    def __init__(self, inputs: int) -> None:
        self._count = 0
        self._mean: F64 = np.zeros(inputs)
        self._squares: F64 = np.zeros(inputs)

    def add(self, x: F32) -> None:
        self._count += 1
        off = x - self._mean
        self._mean = self._mean + off / self._count
        self._squares = self._squares + off * (x - self._mean)

    def standardise(self, X: F32) -> F32:
        spread = np.sqrt(self._squares / max(1, self._count))
        result: F32 = ((X - self._mean) / np.where(spread > 0, spread, 1.0)).astype(np.float32)
        return result


class FromRiver:
    """A classifier of river's, which reads features by name."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, x: F32) -> int | None:
        """Its own choice."""
        top = self._model.predict_one(_named(x))
        return None if top is None else int(top)

    def learn(self, x: F32, y: int) -> None:
        """Learn one."""
        self._model.learn_one(_named(x), y)


def _named(x: F32) -> dict[int, float]:
    return dict(enumerate(x.tolist()))


class NoChange:
    """The last label that came: MOA's NoChange, river's `dummy.NoChangeClassifier`."""

    def __init__(self) -> None:
        self._last: int | None = None

    def predict(self, x: F32) -> int | None:
        """The last label."""
        return self._last

    def learn(self, x: F32, y: int) -> None:
        """Note it."""
        self._last = y


class LastClass:
    """The class that was born last: the newest one, as long as no other appears."""

    def __init__(self) -> None:
        self._seen: dict[int, None] = {}

    def predict(self, x: F32) -> int | None:
        """The newest class."""
        return next(reversed(self._seen), None)

    def learn(self, x: F32, y: int) -> None:
        """Note a class that is new."""
        self._seen.setdefault(y)


class Majority:
    """The most frequent label so far: what river's `dummy.PriorClassifier` chooses."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def predict(self, x: F32) -> int | None:
        """The most frequent label."""
        return self._counts.most_common(1)[0][0] if self._counts else None

    def learn(self, x: F32, y: int) -> None:
        """Count it."""
        self._counts[y] += 1


def classifiers(
    inputs: int, labels: int, seed: int, mlp_rate: float = STREAM_RATE
) -> dict[str, Callable[[], Incremental]]:
    """Name → how to make it, for streams of `inputs` features and about `labels` labels.

    River's have its documented defaults but for what was better on validation streams (the generators with seeds 100
    and 101, and inputs of Bananas that are not reported; 1,000 each, mean accuracy of five streams): softmax with
    rates .003, .01 (default), .03, .1: .635, .636, .649, .646; k-NN with k = 3, 5 (default), 9, 15: .736, .740, .736,
    .736; the forest with 10 (default) and 20 trees: .731, .739, and with a grace period of 20 instead of 50: .715.

    Raises
    ------
    DgstudioError
        Where river is missing.
    """
    try:
        from river import forest, linear_model, neighbors, optim, preprocessing
    except ImportError as error:
        raise DgstudioError(needs("The rivals come with", "river")) from error

    def scaled(model: Any) -> FromRiver:
        return FromRiver(preprocessing.StandardScaler() | model)

    return {
        "ours": OnlineLockedBank,
        "ours protecting": lambda: OnlineLockedBank(protect_after=labels // 5),
        "ours forgetting": lambda: OnlineLockedBank(keep=BUFFER),
        "ours adapting": AdaptingLockedBank,
        "river forest": lambda: FromRiver(forest.ARFClassifier(n_models=TREES, seed=seed)),
        "river softmax": lambda: scaled(linear_model.SoftmaxRegression(optimizer=optim.SGD(SOFTMAX_RATE))),
        "river k-NN": lambda: scaled(neighbors.KNNClassifier()),
        "online MLP": lambda: OnlineMLP(inputs, mlp_rate, seed),
        "no change": NoChange,
        "last class": LastClass,
        "majority": Majority,
    }
