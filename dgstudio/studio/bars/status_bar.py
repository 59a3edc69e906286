"""The status bar: the figures that say whether all is well, in equal-width type, four times a second."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from dgstudio.studio.bars.recording_lamp import RecordingLamp
from dgstudio.studio.bars.status_lamp import StatusLamp
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.theme.format import duration, grouped
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import EngineStats, Saving

HEIGHT = 28
WIDE = 1440
"""From this width on there is room for larger type."""
TEXT_PERIOD_S = 0.25
"""Seconds between two refreshes of text: faster cannot be read."""
LEAST_NAME = 18
"""Letters of the session and its name that are worth the room they take, beside whether it is saved."""

SPARE = ("learn", "publishes", "window")
"""Figures that are left out where there is no room, in this order: the panels tell them too."""
OF_SERVING = frozenset({"serve", "torn", "lost", "receipts"})
"""Figures that only the program knows which answers: whoever watches it has none of them."""
WINDOW_TIP = (
    "Frames that this window drew in the last second. “drawing 15/s”: the machine is busy, and the window draws\n"
    "less often, so that no answer waits for it"
)
FIGURES: tuple[tuple[str, str], ...] = (
    ("window", WINDOW_TIP),
    ("serve", "Features in hand → probabilities: median, and what 99 of 100 answers stay below"),
    (
        "learn",
        "Labelled examples that the newest version has learned, and how many of them are in sealed banks",
    ),
    ("publishes", "Versions of this session that were published, those of earlier runs too; and proposals rejected"),
    ("torn", "Answers computed from arrays that changed during the read, of all answers"),
    ("lost", "Samples of the stream that did not reach the ring; skipped hops after the comma"),
    ("receipts", "Share of the checked receipts that replayed byte for byte"),
)


class StatusBar(QFrame):
    """Figures at the left, the session at the right. Text changes at 4 Hz at most, and never moves its neighbours."""

    def __init__(self, state: StudioState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self.setAccessibleName("Status bar")
        self._state = state
        self.theme: Theme = DARK
        self._frames: deque[float] = deque(maxlen=240)
        self._due = float("-inf")
        self._widths: dict[str, int] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(18)
        self.figures: dict[str, QLabel] = {}
        # As they look at first: another look has PySide make a class of QStyle, which the start can do without.
        at_first = figures_of(EngineStats(), 0.0)
        for name, tooltip in FIGURES:
            label = QLabel("")
            label.setObjectName(at_first[name][1])
            label.setToolTip(tooltip)
            row.addWidget(label)
            self.figures[name] = label
        row.addStretch(1)
        self.keeping = StatusLamp("What is kept of the last seconds")
        self.recording = RecordingLamp()
        self._lamps = self.keeping, self.recording
        for lamp in self._lamps:
            row.addWidget(lamp)
        self.session = QLabel("")
        self.session.setObjectName("muted")
        may_elide_names(self.session)
        row.addWidget(self.session)
        state.when(StudioState.session_name, StudioState.saved).connect(self._show_session)
        self.apply_theme(DARK)
        self._show_session()

    def fps(self) -> float:
        """Return the frames of the last second."""
        if len(self._frames) < 2:
            return 0.0
        newest = self._frames[-1]
        inside = [moment for moment in self._frames if newest - moment <= 1.0]
        return (len(inside) - 1) / max(1e-9, newest - inside[0]) if len(inside) > 1 else 0.0

    def update_frame(self, frame: Frame) -> None:
        """Count a frame; refresh the text when it is due."""
        self._frames.append(frame.frame_time_wall)
        if self.recording.show_stats(frame.stats):
            self._show_session()
        if frame.frame_time_wall < self._due:
            return
        self._due = frame.frame_time_wall + TEXT_PERIOD_S
        watching = self._state.watched is not None
        for name, (text, look) in figures_of(frame.stats, self.fps(), self._state.drawing).items():
            if not (watching and name in OF_SERVING):
                self._show(name, text, look)
        self._show_session()

    def show_kept(self, words: str, tooltip: str) -> None:
        """Say what is kept of the last seconds; "": nothing is."""
        if self.keeping.say("◉", words, "accent_text", tooltip):
            self._show_session()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        # Widths of another type are no room to keep.
        self._widths.clear()
        for lamp in self._lamps:
            lamp.apply_theme(theme)
        self._set_type()
        self.setFixedHeight(theme.px(HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._set_type()
        self._show_session()

    def _set_type(self) -> None:
        font = self.theme.mono("small" if self.width() >= WIDE else "tiny")
        if font == self.session.font() and self._widths:
            return
        self._widths.clear()
        for label in (*self.figures.values(), self.session):
            label.setFont(font)
        for lamp in self._lamps:
            lamp.set_type(font)
        for name, label in self.figures.items():
            self._keep_room(name, label)
        self._show_session()

    def _show(self, name: str, text: str, look: str) -> None:
        label = self.figures[name]
        if label.text() == text:
            return
        label.setText(text)
        if label.objectName() != look:
            _set_look(label, look)
        self._keep_room(name, label)

    def _keep_room(self, name: str, label: QLabel) -> None:
        # A figure that grew keeps its room, so that its neighbours do not dance.
        # Fixed: what a label thinks it needs outlives a change of type.
        wide = label.fontMetrics().horizontalAdvance(label.text())
        if wide >= self._widths.get(name, 1):
            self._widths[name] = wide + 1
            label.setFixedWidth(wide + 1)

    def _room(self, least: int) -> int:
        """Leave out figures until the session has its `least` logical pixels; returns how many it has."""
        row = self.layout()
        assert row is not None
        margins = row.contentsMargins()
        shown = dict(self._widths)
        lit = sum(lamp.width() + row.spacing() for lamp in self._lamps if not lamp.isHidden())
        for name in ("", *SPARE):
            shown.pop(name, None)
            taken = sum(shown.values()) + row.spacing() * (len(shown) + 1) + lit
            room = self.width() - margins.left() - margins.right() - taken
            if room >= least:
                break
        for name, label in self.figures.items():
            if name in self._widths and label.isHidden() == (name in shown):
                label.setVisible(name in shown)
        return room

    def _show_session(self) -> None:
        name, saving = self._state.session_name, self._state.saved
        saved = saving_words(saving)
        text = " · ".join(part for part in (f"session {name}" if name else "no session", saved) if part)
        # Whether it is saved must be readable; what failed, the banner says.
        least = self.session.fontMetrics().horizontalAdvance(f"sess…· {saved[:12]}")
        room = max(0, min(self._room(least), 420 if self.width() < WIDE else 640))
        elided = self.session.fontMetrics().elidedText
        short = elided(text, Qt.TextElideMode.ElideMiddle, room)
        if saved and short != text and len(short) < len(saved) + LEAST_NAME:
            # Of a name of which so little is left nobody learns anything.
            short = elided(saved, Qt.TextElideMode.ElideRight, room)
        if short != self.session.text():
            self.session.setText(short)
        self.session.setFixedWidth(self.session.fontMetrics().horizontalAdvance(short) + 1)
        self.session.setToolTip(text)
        look = "muted" if saving is None or saving.safe else "bad"
        if self.session.objectName() != look:
            _set_look(self.session, look)


def _set_look(label: QLabel, look: str) -> None:
    # Polishing gives the label the stylesheet's colour, and the application's font: ours is put back.
    font = label.font()
    label.setObjectName(look)
    label.style().unpolish(label)
    label.style().polish(label)
    label.setFont(font)


def saving_words(saving: Saving | None) -> str:
    """Return how saving stands, in a few words; nothing before it is known."""
    if saving is None:
        return ""
    return f"failed: {saving.why}" if saving.failed else saving.state.value


def figures_of(stats: EngineStats, fps: float, drawing: int = 0) -> dict[str, tuple[str, str]]:
    """Return each figure's text and look ("muted", "good", "warning" or "bad").

    `drawing` are the frames a second to which the window keeps while the machine is busy; 0: it need not.
    """
    torn = stats.torn + stats.unpublished + stats.unattributed
    checked, wrong = stats.receipts_checked, stats.receipts_wrong
    lost = f"lost samples {grouped(stats.lost_samples)}"
    if stats.skipped_hops:
        lost += f", {grouped(stats.skipped_hops)} hops skipped"
    publishes = f"published {grouped(stats.published_ever)}"
    if stats.rejected_ever:
        publishes += f" · rejected {grouped(stats.rejected_ever)}"
    learned = f"learned {grouped(stats.learned)}" + (f" · {grouped(stats.sealed)} sealed" if stats.sealed else "")
    # One wrong receipt is told as such: a share would round it away.
    receipts = ("receipts 100 %", "good") if checked else ("receipts –", "muted")
    if wrong:
        receipts = (f"receipts {grouped(wrong)} of {grouped(checked)} wrong", "bad")
    return {
        "window": (f"drawing {drawing}/s", "warning") if drawing else (f"window {fps:.0f} fps", "muted"),
        "serve": (f"serve {duration(stats.serve_p50_us)} p50 · {duration(stats.serve_p99_us)} p99", "muted"),
        "learn": (learned, "muted"),
        "publishes": (publishes, "muted"),
        "torn": (f"torn reads {grouped(torn)} / {grouped(stats.reads)}", "bad" if torn else "good"),
        "lost": (lost, "bad" if stats.lost_samples else "warning" if stats.skipped_hops else "good"),
        "receipts": receipts,
    }
