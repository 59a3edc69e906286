"""Protecting from the running engine: recent inputs that nobody labelled, classes that have become stable, the list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from dgstudio.learning.contract.protected import BASES_OWN, RECENT
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.model.plan import Plan
from dgstudio.records import dataclass
from dgstudio.types import F32, Mode, Reading, Take

BY_ITSELF = "protect by itself"
"""Session setting: whether stable classes are protected without being asked for."""
STABLE_S = 30.0
"""Wall seconds for which nothing of a class may have changed."""
RIGHT = 0.95
"""Share of its learned examples that the version must answer rightly."""
RECENT_KEPT = 300
"""Recent inputs that are looked at, at most."""
APART_S = 0.25
"""Stream seconds between two of them: neighbours are nearly the same."""
OWN_INPUT, RECENT_INPUT = "the base’s own", "recent input"


@dataclass(frozen=True, slots=True, eq=False)
class ProtectedInput:
    """One protected input: its raw features, class id, the probability of it when it was protected, its origin.

    `origin` is `OWN_INPUT`, `RECENT_INPUT`, or "example N"; `example_id` is None where it is no example.
    """

    features: F32
    class_id: int
    confidence: float
    origin: str
    example_id: int | None = None


def protected_inputs(training: TrainingState, temperature: float) -> list[ProtectedInput]:
    """The protected inputs in the order in which they joined. Any thread, for a training is immutable."""
    found = []
    for cohort in training.protected.cohorts:
        place = {class_id: column for column, class_id in enumerate(cohort.classes)}
        for raw, label, logits, identity in zip(
            cohort.inputs, cohort.labels.tolist(), cohort.reference, cohort.ids.tolist(), strict=True
        ):
            p = np.exp((logits - logits.max()) / temperature)
            sure = float(p[place[label]] / p.sum()) if label in place else 0.0
            origin = {BASES_OWN: OWN_INPUT, RECENT: RECENT_INPUT}.get(identity, f"example {identity}")
            found.append(ProtectedInput(raw, label, sure, origin, identity if identity >= 0 else None))
    return found


def recent_inputs(readings: Sequence[Reading], takes: Iterable[Take]) -> list[F32]:
    """Raw features of recent answers that no take overlaps, at least `APART_S` apart, the newest `RECENT_KEPT`."""
    labelled = [(take.start, take.end) for take in takes]
    chosen: list[Reading] = []
    for reading in reversed(readings):
        if reading.top is None or (chosen and chosen[-1].end - reading.end < APART_S):
            continue
        if any(start < reading.end and reading.start < end for start, end in labelled):
            continue
        chosen.append(reading)
        if len(chosen) == RECENT_KEPT:
            break
    return [reading.features for reading in reversed(chosen)]


class StableClasses:
    """Sees when what has been taught has become stable. Called by dg-learn, in idle turns.

    The rule. A class is stable when for `STABLE_S` wall seconds none of its examples was learned, unlearned or
    relabelled, none waits to be learned, and the version answers at least `RIGHT` of them rightly. Once every class
    with examples that are not protected yet is stable, they are protected; sealing closes the bank for all of them, so
    none is closed while another is still being taught. Each example is asked about once: what was taken back, or could
    not be protected, is not done again by itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.on = False
        self._clock = clock
        self._training: TrainingState | None = None
        self._held: dict[int, frozenset[int]] = {}
        self._since: dict[int, float] = {}
        self._asked: set[int] = set()

    def turn(self, learner: Learner) -> tuple[int, ...]:
        """Class ids that have all become stable, to be protected now; empty while there is nothing to do."""
        now = self._clock()
        if not self.on or learner.mode is Mode.OFF:
            self._training = None
            return ()
        if learner.training is not self._training:
            self._look(learner, now)
        for class_id in self._held:
            if learner.waiting_for(class_id):
                self._since[class_id] = now
        if not self._held or now - max(self._since.values()) < STABLE_S:
            return ()
        stable = tuple(sorted(self._held)) if self._right(learner) else ()
        self._asked.update(*self._held.values())
        self._held = {}
        return stable

    def _look(self, learner: Learner, now: float) -> None:
        self._training = learner.training
        held: dict[int, set[int]] = {}
        for example_id, class_id in learner.unprotected().items():
            if example_id in self._asked:
                continue
            held.setdefault(class_id, set()).add(example_id)
        before, self._held = self._held, {c: frozenset(ids) for c, ids in held.items()}
        self._since = {
            c: self._since[c] if c in self._since and before.get(c) == ids else now for c, ids in self._held.items()
        }

    def _right(self, learner: Learner) -> bool:
        plan = Plan(learner.store.head)
        for class_id, ids in self._held.items():
            answers = [plan.answer(learner.example(example_id).features) for example_id in sorted(ids)]
            right = sum(a.top >= 0 and plan.snapshot.classes[a.top] == class_id for a in answers)
            if right < RIGHT * len(answers):
                return False
        return True
