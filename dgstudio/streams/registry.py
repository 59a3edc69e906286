"""All kinds of sources, in one list: a new one is a file that ends in a `SourceKind`, and an entry here."""

from __future__ import annotations

from collections.abc import Iterator

from dgstudio.errors import BadInputError
from dgstudio.paths import sample
from dgstudio.streams.source import Source, SourceKind, SourceRequest


def kinds() -> Iterator[SourceKind]:
    """Yield all kinds, each imported when it is come to; the first that claims a name opens it."""
    from dgstudio.streams import simulator

    yield simulator.KIND
    from dgstudio.streams import pointer

    yield pointer.KIND
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
) -> Source:
    """Make the source that a user names: "simulator", "pointer", the path of a recording, or one of sample_data.

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

    Raises
    ------
    BadInputError
        If there is no such source, or it cannot be used as asked.
    """
    for kind in kinds():
        if kind.claims(name):
            return kind.open(SourceRequest(name, rate, speed, loop, seed, labels_column))
    usages = ", ".join(kind.usage for kind in kinds())
    shipped = ", ".join(shipped_recordings()) or "none"
    shown = name if len(name) <= 60 else f"{name[:60]}…"
    raise BadInputError(f"There is no source “{shown}”: the sources are {usages}; recordings that ship: {shipped}.")


def source_list() -> tuple[tuple[str, str], ...]:
    """Return what can be opened, for help texts and lists: what to type, and a sentence about it."""
    return tuple((kind.usage, kind.summary) for kind in kinds())


def shipped_recordings() -> tuple[str, ...]:
    """Return the names of the recordings in sample_data, sorted."""
    from dgstudio.streams.recordings.reading import SUFFIXES

    folder = sample("")
    return tuple(sorted(p.stem for p in folder.glob("*") if p.suffix in SUFFIXES))
