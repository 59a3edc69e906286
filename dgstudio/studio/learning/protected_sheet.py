"""The protected inputs as a list: class, how sure the answer was, where it comes from; chosen ones can be released."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from dgstudio.engine.adapt.auto_protect import ProtectedInput
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.overlays.sheet import LabelSheet
from dgstudio.studio.common.widgets.head_type import give_type
from dgstudio.studio.theme.theme import Theme

SIZE = QSize(560, 560)
HEADS = ("class", "confidence", "from")
WIDTHS = (190, 110, 0)
ROW = 24
SWATCH = 10
EMPTY = "Nothing is protected yet: “Protect what it knows now” does it."
HOW = "The bits of these answers do not move. Select rows to release them: their answers may move from then on."
ROLE = Qt.ItemDataRole.UserRole


class ProtectedSheet(LabelSheet):
    """Del or the button releases the selection; Ctrl+Z takes that back.

    `attempt` calls a command and tells the user what it refuses.
    """

    def __init__(self, state: StudioState, commands: Bridge, attempt: Callable[..., None], parent: QWidget) -> None:
        super().__init__("Protected inputs", SIZE, 56, state, commands, parent)
        state.when(StudioState.protected).connect(self._fall_behind)
        self.grows = (1.0, 1.8)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._attempt = attempt
        self.inputs: list[ProtectedInput] = []
        self.counts = QLabel("")
        self.counts.setObjectName("muted")
        self.words = QLabel("")
        self.words.setObjectName("muted")
        self.words.setWordWrap(True)
        self.table = QTableWidget(0, len(HEADS))
        self.table.setObjectName("preview")
        self.table.setAccessibleName("Protected inputs")
        self.table.setHorizontalHeaderLabels(HEADS)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setSectionResizeMode(len(HEADS) - 1, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.itemSelectionChanged.connect(self._say)
        self.table.installEventFilter(self)
        self.release_button = QPushButton("Release")
        self.release_button.setToolTip("Let the answers to the selected inputs move from now on  [Del]")
        self.release_button.clicked.connect(lambda _checked=False: self.release())
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.title)
        head.addWidget(self.counts)
        head.addStretch(1)
        foot.addWidget(self.words, 1)
        foot.addWidget(self.release_button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        column.addLayout(foot)
        self.main = self.table

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return (self.release_button,)

    def refresh(self) -> None:
        """Bring the list up to date."""
        self.inputs = self._commands.model.protected_inputs()
        table = self.table
        table.setSortingEnabled(False)
        table.setRowCount(len(self.inputs))
        for row, held in enumerate(self.inputs):
            name = QTableWidgetItem(self._state.name_of(held.class_id))
            name.setData(ROLE, row)
            name.setData(Qt.ItemDataRole.DecorationRole, self._swatch(held.class_id))
            table.setItem(row, 0, name)
            # All equally wide, so that the order of the texts is that of the numbers.
            table.setItem(row, 1, QTableWidgetItem(f"{held.confidence:.2f}"))
            table.setItem(row, 2, QTableWidgetItem(held.origin))
            table.setRowHeight(row, self.theme.px(ROW))
        table.setSortingEnabled(True)
        counts = {held.class_id: 0 for held in self.inputs}
        for held in self.inputs:
            counts[held.class_id] += 1
        parts = [f"{count} {self._state.name_of(class_id)}" for class_id, count in sorted(counts.items())]
        self.counts.setText(f"{len(self.inputs)}: {', '.join(parts[:6])}{' …' if len(parts) > 6 else ''}")
        self.table.clearSelection()
        self._say()

    def chosen(self) -> list[ProtectedInput]:
        """Return the selected inputs."""
        places = [item.data(ROLE) for item in self.table.selectedItems() if item.column() == 0]
        return [self.inputs[int(place)] for place in places]

    def release(self) -> None:
        """Let the answers to the selected inputs move."""
        chosen = self.chosen()
        if chosen:
            self._attempt(self._commands.model.release_inputs, [held.features for held in chosen])

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        for label in (self.counts, self.words):
            label.setFont(theme.ui("small"))
        self.release_button.setFont(theme.ui("body"))
        self.table.setFont(theme.ui("body"))
        give_type(self.table.horizontalHeader(), theme.ui("small"))
        for column, wide in enumerate(WIDTHS):
            if wide:
                self.table.setColumnWidth(column, theme.px(wide))
        super().apply_theme(theme)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if not self._does(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self.table and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._does(event)
        return super().eventFilter(watched, event)

    def _does(self, event: QKeyEvent) -> bool:
        """Whether a key has a meaning here; it is then done."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_overlay()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.release()
        else:
            return False
        return True

    def _say(self) -> None:
        count = len(self.chosen())
        self.release_button.setEnabled(count > 0)
        self.release_button.setText(f"Release {count}" if count else "Release")
        self.words.setText(HOW if self.inputs else EMPTY)

    def _swatch(self, class_id: int) -> QPixmap:
        card = self._state.card(class_id)
        side = self.theme.px(SWATCH)
        pixmap = QPixmap(side, side)
        pixmap.fill(QColor(card.info.colour) if card is not None else self.theme.colour("text_muted"))
        return pixmap
