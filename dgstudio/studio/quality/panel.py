"""The Quality panel: how good the answers are, on takes before they were learned or set aside, protected, or true."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.engine.evaluation.quality_report import QualityData, QualityReport
from dgstudio.engine.labels.prequential import SET_ASIDE_EVERY
from dgstudio.engine.runtime.metrics import BINS, LATELY
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Phase, StudioState
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.widgets.chip import Segmented
from dgstudio.studio.common.widgets.elided_label import BETWEEN, ElidedLabel
from dgstudio.studio.common.widgets.stat_row import Figure, FigureRow
from dgstudio.studio.quality.accuracy_chart import AccuracyChart
from dgstudio.studio.quality.confusion_matrix import ConfusionView, share_words, unit_of
from dgstudio.studio.quality.reliability_chart import ReliabilityChart
from dgstudio.studio.quality.take_list import TakeList, cell_row, wrong_rows
from dgstudio.studio.theme.theme import Theme

CHOICES = [
    (
        QualityData.LABELLED,
        "Your labels",
        "Each take by the answers it was given before any of it was learned: test, then train",
    ),
    (
        QualityData.HELD_OUT,
        "Set aside",
        "Takes that were set aside from learning, answered by the version that serves now",
    ),
    (QualityData.PROTECTED, "Protected", "The protected inputs, answered by the version that serves now"),
    (QualityData.TRUTH, "Truth", "Live answers against the ground truth of the stream, where it has one"),
]
ASIDE = "Set every fifth take aside"
ASIDE_TIP = (
    f"The {SET_ASIDE_EVERY}th, {2 * SET_ASIDE_EVERY}th, … take of each class is kept and scored, but not learned: it "
    "shows what the model\nmakes of what it never saw. Takes that are there stay as they are."
)
FIRST_TAKES = "The first take of a class is not scored: before it, no answer could have been right."
NEXT_TAKES = "Each later take is, by the answers that it was given before any of it was learned: label another one."
WRONG = "Answered wrong, newest first"
ALL_RIGHT = "Nothing was answered wrong"
WORKING = "Working it out …"
LOADING = "Loading the base model …"


class QualityPanel(PanelFrame):
    """Asks for reports while it is seen, and for none otherwise.

    `examples_chosen` carries the list of the example ids that lie in the cell that is looked into, when the user wants
    to see more of them than the takes they are of.
    """

    examples_chosen = Signal(object)

    def __init__(self, state: StudioState, commands: Bridge, parent: QWidget | None = None) -> None:
        super().__init__("Quality", parent=parent)
        self._state, self._commands = state, commands
        self.kind = QualityData.LABELLED
        self.report: QualityReport | None = None
        self._watching: QualityData | None = None
        self.kinds = Segmented("Judged by", CHOICES)
        self.kinds.choose(self.kind)
        self.kinds.chosen.connect(self.choose)
        for segment in self.kinds.segments.values():
            segment.set_size("small")
        self.aside = QCheckBox(ASIDE)
        self.aside.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.aside.setToolTip(ASIDE_TIP)
        self.aside.toggled.connect(self._set_aside)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.kinds)
        top.addStretch(1)
        top.addWidget(self.aside)
        self.figures = FigureRow(5)
        self.chart = AccuracyChart()
        self.diagram = ReliabilityChart()
        self.matrix = ConfusionView(self._colour_of)
        self.matrix.chosen.connect(lambda _cell: self._show_cell())
        self.matrix.pointed.connect(self._say_cell)
        self.cell_words = ElidedLabel()
        self.cell_words.setObjectName("muted")
        self.browse = QPushButton("Browse")
        self.browse.setObjectName("link")
        self.browse.setProperty("small", True)
        self.browse.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.browse.setAccessibleName("Browse the examples in this cell")
        self.browse.setToolTip("Select them in the example browser: to see them, relabel or delete them")
        self.browse.clicked.connect(self._browse)
        # Its coming and going moves nothing.
        policy = self.browse.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.browse.setSizePolicy(policy)
        self.browse.hide()
        self.takes = TakeList()
        self.empty = QLabel("")
        self.empty.setObjectName("empty")
        self.empty.setWordWrap(True)
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.empty.setContentsMargins(24, 24, 24, 0)
        self.shown = self._laid_out()
        self.body.addLayout(top)
        self.body.addWidget(self.shown, 1)
        self.body.addWidget(self.empty, 1)
        state.when(StudioState.set_aside).connect(self._show_aside)
        state.when(StudioState.quality).connect(self._take_over)
        state.when(StudioState.classes, StudioState.phase).connect(self._show_classes)
        self._show_aside()
        self._fill()

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session."""
        return (self.aside,)

    def _laid_out(self) -> QWidget:
        shown = QWidget()
        left, right, both, whole = QVBoxLayout(), QVBoxLayout(), QHBoxLayout(), QVBoxLayout(shown)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        left.setSpacing(8)
        right.setSpacing(4)
        both.setSpacing(18)
        left.addWidget(self.chart, 1)
        left.addWidget(self.diagram, 1)
        right.addWidget(self.matrix, 3)
        words = QHBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.cell_words, 1)
        words.addWidget(self.browse)
        right.addLayout(words)
        right.addWidget(self.takes, 1)
        both.addLayout(left, 39)
        both.addLayout(right, 61)
        whole.addWidget(self.figures)
        whole.addLayout(both, 1)
        return shown

    # -- what is asked for ---------------------------------------------------------------------------------------

    def choose(self, kind: QualityData) -> None:
        """Judge by other data."""
        self.kind = kind
        self.kinds.choose(self.kind)
        self._ask()
        self._fill()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._ask()
        self._take_over()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self._watch(None)

    def _ask(self) -> None:
        if self.isVisible():
            self._watch(self.kind)

    def _watch(self, kind: QualityData | None) -> None:
        if kind != self._watching:
            self._watching = kind
            self._commands.quality.watch(kind)

    def _set_aside(self, on: bool) -> None:
        if on != self._state.set_aside:
            self._commands.labels.set_aside(on)

    def _show_classes(self) -> None:
        if self.isVisible():
            self.matrix.apply_theme(self.theme)
            self._fill()

    def _show_aside(self) -> None:
        self.aside.blockSignals(True)
        self.aside.setChecked(self._state.set_aside)
        self.aside.blockSignals(False)

    # -- what is shown -------------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        report = self._state.quality
        if self.isVisible() and report is not None and report.kind == self.kind:
            self.report = report
        self._fill()

    def _fill(self) -> None:
        report = self.report if self.report is not None and self.report.kind == self.kind else None
        there = report is not None and bool(report.parts)
        self.shown.setVisible(there)
        self.empty.setVisible(not there)
        if report is None or not there:
            self.empty.setText(self._why_empty(report))
            self.set_right("")
            return
        self.figures.show_figures(figures_of(report))
        self.chart.show_report(report)
        self.diagram.show_diagram(report.diagram)
        self.matrix.show_report(report)
        self._show_cell()
        count, windows = len(report.parts), report.windows
        what = (
            ("stretch" if count == 1 else "stretches") if self.kind == QualityData.TRUTH else unit_of(self.kind, count)
        )
        answers = f" · {windows} answers" if windows != count else ""
        self.set_right(f"{count} {what}{answers}")
        self._right.setToolTip(notes_of(report))

    def _why_empty(self, report: QualityReport | None) -> str:
        state = self._state
        if state.phase == Phase.LOADING:
            return LOADING
        if report is None:
            return WORKING
        if self.kind == QualityData.LABELLED and report.taught:
            names = [f"“{state.name_of(class_id)}”" for class_id in report.taught]
            were = f"{', '.join(names[:-1])} and {names[-1]} were" if len(names) > 1 else f"{names[0]} was"
            return f"{were} taught. {FIRST_TAKES} {NEXT_TAKES}"
        if self.kind == QualityData.LABELLED and report.unscored:
            return f"{report.unscored} takes were labelled without noting the answers. The next take is scored."
        if self.kind == QualityData.HELD_OUT and state.set_aside:
            return f"No class has {SET_ASIDE_EVERY} takes yet. The {SET_ASIDE_EVERY}th of each will be set aside."
        if self.kind == QualityData.TRUTH and (state.spec is None or not state.spec.truth_names):
            return "This stream has no ground truth. The simulator and labelled recordings have one."
        return EMPTY[self.kind]

    def _browse(self) -> None:
        report, cell = self.report, self.matrix.cell
        if cell is not None and report is not None:
            self.examples_chosen.emit([example_id for part in report.cell(*cell) for example_id in part.ids])

    def _show_cell(self) -> None:
        report, cell = self.report, self.matrix.cell
        if report is not None:
            parts = report.cell(*cell) if cell is not None else []
            self.takes.show_rows(wrong_rows(report) if cell is None else [cell_row(part) for part in parts])
            self.browse.setVisible(any(part.ids for part in parts))
        self._say_cell()

    def _say_cell(self) -> None:
        under = self.matrix.under
        if under is not None:
            self.cell_words.setText(self.matrix.words(*under))
        else:
            self.cell_words.setText(WRONG if self.takes.count() else ALL_RIGHT)

    def _colour_of(self, class_id: int) -> str:
        card = self._state.card(class_id)
        return card.info.colour if card is not None else self.theme.reserve_unit

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for part in (self.kinds, self.figures, self.chart, self.diagram, self.matrix, self.takes):
            part.apply_theme(theme)
        self.aside.setFont(theme.ui("small"))
        self.browse.setFont(theme.ui("small"))
        self.cell_words.setFont(theme.ui("small"))
        self.empty.setFont(theme.ui("body"))


