"""The source's knobs: what it performs as a row of buttons, its numbers as sliders, its switches as boxes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from dgstudio.streams.source import Knob, KnobKind
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.flow_row import FlowRow
from dgstudio.studio.common.panel import PanelFrame
from dgstudio.studio.common.panel_header import HEADER_HEIGHT, MARGIN
from dgstudio.studio.theme.room import scale_room
from dgstudio.studio.theme.theme import Theme


class SourcePanel(PanelFrame):
    """One control a knob; built anew only when the set of knobs or the room changes, so that a drag is never cut off.

    Where the panel is low the knobs stand in two columns of small cells.
    """

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Source", parent=parent)
        self._state, self._commands = state, commands
        self._shape: tuple[object, ...] = ()
        self.sliders: dict[str, QSlider] = {}
        self.options: dict[str, dict[str, QPushButton]] = {}
        self.boxes: dict[str, QCheckBox] = {}
        self._values: dict[str, QLabel] = {}
        self._labels: list[QLabel] = []
        self._content: QWidget | None = None
        self._compact = False
        self._full_tall = 0
        """Logical pixels that the panel needs when every knob has a row of its own."""
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.addWidget(self._scroll, 1)
        state.when(StudioState.knobs, StudioState.source_name, StudioState.spec).connect(self._show_source)
        self._show_source()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        if self._compact:
            # How tall it is in full depends on the type.
            self._build_anew(compact=False)
        else:
            self._style()
        self._choose_look()

    def _style(self) -> None:
        theme = self.theme
        size = "tiny" if self._compact else "body"
        for label in self._labels:
            label.setFont(theme.ui(size))
        for value in self._values.values():
            value.setFont(theme.mono(size))
        for button in (button for row in self.options.values() for button in row.values()):
            button.setFont(theme.ui("small" if self._compact else "body"))
        for box in self.boxes.values():
            box.setFont(theme.ui(size))

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(self.theme.px(270), self.needed_height() - self.header_apart)

    def needed_height(self) -> int:
        """Return how tall header and body are with all knobs in full at this width."""
        # The arrangement gives it where it can.
        if self._compact:
            return self._full_tall
        tall = self.theme.px(HEADER_HEIGHT) + self.theme.px(30)
        layout = self._content.layout() if self._content is not None else None
        if layout is not None:
            wide = self.width() - 2 * self.theme.px(MARGIN)
            tall += layout.heightForWidth(wide) if layout.hasHeightForWidth() else layout.sizeHint().height()
        return tall

    def _show_source(self) -> None:
        knobs = self._state.knobs
        choice = next((knob for knob in knobs if knob.kind == KnobKind.CHOICE), None)
        self.set_title(choice.label if choice is not None else "Source")
        self.set_right(self._state.source_name)
        shape = tuple((knob.name, knob.kind, knob.low, knob.high, knob.step, knob.choices) for knob in knobs)
        if shape != self._shape or self._content is None:
            self._shape = shape
            self._build_anew(self._compact)
        for knob in knobs:
            self._show(knob)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width() and self._compact:
            # How tall it is in full depends on the width.
            self._build_anew(compact=False)
        self._choose_look()

    def _choose_look(self) -> None:
        compact = self.whole_height < self.needed_height()
        if compact != self._compact:
            self._build_anew(compact)

    def _build_anew(self, compact: bool) -> None:
        if compact and not self._compact:
            self._full_tall = self.needed_height()
        self._compact = compact
        knobs = self._state.knobs
        self._build(knobs, next((knob for knob in knobs if knob.kind == KnobKind.CHOICE), None))
        for knob in knobs:
            self._show(knob)
        if self._content is not None:
            scale_room(self._content, self.theme.scale)
            # So that it is known at once how tall it is.
            for part in self._content.findChildren(QWidget):
                part.ensurePolished()
        self.updateGeometry()

    def _build(self, knobs: tuple[Knob, ...], first: Knob | None) -> None:
        self.sliders, self.options, self.boxes, self._values, self._labels = {}, {}, {}, {}, []
        content = QWidget()
        content.setObjectName("scrolled")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 2, 0)
        column.setSpacing(4 if self._compact else 6)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(0 if self._compact else 3)
        for knob in knobs:
            if knob.kind == KnobKind.CHOICE:
                if knob is not first:
                    column.addWidget(self._label(knob))
                column.addWidget(self._options(knob))
        floats = [knob for knob in knobs if knob.kind == KnobKind.FLOAT]
        if self._compact:
            self._cells(grid, floats, [knob for knob in knobs if knob.kind == KnobKind.BOOL])
        else:
            grid.setColumnStretch(1, 1)
            for row, knob in enumerate(floats):
                grid.addWidget(self._label(knob), row, 0)
                grid.addWidget(self._slider(knob), row, 1)
                grid.addWidget(self._values[knob.name], row, 2)
        column.addLayout(grid)
        switches = FlowRow(14, 6)
        for knob in knobs:
            if knob.kind == KnobKind.BOOL and not self._compact:
                switches.add(self._switch(knob))
        column.addWidget(switches)
        if not knobs:
            spec = self._state.spec
            nothing = QLabel("This source has no knobs." if spec is not None else "No source is open.")
            nothing.setObjectName("empty")
            self._labels.append(nothing)
            column.addWidget(nothing)
        column.addStretch(1)
        before = self._scroll.takeWidget()
        if before is not None:
            # It stays until the next event: this may be a resize in the middle of Qt's styling of all widgets.
            before.setParent(self)
            # Else it would be shown with the panel, should that come before.
            before.hide()
            before.deleteLater()
        self._scroll.setWidget(content)
        self._content = content
        self._style()

    def _cells(self, grid: QGridLayout, floats: list[Knob], switches: list[Knob]) -> None:
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
            words.addWidget(self._values[knob.name])
            grid.addLayout(words, 2 * row, side)
            grid.addWidget(slider, 2 * row + 1, side)

    def _switch(self, knob: Knob) -> QCheckBox:
        box = QCheckBox(knob.label)
        box.setToolTip(knob.tooltip)
        box.toggled.connect(lambda on, name=knob.name: self._commands.set_knob(name, on))
        self.boxes[knob.name] = box
        return box

    def _label(self, knob: Knob) -> QLabel:
        label = QLabel(knob.label)
        label.setToolTip(_explained(knob))
        if self._compact:
            # Half the panel, less its number.
            room = max(30, (self.width() - 2 * self.theme.px(MARGIN) - 16) // 2 - self.theme.px(48))
            metrics = QFontMetrics(self.theme.ui("tiny"))
            label.setText(metrics.elidedText(knob.label, Qt.TextElideMode.ElideRight, room))
            label.setToolTip(f"{knob.label}\n{_explained(knob)}".strip())
            label.setMinimumWidth(1)
        self._labels.append(label)
        return label

    def _options(self, knob: Knob) -> FlowRow:
        gap = 4 if self._compact else 6
        flow = FlowRow(gap, gap)
        group = QButtonGroup(flow)
        group.setExclusive(True)
        self.options[knob.name] = {}
        for choice in knob.choices:
            button = QPushButton(choice)
            button.setObjectName("optionSmall" if self._compact else "option")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(knob.tooltip)
            button.setAccessibleName(f"{knob.label}: {choice}")
            button.clicked.connect(lambda _on=False, name=knob.name, to=choice: self._commands.set_knob(name, to))
            group.addButton(button)
            flow.add(button)
            self.options[knob.name][choice] = button
        return flow

    def _slider(self, knob: Knob) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        # A slider counts in whole steps: at least a hundred of them, so that it feels smooth.
        step = knob.step if knob.step > 0 else (knob.high - knob.low) / 100
        slider.setRange(0, max(1, round((knob.high - knob.low) / step)))
        slider.setPageStep(max(1, slider.maximum() // 10))
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.setToolTip(_explained(knob))
        slider.setAccessibleName(knob.label)
        value = QLabel("")
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setMinimumWidth(0 if self._compact else self.theme.px(46))
        if self._compact:
            slider.setObjectName("small")
            slider.setFixedHeight(self.theme.px(12))
        self.sliders[knob.name], self._values[knob.name] = slider, value

        def moved(place: int) -> None:
            number = min(knob.high, knob.low + place * step)
            value.setText(worded(number, step, knob.unit))
            self._commands.set_knob(knob.name, number)

        slider.valueChanged.connect(moved)
        return slider

    def _show(self, knob: Knob) -> None:
        if knob.kind == KnobKind.FLOAT and knob.name in self.sliders:
            slider = self.sliders[knob.name]
            if slider.isSliderDown():
                return
            step = knob.step if knob.step > 0 else (knob.high - knob.low) / 100
            number = float(knob.value)
            slider.blockSignals(True)
            slider.setValue(round((number - knob.low) / step))
            slider.blockSignals(False)
            self._values[knob.name].setText(worded(number, step, knob.unit))
        elif knob.kind == KnobKind.CHOICE and str(knob.value) in self.options.get(knob.name, {}):
            self.options[knob.name][str(knob.value)].setChecked(True)
        elif knob.kind == KnobKind.BOOL and knob.name in self.boxes:
            box = self.boxes[knob.name]
            box.blockSignals(True)
            box.setChecked(bool(knob.value))
            box.blockSignals(False)


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
