"""The line across the window while a file takes some time to be written; what is live goes on below it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dgstudio.studio.common.widgets.progress_line import ProgressLine
from dgstudio.studio.pictures.file_writing import FileWriting
from dgstudio.studio.theme.format import percent
from dgstudio.studio.theme.theme import DARK


class FileLine(ProgressLine):
    """Says which file is being written and how much of it is done; Cancel leaves nothing of it."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Writing a file", "Written", parent)
        self.figure.show()
        self.text.setText("The stream goes on.")
        self.cancel = self.add_button("Cancel", "Stop; nothing of the file is left then")
        self.cancel.clicked.connect(lambda _checked=False: self.cancelled.emit())
        self.apply_theme(DARK)

    def show_writing(self, writing: FileWriting) -> None:
        """Follow a file; called with each frame."""
        told = percent(writing.share)
        if (self.title.text(), self.figure.text()) != (title := f"Writing {writing.path.name} …", told):
            self.title.setText(title)
            self.figure.setText(told)
            self.setAccessibleDescription(f"{title} {told}")
        self.bar.light(0.0, writing.share)
        self.show()
