"""What a sink is: it is handed every answer, in a thread of its own, and passes it on to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from dgstudio.records import dataclass
from dgstudio.types import Reading


class Sink(Protocol):
    """Passes answers on. It is called by one thread (dg-out), in the order of the answers; `close` when that is over.

    A sink that raises is taken out, and that is said; the rest goes on. One that is slow makes answers wait, then
    leaves them out: serving never waits for it.
    """

    name: str
    """What it is called where something is said about it."""

    def __call__(self, reading: Reading) -> None:
        """Pass on one answer."""
        ...

    def close(self) -> None:
        """End; what was passed on is safe then. `DgstudioError` where it is not. Closing twice does nothing."""
        ...

    @property
    def figure(self) -> tuple[str, int]:
        """What it has passed on so far, and how much: ("JSON lines", 37)."""
        ...


@dataclass(frozen=True, slots=True)
class SinkRequest:
    """What a user asks of a sink.

    Attributes
    ----------
    name : what was typed: KIND or KIND:ADDRESS.
    names : class id → name, as they are at the moment.
    """

    name: str
    names: Callable[[], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class SinkKind:
    """A kind of sink, as its file declares it and the registry lists it; its fields are as in `SourceKind`.

    `check` raises `BadInputError` where the address in a name cannot be; one that does not say finds nothing wrong.
    """

    name: str
    usage: str
    summary: str
    claims: Callable[[str], bool]
    open: Callable[[SinkRequest], Sink]
    check: Callable[[str], object] = str
