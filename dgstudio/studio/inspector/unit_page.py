"""One unit of the base: when it fires, what it reads and says, its strongest inputs, and which versions changed it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.engine.inspection.comparing.blame import Blame
from dgstudio.engine.inspection.inputs import UNLABELLED, InputKind
from dgstudio.engine.inspection.unit_figures import UnitFigures, UnitInput
from dgstudio.engine.inspection.what_if import WhatIf
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import UnitSubject
from dgstudio.studio.bridge.question import Question
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.widgets.flow_row import FlowRow
from dgstudio.studio.inspector.answer_words import naming
from dgstudio.studio.inspector.bar_rows import BarRow, BarRows
from dgstudio.studio.inspector.blame_words import lines
from dgstudio.studio.inspector.example_strip import ExampleCard, ExampleStrip
from dgstudio.studio.inspector.foot import Foot
from dgstudio.studio.inspector.waterfall import signed
from dgstudio.studio.inspector.windows import Windows
from dgstudio.studio.theme.format import percent
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Reading

STRONGEST = 12
"""Incoming weights that are shown."""
REFRESH_S = 2.0
"""Wall seconds after which a unit's figures are asked for again at the live edge."""
KINDS = {InputKind.PROTECTED: "protected inputs", InputKind.EXAMPLE: "your examples", InputKind.LIVE: "last 30 s"}


