"""The stream that a session is made with, as it was asked for: kept in the session, so that it can be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.session.format.rows import NOT_A_VALUE
from dgstudio.session.restore import SIGNAL, spec_of
from dgstudio.streams.registry import kind_of, open_source
from dgstudio.streams.source import Knob, Listening, Source
from dgstudio.streams.source_fit import stream_of, why_unfit
from dgstudio.types import ONE_BY_ONE, StreamKind, StreamSpec

STREAM = "stream"
"""Session setting: the options below, as they were asked for."""
KNOBS = "knobs"
"""Session setting: name → value of each knob, of a source whose inputs depend on them."""
TYPES: dict[str, tuple[type, ...]] = {
    "source": (str,),
    "rate": (int, float, type(None)),
    "speed": (int, float),
    "labels_column": (str, type(None)),
    "base": (str,),
    "seed": (int,),
    "window_s": (int, float, type(None)),
    "inputs": (int, type(None)),
    "features": (str, type(None)),
    "listen": (str, type(None)),
    "allowed": (list,),
}
"""What each of them may be."""
OPTIONS = tuple(TYPES)


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """A source that is chosen while the program runs, as a user names it; the rest is as usual.

    Attributes
    ----------
    source, rate, listen, allowed : as in `streams.source.SourceRequest`, where `source` is its `name`.
    channels : what a new session is to call them, where that is known: it need not wait for the first message then.
    """

    source: str
    rate: float | None = None
    listen: str | None = None
    allowed: tuple[str, ...] = ()
    channels: tuple[str, ...] | None = None


def keep_choice(session: Session, choice: StreamChoice, rate: float | None) -> None:
    """Note that another stream has taken the place of the one before, with the rate to open it with. Any thread."""
    before = kept_stream(session)
    base, seed = before.get("base", "auto"), before.get("seed", 0)
    keep_stream(
        session,
        source=choice.source,
        rate=rate,
        base=base,
        seed=seed,
        features=before.get("features"),
        listen=choice.listen,
        allowed=choice.allowed,
    )


def keep_stream(
    session: Session,
    *,
    source: str,
    rate: float | None = None,
    speed: float = 1.0,
    labels_column: str | None = None,
    base: str = "auto",
    seed: int = 0,
    window_s: float | None = None,
    inputs: int | None = None,
    features: str | None = None,
    listen: str | None = None,
    allowed: Sequence[str] = (),
) -> None:
    """Note the stream; files by their whole path, since a session may be opened from elsewhere. Any thread.

    As fast as possible (`speed` 0) is no way to look at a stream: it is opened again at its own speed.
    """
    asked = (_whole(source), rate, speed or 1.0, labels_column, _whole(base), seed, window_s, inputs, features, listen)
    values = (*asked, list(allowed))
    session.set_config(STREAM, dict(zip(OPTIONS, values, strict=True)))


def kept_stream(session: Session) -> dict[str, Any]:
    """Return the options that are kept, by name; none where the session is of before, or damaged."""
    stored = session.config(STREAM)
    if not isinstance(stored, dict) or not isinstance(stored.get("source"), str):
        return {}
    found = {name: stored[name] for name in OPTIONS if name in stored and isinstance(stored[name], TYPES[name])}
    if "allowed" in found:
        found["allowed"] = tuple(text for text in found["allowed"] if isinstance(text, str))
    return found


def inputs_of(source: Source, asked: int | None) -> int | None:
    """How many inputs to keep: of a source that has found out, what it found, so that a new session need not wait."""
    return len(source.spec.channels) if isinstance(source, Listening) else asked


def stream_made_with(session: Session) -> StreamSpec | None:
    """Return the stream that the session stands on; None where it does not say, or is damaged there."""
    signal = session.config(SIGNAL)
    try:
        return None if signal is None else spec_of(signal)
    except (BadInputError, *NOT_A_VALUE):
        return None


def stream_for(session: Session, spec: StreamSpec) -> StreamSpec:
    """The stream that is answered where a source comes to a session: the session's own, if it stands on one.

    Raises
    ------
    BadInputError
        If what was learned means nothing for that source; the text says why, and what to do.
    """
    made = stream_made_with(session)
    if made is None:
        return spec
    why = why_unfit(made, spec)
    if why is not None:
        named = f", “{made.name}”" if made.name else ""
        raise BadInputError(
            f"“{spec.name}” cannot go on in the session {session.name}: {why}. "
            f"Open it with the stream that it was made with{named} (--source)."
        )
    return stream_of(made, spec)


def open_like(
    made: StreamSpec | None, name: str, *, rate: float | None = None, window_s: float | None = None, **options: Any
) -> Source:
    """Open a source so that it gives, where it can, what a session stands on; `made` None: as it is.

    What can be as quick as it is told to be is as quick as the session; what has windows only where it is told to has
    those of a session that has some. See `open_source`, also for what is raised.
    """
    kind = kind_of(name)
    like = rate
    if made is not None and made.kind not in ONE_BY_ONE and kind is not None:
        windows = kind.windowed and window_s is None and made.kind is StreamKind.SIGNAL
        if windows:
            window_s = made.window_s
        if rate is None and (windows or kind.paced):
            like = made.rate
    if like != rate:
        try:
            return open_source(name, rate=like, window_s=window_s, **options)
        except BadInputError:
            # It cannot be as quick, or as slow.
            pass
    return open_source(name, rate=rate, window_s=window_s, **options)


def kept_channels(session: Session) -> tuple[str, ...] | None:
    """Return the names of the session's channels; None where it does not say, or is damaged there."""
    signal = session.config(SIGNAL)
    channels = signal.get("channels") if isinstance(signal, dict) else None
    if not isinstance(channels, list) or not channels or not all(isinstance(name, str) for name in channels):
        return None
    return tuple(channels)


def kept_features(session: Session) -> str | None:
    """Return the name of the features of a package that the session stands on; None for ours."""
    signal = session.config(SIGNAL)
    name = signal.get("features") if isinstance(signal, dict) else None
    return name if isinstance(name, str) and name else None


def keep_knobs(session: Session, knobs: Sequence[Knob]) -> None:
    """Note how the source's knobs stand, where what is learned depends on it. Any thread."""
    session.set_config(KNOBS, {knob.name: knob.value for knob in knobs})


def turn_kept_knobs(session: Session, source: Source) -> None:
    """Turn a source's knobs to where they stood; what is no value of a knob any more is passed over."""
    kept = session.config(KNOBS)
    for name, value in kept.items() if isinstance(kept, dict) else ():
        with suppress(BadInputError):
            if isinstance(value, bool | int | float | str):
                source.set_knob(name, value)


def _whole(name: str) -> str:
    path = Path(name)
    return str(path.resolve()) if path.is_file() else name
