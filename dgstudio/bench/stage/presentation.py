"""How smoothly the stage is drawn on a large screen, with a twin beside ours and both learning."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QSettings, Qt

from dgstudio.bench.ui_script import Hands, Script, Until, after
from dgstudio.bench.views.paints import Paints
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.errors import DgstudioError
from dgstudio.streams.registry import open_source
from dgstudio.studio.app import make_window
from dgstudio.studio.window.main_window import StudioWindow

SIZE = (2560, 1440)
SEED = 0
SETTLE_S = 3.0
HELD_S = 1.2
"""A class key is held so long, then let go of for as long: both learn all the time."""
GESTURE = "circle"


def present_figures(seconds: float, settings: QSettings) -> dict[str, Any]:
    """Frames a second and p99 of the gaps between them, in a presentation of 2560 × 1440. Qt's thread.

    Raises
    ------
    DgstudioError
        Where the stage was not painted, or the simulator's base model is not there.
    """
    source = open_source("simulator", seed=SEED)
    base, why = base_for(source.spec)
    if base is None:
        raise DgstudioError(f"The bench needs the simulator's base model. {why}")
    engine = Engine(source, base)
    window = make_window(engine, "bench", settings=settings, start=False)
    try:
        return _measured(window, seconds)
    finally:
        window.close()


def _measured(window: StudioWindow, seconds: float) -> dict[str, Any]:
    engine, state, hands = window.commands.engine, window.state, Hands(window)
    window.resize(*SIZE)
    window.show()
    window.activateWindow()
    window.commands.start()
    moments: list[float] = []

    def present() -> Script:
        yield Until(lambda: engine.lane.readings.newest is not None, "an answer")
        hands.tap(Qt.Key.Key_F5)
        yield Until(lambda: window.layout_.on_stage, "the stage")
        window.resize(*SIZE)
        hands.tap(Qt.Key.Key_C)
        window.commands.labels.add_class(GESTURE)
        window.commands.set_knob("gesture", GESTURE)
        yield after(SETTLE_S)
        key = Qt.Key(ord(state.classes[-1].info.key))
        paints = Paints(window.layout_.stage.halves.ours.half.ribbon)
        try:
            for _ in range(max(1, round(seconds / (2 * HELD_S)))):
                hands.press(key)
                yield after(HELD_S)
                hands.release(key)
                yield after(HELD_S)
        finally:
            paints.stop()
        moments.extend(paints.moments)

    hands.play(present())
    gaps = np.diff(moments)
    if len(gaps) < 2:
        raise DgstudioError("The stage was painted too rarely to say how often: let the bench run for longer.")
    stage = window.layout_.stage
    return {
        "fps": float(1.0 / gaps.mean()),
        "gap_p99_ms": float(np.percentile(gaps, 99) * 1e3),
        "width": stage.width(),
        "height": stage.height(),
    }
