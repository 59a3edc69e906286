"""What the window tells its user: toasts of events and publishes, what the engine refused, and lasting trouble."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from dgstudio.engine.facts.event import Event, EventKind, Fact
from dgstudio.engine.facts.labelling import ActWalked, LabelsChanged, NothingToWalk, TakeSaved
from dgstudio.engine.facts.learning import RebuildOffered
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.facts.resuming import SessionProblems
from dgstudio.engine.facts.saving import CopySaved, Exported, NotExported, NotSaved
from dgstudio.errors import DgstudioError
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Phase, StudioState
from dgstudio.studio.common.mode_words import mode_sentence
from dgstudio.studio.common.overlays.toast import Banner, Toast
from dgstudio.studio.log.panel import LogPanel
from dgstudio.studio.sessions.session_desk import DeskPlace
from dgstudio.types import Level, PublishRecord, RecordKind

QUIET_KINDS = frozenset({EventKind.REJECTED})
"""Events that the log tells and no toast does: they come often, or ask for nothing."""
OF_FILES = frozenset(
    {
        EventKind.RECORDING,
        EventKind.SAVED,
        EventKind.NOT_SAVED,
        EventKind.SAVED_AS,
        EventKind.SESSION_RESCUED,
        EventKind.COPY_SAVED,
        EventKind.COPY_NOT_SAVED,
        EventKind.EXPORTED,
        EventKind.NOT_EXPORTED,
        EventKind.SESSION,
        EventKind.START,
        EventKind.PACKAGES,
    }
)
"""Events whose sentences may name files: before an audience the log alone tells them."""
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
        self.names_files = True
        """Whether toasts may name files; not before an audience."""
        self._doomed_examples: frozenset[int] = frozenset()
        """Examples that stand no more, and that the model is offered to be rebuilt without."""
        self._problems_told = False
        """What is wrong with the session can be read."""
        self._overruled: tuple[int, str] | None = None
        """The class whose take a later key has ended, and what is to be said of it."""

    # -- what the window says by itself ----------------------------------------------------------------------------

    def say(self, fact: Fact) -> None:
        """Tell the user something that no engine event did."""
        self.log(fact)
        self.tell(Event(fact))

    def log(self, fact: Fact) -> None:
        """Note something without a toast."""
        self._log.add(Event(fact))

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
        self.say(Notice(EventKind.REFUSED, sentence, Level.WARNING))

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
        if event.kind in OF_FILES and not self.names_files:
            if isinstance(event.fact, Exported | NotExported):
                well = isinstance(event.fact, Exported)
                words = "Written; the log says where." if well else "Not written; the log says why."
                self.toast.show_text(words, event.level)
            return
        toast, text, level = self.toast, event.sentence, event.level
        if self._demo_speaks and level is not Level.ERROR and event.kind is not EventKind.REFUSED:
            return
        match event.fact:
            case ActWalked() | NothingToWalk() | LabelsChanged() if self._offers_more():
                # What was offered says the same and more, whichever of the two came first; unless they stand again.
                pass
            case TakeSaved(take) if self._overruled is not None:
                if take.class_id == self._overruled[0]:
                    text = f"{text}; the later key wins, {self._overruled[1]}"
                self._overruled = None
                self._show_undoable(text, level)
            case TakeSaved() | LabelsChanged():
                self._show_undoable(text, level)
            case RebuildOffered(ids):
                self._doomed_examples = frozenset(ids) - self._standing(frozenset(ids))
                toast.show_text(text, level, REBUILD, lambda: self._plan_rebuild(ids), about=Offer.REBUILD)
            case SessionProblems():
                self._problems_told = True
                toast.show_text(text, level)
            case NotSaved() if self._problems_told:
                # It follows at once where a session opens as a rescued copy; the line across the window says it.
                self._problems_told = False
            case CopySaved(path) if self._sessions.desk is not None:
                toast.show_text(text, level, "Open it", lambda: self._open_copy(path))
            case _ if event.kind not in QUIET_KINDS and (level != Level.INFO or event.kind == EventKind.UNDO):
                toast.show_text(text, level)

    def tell_overruled(self, earlier: int, later: int) -> None:
        """Say that a later key has ended the take of an earlier one; the toast of that take says it once more."""
        self._overruled = (earlier, f"{self.state.name_of(later)} is recorded now")
        self.show(f"{self.state.name_of(earlier)} has ended: {self._overruled[1]}. The later key wins.")

    def tell_record(self, record: PublishRecord) -> None:
        """Show a toast of a publish, if it is one that the user asked for."""
        if self._demo_speaks:
            return
        # What stood there may not be true of this version any more.
        if record.kind == RecordKind.ROLLED_BACK:
            # An undo that comes to this is told as one.
            if record.cause is None:
                self._tell_went_back(record)
        elif record.kind in (RecordKind.PROTECTED, RecordKind.BANK_SEALED, RecordKind.RELEASED):
            text = record.reason.sentence
            if record.kind == RecordKind.PROTECTED:
                self.toast.show_text(text, Level.GOOD, "Undo", self._undo)
            else:
                self.show(text, Level.WARNING if record.kind == RecordKind.RELEASED else Level.GOOD)

    def _tell_went_back(self, record: PublishRecord) -> None:
        waiting, way = record.waiting, "Forward" if self._goes_forward(record) else "Back"
        if waiting:
            count = f"{waiting:,} example{' waits' if waiting == 1 else 's wait'}"
            text = f"{way} to v{record.to_version}: {count}, not followed until you resume them. Shift+B goes forward."
            self.toast.show_text(text, Level.INFO, "Resume", lambda: self.attempt(self.commands.model.resume_parked))
        else:
            self.show(f"{way} to v{record.to_version}. B goes back, Shift+B forward.")

    def _goes_forward(self, record: PublishRecord) -> bool:
        """Whether what was left is a version that was gone back to, and an earlier one."""
        left = next((other for other in reversed(self.state.history) if other.version == record.parent), None)
        stood = None if left is None or left.kind != RecordKind.ROLLED_BACK else left.to_version
        return stood is not None and record.to_version is not None and record.to_version > stood

    def tell_pin(self) -> None:
        """Show a toast where another version answers because the user pinned one, or let go of it."""
        if self._demo_speaks:
            return
        pinned = self.state.pinned
        words = f"v{pinned} is pinned: it answers until P is pressed again." if pinned is not None else ""
        self.show(words or f"The newest version answers again: v{self.state.serving}.")

    def tell_mode(self) -> None:
        """Show a toast of what may change from now on."""
        self.show(mode_sentence(self.state.mode))

    # -- inside ----------------------------------------------------------------------------------------------------

    @property
    def _demo_speaks(self) -> bool:
        """Whether a demo says by itself what it does: only what goes wrong is told beside it."""
        caption = self.state.caption
        return caption is not None and not caption.paused and not caption.waiting

    def _offers_more(self) -> bool:
        """Whether the toast that can be read now offers to rebuild without examples that still stand no more."""
        return self.toast.about is Offer.REBUILD and not self._standing(self._doomed_examples)

    def _show_undoable(self, text: str, level: Level) -> None:
        self.toast.show_text(text, Level.INFO if level == Level.GOOD else level, "Undo", self._undo)

    def _standing(self, ids: frozenset[int]) -> frozenset[int]:
        """Those of these examples that stand."""
        return ids.intersection(self.commands.book.as_arrays().ids.tolist()) if ids else ids

    def _plan_rebuild(self, example_ids: tuple[int, ...]) -> None:
        # It may take a second or two.
        self.show("Working out the model without them, and what would move …")
        self.attempt(self.commands.candidates.plan_rebuild, example_ids)

    def _open_copy(self, path: Path) -> None:
        self._sessions.open(path)
