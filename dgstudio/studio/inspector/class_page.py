"""One class: which versions changed what is said of it, and which examples these had learned."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from dgstudio.engine.inspection.comparing.blame import Blame
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import ClassSubject
from dgstudio.studio.bridge.question import Question
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.inspector.answer_words import naming
from dgstudio.studio.inspector.blame_words import lines
from dgstudio.studio.theme.theme import DARK, Theme

WAITING = "Looking through the versions …"


class ClassPage(QWidget):
    """Shows the class of `StudioState.inspected`; asks again after each publish."""

    def __init__(self, state: StudioState, commands: Bridge) -> None:
        super().__init__()
        self._state = state
        self.theme: Theme = DARK
        self.found: Blame | None = None
        self._blame: Question[Blame] = Question(commands.inspection, "blame of a class")
        self.words, self.head, self.changes = QLabel(""), QLabel("changed by, newest first"), QLabel(WAITING)
        self.head.setObjectName("panelTitle")
        for label in (self.words, self.changes):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(8)
        for label in (self.words, self.head, self.changes):
            column.addWidget(label)
        column.addStretch(1)

    @property
    def class_id(self) -> int | None:
        """The class that is shown, or None."""
        subject = self._state.inspected
        return subject.class_id if isinstance(subject, ClassSubject) else None

    def update_frame(self, frame: Frame) -> None:
        """Ask again where there is a newer version, and show what has come of it."""
        class_id = self.class_id
        if class_id is None:
            return
        named = naming(self._state, self.theme)
        self.words.setText(
            f"{named(class_id)}: the versions that changed what is said of it, and what they had learned."
        )
        if not self._blame.open:
            self._blame.ask((class_id, self._state.head), lambda inspector: inspector.blame_class(class_id))
        found = self._blame.take()
        if found is not None:
            self.found = found.value
            told = found.refused.sentence if found.refused is not None else ""
            self.changes.setText(told if self.found is None else "<br>".join(lines(self.found, self._state)))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.words.setFont(theme.ui("body"))
        self.head.setFont(theme.header())
        self.changes.setFont(theme.ui("small"))
