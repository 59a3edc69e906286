"""What becomes of the model: refusals, examples that wait, what is sealed, other models, the contract, the twin."""

from __future__ import annotations

from typing import ClassVar

from dgstudio.engine.facts.event import EventKind, Fact
from dgstudio.engine.facts.words import banks_text
from dgstudio.reasons.reason import example_count
from dgstudio.reasons.refused import NoRoom
from dgstudio.records import dataclass
from dgstudio.types import Level, PublishRecord


@dataclass(frozen=True, slots=True)
class ProposalRejected(Fact):
    """A proposal was not published, or something could not be done."""

    subject: ClassVar[EventKind] = EventKind.REJECTED
    usual: ClassVar[Level] = Level.WARNING
    record: PublishRecord

    @property
    def sentence(self) -> str:
        """With why."""
        return f"Not published: {self.record.reason.words}."


@dataclass(frozen=True, slots=True)
class NothingProtected(Fact):
    """The user wished to protect what it knows now, and that was rejected."""

    subject: ClassVar[EventKind] = EventKind.REFUSED
    usual: ClassVar[Level] = Level.WARNING
    record: PublishRecord

    @property
    def sentence(self) -> str:
        """With why."""
        return f"Nothing was protected: {self.record.reason.words}."


@dataclass(frozen=True, slots=True)
class NothingBefore(Fact):
    """There is no version to roll back to."""

    subject: ClassVar[EventKind] = EventKind.ROLL_BACK
    usual: ClassVar[Level] = Level.WARNING

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "There is no earlier version to go back to."


@dataclass(frozen=True, slots=True)
class NothingAfter(Fact):
    """There is no version to go forward to."""

    subject: ClassVar[EventKind] = EventKind.ROLL_BACK
    usual: ClassVar[Level] = Level.WARNING

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "There is no later version to go forward to."


@dataclass(frozen=True, slots=True)
class ExamplesParked(Fact):
    """After a failure so many examples were set aside."""

    subject: ClassVar[EventKind] = EventKind.PARKED
    usual: ClassVar[Level] = Level.WARNING
    count: int

    @property
    def sentence(self) -> str:
        """With what to do."""
        return f"{self.count} examples were set aside after that; “Resume parked examples” learns them again."


@dataclass(frozen=True, slots=True)
class ExamplesResumed(Fact):
    """So many examples that were set aside follow their labels again; 0 where none was."""

    subject: ClassVar[EventKind] = EventKind.RESUMED
    count: int

    @property
    def level(self) -> Level:
        """A warning where there was nothing to do."""
        return Level.GOOD if self.count else Level.WARNING

    @property
    def sentence(self) -> str:
        """As in "12 parked examples follow their labels again."."""
        if not self.count:
            return "No example is parked: there is nothing to resume."
        # Some may be unlearned by it: those that were taken back before a version that had them was gone back to.
        follow = " follows its label" if self.count == 1 else "s follow their labels"
        return f"{self.count} parked example{follow} again."


@dataclass(frozen=True, slots=True)
class ExamplesWait(Fact):
    """Examples wait that the learning bank has no room for."""

    subject: ClassVar[EventKind] = EventKind.NO_ROOM
    usual: ClassVar[Level] = Level.WARNING
    room: NoRoom

    @property
    def sentence(self) -> str:
        """With why."""
        return f"New examples are kept but not learned: {self.room.words}."


@dataclass(frozen=True, slots=True)
class VersionLearnedAgain(Fact):
    """A version that was not kept was learned again, and is the same by its digest."""

    subject: ClassVar[EventKind] = EventKind.LEARNED_AGAIN
    usual: ClassVar[Level] = Level.GOOD
    version: int
    digest: str

    @property
    def sentence(self) -> str:
        """With its digest."""
        same = f"the same to the last bit as was recorded ({self.digest[:8]})"
        return f"v{self.version} was learned again and is {same}: it can be served, pinned and compared."


