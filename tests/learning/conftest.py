"""A small base model of blobs, made without training, labelled examples of classes, and a user who does anything."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from dgstudio.errors import BadInputError, Rejected
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.learner.learner import Learner
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.snapshot import Base, Normaliser
from dgstudio.types import Example, Mode, PublishRecord

DIM, HIDDEN, ACTIVE, FEATURES = 12, 48, 16, 256
KNOWN = (0, 1, 2)


def blob(class_id: int, count: int, seed: int = 0) -> np.ndarray:
    """(count, DIM) float32 inputs around the centre of a class."""
    centre = np.random.default_rng(1000 + class_id).normal(0, 2.0, DIM)
    noise = np.random.default_rng((seed, class_id)).normal(0, 0.6, (count, DIM))
    return (centre + noise).astype(np.float32)


@cache
def make_base(protected: int = 60, features: int = FEATURES, seed: int = 7) -> BaseModel:
    """A base whose read-out is a least-squares fit over random units: enough to know its three classes. Made once."""
    rng = np.random.default_rng(seed)
    raw = np.concatenate([blob(c, 80) for c in KNOWN])
    labels = np.repeat(KNOWN, 80)
    normaliser = Normaliser.fit(raw)
    x = normaliser(raw)
    W1 = rng.normal(0, DIM**-0.5, (HIDDEN, DIM)).astype(np.float32)
    b1 = rng.normal(0, 0.1, HIDDEN).astype(np.float32)
    theta = rng.normal(0, DIM**-0.5, (HIDDEN, DIM)).astype(np.float32)
    c = np.zeros(HIDDEN, np.float32)
    u = np.maximum(x @ W1.T + b1, 0)
    scores = x @ theta.T
    mask = scores >= np.sort(scores, 1)[:, -ACTIVE][:, None]
    onehot = np.eye(3)[labels] * 8
    V = np.linalg.lstsq(u * mask + 1e-3 * rng.normal(size=u.shape), onehot, rcond=None)[0].astype(np.float32)
    dense_V = np.linalg.lstsq(u, onehot, rcond=None)[0].astype(np.float32)
    base = Base(theta, c, W1, b1, V, np.zeros(3, np.float32), k=ACTIVE, classes=KNOWN)
    return assemble(
        raw,
        labels,
        normaliser=normaliser,
        base=base,
        dense=(W1, b1, dense_V, np.zeros(3, np.float32)),
        feature_names=tuple(f"f{i}" for i in range(DIM)),
        class_names=("zero", "one", "two"),
        settings=LearnerSettings(features=features, protected=protected),
    )


def examples_of(class_id: int, count: int, first: int = 0, seed: int = 1) -> list[Example]:
    """Labelled examples with ids from `first` on."""
    rows = blob(class_id, count, seed)
    return [Example(first + i, class_id, class_id, row, i / 10, i / 10 + 1) for i, row in enumerate(rows)]


@pytest.fixture(scope="session")
def base() -> BaseModel:
    return make_base()


@pytest.fixture(scope="session")
def label() -> Callable[..., list[Example]]:
    return examples_of


@pytest.fixture(scope="session")
def inputs() -> Callable[..., np.ndarray]:
    return blob


@pytest.fixture(scope="session")
def small() -> BaseModel:
    """24 protected inputs, 64 features: for whole histories."""
    return make_base(protected=24, features=64)


@pytest.fixture(scope="session")
def bases() -> Callable[..., BaseModel]:
    return make_base


@pytest.fixture(scope="session")
def begin() -> Callable[..., Learner]:
    """A learner on a base, or on None, with these settings."""

    def make(base: BaseModel | None, **settings: Any) -> Learner:
        return Learner.begin(base, LearnerSettings(**{"features": 64, **settings}))

    return make


class User:
    """Someone who labels, relabels, takes back, protects, rolls back, adds and removes classes, in any order."""

    acts = st.one_of(
        st.tuples(st.just("learn"), st.integers(0, 5), st.integers(1, 6)),
        st.tuples(st.just("learn"), st.integers(3, 5), st.integers(1, 6)),
        st.tuples(st.just("relabel"), st.integers(0, 99), st.integers(0, 5)),
        st.tuples(st.just("forget"), st.integers(0, 99), st.integers(1, 4)),
        st.tuples(st.just("roll back"), st.integers(0, 99), st.just(0)),
        st.tuples(st.just("resume"), st.just(0), st.just(0)),
        st.tuples(st.just("protect"), st.just(0), st.just(0)),
        st.tuples(st.just("remove class"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("add class"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("mode"), st.integers(0, 3), st.just(0)),
    )

    every_act = st.one_of(
        acts,
        acts,
        st.tuples(st.sampled_from(["release", "rebuild", "consolidate", "protect"]), st.integers(0, 99), st.just(0)),
        st.tuples(st.just("openness"), st.integers(0, 99), st.integers(0, 3)),
        st.tuples(st.just("half"), st.integers(0, 2), st.just(0)),
    )
    """All that there is: what moves protected answers by the user's own wish, the dials, modes B and C as well."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.labelled: dict[int, Example] = {}

    def does(
        self, act: tuple[str, int, int], learns: Callable[[Learner], list[PublishRecord]] | None = None
    ) -> list[PublishRecord]:
        """Do it, let the learner learn (to the end, unless told otherwise), and return what came of it."""
        what, which, count = act
        learner = self.learner
        record: PublishRecord | None = None
        ids = sorted(self.labelled)
        if what == "learn":
            learner.add_class(which)
            fresh = examples_of(which, count, first=len(ids), seed=100 + len(ids))
            self.labelled.update({example.id: example for example in fresh})
            learner.absorb(fresh)
        elif what == "relabel" and ids:
            old = self.labelled[ids[which % len(ids)]]
            learner.absorb([Example(old.id, count, old.take_id, old.features, old.start, old.end)])
        elif what == "forget" and ids:
            record = learner.forget(ids[which % len(ids) :][:count])
        elif what == "roll back":
            held = learner.store.history()
            record = learner.roll_back(held[which % len(held)].version)
        elif what == "resume":
            learner.resume_parked()
        elif what == "protect":
            with contextlib.suppress(BadInputError):
                record = learner.seal_and_protect()
        elif what == "remove class":
            record = learner.remove_class(which)
        elif what == "add class":
            record = learner.add_class(which)
        elif what == "mode":
            learner.set_mode(Mode.BOTH if which else Mode.OFF)
        elif what == "half":
            learner.set_mode((Mode.ROUTING, Mode.WEIGHTS, Mode.BOTH)[which % 3])
        elif what == "openness":
            learner.set_openness(round(-0.52 + which / 99, 3), (0.0, 0.2, 0.6, math.inf)[count])
        elif what == "release" and learner.protected_count:
            first = which % learner.protected_count
            record = learner.release(range(first, min(first + 3, learner.protected_count)))
        elif what == "rebuild":
            sealed = learner.sealed_among(ids)
            if sealed:
                with contextlib.suppress(BadInputError, Rejected):
                    record = learner.accept_rebuild(learner.plan_rebuild(sealed[which % len(sealed) :][:3]))
        elif what == "consolidate":
            known = {i: e.class_id for i, e in self.labelled.items() if e.class_id in KNOWN}
            record = learner.adopt_base(make_base(protected=6 + which % 5, features=48, seed=which), known)
        return [step for step in (record, *(learns or settle)(learner)) if step is not None]


def settle(learner: Learner, most: int = 8) -> list[PublishRecord]:
    """Step until nothing is left to do, which must come soon."""
    records = []
    for _ in range(most):
        if not learner.pending:
            return records
        record = learner.step()
        if record is not None:
            records.append(record)
    raise AssertionError(f"still pending after {most} steps: {[record.reason.words for record in records]}")


@pytest.fixture(scope="session")
def user() -> type[User]:
    return User


@pytest.fixture(scope="session")
def settled() -> Callable[[Learner], list[PublishRecord]]:
    return settle
