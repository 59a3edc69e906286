"""The line across the window while another session is opened; what is open goes on below it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dgstudio.studio.common.widgets.progress_line import ProgressLine
from dgstudio.studio.theme.theme import DARK

PART = 0.3
"""Of the bar that runs along it and back: nobody knows how long a session takes."""
ROUND_S = 1.6


class OpeningLine(ProgressLine):
    """Says which session is being opened; Cancel keeps the present one."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Opening a session", "Opening", parent)
        self.text.setText("This one goes on until it is there.")
        self.cancel = self.add_button("Cancel", "Stay in this session")
        self.cancel.clicked.connect(lambda _checked=False: self.cancelled.emit())
        self.apply_theme(DARK)

    def begin(self, name: str) -> None:
        """A session of this name is being opened."""
        words = f"Opening {name}" if name else "Making a new session"
        self.title.setText(f"{words} …")
        self.setAccessibleDescription(words)
        self.show()

    def end(self) -> None:
        """It is open, or will not be."""
        self.hide()

    def update_wall(self, wall: float) -> None:
        """Let the bar run; `wall` in seconds, with each frame."""
        if self.isVisible():
            turn = wall / ROUND_S % 2.0
            place = (1.0 - PART) * (turn if turn <= 1.0 else 2.0 - turn)
            self.bar.light(place, place + PART)
