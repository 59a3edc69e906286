"""Makes the base models that ship in assets/bases: `python -m dgstudio.lab.bases`. Needs torch."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgstudio.extras.known import EXTRAS, missing, needs
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.rules.dense import DenseWeights, batch_logits
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Normaliser
from dgstudio.paths import asset, sample
from dgstudio.records import dataclass
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.types import F32, UNKNOWN_TRUTH, StreamSpec

SIMULATOR_CLASSES = ("rest", "walk", "run", "shake")
MOTIONS_CLASSES = ("Standing", "Running", "Walking")
"""Three of BasicMotions' four activities; Badminton is left for the user to teach."""
MOTIONS_PROTECTED = 150
"""Fewer than the default: the windows of 30 takes of 10 s overlap, and hold no more than that."""
PEOPLE = 24
HELD_OUT_PEOPLE = 8
HELD_OUT_SEED = 500
"""Added to the seed of a training person; no studio opens with a seed that large."""
SECONDS_A_GESTURE = 12.0
TEMPERATURE = 1.0
PLACES = ("lake", "river", "hill")
"""A disc at the upper left of the pad, a winding band across its middle, a disc at the lower right."""
POINTS, HELD_OUT_POINTS = 600, 300
"""Of each place."""
PLACES_SHAPE = {"hidden": 32, "k": 8, "features": 256, "protected": 200}
"""Small: two numbers need no more, and regions of so few gates can be told apart on the pad."""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledWindows:
    """Raw features (n, d) float32 of windows of one stream, and which of the base's classes each is, (n,)."""

    spec: StreamSpec
    raw: F32
    labels: Labels


def windows_of(spec: StreamSpec, values: F32, truth: npt.NDArray[np.int16], every: int) -> tuple[F32, Labels]:
    """Features (n, d) and truth (n,) of all windows in which the truth does not change, one each `every` samples."""
    features = SignalFeatures(spec)
    rows, labels = [np.zeros((0, features.dim), np.float32)], []
    for end in range(spec.window, len(values) + 1, every):
        inside = truth[end - spec.window : end]
        if inside[0] == UNKNOWN_TRUTH or (inside != inside[0]).any():
            continue
        rows.append(features(values[end - spec.window : end])[None])
        labels.append(int(inside[0]))
    return np.concatenate(rows), np.asarray(labels, np.int64)


def person_windows(
    seed: int, gestures: Sequence[str], *, rotation: float = 0.0, noise: float | None = None, every_s: float = 0.25
) -> LabelledWindows:
    """Windows of one simulated person doing each gesture for 11 s; `labels` are places in `gestures`.

    `rotation` (degrees) and `noise` (g) are the simulator's knobs; without them they are as the studio opens.
    """
    source = SimulatorSource(seed=seed, speed=0)
    spec = source.spec
    rows, labels = [], []
    source.open()
    source.set_knob("rotation", rotation)
    if noise is not None:
        source.set_knob("noise", noise)
    for number, gesture in enumerate(gestures):
        source.set_knob("gesture", gesture)
        blocks, samples = [], 0
        while samples < SECONDS_A_GESTURE * spec.rate:
            block = source.read(1.0)
            if block is not None:
                blocks.append(block.values)
                samples += len(block.values)
        # The first second goes over from the gesture before.
        values = np.concatenate(blocks)[round(spec.rate) :]
        x, _ = windows_of(spec, values, np.zeros(len(values), np.int16), round(every_s * spec.rate))
        rows.append(x)
        labels.append(np.full(len(x), number, np.int64))
    source.close()
    return LabelledWindows(spec, np.concatenate(rows), np.concatenate(labels))


