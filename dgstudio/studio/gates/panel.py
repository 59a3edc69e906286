"""The Gates panel: which units, examples and banks answer the current input, and when they did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from dgstudio.engine.recording.lookback import Past
from dgstudio.learning.settings import LOCKED_BANK
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import BankSubject, UnitSubject
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import CellView, Frame, Phase, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.gates.bank_rows import ROW, BankRows
from dgstudio.studio.gates.example_slots import ExampleSlots
from dgstudio.studio.gates.firing_rates import FiringCounts
from dgstudio.studio.gates.gate_columns import RasterAnswer
from dgstudio.studio.gates.raster import GateRaster
from dgstudio.studio.gates.unit_map import NO_EXAMPLES, GateMap
from dgstudio.studio.theme.room import keeps_own_room
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import BASE, F32, NOBODY, Reading, RecordKind

TEXT_PERIOD_S = 0.25
"""Seconds between two refreshes of text: faster cannot be read."""
LIT_A_FRAME = 12
"""Past answers of one frame whose examples are asked for, until all that is looked at is lit."""
CELLS_A_FRAME = 8
"""Readings of one frame whose examples are asked for; a source that runs faster leaves them out of older columns."""
SHARES = 33, 67
"""Of the panel's width, for the map and for what happened before,"""
LEAST_MAP, MOST_MAP = 190, 420
"""within these logical pixels of the map. No size of the panel may decide how small that can become."""
BETWEEN_PICTURES = 18
"""Logical pixels between the map and what happened before."""
NO_BASE = "No base model: what answers here is learned from your examples alone."
LOADING = "Loading the base model …"


def _carried(reading: Reading) -> bool:
    """Whether a bank answers: its examples carry the answer then."""
    return reading.speaker >= 0


def _activations(reading: Reading) -> F32:
    """What the active units computed; of an answer out of a recording that is not known, and all are lit alike."""
    known = len(reading.activations) == len(reading.active)
    return reading.activations if known else np.ones(len(reading.active), np.float32)


def caption(state: StudioState, banks: int) -> str:
    """Return what stands where no example has a cell, of a model with so many banks."""
    if state.rule != LOCKED_BANK:
        return "learned by gradient: no sum over examples" + (f"; {_sealed(banks)}" if banks else "")
    if not banks:
        return NO_EXAMPLES
    counts = [
        record.sealed
        for record in state.history.special
        if record.kind in (RecordKind.PROTECTED, RecordKind.BANK_SEALED)
    ]
    if banks == 1 and len(counts) == 1 and counts[0]:
        return f"{counts[0]} example{'s' if counts[0] > 1 else ''} sealed in bank 1"
    return f"nothing open; {_sealed(banks)}"


def _sealed(banks: int) -> str:
    return f"{banks} bank{'s' if banks > 1 else ''} sealed"


