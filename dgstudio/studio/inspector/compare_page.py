"""Two versions: one input and all inputs by both, which gates flipped, which weights differ, what was learned."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from dgstudio.engine.inspection.comparing.comparison import Comparison
from dgstudio.engine.inspection.comparing.population import AllCompared
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import Subject
from dgstudio.studio.bridge.question import Question
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.inspector.compare_words import headline, learned_words, rows_of, steps, weights_words
from dgstudio.studio.inspector.waterfall import Waterfall
from dgstudio.studio.theme.theme import DARK, Theme
from dgstudio.types import Reading

HOW = (
    "Select two marks of the timeline below: a click for A, Ctrl and a click for B. Both then answer the moment that "
    "is shown, and every input that is known."
)
LIVE_S = 1.0
"""Wall seconds that an answer at the live edge stands, so that it can be read."""


class ComparePage(QWidget):
    """Shows the versions of `StudioState.compared` on the moment that is shown."""

    def __init__(self, state: StudioState, commands: Bridge, choose: Callable[[Subject], None]) -> None:
        super().__init__()
        self._state = state
        self.theme: Theme = DARK
        self.found: Comparison | None = None
        self.everything: AllCompared | None = None
        self._reading: Reading | None = None
        self._wall = float("-inf")
        self._one: Question[Comparison] = Question(commands.inspection, "compare")
        self._all: Question[AllCompared] = Question(commands.inspection, "compare all")
        self.words = QLabel(HOW)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.fall = Waterfall("From A's answer to B's")
        self.fall.chosen.connect(choose)
        self.head = QLabel("changed between A and B")
        self.head.setObjectName("panelTitle")
        self.table = QWidget()
        grid = self._grid = QGridLayout(self.table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, QLabel]] = []
        for place in range(5):
            pair = QLabel(""), QLabel("")
            for at, label in enumerate(pair):
                label.setTextFormat(Qt.TextFormat.RichText)
                label.setWordWrap(at == 1)
                label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
                grid.addWidget(label, place, at)
            pair[0].setObjectName("muted")
            self._rows.append(pair)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        for widget in (self.words, self.fall, self.head, self.table):
            column.addWidget(widget)
        column.addStretch(1)
        state.when(StudioState.compared).connect(self._begin)
        state.when(StudioState.class_looks).connect(self._show)
        self._show()

    def update_frame(self, frame: Frame) -> None:
        """Ask again where other versions or another moment are shown, and show what has come of it."""
        pair, wall = self._state.compared, frame.frame_time_wall
        if pair is None:
            return
        reading = frame.reading if frame.look is None else frame.look.reading
        due = frame.look is not None or (wall - self._wall > LIVE_S and not self._one.open)
        if reading is not None and len(reading.features) and due:
            raw = reading.features
            if self._one.ask((pair, reading.hop), lambda inspector: inspector.compare(*pair, raw)):
                self._wall = wall
        turn = self._state.label_changes, self._state.protected
        self._all.ask((pair, turn), lambda inspector: inspector.compare_all(*pair))
        one, everything = self._one.take(), self._all.take()
        if one is not None:
            self.found = one.value
            if one.refused is not None:
                self.words.setText(one.refused.sentence)
            self._show()
        if everything is not None:
            self.everything = everything.value
            self._show()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.words.setFont(theme.ui("body"))
        self.head.setFont(theme.header())
        for pair in self._rows:
            for label in pair:
                label.setFont(theme.ui("small"))
        self.fall.apply_theme(theme)
        self._show()

    def _begin(self) -> None:
        self.found = self.everything = None
        self._one.forget()
        self._all.forget()
        self._wall = float("-inf")
        self._show()

    def _show(self) -> None:
        state, theme, found = self._state, self.theme, self.found
        pair = state.compared
        if pair is None:
            self.words.setText(HOW)
        elif found is None:
            if not self.words.text() or self.words.text() == HOW:
                self.words.setText(f"Comparing v{pair[0]} and v{pair[1]} …")
        else:
            self.words.setText(headline(found, state, theme))
        self.fall.show_steps(() if found is None else steps(found, state))
        self.fall.setVisible(found is not None)
        rows: list[tuple[str, str]] = []
        if self.everything is not None:
            rows += rows_of(self.everything, state, theme)
        if found is not None:
            rows.append(("weights", weights_words(found, state)))
            rows.append(("examples", learned_words(found.learned, state)))
        self.head.setVisible(bool(rows))
        if pair is not None:
            self.head.setText(f"changed between A v{pair[0]} and B v{pair[1]}")
        for place, labels in enumerate(self._rows):
            words = rows[place] if place < len(rows) else ("", "")
            for label, text in zip(labels, words, strict=True):
                label.setText(text)
                label.setVisible(bool(text))
