"""The controls of what is played: from the start, play and pause, loop, and a slider for the moment."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from dgstudio.streams.source import Knob
from dgstudio.streams.timing.playback_clock import LOOP, PLAYING, POSITION
from dgstudio.studio.common.widgets.chip import Chip, Part
from dgstudio.studio.theme.theme import Theme

STEPS = 1000
"""Places of the slider over the whole length."""
PAGE = 50


class Transport(QWidget):
    """Shows where a recording plays, and moves it. Qt thread only.

    Parameters
    ----------
    knobs
        By name; those that `fits` asks for.
    set_knob
        Called with name and value when the user turns one.
    """

    def __init__(
        self, knobs: dict[str, Knob], set_knob: Callable[[str, float | str | bool], object], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._knobs, self._set_knob = dict(knobs), set_knob
        self.start = Chip("Play from the start", [Part("icon", "mdi6.skip-previous")])
        self.start.setToolTip("Play from the start  [Alt+Home]")
        self.play = Chip("Play or pause", [Part("icon", "mdi6.pause")])
        self.loop = Chip("Loop", [Part("icon", "mdi6.repeat")])
        self.loop.setCheckable(True)
        self.loop.setToolTip(knobs[LOOP].tooltip)
        self.time = QLabel("", self)
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.time.setToolTip("The moment that is played, and how long all of it is, at its own speed")
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("played")
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(PAGE)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setAccessibleName(knobs[POSITION].label)
        self.slider.setToolTip(f"{knobs[POSITION].tooltip}\nAlt+Left and Alt+Right go five seconds back and on")
        self.slider.valueChanged.connect(self._sought)
        self.start.clicked.connect(lambda: set_knob(POSITION, 0.0))
        self.play.clicked.connect(lambda: set_knob(PLAYING, not self._knobs[PLAYING].value))
        self.loop.clicked.connect(lambda: set_knob(LOOP, not self._knobs[LOOP].value))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(6)
        for chip in (self.start, self.play, self.loop):
            row.addWidget(chip)
        row.addWidget(self.time, 1)
        column.addLayout(row)
        column.addWidget(self.slider)
        for knob in knobs.values():
            self.show_value(knob)

    @staticmethod
    def fits(knobs: tuple[Knob, ...]) -> bool:
        """Whether these are the knobs of something that is played."""
        return {PLAYING, LOOP, POSITION} <= {knob.name for knob in knobs}

    def shows(self, name: str) -> bool:
        """Whether a knob has its control here."""
        return name in self._knobs

    def apply_theme(self, theme: Theme, size: str) -> None:
        """Take over a theme; `size` is that of the figures."""
        for chip in (self.start, self.play, self.loop):
            chip.apply_theme(theme)
        self.time.setFont(theme.mono(size))

    def show_value(self, knob: Knob) -> None:
        """Show what a knob stands at, unless it is in a hand."""
        self._knobs[knob.name] = knob
        if knob.name == PLAYING:
            playing = bool(knob.value)
            self.play.set_parts([Part("icon", "mdi6.pause" if playing else "mdi6.play")])
            self.play.setAccessibleName("Pause" if playing else "Play")
            self.play.setToolTip(f"{'Pause the recording' if playing else 'Play it'}  [Ctrl+Space]")
        elif knob.name == LOOP:
            self.loop.setChecked(bool(knob.value))
        elif not self.slider.isSliderDown():
            self.slider.blockSignals(True)
            self.slider.setValue(round(STEPS * float(knob.value) / max(knob.high, 1e-9)))
            self.slider.blockSignals(False)
            self._tell(float(knob.value))

    def _sought(self, place: int) -> None:
        position = place / STEPS * self._knobs[POSITION].high
        self._tell(position)
        self._set_knob(POSITION, position)

    def _tell(self, position: float) -> None:
        self.time.setText(f"{clock_words(position)} / {clock_words(self._knobs[POSITION].high)}")


def clock_words(seconds: float) -> str:
    """As in "1:02.5", or "1:01:05" from an hour on."""
    tenths = int(seconds * 10 + 1e-6)
    minutes, rest = divmod(tenths, 600)
    if minutes >= 60:
        return f"{minutes // 60}:{minutes % 60:02}:{rest // 10:02}"
    return f"{minutes}:{rest / 10:04.1f}"
