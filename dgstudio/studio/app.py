"""The studio: a window on an engine, and the program that goes on until it is closed."""

from __future__ import annotations

import gc
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from dgstudio.engine.engine import Engine
from dgstudio.errors import DgstudioError
from dgstudio.guard.files import make_folder
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame
from dgstudio.studio.crash_trace import CrashTrace
from dgstudio.studio.ending import Ending
from dgstudio.studio.launch import EngineOpening, StudioOptions, make_engine
from dgstudio.studio.session_switcher import Sessions
from dgstudio.studio.splash import FirstPicture, Splash
from dgstudio.studio.theme.application import application
from dgstudio.studio.timings import Timings
from dgstudio.studio.window.main_window import StudioWindow


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


def run_studio(options: StudioOptions, making: EngineOpening, splash: Splash, timings: Timings, ending: Ending) -> int:
    """Open the window on what is being made and run until it is closed; returns the exit status.

    The splash goes when the window has been painted; the collector, which was off until then, is on again. A signal
    closes the window as the user would, and is not asked what may be lost; it is the exit status then.
    """
    app = QApplication.instance()
    assert isinstance(app, QApplication), "the splash needed one"
    engine, name, notes = making.result(ending.check)
    window = make_window(engine, name, hints=options.quit_after is None and options.demo is None, start=False)
    trace = CrashTrace()
    sessions = Sessions(window, options, make_engine, next_window, trace)
    bridge = window.commands
    assert isinstance(bridge, Bridge)

    def seen() -> None:
        timings.note("window")
        splash.close()
        engine.start()
        sessions.tell_crashes()
        # What the start has made stays, and is not looked at again.
        gc.freeze()
        gc.enable()

    def shown(frame: Frame) -> None:
        window.update_frame(frame)
        if timings.moving(len(frame.times), frame.reading is not None):
            bridge.on_frame = window.update_frame

    bridge.on_frame = shown
    bridge.start_frames()
    # The first picture shows what there is by now, not an empty desk.
    shown(bridge.pull())
    if window.geometry_.fills_screen():
        window.showMaximized()
    else:
        window.show()
    picture = FirstPicture(window, seen)
    bridge.tell(notes)
    if options.presentation:
        bridge.state.presentation = True
    if options.demo is not None:
        from dgstudio.studio.demos.reading import read_script

        window.geometry_.keeps = False
        window.demos.play(read_script(options.demo))
    problems: list[str] = []
    if options.quit_after is not None:
        QTimer.singleShot(
            round(options.quit_after * 1000), lambda: _leave(sessions.window, options.screenshot, problems)
        )
    elif options.screenshot is not None:
        QTimer.singleShot(3000, lambda: _picture(sessions.window, options.screenshot, problems))

    def end() -> None:
        _close(sessions.window)
        app.exit(ending.status)

    ending.then(end)
    status = app.exec()
    picture.forget()
    _close(sessions.window)
    trace.done()
    if problems:
        raise DgstudioError(problems[0])
    return status


def next_window(engine: Engine, session_name: str, before: StudioWindow) -> StudioWindow:
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
    try:
        make_folder(path.parent)
    except OSError as error:
        problems.append(f"The screenshot could not be written to {path}: {error.strerror or error}.")
        return
    if not window.grab().save(str(path)):
        problems.append(f"The screenshot could not be written to {path}: choose a folder that exists, and .png.")
