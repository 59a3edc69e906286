"""The labelled examples as a table: rows drawn as they come into sight, tens of thousands of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from dgstudio.studio.theme import DARK, Theme
from dgstudio.studio.widgets.classcard import draw_sketch, sketch
from dgstudio.types import F32, Example, Take

Index = QModelIndex | QPersistentModelIndex
HEADS = ("", "class", "take", "time", "labelled by", "learned")
WIDTHS = (74, 150, 60, 92, 104, 0)
ROW = 26
"""Logical pixels of a row."""
PICTURES = 1000
"""Thumbnails that are kept drawn."""
WHO = {
    "held": "held key",
    "tap": "tap",
    "retro": "past stretch",
    "file": "file",
    "import": "import",
    "suggestion": "suggestion",
}


class ExamplesModel(QAbstractTableModel):
    """Examples in rows, in the order given; columns as in `HEADS`.

    `name_of` gives a class's name, `colour_of` its colour.
    """

    def __init__(self, name_of: Callable[[int], str], colour_of: Callable[[int], str]) -> None:
        super().__init__()
        self._name_of, self._colour_of = name_of, colour_of
        self.examples: list[Example] = []
        self._takes: dict[int, Take] = {}
        self._pictures: dict[int, list[Example]] = {}

    def show_examples(self, examples: Sequence[Example], takes: dict[int, Take], pictured: Sequence[Example]) -> None:
        """Show these; `pictured` are the examples, of whatever class, that have their raw window."""
        self.beginResetModel()
        self.examples, self._takes = list(examples), takes
        self._pictures = {}
        for example in pictured:
            self._pictures.setdefault(example.take_id, []).append(example)
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(self.examples)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(HEADS)

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        example = self.examples[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                f"Example {example.id}: {self._name_of(example.class_id)}, {example.start:.2f} to {example.end:.2f} s"
            )
        return None

    def text(self, row: int, column: int) -> str:
        """Return what stands in a cell."""
        example = self.examples[row]
        take = self._takes.get(example.take_id)
        who = "" if take is None else WHO.get(take.who, take.who)
        learned = "yes" if example.learn else "kept only"
        return ("", self._name_of(example.class_id), f"{example.take_id}", f"{example.end:.2f} s", who, learned)[column]

    def colour(self, row: int) -> str:
        """Return the colour of a row's class."""
        return self._colour_of(self.examples[row].class_id)

    def picture(self, row: int) -> F32 | None:
        """Return the window (n, channels) to draw for a row: its own, or that of its take that it shares most with."""
        example = self.examples[row]
        if example.raw is not None:
            return example.raw
        near = self._pictures.get(example.take_id)
        return min(near, key=lambda other: abs(other.start - example.start)).raw if near else None


class _Cells(QStyledItemDelegate):
    """Draws the thumbnail and the class's swatch; the rest is text."""

    def __init__(self, table: ExampleTable) -> None:
        super().__init__(table)
        self._table = table
        self._inks: dict[str, QColor] = {}
        self._pictures: dict[object, tuple[F32 | None, QPixmap]] = {}
        self.apply_theme(table.theme)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, self._table.theme.px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model, row, column = self._table.examples, index.row(), index.column()
        rect: QRect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(rect, self._ink("accent_soft"))
        if column == 0:
            painter.drawPixmap(rect.topLeft() + QPoint(6, 3), self._picture(row, rect.width() - 12, rect.height() - 6))
            return
        left = rect.left() + 8
        if column == 1:
            painter.fillRect(left, rect.center().y() - 4, 9, 9, QColor(model.colour(row)))
            left += 17
        painter.setFont(self._fonts[column in (2, 3)])
        painter.setPen(self._ink("text_strong" if chosen or column == 1 else "text"))
        room = QRect(left, rect.top(), rect.right() - left - 4, rect.height())
        text = model.text(row, column)
        if column == 1:
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(4, room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self._fonts = theme.ui("body"), theme.mono("small")
        self._inks.clear()
        self._pictures.clear()

    def _ink(self, token: str) -> QColor:
        if token not in self._inks:
            self._inks[token] = self._table.theme.colour(token)
        return self._inks[token]

    def _picture(self, row: int, wide: int, tall: int) -> QPixmap:
        """Return the thumbnail of a row; many rows show the same window."""
        theme, model, ratio = self._table.theme, self._table.examples, self._table.devicePixelRatioF()
        window, colour = model.picture(row), model.colour(row)
        key = (id(window), colour, wide, tall, ratio)
        known = self._pictures.get(key)
        if known is not None:
            return known[1]
        pixmap = QPixmap(round(wide * ratio), round(tall * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.colour("well"))
        if window is not None:
            painter = QPainter(pixmap)
            painter.setPen(QPen(theme.colour(theme.visible(colour)), 1))
            for line in sketch([window], 40):
                draw_sketch(painter, line, QRectF(0, 0, wide, tall))
            painter.end()
        if len(self._pictures) >= PICTURES:
            self._pictures.clear()
        # With its window, so that its id stays its own.
        self._pictures[key] = window, pixmap
        return pixmap


class ExampleTable(QTableView):
    """The table itself; whole rows are selected, with Shift and Ctrl as usual."""

    def __init__(self, examples: ExamplesModel) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.examples = examples
        self.setModel(examples)
        self.setObjectName("examples")
        self.setAccessibleName("Examples")
        self._cells = _Cells(self)
        self.setItemDelegate(self._cells)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        # One height for all: nothing is measured row by row.
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionsClickable(False)

    def chosen(self) -> list[int]:
        """Return the ids of the selected examples, in the order of the rows."""
        # By ranges: there is an object for each of them only.
        selection = self.selectionModel().selection()
        parts = (selection.at(place) for place in range(selection.count()))
        ranges = sorted({(part.top(), part.bottom()) for part in parts})
        return [self.examples.examples[row].id for top, bottom in ranges for row in range(top, bottom + 1)]

    def choose(self, ids: set[int]) -> None:
        """Select these examples and no others, those that are shown, and bring the first into sight."""
        rows = np.asarray([row for row, example in enumerate(self.examples.examples) if example.id in ids], np.int64)
        selection = QItemSelection()
        for first, last in _runs(rows):
            selection.append(
                QItemSelectionRange(self.examples.index(first, 0), self.examples.index(last, len(HEADS) - 1))
            )
        # Ranges are compared with those that were: many with many takes seconds.
        self.selectionModel().clear()
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.Select)
        if len(rows):
            self.scrollTo(self.examples.index(int(rows[0]), 0))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._cells.apply_theme(theme)
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW))
        self.horizontalHeader().setFont(theme.ui("small"))
        self.horizontalHeader().setFixedHeight(theme.px(ROW))
        for column, width in enumerate(WIDTHS[:-1]):
            self.setColumnWidth(column, theme.px(width))
        self.viewport().update()


def _runs(rows: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours among ascending rows."""
    if not len(rows):
        return []
    ends = np.flatnonzero(np.diff(rows) > 1)
    firsts, lasts = rows[np.r_[0, ends + 1]], rows[np.r_[ends, len(rows) - 1]]
    return [(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]
