"""What a session holds, as the model and the learner use it: versions, and what is known of the stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.kernel import KERNEL
from dgstudio.learning.learner.training.training_state import TrainingState
from dgstudio.model.snapshot import Snapshot
from dgstudio.session.format.checkpoint import SERVED_BY, TRAINING, Checkpoint
from dgstudio.types import StreamKind, StreamSpec

FEATURES = "features"
"""Session setting: the names of the features that its examples have."""
SIGNAL = "signal"
"""Session setting: name, kind, rate, channels, window and hop of the stream that its features were taken from."""

TAKE_ANSWERS = "answers to take {}"
"""Session setting, by the take's id: what its windows were answered before any of it was learned; negative: unsure."""


def snapshot_of(checkpoint: Checkpoint, relative: Snapshot | None = None) -> Snapshot:
    """A version, byte for byte; parts that `relative` has are shared with it. `BadInputError` where it is damaged."""
    try:
        return Snapshot.from_arrays_and_meta(checkpoint.snapshot, checkpoint.meta["snapshot"], relative)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"Version {checkpoint.version} of the session is incomplete: {error!r}.") from error


def restored(checkpoint: Checkpoint, relative: Snapshot | None = None) -> tuple[Snapshot, TrainingState]:
    """The same, and what the learner stood on then.

    Protected answers of a version that another kernel served are those that this one gives to it.
    """
    snapshot = snapshot_of(checkpoint, relative)
    try:
        training = TrainingState.from_arrays(checkpoint.protected, checkpoint.meta[TRAINING])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"Version {checkpoint.version} of the session is incomplete: {error!r}.") from error
    if not served_here(checkpoint):
        # What is promised from now on is what this kernel answers.
        training = replace(training, protected=training.protected.answered_by(snapshot))
    return snapshot, training


def served_here(checkpoint: Checkpoint) -> bool:
    """Whether the version was answered with by the kernel that serves now, so that answers can be compared in bytes."""
    return checkpoint.meta.get(SERVED_BY) == KERNEL


def signal_of(spec: StreamSpec) -> dict[str, Any]:
    """What the session keeps of a stream under `SIGNAL`; seconds of stream time, samples a second."""
    return {
        "name": spec.name,
        "kind": spec.kind,
        "rate": spec.rate,
        "channels": list(spec.channels),
        "window_s": spec.window_s,
        "hop_s": spec.hop_s,
        **({"features": spec.features} if spec.features else {}),
    }


def spec_of(signal: Mapping[str, Any]) -> StreamSpec:
    """The stream that `signal_of` told of. `BadInputError` where that is incomplete or makes no sense."""
    try:
        return StreamSpec(
            name=str(signal["name"]),
            kind=StreamKind(signal["kind"]),
            rate=float(signal["rate"]),
            channels=tuple(str(channel) for channel in signal["channels"]),
            window_s=float(signal["window_s"]),
            hop_s=float(signal["hop_s"]),
            truth_names=tuple(str(name) for name in signal.get("truth_names", ())),
            features=str(signal.get("features", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"What the session says of its stream is incomplete: {error!r}.") from error
