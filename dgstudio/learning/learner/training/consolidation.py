"""Consolidating: what a new base is trained on, how it compares with the present model, what a learner makes of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from dgstudio.errors import BadInputError
from dgstudio.learning.bank.locked_bank import Sums
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.label_set import LabelSet
from dgstudio.learning.learner.training.training_state import TrainingState, id_array
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.base_model_file import BaseModel
from dgstudio.model.plan import Plan
from dgstudio.model.snapshot import Snapshot, frozen
from dgstudio.reasons.published import BaseTrained
from dgstudio.records import dataclass
from dgstudio.types import F32, Example

HOLD_OUT_EVERY = 5
"""Of each class, every fifth example by id is not trained on: the two models are compared on these."""
LEAST_OF_A_CLASS = 10
"""A class of fewer examples that the present base does not know is left out of the new one, and learned above it."""
HIDDEN, ACTIVE = 128, 32
"""Units, and those open at a time, where there is no base to follow."""
EXAMPLES, JOB, BASE, ERRORS = "examples.safetensors", "job.json", "base.safetensors", "errors.txt"
"""Files in the folder through which a training is asked for, and answered, by another process."""

Ids = npt.NDArray[np.int64]


class TrainingStage(StrEnum):
    """What is being done for a new base, in this order; the process that trains names it so."""

    COLLECTING = "collecting"
    PREPARING = "preparing"
    BASE = "base"
    TWIN = "twin"
    """The conventional network beside it."""
    STATISTICS = "statistics"
    TRAINED = "trained"
    COMPARING = "comparing"


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """What a new base is trained on, and what is held out.

    Attributes
    ----------
    raw, labels : (n, d) float32 before the normaliser and (n,) class ids, the user's examples first.
    held_out, held_labels, held_ids : the same of the examples that are not trained on.
    learned : example id → class id of those trained on.
    classes, names : of the new base, by id.
    left_out : names of the other living classes.
    hidden, active : H and k of the new base.
    """

    raw: F32
    labels: Ids
    held_out: F32
    held_labels: Ids
    held_ids: Ids
    learned: dict[int, int]
    classes: tuple[int, ...]
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    hidden: int
    active: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new base beside the present model; accuracies None where nothing could be held out.

    The present model has learned the held-out examples, the new one has not: the comparison favours the present one.
    `learned` are the examples that count as learned in the new base: those trained on, and those held out that it
    answers right; the others are learned above it. `macs`: multiply–accumulates of an answer, gates counted.
    """

    trained: int
    held_out: int
    accuracy: float | None
    new_accuracy: float | None
    macs: float
    new_macs: float
    banks: int
    protected: int
    flipped: tuple[tuple[int, int], ...]
    """(class id, how many of its protected inputs would get another top class), of every class with any."""
    max_change: float
    """Largest change of a probability of a protected input."""
    learned: Mapping[int, int]
    left_out: tuple[str, ...] = ()
    """Names of the classes that the new base does not know, for want of examples."""

    @property
    def flips(self) -> int:
        """Protected inputs whose top class would be another."""
        return sum(count for _, count in self.flipped)

    @property
    def left(self) -> int:
        """Held-out examples that the new base gets wrong and that would be learned above it."""
        return self.trained + self.held_out - len(self.learned)


def training_set(
    examples: Iterable[Example], protected: ProtectedSet, living: Mapping[int, str], head: Snapshot
) -> TrainingSet:
    """Gather the examples, and with them the protected inputs of the base's own, so that what it knew is represented.

    Parameters
    ----------
    examples
        All that is labelled and may be learned; those of classes that do not live are passed over.
    living
        Class id → name of the living classes.
    head
        The present version: its base, if there is one, gives the size of the new one.

    Raises
    ------
    BadInputError
        If there are fewer than two classes to train, or no example at all.
    """
    by_class: dict[int, list[Example]] = {}
    for example in sorted(examples, key=lambda e: e.id):
        if example.learn and example.class_id in living and np.isfinite(example.features).all():
            by_class.setdefault(example.class_id, []).append(example)
    if not by_class:
        raise BadInputError("There is no example to train a new base from: label something first.")
    own = protected.ids < 0
    old, old_labels = protected.inputs[own], protected.labels[own]
    known = set(old_labels.tolist())
    classes = tuple(sorted(c for c in living if c in known or len(by_class.get(c, ())) >= LEAST_OF_A_CLASS))
    if len(classes) < 2:
        raise BadInputError(
            f"A new base needs at least two classes with {LEAST_OF_A_CLASS} examples each: "
            f"so far there {'is one' if classes else 'is none'}. Label some more."
        )
    held: list[Example] = []
    trained: list[Example] = []
    for class_id in classes:
        for place, example in enumerate(by_class.get(class_id, ())):
            (held if place % HOLD_OUT_EVERY == HOLD_OUT_EVERY - 1 else trained).append(example)
    rows = np.isin(old_labels, classes)
    width = len(next(iter(by_class.values()))[0].features)
    raw = np.concatenate([_raw(trained, width), old[rows].reshape(-1, width)])
    base = head.base
    return TrainingSet(
        raw=raw,
        labels=np.concatenate([_labels(trained), old_labels[rows]]),
        held_out=_raw(held, width),
        held_labels=_labels(held),
        held_ids=np.array([e.id for e in held], np.int64),
        learned={e.id: e.class_id for e in trained},
        classes=classes,
        names=tuple(living[c] for c in classes),
        left_out=tuple(name for c, name in sorted(living.items()) if c not in classes),
        hidden=HIDDEN if base is None else base.hidden,
        active=ACTIVE if base is None else base.k,
    )


