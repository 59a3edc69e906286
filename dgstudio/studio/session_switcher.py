"""One session after another in the running program: opened beside the present one, then put into its place."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.engine.imports.worker import ImportStage
from dgstudio.engine.lifecycle.stream_config import StreamChoice, kept_stream
from dgstudio.errors import BadInputError, DgstudioError, SessionInUseError
from dgstudio.records import dataclass
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Phase, StudioState
from dgstudio.studio.crash_trace import CrashTrace, crash_text, crashes, sessions_left_open
from dgstudio.studio.freed_memory import give_back_freed_memory
from dgstudio.studio.launch import EngineOpening, Made, StudioOptions, demo_options
from dgstudio.studio.sessions.losses import QUIT, Loss, Losses, losses_of
from dgstudio.studio.sessions.recent import RecentSession, RecentSessions
from dgstudio.studio.window.main_window import StudioWindow
from dgstudio.types import Level

if TYPE_CHECKING:
    from dgstudio.studio.demos.script import Script

POLL_MS = 30
KEEPING = (
    "The session from before the demo has something that is lost if you keep the demo: leave the demo with Esc and "
    "save it first."
)
KEPT = "What the demo made is yours now. It is in memory only, until you save it."


@dataclass(frozen=True, slots=True)
class _Opening:
    """A session that is being opened: its file's name, what was asked for, and what the user has agreed to lose."""

    name: str
    options: StudioOptions
    leaving: frozenset[Loss]
    making: EngineOpening
    demo: Script | None = None
    """What is to be played in it."""


