"""What should be said of a session that is opened again."""

from __future__ import annotations

from typing import ClassVar

from dgstudio.engine.facts.event import EventKind, Fact
from dgstudio.records import dataclass
from dgstudio.types import Level


@dataclass(frozen=True, slots=True)
class MadeByOtherKernel(Fact):
    """An earlier kernel served the session: what it learned is learned again by this one."""

    subject: ClassVar[EventKind] = EventKind.SESSION
    usual: ClassVar[Level] = Level.WARNING
    kernel: str

    @property
    def sentence(self) -> str:
        """Naming the kernel that learns it again."""
        return (
            f"This session was made with an earlier kernel: its model is learned again by {self.kernel}. "
            "What was recorded before cannot be compared bit for bit."
        )


@dataclass(frozen=True, slots=True)
class SettingsUnusable(Fact):
    """The learning settings that the session holds make no sense."""

    subject: ClassVar[EventKind] = EventKind.SESSION
    usual: ClassVar[Level] = Level.WARNING

    @property
    def sentence(self) -> str:
        """What is done instead."""
        return "The session's learning settings cannot be used; the usual ones are taken."


@dataclass(frozen=True, slots=True)
class OtherBase(Fact):
    """The session stands on a base model that is not the one that ships."""

    subject: ClassVar[EventKind] = EventKind.SESSION
    usual: ClassVar[Level] = Level.WARNING

    @property
    def sentence(self) -> str:
        """What cannot be done for that reason."""
        return "This session does not stand on the base model that ships now: no twin can be compared with."


@dataclass(frozen=True, slots=True)
class PinnedGone(Fact):
    """The version that was pinned cannot be served any more."""

    subject: ClassVar[EventKind] = EventKind.SESSION
    usual: ClassVar[Level] = Level.WARNING
    why: str

    @property
    def sentence(self) -> str:
        """Saying why."""
        return f"The version that was pinned cannot be served any more: {self.why}"


TOLD = 3
"""So many sentences on a damaged session are shown at once; the others stand in the log."""


@dataclass(frozen=True, slots=True)
class SessionProblems(Fact):
    """What opening the session found that is not as it was written, in sentences, the general one first."""

    subject: ClassVar[EventKind] = EventKind.SESSION
    usual: ClassVar[Level] = Level.WARNING
    problems: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The first of them, and how many more there are."""
        more = len(self.problems) - TOLD
        said = " ".join(self.problems[:TOLD])
        return f"{said} {more:,} more of this kind stand in the log." if more > 0 else said


@dataclass(frozen=True, slots=True)
class ModelLost(Fact):
    """The session had versions of the model, and none of them can be restored."""

    subject: ClassVar[EventKind] = EventKind.SESSION
    usual: ClassVar[Level] = Level.ERROR
    last: int
    """The highest number that a version had."""

    @property
    def sentence(self) -> str:
        """What becomes of the model."""
        return (
            f"No version of this session's model, of which v{self.last} was the last, can be restored: it begins anew "
            "after that, and learns the labels again. What it had protected is lost."
        )
