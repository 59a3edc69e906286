"""The list of what can be a source: rows under headings, each with its name and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from dgstudio.studio.common.overlays.room_marks import may_elide_names
from dgstudio.studio.source.choice.entries import Entry
from dgstudio.studio.theme.theme import DARK, Theme

ROW, HEADING = 42, 28
"""Logical pixels of a row and of a heading."""
ENTRY = Qt.ItemDataRole.UserRole
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
IN_USE = "in use"


class EntryList(QListWidget):
    """Keeps its row by the entry's key when rows come and go. `chosen` tells that another row is the current one."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.present = ""
        """Key of the row that is in use."""
        self._entries: tuple[Entry, ...] = ()
        self.setAccessibleName("Sources")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Rows(self))
        may_elide_names(self)
        self.currentRowChanged.connect(lambda _row: self.chosen.emit())

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Show these; the row that was chosen stays it as long as it is there."""
        if tuple(entries) == self._entries:
            return
        key = self.current_key()
        self._entries = tuple(entries)
        self.blockSignals(True)
        self.clear()
        section = ""
        for entry in self._entries:
            if entry.section != section:
                section = entry.section
                heading = QListWidgetItem(section)
                heading.setFlags(Qt.ItemFlag.NoItemFlags)
                self.addItem(heading)
            item = QListWidgetItem(entry.title)
            item.setData(ENTRY, entry)
            item.setToolTip(entry.missing or "\n".join(filter(None, (entry.about, entry.found, entry.note))))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.title}, {second_line(entry)}")
            self.addItem(item)
        found = self.choose(key)
        self.blockSignals(False)
        if not found and key:
            # What was chosen is gone.
            self.choose(self._entries[0].key)

    def choose(self, key: str) -> bool:
        """Make the row of an entry the current one; whether it is there."""
        for row in range(self.count()):
            entry = self.item(row).data(ENTRY)
            if entry is not None and entry.key == key:
                self.setCurrentRow(row)
                return True
        return False

    def current(self) -> Entry | None:
        """Return the entry of the current row; None where there is none."""
        item = self.currentItem()
        entry = None if item is None else item.data(ENTRY)
        return entry if isinstance(entry, Entry) else None

    def current_key(self) -> str:
        """Return its key; "" where there is none."""
        entry = self.current()
        return "" if entry is None else entry.key

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.doItemsLayout()
        self._keep_in_sight()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        item = self.currentItem()
        if item is not None:
            self.scrollToItem(item)


def second_line(entry: Entry) -> str:
    """What stands below the title."""
    return "Not installed" if entry.missing else entry.found or entry.brief


class _Rows(QStyledItemDelegate):
    def __init__(self, view: EntryList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, self._view.theme.px(ROW if index.data(ENTRY) is not None else HEADING))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, entry = self._view.theme, index.data(ENTRY)
        rect, side = QRect(option.rect), theme.px(10)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if entry is None:
            painter.setFont(theme.header())
            painter.setPen(theme.colour("text_muted"))
            low = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
            painter.drawText(rect.adjusted(side, 0, -side, -theme.px(4)), low, str(index.data()))
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(theme.colour("accent"))
            painter.setBrush(theme.colour("accent_soft"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 1.5, -0.5, -1.5), 5, 5)
        half, edge = rect.height() // 2, theme.px(3)
        upper = QRect(rect.left() + side, rect.top() + edge, rect.width() - 2 * side, half - edge)
        lower = QRect(rect.left() + side, rect.top() + half, rect.width() - 2 * side, half - edge)
        self._paint_words(painter, entry, upper, lower)
        painter.restore()

    def _paint_words(self, painter: QPainter, entry: Entry, upper: QRect, lower: QRect) -> None:
        theme, taken = self._view.theme, 0
        if entry.key == self._view.present:
            painter.setFont(theme.ui("small"))
            painter.setPen(theme.colour("good"))
            painter.drawText(upper, RIGHT, IN_USE)
            taken = painter.fontMetrics().horizontalAdvance(IN_USE) + theme.px(10)
        right = Qt.TextElideMode.ElideRight
        painter.setFont(theme.ui("body", 600))
        painter.setPen(theme.colour("text_muted" if entry.missing else "text_strong"))
        title = painter.fontMetrics().elidedText(entry.title, right, upper.width() - taken)
        painter.drawText(upper, LEFT, title)
        painter.setFont(theme.ui("small"))
        painter.setPen(theme.colour("text_muted"))
        painter.drawText(lower, LEFT, painter.fontMetrics().elidedText(second_line(entry), right, lower.width()))
