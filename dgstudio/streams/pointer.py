"""The pointer: where a mouse, a finger or a pen is on the pad in the window, and on demand how fast it moves."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.streams.push import PushSource
from dgstudio.streams.source import Knob, SourceKind, SourceRequest
from dgstudio.types import F32, Block, StreamKind, StreamSpec

NAME, WITH_VELOCITY = "pointer", "pointer+velocity"
CHANNELS = ("x", "y")
"""From −1 at the left and at the bottom to 1 at the right and at the top of the pad."""
VELOCITIES = ("x velocity", "y velocity")
"""In halves of the pad's side a second."""
RATE = 60.0
RATES = (20.0, 240.0)
WINDOW = 2
"""Samples in a window: the newest is what is answered, the other tells how long a window lasts."""
VELOCITY_S = 0.05
"""Seconds over which the velocity is taken."""


class PointerSource:
    """Positions on the pad at a steady rate, while the pointer rests too; it begins in the middle.

    A sample is an input of the model as it stands: (x, y), with `velocity` (x, y, x velocity, y velocity).
    `point` may be called by any thread.

    Raises
    ------
    BadInputError
        For a rate out of range.
    """

    def __init__(self, *, velocity: bool = False, rate: float = RATE) -> None:
        if not RATES[0] <= rate <= RATES[1]:
            raise BadInputError(f"The pointer is read {RATES[0]:g} to {RATES[1]:g} times a second, not {rate:g} times.")
        name, channels = (WITH_VELOCITY, CHANNELS + VELOCITIES) if velocity else (NAME, CHANNELS)
        self.spec = StreamSpec(name, StreamKind.POINTER, float(rate), channels, WINDOW / rate, 1.0 / rate)
        self._positions = PushSource(replace(self.spec, channels=CHANNELS), first=(0.0, 0.0))
        self._velocity = velocity
        self._before: deque[F32] = deque(maxlen=max(1, round(VELOCITY_S * rate)))
        """The last positions, oldest first: the velocity is taken from the first of them."""

    def point(self, x: float, y: float) -> None:
        """Move the pointer; beyond the pad's edge it stays on the edge. Any thread."""
        self._positions.push((min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)))

    def open(self) -> None:
        """Start the stream; opened again it goes on after a break."""
        self._positions.open()

    def close(self) -> None:
        """Stop the stream; the pointer stays where it is."""
        self._positions.close()

    def read(self, timeout: float) -> Block | None:
        """Return the next sample, or None if it is not due within `timeout` wall seconds. `StreamError` if not open."""
        block = self._positions.read(timeout)
        if block is None or not self._velocity:
            return block
        if block.break_before:
            self._before.clear()
        values = np.concatenate([block.values, [self._moved(position) for position in block.values]], axis=1)
        return Block(block.times, values.astype(np.float32), None, block.break_before)

    def _moved(self, position: F32) -> F32:
        """Velocity (2,) at the next position; 0 at the first one."""
        before = self._before
        if before:
            velocity = (position - before[0]) * np.float32(self.spec.rate / len(before))
        else:
            velocity = np.zeros(2, np.float32)
        before.append(position)
        return velocity

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings: there are none. Any thread."""
        return self._positions.knobs()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Refuse a setting: there is none (`BadInputError`)."""
        self._positions.set_knob(name, value)


def _open(request: SourceRequest) -> PointerSource:
    if request.labels_column is not None:
        raise BadInputError(f"The pointer has no column “{request.labels_column}”: hold a class's key while you move.")
    if request.speed != 1.0:
        raise BadInputError("The pointer moves as you move it: leave out --speed.")
    return PointerSource(velocity=request.name == WITH_VELOCITY, rate=RATE if request.rate is None else request.rate)


KIND = SourceKind(
    "pointer",
    f"{NAME} or {WITH_VELOCITY}",
    "A pad in the window, on which mouse, finger or pen is where it is, or is there and moves.",
    lambda name: name in (NAME, WITH_VELOCITY),
    _open,
    paced=True,
)