def simulator_windows(seed: int) -> tuple[LabelledWindows, LabelledWindows]:
    """Windows to train on, some with a turned or noisy sensor, and those of other people with the knobs at rest."""
    rng = np.random.default_rng(seed)
    train = [
        person_windows(
            seed * 1000 + person,
            SIMULATOR_CLASSES,
            rotation=float(rng.uniform(-20, 20)),
            noise=float(rng.uniform(0.02, 0.12)),
        )
        for person in range(PEOPLE)
    ]
    held_out = [
        person_windows(seed * 1000 + HELD_OUT_SEED + person, SIMULATOR_CLASSES) for person in range(HELD_OUT_PEOPLE)
    ]
    return _together(train), _together(held_out)


def motions_windows(split: str, classes: Sequence[str]) -> LabelledWindows:
    """All windows of the takes of one split ("train", "test") of BasicMotions with one of the labels `classes`."""
    source = RecordingSource(sample("basic_motions.csv"), speed=0, loop=False, labels_column="label")
    rows, labels = [], []
    for take in source.take_table():
        if take.split != split or take.label not in classes:
            continue
        values = source.values[take.start_row : take.start_row + take.n_rows]
        x, _ = windows_of(source.spec, values, np.zeros(len(values), np.int16), source.spec.hop)
        rows.append(x)
        labels.append(np.full(len(x), classes.index(take.label), np.int64))
    return LabelledWindows(source.spec, np.concatenate(rows), np.concatenate(labels))


def simulator_base(seed: int = 1, steps: int = 1500) -> BaseModel:
    """Train the base for the simulator: rest, walk, run, shake; held out are people."""
    train, held_out = simulator_windows(seed)
    origin = (
        f"simulated motion sensor (dgstudio.streams.simulation), {PEOPLE} people; held out: {HELD_OUT_PEOPLE} others"
    )
    return build(train, held_out, SIMULATOR_CLASSES, origin, seed=seed, steps=steps)


def motions_base(seed: int = 1, steps: int = 1500) -> BaseModel:
    """Train the base for BasicMotions on the training takes of three activities; held out are the test takes."""
    train = motions_windows("train", MOTIONS_CLASSES)
    held_out = motions_windows("test", MOTIONS_CLASSES)
    origin = "UEA BasicMotions (see sample_data/README.md), training takes; held out: test takes"
    return build(train, held_out, MOTIONS_CLASSES, origin, seed=seed, steps=steps, protected=MOTIONS_PROTECTED)


def place_points(seed: int, count: int) -> LabelledWindows:
    """Points of the pad, `count` of each of the `PLACES`, spread evenly over it; `labels` are places in that list."""
    rng = np.random.default_rng(seed)

    def disc(x: float, y: float, radius: float) -> npt.NDArray[np.float64]:
        angle, out = rng.uniform(0, 2 * np.pi, count), radius * np.sqrt(rng.uniform(0, 1, count))
        return np.column_stack([x + out * np.cos(angle), y + out * np.sin(angle)])

    along = rng.uniform(-1, 1, count)
    river = np.column_stack([along, 0.25 * np.sin(1.6 * np.pi * along) + rng.uniform(-0.1, 0.1, count)])
    raw = np.concatenate([disc(-0.5, 0.58, 0.27), river, disc(0.5, -0.58, 0.27)]).astype(np.float32)
    return LabelledWindows(PointerSource().spec, raw, np.repeat(np.arange(len(PLACES)), count))


def pointer_base(seed: int = 1, steps: int = 1500) -> BaseModel:
    """Train the base for the pointer: three places on the pad; held out are other points of them."""
    origin = "points drawn by dgstudio.lab.bases from three shapes on the pad; held out: other points of them"
    train, held_out = place_points(seed, POINTS), place_points(seed + HELD_OUT_SEED, HELD_OUT_POINTS)
    return build(train, held_out, PLACES, origin, seed=seed, steps=steps, **PLACES_SHAPE)


