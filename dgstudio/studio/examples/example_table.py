"""The labelled examples as a table: rows drawn as they come into sight, tens of thousands of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from dgstudio.engine.browse.example_query import BY_CLASS, BY_TAKE, LEAST_SURE, MOST_SURE, NEWEST, OLDEST
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.examples.example_model import HEADS, ExamplesModel
from dgstudio.studio.painting.thumbnails import Thumbnails
from dgstudio.studio.theme.theme import DARK, Theme

Index = QModelIndex | QPersistentModelIndex
WIDTHS = (70, 116, 46, 82, 94, 84, 118, 0)
"""Logical pixels of the columns where there is little room; the last, of notes, has what is left."""
WIDER = {1: 90, 6: 90}
"""Logical pixels by which the columns with names of classes may be wider, one after the other."""
NOTE = 90
"""Logical pixels that are left for notes before another column is wider than it need be."""
ROW = 26
"""Logical pixels of a row."""
WORDS = 5000
"""Words that are kept as short as they fit."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
SORTED_BY = {1: (BY_CLASS,), 2: (BY_TAKE,), 3: (NEWEST, OLDEST), 6: (LEAST_SURE, MOST_SURE)}
"""Orders that a click on the head of a column goes through."""


class _Cells(QStyledItemDelegate):
    """Draws the thumbnail and the class's swatch; the rest is text."""

    def __init__(self, table: ExampleTable) -> None:
        super().__init__(table)
        self._table = table
        self._inks: dict[str, QColor] = {}
        self._thumbnails = Thumbnails()
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
            theme, ratio = self._table.theme, self._table.devicePixelRatioF()
            side, edge = theme.px(6), theme.px(3)
            wide, tall = rect.width() - 2 * side, rect.height() - 2 * edge
            at, window, colour = rect.topLeft() + QPoint(side, edge), model.picture(row), model.colour(row)
            self._thumbnails.draw(painter, at, window, colour, wide, tall, ratio, theme)
            return
        text = model.text(row, column)
        if not text:
            return
        px = self._table.theme.px
        left = rect.left() + px(8)
        if column == 1:
            painter.fillRect(left, rect.center().y() - px(9) // 2, px(9), px(9), QColor(model.colour(row)))
            left += px(17)
        painter.setFont(self._fonts[column in (2, 3)])
        ink = "text_strong" if chosen or column == 1 else "text"
        if column == 6 and model.is_wrong(row):
            ink = "warning"
        painter.setPen(self._ink(ink))
        room = QRect(left, rect.top(), rect.right() - left - 4, rect.height())
        if column in (1, 4, 6, 7):
            text = self._short(painter, text, max(4, room.width()))
        painter.drawText(room, LEFT, text)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self._fonts = theme.ui("body"), theme.mono("small")
        self._inks.clear()
        self._shortened: dict[tuple[str, int], str] = {}
        self._thumbnails.clear()

    def _short(self, painter: QPainter, text: str, room: int) -> str:
        key = text, room
        known = self._shortened.get(key)
        if known is None:
            if len(self._shortened) >= WORDS:
                self._shortened.clear()
            known = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            self._shortened[key] = known
        return known

    def _ink(self, token: str) -> QColor:
        if token not in self._inks:
            self._inks[token] = self._table.theme.colour(token)
        return self._inks[token]


class _Head(QHeaderView):
    """The heads of the columns, painted here: Qt's own ask, at each paint, of every row whether it is selected.

    `column` is the one that rows are in the order of, `down` the way; `clicked` carries a column.
    """

    clicked = Signal(object)

    def __init__(self, table: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self.theme: Theme = DARK
        self.column: int | None = None
        self.down = False

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        theme = self.theme
        painter.fillRect(rect, theme.colour("raised"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), theme.colour("border"))
        painter.setFont(self.font())
        ordered = logicalIndex == self.column
        painter.setPen(theme.colour("text_strong" if ordered else "text_muted"))
        words = f"{HEADS[logicalIndex]} {'↓' if self.down else '↑'}" if ordered else HEADS[logicalIndex]
        painter.drawText(rect.adjusted(8, 0, -2, 0), LEFT, words)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit(self.logicalIndexAt(event.position().toPoint()))


class ExampleTable(QTableView):
    """The table itself; whole rows are selected, Shift and Ctrl as usual. `ordered` carries a wish for an order."""

    ordered = Signal(object)

    def __init__(self, examples: ExamplesModel) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.examples = examples
        self.setModel(examples)
        self.setObjectName("examples")
        self.setAccessibleName("Examples")
        may_elide_names(self)
        self._head = _Head(self)
        self.setHorizontalHeader(self._head)
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
        head = self._head
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        # A click that Qt knows of would select the column.
        head.setSectionsClickable(False)
        head.clicked.connect(self._order_by)
        self._order = NEWEST

    def selectAll(self) -> None:  # noqa: D102
        # As one range: Qt's own takes a second for tens of thousands.
        rows = self.examples.rowCount()
        if rows:
            whole = QItemSelection(self.examples.index(0, 0), self.examples.index(rows - 1, len(HEADS) - 1))
            self.selectionModel().select(whole, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def chosen(self) -> list[int]:
        """Return the ids of the selected examples, in the order of the rows."""
        # By ranges: there is an object for each of them only.
        selection = self.selectionModel().selection()
        parts = (selection.at(place) for place in range(selection.count()))
        ranges = sorted({(part.top(), part.bottom()) for part in parts})
        ids = self.examples.ids
        return [identity for top, bottom in ranges for identity in ids[top : bottom + 1].tolist()]

    def show_order(self, order: str) -> None:
        """Mark the column that rows are in the order of."""
        self._order = order
        self._head.column = next((column for column, orders in SORTED_BY.items() if order in orders), None)
        self._head.down = order in (NEWEST, MOST_SURE)
        self._head.viewport().update()

    def _order_by(self, column: int) -> None:
        orders = SORTED_BY.get(column)
        if orders is None:
            return
        place = orders.index(self._order) + 1 if self._order in orders else 0
        self.ordered.emit(orders[place % len(orders)])

    def choose(self, ids: set[int], *, reveal: bool = True) -> None:
        """Select these examples and no others, those that are shown; `reveal` brings the first into sight."""
        rows = np.flatnonzero(np.isin(self.examples.ids, np.fromiter(ids, np.int64, len(ids))))
        selection = QItemSelection()
        for first, last in _runs(rows):
            selection.append(
                QItemSelectionRange(self.examples.index(first, 0), self.examples.index(last, len(HEADS) - 1))
            )
        # Ranges are compared with those that were: many with many takes seconds.
        self.selectionModel().clear()
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.Select)
        if reveal and len(rows):
            self.scrollTo(self.examples.index(int(rows[0]), 0))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._cells.apply_theme(theme)
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW))
        self._head.theme = theme
        self._head.setFont(theme.ui("small"))
        self._head.setFixedHeight(theme.px(ROW))
        self._share_out()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._share_out()

    def _share_out(self) -> None:
        """Give the columns their widths: more to those with names where notes have room enough."""
        px = self.theme.px
        spare = self.viewport().width() - px(sum(WIDTHS) + NOTE)
        for column, width in enumerate(WIDTHS[:-1]):
            more = min(max(0, spare), px(WIDER.get(column, 0)))
            spare -= more
            self.setColumnWidth(column, px(width) + more)


def _runs(rows: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours among ascending rows."""
    if not len(rows):
        return []
    ends = np.flatnonzero(np.diff(rows) > 1)
    firsts, lasts = rows[np.r_[0, ends + 1]], rows[np.r_[ends, len(rows) - 1]]
    return [(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]
