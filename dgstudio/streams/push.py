"""What sources share that are pushed (pointer, OSC, camera): the newest value, sampled at a steady rate."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError, StreamError
from dgstudio.streams.source import BLOCK_S, Knob
from dgstudio.streams.timing.playback_clock import StreamClock
from dgstudio.types import F32, Block, StreamSpec


class PushSource:
    """A stream of what others push, whenever they do: one slot, in which the newest value wins.

    It is sampled at the rate that `spec` declares, so that the stream goes on while whoever pushes rests, and is no
    faster while he hurries. Stream time begins with the first value; before it there are no samples.

    Any thread may call `push` and read the counters; `open`, `read` and `close` belong to one thread.

    Parameters
    ----------
    spec
        Rate, channels, window and hop of the stream; its speed must be 1, for nobody can push faster than time goes.
    first
        The value (channels,) to begin with; None: the stream waits for one.
    block_s
        Wall seconds that a block is worth.

    Raises
    ------
    BadInputError
        For a rate or a speed that cannot be.
    """

    def __init__(self, spec: StreamSpec, *, first: Sequence[float] | None = None, block_s: float = BLOCK_S) -> None:
        if not 0 < spec.rate < np.inf or spec.speed != 1.0:
            raise BadInputError(f"“{spec.name}” comes as it is made: it has a positive rate and no other speed than 1.")
        self.spec = spec
        self.pushed = 0
        """Values that were taken."""
        self.refused = 0
        """Values that had another shape, or were no numbers."""
        self.overwritten = 0
        """Values that were replaced before a sample carried them."""
        self._block = max(1, round(block_s * spec.rate))
        self._clock = StreamClock(1.0)
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._newest: F32 | None = None
        self._carried = True
        self._opened = False
        self._next = 0
        self._gap = False
        if first is not None and not self.push(first):
            raise BadInputError(f"“{spec.name}” has {len(spec.channels)} channels: it cannot begin with {first!r}.")

    def push(self, values: Sequence[float] | npt.NDArray[np.floating]) -> bool:
        """Put a value (channels,) in the place of the one before; whether it was taken. Any thread; never raises.

        What is no row of so many numbers is refused and counted. NaN and infinities are taken: the features repair
        them, and count them.
        """
        try:
            with np.errstate(all="ignore"):
                row = np.array(values, np.float32)
        except (TypeError, ValueError, OverflowError):
            row = np.zeros(0, np.float32)
        good = row.shape == (len(self.spec.channels),)
        with self._lock:
            if not good:
                self.refused += 1
                return False
            self.overwritten += not self._carried
            self.pushed += 1
            self._newest, self._carried = row, False
        self._arrived.set()
        return True

    def open(self) -> None:
        """Start sampling; opened again, the stream goes on after a break."""
        self._opened = True
        self._gap = self._next > 0
        if self._newest is None:
            self._arrived.clear()

    def close(self) -> None:
        """Stop; a waiting `read` returns. Closing twice does nothing. What was pushed last is kept."""
        self._opened = False
        self._clock.stop()
        self._arrived.set()

    def read(self, timeout: float) -> Block | None:
        """Return the next block of some 10 ms, or None if it is not due within `timeout` wall seconds.

        Raises
        ------
        StreamError
            If the source is not open.
        """
        if not self._opened:
            raise StreamError(f"“{self.spec.name}” is not open: open it before reading.")
        if not self._clock.running:
            if not self._arrived.wait(max(timeout, 0.0)) or not self._opened:
                return None
            self._clock.start(self._next / self.spec.rate)
        slips = self._clock.slips
        if not self._clock.wait((self._next + self._block - 1) / self.spec.rate, timeout):
            return None
        self._gap |= self._clock.slips > slips
        with self._lock:
            newest, self._carried = self._newest, True
        assert newest is not None, "the clock starts with the first value"
        times = np.arange(self._next, self._next + self._block) / self.spec.rate
        block = Block(times, np.repeat(newest[None], self._block, axis=0), None, self._gap)
        self._next += self._block
        self._gap = False
        return block

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings: there are none. Any thread."""
        return ()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Refuse a setting.

        Raises
        ------
        BadInputError
            Always: there is none.
        """
        raise BadInputError(f"“{self.spec.name}” has no knob “{name}”.")
