"""The foot of the example browser: what is selected, the note on it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget

from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.widgets.elided_label import ElidedLabel
from dgstudio.studio.theme.theme import Theme


class SelectionFoot(QWidget):
    """One line for the selection, a field for its note, and three buttons. Qt thread only."""

    relabelled = Signal(int)
    """The class id that the selection is to have."""
    deleted = Signal()
    found = Signal()
    """The selection is to be shown in the stream."""
    noted = Signal(object, str)
    """Ids (a list), and the note that they are to have."""
    left = Signal()
    """The note is left: the examples are to have the keys again."""

    def __init__(self, state: StudioState) -> None:
        super().__init__()
        self._state = state
        self._ids: tuple[int, ...] = ()
        self.words = ElidedLabel()
        self.words.setObjectName("muted")
        self.note = QLineEdit()
        self.note.setAccessibleName("Note on the selection")
        self.note.setToolTip("A text of your own on all that is selected: Enter keeps it, Ctrl+Z takes it back  [N]")
        self.note.installEventFilter(self)
        self.find_button = self._button("Find in the stream", "Pause the stream where the selection lies")
        self.find_button.clicked.connect(self.found)
        self.relabel_button = self._button("Relabel as", "Give the selection another class; its key does it too")
        menu = QMenu(self.relabel_button)
        menu.aboutToShow.connect(lambda: self.fill_classes(menu))
        self.relabel_button.setMenu(menu)
        self.delete_button = self._button("Delete", "Let the selection stand no more  [Del]")
        self.delete_button.clicked.connect(self.deleted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 3)
        row.addWidget(self.note, 2)
        for button in (self.find_button, self.relabel_button, self.delete_button):
            row.addWidget(button)

    def show_selection(self, ids: Sequence[int], words: str, notes: Mapping[int, str]) -> None:
        """Show words on these examples, and their note; `notes` has those of all examples, by id."""
        for widget in (self.find_button, self.relabel_button, self.delete_button, self.note):
            widget.setEnabled(bool(ids))
        self.words.setText(words)
        self.words.setToolTip(words)
        if self.note.hasFocus() and self.note.isModified() and tuple(ids) == self._ids:
            # It is being written.
            return
        self._ids = tuple(ids)
        found = {notes.get(identity, "") for identity in ids}
        self.note.setText(found.pop() if len(found) == 1 else "")
        self.note.setPlaceholderText("Different notes" if found else "Note  [N]")

    def fill_classes(self, menu: QMenu) -> None:
        """Offer the classes that the selection could have."""
        menu.clear()
        for card in self._state.classes:
            name = card.info.name.replace("&", "&&")
            action = menu.addAction(f"{name}\t{card.info.key}" if card.info.key else name)
            action.triggered.connect(lambda _checked=False, class_id=card.info.id: self.relabelled.emit(class_id))

    def write_note(self) -> None:
        """Let the note be written, if anything is selected."""
        if self.note.isEnabled():
            self.note.setFocus()
            self.note.selectAll()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.words.setFont(theme.ui("small"))
        for widget in (self.note, self.find_button, self.relabel_button, self.delete_button):
            widget.setFont(theme.ui("body"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self.note and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.note.setModified(False)
                self.left.emit()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._keep_note()
                return True
        return super().eventFilter(watched, event)

    def _keep_note(self) -> None:
        if self._ids:
            self.noted.emit(list(self._ids), self.note.text())
            self.note.setModified(False)
            self.left.emit()

    def _button(self, text: str, tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)
        return button
