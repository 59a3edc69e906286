"""What a session holds, as the model and the learner use it: versions, and what is known of the stream."""

from __future__ import annotations

from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.learning.footing import Footing
from dgstudio.model.snapshot import Snapshot
from dgstudio.session.checkpoint import Checkpoint
from dgstudio.types import StreamSpec

FEATURES = "features"
"""Session setting: the names of the features that its examples have."""
SIGNAL = "signal"
"""Session setting: name, kind, rate, channels, window and hop of the stream that its features were taken from."""

TAKE_ANSWERS = "answers to take {}"
"""Session setting, by the take's id: what its windows were answered before any of it was learned; negative: unsure."""


def restored(checkpoint: Checkpoint) -> tuple[Snapshot, Footing]:
    """A version and what the learner stood on, byte for byte. `BadInputError` where it is incomplete or damaged."""
    try:
        snapshot = Snapshot.from_arrays_and_meta(checkpoint.snapshot, checkpoint.meta["snapshot"])
        return snapshot, Footing.from_arrays(checkpoint.protected, checkpoint.meta["footing"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"Version {checkpoint.version} of the session is incomplete: {error!r}.") from error


def signal_of(spec: StreamSpec) -> dict[str, Any]:
    """What the session keeps of a stream under `SIGNAL`; seconds of stream time, samples a second."""
    return {
        "name": spec.name,
        "kind": spec.kind,
        "rate": spec.rate,
        "channels": list(spec.channels),
        "window_s": spec.window_s,
        "hop_s": spec.hop_s,
    }
