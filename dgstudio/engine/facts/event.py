"""What an event is: a fact, when it happened, and how it goes into the log of the session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from dgstudio.guard.texts import plain_text
from dgstudio.reasons.reason import Reason
from dgstudio.reasons.stored import reason_fields
from dgstudio.records import dataclass
from dgstudio.types import Act, Level, LogLine, PublishRecord, Take


class EventKind(StrEnum):
    """What an event is about; several facts may be of one kind. As they stand in session files."""

    TAKE_SAVED = "take saved"
    TAKE_EMPTY = "take empty"
    LABELS_CHANGED = "labels changed"
    UNDO = "undo"
    LABEL_LEFT_OUT = "label left out"
    IMPORT_CANCELLED = "import cancelled"
    IMPORT_FAILED = "import failed"
    REJECTED = "rejected"
    REFUSED = "refused"
    ROLL_BACK = "roll back"
    PARKED = "parked"
    RESUMED = "resumed"
    NO_ROOM = "no room"
    DRIFT = "drift"
    REBUILD_OFFERED = "rebuild offered"
    CONSOLIDATION = "consolidation"
    LEARNED_AGAIN = "learned again"
    CONTRACT_BROKEN = "contract broken"
    NOT_CERTIFIED = "not certified"
    TWIN_FAILED = "twin failed"
    STREAM_LOST = "stream lost"
    STREAM_FOUND = "stream found"
    STREAM_ENDED = "stream ended"
    OUTPUT = "output"
    RECORDING = "recording"
    SAVED = "saved"
    NOT_SAVED = "not saved"
    SAVED_AS = "saved as"
    SESSION_RESCUED = "session rescued"
    COPY_SAVED = "copy saved"
    COPY_NOT_SAVED = "copy not saved"
    EXPORTED = "exported"
    NOT_EXPORTED = "not exported"
    SESSION = "session"
    START = "start"
    THREAD_FAILED = "thread failed"
    PANEL_FAILED = "panel failed"
    PACKAGES = "packages"


class Fact(ABC):
    """Something that happened: a frozen dataclass. Nobody reads its sentence but people."""

    __slots__ = ()
    subject: ClassVar[EventKind]
    """What it is about, where that is always the same."""
    usual: ClassVar[Level] = Level.INFO
    """How much it matters, where that is always the same."""

    @property
    def kind(self) -> EventKind:
        """What it is about."""
        return self.subject

    @property
    def level(self) -> Level:
        """How much it matters."""
        return self.usual

    @property
    @abstractmethod
    def sentence(self) -> str:
        """What people are told."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact and the moment when it was said, Unix time."""

    fact: Fact
    unix: float = 0.0

    @property
    def kind(self) -> EventKind:
        """What it is about."""
        return self.fact.kind

    @property
    def level(self) -> Level:
        """How much it matters."""
        return self.fact.level

    @property
    def sentence(self) -> str:
        """What people are told; plain, for it may name files and what stands in them."""
        return plain_text(self.fact.sentence, lines=True)


def log_line(event: Event) -> LogLine:
    """The line of a log that tells of an event: its sentence, and its fields for who wants to count."""
    return LogLine(event.kind, event.sentence, event.level, event.unix, _fields_of(event.fact))


def _fields_of(fact: object) -> dict[str, Any]:
    assert is_dataclass(fact)
    return {field.name: _plain(getattr(fact, field.name)) for field in fields(fact)}


def _plain(value: object) -> Any:
    """As JSON can hold it; what the session has elsewhere is named by its number."""
    match value:
        case Take() | Act():
            return value.id
        case PublishRecord():
            return value.seq
        case Reason():
            return reason_fields(value)
        case StrEnum():
            return value.value
        case Path():
            return str(value)
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return _fields_of(value)
        case _:
            return value
