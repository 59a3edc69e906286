"""The undo history: every act on labels and classes in a list; choosing one goes back, or forth, to it."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.overlays.sheet import LabelSheet
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import Act, Take

SIZE = QSize(520, 520)
BEGINNING = "The beginning"
HOW = "Enter or a double click goes to a line: what stands above it is undone, and can be done again."
EMPTY = "Nothing has been labelled or changed yet."
BESIDE, ABOVE, FRAME = 6, 4, 4
"""Room beside a line of the list and above it, as the style gives it, in the theme's pixels; and what Qt adds."""


class _Lines(QStyledItemDelegate):
    """Lines as high as their text is; Qt's own forgets what its style takes beside it, and cuts the last words."""

    def __init__(self, sheet: HistorySheet) -> None:
        super().__init__(sheet)
        self._sheet = sheet

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        theme, wide = self._sheet.theme, self._sheet.list.viewport().width()
        room = QRect(0, 0, wide - 2 * (theme.px(BESIDE) + FRAME), 10_000)
        wraps = int(Qt.TextFlag.TextWordWrap)
        tall = option.fontMetrics.boundingRect(room, wraps, str(index.data())).height()
        return QSize(wide, tall + 2 * theme.px(ABOVE))


class HistorySheet(LabelSheet):
    """Opened by H. The newest act stands on top; those that are undone say so."""

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget) -> None:
        super().__init__("History", SIZE, 64, state, commands, parent)
        self.grows = (1.2, 1.8)
        self._acts: list[Act] = []
        self._done = 0
        self.list = QListWidget()
        self.list.setObjectName("acts")
        self.list.setAccessibleName("Acts")
        self.list.setItemDelegate(_Lines(self))
        self.list.setWordWrap(True)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemDoubleClicked.connect(lambda _item: self.go())
        self.list.installEventFilter(self)
        self.words = QLabel(HOW)
        self.words.setObjectName("muted")
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.list, 1)
        column.addWidget(self.words)
        self.main = self.list

    def refresh(self) -> None:
        """Bring the list up to date; the line where things stand is chosen."""
        self._acts, self._done = self._commands.book.history()
        takes = self._commands.book.every_take()
        self.list.clear()
        for place in range(len(self._acts), 0, -1):
            act = self._acts[place - 1]
            undone = place > self._done
            when = time.strftime("%H:%M:%S", time.localtime(act.unix))
            item = QListWidgetItem(f"{when}   {self._text(act, takes)}{'   (undone)' if undone else ''}")
            item.setForeground(self.theme.colour("text_muted" if undone else "text"))
            item.setData(Qt.ItemDataRole.UserRole, place)
            self.list.addItem(item)
        first = QListWidgetItem(BEGINNING)
        first.setData(Qt.ItemDataRole.UserRole, 0)
        first.setForeground(self.theme.colour("text_muted"))
        self.list.addItem(first)
        self.list.setCurrentRow(len(self._acts) - self._done)
        self.words.setText(HOW if self._acts else EMPTY)

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return (self.list,)

    def go(self) -> None:
        """Undo, or do again, until the chosen act is the last that is done."""
        if self.list.currentRow() < 0:
            return
        steps = int(self.list.currentItem().data(Qt.ItemDataRole.UserRole)) - self._done
        for _ in range(abs(steps)):
            (self._commands.labels.redo if steps > 0 else self._commands.labels.undo)()
        # The engine carries it out in its own time; until then nothing may be counted from here again.
        self._done += steps
        self.later.start()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.list.setFont(theme.ui("body"))
        self.words.setFont(theme.ui("small"))
        super().apply_theme(theme)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.go()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_overlay()
                return True
        return super().eventFilter(watched, event)

    def _text(self, act: Act, takes: dict[int, Take]) -> str:
        take = None if act.take_id is None else takes.get(act.take_id)
        return act.text if take is None else f"{self._state.name_of(take.class_id)}: {act.text}"
