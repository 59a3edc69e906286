"""A model that was taught, and an inspector of it, for the benches of what the inspector computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from dgstudio.bench.labelling.long_session import JITTER, SEED, performed
from dgstudio.engine.inspection.inputs import UNLABELLED, InputKind, Inputs, InputSets
from dgstudio.engine.inspection.inspector import Inspector
from dgstudio.engine.inspection.reachable_versions import ReachableVersions
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import DgstudioError
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.registry import open_source
from dgstudio.types import F32, Example

GESTURES = ("circle", "wave")
EXAMPLES, SEALED, LEARNED, NEWEST = 1000, 200, 400, 40
"""Labelled examples; of these so many are sealed, so many learned in all, so many by the last publish: a new class."""


@dataclass(frozen=True, slots=True, eq=False)
class TaughtModel:
    """A learner with a sealed bank and a learning bank; `before` and `after` are its last two publishes by examples.

    `learned` are ids of what the learning bank holds; `sets` has the protected inputs and all examples; `rows` (n, d)
    are these and inputs that nobody labelled.
    """

    inspector: Inspector
    before: int
    after: int
    learned: tuple[int, ...]
    sets: InputSets
    rows: F32


@contextmanager
def taught_model() -> Iterator[TaughtModel]:
    """Teach the simulator's base two gestures. `DgstudioError` where that base is missing."""
    base, why = base_for(open_source("simulator", seed=SEED).spec)
    if base is None:
        raise DgstudioError(f"The bench needs the simulator's base model. {why}")
    examples = _examples(max(base.base.classes) + 1)
    # As many inputs are protected as ship with the base: a seal adds none.
    learner = Learner.begin(base, LearnerSettings(protected=0))
    learner.add_classes(sorted({example.class_id for example in examples}))
    learner.absorb(examples[:SEALED])
    learner.step()
    learner.seal_and_protect()
    learner.absorb(examples[SEALED : LEARNED - NEWEST])
    learner.step()
    before = learner.store.head.version
    learner.absorb(examples[LEARNED - NEWEST : LEARNED])
    learner.step()
    known = {example.id: example for example in examples}

    def some(ids: Iterable[int]) -> dict[int, Example]:
        return {i: known[i] for i in ids}

    sets = _sets(learner, examples)
    others = [performed(gesture)[0] for gesture in ("walk", "shake")]
    with Session.memory() as session:
        versions = ReachableVersions(learner, session, frozenset)
        yield TaughtModel(
            inspector=Inspector(learner, versions, some, lambda: sets, learner.copied_rule),
            before=before,
            after=learner.store.head.version,
            learned=tuple(range(SEALED, LEARNED)),
            sets=sets,
            rows=np.concatenate([sets.protected.raw, sets.examples.raw, *others]),
        )


def _examples(first_class: int) -> list[Example]:
    """Windows of each gesture in turn, each a little changed, so that none is there twice."""
    rng = np.random.default_rng(SEED)
    made = []
    for number, gesture in enumerate(GESTURES):
        windows, _ = performed(gesture)
        chosen = windows[rng.integers(0, len(windows), EXAMPLES // len(GESTURES))]
        changed = chosen + JITTER * windows.std(0) * rng.standard_normal(chosen.shape)
        made += [(first_class + number, row) for row in changed.astype(np.float32)]
    # One class until the last publish, which brings the other.
    first = LEARNED - NEWEST
    half = len(made) // len(GESTURES)
    order = [*range(first), *range(half, len(made)), *range(first, half)]
    return [Example(i, made[row][0], row // 50, made[row][1], 0.0, 1.0) for i, row in enumerate(order)]


def _sets(learner: Learner, examples: list[Example]) -> InputSets:
    protected = learner.training.protected
    nothing = np.zeros((0, 0), np.float32), np.zeros(0, np.int64)
    raw, ids = np.stack([example.features for example in examples]), np.arange(len(examples))
    labels = np.array([example.class_id for example in examples], np.int64)
    count = len(protected)
    return InputSets(
        Inputs(InputKind.PROTECTED, protected.inputs, np.arange(count), np.full(count, UNLABELLED), count),
        Inputs(InputKind.EXAMPLE, raw, ids, labels, len(examples)),
        Inputs(InputKind.LIVE, *nothing, nothing[1], 0),
        (),
    )
