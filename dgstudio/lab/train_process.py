"""The process that trains a new base beside a running studio: `python -m dgstudio.lab.train_process FOLDER`.

It reads the training set from FOLDER, says on standard output how far it is, one JSON object a line, and leaves the
base model there. On its own, because importing torch, and training, would make a live window stall.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgstudio.errors import DgstudioError
from dgstudio.extras.known import needs
from dgstudio.learning.bank.base_model import assemble
from dgstudio.learning.learner.training.consolidation import BASE, TrainingStage, drop_job, get_job
from dgstudio.learning.settings import LearnerSettings
from dgstudio.model.snapshot import Normaliser

SHARES = (0.05, 0.55, 0.9)
"""How much is done when the base begins to be trained, when its twin does, and when both are."""


def train(folder: Path) -> Iterator[tuple[float, TrainingStage]]:
    """Train base and twin on the same rows, classes weighed alike, and save the base model; yields how far it is."""
    raw, labels, job = get_job(folder)
    yield 0.0, TrainingStage.PREPARING
    try:
        from dgstudio.model.training import Progress, train_base, train_dense
    except ImportError as error:
        raise DgstudioError(needs("Training needs", "torch")) from error
    classes, hidden, steps, seed = tuple(job["classes"]), int(job["hidden"]), int(job["steps"]), int(job["seed"])
    rows = alike(labels)
    normaliser = Normaliser.fit(raw)
    x, y = normaliser(raw)[rows], labels[rows]

    def report(start: float, end: float, stage: TrainingStage) -> Callable[[Progress], None]:
        return lambda progress: tell(start + (end - start) * progress.step / progress.steps, stage)

    first, second, third = SHARES
    base = train_base(
        x,
        y,
        classes,
        hidden=hidden,
        k=int(job["active"]),
        steps=steps,
        seed=seed,
        progress=report(first, second, TrainingStage.BASE),
    )
    progress = report(second, third, TrainingStage.TWIN)
    dense = train_dense(x, y, classes, hidden=hidden, steps=steps, seed=seed, progress=progress)
    yield third, TrainingStage.STATISTICS
    model = assemble(
        raw,
        labels,
        normaliser=normaliser,
        base=base,
        dense=dense,
        feature_names=tuple(job["feature_names"]),
        class_names=tuple(job["class_names"]),
        settings=LearnerSettings(**job["settings"]),
        meta={"origin": "trained from all examples of a session", "rate": job["rate"], "training_windows": len(raw)},
    )
    model.save(folder / BASE)
    yield 1.0, TrainingStage.TRAINED


def alike(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Rows to draw batches from, those of small classes several times, so that each class comes about as often."""
    counts = {c: int((labels == c).sum()) for c in np.unique(labels)}
    most = max(counts.values())
    return np.concatenate([np.repeat(np.flatnonzero(labels == c), round(most / n)) for c, n in counts.items()])


def tell(share: float, stage: TrainingStage) -> None:
    """Say on standard output how far it is."""
    print(json.dumps({"share": round(share, 4), "stage": stage}), flush=True)


def main() -> int:
    """Train what lies in the folder; the exit status is 1 where a sentence says why not."""
    with contextlib.suppress(AttributeError, OSError):
        # What is live goes first.
        os.nice(10)
    folder = Path(sys.argv[1])
    try:
        for share, stage in train(folder):
            tell(share, stage)
    except BrokenPipeError:
        # Whoever asked is gone, and cannot clear up: these are somebody's examples.
        drop_job(folder)
        return 1
    except (DgstudioError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
