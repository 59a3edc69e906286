"""All kinds of sinks, in one list: a new one is a file that ends in a `SinkKind`, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.reasons.reason import shortened
from dgstudio.streams.plugins.entry_points import SINKS, Plugins, plugins
from dgstudio.streams.sinks.sink import Sink, SinkKind, SinkRequest


def kinds() -> Iterator[SinkKind]:
    """Yield all kinds, each imported when it is come to; the first that claims a name opens it. Plug-ins come last."""
    yield from _ours()
    yield from plugin_kinds().found


def _ours() -> Iterator[SinkKind]:
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
    request = SinkRequest(name, names)
    for kind in _ours():
        if kind.claims(name):
            return kind.open(request)
    for kind in plugin_kinds().found:
        try:
            if kind.claims(name):
                return kind.open(request)
        except DgstudioError:
            raise
        except Exception as error:
            raise BadInputError(f"The plug-in “{kind.name}” cannot open “{shortened(name, 60)}”: {error!r}.") from error
    raise _unknown(name)


def check_sink(name: str) -> None:
    """Refuse what can be no output, before anything is opened that may have to be waited for.

    Raises
    ------
    BadInputError
        If there is no such sink, or its address cannot be.
    """
    for kind in _ours():
        if kind.claims(name):
            kind.check(name)
            return
    if not plugin_kinds().found:
        raise _unknown(name)


def _unknown(name: str) -> BadInputError:
    usages = ", ".join(kind.usage for kind in kinds())
    return BadInputError(f"There is no output “{shortened(name, 60)}”: the outputs are {usages}.{plugin_kinds().words}")


def plugin_kinds() -> Plugins[SinkKind]:
    """Return the kinds that installed packages bring, and those that are broken."""
    return plugins(SINKS, SinkKind, frozenset(kind.name for kind in _ours()))


def sink_list() -> tuple[tuple[str, str], ...]:
    """Return what can be opened, for help texts and lists: what to type, and a sentence about it."""
    return tuple((kind.usage, kind.summary) for kind in kinds())
