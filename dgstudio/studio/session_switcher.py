"""One session after another in the running program: opened beside the present one, then put into its place."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

from dgstudio.engine.adapt.consolidation import READY, RUNNING
from dgstudio.engine.engine import Engine
from dgstudio.engine.imports.worker import IMPORTING
from dgstudio.engine.lifecycle.stream_config import kept_stream
from dgstudio.errors import DgstudioError
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.sessions.recent import RecentSession, RecentSessions
from dgstudio.studio.window.main_window import StudioWindow
from dgstudio.studio.window.window_geometry import remember
from dgstudio.types import Event

if TYPE_CHECKING:
    from dgstudio.studio.launch import Made, StudioOptions

POLL_MS = 30
UNSAVED, TRAINING, TRAINED, INSTALLING = "unsaved", "training", "trained", "installing"
"""What may be lost with the present session."""
LEAVE = {UNSAVED: "Leave them", TRAINING: "Stop it and go", TRAINED: "Go without it", INSTALLING: "Stop it and go"}
GO, QUIT = "Go all the same", "Quit"
"""Buttons of the toast that warns; `GO` where several things would be lost, `QUIT` where the window is to close."""


class _Opening:
    """A session that is being opened, in a thread of its own. Nobody but `Sessions` uses it."""

    def __init__(
        self,
        name: str,
        options: StudioOptions,
        make: Callable[[StudioOptions], Made],
        leaving: frozenset[str] = frozenset(),
    ) -> None:
        self.name, self.options = name, options
        self.leaving = leaving
        """What the user has agreed to lose with the present session."""
        self.made: Made | None = None
        self.error = ""
        self._make = make
        self._lock = threading.Lock()
        self._given_up = False
        self._thread = threading.Thread(target=self._run, name="dg-open", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it is open, or will not be."""
        return not self._thread.is_alive()

    def give_up(self) -> None:
        """Close it as soon as it is open."""
        with self._lock:
            self._given_up = True
            made, self.made = self.made, None
        if made is not None:
            made[0].stop()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        try:
            made = self._make(self.options)
        except DgstudioError as error:
            self.error = str(error)
            return
        except Exception as error:
            # Whatever it is: the session that is open must go on.
            self.error = f"{self.name or 'A new session'} could not be opened: {error!r}."
            return
        with self._lock:
            if not self._given_up:
                self.made = made
                return
        made[0].stop()


