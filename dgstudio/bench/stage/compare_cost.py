"""What a twin beside ours costs ours: serving p99 with the twin ÷ without, in turns, while labels come all the time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from PySide6.QtCore import QSettings

from dgstudio.bench.ui_script import Hands, Script, Until, after
from dgstudio.engine.engine import Engine
from dgstudio.engine.lifecycle.base_catalogue import base_for
from dgstudio.engine.runtime.settings import EngineSettings
from dgstudio.errors import DgstudioError
from dgstudio.streams.registry import open_source
from dgstudio.studio.app import make_window
from dgstudio.studio.window.main_window import StudioWindow
from dgstudio.types import TwinKind

SIZE = (1600, 1000)
KINDS = {"cost": TwinKind.IN_PLACE, "cost_replay": TwinKind.REPLAY, "cost_ours": TwinKind.OURS_WEIGHTS}
"""One of each make, by the name of its figure: in a thread of its own; in the learner's; our own model in another mode,
in the learner's too."""
LONG_S = 60.0
"""A shorter bench measures the first of them only."""
BLOCKS = 7
"""With the twin, without, with, and so on: each has a neighbour."""
SETTLE_S = 0.5
"""At the beginning of a block, not measured."""
WARM_UP_S = 2.0
LABELS_PER_S = 20.0
TAKE_S = 1.5
EXAMPLES_HELD = 200
CLASSES = ("circle", "wave")
FEWEST = 50
"""Answers of a block that make a percentile."""


def cost_figures(seconds: float, settings: QSettings) -> dict[str, Any]:
    """Serve, learn, draw and compare for `seconds`, with each kind of twin; medians of neighbouring blocks' ratios.

    Raises
    ------
    DgstudioError
        Where the simulator's base model is not there, a twin does not keep up, or nothing was answered.
    """
    kinds = list(KINDS.items())[: len(KINDS) if seconds >= LONG_S else 1]
    return {name: _measured(kind, seconds, settings) for name, kind in kinds}


def _measured(kind: TwinKind, seconds: float, settings: QSettings) -> float:
    source = open_source("simulator", seed=5)
    base, why = base_for(source.spec)
    if base is None:
        raise DgstudioError(f"The bench needs the simulator's base model. {why}")
    engine = Engine(source, base, settings=EngineSettings(learn_every_s=1.0 / LABELS_PER_S))
    window = make_window(engine, "bench", settings=settings, start=False)
    try:
        return _Blocks(window, engine, kind, (seconds - WARM_UP_S) / BLOCKS).ratio()
    finally:
        window.close()


class _Blocks:
    """Holds class keys all the time, and switches the twin on and off block by block."""

    def __init__(self, window: StudioWindow, engine: Engine, kind: TwinKind, block_s: float) -> None:
        self._window, self._engine, self._kind = window, engine, kind
        self._block_s = block_s
        self._takes = 0
        self._p99: list[float] = []

    def ratio(self) -> float:
        """Play all blocks; the median, over neighbours, of p99 with the twin ÷ without."""
        window = self._window
        window.resize(*SIZE)
        window.show()
        window.activateWindow()
        window.commands.start()
        Hands(window).play(self._play())
        pairs = enumerate(pairwise(self._p99))
        # Block 0 has the twin, block 1 has not, and so on.
        return float(np.median([one / other if place % 2 == 0 else other / one for place, (one, other) in pairs]))

    def _play(self) -> Script:
        engine = self._engine
        yield Until(lambda: engine.lane.readings.newest is not None, "an answer")
        for name in CLASSES:
            engine.labels.add_class(name)
        yield from self._label(WARM_UP_S)
        for place in range(BLOCKS):
            on = place % 2 == 0
            self._window.commands.comparison.choose(*([self._kind] if on else []))
            twins = engine.comparison.twins
            # It learns the labels that stand first.
            yield Until(lambda: all(twin.idle for twin in twins), "the twin to have learned what was labelled")  # noqa: B023
            yield from self._label(SETTLE_S)
            latency = engine.lane.counts.latency
            mark = latency.total
            yield from self._label(self._block_s - SETTLE_S)
            if latency.total - mark < FEWEST:
                raise DgstudioError("Too few answers to say what a twin costs: let the bench run for longer.")
            if on and engine.comparison.kinds != (self._kind,):
                raise DgstudioError(f"The twin “{self._kind}” failed while it was measured.")
            self._p99.append(float(np.percentile(latency.since(mark), 99)))

    def _label(self, seconds: float) -> Script:
        """Hold class keys in turn for so long."""
        labels, left = self._engine.labels, seconds
        while left > 0:
            if self._engine.book.total + TAKE_S * LABELS_PER_S > EXAMPLES_HELD:
                for _ in self._engine.book.takes():
                    labels.undo()
            name = CLASSES[self._takes % len(CLASSES)]
            info = self._engine.classes.by_name(name)
            assert info is not None, "it was added"
            self._window.commands.set_knob("gesture", name)
            labels.press_class(info.id)
            yield after(min(TAKE_S, left))
            labels.release_class()
            self._takes, left = self._takes + 1, left - TAKE_S
