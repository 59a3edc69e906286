"""What the window tells its user: toasts of events and publishes, what the engine refused, and lasting trouble."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from dgstudio.errors import DgstudioError
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Phase, StudioState
from dgstudio.studio.common.toast import Banner, Toast
from dgstudio.studio.log.panel import LogPanel
from dgstudio.studio.sessions.session_desk import DeskPlace
from dgstudio.types import Event, Level, PublishRecord, RecordKind, Take

QUIET_KINDS = frozenset({"rejected"})
"""Events that the log tells and no toast does: they come often, or ask for nothing."""
REBUILD = "Rebuild without them"
"""The button of the toast that offers it."""


class Offer(Enum):
    """What a toast may be about that later events have to know again."""

    REBUILD = auto()


class Notifier:
    """Speaks through a toast, a banner and the log. Qt thread only.

    Parameters
    ----------
    sessions
        Who opens a copy that was saved.
    undo
        What the button “Undo” does.
    """

    def __init__(
        self,
        state: StudioState,
        commands: Bridge,
        toast: Toast,
        banner: Banner,
        log: LogPanel,
        sessions: DeskPlace,
        undo: Callable[[], object],
    ) -> None:
        self.state, self.commands = state, commands
        self.toast, self.banner = toast, banner
        self._log, self._sessions, self._undo = log, sessions, undo
        self._pinned_told = state.pinned
        """The pinned version that a toast spoke of last."""
        self._doomed_examples: frozenset[int] = frozenset()
        """Examples that stand no more, and that the model is offered to be rebuilt without."""
        self._overruled: tuple[int, str] | None = None
        """The class whose take a later key has ended, and what is to be said of it."""

    # -- what the window says by itself ----------------------------------------------------------------------------

    def say(self, event: Event) -> None:
        """Tell the user something that no engine event did."""
        self.log(event)
        self.tell(event)

    def log(self, event: Event) -> None:
        """Note something without a toast."""
        self._log.add(event)

    def show(self, text: str, level: Level = Level.INFO) -> None:
        """Show a sentence for a moment, without noting it."""
        self.toast.show_text(text, level)

    def show_once(self, text: str, level: Level, about: object) -> None:
        """Show a sentence about something, unless one about that can still be read."""
        if self.toast.about != about:
            self.toast.show_text(text, level, about=about)

    def attempt(self, command: object, *values: object) -> None:
        """Ask the engine for something; what it refuses is told in a toast."""
        assert callable(command)
        try:
            command(*values)
        except DgstudioError as error:
            self.refuse(str(error))

    def refuse(self, sentence: str) -> None:
        """Say why something was not done."""
        self.say(Event("refused", sentence, Level.WARNING))

    def show_trouble(self) -> None:
        """Let stay across the window what is wrong for as long as it is."""
        state, trouble = self.state, ""
        if state.phase == Phase.FAILED:
            trouble = state.failure
        elif state.saved is not None and state.saved.failed:
            trouble = f"Not saved, going on in memory: {state.saved.why}"
        self.banner.set_text(trouble)

    # -- what has happened -----------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Show a toast of an event, if it deserves one."""
        toast, offering = self.toast, self.toast.about is Offer.REBUILD
        if event.kind in ("undo", "labels changed") and offering and not self._standing(self._doomed_examples):
            # What was offered says the same and more, whichever of the two came first; unless they stand again.
            return
        if event.kind in ("take saved", "labels changed"):
            level, text = Level.INFO if event.level == Level.GOOD else event.level, event.text
            if self._overruled is not None and isinstance(event.data, Take):
                if event.data.class_id == self._overruled[0]:
                    text = f"{text}; the later key wins, {self._overruled[1]}"
                self._overruled = None
            toast.show_text(text, level, "Undo", self._undo)
        elif event.kind == "rebuild offered":
            self._doomed_examples = frozenset(event.data) - self._standing(frozenset(event.data))
            toast.show_text(
                event.text, event.level, REBUILD, lambda: self._plan_rebuild(event.data), about=Offer.REBUILD
            )
        elif event.kind == "copy saved" and self._sessions.desk is not None:
            toast.show_text(event.text, event.level, "Open it", lambda: self._open_copy(event.data))
        elif event.kind not in QUIET_KINDS and (event.level != Level.INFO or event.kind == "undo"):
            toast.show_text(event.text, event.level)

    def tell_overruled(self, earlier: int, later: int) -> None:
        """Say that a later key has ended the take of an earlier one; the toast of that take says it once more."""
        self._overruled = (earlier, f"{self.state.name_of(later)} is recorded now")
        self.show(f"{self.state.name_of(earlier)} has ended: {self._overruled[1]}. The later key wins.")

    def tell_record(self, record: PublishRecord) -> None:
        """Show a toast of a publish, if it is one that the user asked for."""
        # What stood there may not be true of this version any more.
        if record.kind == RecordKind.ROLLED_BACK:
            self.show(f"Rolled back to v{record.to_version}. B goes back once more.")
        elif record.kind in (RecordKind.PROTECTED, RecordKind.BANK_SEALED, RecordKind.RELEASED):
            text = record.reason.sentence
            if record.kind == RecordKind.PROTECTED:
                self.toast.show_text(text, Level.GOOD, "Undo", self._undo)
            else:
                self.show(text, Level.WARNING if record.kind == RecordKind.RELEASED else Level.GOOD)

    def tell_pin(self) -> None:
        """Show a toast where another version answers because the user pinned one, or let go of it."""
        pinned = self.state.pinned
        if pinned == self._pinned_told:
            return
        self._pinned_told = pinned
        words = f"v{pinned} is pinned: it answers until P is pressed again." if pinned is not None else ""
        self.show(words or f"The newest version answers again: v{self.state.serving}.")

    # -- inside ----------------------------------------------------------------------------------------------------

    def _standing(self, ids: frozenset[int]) -> frozenset[int]:
        """Those of these examples that stand."""
        return ids.intersection(self.commands.book.as_arrays().ids.tolist()) if ids else ids

    def _plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        # It may take a second or two.
        self.show("Working out the model without them, and what would move …")
        self.attempt(self.commands.candidates.plan_rebuild, example_ids)

    def _open_copy(self, path: Path) -> None:
        self._sessions.open(path)
