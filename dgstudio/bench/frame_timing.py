"""The window in the bench: drives a script from Qt's own loop, notes when each frame was drawn and what that took."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer

from dgstudio.bench.live import Drawn
from dgstudio.engine.engine import Engine
from dgstudio.studio.app import make_window
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame

SIZE = (1600, 1000)
TICK_MS = 10


class _DrawnFrames(QObject):
    """Notes one moment a frame: that of the repaint after it was handed to the panels."""

    def __init__(self, drawn: Drawn) -> None:
        super().__init__()
        self._drawn = drawn
        self._due = False

    def handed(self) -> None:
        """A frame has been handed to the panels; the next repaint draws it."""
        self._due = True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.UpdateRequest and self._due:
            self._due = False
            self._drawn.moments.append(time.perf_counter())
        return False


def drive_window(engine: Engine, tick: Callable[[], bool]) -> Drawn:
    """Show the engine in a window and call `tick` from the window's loop until it returns False.

    The window is closed afterwards, and the engine stopped.
    """
    window = make_window(engine, "bench", start=False)
    bridge = window.commands
    assert isinstance(bridge, Bridge), "make_window puts a bridge behind every window"
    drawn = Drawn()
    frames = _DrawnFrames(drawn)
    window.installEventFilter(frames)

    def show(frame: Frame) -> None:
        window.update_frame(frame)
        frames.handed()

    bridge.on_frame = show
    loop = QEventLoop()
    timer = QTimer()
    timer.setInterval(TICK_MS)

    mine = 0.0

    def turn() -> None:
        nonlocal mine
        begun = time.thread_time()
        going = tick()
        now = time.thread_time()
        mine += now - begun
        drawn.worked.append((time.perf_counter(), now - mine))
        if not going:
            loop.quit()

    timer.timeout.connect(turn)
    window.resize(*SIZE)
    window.show()
    bridge.start()
    timer.start()
    try:
        loop.exec()
    finally:
        timer.stop()
        window.removeEventFilter(frames)
        window.close()
    return drawn