@dataclass(frozen=True, slots=True)
class VersionLearnedOtherwise(Fact):
    """A version that was not kept was learned again, and is another one by its digest; it is not taken up."""

    subject: ClassVar[EventKind] = EventKind.LEARNED_AGAIN
    usual: ClassVar[Level] = Level.WARNING
    version: int
    then: str
    now: str
    other_kernel: bool

    @property
    def sentence(self) -> str:
        """With both digests, and what may be the cause."""
        why = ": another kernel learned it" if self.other_kernel else ""
        return (
            f"v{self.version} cannot be had again{why}: it was {self.then[:8]}, and what it learned gives "
            f"{self.now[:8]} here."
        )


@dataclass(frozen=True, slots=True)
class VersionNotLearnedAgain(Fact):
    """A version that was not kept could not be learned again."""

    subject: ClassVar[EventKind] = EventKind.LEARNED_AGAIN
    usual: ClassVar[Level] = Level.WARNING
    version: int
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"v{self.version} could not be learned again: {self.why}."


@dataclass(frozen=True, slots=True)
class VersionRelearningCancelled(Fact):
    """The user has called it off."""

    subject: ClassVar[EventKind] = EventKind.LEARNED_AGAIN
    version: int

    @property
    def sentence(self) -> str:
        """Nothing came of it."""
        return f"Learning v{self.version} again was cancelled; nothing has changed."


@dataclass(frozen=True, slots=True)
class StreamDrifted(Fact):
    """The inputs are less like what was learned than they were."""

    subject: ClassVar[EventKind] = EventKind.DRIFT
    usual: ClassVar[Level] = Level.WARNING

    @property
    def sentence(self) -> str:
        """With what to do."""
        return "The stream has drifted: its inputs are less like what was learned. Label some of them."


@dataclass(frozen=True, slots=True)
class RebuildOffered(Fact):
    """These examples were taken back and stay learned, for they are sealed in these banks, by their places from 0."""

    subject: ClassVar[EventKind] = EventKind.REBUILD_OFFERED
    usual: ClassVar[Level] = Level.WARNING
    example_ids: tuple[int, ...]
    banks: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """As the window counts banks: from 1."""
        kept, count = banks_text(self.banks), example_count(len(self.example_ids))
        return f"Label taken back; the model keeps what was sealed in {kept} ({count})"


@dataclass(frozen=True, slots=True)
class BaseReady(Fact):
    """A new base is trained, and waits for the user's word."""

    subject: ClassVar[EventKind] = EventKind.CONSOLIDATION

    @property
    def sentence(self) -> str:
        """With what to do."""
        return "A new base is trained: compare it with the present model."


@dataclass(frozen=True, slots=True)
class TrainingCancelled(Fact):
    """The user has called the training of a new base off."""

    subject: ClassVar[EventKind] = EventKind.CONSOLIDATION

    @property
    def sentence(self) -> str:
        """The same for all."""
        return "The training was cancelled; nothing has changed."


@dataclass(frozen=True, slots=True)
class TrainingFailed(Fact):
    """A new base could not be trained."""

    subject: ClassVar[EventKind] = EventKind.CONSOLIDATION
    usual: ClassVar[Level] = Level.WARNING
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"No new base was trained: {self.why}"


@dataclass(frozen=True, slots=True)
class ContractBroken(Fact):
    """The audit has found changed bits in protected answers."""

    subject: ClassVar[EventKind] = EventKind.CONTRACT_BROKEN
    usual: ClassVar[Level] = Level.ERROR
    bits: int

    @property
    def sentence(self) -> str:
        """It should never be seen."""
        return f"The audit found {self.bits} changed bits in protected answers: please report this."


@dataclass(frozen=True, slots=True)
class NotCertified(Fact):
    """The version that certificates refer to cannot be restored."""

    subject: ClassVar[EventKind] = EventKind.NOT_CERTIFIED
    usual: ClassVar[Level] = Level.WARNING
    why: str

    @property
    def sentence(self) -> str:
        """With why."""
        return f"No answer can be certified: {self.why}"


@dataclass(frozen=True, slots=True)
class TwinFailed(Fact):
    """The conventional twin failed, and runs no more."""

    subject: ClassVar[EventKind] = EventKind.TWIN_FAILED
    usual: ClassVar[Level] = Level.ERROR
    error: str

    @property
    def sentence(self) -> str:
        """With what it failed of."""
        return f"The twin failed and was switched off: {self.error}"
