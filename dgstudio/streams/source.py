"""What a source of samples is: the protocol that all sources share, their knobs, and how they are asked for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.streams.condition import SourceCondition
from dgstudio.types import F32, Block, StreamSpec

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


@runtime_checkable
class Listening(Protocol):
    """A source that others send to, and that can hear them before it is opened."""

    def listen(self) -> None:
        """Hear from now on what is sent. `StreamError` where that cannot be."""
        ...


@runtime_checkable
class Pictured(Protocol):
    """A source whose examples a person knows by pictures, not by their samples."""

    def thumbnail(self, moment: float) -> F32 | None:
        """The picture of a stream time as a window of numbers, which an example keeps; None for none. Any thread."""
        ...


PATIENCE_S = 10.0
"""How long a source that must hear something before it can begin is waited for, where nobody says otherwise."""


class Patience:
    """Waits some seconds for a source that has to hear something before it can begin, then gives up."""

    def __init__(self, seconds: float = PATIENCE_S, hint: str = "") -> None:
        self._seconds, self._hint = seconds, hint
        self._until: float | None = None

    def __call__(self, condition: SourceCondition) -> None:
        """Go on waiting. `BadInputError` once it has been too long."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        if now > self._until:
            waited = f"After {self._seconds:.0f} s still {condition.words}"
            raise BadInputError(f"{waited}. Start what sends first{self._hint}.")


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What a user asks of a source; each kind takes from it what it knows. See `registry.open_source`.

    Attributes
    ----------
    name : what was typed: a kind, KIND:ADDRESS, or the path of a file.
    rate, window_s : samples a second, and seconds of a window, of a source that does not say its own.
    channels : those of the session that is gone on with.
    inputs : how many values come at a time, where the source would otherwise find out.
    listen, allowed : the address of this machine that others send to, and the networks that may.
    patience : called again and again while the source waits for what it must know; raises to give up.
    """

    name: str
    rate: float | None = None
    speed: float = 1.0
    loop: bool = True
    seed: int = 0
    labels_column: str | None = None
    window_s: float | None = None
    channels: tuple[str, ...] | None = None
    inputs: int | None = None
    listen: str | None = None
    allowed: tuple[str, ...] = ()
    patience: Callable[[SourceCondition], None] = field(default_factory=Patience)


def rate_to_keep(source: Source, asked: float | None) -> float | None:
    """The rate with which a source is opened again: as it was asked for, else as it was measured, if it was."""
    return getattr(source, "measured_rate", None) if asked is None else asked


def address_in(typed: str, kind: str) -> str | None:
    """Return ADDRESS of KIND:ADDRESS, "" of KIND alone, None where another kind is meant."""
    named, _, address = typed.partition(":")
    return address if named == kind else None


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source, as its file declares it and the registry lists it.

    `usage` is what a user types for it, as in KIND[:ADDRESS]; `summary` says in one sentence what it is. `claims` tells
    whether a typed name means a source of this kind, and must be quick; `open` makes it, and raises `BadInputError`
    where it can't. `options` are those of `OPTIONS` that it has a use for; another one that is given is refused.
    `named`: its channels are called as they are asked to be; `paced`: it gives as many samples a second as asked for;
    `windowed`: its samples are inputs as they stand, unless it is told how long windows are.
    """

    name: str
    usage: str
    summary: str
    claims: Callable[[str], bool]
    open: Callable[[SourceRequest], Source]
    options: frozenset[str] = frozenset()
    named: bool = False
    paced: bool = False
    windowed: bool = False


OPTIONS = {"window_s": "--window", "inputs": "--inputs"}
"""Fields of a request that few kinds have a use for, and the option of the command line that gives each."""
