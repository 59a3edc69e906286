"""The example browser: what was labelled as table, thumbnails and map; filter, sort, relabel, delete, note, find."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from dgstudio.engine.browse.example_query import LEAST_SURE, MOST_SURE, NEWEST, ORDERS, Columns, Wanted, quality_of
from dgstudio.engine.labels.example_table import ExampleArrays, distinct, places_of
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.overlays.room_marks import lies_over
from dgstudio.studio.common.overlays.sheet import REFRESH_MS, LabelSheet
from dgstudio.studio.common.widgets.chip import Segmented
from dgstudio.studio.common.widgets.combo_box import ChoiceBox
from dgstudio.studio.examples.class_quality import ClassQualityView
from dgstudio.studio.examples.example_filter import ExampleFilter
from dgstudio.studio.examples.example_model import ExamplesModel
from dgstudio.studio.examples.example_table import ExampleTable
from dgstudio.studio.examples.example_tiles import ExampleTiles
from dgstudio.studio.examples.pca_map import ADD, ONLY, ExampleMap
from dgstudio.studio.examples.selection_bar import SelectionFoot
from dgstudio.studio.theme.format import percent, take_number
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import Example

SIZE = QSize(1680, 1000)
EMPTY = "Nothing is labelled yet: hold a class key while you perform it."
NOTHING_LEFT = "No example is all of that: take a filter away, or clear them."
REST = 4
"""A refresh that took long is followed by a pause of so many times as long."""
RADIUS = 9
"""Of the sheet's corners, logical pixels."""
TABLE, TILES = "table", "thumbnails"


