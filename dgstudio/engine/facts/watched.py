"""How it stands with a session that is watched, as data."""

from __future__ import annotations

from enum import StrEnum

from dgstudio.records import dataclass


class Writer(StrEnum):
    """Who writes a session that is watched."""

    STATION = "station"
    """A program without a window."""
    WINDOW = "window"
    NOBODY = "nobody"
    """Whoever wrote it has ended."""


@dataclass(frozen=True, slots=True)
class HeardAnswer:
    """An answer that the other program sent: a class, how sure it was, and the version that gave it, where known."""

    class_id: int
    confidence: float
    version: int | None


@dataclass(frozen=True, slots=True)
class Watched:
    """One moment of watching.

    Attributes
    ----------
    name : of the session.
    writer : who writes it.
    recorded : whether its stream is being recorded, so that samples and answers can be seen.
    behind_s : how old the newest sample is that is shown; None where none is shown.
    silent_s : since when nothing was written.
    receipts_only : answers that are shown as their receipts have them: what else was in them cannot be made up again.
    heard : the newest answer that was heard by OSC, where that is listened to.
    """

    name: str
    writer: Writer = Writer.STATION
    recorded: bool = False
    behind_s: float | None = None
    silent_s: float = 0.0
    receipts_only: int = 0
    heard: HeardAnswer | None = None
