"""One method on one stream of labels: blocks learned and published, every publish audited, figures at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.extras.known import needs
from dgstudio.lab.data import Dataset, Labels
from dgstudio.lab.methods import Method, Start
from dgstudio.lab.runs import Runs
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.certificate import certify
from dgstudio.model.snapshot import Normaliser
from dgstudio.types import F32, Example

HIDDEN, ACTIVE = 128, 32
STEPS, QUICK_STEPS = 1500, 500
TRAINING = "training the base"
"""Of the training of base and dense twin, 64 inputs each."""


def begin(data: Dataset, classes: Sequence[int], seed: int, protected: int, *, quick: bool = False) -> Start:
    """Train base and dense twin on the training part of these classes, and choose what is protected.

    Raises
    ------
    DgstudioError
        Where torch is missing, or the data cannot be trained on.
    """
    try:
        from dgstudio.model.training import train_base, train_dense  # torch is slow to import
    except ImportError as error:
        raise DgstudioError(needs("The experiments train base models with", "torch")) from error
    classes = tuple(classes)
    X, y = data.part("train", classes)
    normaliser = Normaliser.fit(X)
    x = normaliser(X)
    steps = QUICK_STEPS if quick else STEPS
    settings = LearnerSettings(seed=seed, protected=protected)
    base = assemble(
        X,
        y,
        normaliser=normaliser,
        base=train_base(x, y, classes, hidden=HIDDEN, k=ACTIVE, steps=steps, seed=seed),
        dense=train_dense(x, y, classes, hidden=HIDDEN, steps=steps, seed=seed),
        feature_names=data.feature_names,
        class_names=tuple(data.class_names[c] for c in classes),
        settings=settings,
    )
    return Start(base, X, y, settings, seed)


def begin_when_needed(
    runs: Runs, data: Dataset, classes: Sequence[int], seed: int, protected: int, *, quick: bool = False
) -> Callable[[], Start]:
    """What makes the `Start` of several runs (see `begin`) when the first one asks for it; all get the same one."""

    @cache
    def start() -> Start:
        runs.at(TRAINING)
        made = begin(data, classes, seed, protected, quick=quick)
        runs.at()
        return made

    return start


def labels_of(
    X: F32, y: Labels, classes: Sequence[int], count: int, seed: int, data: Dataset, *, first_id: int = 0
) -> list[Example]:
    """Draw `count` labelled inputs of each class, in random order; a larger count goes on from a smaller one's.

    They are numbered from `first_id` on.

    Raises
    ------
    BadInputError
        If a class does not have as many.
    """
    rng = np.random.default_rng(seed)
    places = []
    for class_id in classes:
        members = rng.permutation(np.flatnonzero(y == class_id))
        if len(members) < count:
            raise BadInputError(
                f"Class “{data.class_names[class_id]}” of {data.name} has {len(members)} examples to learn from, "
                f"not {count}: ask for fewer labels."
            )
        places.append(members[:count])
    order = rng.permutation(np.concatenate(places))
    return [Example(number, int(y[i]), 0, X[i], 0.0, 0.0) for number, i in enumerate(order.tolist(), first_id)]


class Trial:
    """Drives a method and keeps the accounts.

    Parameters
    ----------
    method, start
        What learns, and what it began with.
    old
        Held-out raw inputs (n, d) whose answers should stay: they are compared before and after.
    """

    def __init__(self, method: Method, start: Start, old: F32) -> None:
        self.method = method
        self._protected: list[tuple[F32, tuple[int, ...], F32, int]] = []
        self._protect(start.base.protected)
        self._old = old
        self._old_before = [method.logits_of(raw) for raw in old]
        self._plan_before = method.plan()
        self._classes = set(start.base.classes)
        self._learn_s = 0.0
        self._publish_ms: list[float] = []
        self._examples = 0
        self._bits = 0
        self._max_delta = 0.0
        self._flips = 0

    def learn(self, examples: Sequence[Example], every: int) -> None:
        """Absorb in blocks of `every` labels; after each block publish, and answer every protected input again."""
        for first in range(0, len(examples), every):
            block = examples[first : first + every]
            for class_id in dict.fromkeys(example.class_id for example in block):
                if class_id not in self._classes:
                    self._classes.add(class_id)
                    self.method.add_class(class_id)
                    self._audit()
            begin = time.process_time()
            self.method.absorb(block)
            self._learn_s += time.process_time() - begin
            self._examples += len(block)
            self._publish()

    def protect(self) -> None:
        """Have the method protect what it knows; what joins is audited from now on."""
        self._protect(self.method.protect())
        self._audit()

    def accuracy(self, X: F32, y: Labels) -> float:
        """Share of raw inputs (n, d) that are answered right; NaN of none."""
        return float((self.method.answer(X) == y).mean()) if len(y) else float("nan")

    def figures(self) -> dict[str, float]:
        """Give the accounts so far: the contract, what stayed, certificates, costs.

        `protected_bits_changed` and `protected_max_abs_delta` are over all protected logits and all publishes;
        `protected_flips` is the share of protected inputs that the newest version answers with another class.
        """
        figures = {
            "protected_bits_changed": float(self._bits),
            "protected_max_abs_delta": self._max_delta,
            "protected_inputs": float(len(self._protected)),
            "protected_flips": self._flips / max(1, len(self._protected)),
            "unchanged_old_share": self._unchanged(),
            **self._certificates(),
            "rejections": float(self.method.rejections()),
            "publishes": float(len(self._publish_ms)),
        }
        if self._examples:
            figures["ms_per_example"] = self._learn_s * 1e3 / self._examples
        if self._publish_ms:
            figures["publish_p99_ms"] = float(np.percentile(self._publish_ms, 99))
        return figures

    # -- inside ------------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        more = True
        while more:
            begin = time.perf_counter()
            more = self.method.publish()
            self._publish_ms.append((time.perf_counter() - begin) * 1e3)
            self._audit()

    def _protect(self, inputs: F32) -> None:
        for raw in inputs:
            classes, logits = self.method.logits_of(raw)
            self._protected.append((raw, classes, logits.copy(), _top(classes, logits)))

    def _audit(self) -> None:
        """Answer every protected input one at a time, as served, and compare with its reference, bit by bit."""
        self._flips = 0
        for raw, classes, reference, top in self._protected:
            now_classes, now = self.method.logits_of(raw)
            self._flips += _top(now_classes, now) != top
            if now_classes != classes:
                now = _columns(now_classes, now, classes)
            changed = reference.view(np.uint32) ^ now.view(np.uint32)
            if changed.any():
                self._bits += int(np.bitwise_count(changed).sum())
                self._max_delta = max(self._max_delta, float(np.abs(now.astype(np.float64) - reference).max()))

    def _unchanged(self) -> float:
        """Share of the held-out old inputs whose logits keep every byte, for the classes that lived before."""
        same = 0
        for raw, (classes, before) in zip(self._old, self._old_before, strict=True):
            now_classes, now = self.method.logits_of(raw)
            same += _columns(now_classes, now, classes).tobytes() == before.tobytes()
        return same / len(self._old) if len(self._old) else float("nan")

    def _certificates(self) -> dict[str, float]:
        """Share of the held-out old inputs with a certificate of the version it began with, and how many are false."""
        now, then = self.method.plan(), self._plan_before
        if now is None or then is None or not len(self._old):
            return {}
        certified = false = 0
        for raw in self._old:
            answer = now.answer(raw)
            if not certify(now, answer, then):
                continue
            certified += 1
            again = then.logits_of(raw)
            false += _columns(now.snapshot.classes, answer.logits, then.snapshot.classes).tobytes() != again.tobytes()
        return {"coverage": certified / len(self._old), "false_certificates": float(false)}


def _top(classes: tuple[int, ...], logits: F32) -> int:
    return classes[int(logits.argmax())]


def _columns(classes: tuple[int, ...], logits: F32, wanted: tuple[int, ...]) -> F32:
    """The logits of the wanted classes, which all live."""
    if classes[: len(wanted)] == wanted:
        return np.ascontiguousarray(logits[: len(wanted)])
    return np.ascontiguousarray(logits[[classes.index(class_id) for class_id in wanted]])
