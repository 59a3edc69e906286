"""All kinds of sources, in one list: a new one is a file that ends in a `SourceKind`, and an entry here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.paths import sample
from dgstudio.reasons.reason import shortened
from dgstudio.streams.condition import SourceCondition
from dgstudio.streams.plugins.entry_points import SOURCES, Plugins, plugins
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.streams.plugins.plugin_source import PluginSource
from dgstudio.streams.source import OPTIONS, Patience, Source, SourceKind, SourceRequest

log = logging.getLogger(__name__)


def kinds() -> Iterator[SourceKind]:
    """Yield all kinds, each imported when it is come to; the first that claims a name opens it. Plug-ins come last."""
    yield from _ours()
    yield from map(_guarded, plugin_kinds().found)


def _ours() -> Iterator[SourceKind]:
    from dgstudio.streams.simulation import simulator

    yield simulator.KIND
    from dgstudio.streams import pointer

    yield pointer.KIND
    from dgstudio.streams.osc import source as osc

    yield osc.KIND
    from dgstudio.streams.phone import source as phone

    yield phone.KIND
    from dgstudio.streams.serial import source as serial

    yield serial.KIND
    from dgstudio.streams.lsl import source as lsl

    yield lsl.KIND
    from dgstudio.streams.camera import kind as camera

    yield camera.KIND
    from dgstudio.streams.recordings import source as recording

    yield recording.KIND


def open_source(
    name: str,
    *,
    rate: float | None = None,
    speed: float = 1.0,
    loop: bool = True,
    seed: int = 0,
    labels_column: str | None = None,
    window_s: float | None = None,
    channels: tuple[str, ...] | None = None,
    inputs: int | None = None,
    features: str | None = None,
    listen: str | None = None,
    allowed: tuple[str, ...] = (),
    patience: Callable[[SourceCondition], None] | None = None,
) -> Source:
    """Make the source that a user names: KIND, KIND:ADDRESS, the path of a recording, or one of sample_data.

    Parameters
    ----------
    rate
        Samples a second: of the simulator, of the pointer, or of a recording that does not say its own.
    speed
        Stream seconds a wall second; 0 means as fast as it is read.
    loop
        Whether a recording begins anew at its end.
    seed
        The simulated person.
    labels_column
        Where the ground truth of a recording is.
    window_s, channels, inputs, listen, allowed, patience
        As in `SourceRequest`.
    features
        Of an installed package, by name; None: ours.

    Raises
    ------
    BadInputError
        If there is no such source, or it cannot be used as asked.
    """
    shown = shortened(name, 60)
    for kind in kinds():
        if kind.claims(name):
            request = SourceRequest(name, rate, speed, loop, seed, labels_column, window_s, channels, inputs)
            for field, option in OPTIONS.items():
                if getattr(request, field) is not None and field not in kind.options:
                    raise BadInputError(f"“{shown}” has no use for {option}: leave it out.")
            hint = ", or say with --inputs how many inputs there will be" if "inputs" in kind.options else ""
            request = replace(request, listen=listen, allowed=allowed, patience=patience or Patience(hint=hint))
            source = kind.open(request)
            return source if features is None else _with_features(source, features)
    usages = ", ".join(kind.usage for kind in kinds())
    shipped = ", ".join(shipped_recordings()) or "none"
    there = f"the sources are {usages}; recordings that ship: {shipped}"
    raise BadInputError(f"There is no source “{shown}”: {there}.{plugin_kinds().words}")


def kind_of(name: str) -> SourceKind | None:
    """Return the kind that opens what a user names; None where none does."""
    return next((kind for kind in kinds() if kind.claims(name)), None)


def plugin_kinds() -> Plugins[SourceKind]:
    """Return the kinds that installed packages bring, and those that are broken."""
    return plugins(SOURCES, SourceKind, frozenset(kind.name for kind in _ours()))


def _guarded(kind: SourceKind) -> SourceKind:
    """The same kind of a package: whatever it does, it is named, and nothing else fails."""

    def claims(name: str) -> bool:
        try:
            return bool(kind.claims(name))
        except Exception:
            log.warning("the plug-in %s cannot say which sources are its own", kind.name, exc_info=True)
            return False

    def open_kind(request: SourceRequest) -> Source:
        try:
            return PluginSource(kind.name, kind.open(request))
        except DgstudioError:
            raise
        except Exception as error:
            raise BadInputError(f"The plug-in “{kind.name}” cannot open “{request.name}”: {error!r}.") from error

    return replace(kind, claims=claims, open=open_kind)


def _with_features(source: Source, name: str) -> Source:
    """The same source, whose windows are looked at by the features of a package."""
    source.spec = replace(source.spec, features=name)
    try:
        features_of(source.spec)
    except BadInputError:
        source.close()
        raise
    return source


def source_list() -> tuple[tuple[str, str], ...]:
    """Return what can be opened, for help texts and lists: what to type, and a sentence about it."""
    return tuple((kind.usage, kind.summary) for kind in kinds())


def shipped_recordings() -> tuple[str, ...]:
    """Return the names of the recordings and videos in sample_data, sorted."""
    from dgstudio.streams.camera.kind import SUFFIXES as VIDEOS
    from dgstudio.streams.recordings.reading import SUFFIXES

    folder = sample("")
    return tuple(sorted(p.stem for p in folder.glob("*") if p.suffix in (*SUFFIXES, *VIDEOS)))
