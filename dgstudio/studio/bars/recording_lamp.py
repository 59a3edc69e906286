"""The lamp of the recording: whether the raw stream is kept, for how long, how large that is, and what is wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QWidget

from dgstudio.reasons.sizes import size_words
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import EngineStats


class RecordingLamp(QLabel):
    """A dot and words, hidden while nothing is recorded. Words and shape say it too, not the colour alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("recording")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAccessibleName("Recording of the stream")
        self.theme: Theme = DARK
        self._said = ("", "", "")
        self.hide()

    @property
    def said(self) -> str:
        """What it says, as plain text; "" while it is hidden."""
        mark, words, _ = self._said
        return f"{mark} {words}" if words else ""

    def show_stats(self, stats: EngineStats) -> bool:
        """Follow the figures; returns whether its width has changed."""
        said = words_of(stats)
        if said == self._said:
            return False
        self._said = said
        self.setToolTip(tooltip_of(stats) if said[1] else "")
        return self._draw()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._draw()

    def set_type(self, font: QFont) -> None:
        """Take over the type of its neighbours."""
        self.setFont(font)
        self._draw()

    def _draw(self) -> bool:
        mark, words, token = self._said
        before = 0 if self.isHidden() else self.width()
        if words:
            colour = self.theme.readable(getattr(self.theme, token), "surface")
            self.setText(
                f'<span style="color:{colour}">{mark}</span> <span style="color:{self.theme.text}">{words}</span>'
            )
            self.setFixedWidth(self.fontMetrics().horizontalAdvance(self.said) + 2)
        self.setAccessibleDescription(words)
        self.setVisible(bool(words))
        return before != (self.width() if words else 0)


def words_of(stats: EngineStats) -> tuple[str, str, str]:
    """Return the lamp's mark, its words and the token of the mark's colour; no words where nothing is recorded."""
    size = size_words(stats.recorded_bytes)
    if stats.recording_failing:
        return "▲", f"recording waits · {size}", "bad"
    if not stats.recording:
        return "", "", "text"
    lost = f" · {stats.recording_lost} lost" if stats.recording_lost else ""
    minutes, seconds = divmod(int(stats.recorded_s), 60)
    return "●", f"recording {minutes}:{seconds:02d} · {size}{lost}", "warning" if lost else "recording"


def tooltip_of(stats: EngineStats) -> str:
    """Return what the lamp stands for, in sentences."""
    said = "The raw stream is being recorded, with a receipt for each answer and the versions that gave them."
    if stats.recorded_s > 1:
        rate = stats.recorded_bytes / 1e6 / stats.recorded_s * 3600
        said += f"\n{stats.recorded_s:.0f} s in {size_words(stats.recorded_bytes)} so far: {rate:.0f} MB an hour."
    if stats.recording_lost:
        said += f"\n{stats.recording_lost} samples and answers could not be kept."
    if stats.recording_failing:
        said += f"\nIt waits in memory: {stats.recording_failing}"
    return said
