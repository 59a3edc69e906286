"""What becomes of streams, outputs and threads, and of the recording."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from dgstudio.engine.facts.event import EventKind, Fact
from dgstudio.reasons.sizes import size_words
from dgstudio.records import dataclass
from dgstudio.types import Level


@dataclass(frozen=True, slots=True)
class StreamOver(Fact):
    """A recording has come to its end."""

    subject: ClassVar[EventKind] = EventKind.STREAM_ENDED
    name: str

    @property
    def sentence(self) -> str:
        """Naming the source."""
        return f"{self.name} has come to its end."


@dataclass(frozen=True, slots=True)
class StreamFound(Fact):
    """A lost stream is there again."""

    subject: ClassVar[EventKind] = EventKind.STREAM_FOUND
    usual: ClassVar[Level] = Level.GOOD
    name: str

    @property
    def sentence(self) -> str:
        """Naming the source."""
        return f"{self.name} is back."


@dataclass(frozen=True, slots=True)
class StreamLost(Fact):
    """A stream is lost, and tried again."""

    subject: ClassVar[EventKind] = EventKind.STREAM_LOST
    usual: ClassVar[Level] = Level.ERROR
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"Stream lost, retrying: {self.why}"


@dataclass(frozen=True, slots=True)
class StreamSwitched(Fact):
    """Another source has taken the place of the one before; `brought` says what is done to its samples, or ""."""

    subject: ClassVar[EventKind] = EventKind.STREAM_FOUND
    name: str
    before: str
    brought: str = ""

    @property
    def sentence(self) -> str:
        """Naming both."""
        return f"The stream comes from {self.name} now, and no more from {self.before}. {self.brought}".rstrip()


@dataclass(frozen=True, slots=True)
class StreamNotClosed(Fact):
    """What was left of a lost stream could not be closed."""

    subject: ClassVar[EventKind] = EventKind.STREAM_LOST
    usual: ClassVar[Level] = Level.WARNING
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"The lost stream did not close cleanly: {self.why}"


@dataclass(frozen=True, slots=True)
class OutputBehind(Fact):
    """An output is slower than the answers are."""

    subject: ClassVar[EventKind] = EventKind.OUTPUT
    usual: ClassVar[Level] = Level.WARNING

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "An output cannot keep up: answers are left out there."


@dataclass(frozen=True, slots=True)
class OutputFailed(Fact):
    """An output failed, and gets no more answers."""

    subject: ClassVar[EventKind] = EventKind.OUTPUT
    usual: ClassVar[Level] = Level.ERROR
    name: str
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"{self.name} failed and was switched off: {self.why}"


class Outcome(StrEnum):
    """What becomes of a thread that has failed."""

    RESTARTED = "restarted"
    STOPPED = "stopped"
    NOT_STARTED = "not started"
    NOT_ENDED = "not ended"


OUTCOMES = {
    Outcome.RESTARTED: "failed and was restarted",
    Outcome.STOPPED: "failed again and again and was stopped; the rest goes on",
    Outcome.NOT_STARTED: "could not start",
    Outcome.NOT_ENDED: "did not end cleanly",
}


@dataclass(frozen=True, slots=True)
class ThreadFailed(Fact):
    """A thread failed of an error of this type and text."""

    subject: ClassVar[EventKind] = EventKind.THREAD_FAILED
    usual: ClassVar[Level] = Level.ERROR
    thread: str
    outcome: Outcome
    error: str
    text: str

    @property
    def sentence(self) -> str:
        """With what it failed of."""
        return f"{self.thread} {OUTCOMES[self.outcome]}: {self.error}: {self.text}"


@dataclass(frozen=True, slots=True)
class RecordingBegun(Fact):
    """The stream is being recorded."""

    subject: ClassVar[EventKind] = EventKind.RECORDING
    usual: ClassVar[Level] = Level.GOOD

    @property
    def sentence(self) -> str:
        """What that is."""
        return "Recording the stream: its samples, its answers and the versions that gave them."


@dataclass(frozen=True, slots=True)
class RecordingEnded(Fact):
    """The recording is off; its length and size by now, and what of the last stretch could not be kept."""

    subject: ClassVar[EventKind] = EventKind.RECORDING
    seconds: float
    size: int
    lost_samples: int = 0
    lost_answers: int = 0

    @property
    def level(self) -> Level:
        """A warning where something is lost."""
        return Level.WARNING if self.lost_samples or self.lost_answers else Level.GOOD

    @property
    def sentence(self) -> str:
        """With its figures."""
        lost = f"; {self.lost_samples} samples and {self.lost_answers} answers of this stretch are lost"
        lost = lost if self.level == Level.WARNING else ""
        return f"Recording is off: {self.seconds:.1f} s so far, {size_words(self.size)}{lost}."


class RecordingTrouble(StrEnum):
    """Why nothing is recorded, or no more."""

    READ_ONLY = "read only"
    DISK_FULL = "disk full"
    MEMORY_FULL = "memory full"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NotRecording(Fact):
    """A recording could not begin, or has `stopped`; of the full: how much `room` in bytes, of a failure its error."""

    subject: ClassVar[EventKind] = EventKind.RECORDING
    usual: ClassVar[Level] = Level.ERROR
    trouble: RecordingTrouble
    stopped: bool
    room: int = 0
    error: str = ""

    @property
    def sentence(self) -> str:
        """With why."""
        why = {
            RecordingTrouble.READ_ONLY: "nothing can be saved in this session",
            RecordingTrouble.DISK_FULL: f"less than {self.room / 1e6:.0f} MB are free on the disk, and labels come "
            "first",
            RecordingTrouble.MEMORY_FULL: f"{size_words(self.room)} of it wait in memory, for nothing can be saved",
            RecordingTrouble.FAILED: self.error,
        }[self.trouble]
        return f"{'Recording has stopped' if self.stopped else 'Not recording'}: {why}."


@dataclass(frozen=True, slots=True)
class RecordingBehind(Fact):
    """The recording could not keep up with the stream."""

    subject: ClassVar[EventKind] = EventKind.RECORDING
    usual: ClassVar[Level] = Level.WARNING

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "The recording has lost a part of the stream: it could not be kept up with."


@dataclass(frozen=True, slots=True)
class RecordingNotSaved(Fact):
    """What is recorded waits in memory."""

    subject: ClassVar[EventKind] = EventKind.RECORDING
    usual: ClassVar[Level] = Level.ERROR
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"The recording is not saved, and goes on in memory: {self.why}"


@dataclass(frozen=True, slots=True)
class RecordingSavedAgain(Fact):
    """What was recorded is in the file again."""

    subject: ClassVar[EventKind] = EventKind.RECORDING
    usual: ClassVar[Level] = Level.GOOD

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "The recording is saved again."
