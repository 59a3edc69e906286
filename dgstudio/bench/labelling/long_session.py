"""A session file as it is after long work: tens of thousands of labelled windows, for the bench of labelling."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import DgstudioError
from dgstudio.model.base_model_file import BaseModel
from dgstudio.reasons.done import TakeMade
from dgstudio.session.file import Session
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.registry import open_source
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import F32, Act, ActKind, Example, LabelledBy, Take

SEED = 5
"""Which simulated person, here and in the bench."""
NEW_CLASSES = ("circle", "wave")
TAKE_WINDOWS = 100
"""Windows of a take: two seconds of them."""
LEARNED = 500
"""So many windows, spread over all takes, are learned; of a long session the others are kept only, or sealed."""
PLAYED_S = 8.0
"""Seconds for which each class is performed; longer takes repeat it, each window a little changed."""
JITTER = 0.02
"""Standard deviation of that change, in standard deviations of each feature."""
LEARN_S = 60.0


def make_long_session(path: Path, examples: int) -> None:
    """Write a session of the simulator with this many examples, which has learned what is to be learned of them.

    Parameters
    ----------
    path
        A file that does not exist yet.
    examples
        How many, in takes of `TAKE_WINDOWS`; the classes take turns.

    Raises
    ------
    DgstudioError
        Where the simulator's base model is missing, or the file cannot be made.
    """
    with Session.create(path) as session:
        engine = Engine(open_source("simulator", seed=SEED), _base(), session)
        for name in NEW_CLASSES:
            engine.labels.add_class(name)
        ids = {info.name: info.id for info in engine.classes.living()}
        engine.start()
        engine.stop()
    with Session.open(path) as session:
        acts, _ = session.acts()
        for take, windows, act in _takes(ids, examples, len(acts)):
            with session.batch():
                session.put_take(take)
                session.put_examples(windows)
                session.put_act(act)
    # Opened once, so that it holds the version that learned them, as a session that grew by itself does.
    engine = Engine(open_source("simulator", seed=SEED), _base(), Session.open(path))
    try:
        engine.start()
        deadline = time.monotonic() + LEARN_S
        while not (engine.learn.idle and engine.store.idle and engine.learn.learned >= min(LEARNED, examples)):
            if time.monotonic() > deadline:
                raise DgstudioError("The long session was not learned in time: is this machine very busy?")
            time.sleep(0.02)
    finally:
        engine.stop()


def _base() -> BaseModel:
    base, why = base_for(open_source("simulator", seed=SEED).spec)
    if base is None:
        raise DgstudioError(f"The bench needs the simulator's base model. {why}")
    return base


def _takes(ids: dict[str, int], examples: int, next_act: int) -> Iterator[tuple[Take, list[Example], Act]]:
    played = {class_id: performed(name) for name, class_id in ids.items()}
    rng = np.random.default_rng(SEED)
    spread = np.concatenate([features for features, _ in played.values()]).std(0)
    every = max(1, examples // LEARNED)
    hop = open_source("simulator").spec.hop_s
    for number, first in enumerate(range(0, examples, TAKE_WINDOWS)):
        class_id = sorted(played)[number % len(played)]
        features, raws = played[class_id]
        count = min(TAKE_WINDOWS, examples - first)
        begin, made = 3.0 * number, []
        for place in range(count):
            row = int(rng.integers(len(features)))
            changed = (features[row] + JITTER * spread * rng.standard_normal(len(spread))).astype(np.float32)
            end = begin + 1.0 + place * hop
            raw = raws[row] if place % (TAKE_WINDOWS // 2) == 0 else None
            learn = (first + place) % every == 0
            made.append(Example(first + place, class_id, number, changed, end - 1.0, end, learn, raw))
        take = Take(number, class_id, begin, made[-1].end, "simulator", LabelledBy.HELD, time.time(), count)
        act = Act(next_act + number, ActKind.TAKE, TakeMade(count, 2.0), take_id=number, unix=take.created_unix)
        yield take, made, act


def performed(gesture: str) -> tuple[F32, list[F32]]:
    """Features (n, d) and windows (samples, channels) of one gesture, one each hop."""
    source = SimulatorSource(seed=SEED, speed=0)
    source.set_knob("gesture", gesture)
    source.open()
    blocks: list[F32] = []
    while sum(map(len, blocks)) < PLAYED_S * source.spec.rate:
        block = source.read(1.0)
        if block is not None:
            blocks.append(block.values)
    source.close()
    values, spec, features = np.concatenate(blocks), source.spec, SignalFeatures(source.spec)
    ends = range(spec.window, len(values) + 1, spec.hop)
    windows = [values[end - spec.window : end] for end in ends]
    return np.stack([features(window) for window in windows]), windows
