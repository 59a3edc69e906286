"""What the columns of a file that is to be imported mean: boxes for label, time, rate and each channel."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from dgstudio.engine.imports.column_mapping import FEATURES, SAMPLES, Choices, Target, matched, numeric_columns
from dgstudio.streams.imports.table import ImportTable
from dgstudio.studio.common.widgets.chip import Segmented
from dgstudio.studio.common.widgets.combo_box import TALLEST, ChoiceBox
from dgstudio.studio.theme.theme import DARK, Theme

MOST_CHANNELS = 12
"""Channels that have a box each; more are matched by name or place alone."""
CHANNELS_A_ROW = 3
SHAPES = [
    (SAMPLES, "Samples of a stream", "A row is a moment: windows are cut, and features taken as of the live stream"),
    (FEATURES, "Examples", "A row is an example: its features are in the columns, as File › Export writes them"),
]
NONE = "–"
LEAST_WIDE = 64
"""Logical pixels of a box: long names of columns are shortened in it."""


class ImportColumns(QWidget):
    """Shows `Choices`; `chosen` carries those that the user would rather have."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self._filling = False
        self._table: ImportTable | None = None
        self._target: Target | None = None
        self._choices = Choices()
        self._names: dict[str, QLabel] = {}
        self._channel_names: list[QLabel] = []
        self.shape = Segmented("Each row is", SHAPES)
        self.shape.chosen.connect(lambda shape: self._reshape(str(shape)))
        self.label_box, self.time_box = self._box("Column of the labels"), self._box("Column of the times")
        self.rate = QDoubleSpinBox()
        self.rate.setAccessibleName("Rate, where there are no times")
        self.rate.setRange(0.01, 100_000.0)
        self.rate.setDecimals(2)
        self.rate.setSuffix(" Hz")
        self.rate.setKeyboardTracking(False)
        # Arrow keys and the wheel turn it.
        self.rate.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.rate.valueChanged.connect(lambda _value: self._changed())
        self.channel_boxes: list[ChoiceBox] = []
        self._channels = QGridLayout()
        self._channels.setHorizontalSpacing(8)
        self._channels.setVerticalSpacing(6)
        self.matching = QLabel("")
        self.matching.setObjectName("muted")
        self.matching.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(self._form())
        column.addLayout(self._channels)
        column.addWidget(self.matching)
        column.addStretch(1)

    def show_choices(self, table: ImportTable, choices: Choices, target: Target) -> None:
        """Show what the columns of a file are taken for; emits nothing."""
        self._table, self._choices, self._target = table, choices, target
        self._filling = True
        names = [column.name for column in table.columns]
        samples = choices.shape == SAMPLES
        self.shape.choose(choices.shape)
        _fill(self.label_box, names, choices.label)
        _fill(self.time_box, names, choices.time)
        self.time_box.setVisible(samples)
        self._names["Time"].setVisible(samples)
        # Of another session the rows are known to be examples.
        self.shape.setVisible(not table.of_features)
        self._names["Each row is"].setVisible(not table.of_features)
        self.rate.setVisible(samples and choices.time is None)
        self.rate.setValue(target.spec.rate if choices.rate is None else choices.rate)
        self._show_channels(target.spec.channels if samples else (), names)
        self._filling = False

    def controls(self) -> list[QWidget]:
        """Return what can be operated, as it stands there."""
        return [*self.shape.segments.values(), self.label_box, self.time_box, self.rate, *self.channel_boxes]

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.shape.apply_theme(theme)
        for label in (*self._names.values(), *self._channel_names, self.matching):
            label.setFont(theme.ui("small"))
        self.rate.setFont(theme.ui("body"))
        self.rate.setFixedHeight(theme.px(TALLEST))
        for box in (self.label_box, self.time_box, *self.channel_boxes):
            box.apply_theme(theme)

    # -- inside ------------------------------------------------------------------------------------------------

    def _form(self) -> QGridLayout:
        form, times = QGridLayout(), QHBoxLayout()
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(8)
        form.setColumnStretch(1, 1)
        times.setSpacing(8)
        times.addWidget(self.time_box, 1)
        times.addWidget(self.rate)
        for row, words in enumerate(("Each row is", "Label", "Time")):
            name = self._names[words] = QLabel(words)
            name.setObjectName("muted")
            form.addWidget(name, row, 0)
        form.addWidget(self.shape, 0, 1, Qt.AlignmentFlag.AlignLeft)
        form.addWidget(self.label_box, 1, 1)
        form.addLayout(times, 2, 1)
        return form

    def _box(self, name: str) -> ChoiceBox:
        box = ChoiceBox(name, "body")
        box.setMinimumWidth(LEAST_WIDE)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.activated.connect(lambda _place: self._changed())
        return box

    def _show_channels(self, channels: tuple[str, ...], names: list[str]) -> None:
        wanted = channels if len(channels) <= MOST_CHANNELS else ()
        if [label.text() for label in self._channel_names] != list(wanted):
            self._make_boxes(wanted)
        chosen = self._choices.channels
        for box, name in zip(self.channel_boxes, chosen, strict=False):
            _fill(box, names, name)
        count = sum(name is not None for name in chosen)
        many = f"{count} of the stream's {len(channels)} channels have a column."
        self.matching.setText(many if channels else "Features are matched by their names.")
        self.matching.setVisible(not wanted)

    def _make_boxes(self, channels: tuple[str, ...]) -> None:
        for widget in (*self.channel_boxes, *self._channel_names):
            self._channels.removeWidget(widget)
            widget.deleteLater()
        self.channel_boxes = [self._box(f"Column for {name}") for name in channels]
        self._channel_names = [QLabel(name) for name in channels]
        for place, (box, label) in enumerate(zip(self.channel_boxes, self._channel_names, strict=True)):
            label.setObjectName("muted")
            box.setToolTip(f"The column that holds the stream's channel “{label.text()}”")
            row, column = divmod(place, CHANNELS_A_ROW)
            self._channels.addWidget(label, row, 2 * column)
            self._channels.addWidget(box, row, 2 * column + 1)
            self._channels.setColumnStretch(2 * column + 1, 1)
        self.apply_theme(self.theme)

    def _reshape(self, shape: str) -> None:
        if self._table is None or self._target is None:
            return
        choices = replace(self._choices, shape=shape)
        if shape == SAMPLES and not choices.channels:
            has = numeric_columns(self._table, choices)
            choices = replace(choices, channels=matched(has, self._target.spec.channels))
        self.chosen.emit(choices)

    def _changed(self) -> None:
        if self._filling or self._target is None:
            return
        before, rate = self._choices, self.rate.value()
        choices = replace(
            before,
            label=_chosen_of(self.label_box),
            time=_chosen_of(self.time_box),
            rate=None if before.rate is None and rate == self._target.spec.rate else rate,
        )
        if self.channel_boxes:
            choices = replace(choices, channels=tuple(_chosen_of(box) for box in self.channel_boxes))
        if choices != before:
            self.chosen.emit(choices)


def _fill(box: QComboBox, names: list[str], chosen: str | None) -> None:
    box.blockSignals(True)
    box.clear()
    box.addItem(NONE, None)
    for name in names:
        box.addItem(name, name)
    box.setCurrentIndex(max(0, box.findData(chosen)) if chosen is not None else 0)
    box.blockSignals(False)


def _chosen_of(box: QComboBox) -> str | None:
    data = box.currentData()
    return None if data is None else str(data)
