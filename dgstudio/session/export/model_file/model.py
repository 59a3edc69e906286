"""A version of the model as a file for other programs, ONNX or safetensors, with a card that says what it is."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from dgstudio import __version__
from dgstudio.errors import BadInputError
from dgstudio.kernel import KERNEL
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.model.snapshot import Snapshot
from dgstudio.records import dataclass
from dgstudio.session.export.atomic_write import card_path, write_whole
from dgstudio.session.export.examples import feature_names
from dgstudio.session.export.model_file.graph import model_of
from dgstudio.session.export.model_file.onnx_check import check_model
from dgstudio.session.file import Session
from dgstudio.session.format.checkpoint import Checkpoint
from dgstudio.session.restore import SIGNAL, restored
from dgstudio.types import F32

CARD_FORMAT = "dgstudio-card-1"
NEAREST = 5
"""Versions that are named to someone who asks for one that is not there."""
LICENCE = (
    "dgstudio is under the MIT licence. The weights also stand on the base model and on the examples that are named "
    "under learned_from: whoever recorded these says what may be done with them. Of the base models that ship with "
    "dgstudio, that of the simulator is under the MIT licence; that of basic_motions was trained on UEA BasicMotions, "
    "published for research."
)


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version of a session's model, as it was stored and as it answers."""

    checkpoint: Checkpoint
    snapshot: Snapshot
    training: TrainingState

    @classmethod
    def of(cls, session: Session, number: int | None) -> Version:
        """The version of that number; None: the head.

        Raises
        ------
        BadInputError
            If there is no such version, or none at all.
        SessionError
            If it is damaged.
        """
        kept = sorted(session.versions())
        if not kept:
            raise BadInputError(f"The session {session.name} holds no version of a model yet: run it first.")
        if number is not None and number not in kept:
            nearest = sorted(sorted(kept, key=lambda version: abs(version - number))[:NEAREST])
            raise BadInputError(
                f"The session {session.name} has no version {number}: of the {len(kept)} that it keeps the nearest are "
                f"{', '.join(map(str, nearest))}."
            )
        checkpoint = session.latest_checkpoint() if number is None else session.checkpoint(number)
        if checkpoint is None:
            raise BadInputError(f"No version of the session {session.name} can be read: all of them are damaged.")
        return cls(checkpoint, *restored(checkpoint))


def export_model(session: Session, path: Path, *, number: int | None = None, overwrite: bool = False) -> str:
    """Write a version as ONNX or safetensors, and its card beside it; returns sentences that say what was written.

    An ONNX graph is run by onnxruntime first, on recorded, perturbed and random inputs, and kept only if it answers as
    the serving kernel does.

    Raises
    ------
    BadInputError
        If there is no such version, it answers nothing yet, or a file is there and `overwrite` is false.
    CheckFailedError
        If the graph answers otherwise.
    MissingLibraryError
        If onnx or onnxruntime is not installed.
    DgstudioError
        If the system refuses.
    """
    version = Version.of(session, number)
    recorded = _recorded(session, version)
    names = feature_names(session, recorded.shape[1])
    card = card_of(session, version, names)
    what = f"Version {version.snapshot.version} is in {path}, its card in {card_path(path).name}"
    if path.suffix.lower() == ".onnx":
        classes = [entry["name"] for entry in card["classes"]]
        metadata = {"class_names": json.dumps(classes, ensure_ascii=False), "card": _text(card)}
        data = model_of(version.snapshot, names, metadata).SerializeToString()
        check = check_model(data, version.snapshot, recorded)
        card["check"] = asdict(check)
        what = f"{what}; {check}"
    else:
        arrays, meta = version.snapshot.to_arrays_and_meta()
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        data = safetensors.numpy.save(plain, {"snapshot": json.dumps(meta), "card": _text(card)})
    text = _text(card) + "\n"
    write_whole(
        [
            (path, lambda new: new.write_bytes(data)),
            (card_path(path), lambda new: new.write_text(text, encoding="utf-8")),
        ],
        overwrite,
    )
    return f"{what}."


def card_of(session: Session, version: Version, names: tuple[str, ...]) -> dict[str, Any]:
    """What a model file is, as plain data; docs/session-format.md says what each entry means."""
    snapshot, checkpoint = version.snapshot, version.checkpoint
    class_names = {info.id: info.name for info in session.classes()}

    def named(class_ids: tuple[int, ...]) -> list[str]:
        return [class_names.get(c, f"class {c}") for c in class_ids]

    base = snapshot.base
    return {
        "format": CARD_FORMAT,
        "made_by": f"dgstudio {__version__}",
        "session": session.name,
        "version": snapshot.version,
        "parent": snapshot.parent,
        "digest": snapshot.digest,
        "kind": checkpoint.kind,
        "reason": checkpoint.reason,
        "published": iso(checkpoint.unix),
        "classes": [{"id": c, "name": name} for c, name in zip(snapshot.classes, named(snapshot.classes), strict=True)],
        "features": list(names),
        "stream": session.config(SIGNAL),
        "mode": str(snapshot.mode),
        "temperature": snapshot.temperature,
        "base": None if base is None else {"hidden": base.hidden, "active": base.k, "classes": named(base.classes)},
        "banks": [
            {
                "id": bank.id,
                "classes": named(bank.classes),
                "tau": bank.tau,
                "delta": None if math.isinf(bank.delta) else bank.delta,
                "sealed": bank.sealed,
            }
            for bank in snapshot.banks
        ],
        "learned_from": _learned_from(session, version, class_names),
        "kernel": KERNEL,
        "licence": LICENCE,
    }


def iso(unix: float) -> str | None:
    """A moment as "2026-03-01T12:00:00Z"; None where it is not known."""
    try:
        return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _learned_from(session: Session, version: Version, class_names: dict[int, str]) -> dict[str, Any]:
    training = version.training
    labels = {**training.sealed(), **training.published()}
    counts = Counter(class_names.get(c, f"class {c}") for c in labels.values())
    stored = [example for example in session.examples(active_only=False) if example.id in labels]
    takes = {example.take_id for example in stored}
    sources = sorted({take.source for take in session.takes() if take.id in takes})
    base = version.snapshot.base
    return {
        "examples": len(labels),
        "by_class": dict(sorted(counts.items())),
        "takes": len(takes),
        "sources": sources,
        "base_model": base is not None,
        "protected_inputs": len(training.protected),
    }


def _recorded(session: Session, version: Version) -> F32:
    """Raw inputs (n, d) that were really seen: the session's examples, then the protected inputs; n may be 0."""
    d = version.snapshot.inputs or 0
    examples = [example.features for example in session.examples() if len(example.features) == d]
    protected = version.training.protected.inputs
    parts = [np.asarray(examples, np.float32).reshape(-1, d)]
    if protected.shape[1:] == (d,):
        parts.append(protected)
    return np.concatenate(parts)


def _text(card: dict[str, Any]) -> str:
    return json.dumps(card, indent=2, ensure_ascii=False)
