"""Whether a source can be answered by a session that was made with another stream, and what is done for that."""

from __future__ import annotations

import math
from dataclasses import replace

from dgstudio.reasons.reason import how_many, shortened
from dgstudio.streams.timing.rate_change import RateChange
from dgstudio.types import ONE_BY_ONE, StreamKind, StreamSpec

KINDS = {
    StreamKind.SIGNAL: "a signal",
    StreamKind.VALUES: "inputs that are taken as they are",
    StreamKind.POINTER: "a pointer",
    StreamKind.IMAGE: "pictures",
}
OF_SENSORS = frozenset({StreamKind.SIGNAL, StreamKind.VALUES})
"""Kinds that differ in how they are looked at only: in windows, or sample by sample."""
SAME_RATE = 0.01
"""Rates that differ by no more than this share are one: a device's is measured."""
SLOWEST = 0.5
"""The least part of a session's rate from which samples are filled in: of what is quicker too much would be missing."""


def why_unfit(made: StreamSpec, other: StreamSpec) -> str | None:
    """Why what was learned of the stream `made` means nothing for another one, in words; None where it fits.

    It fits where it has the channels of the same names. Windows and features are those of the session, whatever the
    source would have; a signal's rate is brought to the session's, if it is not much slower.
    """
    if made.kind is not other.kind and not {made.kind, other.kind} <= OF_SENSORS:
        return f"it is {KINDS[other.kind]}, and this session has learned from {KINDS[made.kind]}"
    if len(made.channels) != len(other.channels):
        return f"it has {how_many(len(other.channels), 'channel')}, and this session has {len(made.channels)}"
    if made.channels != other.channels:
        here, there = (shortened(", ".join(spec.channels), 40) for spec in (made, other))
        return f"its channels are {there}, and those of this session {here}"
    if ONE_BY_ONE.isdisjoint((made.kind, other.kind)) and other.rate < SLOWEST * made.rate:
        return f"it gives {other.rate:g} samples a second, too few for this session, which was made with {made.rate:g}"
    return None


def change_for(made: StreamSpec, other: StreamSpec) -> str:
    """What is done so that a source that fits gives what the session stands on, in a sentence; "" where nothing is."""
    if made.kind is StreamKind.VALUES and other.kind is StreamKind.SIGNAL:
        return "Each of its samples is an input, as in this session."
    if made.kind is StreamKind.SIGNAL and other.kind is StreamKind.VALUES:
        return f"What it sends is brought to {made.rate:g} samples a second, as in this session."
    if not rate_differs(made, other):
        return ""
    missing = "" if other.rate > made.rate else ", with nothing quicker in them"
    return f"Its {other.rate:g} samples a second are brought to this session's {made.rate:g}{missing}."


def rate_differs(made: StreamSpec, other: StreamSpec) -> bool:
    """Whether its samples must be brought to the rate of the session."""
    if made.kind in ONE_BY_ONE:
        return False
    return other.kind in ONE_BY_ONE or not math.isclose(made.rate, other.rate, rel_tol=SAME_RATE)


def rate_change(made: StreamSpec, other: StreamSpec) -> RateChange | None:
    """What brings its samples to the rate of the session; None where they are as quick."""
    return RateChange(made.rate, made.window_s) if rate_differs(made, other) else None


def stream_of(made: StreamSpec, other: StreamSpec) -> StreamSpec:
    """The stream that a session answers where a source that fits takes the place of the one that it was made with."""
    same_windows = made.kind in ONE_BY_ONE or math.isclose(made.window_s, other.window_s, rel_tol=SAME_RATE)
    if made.kind is other.kind and same_windows and not rate_differs(made, other):
        return other
    return replace(made, name=other.name, truth_names=other.truth_names, speed=other.speed)
