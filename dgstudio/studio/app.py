"""Opens the studio: application, engine, bridge and window, in an order that shows something soon."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from dgstudio.engine.bases import base_for
from dgstudio.engine.engine import Engine, EngineSettings
from dgstudio.engine.made_with import keep_stream, kept_stream
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.session.file import Session
from dgstudio.session.location import default_session_path
from dgstudio.streams.registry import open_source
from dgstudio.streams.source import Source
from dgstudio.studio.bridge import Bridge
from dgstudio.studio.sessions import Sessions
from dgstudio.studio.state import Frame
from dgstudio.studio.window import StudioWindow

TIMINGS = "DGSTUDIO_TIMINGS"
"""Names a file: the seconds from the start of the process to the window and the first moving frame go there."""


DEFAULT_SOURCE = "simulator"


@dataclass(frozen=True, slots=True)
class StudioOptions:
    """What the command line asked for.

    `session` None makes a new file in the default folder; `source` None is the one that the session was made with, or
    the simulator.
    """

    source: str | None = None
    rate: float | None = None
    speed: float = 1.0
    labels_column: str | None = None
    base: str = "auto"
    session: Path | None = None
    keep: bool = True
    quit_after: float | None = None
    screenshot: Path | None = None
    presentation: bool = False
    seed: int = 0


def application() -> QApplication:
    """The one QApplication, made if need be."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(sys.argv[:1])
    app.setApplicationName("dgstudio")
    app.setApplicationDisplayName("dgstudio")
    app.setDesktopFileName("dgstudio")
    return app


def make_window(
    engine: Engine, session_name: str, *, settings: QSettings | None = None, hints: bool = False, start: bool = True
) -> StudioWindow:
    """A window on an engine; `start` starts the engine and the frames. Closing the window stops both."""
    application()
    bridge = Bridge(engine, session_name)
    window = StudioWindow(bridge, settings=settings, hints=hints)
    bridge.setParent(window)
    bridge.on_frame = window.update_frame
    if start:
        bridge.start()
    return window


def make_engine(options: StudioOptions) -> tuple[Engine, str, list[str]]:
    """The engine, the session's name, and what the user should be told.

    Raises
    ------
    DgstudioError
        If the source or the session cannot be opened; the text says what to do.
    """
    notes: list[str] = []
    session = _session(options, notes)
    try:
        source, options = _source(options, session)
        base, why = base_for(source.spec, options.base)
        notes = [why, *getattr(source, "notes", ()), *notes]
        engine = Engine(source, base, session, EngineSettings())
        if not session.read_only:
            keep_stream(
                session,
                source=options.source or DEFAULT_SOURCE,
                rate=options.rate,
                speed=options.speed,
                labels_column=options.labels_column,
                base=options.base,
                seed=options.seed,
            )
    except BaseException:
        session.close()
        raise
    name = "not saved" if session.path is None else session.path.name
    return engine, name, notes


def _source(options: StudioOptions, session: Session) -> tuple[Source, StudioOptions]:
    """Open the stream that was asked for, else the one that the session was made with; and the options for it."""
    before = kept_stream(session) if options.source is None else {}
    options = replace(options, **before)
    try:
        source = open_source(
            options.source or DEFAULT_SOURCE,
            rate=options.rate,
            speed=options.speed,
            loop=True,
            seed=options.seed,
            labels_column=options.labels_column,
        )
    except BadInputError as error:
        if not before:
            raise
        raise BadInputError(
            f"{error} The session {session.name} was made with it; "
            "give another stream of the same channels with --source."
        ) from error
    return source, options


def _session(options: StudioOptions, notes: list[str]) -> Session:
    if not options.keep:
        return Session.memory()
    if options.session is not None:
        session = Session.open(options.session) if options.session.exists() else Session.create(options.session)
        notes.extend(session.report.problems)
        return session
    try:
        return Session.create(default_session_path())
    except DgstudioError as error:
        notes.append(f"This session is kept in memory only: {error}")
        return Session.memory()


class _Timings:
    """Notes when the window is up and when the stream first moves in it, for the bench."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._born = psutil.Process().create_time()
        self._figures: dict[str, float] = {}
        self._samples = 0

    def note(self, what: str) -> None:
        """Note the first time that something is seen."""
        if what not in self._figures:
            self._figures[what] = time.time() - self._born
            self._path.write_text(json.dumps(self._figures), encoding="utf-8")

    def watch(self, frame: Frame) -> None:
        """The first frame with an answer, and new samples since the one before, is a moving one."""
        if frame.reading is not None and len(frame.times) > self._samples > 0:
            self.note("moving_s")
        self._samples = len(frame.times)


def run_studio(options: StudioOptions) -> int:
    """Open the window and run until it is closed; returns the exit status."""
    app = application()
    engine, name, notes = make_engine(options)
    window = make_window(engine, name, hints=options.quit_after is None, start=False)
    sessions = Sessions(window, options, make_engine, _next_window)
    bridge = window.commands
    assert isinstance(bridge, Bridge)
    if os.environ.get(TIMINGS):
        timings = _Timings(os.environ[TIMINGS])

        def shown(frame: Frame) -> None:
            window.update_frame(frame)
            timings.note("window_s")
            timings.watch(frame)

        bridge.on_frame = shown
    if window.fills_screen():
        window.showMaximized()
    else:
        window.show()
    bridge.start()
    bridge.tell(notes)
    if options.presentation:
        bridge.state.set_presentation(True)
    problems: list[str] = []
    if options.quit_after is not None:
        QTimer.singleShot(
            round(options.quit_after * 1000), lambda: _leave(sessions.window, options.screenshot, problems)
        )
    elif options.screenshot is not None:
        QTimer.singleShot(3000, lambda: _picture(sessions.window, options.screenshot, problems))
    status = app.exec()
    _close(sessions.window)
    if problems:
        raise DgstudioError(problems[0])
    return status


def _next_window(engine: Engine, session_name: str, before: StudioWindow) -> StudioWindow:
    """A window that takes the place of another, on another session; the user has seen the hints."""
    return make_window(engine, session_name, settings=before.settings, start=False)


def _leave(window: StudioWindow, screenshot: Path | None, problems: list[str]) -> None:
    _picture(window, screenshot, problems)
    _close(window)


def _close(window: StudioWindow) -> None:
    # Nobody is there to be asked.
    window.finish()
    window.close()


def _picture(window: StudioWindow, path: Path | None, problems: list[str]) -> None:
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if not window.grab().save(str(path)):
        problems.append(f"The screenshot could not be written to {path}: choose a folder that exists, and .png.")
