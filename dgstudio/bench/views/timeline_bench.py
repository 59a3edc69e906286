"""The timeline of ten thousand versions under the hand: how many times a second it is painted while it is moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from dgstudio.bench.ui_script import Hands, Script, Until
from dgstudio.bench.views.paints import Paints
from dgstudio.errors import DgstudioError
from dgstudio.studio.versions.timeline import Mark
from dgstudio.studio.versions.timeline_view import TimelineView
from dgstudio.studio.window.main_window import StudioWindow

LEAST_VERSIONS = 10_000
KEYS = (
    *[Qt.Key.Key_PageUp] * 30,
    *[Qt.Key.Key_Minus] * 40,
    *[Qt.Key.Key_PageDown] * 10,
    *[Qt.Key.Key_Plus] * 40,
    *[Qt.Key.Key_Left] * 20,
    Qt.Key.Key_Home,
    *[Qt.Key.Key_Right] * 20,
    Qt.Key.Key_End,
)
"""Along it, all of it, into it again, from one end to the other."""


def timeline_figures(window: StudioWindow, seconds: float) -> dict[str, Any]:
    """Move along the timeline, zoom and unfold in it for so many seconds; `fps_10k` and the p99 of the gaps.

    Raises
    ------
    DgstudioError
        Where its history is shorter than what the figure promises.
    """
    panel = window.layout_.snapshots_panel
    view, timeline = panel.view, panel.timeline
    paints = Paints(view)
    gaps: list[float] = []

    def moved() -> Script:
        yield Until(lambda: len(timeline) > 0, "the timeline")
        versions = len(timeline.acts.versions)
        if versions < LEAST_VERSIONS:
            raise DgstudioError(f"The timeline shows {versions:,} versions, and is measured with {LEAST_VERSIONS:,}.")
        view.setFocus()
        longest = max(range(len(timeline.acts)), key=lambda act: timeline.acts[act].records)
        view.fold(longest, unfold=True)
        view.select(Mark(longest))
        hands, end = Hands(window), time.perf_counter() + seconds
        for step in _steps(view, hands):
            if time.perf_counter() >= end:
                return
            before, since = _stands(view), time.perf_counter()
            step()
            if _stands(view) == before:
                # At an end: nothing is to be painted.
                continue
            yield Until(paints.since(since), "the timeline to be painted")
            gaps.append(time.perf_counter() - since)

    try:
        Hands(window).play(moved())
    finally:
        paints.stop()
    if len(gaps) < 10:
        raise DgstudioError("The timeline was painted too rarely to say how often: let the bench run for longer.")
    return {
        "fps_10k": float(len(gaps) / np.sum(gaps)),
        "gap_p99_ms": float(np.percentile(gaps, 99) * 1e3),
        "versions": len(timeline.acts.versions),
        "acts": len(timeline.acts),
    }


def _steps(view: TimelineView, hands: Hands) -> Iterator[Callable[[], None]]:
    """What the hand does, again and again: keys, and the pointer over the marks in between."""
    for number, key in enumerate(cycle(KEYS)):
        yield partial(hands.tap, key)
        if number % 4 == 0:
            x = (number * 37) % max(1, view.width())
            yield partial(_point, view, QPoint(x, round(view.middle)))


def _point(view: TimelineView, where: QPoint) -> None:
    QTest.mouseMove(view, where)


def _stands(view: TimelineView) -> tuple[object, ...]:
    return view.first, view.pitch, view.selected, view.under
