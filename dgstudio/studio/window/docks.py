"""The arrangement of the panels: nested splitters in the proportions of the window, until a hand moves one."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from dgstudio.guard.texts import json_value
from dgstudio.studio.bridge.settings import ARRANGEMENT_VERSION, SPLITTERS

STREAM_SHARE = 0.2325
"""Part of the window's width that the stream has."""
MIDDLE = {"gates": ("gates", "stability"), "quality": ("quality",), "gating": ("gating",)}
"""What can stand below the answer: the panel whose tab it is → the panels."""


class Arrangement(QWidget):
    """Left: stream and source. Middle: answer, gates, stability. Right: classes and moments. Below: snapshots, log.

    In the middle, gates and stability may give their place to quality, or to the views of the gating.

    As long as nobody has dragged a handle the sizes follow the window; after that only what stretches does.
    """

    def __init__(self, panels: dict[str, QWidget], parent: QWidget | None = None) -> None:
        """`panels`: stream, source, answer, gates, stability, quality, gating, classes, uncertain, snapshots, log."""
        super().__init__(parent)
        self.panels = panels
        self._by_hand = False
        self.scale = 1.0
        self.stream_share = STREAM_SHARE
        """Part of the width that the stream has."""
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self.left = self._split(down, ["stream", "source"], 0)
        self.middle = self._split(down, ["answer", "gates", "stability", "quality", "gating"], 1)
        for place in (3, 4):
            self.middle.setStretchFactor(place, 1)
        self.right = self._split(down, ["classes", "uncertain"], 0)
        self.bottom = self._split(across, ["snapshots", "log"], 0)
        self.columns = self._nest(across, [self.left, self.middle, self.right], 1)
        self.whole = self._nest(down, [self.columns, self.bottom], 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.whole)

    def show_middle(self, wanted: str) -> None:
        """Show one of `MIDDLE` below the answer."""
        for place, names in MIDDLE.items():
            for name in names:
                self.panels[name].setVisible(place == wanted)
        self.follow()

    @property
    def middle_shown(self) -> str:
        """Which of `MIDDLE` stands below the answer."""
        return next(place for place, names in MIDDLE.items() if not self.panels[names[0]].isHidden())

    @property
    def quality_shown(self) -> bool:
        """Whether quality stands where gates and stability stood."""
        return self.middle_shown == "quality"

    def splitters(self) -> dict[str, QSplitter]:
        """Return the splitters by name, for saving and restoring."""
        return {name: getattr(self, name) for name in ("left", "middle", "right", "bottom", "columns", "whole")}

    def reset(self) -> None:
        """Go back to the proportions of the window."""
        self._by_hand = False
        self.proportion()

    def proportion(self) -> None:
        """Give every panel its share of the present size, whatever was dragged."""
        wide, tall, scale = self.width(), self.height(), self.scale
        left = _within(self.stream_share * wide, 290, 520 * self.stream_share / STREAM_SHARE)
        right = _within(0.208 * wide, 290, 460)
        below = _within(0.185 * tall, 122, 240)
        upper = tall - (below if self.bottom.isVisibleTo(self) else 0)
        # An audience reads the answer first.
        answer = _within((0.175 if scale == 1 else 0.28) * upper, 128 * scale, 210 * scale)
        stability = _within(0.25 * upper, 146, 300)
        moments = _within(0.18 * upper, 118, 190)
        # From the outside in: sizes given to a splitter that still has its old extent would be scaled again.
        self.whole.resize(self.size())
        self.whole.setSizes([upper, below])
        self.columns.setSizes([left, wide - left - right, right])
        # After the columns have their width: how tall the knobs are depends on it.
        source = _within(self.panels["source"].sizeHint().height(), 80, 0.42 * upper)
        self.left.setSizes([upper - source, source])
        # Those that are hidden keep theirs for later.
        self.middle.setSizes([answer, upper - answer - stability, stability, upper - answer, upper - answer])
        self.right.setSizes([upper - moments, moments])
        self.bottom.setSizes([round(0.62 * wide), round(0.38 * wide)])

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.follow()

    def follow(self) -> None:
        """Share the present size out anew, unless a hand has arranged the panels."""
        if not self._by_hand:
            self.proportion()

    def save(self, settings: QSettings) -> None:
        """Store the arrangement if a hand has changed it, else that there is none."""
        state = self.state()
        if state is None:
            settings.remove(SPLITTERS)
        else:
            settings.setValue(SPLITTERS, json.dumps(state))

    def state(self) -> dict[str, Any] | None:
        """Return how a hand has arranged the panels, as plain data; None where none has."""
        if not self._by_hand:
            return None
        states = {name: bytes(part.saveState().toHex().data()).decode() for name, part in self.splitters().items()}
        return {"version": ARRANGEMENT_VERSION, "states": states}

    def restore(self, settings: QSettings) -> bool:
        """Take up a stored arrangement; return whether there was one that still fits this program."""
        try:
            stored = json_value(str(settings.value(SPLITTERS, "")), plain=False)
        except ValueError:
            return False
        return self.put_state(stored)

    def put_state(self, stored: object) -> bool:
        """Take up what `state` gave; return whether it still fits this program."""
        if not isinstance(stored, dict) or stored.get("version") != ARRANGEMENT_VERSION:
            return False
        states = stored.get("states")
        if not isinstance(states, dict):
            return False
        if set(states) != set(self.splitters()):
            return False
        for name, part in self.splitters().items():
            part.restoreState(QByteArray.fromHex(QByteArray(str(states[name]).encode())))
        self._by_hand = True
        return True

    def _split(self, orientation: Qt.Orientation, names: list[str], stretched: int) -> QSplitter:
        return self._nest(orientation, [self.panels[name] for name in names], stretched)

    def _nest(self, orientation: Qt.Orientation, parts: list[QWidget], stretched: int) -> QSplitter:
        splitter = QSplitter(orientation)
        # A line of one pixel to look at; Qt makes the part that can be grabbed wider.
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        for place, part in enumerate(parts):
            splitter.addWidget(part)
            splitter.setStretchFactor(place, 1 if place == stretched else 0)
        splitter.splitterMoved.connect(self._moved)
        return splitter

    def _moved(self) -> None:
        self._by_hand = True


def _within(value: float, low: float, high: float) -> int:
    return round(min(max(value, low), high))
