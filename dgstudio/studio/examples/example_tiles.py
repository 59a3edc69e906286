"""The labelled examples as thumbnails: small signals in their classes' colours, drawn as they come into sight."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from dgstudio.engine.browse.analysis import CONFLICTING, MISLABELLED
from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.examples.example_model import ExamplesModel
from dgstudio.studio.painting.thumbnails import Thumbnails
from dgstudio.studio.theme.theme import DARK, Theme

Index = QModelIndex | QPersistentModelIndex
WIDE, TALL = 124, 84
"""Logical pixels of a tile, its margin included."""
LINE = 20
MARGIN = 3
BESIDE, MARK = 5, 8
"""Beside what stands in the line, and the side of the mark in it."""
ROWS = QItemSelectionModel.SelectionFlag.Rows


class _Tiles(QStyledItemDelegate):
    """Draws a tile: the signal, under it the class and what is answered now."""

    def __init__(self, view: ExampleTiles) -> None:
        super().__init__(view)
        self._view = view
        self._thumbnails = Thumbnails()
        self.apply_theme(view.theme)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._view.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, model, row = self._view.theme, self._view.examples, index.row()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        outer: QRect = option.rect
        box = outer.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        line = theme.px(LINE)
        painter.fillRect(box, self._ink("accent_soft" if chosen else "surface"))
        wide, tall = box.width() - 2, box.height() - line - 1
        window, colour, ratio = model.picture(row), model.colour(row), self._view.devicePixelRatioF()
        at = box.topLeft() + QPoint(1, 1)
        self._thumbnails.draw(painter, at, window, colour, wide, tall, ratio, theme, 60)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(self._ink("accent" if chosen else "accent_hover" if focused else "border"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5))
        beside, mark = theme.px(BESIDE), theme.px(MARK)
        under = QRect(box.left() + beside, box.bottom() - line, box.width() - 2 * beside, line)
        painter.fillRect(under.left(), under.center().y() + 1 - mark // 2, mark, mark, QColor(colour))
        answer = self._answer(row)
        painter.setFont(self._small)
        painter.setPen(self._ink("warning" if model.is_wrong(row) else "text_muted"))
        painter.drawText(under, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, answer)
        room = under.adjusted(mark + beside, 0, -painter.fontMetrics().horizontalAdvance(answer) - beside, 0)
        painter.setFont(self._body)
        painter.setPen(self._ink("text_strong"))
        name = painter.fontMetrics().elidedText(model.text(row, 1), Qt.TextElideMode.ElideRight, max(4, room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        if window is None:
            painter.setPen(self._ink("text_muted"))
            painter.drawText(box.adjusted(0, 0, 0, -line), Qt.AlignmentFlag.AlignCenter, "no signal kept")
        self._signs(painter, box, row)

    def _answer(self, row: int) -> str:
        """The share alone where it answers the label; what it answers instead otherwise."""
        model = self._view.examples
        answer = model.answer(row)
        return answer if model.is_wrong(row) or answer == "unsure" else answer[len(model.text(row, 1)) :].strip()

    def _signs(self, painter: QPainter, box: QRect, row: int) -> None:
        """Small letters in the corner: what the tooltip says in words."""
        model = self._view.examples
        signs = [s for mark, s in ((MISLABELLED, "?"), (CONFLICTING, "≠")) if model.has(row, mark)]
        signs += ["✎"] if model.note(row) else []
        if signs:
            painter.setFont(self._body)
            painter.setPen(self._ink("warning"))
            corner = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
            painter.drawText(box.adjusted(0, 2, -5, 0), corner, " ".join(signs))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self._body, self._small = theme.ui("small"), theme.mono("tiny")
        self._inks: dict[str, QColor] = {}
        self._thumbnails.clear()

    def _ink(self, token: str) -> QColor:
        if token not in self._inks:
            self._inks[token] = self._view.theme.colour(token)
        return self._inks[token]


class ExampleTiles(QListView):
    """The grid. It shares the model and the selection of the table: what is selected here is selected there."""

    def __init__(self, examples: ExamplesModel, selection: QItemSelectionModel) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self.examples = examples
        self.setModel(examples)
        own = self.selectionModel()
        self.setSelectionModel(selection)
        own.deleteLater()
        self.setObjectName("examples")
        self.setAccessibleName("Examples as thumbnails")
        may_elide_names(self)
        self._tiles = _Tiles(self)
        self.setItemDelegate(self._tiles)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        # One size for all: nothing is measured tile by tile.
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.apply_theme(DARK)

    def selectionCommand(  # noqa: D102
        self, index: Index, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        return super().selectionCommand(index, event) | ROWS

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:  # noqa: D102
        # Tile by tile, as usual, would take seconds for all.
        return QRegion(self.viewport().rect())

    def selectAll(self) -> None:  # noqa: D102
        rows, columns = self.examples.rowCount(), self.examples.columnCount()
        if rows:
            whole = QItemSelection(self.examples.index(0, 0), self.examples.index(rows - 1, columns - 1))
            self.selectionModel().select(whole, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self._tiles.apply_theme(theme)
        self._spread()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._spread()

    def _spread(self) -> None:
        """Let as many tiles as fit take the whole width."""
        room, wide = self.viewport().width() - 1, self.theme.px(WIDE)
        size = QSize(max(wide, room // max(1, room // wide)), self.theme.px(TALL))
        if size != self.gridSize():
            self.setGridSize(size)
