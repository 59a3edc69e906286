"""The source's knobs: what it performs as a row of buttons, its numbers as sliders, its switches as boxes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from dgstudio.streams.source import Knob
from dgstudio.studio.state import Commands, StudioState
from dgstudio.studio.theme import Theme
from dgstudio.studio.widgets.panel import HEADER_HEIGHT, MARGIN, PanelFrame


class SourcePanel(PanelFrame):
    """One control a knob; built anew only when the set of knobs changes, so that a drag is never cut off."""

    def __init__(self, state: StudioState, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__("Source", parent=parent)
        self._state, self._commands = state, commands
        self._shape: tuple[object, ...] = ()
        self.sliders: dict[str, QSlider] = {}
        self.options: dict[str, dict[str, QPushButton]] = {}
        self.boxes: dict[str, QCheckBox] = {}
        self._values: dict[str, QLabel] = {}
        self._labels: list[QLabel] = []
        self._content: QWidget | None = None
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.addWidget(self._scroll, 1)
        state.changed.connect(self._on_changed)
        self._on_changed("source")

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for label in self._labels:
            label.setFont(theme.ui("body"))
        for value in self._values.values():
            value.setFont(theme.mono("body"))
        for button in (button for row in self.options.values() for button in row.values()):
            button.setFont(theme.ui("body"))
        for box in self.boxes.values():
            box.setFont(theme.ui("body"))

    def sizeHint(self) -> QSize:  # noqa: D102
        # What all knobs need at this width; the arrangement gives it where it can.
        tall = self.theme.px(HEADER_HEIGHT) + 30
        layout = self._content.layout() if self._content is not None else None
        if layout is not None:
            wide = self.width() - 2 * MARGIN
            tall += layout.heightForWidth(wide) if layout.hasHeightForWidth() else layout.sizeHint().height()
        return QSize(270, tall)

    def _on_changed(self, topic: object) -> None:
        if topic != "source":
            return
        knobs = self._state.knobs
        choice = next((knob for knob in knobs if knob.kind == "choice"), None)
        self.set_title(choice.label if choice is not None else "Source")
        self.set_right(self._state.source_name)
        shape = tuple((knob.name, knob.kind, knob.low, knob.high, knob.step, knob.choices) for knob in knobs)
        if shape != self._shape or self._content is None:
            self._shape = shape
            self._build(knobs, choice)
        for knob in knobs:
            self._show(knob)

    def _build(self, knobs: tuple[Knob, ...], first: Knob | None) -> None:
        self.sliders, self.options, self.boxes, self._values, self._labels = {}, {}, {}, {}, []
        content = QWidget()
        content.setObjectName("scrolled")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 2, 0)
        column.setSpacing(6)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for knob in knobs:
            if knob.kind == "choice":
                if knob is not first:
                    column.addWidget(self._label(knob))
                column.addLayout(self._options(knob))
        for row, knob in enumerate(knob for knob in knobs if knob.kind == "float"):
            grid.addWidget(self._label(knob), row, 0)
            grid.addWidget(self._slider(knob), row, 1)
            grid.addWidget(self._values[knob.name], row, 2)
        column.addLayout(grid)
        switches = QFlowLayout()
        switches.setContentsMargins(0, 2, 0, 0)
        switches.setHorizontalSpacing(14)
        switches.setVerticalSpacing(6)
        for knob in knobs:
            if knob.kind == "bool":
                box = QCheckBox(knob.label)
                box.setToolTip(knob.tooltip)
                box.toggled.connect(lambda on, name=knob.name: self._commands.set_knob(name, on))
                self.boxes[knob.name] = box
                switches.addWidget(box)
        column.addLayout(switches)
        if not knobs:
            spec = self._state.spec
            nothing = QLabel("This source has no knobs." if spec is not None else "No source is open.")
            nothing.setObjectName("empty")
            self._labels.append(nothing)
            column.addWidget(nothing)
        column.addStretch(1)
        self._scroll.setWidget(content)
        self._content = content
        self.apply_theme(self.theme)

    def _label(self, knob: Knob) -> QLabel:
        label = QLabel(knob.label)
        label.setToolTip(_explained(knob))
        self._labels.append(label)
        return label

    def _options(self, knob: Knob) -> QFlowLayout:
        flow, group = QFlowLayout(), QButtonGroup(self._scroll)
        flow.setContentsMargins(0, 0, 0, 0)
        flow.setHorizontalSpacing(6)
        flow.setVerticalSpacing(6)
        group.setExclusive(True)
        self.options[knob.name] = {}
        for choice in knob.choices:
            button = QPushButton(choice)
            button.setObjectName("option")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(knob.tooltip)
            button.setAccessibleName(f"{knob.label}: {choice}")
            button.clicked.connect(lambda _on=False, name=knob.name, to=choice: self._commands.set_knob(name, to))
            group.addButton(button)
            flow.addWidget(button)
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
        value.setMinimumWidth(46)
        self.sliders[knob.name], self._values[knob.name] = slider, value

        def moved(place: int) -> None:
            number = min(knob.high, knob.low + place * step)
            value.setText(worded(number, step, knob.unit))
            self._commands.set_knob(knob.name, number)

        slider.valueChanged.connect(moved)
        return slider

    def _show(self, knob: Knob) -> None:
        if knob.kind == "float" and knob.name in self.sliders:
            slider = self.sliders[knob.name]
            if slider.isSliderDown():
                return
            step = knob.step if knob.step > 0 else (knob.high - knob.low) / 100
            number = float(knob.value)
            slider.blockSignals(True)
            slider.setValue(round((number - knob.low) / step))
            slider.blockSignals(False)
            self._values[knob.name].setText(worded(number, step, knob.unit))
        elif knob.kind == "choice" and str(knob.value) in self.options.get(knob.name, {}):
            self.options[knob.name][str(knob.value)].setChecked(True)
        elif knob.kind == "bool" and knob.name in self.boxes:
            box = self.boxes[knob.name]
            box.blockSignals(True)
            box.setChecked(bool(knob.value))
            box.blockSignals(False)


def _explained(knob: Knob) -> str:
    extent = f"{knob.low:g} to {knob.high:g} {knob.unit}".strip() if knob.kind == "float" else ""
    return "\n".join(part for part in (knob.tooltip, extent) if part)


def worded(number: float, step: float, unit: str) -> str:
    """Return a knob's number with as many decimals as its step has, and its unit where that is short."""
    decimals = 0 if step >= 1 else 1 if step >= 0.1 else 2
    if len(unit) > 2:
        unit = ""
    gap = "" if unit in ("", "°", "×", "%") else " "
    return f"{number:.{decimals}f}{gap}{unit}"