class GatesPanel(PanelFrame):
    """Map and banks at the left, raster at the right; a click on a unit or a bank opens the inspector on it."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Gates", parent=parent)
        self._state, self._commands = state, commands
        self._shape: tuple[int, float, float] | None = None
        self._reading: Reading | None = None
        self._look: Look | None = None
        self._unlit: list[Reading] = []
        """Answers of the stretch that is looked at whose examples are still to be lit, oldest first."""
        self._turn = 0
        self._past_slots = ExampleSlots()
        self._past: Past | None = None
        """The past stretch that stands in the raster; None: the last seconds."""
        self._now = float("-inf")
        self._due = float("-inf")
        self._missed = False
        """Whether answers came while nothing of the panel was seen."""
        self._colours: dict[int, str] = {}
        self.firing = FiringCounts()
        self.map = GateMap(self.firing, state.name_of, self.colour_of)
        self.banks = BankRows()
        self.raster = GateRaster(self.colour_of)
        self._left = QWidget()
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.map, 1)
        column.addWidget(self.banks)
        row = self._row = QHBoxLayout()
        keeps_own_room(row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._left, SHARES[0])
        row.addWidget(self.raster, SHARES[1])
        self.body.addLayout(row, 1)
        self._right.setToolTip(
            "Base units, learned examples and idle cells; how many base units fire for the current input (the others\n"
            "are not computed), and who answers it"
        )
        self.map.unit_chosen.connect(self._open)
        self.map.looked_at.connect(self._look_at)
        self.banks.chosen.connect(lambda place: state.inspect(BankSubject(place)))
        state.when(StudioState.class_looks).connect(self._show_classes)
        state.when(StudioState.phase).connect(self._reshape)
        state.when(StudioState.inspected).connect(self._show_subject)
        self.raster.placed.connect(state.look_back)
        self._reshape()
        self._say()

    def colour_of(self, class_id: int) -> str:
        """Return the colour of a class as "#rrggbb"; a quiet one for a class that is not shown."""
        if class_id not in self._colours:
            card = self._state.card(class_id)
            colour = card.info.colour if card is not None else self.theme.reserve_unit
            self._colours[class_id] = self.theme.visible(colour)
        return self._colours[class_id]

    # -- frames --------------------------------------------------------------------------------------------------

    def update_frame(self, frame: Frame) -> None:
        """Light what the newest answer used, and write what is new into the raster; or what is looked at."""
        if frame.now < self._now - 1.0 or self._shape != self._shape_of(frame):
            self._reshape(frame)
        self._now = frame.now
        for reading in frame.new_readings:
            self.firing.add(reading)
        self._look = frame.look
        if frame.look is not None:
            self._show_past(frame, frame.look)
        else:
            self._show_live(frame)
        if frame.frame_time_wall >= self._due:
            self._due = frame.frame_time_wall + TEXT_PERIOD_S
            self._say()

    def update_unseen(self, frame: Frame) -> None:
        """Count on which units fire; the raster is written anew when it is seen again."""
        if frame.now >= self._now - 1.0 and self._shape == self._shape_of(frame):
            self._now, self._missed = frame.now, True
            for reading in frame.new_readings:
                self.firing.add(reading)

    def _show_live(self, frame: Frame) -> None:
        """Go on at the live edge, or go back there."""
        again, self._past, self._missed = self._past is not None or self._missed, None, False
        if again:
            self.raster.reset(*self._shape_of(frame))
            self._write(frame.readings, frame.now, frame.now - self._state.view_s)
            self.raster.put_cursor(None, frame.now)
        older = len(frame.new_readings) - CELLS_A_FRAME
        for place, reading in enumerate(() if again else frame.new_readings):
            cells: list[CellView] = self._commands.cells(reading) if place >= older else []
            if place >= older:
                self.map.slots.show(cells)
            self.raster.add(*self._column(reading, self.map.slots.places if cells else ()))
        newest = frame.reading
        self.map.total = frame.stats.learned - frame.stats.sealed
        if newest is not None and newest is not self._reading:
            self._light(newest, frame.frame_time_wall)
        for record in () if again else frame.publishes:
            if record.version is not None and record.kind != RecordKind.INITIAL:
                self.raster.add_publish(record.time, record.version)
        self._light_older()
        self.raster.advance(frame.now)

    def _show_past(self, frame: Frame, look: Look) -> None:
        """Show the moment that is looked at, and the stretch around it."""
        if look.past is not self._past:
            self._past = look.past
            self.raster.reset(self._state.hidden, look.end - look.start, frame.spec.hop_s)
            self._write(look.past.readings, look.end, look.start)
        self.raster.put_cursor(look.moment, look.edge)
        if look.reading is None:
            self._reading = None
        elif look.reading is not self._reading or self._turn != self._commands.evidence.turn:
            # What carried it may be known only now.
            self._light(look.reading, frame.frame_time_wall, stands=True)
            self._due = float("-inf")
        self._light_older()

    def _light(self, reading: Reading, wall: float, *, stands: bool = False) -> None:
        """Light what one answer used."""
        self._reading, self._turn = reading, self._commands.evidence.turn
        cells = self._commands.cells(reading)
        self.map.show_answer(reading.active, _activations(reading), cells, _carried(reading))
        self.banks.show_answer(reading.bank_r, reading.bank_tau, reading.bank_state, wall, stands=stands)

    def _column(self, reading: Reading, places: Sequence[CellView | None]) -> RasterAnswer:
        # What its bank does not say, no example has carried.
        carried = places if _carried(reading) else ()
        return reading.end, reading.active, _activations(reading), carried, reading.bank_state

    def _write(self, readings: Sequence[Reading], end: float, start: float) -> None:
        """Write a stretch anew; its examples are lit little by little, the newest first."""
        publishes: list[tuple[float, int]] = []
        for record in self._state.history.back_from(end, self._state.first_record):
            if 0 < record.time < start:
                break
            if record.version is not None and record.kind != RecordKind.INITIAL and start <= record.time <= end:
                publishes.append((record.time, record.version))
        self.raster.show_stretch(end, (self._column(reading, ()) for reading in readings), reversed(publishes))
        self._past_slots, self._unlit = ExampleSlots(), [reading for reading in readings if _carried(reading)]

    def _light_older(self) -> None:
        for reading in reversed(self._unlit[-LIT_A_FRAME:]):
            cells = self._commands.cells(reading, urgent=False)
            if not cells and not self._commands.evidence.knows(reading):
                # What its version rests on is being worked out.
                break
            self._past_slots.show(cells)
            self.raster.light(reading.end, self._past_slots.places)
            self._unlit.pop()

    def _shape_of(self, frame: Frame) -> tuple[int, float, float]:
        return self._state.hidden, self._state.view_s, frame.spec.hop_s

    def _reshape(self, frame: Frame | None = None) -> None:
        """Start anew: another base, another time axis, or a stream that began again."""
        self._past = None
        hidden, spec = self._state.hidden, frame.spec if frame is not None else self._state.spec
        self.firing.reset(hidden)
        self.map.set_base(hidden, LOADING if self._state.phase == Phase.LOADING else NO_BASE)
        self.raster.reset(hidden, self._state.view_s, spec.hop_s if spec is not None else 0.05)
        if frame is not None:
            self._shape = self._shape_of(frame)

    def _say(self) -> None:
        theme, reading, hidden = self.theme, self._reading, self._state.hidden
        self.map.set_caption(caption(self._state, len(reading.bank_state) if reading is not None else 0))
        legend = [("learned_unit", "learned"), ("reserve_unit", "idle")]
        if hidden:
            legend.insert(0, ("base_unit", "base"))
        marks = " ".join(f'<span style="color:{getattr(theme, ink)}">■</span>&nbsp;{word}' for ink, word in legend)
        parts = [f"then v{reading.version}"] if self._look is not None and reading is not None else []
        if hidden:
            parts.append(f"{len(reading.active) if reading is not None else 0} of {hidden} fire")
        if reading is None:
            parts.append("no answer yet")
        elif reading.speaker == NOBODY:
            parts.append("nothing answers yet")
        elif reading.speaker == BASE:
            parts.append("base answers" if hidden else "no bank speaks")
        else:
            parts.append(f"bank {reading.speaker + 1} speaks")
        # Last: where there is too little room, the legend is what is cut.
        parts.append(marks)
        self.set_right(" · ".join(parts))

    def _look_at(self, index: object) -> None:
        """Let others show the unit that the hand or the keys are on, else the one that the inspector shows."""
        self._state.looked_at_unit = index if isinstance(index, int) else self.map.chosen

    def _open(self, index: object) -> None:
        """Ask the inspector about a unit."""
        assert isinstance(index, int)
        self._state.inspect(UnitSubject(index))

    def _show_subject(self) -> None:
        """Frame the unit that the inspector shows."""
        subject = self._state.inspected
        self.map.set_chosen(subject.index if isinstance(subject, UnitSubject) else None)

    # -- look ----------------------------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self._colours.clear()
        self._row.setSpacing(theme.px(BETWEEN_PICTURES))
        self._left.setMinimumWidth(theme.px(LEAST_MAP))
        self._left.setMaximumWidth(theme.px(MOST_MAP))
        for part in (self.map, self.banks, self.raster):
            part.apply_theme(theme)
        self._share_height()
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._share_height()

    def _share_height(self) -> None:
        self.banks.set_most(int(0.3 * self.whole_height // self.theme.px(ROW)))

    def _show_classes(self) -> None:
        self._colours.clear()
        self.map.forget_colours()
        self.raster.set_class_colours()
