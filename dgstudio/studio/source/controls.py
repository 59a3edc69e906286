"""The controls of a source's knobs, in one of two looks: a row for each knob, or small cells where room is short."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from dgstudio.streams.source import Knob, KnobKind
from dgstudio.streams.timing.playback_clock import LOOP, PLAYING, POSITION
from dgstudio.studio.common.widgets.flow_row import FlowRow
from dgstudio.studio.source.transport import Transport
from dgstudio.studio.theme.room import scale_room
from dgstudio.studio.theme.theme import Theme

PLAYED = frozenset({PLAYING, LOOP, POSITION})
"""Knobs that stand together as the controls of a player."""


class Controls(QWidget):
    """One control a knob. Qt thread only.

    Parameters
    ----------
    set_knob
        Called with name and value when the user turns one.
    nothing
        What is said where there are no knobs.
    compact
        Whether knobs stand in two columns of small cells.
    """

    def __init__(
        self,
        knobs: tuple[Knob, ...],
        set_knob: Callable[[str, float | str | bool], object],
        nothing: str,
        parent: QWidget,
        *,
        compact: bool,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("scrolled")
        self._set_knob, self._compact = set_knob, compact
        self.sliders: dict[str, QSlider] = {}
        self.options: dict[str, dict[str, QPushButton]] = {}
        self.boxes: dict[str, QCheckBox] = {}
        self.values: dict[str, QLabel] = {}
        self._labels: list[tuple[QLabel, str, str]] = []
        """What is written, in full, and the longest number that stands behind it."""
        self._rows: list[FlowRow] = []
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 2, 0)
        column.setSpacing(4 if compact else 6)
        self.transport: Transport | None = None
        if Transport.fits(knobs):
            self.transport = Transport({knob.name: knob for knob in knobs if knob.name in PLAYED}, set_knob, self)
            column.addWidget(self.transport)
            knobs = tuple(knob for knob in knobs if knob.name not in PLAYED)
        first = next((knob for knob in knobs if knob.kind == KnobKind.CHOICE), None)
        for knob in knobs:
            if knob.kind == KnobKind.CHOICE:
                if knob is not first:
                    column.addWidget(self._label(knob))
                column.addWidget(self._options(knob))
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(0 if compact else 3)
        column.addLayout(grid)
        floats = [knob for knob in knobs if knob.kind == KnobKind.FLOAT]
        switches = [knob for knob in knobs if knob.kind == KnobKind.BOOL]
        if compact:
            self._fill_cells(grid, floats, switches)
        else:
            self._fill_rows(grid, floats)
            row = FlowRow(14, 6, self)
            self._rows.append(row)
            for knob in switches:
                row.add(self._switch(knob))
            column.addWidget(row)
        if not knobs and self.transport is None:
            words = QLabel(nothing, self)
            words.setObjectName("empty")
            self._labels.append((words, nothing, ""))
            column.addWidget(words)
        column.addStretch(1)
        # Where the panel can be seen already, what is made in it stays hidden until the next event otherwise.
        self.show()

    def height_at(self, wide: int) -> int:
        """Return how tall all controls are at a width, in logical pixels; they are laid out for that from now on."""
        self._lay_out(wide)
        column = self._column
        return column.heightForWidth(wide) if column.hasHeightForWidth() else column.sizeHint().height()

    def apply_theme(self, theme: Theme) -> None:
        """Take over the type of a theme; so that it is known at once how tall all is, Qt's style as well."""
        size = "tiny" if self._compact else "body"
        if self.transport is not None:
            self.transport.apply_theme(theme, size)
        for label, _, _ in self._labels:
            label.setFont(theme.ui(size))
        for value in self.values.values():
            value.setFont(theme.mono(size))
            value.setMinimumWidth(0 if self._compact else theme.px(46))
        for button in (button for row in self.options.values() for button in row.values()):
            button.setFont(theme.ui("small" if self._compact else "body"))
        for box in self.boxes.values():
            box.setFont(theme.ui(size))
        if self._compact:
            for slider in self.sliders.values():
                slider.setFixedHeight(theme.px(12))
        for row in self._rows:
            row.apply_theme(theme)
        scale_room(self, theme.scale)
        for part in self.findChildren(QWidget):
            part.ensurePolished()

    def fit(self, wide: int, theme: Theme) -> None:
        """Lay cells out for a width, their words cut off where half of it, less the number, leaves too little room."""
        self._lay_out(wide)
        metrics, figures = QFontMetrics(theme.ui("tiny")), QFontMetrics(theme.mono("tiny"))
        cell = (wide - theme.px(16)) // 2
        for label, words, number in self._labels:
            room = max(theme.px(30), cell - figures.horizontalAdvance(number) - theme.px(5))
            label.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, room))

    def _lay_out(self, wide: int) -> None:
        room = wide - self._column.contentsMargins().right()
        for row in self._rows:
            # Before it is seen: how low it may be is asked of it at the width that it has.
            if row.width() != room:
                row.resize(room, row.heightForWidth(room))
                row.updateGeometry()

    def show_value(self, knob: Knob) -> None:
        """Show what a knob stands at, unless it is in a hand."""
        if self.transport is not None and self.transport.shows(knob.name):
            self.transport.show_value(knob)
        elif knob.kind == KnobKind.FLOAT and knob.name in self.sliders:
            slider = self.sliders[knob.name]
            if slider.isSliderDown():
                return
            step = _step(knob)
            number = float(knob.value)
            slider.blockSignals(True)
            slider.setValue(round((number - knob.low) / step))
            slider.blockSignals(False)
            self.values[knob.name].setText(worded(number, step, knob.unit))
        elif knob.kind == KnobKind.CHOICE and str(knob.value) in self.options.get(knob.name, {}):
            self.options[knob.name][str(knob.value)].setChecked(True)
        elif knob.kind == KnobKind.BOOL and knob.name in self.boxes:
            box = self.boxes[knob.name]
            box.blockSignals(True)
            box.setChecked(bool(knob.value))
            box.blockSignals(False)

    # -- what it is made of ----------------------------------------------------------------------------------------

    def _fill_rows(self, grid: QGridLayout, floats: list[Knob]) -> None:
        grid.setColumnStretch(1, 1)
        for row, knob in enumerate(floats):
            grid.addWidget(self._label(knob), row, 0)
            grid.addWidget(self._slider(knob), row, 1)
            grid.addWidget(self.values[knob.name], row, 2)

    def _fill_cells(self, grid: QGridLayout, floats: list[Knob], switches: list[Knob]) -> None:
        """Two columns: name and number above the slider; the switches take the places that are left."""
        for side in (0, 1):
            grid.setColumnStretch(side, 1)
        for place, knob in enumerate((*floats, *switches)):
            row, side = divmod(place, 2)
            if knob.kind == KnobKind.BOOL:
                grid.addWidget(self._switch(knob), 2 * row, side, 2, 1)
                continue
            words = QHBoxLayout()
            words.setSpacing(4)
            slider = self._slider(knob)
            words.addWidget(self._label(knob), 1)
            words.addWidget(self.values[knob.name])
            grid.addLayout(words, 2 * row, side)
            grid.addWidget(slider, 2 * row + 1, side)

    def _switch(self, knob: Knob) -> QCheckBox:
        box = QCheckBox(knob.label, self)
        box.setToolTip(knob.tooltip)
        box.toggled.connect(lambda on, name=knob.name: self._set_knob(name, on))
        self.boxes[knob.name] = box
        return box

    def _label(self, knob: Knob) -> QLabel:
        label = QLabel(knob.label, self)
        label.setToolTip(_explained(knob))
        if self._compact:
            label.setToolTip(f"{knob.label}\n{_explained(knob)}".strip())
            label.setMinimumWidth(1)
        step = _step(knob)
        number = max((worded(end, step, knob.unit) for end in (knob.low, knob.high)), key=len)
        self._labels.append((label, knob.label, number))
        return label

    def _options(self, knob: Knob) -> FlowRow:
        gap = 4 if self._compact else 6
        flow = FlowRow(gap, gap, self)
        self._rows.append(flow)
        group = QButtonGroup(flow)
        group.setExclusive(True)
        self.options[knob.name] = {}
        for choice in knob.choices:
            button = QPushButton(choice, flow)
            button.setObjectName("optionSmall" if self._compact else "option")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(knob.tooltip)
            button.setAccessibleName(f"{knob.label}: {choice}")
            button.clicked.connect(lambda _on=False, name=knob.name, to=choice: self._set_knob(name, to))
            group.addButton(button)
            flow.add(button)
            self.options[knob.name][choice] = button
        return flow

    def _slider(self, knob: Knob) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        # A slider counts in whole steps: at least a hundred of them, so that it feels smooth.
        step = _step(knob)
        slider.setRange(0, max(1, round((knob.high - knob.low) / step)))
        slider.setPageStep(max(1, slider.maximum() // 10))
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.setToolTip(_explained(knob))
        slider.setAccessibleName(knob.label)
        value = QLabel("", self)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if self._compact:
            slider.setObjectName("small")
        self.sliders[knob.name], self.values[knob.name] = slider, value

        def moved(place: int) -> None:
            number = min(knob.high, knob.low + place * step)
            value.setText(worded(number, step, knob.unit))
            self._set_knob(knob.name, number)

        slider.valueChanged.connect(moved)
        return slider


def _step(knob: Knob) -> float:
    return knob.step if knob.step > 0 else (knob.high - knob.low) / 100


def _explained(knob: Knob) -> str:
    extent = f"{knob.low:g} to {knob.high:g} {knob.unit}".strip() if knob.kind == KnobKind.FLOAT else ""
    return "\n".join(part for part in (knob.tooltip, extent) if part)


def worded(number: float, step: float, unit: str) -> str:
    """Return a knob's number with as many decimals as its step has, and its unit where that is short."""
    decimals = 0 if step >= 1 else 1 if step >= 0.1 else 2
    if len(unit) > 2:
        unit = ""
    gap = "" if unit in ("", "°", "×", "%") else " "
    return f"{number:.{decimals}f}{gap}{unit}"
