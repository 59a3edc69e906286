"""The lamp of the recording: whether the raw stream is kept, for how long, how large that is, and what is wrong."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dgstudio.reasons.sizes import size_words
from dgstudio.studio.bars.status_lamp import StatusLamp
from dgstudio.types import EngineStats


class RecordingLamp(StatusLamp):
    """A dot and words, hidden while nothing is recorded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Recording of the stream", parent)

    def show_stats(self, stats: EngineStats) -> bool:
        """Follow the figures; returns whether its width has changed."""
        said = words_of(stats)
        return said != self._said and self.say(*said, tooltip_of(stats))


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