class UnitPage(QWidget):
    """Shows the unit of `StudioState.inspected`, of the version that answered the moment that is shown."""

    def __init__(self, state: StudioState, commands: Bridge, windows: Windows) -> None:
        super().__init__()
        self._state, self._commands, self._windows = state, commands, windows
        self.theme: Theme = DARK
        self.figures: UnitFigures | None = None
        self._reading: Reading | None = None
        self._wall = float("-inf")
        self._figures: Question[UnitFigures] = Question(commands.inspection, "unit")
        self._other: Question[WhatIf] = Question(commands.inspection, "what if of a unit")
        self._blame: Question[Blame] = Question(commands.inspection, "blame of a unit")
        self.words = QLabel("")
        self.imagined = QLabel("")
        self.changes = QLabel("")
        for label in (self.words, self.imagined, self.changes):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
        self.on = self._button("Force on", "What would be answered if this unit fired as well; never served")
        self.off = self._button("Force off", "What would be answered if this unit did not fire; never served")
        self.on.toggled.connect(lambda on: self._force(self.off, on))
        self.off.toggled.connect(lambda on: self._force(self.on, on))
        self.buttons = FlowRow(8, 6)
        self.buttons.add(self.on)
        self.buttons.add(self.off)
        self.foot = Foot(self.imagined, self.buttons)
        self.firing = BarRows("On which share of inputs it fires", signed=False, most=1.0)
        self.incoming = BarRows("Incoming weights, strongest first", signed=True)
        self.outgoing = BarRows("Outgoing weights, by class", signed=True)
        self.strongest = ExampleStrip("The inputs on which it fires most surely")
        self.misses = ExampleStrip("The inputs on which it nearly fires")
        self._heads: list[QLabel] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        column.addWidget(self.words)
        for words, part in (
            ("fires on", self.firing),
            ("reads · strongest incoming weights", self.incoming),
            ("says · outgoing weights", self.outgoing),
            ("fires most surely on", self.strongest),
            ("nearly fires on", self.misses),
            ("changed by, newest first", self.changes),
        ):
            head = QLabel(words)
            head.setObjectName("panelTitle")
            self._heads.append(head)
            column.addWidget(head)
            column.addWidget(part)
        column.addStretch(1)
        state.when(StudioState.inspected).connect(self._begin)

    @property
    def index(self) -> int | None:
        """The unit that is shown, or None."""
        subject = self._state.inspected
        return subject.index if isinstance(subject, UnitSubject) else None

    def update_frame(self, frame: Frame) -> None:
        """Ask again where another version or another moment is shown, and show what has come of it."""
        index, wall = self.index, frame.frame_time_wall
        if index is None:
            return
        reading = frame.reading if frame.look is None else frame.look.reading
        due = frame.look is None and wall - self._wall > REFRESH_S and not self._figures.open
        if reading is not None and (due or self._figures_stale(reading, index) or frame.look is not None):
            version = reading.version
            turn = 0 if frame.look is not None else int(wall / REFRESH_S)
            if self._figures.ask((index, version, turn), lambda inspector: inspector.unit(version, index)):
                self._wall = wall
        if reading is not self._reading and (frame.look is not None or due):
            self._reading = reading
            self._imagine()
        found = self._figures.take()
        if found is not None:
            self.figures = found.value
            if found.refused is not None:
                self.words.setText(found.refused.sentence)
            self._show()
        if not self._blame.open:
            self._blame.ask((index, self._state.head), lambda inspector: inspector.blame_unit(index))
        blame = self._blame.take()
        if blame is not None:
            self.changes.setText("" if blame.value is None else "<br>".join(lines(blame.value, self._state)))
        other = self._other.take()
        if other is not None:
            words = "" if other.value is None else self._imagined_words(other.value)
            self.imagined.setText(words if other.refused is None else other.refused.sentence)
            self.imagined.setVisible(bool(self.imagined.text()))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.buttons.apply_theme(theme)
        self.words.setFont(theme.ui("body"))
        for label in (self.imagined, self.changes, self.on, self.off):
            label.setFont(theme.ui("small"))
        for head in self._heads:
            head.setFont(theme.header())
        for part in (self.firing, self.incoming, self.outgoing, self.strongest, self.misses):
            part.apply_theme(theme)
        self._show()

    def _figures_stale(self, reading: Reading, index: int) -> bool:
        figures = self.figures
        return figures is None or figures.unit != index or figures.version != reading.version

    def _begin(self) -> None:
        # What was forced was the other unit.
        for button in (self.on, self.off):
            button.setChecked(False)
        self.imagined.setText("")
        self.imagined.hide()
        self._reading = None

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        figures, state = self.figures, self._state
        if figures is None:
            return
        fires = next((share for share in figures.firing if share.kind == InputKind.LIVE), None)
        often = "" if fires is None or not fires.count else f" fires on {percent(fires.share)} of the last 30 s"
        self.words.setText(f"<b>unit {figures.unit}</b> of v{figures.version}{often}")
        rows = []
        for share in figures.firing:
            if share.count:
                tip = f"of {share.count} {KINDS[share.kind]}"
                rows.append(BarRow(KINDS[share.kind], share.share, percent(share.share), "base_unit", tip))
            for class_id, part in share.by_class if share.kind != InputKind.LIVE else ():
                words = f"  {state.name_of(class_id)}"
                rows.append(BarRow(words, part, percent(part), self._colour(class_id), f"{words}, {KINDS[share.kind]}"))
        self.firing.show_rows(rows)
        names = state.feature_names
        order = np.argsort(-np.abs(np.nan_to_num(figures.incoming)), kind="stable")[:STRONGEST]
        self.incoming.show_rows(
            [
                BarRow(
                    names[i] if i < len(names) else f"feature {i}",
                    float(figures.incoming[i]),
                    signed(float(figures.incoming[i])),
                    "base_unit",
                )
                for i in order.tolist()
            ]
        )
        outgoing = zip(figures.classes, figures.outgoing.tolist(), strict=True)
        self.outgoing.show_rows([BarRow(state.name_of(c), w, signed(w), self._colour(c)) for c, w in outgoing])
        for strip, inputs in ((self.strongest, figures.strongest), (self.misses, figures.nearest_misses)):
            strip.show_cards([self._card(each) for each in inputs])

    def _card(self, each: UnitInput) -> ExampleCard:
        name = self._state.name_of(each.class_id) if each.class_id != UNLABELLED else each.kind.value
        example = next(iter(self._commands.book.known([each.number])), None) if each.kind == InputKind.EXAMPLE else None
        window = None
        if example is not None:
            window = self._windows.of_example(example)
        elif each.kind == InputKind.LIVE:
            window = self._windows.of_hop(each.number)
        caption = {InputKind.PROTECTED: "protected", InputKind.EXAMPLE: "example", InputKind.LIVE: "live"}[each.kind]
        # Of its own number: kinds count on their own.
        number = each.number if each.kind == InputKind.EXAMPLE else -1 - each.number
        return ExampleCard(number, name, self._colour(each.class_id), caption, each.distance, window)

    def _colour(self, class_id: int) -> str:
        card = self._state.card(class_id)
        return card.info.colour if card is not None else self.theme.text_muted

    # -- what if -------------------------------------------------------------------------------------------------------

    def _force(self, other: QPushButton, on: bool) -> None:
        if on:
            other.setChecked(False)
        self._imagine()

    def _imagine(self) -> None:
        index, reading = self.index, self._reading
        on, off = self.on.isChecked(), self.off.isChecked()
        if index is None or reading is None or not (on or off) or not len(reading.features):
            self._other.forget()
            self.imagined.setText("")
            self.imagined.hide()
            return
        version, raw = reading.version, reading.features
        self._other.ask(
            (reading.hop, index, on),
            lambda it: it.what_if(version, raw, on=[index] if on else (), off=[index] if off else ()),
        )

    def _imagined_words(self, found: WhatIf) -> str:
        named, said = naming(self._state, self.theme), found.imagined
        real, begin = found.real, "fired" if self.on.isChecked() else "did not fire"
        share = said.probability_of(said.likeliest)
        words = f"If it {begin}: {named(said.likeliest)} {share:.2f}"
        if real.same_bytes(said):
            words += ", the same to the last bit"
        else:
            words += f"; it was {named(real.likeliest)} {real.probability_of(real.likeliest):.2f}"
        return f"{words} <i>(what if, never served)</i>"

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