class Sessions(QObject):
    """The window's `SessionDesk`: owns the window that is shown. Qt thread.

    A session is opened in a thread of its own while the present one goes on in its window: learning, answering,
    saving. Once it is open, and no key is held, the present engine is stopped, all that it was asked for is written,
    and a fresh window on the other session takes the place of this one. Where it cannot be opened, the present one
    never notices. What would be lost with the present one, a training among it, is told first, and the user stays
    unless a button of that toast is pressed.

    A demo is played in a session and a window of its own, while the user's runs on, out of sight.

    Parameters
    ----------
    window
        The first window, whose commands are a `Bridge`.
    options
        What the program was started with.
    make_engine, make_window
        Make the engine of a session; and a window, not yet shown, on an engine that does not run yet.
    trace
        Follows the file of the session that is open.
    """

    def __init__(
        self,
        window: StudioWindow,
        options: StudioOptions,
        make_engine: Callable[[StudioOptions], Made],
        make_window: Callable[[Engine, str, StudioWindow], StudioWindow],
        trace: CrashTrace,
    ) -> None:
        super().__init__()
        self.window = window
        self._options = options
        self._make_engine, self._make_window = make_engine, make_window
        self._trace = trace
        self._opening: _Opening | None = None
        self._aside: StudioWindow | None = None
        """The user's window, while a demo is played in another."""
        self._presented = False
        """Whether that was presented."""
        self._over: list[StudioWindow] = []
        """Windows of demos that were left, soon to be closed."""
        self._list = RecentSessions(window.settings)
        self._crashes = crashes(self._crash_sites(), self.present())
        self._noted: Path | None = None
        """The file of the present session when the list was brought up to date last."""
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)
        self._take(window)

    # -- what the window asks for ------------------------------------------------------------------------------

    def new(self) -> None:
        """Begin a new session on the stream of the present one."""
        self._leave_demo_first()
        engine = self._bridge.engine
        same = kept_stream(engine.session)
        # Named, they need not be found out: a device that is in use cannot be asked.
        channels = engine.spec.channels
        self._begin("", replace(self._options, session=None, keep=True, watch=False, channels=channels, **same))

    def begin_on(self, choice: StreamChoice) -> None:
        """Begin a new session on another stream."""
        self._leave_demo_first()
        bare = StudioOptions()
        rest = {
            name: getattr(bare, name) for name in ("speed", "labels_column", "base", "window_s", "inputs", "features")
        }
        asked = {name: getattr(choice, name) for name in ("source", "rate", "listen", "allowed", "channels")}
        self._begin("", replace(self._options, session=None, keep=True, watch=False, **rest, **asked))

    def open(self, path: Path) -> None:
        """Go on with a session file."""
        self._leave_demo_first()
        present = self.present()
        if not path.exists():
            self._say(f"There is no session {path}: it was moved or deleted.")
        elif present is not None and path.resolve() == present.resolve() and not self._watching:
            self._say(f"{path.name} is the session that is open.", Level.WARNING)
        else:
            self._begin(path.name, replace(self._options, session=path, source=None, keep=True, watch=False))

    def go_on(self) -> None:
        """Open for good the session that is watched here."""
        present = self.present()
        if present is not None and self._watching:
            self.open(present)

    def watch(self, path: Path) -> None:
        """Follow a session file that another program writes."""
        self._leave_demo_first()
        self._begin(path.name, replace(self._options, session=path, source=None, keep=True, watch=True, listen=None))

    def begin_demo(self, path: Path) -> None:
        """Play the demo of a file in a fresh session in memory; the present one runs on beside it, out of sight."""
        from dgstudio.studio.demos.reading import read_script

        try:
            script = read_script(path)
        except BadInputError as error:
            self._say(str(error))
            return
        self._start(script.title, demo_options(script.setting), frozenset(), script)

    def leave_demo(self) -> bool:
        """Bring back the session that waits beside a demo; returns whether there is one."""
        aside = self._aside
        if aside is None:
            return False
        self.cancel()
        self._aside = None
        over = self._let_go()
        aside.commands.rest(False)
        aside.appearance.take_up()
        aside.show()
        aside.state.presentation = self._presented
        self._take(aside)
        aside.activateWindow()
        # Not at once: what asks for it may be a key that this window is still busy with.
        over.hide()
        self._over.append(over)
        QTimer.singleShot(0, self, self._forget_demos)
        return True

    def keep_demo(self, *, lost: bool = False) -> None:
        """Go on in the session of the demo and close the one that waits; what is `lost` with that is told first."""
        window, aside = self.window, self._aside
        if aside is not None and not lost:
            losses = _losses_of(aside)
            if losses.kinds:
                window.notifier.toast.show_text(
                    KEEPING,
                    Level.WARNING,
                    "Keep the demo all the same",
                    lambda: self.keep_demo(lost=True),
                    about=losses,
                )
                return
        self._aside = None
        window.demos.stop()
        window.geometry_.keeps = True
        if aside is not None:
            _close_for_good(aside)
        self._note()
        save_as = partial(window.actions_.trigger, ActionId.SAVE_AS)
        window.notifier.toast.show_text(KEPT, Level.INFO, "Save as…", save_as)

    def cancel(self) -> None:
        """Stay in the present session after all."""
        opening, self._opening = self._opening, None
        self._timer.stop()
        self.window.layout_.opening.end()
        if opening is not None:
            opening.making.give_up()

    def may_quit(self) -> bool:
        """Whether the window may close: nothing is lost by it, or the user was just told what, and still wants to."""
        losses, toast = self.losses(), self.window.notifier.toast
        if not losses.kinds or toast.about == losses:
            return True
        toast.show_text(losses.sentences(), Level.WARNING, QUIT, self._quit, about=losses)
        return False

    def present(self) -> Path | None:
        """Return the file of the present session."""
        return _path_of(self.window)

    def recent(self) -> list[RecentSession]:
        """Return the sessions that were open lately, the present one first."""
        self._note()
        return self._list.every()

    def forget(self, path: Path) -> None:
        """List a session no more."""
        self._list.forget(path)

    def tell_crashes(self) -> None:
        """Say once which sessions were open in a program that did not end in order; offer to open the last of them."""
        told, self._crashes = self._crashes, []
        present = self.present()
        for crash in reversed(told):
            self._say(crash_text(crash, crash.session == present), Level.WARNING)
        if told and told[0].session != present:
            latest = told[0].session
            text = crash_text(told[0], False)
            self.window.notifier.toast.show_text(text, Level.WARNING, "Open it", lambda: self.open(latest))

    def losses(self) -> Losses:
        """What would be lost with the present session; nothing that a demo has made is."""
        if self._aside is not None:
            return _losses_of(self._aside)
        return Losses(frozenset()) if self.window.demos.playing else _losses_of(self.window)

    # -- inside ------------------------------------------------------------------------------------------------

    def _crash_sites(self) -> list[Path]:
        """The sessions that may have been open in a program that crashed."""
        return [entry.path for entry in self._list.every()] + sessions_left_open()

    @property
    def _watching(self) -> bool:
        """Whether the present session is only followed."""
        return self._bridge.state.watched is not None

    @property
    def _bridge(self) -> Bridge:
        return _bridge_of(self.window)

    def _say(self, text: str, level: Level = Level.ERROR) -> None:
        self.window.notifier.say(Notice(EventKind.SESSION, text, level))

    def _take(self, window: StudioWindow) -> None:
        self.window = window
        window.desk_place.desk = self
        window.gone.connect(self._left)
        window.state.when(StudioState.session_name).connect(self._note)
        self._noted = None
        self._note()

    def _let_go(self) -> StudioWindow:
        """Follow the present window no longer; returns it."""
        window = self.window
        window.gone.disconnect(self._left)
        window.state.when(StudioState.session_name).disconnect(self._note)
        return window

    def _forget_demos(self) -> None:
        """Close the windows of demos that were left; what runs on is not looked at again by the collector."""
        while self._over:
            _close_for_good(self._over.pop())
        gc.collect()
        gc.freeze()
        give_back_freed_memory()

    def _leave_demo_first(self) -> None:
        if self._aside is not None:
            self.window.demos.leave()

    def _quit(self) -> None:
        self.window.finish()
        self.window.close()

    def _note(self) -> None:
        """Bring the list up to date on the present session, and on the file that it was in before “Save as”."""
        path, cards = self.present(), self._bridge.state.classes
        # A demo has no file; the one that waits beside it is still open. What is watched is another program's.
        self._trace.follow(_own_path_of(self.window if self._aside is None else self._aside))
        for held in (self._noted, path):
            if held is not None and (held == path or held.is_file()):
                self._list.note(held, len(cards), sum(card.count for card in cards))
        self._noted = path

    def _begin(self, name: str, options: StudioOptions, leaving: frozenset[Loss] = frozenset()) -> None:
        if self._opening is not None or self._may_leave(name, options, leaving):
            self._start(name, options, leaving)

    def _start(self, name: str, options: StudioOptions, leaving: frozenset[Loss], demo: Script | None = None) -> None:
        if self._opening is not None:
            self._say("Another session is being opened: wait for it, or cancel that.", Level.WARNING)
            return
        making = EngineOpening(lambda: self._make_engine(options))
        self._opening = _Opening(name, options, leaving, making, demo)
        self.window.layout_.opening.begin(name)
        self._timer.start()

    def _may_leave(self, name: str, options: StudioOptions, leaving: frozenset[Loss]) -> bool:
        """Whether nothing is lost that the user has not agreed to lose; else it is told, with a button that agrees."""
        losses = self.losses()
        if losses.kinds <= leaving:
            return True
        self.window.notifier.toast.show_text(
            losses.sentences(),
            Level.WARNING,
            losses.button(),
            lambda: self._begin(name, options, losses.kinds),
            about=losses,
        )
        return False

    def _look(self) -> None:
        opening = self._opening
        if opening is None or not opening.making.over:
            return
        error = opening.making.error
        if error is not None:
            self.cancel()
            path = opening.options.session
            if isinstance(error, SessionInUseError) and path is not None:
                self._offer_to_watch(path, str(error))
                return
            what = opening.name or "A new session"
            # Whatever it is: the session that is open goes on.
            self._say(str(error) if isinstance(error, DgstudioError) else f"{what} could not be opened: {error!r}.")
        elif self.window.labelling.held is None and not self._importing:
            # What is being labelled or imported comes to its end first. What has begun since may be lost, too.
            if opening.demo is not None:
                self._play(opening, opening.demo)
            elif self._may_leave(opening.name, opening.options, opening.leaving):
                self._switch(opening)
            else:
                self.cancel()

    def _offer_to_watch(self, path: Path, why: str) -> None:
        self._say(why, Level.WARNING)
        self.window.notifier.toast.show_text(why, Level.WARNING, "Watch it", lambda: self.watch(path))

    @property
    def _importing(self) -> bool:
        view = self._bridge.engine.imports.view
        return view is not None and view.stage == ImportStage.IMPORTING

    def _switch(self, opening: _Opening) -> None:
        before = self.window
        before.geometry_.remember()
        window, notes = self._window_of(opening)
        self._note()
        self._let_go()
        presenting = before.state.presentation
        # The stream may be a device that two cannot have at once.
        before.finish()
        # Shown before the other goes: a program without a window ends.
        window.show()
        _close_for_good(before)
        # Not by any name: what can be reached from here would be kept by `gc.freeze`, with its engine.
        del before
        self._take_over(window, presenting, notes)
        self._greet(_bridge_of(window).engine, notes)

    def _play(self, opening: _Opening, script: Script) -> None:
        """Put the user's window aside, or close the demo before this one, and play in another window."""
        before = self.window
        passing = before.demos.playing
        before.geometry_.remember()
        window, notes = self._window_of(opening)
        window.geometry_.keeps = False
        self._let_go()
        presenting = before.demos.presented_before
        window.show()
        if passing:
            _close_for_good(before)
        else:
            self._aside, self._presented = before, presenting
            # What is presented may stand on another screen, which the demo takes.
            before.state.presentation = False
            before.sheets.call_off()
            before.commands.rest(True)
            before.layout_.arrangement.put_away()
            before.hide()
            before.layout_.opening.end()
        del before
        self._take_over(window, presenting, notes)
        window.demos.play(script)

    def _window_of(self, opening: _Opening) -> tuple[StudioWindow, list[str]]:
        """Make the window of what has been opened, as large as the present one, and what is to be told there."""
        before = self.window
        engine, name, notes = opening.making.result()
        try:
            window = self._make_window(engine, name, before)
        except BaseException:
            self.cancel()
            raise
        self._timer.stop()
        self._opening = None
        window.restoreGeometry(before.saveGeometry())
        return window, notes

    def _take_over(self, window: StudioWindow, presenting: bool, notes: list[str]) -> None:
        """Let another window be the one that is shown, and start its engine."""
        window.activateWindow()
        self._take(window)
        if presenting:
            window.state.presentation = True
        # Now, while nothing is live: what the sessions before have left is else kept for as long as this one.
        gc.collect()
        give_back_freed_memory()
        try:
            self._bridge.start()
        except Exception as error:
            with window.state.update():
                window.state.phase, window.state.failure = Phase.FAILED, f"The engine could not be started: {error}"
        self._bridge.tell(notes)

    def _greet(self, engine: Engine, notes: list[str]) -> None:
        if engine.session.path is None:
            # The reason is the last that was noted.
            self._say(notes[-1], Level.WARNING)
            return
        cards = self._bridge.state.classes
        count = sum(card.count for card in cards)
        what = f"{len(cards)} classes, {count} examples"
        self._say(f"{engine.session.name}: {what}." if count else f"{engine.session.name} is open.", Level.GOOD)

    def _left(self) -> None:
        """The user closed the window: whatever is being opened, or waits beside it, is closed as well."""
        opening, aside = self._opening, self._aside
        self._aside = None
        self.cancel()
        if opening is not None:
            opening.making.join()
        self._note()
        self._forget_demos()
        if aside is not None:
            _close_for_good(aside)


def _bridge_of(window: StudioWindow) -> Bridge:
    commands = window.commands
    assert isinstance(commands, Bridge), "only engines have sessions"
    return commands


def _path_of(window: StudioWindow) -> Path | None:
    path = _bridge_of(window).engine.session.path
    return None if path is None else path.absolute()


def _own_path_of(window: StudioWindow) -> Path | None:
    """The file that this program writes for a window."""
    return None if _bridge_of(window).state.watched is not None else _path_of(window)


def _losses_of(window: StudioWindow) -> Losses:
    packages = window.packages
    installing = packages.words if packages.busy else ""
    return losses_of(_bridge_of(window).engine, installing, window.files.writing)


def _close_for_good(window: StudioWindow) -> None:
    """Stop the engine of a window that is followed no longer, and delete the window at once."""
    window.finish()
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
