"""The foot of a page of the inspector: what can be done with what is selected, and what would come of it."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from dgstudio.studio.common.widgets.flow_row import FlowRow


class Foot(QWidget):
    """Stands below a page that scrolls, and does not scroll: its buttons stay where they are while words come and go.

    Parameters
    ----------
    words
        What would be answered; it takes no room while it is hidden.
    buttons
        What can be done.
    """

    def __init__(self, words: QLabel, buttons: FlowRow) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(words)
        column.addWidget(buttons)
