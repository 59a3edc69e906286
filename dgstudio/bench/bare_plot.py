"""What a frame of one bare pyqtgraph plot costs, beside which the window's frames are judged; in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from dgstudio.extras.known import installed, joined, python_word, tested_versions

SIZE = (1600, 1000)
"""As large as the window that is measured."""
CHANNELS, POINTS, STEP = 6, 600, 6
"""Curves, points of each, and how many of them are new with a frame."""
FRAME_MS = 32
"""As often as the studio draws."""
FRAMES, WARM_UP = 250, 30
LONGEST_S = 120.0


def plot_missing() -> str:
    """Why the plot cannot be drawn, as a sentence with the line that helps; empty where it can."""
    if installed("pyqtgraph", "pyqtgraph"):
        return ""
    pin = tested_versions().get("pyqtgraph")
    wanted = f"pyqtgraph=={pin}" if pin else "pyqtgraph"
    return f"pyqtgraph is not installed. Run: {joined([python_word(), '-m', 'pip', 'install', wanted])}"


def plot_ms() -> float:
    """Milliseconds of the main thread's processor time a frame, measured now, on the screen of this process."""
    command, environment = [sys.executable, "-m", __name__], {**os.environ, "PYQTGRAPH_QT_LIB": "PySide6"}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=LONGEST_S)
    return float(done.stdout)


def _measured() -> float:
    """Draw the plot with everything as pyqtgraph has it, and return what a frame costs."""
    import numpy as np
    import pyqtgraph
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    plot = pyqtgraph.PlotWidget()
    plot.resize(*SIZE)
    curves = [plot.plot(pen=pyqtgraph.intColor(number)) for number in range(CHANNELS)]
    last = WARM_UP + FRAMES
    shape = POINTS + STEP * last, CHANNELS
    values = np.random.default_rng(0).normal(0.0, 0.1, shape).cumsum(0)
    drawn, since = 0, 0.0

    def turn() -> None:
        nonlocal drawn, since
        if drawn == WARM_UP:
            since = time.thread_time()
        if drawn == last:
            app.quit()
            return
        for channel, curve in enumerate(curves):
            curve.setData(values[STEP * drawn : STEP * drawn + POINTS, channel])
        drawn += 1

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(FRAME_MS)
    timer.timeout.connect(turn)
    plot.show()
    timer.start()
    app.exec()
    return (time.thread_time() - since) / FRAMES * 1e3


if __name__ == "__main__":
    print(_measured())
