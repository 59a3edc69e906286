"""The sheet that asks for a name: of a layout, of a class."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from dgstudio.errors import DgstudioError
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.theme.theme import Theme

LONGEST = 200
"""Letters that can be typed; how many a name may have says whoever takes it."""


class NameSheet(Overlay):
    """A name, Enter; a name that does not do is told below it, and the sheet stays."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, 420, 160, 92)
        self._done: Callable[[str], object] = str
        self.title = QLabel("")
        self.title.setObjectName("panelTitle")
        self.field = QLineEdit()
        self.field.setPlaceholderText("name, then Enter")
        self.field.setMaxLength(LONGEST)
        self.field.textEdited.connect(lambda _text: self._say(""))
        self.sentence = QLabel("")
        self.sentence.setObjectName("sentence")
        self.sentence.setWordWrap(True)
        self.keep, self.cancel = QPushButton("Save"), QPushButton("Cancel")
        self.keep.clicked.connect(self._keep)
        self.cancel.clicked.connect(self.close_overlay)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for button in (self.cancel, self.keep):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        for widget in (self.title, self.field, self.sentence):
            column.addWidget(widget)
        column.addLayout(row)
        self.sentence.hide()

    def ask(self, title: str, name: str, done: Callable[[str], object], button: str = "Save") -> None:
        """Ask for a name, beginning with `name`; `done` takes it, or raises DgstudioError that says what is wrong."""
        self._done = done
        self.keep.setText(button)
        self.setAccessibleName(title)
        self.field.setAccessibleName(title)
        self.title.setText(title)
        self._say("")
        self.open()
        self.field.setText(name)
        self.field.selectAll()
        self.field.setFocus()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.title.setFont(theme.header())
        self.keep.setFont(theme.ui("body", 600))
        for widget in (self.field, self.cancel):
            widget.setFont(theme.ui("body"))
        self.sentence.setFont(theme.ui("small"))
        if self.isVisible():
            self.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close_overlay() if self.cancel.hasFocus() else self._keep()
            event.accept()
            return
        super().keyPressEvent(event)

    def _keep(self) -> None:
        try:
            self._done(self.field.text())
        except DgstudioError as error:
            self._say(str(error))
        else:
            self.close_overlay()

    def _say(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        if self.isVisible():
            self.place()
