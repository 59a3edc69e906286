"""How good each class's examples are: counts, what is likely wrong with them; each figure shows those it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from dgstudio.engine.browse.analysis import CONFLICTING, IDENTICAL, MISLABELLED, NEAR
from dgstudio.engine.browse.example_query import LEARNED, ClassQuality, Wanted, imbalance_of
from dgstudio.records import dataclass
from dgstudio.studio.examples.example_filter import TIPS
from dgstudio.studio.theme.theme import DARK, Theme

HEADS = ("", "windows", "learned", "takes", "suspect", "conflict", "same", "near")
MARKS = (MISLABELLED, CONFLICTING, IDENTICAL, NEAR)
FIGURES = {"windows": 1, "learned": 2, **{mark: 4 + place for place, mark in enumerate(MARKS)}}
"""What can be clicked, and its column."""
LOOKING = "Comparing each window with its neighbours …"
FINE = "No class is short of examples."
UNJUDGED = "Whether {names} {is_are} mislabelled cannot be told: {each} needs another take to be compared with."
"""Said of the classes of which no take has others beside it."""
ONE, MANY = {"is_are": "is", "each": "it"}, {"is_are": "are", "each": "each"}
EDGE = 5
"""Logical pixels from the last letter of a figure that is pressed to its edge."""


@dataclass(slots=True)
class _Line:
    """The widgets of one class: its name, its takes, its figures by what they count, and what each of these shows."""

    name: QLabel
    takes: QLabel
    figures: dict[str, QPushButton]
    wanted: dict[str, Wanted]


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
        self._grid.setHorizontalSpacing(1)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(0, 1)
        self._lines: list[_Line] = []
        self._heads = [QLabel(words) for words in HEADS]
        for place, head in enumerate(self._heads):
            head.setObjectName("muted")
            if place >= 4:
                head.setToolTip(f"{MARKS[place - 4].capitalize()}: {TIPS[MARKS[place - 4]]}")
            self._grid.addWidget(head, 0, place, Qt.AlignmentFlag.AlignRight)
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
        # Styled anew, it has the application's.
        self.sentence.setFont(self.theme.ui("small"))
        labelled = any(row.count for row in rows)
        unjudged = "" if looking else unjudged_words([self._name_of(row.class_id) for row in rows if _unjudged(row)])
        said = short or (LOOKING if looking else FINE if labelled else "")
        self.sentence.setText(" ".join(filter(None, (said, unjudged))))
        self._fill(rows, looking)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.sentence.setFont(theme.ui("small"))
        for head in self._heads:
            head.setFont(theme.ui("tiny"))
            # Figures that are pressed have an edge.
            head.setContentsMargins(0, 0, theme.px(EDGE), 0)
        shown, self._shown = self._shown, None
        if isinstance(shown, tuple):
            self.show_quality(shown[0], looking=shown[2])

    def _fill(self, rows: Sequence[ClassQuality], looking: bool) -> None:
        while len(self._lines) < len(rows):
            self._lines.append(self._line(len(self._lines) + 1))
        self.figures = {}
        for head in self._heads:
            head.setVisible(bool(rows))
        for place, line in enumerate(self._lines):
            shown = place < len(rows)
            for widget in (line.name, line.takes, *line.figures.values()):
                widget.setVisible(shown)
            if shown:
                self._say(line, rows[place], looking)
                self.figures |= {(rows[place].class_id, what): button for what, button in line.figures.items()}

    def _line(self, row: int) -> _Line:
        """A new line; it is used again for whatever class stands there, never taken away."""
        line = _Line(QLabel(), QLabel(), {what: QPushButton() for what in FIGURES}, {})
        line.name.setTextFormat(Qt.TextFormat.RichText)
        line.name.setMinimumWidth(1)
        self._grid.addWidget(line.name, row, 0)
        self._grid.addWidget(line.takes, row, 3, Qt.AlignmentFlag.AlignRight)
        for what, button in line.figures.items():
            button.setObjectName("link")
            button.setProperty("small", "true")
            button.clicked.connect(lambda _on=False, what=what: self.asked.emit(line.wanted[what]))
            self._grid.addWidget(button, row, FIGURES[what], Qt.AlignmentFlag.AlignRight)
        # What is left over goes below the last line.
        self._grid.setRowStretch(row, 0)
        self._grid.setRowStretch(row + 1, 1)
        return line

    def _say(self, line: _Line, row: ClassQuality, looking: bool) -> None:
        name, class_id, theme = self._name_of(row.class_id), row.class_id, self.theme
        line.name.setText(f'<span style="color:{theme.visible(self._colour_of(class_id))}">■</span> {_plain(name)}')
        line.name.setFont(theme.ui("small"))
        line.takes.setText(f"{row.takes:,}")
        line.takes.setFont(theme.mono("small"))
        line.takes.setContentsMargins(0, 0, theme.px(EDGE), 0)
        counts: dict[str, int | None] = {"windows": row.count, "learned": row.learnable}
        counts |= {mark: None if looking else row.marks[mark] for mark in MARKS}
        for what, button in line.figures.items():
            count, unjudged = counts[what], what == MISLABELLED and _unjudged(row)
            text = "…" if count is None else "–" if unjudged else f"{count:,}"
            button.setText(text)
            button.setFont(theme.mono("small"))
            button.setEnabled(bool(count))
            button.setAccessibleName(f"{text} {what} of {name}")
            tip = f"Show these: {what} of {name}"
            if what == MISLABELLED:
                tip += f". {row.judged:,} of {row.count:,} windows have enough in other takes to compare with."
            button.setToolTip(tip)
            line.wanted[what] = Wanted(
                class_id=class_id,
                learning=LEARNED if what == "learned" else None,
                marks=frozenset((what,)) if what in MARKS else frozenset(),
            )


def unjudged_words(names: Sequence[str]) -> str:
    """Return what is said of the classes with these names, no take of which can be compared; "" where there is none."""
    if not names:
        return ""
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return UNJUDGED.format(names=joined, **(ONE if len(names) == 1 else MANY))


def _unjudged(row: ClassQuality) -> bool:
    """Whether a class has examples, and none of them has enough beside it to tell whether its label is wrong."""
    return row.count > 0 and not row.judged


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
