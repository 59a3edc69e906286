"""Whoever puts one session into the place of another, as the window knows it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from dgstudio.engine.lifecycle.stream_config import StreamChoice
from dgstudio.records import dataclass
from dgstudio.studio.sessions.recent import RecentSession


class SessionDesk(Protocol):
    """Whoever can put another session into the window's place. Every call returns at once; Qt thread."""

    def new(self) -> None:
        """Begin a new session on the same stream."""
        ...

    def begin_on(self, choice: StreamChoice) -> None:
        """Begin a new session on another stream; what hinders it is said, and the present session goes on."""
        ...

    def open(self, path: Path) -> None:
        """Go on with a session file; what hinders it is said in the window, and the present session goes on."""
        ...

    def go_on(self) -> None:
        """Open for good the session that is watched here."""
        ...

    def watch(self, path: Path) -> None:
        """Follow a session file that another program writes."""
        ...

    def begin_demo(self, path: Path) -> None:
        """Play the demo of a file in a fresh session in memory; the present one runs on beside it, out of sight."""
        ...

    def leave_demo(self) -> bool:
        """Bring back the session that waits beside a demo; returns whether there is one."""
        ...

    def keep_demo(self) -> None:
        """Go on in the session of the demo and close the one that waits; what is lost with that is told first."""
        ...

    def cancel(self) -> None:
        """Stay in the present session after all."""
        ...

    def may_quit(self) -> bool:
        """Whether the window may close: nothing is lost by it, or the user was just told what, and still wants to."""
        ...

    def present(self) -> Path | None:
        """Return the file of the present session; None where it has none."""
        ...

    def recent(self) -> list[RecentSession]:
        """Return the sessions that were open lately, the newest first."""
        ...

    def forget(self, path: Path) -> None:
        """List a session no more; its file stays."""
        ...


@dataclass(slots=True)
class DeskPlace:
    """Where the window finds its `SessionDesk`; `desk` is None where nobody can put another session into its place."""

    desk: SessionDesk | None = None

    def open(self, path: Path) -> None:
        """Go on with a session file, if somebody can."""
        if self.desk is not None:
            self.desk.open(path)

    def watch(self, path: Path) -> None:
        """Follow a session file that another program writes, if somebody can."""
        if self.desk is not None:
            self.desk.watch(path)

    def forget(self, path: Path) -> None:
        """List a session no more, if somebody lists them."""
        if self.desk is not None:
            self.desk.forget(path)

    @property
    def present(self) -> Path | None:
        """The file of the present session; None where it has none."""
        return None if self.desk is None else self.desk.present()