EMPTY = {
    QualityData.LABELLED: "No take yet. Hold a class key while you perform it: each take is scored by the answers it "
    "was given before any of it was learned.",
    QualityData.HELD_OUT: f"Nothing is set aside. Switch on “{ASIDE}”: what is kept from the learner shows how good "
    "the model is on what it never saw.",
    QualityData.PROTECTED: "Nothing is protected yet. “Protect what it knows now” (Ctrl+K) does it.",
    QualityData.TRUTH: "No answer with a known truth yet.",
}


def figures_of(report: QualityReport) -> list[Figure]:
    """Return the figures above the diagrams, the most important first."""
    kind = report.kind
    count = report.windows if kind == QualityData.TRUTH else len(report.parts)
    what = f"{count} {unit_of(kind, count)}"
    weighs = (
        "Each answer weighs one." if kind == QualityData.TRUTH else "Overlapping windows of a take count as one take."
    )
    caption = f"answered right{BETWEEN}{what}"
    tip = f"Accuracy: the share answered right. {weighs}"
    if report.taught:
        caption += f"{BETWEEN}{len(report.taught)} taught a class"
        tip += f"\n{FIRST_TAKES}"
    figures = [Figure(share_words(report.accuracy), caption, tip)]
    if report.version is not None:
        figures.append(Figure(f"v{report.version}", "answered now", "The version that gave these answers"))
    elif len(report.late):
        late = f"The same of the last {LATELY}: what an earlier model answered is forgotten"
        figures.append(Figure(share_words(float(report.late[-1])), f"the last {LATELY}", late))
    kappa = "Cohen's κ = (p_o − p_e) / (1 − p_e): 1 is perfect, 0 is what chance gives (Cohen 1960)"
    ece = f"Expected calibration error, {BINS} bins of equal width: how far confidence is from the share right"
    figures.append(Figure(share_words(report.kappa), "Cohen's κ", kappa))
    figures.append(Figure(share_words(report.diagram.ece), f"ECE, {BINS} bins", ece))
    if report.delay_s is not None:
        delay = "Median stream time from an answer to its label: later labels meet a model that has moved on"
        figures.append(Figure(f"{report.delay_s:.1f} s", "label delay", delay))
    return figures


def notes_of(report: QualityReport) -> str:
    """Return what should be known of how a report came about."""
    notes = [f"{report.windows} answers."]
    if report.unscored:
        notes.append(f"{report.unscored} takes are left out: their answers were not noted.")
    if report.again:
        notes.append(
            f"{report.again} windows had been answered when their take was being learned already; they were answered "
            "again by the version before it."
        )
    return "\n".join(notes)
