"""A demo that nobody attends: played to its end in a real window, each claim checked, a picture of each step."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PySide6.QtCore import QEventLoop, QSettings, QTimer

from dgstudio.errors import DgstudioError
from dgstudio.studio.app import make_window
from dgstudio.studio.demos.claims.outcome import Outcome, StepOutcome
from dgstudio.studio.demos.script import Script
from dgstudio.studio.launch import demo_options, make_engine
from dgstudio.studio.pictures.clip_file import write_clip
from dgstudio.studio.window.main_window import StudioWindow

SIZE: Final = (1280, 720)
"""Of the window: a projector's."""
LOOK_MS: Final = 200
START_S: Final = 60.0
"""A stream that has brought no answer by then brings none."""

Picture = Callable[[StepOutcome, StudioWindow], None]
"""Called when a step has come to its end, with what is seen of it."""


def run_unattended(
    script: Script,
    say: Callable[[str], None] = lambda _text: None,
    picture: Picture = lambda _step, _window: None,
    moving: Path | None = None,
) -> Outcome:
    """Play a demo in a window of its own, on a fresh session in memory. Qt thread only; no key is pressed.

    `moving` is a WebP or GIF file for a moving picture of it, of the last half minute where it is longer.

    Raises
    ------
    DgstudioError
        Where the stream cannot be opened, or the engine or the window fails meanwhile.
    """
    engine, name, _notes = make_engine(demo_options(script.setting))
    with TemporaryDirectory(prefix="dgstudio-demo-") as folder, _nothing_raised():
        settings = QSettings(str(Path(folder) / "studio.ini"), QSettings.Format.IniFormat)
        window = make_window(engine, name, settings=settings)
        try:
            window.geometry_.keeps = False
            window.resize(*SIZE)
            window.show()
            window.moving.keep(moving is not None)
            outcome = _play(window, script, say, picture)
            clip = window.moving.recorder.taken()
            if moving is not None and clip is not None:
                write_clip(moving, clip, lambda _share: None, overwrite=True)
            return outcome
        finally:
            window.close()


def _play(window: StudioWindow, script: Script, say: Callable[[str], None], picture: Picture) -> Outcome:
    engine = window.commands.engine
    _wait(lambda: engine.lane.counts.reads > 0, START_S, "the first answer", window)
    player = window.demos.play(script, attended=False)

    def step_over(step: StepOutcome) -> None:
        # What the caption says now is what the picture shows.
        window.repaint()
        picture(step, window)
        say(step.caption)

    player.step_over.connect(step_over)
    ended: list[str] = []
    player.over.connect(lambda: ended.append(""))
    player.failed.connect(ended.append)
    longest = sum(step.until.at_most for step in script.steps) + START_S
    _wait(lambda: ended or window.demos.player is not player, longest, "the end of the demo", window)
    return player.outcome


@contextmanager
def _nothing_raised() -> Iterator[None]:
    """Raise at the end what Qt's own calls of the window's code have raised meanwhile: Qt only prints it."""
    raised: list[BaseException] = []
    before, sys.excepthook = sys.excepthook, lambda _kind, error, _trace: raised.append(error)
    try:
        yield
    finally:
        sys.excepthook = before
    if raised:
        raise DgstudioError(f"The window failed {len(raised)} times, first of {raised[0]!r}.") from raised[0]


def _wait(come: Callable[[], object], patience_s: float, what: str, window: StudioWindow) -> None:
    """Let the window live until something has come."""
    engine, loop, timer = window.commands.engine, QEventLoop(), QTimer()
    deadline, wrong = time.monotonic() + patience_s, ""

    def look() -> None:
        nonlocal wrong
        if engine.infer.failed or engine.learn.failed:
            wrong = f"A thread of the engine stopped while waiting for {what}."
        elif window.layout_.broken:
            wrong = f"The panel {min(window.layout_.broken)} stopped drawing while waiting for {what}."
        elif time.monotonic() > deadline:
            wrong = f"Waited {patience_s:g} s in vain for {what}."
        if wrong or come():
            loop.quit()

    timer.setInterval(LOOK_MS)
    timer.timeout.connect(look)
    timer.start()
    loop.exec()
    timer.stop()
    if wrong:
        raise DgstudioError(wrong)
