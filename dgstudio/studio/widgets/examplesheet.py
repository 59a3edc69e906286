"""The example browser: all that was labelled as a table and as a map; select, relabel, delete, find in the stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from dgstudio.studio.state import Commands, StudioState
from dgstudio.studio.theme import Theme
from dgstudio.studio.widgets.examplemap import ExampleMap
from dgstudio.studio.widgets.exampletable import ExamplesModel, ExampleTable
from dgstudio.studio.widgets.labelsheet import LabelSheet
from dgstudio.types import Example

SIZE = QSize(1080, 620)
EMPTY = "Nothing is labelled yet: hold a class key while you perform it."


class ExampleSheet(LabelSheet):
    """Opened by E. Table and map select together; a class key gives the selection that label, Del deletes it.

    `attempt` calls a command and tells the user what it refuses.
    """

    def __init__(self, state: StudioState, commands: Commands, attempt: Callable[..., None], parent: QWidget) -> None:
        super().__init__("Examples", SIZE, 56, state, commands, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._attempt = attempt
        self._every: list[Example] = []
        self._selecting = False
        self.counts = QLabel("")
        self.counts.setObjectName("muted")
        self.classes = QComboBox()
        self.classes.setAccessibleName("Show the examples of")
        self.classes.currentIndexChanged.connect(lambda _place: self._show())
        self.only_learned = QComboBox()
        self.only_learned.setAccessibleName("Show which windows")
        for words in ("all windows", "learned ones", "kept only"):
            self.only_learned.addItem(words)
        self.only_learned.currentIndexChanged.connect(lambda _place: self._show())
        self.model = ExamplesModel(state.name_of, self._colour_of)
        self.table = ExampleTable(self.model)
        self.table.installEventFilter(self)
        self.table.selectionModel().selectionChanged.connect(lambda _new, _old: self._selected())
        self.table.doubleClicked.connect(lambda index: self._choose_take(index.row()))
        self.map = ExampleMap(self._colour_of)
        self.map.chosen.connect(self.choose)
        self.words = QLabel("")
        self.words.setObjectName("muted")
        self.find_button = self._button("Find in the stream", self._find, "Pause the stream where the selection lies")
        self.relabel_button = self._button("Relabel as", None, "Give the selection another class; its key does it too")
        self.delete_button = self._button("Delete", self._delete, "Let the selection stand no more  [Del]")
        head, foot, middle = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for widget in (self.title, self.counts):
            head.addWidget(widget)
        head.addStretch(1)
        for box in (self.classes, self.only_learned):
            head.addWidget(box)
        middle.addWidget(self.table, 3)
        middle.addWidget(self.map, 2)
        middle.setSpacing(12)
        foot.addWidget(self.words, 1)
        for button in (self.find_button, self.relabel_button, self.delete_button):
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        column.addLayout(head)
        column.addLayout(middle, 1)
        column.addLayout(foot)
        self.main = self.table

    def open_on(self, ids: Iterable[int]) -> None:
        """Show everything, with these examples selected."""
        for box in (self.classes, self.only_learned):
            box.setCurrentIndex(0)
        self.open()
        self.choose(set(ids))

    def refresh(self) -> None:
        """Bring everything up to date; the selection stays."""
        self._every = self._commands.examples()
        shown = self.classes.currentData()
        self.classes.blockSignals(True)
        self.classes.clear()
        self.classes.addItem("all classes", None)
        for card in self._state.classes:
            self.classes.addItem(card.info.name, card.info.id)
        self.classes.setCurrentIndex(max(0, self.classes.findData(shown)))
        self.classes.blockSignals(False)
        self._show()

    def choose(self, ids: set[int]) -> None:
        """Select these examples, in the table and on the map."""
        self._selecting = True
        self.table.choose(ids)
        self._selecting = False
        self._selected()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        for label in (self.counts, self.words):
            label.setFont(theme.ui("small"))
        for widget in (self.classes, self.only_learned, self.find_button, self.relabel_button, self.delete_button):
            widget.setFont(theme.ui("body"))
        self.table.apply_theme(theme)
        self.map.apply_theme(theme)
        super().apply_theme(theme)

    # -- inside ------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        chosen = set(self.table.chosen())
        class_id, which = self.classes.currentData(), self.only_learned.currentIndex()
        shown = [
            example
            for example in self._every
            if (class_id is None or example.class_id == class_id) and (which == 0 or example.learn == (which == 1))
        ]
        pictured = [example for example in self._every if example.raw is not None]
        # The newest first: it is what the user has just done.
        self.model.show_examples(shown[::-1], self._commands.takes_by_id(), pictured)
        self.map.show_examples(shown)
        of = "" if len(shown) == len(self._every) else f" of {len(self._every):,}"
        self.counts.setText(f"{len(shown):,}{of} windows in {len({e.take_id for e in shown}):,} takes")
        self.choose(chosen)

    def _selected(self) -> None:
        if self._selecting:
            return
        ids = self.table.chosen()
        self.map.select(set(ids))
        some = bool(ids)
        for button in (self.find_button, self.relabel_button, self.delete_button):
            button.setEnabled(some)
        if not self._every:
            self.words.setText(EMPTY)
        elif not some:
            self.words.setText("Select rows, or drag on the map; double-click takes the whole take.")
        else:
            self.words.setText(f"{len(ids):,} selected · a class key relabels, Del deletes, Ctrl+Z takes it back")

    def _choose_take(self, row: int) -> None:
        take_id = self.model.examples[row].take_id
        self.choose({example.id for example in self.model.examples if example.take_id == take_id})

    def _delete(self) -> None:
        ids = self.table.chosen()
        if ids:
            self._attempt(self._commands.delete_examples, ids)

    def _relabel(self, class_id: int) -> None:
        ids = self.table.chosen()
        if ids:
            self._attempt(self._commands.relabel, ids, class_id)

    def _find(self) -> None:
        chosen = set(self.table.chosen())
        spans = [(e.start, e.end) for e in self.model.examples if e.id in chosen]
        if spans:
            self._attempt(self._commands.show_span, min(s for s, _ in spans), max(e for _, e in spans))
            self.close_overlay()

    def _colour_of(self, class_id: int) -> str:
        card = self._state.card(class_id)
        return card.info.colour if card is not None else self.theme.text_muted

    def _button(self, text: str, act: Callable[[], None] | None, tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)
        if act is None:
            menu = QMenu(button)
            menu.aboutToShow.connect(lambda: self._fill_menu(menu))
            button.setMenu(menu)
        else:
            button.clicked.connect(lambda _checked=False: act())
        return button

    def _fill_menu(self, menu: QMenu) -> None:
        menu.clear()
        for card in self._state.classes:
            name = card.info.name.replace("&", "&&")
            action = menu.addAction(f"{name}\t{card.info.key}" if card.info.key else name)
            action.triggered.connect(lambda _checked=False, class_id=card.info.id: self._relabel(class_id))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if not self._does(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self.table and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._does(event)
        return super().eventFilter(watched, event)

    def _does(self, event: QKeyEvent) -> bool:
        """Whether a key has a meaning here; it is then done."""
        key = event.key()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if key == Qt.Key.Key_Escape:
            self.close_overlay()
        elif plain and key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._delete()
        elif plain and Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            card = next((card for card in self._state.classes if card.info.key == chr(key)), None)
            if card is not None:
                self._relabel(card.info.id)
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._find()
        else:
            return False
        return True
