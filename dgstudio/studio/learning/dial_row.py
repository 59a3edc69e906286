"""A dial: its name, a slider, its value, and beneath what it does, in one plain sentence, and what comes of it now."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from dgstudio.studio.learning.dials import DIALS, Dial
from dgstudio.studio.theme.theme import DARK, Theme

NAME_WIDE, VALUE_WIDE = 92, 70
"""Logical pixels: the sliders of all dials begin and end at the same places."""


class DialRow(QWidget):
    """Who uses it connects `slider`, and says what its value is."""

    def __init__(self, dial: Dial) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.dial, self._effect = dial, ""
        self.setAccessibleName(dial)
        self.name, self.value, self.words = QLabel(dial), QLabel(""), QLabel("")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(dial)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.words.setObjectName("muted")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        for column, widget in enumerate((self.name, self.slider, self.value)):
            grid.addWidget(widget, 0, column)
            widget.setToolTip(DIALS[dial].more)
        grid.addWidget(self.words, 1, 0, 1, 3)

    @property
    def sentence(self) -> str:
        """What can be read beneath: what the dial does, and what comes of it now."""
        return " ".join(filter(None, (DIALS[self.dial].sentence, self._effect)))

    def show_value(self, place: int, text: str) -> None:
        """Let the slider stand at a place, without a signal, with this text beside it."""
        self.slider.blockSignals(True)
        self.slider.setValue(place)
        self.slider.blockSignals(False)
        self.value.setText(text)

    def say(self, effect: str) -> bool:
        """Say what comes of it now; return whether that is news."""
        if effect == self._effect:
            return False
        self._effect = effect
        self._write()
        return True

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.name.setFont(theme.ui("body"))
        self.value.setFont(theme.mono("body"))
        self.words.setFont(theme.ui("small"))
        self.name.setMinimumWidth(theme.px(NAME_WIDE))
        self.value.setMinimumWidth(theme.px(VALUE_WIDE))
        self._write()

    def _write(self) -> None:
        effect = f' <span style="color:{self.theme.text}">{escape(self._effect)}</span>' if self._effect else ""
        self.words.setText(f"{escape(DIALS[self.dial].sentence)}{effect}")
        # Else what holds it goes by the lines that it had, until it has been laid out again.
        self.updateGeometry()
        self.setAccessibleDescription(self.sentence)
