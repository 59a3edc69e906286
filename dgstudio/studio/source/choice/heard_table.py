"""Messages as they arrive: to which address, with which values, how often, and from whom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from dgstudio.streams.condition import HeardMessages
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.theme.theme import DARK, Theme

HEADS = ("Address", "Values", "A second", "From")
WIDTHS = (0, 190, 76, 104)
"""Logical pixels; the first takes what is left."""
ROWS = 4
"""How many are seen at once, at least."""
ROW = 22
VALUES = 4
"""Of the newest message, how many are written out."""


class HeardTable(QTableWidget):
    """`address_chosen` tells that a row was double-clicked, or Enter pressed on it."""

    address_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADS), parent)
        self.theme: Theme = DARK
        self.setObjectName("preview")
        self.setAccessibleName("Messages that arrive")
        self.setHorizontalHeaderLabels(HEADS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        may_elide_names(self)
        self.cellActivated.connect(self._activated)

    def show_heard(self, heard: Sequence[HeardMessages]) -> None:
        """Show these, a row each; the chosen row stays."""
        self.setRowCount(len(heard))
        for row, each in enumerate(heard):
            pace = f"{each.rate:.0f}" if each.rate >= 1 else "now and then" if not each.rate else f"{each.rate:.1f}"
            for column, text in enumerate((each.address, values_words(each), pace, each.sender)):
                item = self.item(row, column)
                if item is None:
                    item = QTableWidgetItem(text)
                    self.setItem(row, column, item)
                elif item.text() != text:
                    item.setText(text)
                item.setToolTip(text)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.setFont(theme.ui("small"))
        self.horizontalHeader().setFont(theme.ui("small"))
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW))
        self.verticalHeader().setMinimumSectionSize(theme.px(ROW))
        self.horizontalHeader().setFixedHeight(theme.px(ROW))
        for column, wide in enumerate(WIDTHS):
            if wide:
                self.setColumnWidth(column, theme.px(wide))
        self.setMinimumHeight(theme.px(ROW) * (ROWS + 1) + 4)

    def _activated(self, row: int, _column: int) -> None:
        item = self.item(row, 0)
        if item is not None:
            self.address_chosen.emit(item.text())


def values_words(heard: HeardMessages) -> str:
    """As in "0.12, -9.81, 0.4 … (6)"."""
    shown = [value if isinstance(value, str) else f"{value:.3g}" for value in heard.newest[:VALUES]]
    more = f" … ({heard.count})" if heard.count > len(shown) else ""
    return ", ".join(shown) + more if shown else "none"
