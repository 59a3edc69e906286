"""What becomes of the session's file, of copies and of exports."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from dgstudio.engine.facts.event import EventKind, Fact
from dgstudio.records import dataclass
from dgstudio.session.storage.file_place import FileLoss
from dgstudio.types import Level


@dataclass(frozen=True, slots=True)
class NotSaved(Fact):
    """The file cannot be written."""

    subject: ClassVar[EventKind] = EventKind.NOT_SAVED
    usual: ClassVar[Level] = Level.ERROR
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"Not saved, going on in memory: {self.why}"


@dataclass(frozen=True, slots=True)
class EntryLeftOut(Fact):
    """One entry cannot be written, whatever the disk does."""

    subject: ClassVar[EventKind] = EventKind.NOT_SAVED
    usual: ClassVar[Level] = Level.ERROR
    error: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"One entry could not be saved and is left out: {self.error}"


@dataclass(frozen=True, slots=True)
class SavedAgain(Fact):
    """The file is written again, with all that waited."""

    subject: ClassVar[EventKind] = EventKind.SAVED
    usual: ClassVar[Level] = Level.GOOD

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "Saving works again; no label was lost."


@dataclass(frozen=True, slots=True)
class SessionRescued(Fact):
    """Somebody deleted, replaced or cut the session's file; the session goes on in another one.

    `whole`: all of the file before could still be read; otherwise what this program knows of it is in the new one.
    """

    subject: ClassVar[EventKind] = EventKind.SESSION_RESCUED
    usual: ClassVar[Level] = Level.ERROR
    before: Path
    loss: FileLoss
    path: Path
    whole: bool

    @property
    def sentence(self) -> str:
        """What became of the file, and where the session is now."""
        kept = "Everything is in" if self.whole else "All labels and the model of now are in"
        return f"{self.before.name} was {self.loss} by another program. {kept} {self.path}: this session goes on there."


@dataclass(frozen=True, slots=True)
class SavedAs(Fact):
    """The session goes on in another file."""

    subject: ClassVar[EventKind] = EventKind.SAVED_AS
    usual: ClassVar[Level] = Level.GOOD
    path: Path

    @property
    def sentence(self) -> str:
        """Naming the file."""
        return f"This session goes on in {self.path}."


@dataclass(frozen=True, slots=True)
class CopySaved(Fact):
    """A copy of the session is written."""

    subject: ClassVar[EventKind] = EventKind.COPY_SAVED
    usual: ClassVar[Level] = Level.GOOD
    path: Path

    @property
    def sentence(self) -> str:
        """Naming the file."""
        return f"Everything so far is in the copy {self.path}."


@dataclass(frozen=True, slots=True)
class Exported(Fact):
    """A file is written; `said` is what whoever wrote it has to say of it."""

    subject: ClassVar[EventKind] = EventKind.EXPORTED
    usual: ClassVar[Level] = Level.GOOD
    path: Path
    said: str

    @property
    def sentence(self) -> str:
        """Naming the file."""
        return f"{self.path.name} is written. {self.said}"


@dataclass(frozen=True, slots=True)
class ExportNotStarted(Fact):
    """The process that exports cannot be started."""

    subject: ClassVar[EventKind] = EventKind.NOT_EXPORTED
    usual: ClassVar[Level] = Level.ERROR
    path: Path
    error: str

    @property
    def sentence(self) -> str:
        """With what the system says."""
        return f"Not exported: the process cannot be started ({self.error})."


@dataclass(frozen=True, slots=True)
class ExportDied(Fact):
    """The process that exports has ended and did not say why; `last_words` are the last line of its errors, if any."""

    subject: ClassVar[EventKind] = EventKind.NOT_EXPORTED
    usual: ClassVar[Level] = Level.ERROR
    path: Path
    status: int
    last_words: str = ""

    @property
    def sentence(self) -> str:
        """With both."""
        last = f" Its last words: {self.last_words}" if self.last_words else ""
        return f"Not exported: the process ended unexpectedly (status {self.status}).{last}"


@dataclass(frozen=True, slots=True)
class NotExported(Fact):
    """A file could not be written."""

    subject: ClassVar[EventKind] = EventKind.NOT_EXPORTED
    usual: ClassVar[Level] = Level.ERROR
    path: Path
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"Not exported: {self.why}"
