"""All kinds of sinks, in one list: a new one is a file that ends in a `SinkKind`, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dgstudio.errors import BadInputError
from dgstudio.reasons.reason import shortened
from dgstudio.streams.sinks.sink import Sink, SinkKind, SinkRequest


def kinds() -> Iterator[SinkKind]:
    """Yield all kinds, each imported when it is come to; the first that claims a name opens it."""
    from dgstudio.streams.sinks import jsonl

    yield jsonl.KIND
    from dgstudio.streams.sinks import osc

    yield osc.KIND
    from dgstudio.streams.sinks import lsl

    yield lsl.KIND


def open_sink(name: str, names: Callable[[], Mapping[int, str]]) -> Sink:
    """Make the sink that a user names: KIND or KIND:ADDRESS. `names` gives class id → name.

    Raises
    ------
    BadInputError
        If there is no such sink, or it cannot be used as asked.
    """
    for kind in kinds():
        if kind.claims(name):
            return kind.open(SinkRequest(name, names))
    usages = ", ".join(kind.usage for kind in kinds())
    raise BadInputError(f"There is no output “{shortened(name, 60)}”: the outputs are {usages}.")


def sink_list() -> tuple[tuple[str, str], ...]:
    """Return what can be opened, for help texts and lists: what to type, and a sentence about it."""
    return tuple((kind.usage, kind.summary) for kind in kinds())
