"""The inspector under the hand: how long after a click why that answer is what it is stands there, painted."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from dgstudio.bench.ui_script import Hands, Script, Until
from dgstudio.bench.views.paints import Paints
from dgstudio.errors import DgstudioError
from dgstudio.studio.bridge.inspected import AnswerSubject
from dgstudio.studio.window.main_window import StudioWindow

HELD_S = 15.0
LEAST = 20
LEFT = Qt.MouseButton.LeftButton


def inspect_figures(window: StudioWindow, seconds: float) -> dict[str, Any]:
    """Click moments of the stream for so many seconds; milliseconds from the click to the answer taken apart."""
    layout, state, engine = window.layout_, window.state, window.commands.engine
    view, page = layout.stream_panel.view, layout.inspector_panel.pages.answer
    paints = Paints(page.fall)
    took: list[float] = []

    def held() -> bool:
        reach = engine.ring.reach()
        return reach is not None and reach[1] - reach[0] > HELD_S

    def taken_apart() -> bool:
        """Whether the page shows the answer of the moment that was clicked."""
        return state.moment is not None and page.moment == state.moment

    def clicked() -> Script:
        yield Until(held, "something to look back at")
        layout.arrangement.set_open("inspector", True)
        state.inspected = AnswerSubject()
        end, number = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            x = view.plot.left() + (0.1 + 0.8 * (number * 0.37 % 1.0)) * view.plot.width()
            number += 1
            since = time.perf_counter()
            QTest.mouseClick(view, LEFT, pos=QPoint(round(x), 40))
            yield Until(taken_apart, "the answer to be taken apart")
            yield Until(paints.since(since), "the waterfall to be painted")
            took.append(paints.newest - since)
        Hands(window).tap(Qt.Key.Key_End)
        layout.arrangement.set_open("inspector", False)

    try:
        Hands(window).play(clicked())
    finally:
        paints.stop()
    if len(took) < LEAST:
        raise DgstudioError("Too few moments were clicked for a percentile: let the bench run for longer.")
    p50, p99 = (float(np.percentile(took, share) * 1e3) for share in (50, 99))
    return {"p50_ms": p50, "p99_ms": p99, "clicks": len(took)}
