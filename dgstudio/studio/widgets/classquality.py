"""How good each class's examples are: counts, what is likely wrong with them; each figure shows those it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from dgstudio.engine.analysis import CONFLICTING, IDENTICAL, MISLABELLED, NEAR
from dgstudio.engine.browsing import LEARNED, ClassQuality, Wanted, imbalance_of
from dgstudio.studio.theme import DARK, Theme
from dgstudio.studio.widgets.examplefilter import TIPS

HEADS = ("", "windows", "learned", "takes", "suspect", "conflict", "same", "near")
MARKS = (MISLABELLED, CONFLICTING, IDENTICAL, NEAR)
LOOKING = "Comparing each window with its neighbours …"
FINE = "No class is short of examples."


class ClassQualityView(QWidget):
    """A row a class. `asked` carries the `Wanted` of a figure that was clicked."""

    asked = Signal(object)

    def __init__(self, name_of: Callable[[int], str], colour_of: Callable[[int], str]) -> None:
        super().__init__()
        self.theme: Theme = DARK
        self._name_of, self._colour_of = name_of, colour_of
        self._shown: object = None
        self.sentence = QLabel("")
        self.sentence.setWordWrap(True)
        self.figures: dict[tuple[int, str], QPushButton] = {}
        """By class id and what is counted: "windows", "learned" or one of the marks."""
        self._grid_host = QWidget()
        self._grid_host.setObjectName("scrolled")
        self._grid = QGridLayout(self._grid_host)
        self._grid.setContentsMargins(0, 0, 6, 0)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._grid_host)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area = area
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.sentence)
        column.addWidget(area, 1)

    def show_quality(self, rows: Sequence[ClassQuality], *, looking: bool) -> None:
        """Show these figures; `looking`: neighbours have not been compared yet."""
        names = tuple((self._name_of(row.class_id), self._colour_of(row.class_id)) for row in rows)
        if (rows, names, looking) == self._shown:
            return
        self._shown = (rows, names, looking)
        short = imbalance_of(rows, self._name_of)
        self.sentence.setObjectName("warning" if short else "muted")
        self.sentence.style().polish(self.sentence)
        self.sentence.setText(short or (LOOKING if looking and rows else FINE))
        self._fill(rows, looking)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.sentence.setFont(theme.ui("small"))
        shown, self._shown = self._shown, None
        if isinstance(shown, tuple):
            self.show_quality(shown[0], looking=shown[2])

    def _fill(self, rows: Sequence[ClassQuality], looking: bool) -> None:
        focused = next((key for key, button in self.figures.items() if button.hasFocus()), None)
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        self.figures = {}
        for column, words in enumerate(HEADS):
            label = QLabel(words)
            label.setObjectName("muted")
            label.setFont(self.theme.ui("tiny"))
            if column >= 4:
                label.setToolTip(f"{MARKS[column - 4].capitalize()}: {TIPS[MARKS[column - 4]]}")
            self._grid.addWidget(label, 0, column, Qt.AlignmentFlag.AlignRight)
        for place, row in enumerate(rows):
            self._row(place + 1, row, looking)
        self._grid.setColumnStretch(0, 1)
        self._grid.setRowStretch(len(rows) + 1, 1)
        if focused in self.figures:
            self.figures[focused].setFocus()

    def _row(self, line: int, row: ClassQuality, looking: bool) -> None:
        name = self._name_of(row.class_id)
        label = QLabel(
            f'<span style="color:{self.theme.visible(self._colour_of(row.class_id))}">■</span> {_plain(name)}'
        )
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setFont(self.theme.ui("small"))
        label.setMinimumWidth(1)
        self._grid.addWidget(label, line, 0)
        class_id = row.class_id
        self._figure(line, 1, row, "windows", row.count, Wanted(class_id=class_id))
        self._figure(line, 2, row, "learned", row.learnable, Wanted(class_id=class_id, learning=LEARNED))
        takes = QLabel(f"{row.takes:,}")
        takes.setFont(self.theme.mono("small"))
        self._grid.addWidget(takes, line, 3, Qt.AlignmentFlag.AlignRight)
        for column, mark in enumerate(MARKS, 4):
            wanted = Wanted(class_id=class_id, marks=frozenset((mark,)))
            self._figure(line, column, row, mark, None if looking else row.marks[mark], wanted)

    def _figure(self, line: int, column: int, row: ClassQuality, what: str, count: int | None, wanted: Wanted) -> None:
        unjudged = what == MISLABELLED and count == 0 and row.judged < row.count
        text = "…" if count is None else "–" if unjudged and not row.judged else f"{count:,}"
        button = QPushButton(text)
        button.setObjectName("link")
        button.setProperty("small", "true")
        button.setFont(self.theme.mono("small"))
        button.setEnabled(bool(count))
        name = self._name_of(row.class_id)
        button.setAccessibleName(f"{text} {what} of {name}")
        tip = f"Show these: {what} of {name}"
        if what == MISLABELLED:
            tip += f". {row.judged:,} of {row.count:,} windows have enough others of their class to be compared with."
        button.setToolTip(tip)
        button.clicked.connect(lambda _on=False: self.asked.emit(wanted))
        self.figures[row.class_id, what] = button
        self._grid.addWidget(button, line, column, Qt.AlignmentFlag.AlignRight)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
