"""How a simulated person moves: what a six-axis sensor on the wrist measures during each gesture."""

from __future__ import annotations

import numpy as np

from dgstudio.records import dataclass
from dgstudio.types import F64

GESTURES = ("rest", "walk", "run", "shake", "circle", "tap", "wave", "custom")
"""All gestures; ground truth is the index into this list."""

PACE_HZ = {"rest": 0.25, "walk": 0.95, "run": 1.4, "shake": 5.0, "circle": 1.15, "tap": 2.2, "wave": 1.7}
"""Cycles a second at an average pace. Of walk and run this is the arm's swing: two steps a cycle."""

PITCH_DEG = {"rest": 0, "walk": -60, "run": -25, "shake": 0, "circle": -10, "tap": 5, "wave": 75, "custom": 0}
"""How the forearm is held, 0 flat: it turns gravity from z towards x."""

# Terms (channel, amplitude, harmonic, phase): amplitude in g for channels 0..2, in rad/s for 3..5.
_TERMS: dict[str, tuple[tuple[int, float, int, float], ...]] = {
    "rest": ((0, 0.012, 1, 0.0), (1, 0.010, 1, 1.3), (2, 0.006, 2, 0.4), (3, 0.03, 1, 0.2), (4, 0.02, 1, 2.0)),
    "walk": (
        (0, 0.18, 1, 0.0), (0, 0.22, 2, 0.4), (1, 0.10, 1, 1.1), (2, 0.16, 2, 0.9), (2, 0.05, 4, 0.0),
        (3, 0.5, 1, 0.5), (4, 1.6, 1, 0.0), (4, 0.2, 2, 0.3), (5, 0.5, 1, 1.6),
    ),
    "run": (
        (0, 0.7, 1, 0.2), (0, 0.9, 2, 0.0), (1, 0.5, 1, 1.0), (2, 0.8, 2, 0.6), (2, 0.3, 4, 0.3),
        (3, 1.8, 1, 0.4), (4, 3.6, 1, 0.0), (4, 0.8, 2, 0.5), (5, 1.5, 1, 1.6),
    ),
    "shake": (
        (0, 0.4, 1, 0.5), (1, 1.9, 1, 0.0), (1, 0.3, 2, 0.7), (2, 0.5, 1, 1.2),
        (3, 1.2, 1, 0.8), (4, 0.8, 1, 1.7), (5, 4.0, 1, 1.6),
    ),
    "circle": (
        (0, 0.55, 1, 1.57), (1, 0.55, 1, 0.0), (2, 0.08, 2, 0.0), (3, 1.3, 1, 0.0), (4, 1.3, 1, 1.57), (5, 0.4, 2, 0.2),
    ),
    "tap": ((2, 0.05, 1, 0.0), (4, 0.2, 1, 0.6)),
    "wave": (
        (0, 0.10, 2, 0.3), (1, 0.45, 1, 0.0), (2, 0.12, 1, 0.9), (3, 0.6, 1, 1.5), (4, 0.3, 2, 0.0), (5, 3.2, 1, 1.57),
    ),
    "custom": (
        (0, 1.0, 1, 0.0), (1, 0.7, 1, 1.05), (2, 0.5, 2, 0.0), (3, 1.5, 1, 1.57), (4, 1.0, 1, 2.57), (5, 0.8, 1, 3.57),
    ),
}  # fmt: skip

_TAU = 2.0 * np.pi


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What is a person's own; drawn once from a seed.

    `pace` and `size` are factors a gesture, `pitch` radians a gesture, `phase` (6,) radians a channel, `sway` (4,)
    phases of the slow variations of pace and size, `worn` (3, 3) how the sensor sits on the wrist.
    """

    pace: dict[str, float]
    size: dict[str, float]
    pitch: dict[str, float]
    phase: F64
    sway: F64
    worn: F64

    @classmethod
    def drawn(cls, seed: int) -> Person:
        """Draw a person: paces and sizes within some 15 % of the average, a sensor up to 10° askew."""
        rng = np.random.default_rng([seed, 1])
        fast, strong = rng.uniform(0.92, 1.08), rng.uniform(0.88, 1.12)
        return cls(
            pace={g: fast * rng.uniform(0.94, 1.06) for g in GESTURES},
            size={g: strong * rng.uniform(0.92, 1.08) for g in GESTURES},
            pitch={g: np.deg2rad(PITCH_DEG[g] + rng.uniform(-8, 8)) for g in GESTURES},
            phase=rng.uniform(-0.4, 0.4, 6),
            sway=rng.uniform(0, _TAU, 4),
            worn=turned(rng.normal(size=3), np.deg2rad(rng.uniform(0, 10))),
        )


def turned(axis: F64, angle: float) -> F64:
    """Return the rotation (3, 3) by `angle` radians about `axis` (Rodrigues' formula)."""
    x, y, z = axis / np.sqrt(np.add.reduce(axis * axis))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: F64 = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return rotation


def motion(person: Person, gesture: str, cycle: F64, time: F64, hz: float, amplitude: float) -> F64:
    """Return what an ideal sensor measures, (n, 6) float64: specific force in g, then angular velocity in rad/s.

    Parameters
    ----------
    cycle
        Phase of the gesture in radians, (n,): 2π a repetition.
    time
        Stream time in seconds, (n,), for what varies slowly: the size by some 10 %, the pace by a fraction of a cycle.
    hz
        Repetitions a second, for what has a duration of its own (the knock of a tap).
    amplitude
        Factor on the movement; gravity stays 1 g.
    """
    s = person.sway
    theta = cycle + 0.35 * np.sin(_TAU * 0.13 * time + s[0]) + 0.15 * np.sin(_TAU * 0.31 * time + s[1])
    size = amplitude * person.size[gesture] * (1.0 + 0.1 * np.sin(_TAU * 0.09 * time + s[2]))
    moved = np.zeros((6, len(time)))
    for channel, strength, harmonic, phase in _TERMS[gesture]:
        moved[channel] += strength * np.sin(harmonic * theta + phase + person.phase[channel])
    if gesture == "tap":
        _knock(moved, theta, hz)
    moved *= size
    tremor = np.sin(_TAU * 8.5 * time + s[3])
    moved[1] += 0.006 * tremor
    moved[3] += 0.02 * tremor
    pitch = person.pitch[gesture]
    moved[0] += np.sin(pitch)
    moved[2] += np.cos(pitch)
    return moved.T.copy()


def _knock(moved: F64, theta: F64, hz: float) -> None:
    """Add a short ringing at the start of each cycle: a finger that hits a table."""
    since = np.mod(theta / _TAU, 1.0) / hz
    ring = np.exp(-since / 0.06)
    moved[2] += 1.6 * ring * np.sin(_TAU * 14.0 * since)
    moved[0] += 0.35 * ring * np.sin(_TAU * 11.0 * since)
    moved[4] += 1.6 * ring * np.sin(_TAU * 7.0 * since)
