"""The command palette (Ctrl+K) and the list of shortcuts (F1): overlays on the window, never windows of their own."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from dgstudio.studio.actions.ids import Group
from dgstudio.studio.actions.registry import Action, ActionRegistry, display_key
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.common.widgets.chip import KeyCap, paint_key_cap
from dgstudio.studio.theme.theme import Theme

ROLE = Qt.ItemDataRole.UserRole
ROW = 30
"""Logical pixels of a row of the palette."""
HELD_KEYS = (
    ("1 … 9", "Hold to record; tap: the last half second"),
    ("0, then …", "Hold the second key of a later class"),
    ("Shift 1 … 9", "Take back the last take of that class"),
    ("← → Home", "Once paused: look back"),
    ("Alt 1 … 9", "Let the simulator perform a gesture"),
    ("Shift ← →", "Once paused: mark a stretch to label"),
)
"""Keys of the classes, which are no actions."""


COLUMNS, HEADING = 3, 2
"""Columns of the list of keys, and how many lines the heading of a group takes there."""


class CommandPalette(Overlay):
    """Type some letters of what you want, Enter does it."""

    def __init__(self, actions: ActionRegistry[Any], parent: QWidget) -> None:
        super().__init__(parent, 560, 400, 64)
        self.grows = (1.0, 2.0)
        self.setAccessibleName("Command palette")
        self._actions = actions
        self.field = QLineEdit()
        self.field.setPlaceholderText("Do what?  Type some letters of it")
        self.field.setAccessibleName("Search actions")
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Actions found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda _item: self._do())
        self._rows = _Rows(self)
        self.list.setItemDelegate(self._rows)
        self.none = QLabel("No action is called that.")
        self.none.setObjectName("empty")
        self.none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        for widget in (self.field, self.none, self.list):
            column.addWidget(widget, 1 if widget is self.list else 0)

    def open(self) -> None:
        """Show all actions on offer, ready for typing."""
        super().open()
        self.field.clear()
        self._fill("")
        self.field.setFocus()

    def wanted_height(self, wide: int) -> int:
        """Return the height of the field and of the rows found, at least three."""
        rows = max(3, self.list.count()) * self.theme.px(ROW)
        return self.field.sizeHint().height() + rows + 34

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.field.setFont(theme.ui("title"))
        self.none.setFont(theme.ui("body"))
        self.list.doItemsLayout()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            key = Qt.Key(event.key())
            if key in steps and self.list.count():
                row = max(0, min(self.list.count() - 1, self.list.currentRow() + steps[key]))
                self.list.setCurrentRow(row)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._do()
                return True
            if key == Qt.Key.Key_Escape:
                self.close_overlay()
                return True
            return False
        return super().eventFilter(watched, event)

    def _fill(self, text: str) -> None:
        self.list.clear()
        for action in self._actions.search(text):
            if not action.in_palette:
                continue
            item = QListWidgetItem(action.title)
            item.setData(ROLE, action)
            item.setToolTip(action.tooltip)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.none.setVisible(self.list.count() == 0)
        self.list.setVisible(self.list.count() > 0)
        self.place()

    def _do(self) -> None:
        if self.list.currentRow() < 0:
            return
        action: Action[Any] = self.list.currentItem().data(ROLE)
        # Closed first: an action may want the focus for itself.
        self.close_overlay()
        self._actions.choose(action)


class _Rows(QStyledItemDelegate):
    """Draws one action: its group in grey, its title, its key."""

    def __init__(self, palette: CommandPalette) -> None:
        super().__init__(palette)
        self._palette = palette

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, self._palette.theme.px(ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme = self._palette.theme
        action: Action[Any] = index.data(ROLE)
        rect = QRect(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0, 1, 0, -1), 5, 5)
        painter.setFont(theme.ui("small"))
        painter.setPen(theme.colour("on_accent" if chosen else "text_muted"))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect.adjusted(theme.px(10), 0, 0, 0), left, action.group)
        painter.setFont(theme.ui("body"))
        painter.setPen(theme.colour("on_accent" if chosen else "text"))
        painter.drawText(rect.adjusted(theme.px(92), 0, 0, 0), left, action.title)
        if action.keys:
            font, text = theme.mono("tiny"), display_key(action.keys[0])
            wide, tall = QFontMetrics(font).horizontalAdvance(text) + theme.px(14), theme.px(18)
            cap = QRectF(rect.right() - wide - theme.px(8), rect.center().y() - tall / 2 + 1, wide, tall)
            paint_key_cap(painter, cap, text, theme, font, theme.colour("text_muted"))
        painter.restore()


Keys = tuple[Group, list[tuple[str, str]]]
"""A group of actions: its name, and the key and the title of each."""


def in_columns(groups: list[Keys]) -> list[list[Keys]]:
    """Return groups of keys in columns, in their order, so that the tallest column is as low as can be."""

    def tall(part: list[Keys]) -> int:
        return sum(len(lines) + HEADING for _, lines in part)

    cuts = combinations(range(len(groups) + 1), COLUMNS - 1)
    shared = ([groups[a:b] for a, b in pairwise((0, *cut, len(groups)))] for cut in cuts)
    return min(shared, key=lambda columns: max(map(tall, columns)))


class ShortcutSheet(Overlay):
    """Every key of the window, by group."""

    def __init__(self, actions: ActionRegistry[Any], parent: QWidget) -> None:
        super().__init__(parent, 1264, 656, 52)
        self.setAccessibleName("Keyboard shortcuts")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._heads: list[QLabel] = []
        self._lines: list[QLabel] = []
        self._caps: list[KeyCap] = []
        self._grids: list[QGridLayout] = []
        columns = QHBoxLayout(self)
        columns.setContentsMargins(20, 18, 20, 18)
        columns.setSpacing(24)
        groups = {Group.LABEL: list(HELD_KEYS)}
        for name, members in actions.groups().items():
            groups.setdefault(name, []).extend((display_key(it.keys[0]), it.title) for it in members if it.keys)
        wanted = [(name, lines) for name, lines in groups.items() if lines]
        sides = [QVBoxLayout() for _ in range(COLUMNS)]
        for side, column in zip(sides, in_columns(wanted), strict=True):
            for name, lines in column:
                side.addLayout(self._group(name, lines))
            side.setSpacing(14)
            side.addStretch(1)
            columns.addLayout(side)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for label in self._heads:
            label.setFont(theme.header())
        for label in self._lines:
            label.setFont(theme.ui("body"))
        for cap in self._caps:
            cap.apply_theme(theme)
        for grid in self._grids:
            grid.setColumnMinimumWidth(0, theme.px(96))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_F1, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.close_overlay()
        super().keyPressEvent(event)

    def _group(self, name: str, lines: list[tuple[str, str]]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        head = QLabel(name)
        head.setObjectName("muted")
        self._heads.append(head)
        column.addWidget(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        self._grids.append(grid)
        for row, (key, title) in enumerate(lines):
            cap, label = KeyCap(key), QLabel(title)
            self._caps.append(cap)
            self._lines.append(label)
            grid.addWidget(cap, row, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label, row, 1)
        column.addLayout(grid)
        return column
