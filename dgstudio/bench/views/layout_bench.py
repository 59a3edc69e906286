"""How smoothly the window draws in each of the layouts that it brings, live, with the inspector at work."""

from __future__ import annotations

from typing import Any

import numpy as np

from dgstudio.bench.ui_script import Hands, Script, after
from dgstudio.bench.views.paints import Paints
from dgstudio.errors import DgstudioError
from dgstudio.studio.bridge.inspected import AnswerSubject
from dgstudio.studio.docking.built_in import BUILT_IN, LABEL
from dgstudio.studio.window.main_window import StudioWindow

CALM_S = 6.0
"""Wall seconds in which frames become as frequent again as they were before the hand was busy (`FrameGovernor`)."""
SETTLE_S = 2.0
"""Wall seconds that a layout has to be painted for the first time."""


def layout_figures(window: StudioWindow, seconds: float) -> dict[str, Any]:
    """Show each layout in turn; by its name, frames/s and p99 of the gaps between them; and the worst of all."""
    layout, state = window.layout_, window.state
    paints = Paints(layout.stream_panel.view)
    gaps: dict[str, np.ndarray] = {}

    def shown() -> Script:
        state.set_paused(False)
        state.inspected = AnswerSubject()
        yield after(CALM_S)
        for name, built_in in BUILT_IN.items():
            layout.arrangement.choose(built_in)
            yield after(SETTLE_S)
            first = len(paints.moments)
            yield after(seconds / len(BUILT_IN))
            gaps[name] = np.diff(paints.moments[first:])
        layout.arrangement.choose(LABEL)

    try:
        Hands(window).play(shown())
    finally:
        paints.stop()
    if any(len(each) < 2 for each in gaps.values()):
        raise DgstudioError("A layout was painted too rarely to say how often: let the bench run for longer.")
    figures: dict[str, Any] = {}
    for name, each in gaps.items():
        figures[f"{name.lower()}_fps"] = float(1.0 / each.mean())
        figures[f"{name.lower()}_gap_p99_ms"] = float(np.percentile(each, 99) * 1e3)
    return {
        "fps": min(value for key, value in figures.items() if key.endswith("_fps")),
        "gap_p99_ms": max(value for key, value in figures.items() if key.endswith("_ms")),
        **figures,
    }
