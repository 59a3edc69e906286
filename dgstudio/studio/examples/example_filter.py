"""The filters of the example browser: combos, chips and a search field, which combine; cleared with one click."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from dgstudio.engine.browse.analysis import MARKS
from dgstudio.engine.browse.example_query import KEPT_ONLY, LEARNED, SET_ASIDE, Columns, Wanted
from dgstudio.engine.labels.example_table import distinct
from dgstudio.studio.bridge.state import ClassCard
from dgstudio.studio.common.widgets.combo_box import ChoiceBox
from dgstudio.studio.examples.example_model import who_text
from dgstudio.studio.theme.format import take_number
from dgstudio.studio.theme.theme import DARK, Theme

MINUTE_S = 60.0
TIMES = ("any time", "last minute", "last 10 minutes", "marked stretch", "this run", "earlier runs")
LAST = {"last minute": MINUTE_S, "last 10 minutes": 10 * MINUTE_S}
TIPS = {
    "wrong now": "The serving version answers another class, or none",
    "wrong at first": "What served before it was learned answered another class, or none",
    "likely mislabelled": (
        "Its take lies nearer to the takes of another class than to those of its own; not told of the only take\n"
        "of a class, which has no other to be compared with"
    ),
    "conflicting": "Another window is nearly the same and has another label",
    "identical": "The same window, byte for byte, is there again with the same label",
    "near-identical": "A window of another take, with the same label, differs by less than 0.1 standard deviations",
    "protected": "Its answer must not move: one of the protected inputs",
    "with a note": "You have put a note on it",
}
"""What each chip means."""


class ExampleFilter(QWidget):
    """`changed` tells that `wanted` is another one."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._only: frozenset[int] | None = None
        self._quiet = False
        self._newest = 0.0
        self._stretch: tuple[float, float] | None = None
        self._offered: dict[ChoiceBox, list[tuple[str, object]]] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search notes, classes, sources")
        self.search.setAccessibleName("Search the examples")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _text: self._tell())
        self.classes = self._combo("Of which class")
        self.takes = self._combo("Of which take")
        self.times = self._combo("From when")
        self.who = self._combo("Labelled by whom")
        self.sources = self._combo("From which source")
        self.learning = self._combo("Learned or not")
        self._fill(self.times, [(words, words) for words in TIMES])
        words: list[tuple[str, object]] = [
            ("all windows", None),
            ("learned ones", LEARNED),
            ("kept only", KEPT_ONLY),
            ("set aside", SET_ASIDE),
        ]
        self._fill(self.learning, words)
        self.only = QPushButton("")
        self.only.setObjectName("filter")
        self.only.setProperty("filters", True)
        self.only.setToolTip("Show all examples again, not only these")
        self.only.clicked.connect(lambda _on=False: self._forget_only())
        self.only.hide()
        self.chips: dict[str, QPushButton] = {}
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.search, 1)
        for combo in self._combos:
            first.addWidget(combo)
        second.addWidget(self.only)
        for mark in MARKS:
            chip = QPushButton(mark)
            chip.setObjectName("filter")
            chip.setCheckable(True)
            chip.setToolTip(TIPS[mark])
            chip.toggled.connect(lambda _on: self._tell())
            self.chips[mark] = chip
            second.addWidget(chip)
        second.addStretch(1)
        self.clear_button = QPushButton("Clear filters")
        self.clear_button.setObjectName("option")
        self.clear_button.setToolTip("Show everything")
        self.clear_button.clicked.connect(lambda _on=False: self.clear())
        second.addWidget(self.clear_button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        for row in (first, second):
            row.setSpacing(6)
            rows.addLayout(row)
        self._arm()

    @property
    def wanted(self) -> Wanted:
        """What is to be shown."""
        span, this_run = None, None
        time = self.times.currentData()
        if time in LAST:
            span = self._newest - LAST[time], self._newest
        elif time == "marked stretch":
            span = self._stretch or (np.inf, np.inf)
        elif time in ("this run", "earlier runs"):
            this_run = time == "this run"
        return Wanted(
            class_id=self.classes.currentData(),
            take_id=self.takes.currentData(),
            span=span,
            this_run=this_run,
            who=self.who.currentData(),
            source=self.sources.currentData(),
            learning=self.learning.currentData(),
            marks=frozenset(mark for mark, chip in self.chips.items() if chip.isChecked()),
            only=self._only,
            text=self.search.text().strip(),
        )

    def offer(self, columns: Columns, cards: Sequence[ClassCard], stretch: tuple[float, float] | None) -> None:
        """Offer what there is to choose from; `stretch` is the one that is marked on the stream."""
        self._stretch = stretch
        ends = columns.ends[columns.here]
        self._newest = float(ends.max()) if len(ends) else 0.0
        present = distinct(columns.take_ids)[::-1].tolist()
        takes = [columns.takes[take_id] for take_id in present if take_id in columns.takes]
        self._quiet = True
        self._fill(self.classes, [("all classes", None), *((card.info.name, card.info.id) for card in cards)])
        self._fill(
            self.takes, [("all takes", None), *((f"take {take_number(take_id)}", take_id) for take_id in present)]
        )
        self._fill(self.who, [("by anyone", None), *((who_text(w), w) for w in sorted({take.who for take in takes}))])
        sources = sorted({take.source for take in takes})
        self._fill(self.sources, [("all sources", None), *((source, source) for source in sources)])
        self.sources.setVisible(len(sources) > 1)
        for mark, chip in self.chips.items():
            count = int(columns.flags[mark].sum())
            _say(chip, f"{mark} {count:,}")
            chip.setEnabled(count > 0 or chip.isChecked())
        self._quiet = False
        self._arm()

    def clear(self) -> None:
        """Want everything."""
        self.want(Wanted())

    def want(self, wanted: Wanted, only_text: str = "") -> None:
        """Want this; `only_text` says what the examples of `wanted.only` are. Times are left to the user."""
        self._quiet = True
        pairs = [(self.classes, wanted.class_id), (self.takes, wanted.take_id), (self.who, wanted.who)]
        for combo, value in [*pairs, (self.sources, wanted.source), (self.learning, wanted.learning)]:
            combo.setCurrentIndex(max(0, combo.findData(value)))
        self.times.setCurrentIndex(0)
        for mark, chip in self.chips.items():
            chip.setChecked(mark in wanted.marks)
        self.search.setText(wanted.text)
        self._only = wanted.only
        self.only.setText(f"{only_text}  ✕")
        self.only.setVisible(wanted.only is not None)
        self._quiet = False
        self._tell()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        self.search.setFont(theme.ui("small"))
        for combo in self._combos:
            combo.apply_theme(theme)
        for widget in (*self.chips.values(), self.only, self.clear_button):
            widget.setFont(theme.ui("small"))
        self.search.setMinimumWidth(theme.px(120))

    # -- inside ------------------------------------------------------------------------------------------------

    @property
    def _combos(self) -> Iterable[ChoiceBox]:
        return (self.classes, self.takes, self.times, self.who, self.sources, self.learning)

    def _combo(self, name: str) -> ChoiceBox:
        combo = ChoiceBox(name)
        combo.currentIndexChanged.connect(lambda _place: self._tell())
        return combo

    def _fill(self, combo: ChoiceBox, entries: list[tuple[str, object]]) -> None:
        """Offer (words, value) and keep what is chosen, where it is still there; nothing is done for the same again."""
        if self._offered.get(combo) == entries:
            return
        self._offered[combo] = entries
        chosen = combo.currentData() if combo.count() else None
        combo.blockSignals(True)
        combo.clear()
        for words, value in entries:
            combo.addItem(words, value)
        combo.setCurrentIndex(max(0, combo.findData(chosen)))
        combo.blockSignals(False)
        combo.updateGeometry()

    def _forget_only(self) -> None:
        self._only = None
        self.only.hide()
        self._tell()

    def _tell(self) -> None:
        if not self._quiet:
            self._arm()
            self.changed.emit()

    def _arm(self) -> None:
        self.clear_button.setEnabled(not self.wanted.anything)
        for combo in self._combos:
            # What filters stands out, so that it is not forgotten.
            combo.stand_out(combo.currentIndex() > 0)


def _say(button: QPushButton, text: str) -> None:
    if button.text() != text:
        button.setText(text)
