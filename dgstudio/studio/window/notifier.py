"""What the window tells its user: toasts of events and publishes, and of what the engine refused."""

from __future__ import annotations

from pathlib import Path

from dgstudio.errors import DgstudioError
from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.common.toast import Toast
from dgstudio.studio.log.panel import LogPanel
from dgstudio.studio.window.session_actions import SessionDesk
from dgstudio.types import Event, PublishRecord, Take

QUIET_KINDS = frozenset({"rejected"})
"""Events that the log tells and no toast does: they come often, or ask for nothing."""
REBUILD = "Rebuild without them"
"""The button of the toast that offers it."""


class Telling:
    """The part of the window that speaks. Qt thread only."""

    commands: Bridge
    state: StudioState
    panels: dict[str, PanelFrame]
    toast: Toast
    actions_: ActionRegistry
    sessions: SessionDesk | None
    pinned_told: int | None
    """The pinned version that a toast spoke of last."""
    doomed_examples: frozenset[int] = frozenset()
    """Examples that stand no more, and that the model is offered to be rebuilt without."""
    overruled: tuple[int, str] | None = None
    """The class whose take a later key has ended, and what is to be said of it."""

    def say(self, event: Event) -> None:
        """Tell the user something that no engine event did."""
        log = self.panels["log"]
        assert isinstance(log, LogPanel)
        log.add(event)
        self.tell(event)

    def attempt(self, command: object, *values: object) -> None:
        """Ask the engine for something; what it refuses is told in a toast."""
        assert callable(command)
        try:
            command(*values)
        except DgstudioError as error:
            self.say(Event("refused", str(error), "warning"))

    def tell(self, event: Event) -> None:
        """Show a toast of an event, if it deserves one."""
        offering = self.toast.isVisible() and self.toast.button.text() == REBUILD
        if event.kind in ("undo", "labels changed") and offering and not self._standing(self.doomed_examples):
            # What was offered says the same and more, whichever of the two came first; unless they stand again.
            return
        if event.kind in ("take saved", "labels changed"):
            level, text = "info" if event.level == "good" else event.level, event.text
            if self.overruled is not None and isinstance(event.data, Take):
                if event.data.class_id == self.overruled[0]:
                    text = f"{text}; the later key wins, {self.overruled[1]}"
                self.overruled = None
            self.toast.show_text(text, level, "Undo", lambda: self.actions_.trigger("undo"))
        elif event.kind == "rebuild offered":
            self.doomed_examples = frozenset(event.data) - self._standing(frozenset(event.data))
            self.toast.show_text(event.text, event.level, REBUILD, lambda: self._plan_rebuild(event.data))
        elif event.kind == "copy saved" and self.sessions is not None:
            self.toast.show_text(event.text, event.level, "Open it", lambda: self._open_copy(event.data))
        elif event.kind not in QUIET_KINDS and (event.level != "info" or event.kind == "undo"):
            self.toast.show_text(event.text, event.level)

    def _standing(self, ids: frozenset[int]) -> frozenset[int]:
        """Those of these examples that stand."""
        return ids.intersection(self.commands.book.as_arrays().ids.tolist()) if ids else ids

    def _plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        # It may take a second or two.
        self.toast.show_text("Working out the model without them, and what would move …")
        self.attempt(self.commands.candidates.plan_rebuild, example_ids)

    def _open_copy(self, path: Path) -> None:
        if self.sessions is not None:
            self.sessions.open(path)

    def tell_overruled(self, earlier: int, later: int) -> None:
        """Say that a later key has ended the take of an earlier one; the toast of that take says it once more."""
        self.overruled = (earlier, f"{self.state.name_of(later)} is recorded now")
        self.toast.show_text(f"{self.state.name_of(earlier)} has ended: {self.overruled[1]}. The later key wins.")

    def tell_record(self, record: PublishRecord) -> None:
        """Show a toast of a publish, if it is one that the user asked for."""
        # What stood there may not be true of this version any more.
        if record.kind == "rolled back":
            self.toast.show_text(f"Rolled back to v{record.to_version}. B goes back once more.", "info")
        elif record.kind in ("protected", "bank sealed", "released"):
            reason = record.reason[:1].upper() + record.reason[1:]
            text = reason if reason.endswith(".") else f"{reason}."
            if record.kind == "protected":
                self.toast.show_text(text, "good", "Undo", lambda: self.actions_.trigger("undo"))
            else:
                self.toast.show_text(text, "warning" if record.kind == "released" else "good")

    def tell_pin(self) -> None:
        """Show a toast where another version answers because the user pinned one, or let go of it."""
        pinned = self.state.pinned
        if pinned == self.pinned_told:
            return
        self.pinned_told = pinned
        words = f"v{pinned} is pinned: it answers until P is pressed again." if pinned is not None else ""
        self.toast.show_text(words or f"The newest version answers again: v{self.state.serving}.", "info")
