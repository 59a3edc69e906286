"""The first rows of a file that is to be imported, as they stand in it, with what each column is taken for."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from dgstudio.engine.imports.column_mapping import FEATURES, Choices, Target, numeric_columns
from dgstudio.records import dataclass
from dgstudio.streams.imports.table import ImportTable
from dgstudio.studio.common.widgets.head_type import give_type
from dgstudio.studio.theme.theme import DARK, Theme

Index = QModelIndex | QPersistentModelIndex
ROW = 22
HEAD = 38
"""Logical pixels of a row, and of the two lines above all."""
WIDEST = 150
MOST_COLUMNS = 64
"""Columns that are shown: nobody reads further, and each costs time to measure."""
UNUSED = "not used"


class Taken(StrEnum):
    """What a column may be taken for."""

    LABEL = "label"
    TIME = "time"
    TAKE = "take"
    CHANNEL = "channel"
    FEATURE = "feature"
    BESIDE = "beside"
    """What an export tells of an example besides its features."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a column is taken for; `name` is that of its channel, or of what stands beside the features."""

    taken: Taken
    name: str = ""

    @property
    def words(self) -> str:
        """As the head of the column says it."""
        return f"→ {self.name}" if self.taken == Taken.CHANNEL else self.name or self.taken


def roles_of(table: ImportTable, choices: Choices, target: Target) -> dict[str, Role]:
    """Return what each column is taken for, by its name."""
    special = (choices.time, Taken.TIME), (choices.take, Taken.TAKE)
    roles = {name: Role(taken) for name, taken in special if name is not None}
    if choices.shape == FEATURES:
        roles.pop(choices.time or "", None)
        known = set(target.features)
        named = known.issubset(column.name for column in table.columns)
        features = [c.name for c in numeric_columns(table, choices) if not named or c.name in known]
        roles |= dict.fromkeys(features, Role(Taken.FEATURE))
        beside = [name for name in ("start", "end", "learned") if table.column(name) is not None]
        roles |= {name: Role(Taken.BESIDE, name) for name in beside}
    else:
        pairs = zip(choices.channels, target.spec.channels, strict=False)
        roles |= {name: Role(Taken.CHANNEL, channel) for name, channel in pairs if name is not None}
    if choices.label is not None:
        roles[choices.label] = Role(Taken.LABEL)
    return roles


class PreviewModel(QAbstractTableModel):
    """The first rows; what is no number where one is needed, and what is not used, is told by colour and tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self._table: ImportTable | None = None
        self._roles: dict[str, Role] = {}

    def show_table(self, table: ImportTable | None, roles: dict[str, Role]) -> None:
        """Show this file, or none."""
        self.beginResetModel()
        self._table, self._roles = table, roles
        self.endResetModel()

    def role_at(self, column: int) -> Role | None:
        """Return what a column is taken for; None for nothing."""
        assert self._table is not None, "there are columns"
        return self._roles.get(self._table.columns[column].name)

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: D102
        inside = parent is not None and parent.isValid()
        return 0 if inside or self._table is None else len(self._table.preview)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: D102
        inside = parent is not None and parent.isValid()
        return 0 if inside or self._table is None else min(MOST_COLUMNS, len(self._table.columns))

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if self._table is None:
            return None
        if orientation == Qt.Orientation.Vertical:
            return str(self._table.lines[section]) if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            taken = self.role_at(section)
            return f"{self._table.columns[section].name}\n{UNUSED if taken is None else taken.words}"
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        table = self._table
        if table is None:
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return table.preview[row][column]
        if role == Qt.ItemDataRole.ForegroundRole:
            return self.theme.colour(self._ink(row, column))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "This is no number." if self._ink(row, column) == "bad" else table.preview[row][column]
        return None

    def _ink(self, row: int, column: int) -> str:
        assert self._table is not None, "there are cells"
        role = self.role_at(column)
        taken = None if role is None else role.taken
        if taken == Taken.LABEL:
            return "accent_text"
        if taken in (Taken.FEATURE, Taken.CHANNEL):
            return "bad" if math.isnan(self._table.columns[column].values()[row]) else "text"
        return "text_muted"


class PreviewView(QTableView):
    """The table; it can be scrolled, not edited."""

    def __init__(self, model: PreviewModel) -> None:
        super().__init__()
        self.setModel(model)
        self._model = model
        self.setObjectName("preview")
        self.setAccessibleName("First rows of the file")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setStretchLastSection(True)
        across.setHighlightSections(False)
        across.setSectionsClickable(False)
        across.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setSectionsClickable(False)
        down.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setCornerButtonEnabled(False)

    def fit(self) -> None:
        """Make the columns as wide as what is in them."""
        metrics = self.fontMetrics()
        head = self.horizontalHeader().fontMetrics()
        for column in range(self._model.columnCount()):
            title = str(self._model.headerData(column, Qt.Orientation.Horizontal))
            wide = max(head.horizontalAdvance(line) for line in title.split("\n"))
            for row in range(self._model.rowCount()):
                wide = max(wide, metrics.horizontalAdvance(str(self._model.index(row, column).data())))
            self.setColumnWidth(column, min(wide + 24, self._model.theme.px(WIDEST)))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self._model.theme = theme
        self.setFont(theme.mono("small"))
        give_type(self.horizontalHeader(), theme.ui("small"))
        give_type(self.verticalHeader(), theme.mono("tiny"))
        self.horizontalHeader().setFixedHeight(theme.px(HEAD))
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW))
        self.viewport().update()