def build(
    train: LabelledWindows,
    held_out: LabelledWindows,
    class_names: Sequence[str],
    origin: str,
    *,
    seed: int,
    steps: int = 1500,
    protected: int = 400,
    hidden: int = 128,
    k: int = 32,
    features: int = 1024,
) -> BaseModel:
    """Train base and twin on the same windows, assemble the base model, and note how well both know `held_out`.

    The base has `hidden` units, of which `k` are open, and its banks read `features` random features.
    """
    from dgstudio.model.training import train_base, train_dense  # torch may be missing: main says so

    classes = tuple(range(len(class_names)))
    normaliser = Normaliser.fit(train.raw)
    x = normaliser(train.raw)
    model = assemble(
        train.raw,
        train.labels,
        normaliser=normaliser,
        base=train_base(x, train.labels, classes, hidden=hidden, k=k, steps=steps, seed=seed),
        dense=train_dense(x, train.labels, classes, hidden=hidden, steps=steps, seed=seed),
        feature_names=SignalFeatures(train.spec).names,
        class_names=tuple(class_names),
        settings=LearnerSettings(seed=seed, protected=protected, features=features),
    )
    spec = train.spec
    meta = model.meta | {
        "origin": origin,
        "command": f"python -m dgstudio.lab.bases {spec.name} --seed {seed} --steps {steps}",
        "seed": seed,
        "steps": steps,
        "stream": spec.name,
        "rate": spec.rate,
        "channels": list(spec.channels),
        "window_s": spec.window_s,
        "temperature": TEMPERATURE,
        "training_windows": len(train.labels),
        "held_out_windows": len(held_out.labels),
        "accuracy": accuracy(model, held_out),
        "unsure": unsure_share(model, held_out),
        "dense_accuracy": dense_accuracy(model, held_out),
    }
    return replace(model, meta=meta)


def accuracy(model: BaseModel, windows: LabelledWindows) -> float:
    """Share of windows of which the base's largest logit is right, by the serving kernel, be it sure of it or not."""
    plan = Plan(model.snapshot())
    right = [int(plan.logits_of(raw).argmax()) == label for raw, label in zip(windows.raw, windows.labels, strict=True)]
    return float(np.mean(right))


def unsure_share(model: BaseModel, windows: LabelledWindows) -> float:
    """Share of windows that the base is unsure of."""
    plan = Plan(model.snapshot())
    return float(np.mean([plan.answer(raw).unsure for raw in windows.raw]))


def dense_accuracy(model: BaseModel, windows: LabelledWindows) -> float:
    """Share of windows that the conventional twin answers right."""
    logits = batch_logits(DenseWeights(*model.dense, model.classes), model.normaliser(windows.raw))
    return float(np.mean(logits.argmax(1) == windows.labels))


def _together(parts: Sequence[LabelledWindows]) -> LabelledWindows:
    return LabelledWindows(
        parts[0].spec, np.concatenate([p.raw for p in parts]), np.concatenate([p.labels for p in parts])
    )


BASES: dict[str, Callable[[int, int], BaseModel]] = {
    "simulator": simulator_base,
    "basic_motions": motions_base,
    "pointer": pointer_base,
}


def main() -> None:
    """Make the bases and say how well they know their classes."""
    parser = argparse.ArgumentParser(prog="python -m dgstudio.lab.bases", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="BASE", help=f"which: {', '.join(BASES)} (default: all)")
    parser.add_argument("--out", type=Path, default=asset("bases"), help="folder of the base files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BASES]
    if unknown:
        parser.error(f"there is no base “{unknown[0]}”: choose from {', '.join(BASES)}")
    if missing(EXTRAS["train"]):
        parser.exit(1, needs("Bases are trained with", "torch") + "\n")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or BASES:
        base = BASES[name](options.seed, options.steps)
        path = options.out / f"{name}.safetensors"
        base.save(path)
        print(
            f"{path.name}: {len(base.feature_names)} features, knows {', '.join(base.class_names)} "
            f"({base.meta['accuracy']:.3f} of {base.meta['held_out_windows']} held-out windows, dense twin "
            f"{base.meta['dense_accuracy']:.3f}, unsure of {base.meta['unsure']:.3f}), "
            f"{len(base.protected)} protected, {path.stat().st_size / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