class ExampleSheet(LabelSheet):
    """Opened by E. Table, thumbnails and map have one selection; a class key gives it that label, Del deletes it.

    `attempt` calls a command and tells the user what it refuses.
    """

    def __init__(self, state: StudioState, commands: Bridge, attempt: Callable[..., None], parent: QWidget) -> None:
        super().__init__("Examples", SIZE, 58, state, commands, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._attempt = attempt
        # It lets nothing through: else Qt would draw all that is behind it again with each row that is scrolled. A name
        # that the stylesheet does not know, for that would take this back.
        self.setObjectName("opaque")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._columns = Columns.of_standing(ExampleArrays.of([]), {}, {}, (), None)
        self._stale = True
        self._pictured: dict[int, list[Example]] = {}
        self._pictured_ids = self._columns.ids
        self._selecting = False
        self.counts = self._muted("")
        self.progress = self._muted("")
        self.filter = ExampleFilter()
        self.filter.changed.connect(self._show)
        self.model = ExamplesModel(state.name_of, self._colour_of)
        self.table = ExampleTable(self.model)
        self.table.ordered.connect(self.order_by)
        self.tiles = ExampleTiles(self.model, self.table.selectionModel())
        self.table.selectionModel().selectionChanged.connect(lambda _new, _old: self._selected())
        self.views = QStackedWidget()
        for view in (self.table, self.tiles):
            view.installEventFilter(self)
            view.doubleClicked.connect(lambda index: self._choose_take(index.row()))
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(self._ask)
            self.views.addWidget(view)
        self.switch = Segmented(
            "View", [(TABLE, "Table", "A row an example"), (TILES, "Thumbnails", "A picture an example")]
        )
        self.switch.chosen.connect(self.show_view)
        self.switch.choose(TABLE)
        self.order = ChoiceBox("Order of the examples; a click on the head of a column chooses it too")
        self.order.addItems(list(ORDERS))
        self.order.currentTextChanged.connect(lambda _words: self._show())
        self.map = ExampleMap(self._colour_of)
        self.map.chosen.connect(self._choose_on_map)
        self.quality = ClassQualityView(state.name_of, self._colour_of)
        self.quality.asked.connect(self.want)
        self.blank = QLabel()
        self.blank.setObjectName("muted")
        # Where nothing is listed, it says so in the middle of the list.
        lies_over(self.blank)
        self.foot = SelectionFoot(state)
        self.foot.relabelled.connect(self._relabel)
        self.foot.deleted.connect(self._delete)
        self.foot.found.connect(self._find)
        self.foot.noted.connect(lambda ids, note: attempt(commands.labels.note_examples, ids, note))
        self.foot.left.connect(self._leave_field)
        self.filter.search.installEventFilter(self)
        self.menu = QMenu(self)
        self.closed.connect(lambda: commands.browse.watch(False))
        state.when(StudioState.classes, StudioState.label_changes).connect(self._note_labels)
        state.when(StudioState.analysis, StudioState.selection).connect(self._fall_behind)
        self._lay_out()
        self.main = self.table

    def _lay_out(self) -> None:
        head, middle, side = QHBoxLayout(), QHBoxLayout(), QVBoxLayout()
        for widget in (self.title, self.counts, self.progress):
            head.addWidget(widget)
        head.setSpacing(12)
        head.addStretch(1)
        head.addWidget(self.switch)
        head.addWidget(self.order)
        layered = QGridLayout()
        layered.addWidget(self.views, 0, 0)
        layered.addWidget(self.blank, 0, 0, Qt.AlignmentFlag.AlignCenter)
        side.addWidget(self.map, 3)
        side.addWidget(self.quality, 2)
        side.setSpacing(8)
        middle.addLayout(layered, 5)
        middle.addLayout(side, 3)
        middle.setSpacing(12)
        column = QVBoxLayout(self)
        column.setContentsMargins(19, 13, 19, 13)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.filter)
        column.addLayout(middle, 1)
        column.addWidget(self.foot)

    # -- what can be asked of it ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Show how things stand now, and let be worked out what is not known yet."""
        self._commands.browse.watch(True)
        super().open()

    def open_on(self, ids: Iterable[int]) -> None:
        """Show everything, with these examples selected."""
        self.filter.clear()
        self.open()
        self.choose(set(ids))

    def show_version(self, version: int) -> None:
        """Show the examples that a version has learned, those of them that stand."""
        contents = self._commands.contents.of(version)
        if contents is not None:
            self.open()
            self.filter.want(Wanted(only=frozenset(contents.labels())), f"in v{version}")

    def want(self, wanted: Wanted) -> None:
        """Filter by this."""
        self.filter.want(wanted)

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return self.foot.relabel_button, self.foot.delete_button, self.foot.note

    def order_by(self, order: str) -> None:
        """Bring the examples into this order, one of `ORDERS`."""
        self.order.setCurrentText(order)

    def show_view(self, name: str) -> None:
        """Show the examples as "table" or as "thumbnails"."""
        had_focus = self.main.hasFocus()
        self.main = self.table if name == TABLE else self.tiles
        self.views.setCurrentWidget(self.main)
        self.switch.choose(name)
        rows = self.table.selectionModel().selection()
        if rows.count():
            self.main.scrollTo(self.model.index(rows.at(0).top(), 0))
        if had_focus:
            self.main.setFocus()

    def refresh(self) -> None:
        """Bring everything up to date; the selection stays."""
        book = self._commands.book
        takes, here = book.every_take(), book.takes_of_this_run()
        self._columns = Columns.of_standing(book.as_arrays(), takes, book.notes(), here, self._state.analysis)
        self._take_pictures()
        self._show_all()

    def catch_up(self) -> None:
        """Bring up to date what has changed; often that is only what is known of the same examples."""
        if self._stale:
            self.refresh()
        else:
            self._columns = self._columns.known(self._state.analysis)
            self._show_all()

    def _show_all(self) -> None:
        began = time.perf_counter()
        state, columns = self._state, self._columns
        self._stale = False
        self.filter.offer(columns, state.classes, state.selection)
        looking = len(columns) > 0 and (state.analysis is None or state.analysis.judged is None)
        cards = [card.info.id for card in state.classes]
        self.quality.show_quality(quality_of(columns, cards, state.analysis), looking=looking)
        self._show()
        # However many there are, most of the time is left to the rest of the window.
        self.later.setInterval(max(REFRESH_MS, round(REST * 1e3 * (time.perf_counter() - began))))

    def _take_pictures(self) -> None:
        """Find the examples with their raw window, by take; an example never loses it."""
        if np.array_equal(self._columns.ids, self._pictured_ids):
            return
        self._pictured_ids, self._pictured = self._columns.ids, {}
        examples = self._columns.examples
        for row in np.flatnonzero(self._columns.pictured).tolist():
            self._pictured.setdefault(examples[row].take_id, []).append(examples[row])

    def choose(self, ids: set[int], *, reveal: bool = True) -> None:
        """Select these examples, in the table, among the thumbnails and on the map; `reveal` brings them into sight."""
        self._selecting = True
        self.table.choose(ids, reveal=reveal)
        self._selecting = False
        self._selected()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        for label in (self.counts, self.progress):
            label.setFont(theme.ui("small"))
        self.blank.setFont(theme.ui("body"))
        for part in (self.foot, self.filter, self.table, self.tiles, self.map, self.quality, self.switch, self.order):
            part.apply_theme(theme)
        super().apply_theme(theme)

    # -- inside ------------------------------------------------------------------------------------------------

    def _note_labels(self) -> None:
        self._stale = True

    def _show(self) -> None:
        """Show what the filters leave, in the order that is chosen."""
        columns, order = self._columns, self.order.currentText() or NEWEST
        chosen = set(self.table.chosen())
        rows = columns.rows(self.filter.wanted, order, self._state.name_of)
        # Fetched each time: PySide takes a scroll bar that was held for long for deleted.
        places = [view.verticalScrollBar().value() for view in (self.table, self.tiles)]
        self._selecting = True
        others = self.model.show_rows(columns, rows, self._pictured)
        self._selecting = False
        for view, place in zip((self.table, self.tiles), places, strict=True):
            view.verticalScrollBar().setValue(place)
        self.table.show_order(order)
        shown = np.zeros(len(columns), bool)
        shown[rows] = True
        self.map.show_columns(columns, shown)
        whole, takes = len(columns), len(distinct(columns.take_ids[rows]))
        of = "" if len(rows) == whole else f" of {whole:,}"
        self.blank.setText(NOTHING_LEFT if whole else EMPTY)
        self.blank.setVisible(not len(rows))
        self.counts.setText(f"{len(rows):,}{of} windows in {takes:,} {'take' if takes == 1 else 'takes'}")
        self.progress.setText(self._progress_text())
        if others:
            self.choose(chosen, reveal=False)
        else:
            self._selected()

    def _progress_text(self) -> str:
        answers = self._state.analysis.answers if self._state.analysis is not None else None
        if answers is None or not len(answers.ids):
            return ""
        if answers.done >= len(answers.ids):
            return f"answers of v{answers.version}"
        return f"answering with v{answers.version}: {percent(answers.done / len(answers.ids))}"

    def _selected(self) -> None:
        if self._selecting:
            return
        ids = self.table.chosen()
        self.map.select(set(ids))
        self.foot.show_selection(ids, self._words_on(ids), self._columns.notes)

    def _words_on(self, ids: list[int]) -> str:
        if not len(self.model.ids):
            return ""
        if not ids:
            return "Select some, or drag on the map; double-click takes the whole take."
        found = self._commands.contents.containing(ids)
        where = found.text
        places, here = places_of(np.sort(np.array(ids, np.int64)), self._columns.ids)
        if not found.spans and not self._columns.learn[places[here]].any():
            where = "kept only: in no version"
        if len(ids) > 1:
            return f"{len(ids):,} selected · {where} · a class key relabels, Del deletes, N notes"
        row = int(np.flatnonzero(self.model.ids == ids[0])[0])
        answer = self.model.answer(row)
        parts = [f"Example {ids[0]} of take {self.model.text(row, 2)}", f"answered {answer}" if answer else "", where]
        return " · ".join(part for part in ("1 selected", *parts) if part)

    def _choose_take(self, row: int) -> None:
        take_id = self.model.example(row).take_id
        columns = self._columns
        self.choose(set(columns.ids[columns.take_ids == take_id].tolist()), reveal=False)

    def _choose_on_map(self, ids: object, how: object) -> None:
        assert isinstance(ids, set), "the map sends ids"
        before = set(self.table.chosen())
        self.choose(ids if how == ONLY else before | ids if how == ADD else before ^ ids)

    def _delete(self) -> None:
        ids = self.table.chosen()
        if ids:
            self._attempt(self._commands.labels.delete_examples, ids)

    def _relabel(self, class_id: int) -> None:
        ids = self.table.chosen()
        if ids:
            self._attempt(self._commands.labels.relabel, ids, class_id)

    def _find(self) -> None:
        chosen = set(self.table.chosen())
        spans = [(e.start, e.end) for e in self.model.examples if e.id in chosen]
        if spans:
            self._attempt(self._commands.show_span, min(s for s, _ in spans), max(e for _, e in spans))
            self.close_overlay()

    def _colour_of(self, class_id: int) -> str:
        card = self._state.card(class_id)
        return card.info.colour if card is not None else self.theme.text_muted

    def _muted(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setObjectName("muted")
        return label

    def _ask(self, where: QPoint) -> None:
        """Offer what can be done with what lies under the pointer."""
        view = self.main
        assert isinstance(view, ExampleTable | ExampleTiles), "one of the two views is shown"
        index, menu = view.indexAt(where), self.menu
        menu.clear()
        some = bool(self.table.chosen())
        classes = menu.addMenu("Relabel as")
        classes.setEnabled(some)
        self.foot.fill_classes(classes)
        for words, act in (
            ("Note…", self.foot.write_note),
            ("Delete", self._delete),
            ("Find in the stream", self._find),
        ):
            menu.addAction(words, act).setEnabled(some)
        menu.addSeparator()
        if index.isValid():
            row, take_id = index.row(), self.model.example(index.row()).take_id
            menu.addAction("Select the whole take", lambda: self._choose_take(row))
            menu.addAction(f"Show take {take_number(take_id)} only", lambda: self.want(Wanted(take_id=take_id)))
        menu.addAction("Least sure first", lambda: self.order_by(LEAST_SURE))
        menu.addAction("Surest first", lambda: self.order_by(MOST_SURE))
        # popup, not exec: nothing modal stands in the way of a live stream.
        menu.popup(view.viewport().mapToGlobal(where))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter, theme = QPainter(self), self.theme
        # Its corners stand on the bars of the window, which have this colour too.
        painter.fillRect(event.rect(), theme.colour("raised"))
        if not self.rect().adjusted(RADIUS, RADIUS, -RADIUS, -RADIUS).contains(event.rect()):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.colour("border_strong"), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if not self._does(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if watched in (self.table, self.tiles):
                return self._does(event)
            leaving = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if watched is self.filter.search and event.key() in leaving:
                self._leave_field()
                return True
        return super().eventFilter(watched, event)

    def _leave_field(self) -> None:
        """Lead from a text field back to the examples."""
        self.main.setFocus()
        self._selected()

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
        elif plain and key == Qt.Key.Key_N and self.table.chosen():
            self.foot.write_note()
        elif plain and key == Qt.Key.Key_Slash:
            self.filter.search.setFocus()
        elif plain and key == Qt.Key.Key_V:
            self.show_view(TILES if self.main is self.table else TABLE)
        else:
            return False
        return True
