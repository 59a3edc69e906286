"""The time cursor under the hand: how long after a step every panel shows the other moment."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from dgstudio.bench.ui_script import Hands, Script, Until
from dgstudio.bench.views.paints import Paints
from dgstudio.errors import DgstudioError
from dgstudio.studio.window.main_window import StudioWindow

HELD_S = 15.0
"""Stream seconds that must be there to look back at."""
KEYS = (
    *[Qt.Key.Key_Comma] * 12,
    *[Qt.Key.Key_Left] * 6,
    Qt.Key.Key_PageUp,
    *[Qt.Key.Key_Period] * 12,
    *[Qt.Key.Key_Right] * 6,
    Qt.Key.Key_PageDown,
)
"""Answer by answer, a tenth of the view, and a view at a time; there and back."""
LEAST = 20


def cursor_figures(window: StudioWindow, seconds: float) -> dict[str, Any]:
    """Move the time cursor for so many seconds; milliseconds until stream, gates and stability are painted anew."""
    layout, state, engine = window.layout_, window.state, window.commands.engine
    shown: tuple[QWidget, ...] = (layout.stream_panel.view, layout.gates_panel.raster, layout.stability_panel.lanes)
    paints = [Paints(widget) for widget in shown]
    took: list[float] = []

    def held() -> bool:
        reach = engine.ring.reach()
        return reach is not None and reach[1] - reach[0] > HELD_S

    def moved() -> Script:
        yield Until(held, "something to look back at")
        hands = Hands(window)
        window.layout_.desk.setFocus()
        state.set_paused(False)
        hands.tap(Qt.Key.Key_Space)
        yield Until(lambda: state.moment is not None, "the view to stand still")
        end, number = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            before, since = state.moment, time.perf_counter()
            hands.tap(KEYS[number % len(KEYS)])
            number += 1
            if state.moment == before:
                # At an end: nothing is to be painted.
                continue
            for each in paints:
                yield Until(each.since(since), "all panels to be painted")
            took.append(max(each.newest for each in paints) - since)
        hands.tap(Qt.Key.Key_End)

    try:
        Hands(window).play(moved())
    finally:
        for each in paints:
            each.stop()
    if len(took) < LEAST:
        raise DgstudioError("The time cursor was moved too rarely for a percentile: let the bench run for longer.")
    return {"p50_ms": _percentile(took, 50), "p99_ms": _percentile(took, 99), "steps": len(took)}


def _percentile(took: list[float], share: float) -> float:
    return float(np.percentile(took, share) * 1e3)