def compare(base: BaseModel, data: TrainingSet, head: Snapshot, protected: ProtectedSet) -> Comparison:
    """Answer the held-out examples and the protected inputs by both models, through the serving kernel."""
    present, new = Plan(head), Plan(base.snapshot().with_(classes=head.classes))
    right, new_right, macs, new_macs = [], [], [], []
    for raw, label in zip(data.held_out, data.held_labels.tolist(), strict=True):
        a, b = present.answer(raw), new.answer(raw)
        right.append(a.top >= 0 and head.classes[a.top] == label)
        new_right.append(b.top >= 0 and head.classes[b.top] == label)
        macs.append(present.macs(a))
        new_macs.append(new.macs(b))
    flipped: Counter[int] = Counter()
    largest = 0.0
    for raw, label in zip(protected.inputs, protected.labels.tolist(), strict=True):
        a, b = present.answer(raw), new.answer(raw)
        flipped[label] += int(a.top != b.top)
        largest = max(largest, float(np.abs(a.probabilities - b.probabilities).max(initial=0.0)))
        macs.append(present.macs(a))
        new_macs.append(new.macs(b))
    known = zip(data.held_ids.tolist(), data.held_labels.tolist(), new_right, strict=True)
    return Comparison(
        trained=len(data.learned),
        held_out=len(right),
        accuracy=float(np.mean(right)) if right else None,
        new_accuracy=float(np.mean(new_right)) if right else None,
        macs=float(np.mean(macs)) if macs else 0.0,
        new_macs=float(np.mean(new_macs)) if macs else 0.0,
        banks=len(head.banks),
        protected=len(protected),
        flipped=tuple((c, count) for c, count in sorted(flipped.items()) if count),
        max_change=largest,
        learned=data.learned | {i: c for i, c, is_right in known if is_right},
        left_out=data.left_out,
    )


def start_on_base(
    base: BaseModel, learned: Mapping[int, int], labels: LabelSet, head: Snapshot, version: int
) -> tuple[Snapshot, TrainingState]:
    """The version after `head` that answers by a new base alone, and what it stands on.

    Its protected inputs are the base's, with the references that they get now; those that are examples of the user's
    are known as such, so that relabelling one releases it.

    Raises
    ------
    BadInputError
        If the base was made for other inputs than `head`.
    """
    if head.inputs is not None and base.base.inputs != head.inputs:
        raise BadInputError(
            f"A base of {base.base.inputs} inputs cannot take the place of one of {head.inputs}: "
            "train it on the examples of this stream."
        )
    # The living classes stay in their order; those that the base does not know wait for their examples.
    snapshot = base.snapshot().with_(
        version=version,
        parent=head.version,
        classes=head.classes,
        mode=head.mode,
        reason=BaseTrained(len(base.classes)).words,
        unix=time.time(),
    )
    ids: dict[bytes, int] = {}
    for example_id in learned:
        if example_id in labels:
            ids[labels.example(example_id).features.tobytes()] = example_id
    chosen = np.array([ids.get(np.ascontiguousarray(row).tobytes(), -1) for row in base.protected], np.int64)
    protected = ProtectedSet().joined(Plan(snapshot), base.protected, base.protected_labels, chosen)
    sums = Sums(base.A0, base.B0, base.b_r, tuple(base.classes))
    training = TrainingState(id_array(()), id_array(()), protected, sums, (), version if len(protected) else None)
    known = id_array(learned)
    class_ids = frozen([learned[int(i)] for i in known], np.int64)
    return snapshot, replace(training, base_learned=known, base_labels=class_ids)


def put_job(
    folder: Path, data: TrainingSet, settings: LearnerSettings, feature_names: Sequence[str], *, rate: float, steps: int
) -> None:
    """Write what a training process needs: the rows as arrays, how to train as JSON."""
    job = {
        "classes": data.classes,
        "class_names": data.names,
        "feature_names": list(feature_names),
        "hidden": data.hidden,
        "active": data.active,
        "steps": steps,
        "seed": settings.seed,
        "rate": rate,
        "settings": asdict(settings),
    }
    safetensors.numpy.save_file({"raw": data.raw, "labels": data.labels}, folder / EXAMPLES)
    (folder / JOB).write_text(json.dumps(job), encoding="utf-8")


def get_job(folder: Path) -> tuple[F32, Ids, dict[str, Any]]:
    """Read it: raw rows (n, d), class ids (n,), and how to train."""
    arrays = safetensors.numpy.load_file(folder / EXAMPLES)
    return arrays["raw"], arrays["labels"], json.loads((folder / JOB).read_text(encoding="utf-8"))


def drop_job(folder: Path) -> None:
    """Remove the files of a training that nobody waits for any more, and the folder where nothing else is in it."""
    for name in (EXAMPLES, JOB, BASE, ERRORS):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _raw(examples: Sequence[Example], width: int) -> F32:
    return np.array([e.features for e in examples], np.float32).reshape(len(examples), width)


def _labels(examples: Sequence[Example]) -> Ids:
    return np.array([e.class_id for e in examples], np.int64)
