"""The demo of one window: begun, paused, stepped, left, kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from dgstudio.studio.bridge.state import Frame
from dgstudio.studio.demos.before import Before
from dgstudio.studio.demos.parts import DemoParts
from dgstudio.studio.sessions.session_desk import DeskPlace

if TYPE_CHECKING:
    from dgstudio.studio.demos.player import Player
    from dgstudio.studio.demos.script import Script


class Demos(QObject):
    """Plays at most one demo in its window. Qt thread only.

    Parameters
    ----------
    sessions
        Who puts a fresh session into the place of the present one for a demo, and the present one back afterwards.
    refuse
        Says a sentence on what cannot be done.
    """

    changed = Signal()
    """A demo has begun, or has been left or kept."""

    def __init__(
        self, parts: DemoParts, sessions: DeskPlace, refuse: Callable[[str], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._parts, self._sessions, self._refuse = parts, sessions, refuse
        self._before: Before | None = None
        self.player: Player | None = None

    @property
    def playing(self) -> bool:
        """Whether a demo is played, paused, or over and not yet left."""
        return self.player is not None

    @property
    def presented_before(self) -> bool:
        """Whether the window was presented before the demo, or is, where there is none."""
        return self._parts.state.presentation if self._before is None else self._before.presentation

    @property
    def offered(self) -> bool:
        """Whether a demo can be begun: in a session of its own."""
        return self._sessions.desk is not None

    def begin(self, path: Path) -> None:
        """Have a demo played in a fresh session in memory; the present session waits beside it."""
        if self._sessions.desk is not None:
            self._sessions.desk.begin_demo(path)

    def play(self, script: Script, *, attended: bool = True) -> Player:
        """Play a demo here, in this session."""
        # The first picture of the window has no need of it.
        from dgstudio.studio.demos.player import Player

        self.stop()
        self._before = Before.of(self._parts)
        player = self.player = Player(script, self._parts, attended=attended, parent=self)
        player.failed.connect(self._refuse)
        player.begin()
        self.changed.emit()
        return player

    def update_frame(self, frame: Frame) -> None:
        """Take up a frame."""
        if self.player is not None:
            self.player.update_frame(frame)

    def leave(self) -> None:
        """End the demo and take back what should not stay; the session from before it comes back."""
        before = self._before
        if self.player is None or before is None:
            return
        self.stop()
        desk = self._sessions.desk
        if desk is None or not desk.leave_demo():
            before.put_back(self._parts)

    def keep(self) -> None:
        """End the demo and go on in its session as it stands: it is the user's own from now on."""
        if self.player is None:
            return
        if self._sessions.desk is not None:
            self._sessions.desk.keep_demo()
        else:
            self.stop()

    def stop(self) -> None:
        """End the demo; all stays as it is."""
        player, self.player, self._before = self.player, None, None
        if player is not None:
            player.end()
            player.deleteLater()
            self.changed.emit()
