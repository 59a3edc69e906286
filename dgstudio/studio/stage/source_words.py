"""What a stream is, for an audience."""

from __future__ import annotations

from dgstudio.types import StreamKind, StreamSpec

IMU = ("ax", "ay", "az", "gx", "gy", "gz")
"""Channels that say what the sensor is."""
KINDS = {StreamKind.POINTER: "a pointer on a plane", StreamKind.IMAGE: "a camera"}


def source_words(spec: StreamSpec | None) -> str:
    """Return what a stream is, for an audience: never the name of a file."""
    if spec is None:
        return "no stream"
    if spec.kind in KINDS:
        return KINDS[spec.kind]
    if tuple(name.lower() for name in spec.channels) == IMU:
        return "a wrist sensor" if spec.name == "simulator" else "a motion sensor"
    count = len(spec.channels)
    return f"a sensor of {count} channel{'s' if count > 1 else ''}"
