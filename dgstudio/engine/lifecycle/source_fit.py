"""Whether another source can take the place of the one that a session stands on, while it runs."""

from __future__ import annotations

import math

from dgstudio.engine.lifecycle.resume import SAME_RATE
from dgstudio.reasons.reason import how_many, shortened
from dgstudio.types import ONE_BY_ONE, StreamKind, StreamSpec

KINDS = {
    StreamKind.SIGNAL: "a signal",
    StreamKind.VALUES: "inputs that are taken as they are",
    StreamKind.POINTER: "a pointer",
    StreamKind.IMAGE: "pictures",
}


def why_unfit(made: StreamSpec, other: StreamSpec) -> str | None:
    """Why what was learned of the stream `made` means nothing for another one, in words; None where it fits.

    It fits where it gives the same features: of the same kind, channels of the same names, and, of what is looked at in
    windows, as many samples a second in windows that are as long.
    """
    if made.kind is not other.kind:
        return f"it is {KINDS[other.kind]}, and this session has learned from {KINDS[made.kind]}"
    if len(made.channels) != len(other.channels):
        return f"it has {how_many(len(other.channels), 'channel')}, and this session has {len(made.channels)}"
    if made.channels != other.channels:
        here, there = (shortened(", ".join(spec.channels), 40) for spec in (made, other))
        return f"its channels are {there}, and those of this session {here}"
    if made.features != other.features:
        return "its features are others than those of this session"
    if made.kind not in ONE_BY_ONE:
        if not math.isclose(made.rate, other.rate, rel_tol=SAME_RATE):
            return f"it gives {other.rate:g} samples a second, and this session was made with {made.rate:g}"
        if not math.isclose(made.window_s, other.window_s, rel_tol=SAME_RATE):
            return f"its windows last {other.window_s:g} s, and those of this session {made.window_s:g} s"
    if made.speed != other.speed:
        return f"this stream runs at {made.speed:g} times its speed"
    return None
