"""What should be said of a session that is opened again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dgstudio.engine.facts.event import EventKind, Fact
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