class Sessions(QObject):
    """The window's `SessionDesk`: owns the window that is shown. Qt thread.

    A session is opened in a thread of its own while the present one goes on in its window: learning, answering,
    saving. Once it is open, and no key is held, the present engine is stopped, all that it was asked for is written,
    and a fresh window on the other session takes the place of this one. Where it cannot be opened, the present one
    never notices. What would be lost with the present one, a training among it, is told first, and the user stays
    unless a button of that toast is pressed.

    Parameters
    ----------
    window
        The first window, whose commands are a `Bridge`.
    options
        What the program was started with.
    make_engine, make_window
        Make the engine of a session; and a window, not yet shown, on an engine that does not run yet.
    """

    def __init__(
        self,
        window: StudioWindow,
        options: StudioOptions,
        make_engine: Callable[[StudioOptions], Made],
        make_window: Callable[[Engine, str, StudioWindow], StudioWindow],
    ) -> None:
        super().__init__()
        self.window = window
        self._options = options
        self._make_engine, self._make_window = make_engine, make_window
        self._opening: _Opening | None = None
        self._list = RecentSessions(window.settings)
        self._noted: Path | None = None
        """The file of the present session when the list was brought up to date last."""
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)
        self._take(window)

    # -- what the window asks for ------------------------------------------------------------------------------

    def new(self) -> None:
        """Begin a new session on the stream of the present one."""
        same = kept_stream(self._bridge.engine.session)
        self._begin("", replace(self._options, session=None, keep=True, **same))

    def open(self, path: Path) -> None:
        """Go on with a session file."""
        present = self.present()
        if not path.is_file():
            self._say(f"There is no session {path}: it was moved or deleted.")
        elif present is not None and path.resolve() == present.resolve():
            self._say(f"{path.name} is the session that is open.", "warning")
        else:
            self._begin(path.name, replace(self._options, session=path, source=None, keep=True))

    def cancel(self) -> None:
        """Stay in the present session after all."""
        opening, self._opening = self._opening, None
        self._timer.stop()
        self.window.opening.end()
        if opening is not None:
            opening.give_up()

    def may_quit(self) -> bool:
        """Whether the window may close: nothing is lost by it, or the user was just told what, and still wants to."""
        told = " ".join(self._losses().values())
        toast = self.window.toast
        if not told or (toast.isVisible() and toast.said == told):
            return True
        toast.show_text(told, "warning", QUIT, self._quit)
        return False

    def present(self) -> Path | None:
        """Return the file of the present session."""
        path = self._bridge.engine.session.path
        return None if path is None else path.absolute()

    def recent(self) -> list[RecentSession]:
        """Return the sessions that were open lately, the present one first."""
        self._note()
        return self._list.every()

    def forget(self, path: Path) -> None:
        """List a session no more."""
        self._list.forget(path)

    # -- inside ------------------------------------------------------------------------------------------------

    @property
    def _bridge(self) -> Bridge:
        commands = self.window.commands
        assert isinstance(commands, Bridge), "only engines have sessions"
        return commands

    def _say(self, text: str, level: str = "error") -> None:
        self.window.say(Event("session", text, level))

    def _take(self, window: StudioWindow) -> None:
        self.window = window
        window.sessions = self
        window.gone.connect(self._left)
        window.state.changed.connect(self._on_changed)
        self._noted = None
        self._note()

    def _on_changed(self, topic: object) -> None:
        if topic == "session":
            self._note()

    def _quit(self) -> None:
        self.window.finish()
        self.window.close()

    def _note(self) -> None:
        """Bring the list up to date on the present session, and on the file that it was in before “Save as”."""
        path, cards = self.present(), self._bridge.state.classes
        for held in (self._noted, path):
            if held is not None and (held == path or held.is_file()):
                self._list.note(held, len(cards), sum(card.count for card in cards))
        self._noted = path

    def _begin(self, name: str, options: StudioOptions, leaving: frozenset[str] = frozenset()) -> None:
        if self._opening is not None:
            self._say("Another session is being opened: wait for it, or cancel that.", "warning")
        elif self._may_leave(name, options, leaving):
            self._opening = _Opening(name, options, self._make_engine, leaving)
            self.window.opening.begin(name)
            self._timer.start()

    def _may_leave(self, name: str, options: StudioOptions, leaving: frozenset[str]) -> bool:
        """Whether nothing is lost that the user has not agreed to lose; else it is told, with a button that agrees."""
        losses = self._losses()
        if losses.keys() <= leaving:
            return True
        agreed = frozenset(losses)
        button = LEAVE[next(iter(losses))] if len(losses) == 1 else GO
        self.window.toast.show_text(
            " ".join(losses.values()), "warning", button, lambda: self._begin(name, options, agreed)
        )
        return False

    def _losses(self) -> dict[str, str]:
        """What goes with the present session, and a sentence on each."""
        engine, losses = self._bridge.engine, {}
        unsaved = engine.book.total if engine.queue.saved != "saved" else 0
        if unsaved:
            what = "1 example is" if unsaved == 1 else f"{unsaved:,} examples are"
            losses[UNSAVED] = f"{what} in memory only, and lost if you go: “Save as” (Ctrl+Shift+S) keeps them."
        training = engine.candidates.consolidation
        if training is not None and training.state == RUNNING:
            losses[TRAINING] = "A new base is being trained: going stops that."
        elif training is not None and training.state == READY:
            losses[TRAINED] = "A trained new base waits for your word (“Compare …” above): it is lost if you go."
        if self.window.packages.busy:
            losses[INSTALLING] = f"{self.window.packages.words} is not installed yet: going stops that."
        return losses

    def _look(self) -> None:
        opening = self._opening
        if opening is None or not opening.over:
            return
        if opening.error:
            self.cancel()
            self._say(opening.error)
        elif self.window.labelling.held is None and not self._importing:
            # What is being labelled or imported comes to its end first. What has begun since may be lost, too.
            if self._may_leave(opening.name, opening.options, opening.leaving):
                self._switch(opening)
            else:
                self.cancel()

    @property
    def _importing(self) -> bool:
        view = self._bridge.engine.imports.view
        return view is not None and view.stage == IMPORTING

    def _switch(self, opening: _Opening) -> None:
        before, made = self.window, opening.made
        assert made is not None, "what is over without an error is open"
        engine, name, notes = made
        remember(before)
        try:
            window = self._make_window(engine, name, before)
        except BaseException:
            self.cancel()
            raise
        self._timer.stop()
        self._opening = None
        self._note()
        before.gone.disconnect(self._left)
        presenting = before.state.presentation
        window.restoreGeometry(before.saveGeometry())
        # The stream may be a device that two cannot have at once.
        before.finish()
        # Shown before the other goes: a program without a window ends.
        window.show()
        before.close()
        before.deleteLater()
        # At once, and by nobody's name: what can be reached from here would be kept by `gc.freeze`, with its engine.
        QCoreApplication.sendPostedEvents(before, QEvent.Type.DeferredDelete)
        del before
        window.activateWindow()
        self._take(window)
        if presenting:
            window.state.set_presentation(True)
        # Now, while nothing is live: what the sessions before have left is else kept for as long as this one.
        gc.collect()
        try:
            self._bridge.start()
        except Exception as error:
            window.state.phase, window.state.failure = "failed", f"The engine could not be started: {error}"
            window.state.announce("phase")
        self._bridge.tell(notes)
        self._greet(engine, notes)

    def _greet(self, engine: Engine, notes: list[str]) -> None:
        if engine.session.path is None:
            # The reason is the last that was noted.
            self._say(notes[-1], "warning")
            return
        cards = self._bridge.state.classes
        count = sum(card.count for card in cards)
        what = f"{len(cards)} classes, {count} examples"
        self._say(f"{engine.session.name}: {what}." if count else f"{engine.session.name} is open.", "good")
        for problem in engine.session.report.problems:
            self._say(problem, "warning")

    def _left(self) -> None:
        """The user closed the window: whatever is being opened is closed again."""
        opening = self._opening
        self.cancel()
        if opening is not None:
            opening.join()
        self._note()
