"""The Gates panel: which units, examples and banks answer the current input, and when they did."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from dgstudio.engine.recording.lookback import Past
from dgstudio.learning.settings import LOCKED_BANK
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.look import Look
from dgstudio.studio.bridge.state import CellView, Frame, Phase, StudioState, UnitView
from dgstudio.studio.common.margin_text import unit_words
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.gates.bank_rows import ROW, BankRows
from dgstudio.studio.gates.example_slots import ExampleSlots
from dgstudio.studio.gates.firing_rates import FiringCounts
from dgstudio.studio.gates.raster import GateRaster, RasterAnswer
from dgstudio.studio.gates.unit_inspector import ClassRow, UnitInspector
from dgstudio.studio.gates.unit_map import NO_EXAMPLES, GateMap
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import BASE, NOBODY, Reading, RecordKind

TEXT_PERIOD_S = 0.25
"""Seconds between two refreshes of text: faster cannot be read."""
LIT_A_FRAME = 12
"""Past answers of one frame whose examples are asked for, until all that is looked at is lit."""
CELLS_A_FRAME = 8
"""Readings of one frame whose examples are asked for; a source that runs faster leaves them out of older columns."""
NO_BASE = "No base model: what answers here is learned from your examples alone."
LOADING = "Loading the base model …"


def _carried(reading: Reading) -> bool:
    """Whether the answer is the learning bank's, the last one: only that knows its examples one by one."""
    return reading.speaker >= 0 and reading.speaker == len(reading.bank_r) - 1


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
    """Map at the left, raster at the right; the inspector of a unit opens over the raster."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Gates", parent=parent)
        self._state, self._commands = state, commands
        self._shape: tuple[int, float, float] | None = None
        self._reading: Reading | None = None
        self._look: Look | None = None
        self._unlit: list[Reading] = []
        """Answers of the stretch that is looked at whose examples are still to be lit, oldest first."""
        self._past_slots = ExampleSlots()
        self._past: Past | None = None
        """The past stretch that stands in the raster; None: the last seconds."""
        self._now = float("-inf")
        self._due = float("-inf")
        self._by_key = False
        self._missed = False
        """Whether answers came while nothing of the panel was seen."""
        self._colours: dict[int, str] = {}
        self.firing = FiringCounts()
        self.map = GateMap(self.firing, state.name_of, self.colour_of)
        self.banks = BankRows()
        self.raster = GateRaster(self.colour_of)
        self.inspector = UnitInspector(self)
        self._left = QWidget()
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.map, 1)
        column.addWidget(self.banks)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(18)
        row.addWidget(self._left)
        row.addWidget(self.raster, 1)
        self.body.addLayout(row, 1)
        self._right.setToolTip(
            "Base units, learned examples and idle cells; how many base units fire for the current input (the others\n"
            "are not computed), and who answers it"
        )
        self.map.unit_chosen.connect(self._open)
        self.inspector.closed.connect(self.close_inspector)
        self.inspector.stepped.connect(self._step)
        self.raster.installEventFilter(self)
        state.when(StudioState.class_looks).connect(self._show_classes)
        state.when(StudioState.phase).connect(self._reshape)
        state.when(StudioState.serving).connect(self._reload_unit)
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
            self._refresh_inspector()

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
        elif look.reading is not self._reading:
            self._light(look.reading, frame.frame_time_wall)
            self._due = float("-inf")
        self._light_older()

    def _light(self, reading: Reading, wall: float) -> None:
        """Light what one answer used."""
        self._reading = reading
        cells = self._commands.cells(reading)
        self.map.show_answer(reading.active, reading.activations, cells, _carried(reading))
        self.banks.show_answer(reading.bank_r, reading.bank_tau, reading.bank_state, wall)

    def _column(self, reading: Reading, places: Sequence[CellView | None]) -> RasterAnswer:
        # What its bank does not say, no example has carried.
        carried = places if _carried(reading) else ()
        return reading.end, reading.active, reading.activations, carried, reading.bank_state

    def _write(self, readings: Sequence[Reading], end: float, start: float) -> None:
        """Write a stretch anew; its examples are lit little by little, the newest first."""
        publishes: list[tuple[float, int]] = []
        for record in self._state.history.back_from(end):
            if 0 < record.time < start:
                break
            if record.version is not None and record.kind != RecordKind.INITIAL and start <= record.time <= end:
                publishes.append((record.time, record.version))
        self.raster.show_stretch(end, (self._column(reading, ()) for reading in readings), reversed(publishes))
        self._past_slots, self._unlit = ExampleSlots(), [reading for reading in readings if _carried(reading)]

    def _light_older(self) -> None:
        for reading in reversed(self._unlit[-LIT_A_FRAME:]):
            self._past_slots.show(self._commands.cells(reading))
            self.raster.light(reading.end, self._past_slots.places)
        del self._unlit[-LIT_A_FRAME:]

    def _shape_of(self, frame: Frame) -> tuple[int, float, float]:
        return self._state.hidden, self._state.view_s, frame.spec.hop_s

    def _reshape(self, frame: Frame | None = None) -> None:
        """Start anew: another base, another time axis, or a stream that began again."""
        self._past = None
        hidden, spec = self._state.hidden, frame.spec if frame is not None else self._state.spec
        if self.firing.hidden != hidden:
            self.close_inspector()
        self.firing.reset(hidden)
        self.map.set_base(hidden, LOADING if self._state.phase == Phase.LOADING else NO_BASE)
        self.raster.reset(hidden, self._state.view_s, spec.hop_s if spec is not None else 0.05)
        if frame is not None:
            self._shape = self._shape_of(frame)

    def _say(self) -> None:
        theme, reading, hidden = self.theme, self._reading, self._state.hidden
        self.map.set_caption(caption(self._state, len(reading.bank_r) if reading is not None else 0))
        legend = [("learned_unit", "learned"), ("reserve_unit", "idle")]
        if hidden:
            legend.insert(0, ("base_unit", "base"))
        marks = " ".join(f'<span style="color:{getattr(theme, ink)}">■</span>&nbsp;{word}' for ink, word in legend)
        parts = [f"then v{reading.version}", marks] if self._look is not None and reading is not None else [marks]
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
        self.set_right(" · ".join(parts))

    # -- the inspector -------------------------------------------------------------------------------------------

    def _open(self, index: object) -> None:
        assert isinstance(index, int)
        self._by_key = self.map.hasFocus()
        self._inspect(index)

    def _inspect(self, index: int) -> None:
        unit = self._commands.unit(index)
        if unit is None:
            return
        self.map.set_chosen(index)
        self._show(unit)
        if self.inspector.isHidden():
            self._place_inspector()
            self.inspector.show()
            self.inspector.raise_()
        if not self.map.hasFocus():
            # So that Esc means the inspector. With the focus on the map, it stays there and the arrows go on.
            self.inspector.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_inspector(self) -> None:
        """Close the inspector if it is open."""
        if self.inspector.isHidden():
            return
        inside = self.inspector.hasFocus() or self.inspector.close_button.hasFocus()
        self.inspector.hide()
        self.map.set_chosen(None)
        if inside:
            (self.map if self._by_key else self.window()).setFocus(Qt.FocusReason.TabFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        # Comes here from the map and from the ✕, which leave Esc to others.
        if event.key() == Qt.Key.Key_Escape and not self.inspector.isHidden():
            self.close_inspector()
        else:
            super().keyPressEvent(event)

    def _step(self, step: object) -> None:
        if self.map.chosen is not None and isinstance(step, int) and self._state.hidden:
            self._inspect((self.map.chosen + step) % self._state.hidden)

    def _refresh_inspector(self) -> None:
        if not self.inspector.isHidden() and self.inspector.unit is not None:
            self._show(self.inspector.unit)

    def _show(self, unit: UnitView) -> None:
        margins = None if self._reading is None else self._commands.margins(self._reading)
        far = "" if margins is None else unit_words(margins, unit.index)
        self.inspector.show_unit(
            unit, self._class_rows(unit), " · ".join(filter(None, (far, *self.map.unit_facts(unit.index))))
        )

    def _class_rows(self, unit: UnitView) -> list[ClassRow]:
        counts = self.firing.by_class(unit.index)
        by_name = {card.info.name: card.info for card in self._state.classes}
        rows: list[ClassRow] = []
        for name, weight in zip(unit.class_names, unit.outgoing.tolist(), strict=False):
            info = by_name.get(name)
            fired, total = counts.pop(info.id, (0, 0)) if info is not None else (0, 0)
            rows.append(
                ClassRow(name, info.colour if info is not None else "", weight, fired / total if total else None)
            )
        for class_id, (fired, total) in counts.items():
            card = self._state.card(class_id) if class_id is not None else None
            colour = card.info.colour if card is not None else ""
            rows.append(ClassRow(self._state.name_of(class_id), colour, None, fired / total))
        return rows

    # -- look ----------------------------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self._colours.clear()
        for part in (self.map, self.banks, self.raster, self.inspector):
            part.apply_theme(theme)
        self._share_room()
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._share_room()

    def eventFilter(self, watched: object, event: QEvent) -> bool:  # noqa: D102
        if watched is self.raster and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place_inspector()
        return False

    def _share_room(self) -> None:
        scale = self.theme.scale
        self._left.setFixedWidth(round(min(max(0.33 * self.width(), 190 * scale), 420 * scale)))
        self.banks.set_most(int(0.3 * self.whole_height // self.theme.px(ROW)))

    def _place_inspector(self) -> None:
        self.inspector.setGeometry(self.inspector.room(self.raster.geometry()))

    def _show_classes(self) -> None:
        self._colours.clear()
        self.map.forget_colours()
        self.raster.set_class_colours()

    def _reload_unit(self) -> None:
        if not self.inspector.isHidden() and self.map.chosen is not None:
            unit = self._commands.unit(self.map.chosen)
            if unit is not None:
                self._show(unit)
