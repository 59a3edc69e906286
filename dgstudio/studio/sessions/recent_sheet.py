"""The sessions that were open lately, to go on with one of them; Ctrl+Shift+O opens the list."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from dgstudio.guard.texts import plain_text
from dgstudio.reasons.sizes import size_words
from dgstudio.session.storage.opening import is_open_elsewhere
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.sessions.recent import RecentSession, age_words
from dgstudio.studio.theme.theme import Theme

SIZE = QSize(640, 460)
ROW = 46
"""Logical pixels of a row."""
HOW = "Enter or a double click opens a session; what is open now is saved, as always, and closed."
EMPTY = "No session was open here before: Ctrl+O looks for a file, Ctrl+N begins a new session."
GONE = "This file is not there any more: Del forgets it."
IN_USE = "Another program writes this session, a station or another window: it can be watched meanwhile."
OPEN_TIP = "Go on with this session  [Enter]"
WATCH_TIP = "Follow what the other program answers and learns; nothing can be changed here  [Enter]"
ENTRY = Qt.ItemDataRole.UserRole


class RecentSheet(Overlay):
    """Lists recent sessions with age and size, those that are gone too, until they are forgotten.

    Parameters
    ----------
    sessions
        Called for the list whenever the sheet opens, the newest first.
    present
        Called for the session that is open now; None where it has no file.
    open_session, forget, watch, other, new
        What the buttons do: open, forget or only follow this file, choose another file, begin a new session.
    """

    def __init__(
        self,
        parent: QWidget,
        *,
        sessions: Callable[[], list[RecentSession]],
        present: Callable[[], Path | None],
        open_session: Callable[[Path], object],
        forget: Callable[[Path], object],
        watch: Callable[[Path], object],
        other: Callable[[], object],
        new: Callable[[], object],
    ) -> None:
        super().__init__(parent, SIZE.width(), SIZE.height(), 64)
        self.grows = (1.2, 1.6)
        self.setAccessibleName("Recent sessions")
        self._sessions, self._present, self._open, self._forget = sessions, present, open_session, forget
        self._watch = watch
        self._in_use: Path | None = None
        """What is chosen, where another program writes it."""
        self.title = QLabel("Recent sessions")
        self.title.setObjectName("panelTitle")
        self.list = QListWidget()
        self.list.setAccessibleName("Sessions")
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(_Rows(self))
        self.list.itemDoubleClicked.connect(lambda _item: self.go())
        self.list.currentRowChanged.connect(lambda _row: self._chosen())
        self.list.installEventFilter(self)
        self.words = QLabel(HOW)
        self.words.setObjectName("muted")
        self.words.setWordWrap(True)
        self.new_button = self._button("New session", new, "Begin anew, on the same stream  [Ctrl N]")
        self.other_button = self._button("Other file…", other, "Look for a session file  [Ctrl O]")
        self.forget_button = QPushButton("Forget")
        self.forget_button.setToolTip("List it no more; the file stays as it is  [Del]")
        self.forget_button.clicked.connect(lambda _checked=False: self.forget())
        self.open_button = QPushButton("Open")
        self.open_button.setToolTip(OPEN_TIP)
        self.open_button.clicked.connect(lambda _checked=False: self.go())
        self.default_button = self.open_button
        foot = QHBoxLayout()
        for button in (self.new_button, self.other_button):
            foot.addWidget(button)
        foot.addStretch(1)
        for button in (self.forget_button, self.open_button):
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addWidget(self.list, 1)
        column.addWidget(self.words)
        column.addLayout(foot)

    def open(self) -> None:
        """Show what there is now."""
        self.refresh()
        super().open()
        self.list.setFocus()

    def wanted_height(self, wide: int) -> int:
        """Return the height that the list needs, at least three rows of it."""
        return self.theme.px(150) + max(3, self.list.count()) * self.theme.px(ROW)

    def refresh(self) -> None:
        """Look the sessions up again; the choice stays."""
        row, present = self.list.currentRow(), self._present()
        self.list.clear()
        for entry in self._sessions():
            item = QListWidgetItem(plain_text(entry.path.stem))
            item.setData(ENTRY, (entry, entry.path == present))
            item.setToolTip(plain_text(str(entry.path)))
            first, second = self.lines(entry, entry.path == present)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{plain_text(entry.path.stem)}, {first}, {second}")
            self.list.addItem(item)
        # One that can be opened, if there is any.
        others = {i: entry for i in range(self.list.count()) for entry, here in [self._at(i)] if entry and not here}
        there = next((i for i, entry in others.items() if not entry.gone), next(iter(others), 0))
        self.list.setCurrentRow(min(row, self.list.count() - 1) if row >= 0 else there)
        self._chosen()

    def lines(self, entry: RecentSession, present: bool) -> tuple[str, str]:
        """Return what stands at the right of a session, and below it."""
        when = "open now" if present else age_words(max(0.0, time.time() - entry.used))
        holds = f"{_count(entry.classes, 'class', 'classes')} · {_count(entry.examples, 'example', 'examples')}"
        if entry.size is None:
            return when, f"not there any more · {plain_text(str(entry.path.parent))}"
        return when, f"{size_words(entry.size)} · {holds} · {plain_text(str(entry.path.parent))}"

    def go(self) -> None:
        """Open what is chosen."""
        entry, present = self._at(self.list.currentRow())
        if entry is None or entry.gone:
            return
        # Closed first: what opens takes the window.
        self.close_overlay()
        if not present:
            (self._watch if entry.path == self._in_use else self._open)(entry.path)

    def forget(self) -> None:
        """List what is chosen no more."""
        entry, present = self._at(self.list.currentRow())
        if entry is not None and not present:
            self._forget(entry.path)
            self.refresh()
            self.place()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.title.setFont(theme.header())
        self.words.setFont(theme.ui("small"))
        for button in (self.new_button, self.other_button, self.forget_button, self.open_button):
            button.setFont(theme.ui("body"))
        self.list.doItemsLayout()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.go()
                return True
            if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                self.forget()
                return True
            if key == Qt.Key.Key_Escape:
                self.close_overlay()
                return True
        return super().eventFilter(watched, event)

    def _at(self, row: int) -> tuple[RecentSession | None, bool]:
        item = self.list.item(row) if row >= 0 else None
        if item is None:
            return None, False
        entry, present = item.data(ENTRY)
        return entry, bool(present)

    def _chosen(self) -> None:
        entry, present = self._at(self.list.currentRow())
        self.open_button.setEnabled(entry is not None and not entry.gone and not present)
        self.forget_button.setEnabled(entry is not None and not present)
        there = entry is not None and not entry.gone and not present
        self._in_use = entry.path if entry is not None and there and is_open_elsewhere(entry.path) else None
        self.open_button.setText("Open" if self._in_use is None else "Watch")
        self.open_button.setToolTip(OPEN_TIP if self._in_use is None else WATCH_TIP)
        self.words.setText(EMPTY if entry is None else GONE if entry.gone else HOW if self._in_use is None else IN_USE)

    def _button(self, text: str, act: Callable[[], object], tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)

        def clicked() -> None:
            self.close_overlay()
            act()

        button.clicked.connect(lambda _checked=False: clicked())
        return button


class _Rows(QStyledItemDelegate):
    """Draws a session: its name and age, and below what is in it and where it lies."""

    def __init__(self, sheet: RecentSheet) -> None:
        super().__init__(sheet)
        self._sheet = sheet

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, self._sheet.theme.px(ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, (entry, present) = self._sheet.theme, index.data(ENTRY)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        when, about = self._sheet.lines(entry, present)
        rect = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if chosen:
            painter.setPen(theme.colour("accent"))
            painter.setBrush(theme.colour("accent_soft"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 1.5, -0.5, -1.5), 5, 5)
        half = rect.height() // 2
        side, edge = theme.px(12), theme.px(4)
        upper = QRect(rect.left() + side, rect.top() + edge, rect.width() - 2 * side, half - edge)
        lower = QRect(rect.left() + side, rect.top() + half, rect.width() - 2 * side, half - edge)
        left, right = (side | Qt.AlignmentFlag.AlignVCenter for side in (LEFT, RIGHT))
        painter.setFont(theme.ui("small"))
        painter.setPen(theme.colour("good" if present else "text_muted"))
        painter.drawText(upper, right, when)
        taken = painter.fontMetrics().horizontalAdvance(when) + side
        painter.setPen(theme.colour("warning" if entry.gone else "text_muted"))
        middle = Qt.TextElideMode.ElideMiddle
        painter.drawText(lower, left, painter.fontMetrics().elidedText(about, middle, lower.width()))
        painter.setFont(theme.ui("body", 600))
        painter.setPen(theme.colour("text_muted" if entry.gone else "text_strong"))
        name = painter.fontMetrics().elidedText(plain_text(entry.path.stem), middle, upper.width() - taken)
        painter.drawText(upper, left, name)
        painter.restore()


LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight


def _count(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
