"""The stream that a session is made with, as it was asked for: kept in the session, so that it can be opened again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dgstudio.session.file import Session

STREAM = "stream"
"""Session setting: the options below, as they were asked for."""
TYPES: dict[str, tuple[type, ...]] = {
    "source": (str,),
    "rate": (int, float, type(None)),
    "speed": (int, float),
    "labels_column": (str, type(None)),
    "base": (str,),
    "seed": (int,),
}
"""What each of them may be."""
OPTIONS = tuple(TYPES)


def keep_stream(
    session: Session,
    *,
    source: str,
    rate: float | None = None,
    speed: float = 1.0,
    labels_column: str | None = None,
    base: str = "auto",
    seed: int = 0,
) -> None:
    """Note the stream; files by their whole path, since a session may be opened from elsewhere. Any thread.

    As fast as possible (`speed` 0) is no way to look at a stream: it is opened again at its own speed.
    """
    values = (_whole(source), rate, speed or 1.0, labels_column, _whole(base), seed)
    session.set_config(STREAM, dict(zip(OPTIONS, values, strict=True)))


def kept_stream(session: Session) -> dict[str, Any]:
    """Return the options that are kept, by name; none where the session is of before, or damaged."""
    stored = session.config(STREAM)
    if not isinstance(stored, dict) or not isinstance(stored.get("source"), str):
        return {}
    return {name: stored[name] for name in OPTIONS if name in stored and isinstance(stored[name], TYPES[name])}


def _whole(name: str) -> str:
    path = Path(name)
    return str(path.resolve()) if path.is_file() else name
