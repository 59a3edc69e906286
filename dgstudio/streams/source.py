"""What a source of samples is: the protocol that all sources share, their knobs, and how they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.types import Block, StreamSpec

BLOCK_S = 0.01
"""About how many wall seconds of samples a block holds: short beside a hop, long beside a Python call."""


class KnobKind(StrEnum):
    """What a knob can be set to."""

    FLOAT = "float"
    """From `low` to `high` in steps of `step`, in `unit`."""
    CHOICE = "choice"
    """One of `choices`."""
    BOOL = "bool"


@dataclass(frozen=True, slots=True)
class Knob:
    """One live setting of a source, with what a slider, a list or a switch needs to show it, and its present value."""

    name: str
    label: str
    kind: KnobKind
    value: float | str | bool
    low: float = 0
    high: float = 1
    step: float = 0.01
    unit: str = ""
    choices: tuple[str, ...] = ()
    tooltip: str = ""

    def fitting(self, value: float | str | bool) -> float | str | bool:
        """Return the value that the knob takes for `value`: floats are limited to its range.

        Raises
        ------
        BadInputError
            For a value of another kind, an unknown choice, or a number that is not finite.
        """
        if self.kind == KnobKind.CHOICE and value in self.choices:
            return value
        if self.kind == KnobKind.BOOL and isinstance(value, bool):
            return value
        if self.kind == KnobKind.FLOAT and not isinstance(value, str | bool) and math.isfinite(value):
            return min(max(float(value), self.low), self.high)
        wanted = {KnobKind.CHOICE: f"one of {', '.join(self.choices)}", KnobKind.BOOL: "on or off"}
        raise BadInputError(f"The knob “{self.name}” takes {wanted.get(self.kind, 'a finite number')}, not {value!r}.")


class Source(Protocol):
    """A stream of timestamped samples.

    `open`, `read` and `close` are called by one thread (dg-source); `knobs` and `set_knob` by any. `spec` may be
    read from the moment the source exists.
    """

    spec: StreamSpec

    def open(self) -> None:
        """Start the stream; opening again after `close` goes on with it.

        Raises
        ------
        StreamError, BadInputError
            If it cannot be started.
        """
        ...

    def read(self, timeout: float) -> Block | None:
        """Return the next block, or None if there was none within `timeout` wall seconds.

        Raises
        ------
        StreamEnded
            At the end of a stream that has one.
        StreamError
            If the stream is lost or was not opened.
        """
        ...

    def close(self) -> None:
        """Stop the stream; a waiting `read` returns. Closing twice does nothing."""
        ...

    def knobs(self) -> tuple[Knob, ...]:
        """Return the live settings with their present values."""
        ...

    def set_knob(self, name: str, value: float | str | bool) -> None:
        """Change a live setting; it holds from the next sample that is read.

        Raises
        ------
        BadInputError
            For a knob that does not exist or a value that it cannot take.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What a user asks of a source; each kind takes from it what it knows. See `registry.open_source`."""

    name: str
    rate: float | None = None
    speed: float = 1.0
    loop: bool = True
    seed: int = 0
    labels_column: str | None = None


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source, as its file declares it and the registry lists it.

    `usage` is what a user types for it; `summary` says in one sentence what it is. `claims` tells whether a typed name
    means a source of this kind, and must be quick; `open` makes it, and raises `BadInputError` where it can't.
    """

    name: str
    usage: str
    summary: str
    claims: Callable[[str], bool]
    open: Callable[[SourceRequest], Source]
