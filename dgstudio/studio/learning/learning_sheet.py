"""The sheet under the contract chip: what is protected, how open the learning bank is, which rule learns."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.common.chip import Segmented
from dgstudio.studio.common.margin_text import room_words
from dgstudio.studio.common.overlay import Overlay
from dgstudio.studio.theme.format import grouped, percent
from dgstudio.studio.theme.theme import Theme

WIDTH = 430
STEP = 0.01
"""Of both dials."""
MOST_TAU, MOST_DELTA, MOST_ABSTAIN = 0.5, 1.0, 0.99
RULES = {
    "locked bank": ("Locked bank", "Solved in closed form beside the base; learns new classes, unlearns exactly."),
    "gradient": ("Gradient", "Adam on the base’s own gates and units, the papers’ rule; no new classes."),
}
OPENNESS = (
    "How soon the learning bank opens to an input (τ). Wider learns faster; narrower leaves untouched "
    "more of the old answers that are not protected. Sealed banks keep theirs."
)
DISAGREEMENT = (
    "By how much the bank may agree with what lies below it and speak all the same (δ). At 0 it speaks only to "
    "disagree."
)


ROOM = (
    "How far the routing of the protected inputs is from changing. γ is the score of the last unit that answers over "
    "that of the first that does not; the input moves in standard deviations of its features."
)
LEAST_SEAL, MOST_SEAL, SEAL_STEP = 50, 1000, 50
MOST_WORDS = (
    "How many inputs at most join the protected ones at once: examples that are answered rightly and recent inputs "
    "that are answered surely, as even over the classes and over the regions of their inputs as can be."
)
LEAST_BANK, MOST_BANK, BANK_STEP = 100, 2000, 100
BANK_WORDS = (
    "How many examples fill the learning bank. Then it is sealed: what it learned stays for good, a new one begins. "
    "Fewer keep a publish quick, more keep longer what can be unlearned exactly."
)
LEAST_FEATURES, MOST_FEATURES, FEATURES_STEP = 128, 2048, 128
FEATURES_WORDS = (
    "How many random features a model has that begins from nothing. More tell finer differences and cost more with "
    "each answer and publish; chosen before the first label."
)
BY_ITSELF = (
    "When for 30 s no example of a class has come, gone or been relabelled, all of them are learned and 95 % are\n"
    "answered rightly, and that holds for every class with something to protect, it is protected. Ctrl+Z takes it back."
)
UNSURE = (
    "Answers less likely than this are “unsure”, as those are whose input is unlike anything learned. It changes what "
    "is shown and sent, not what the model computes."
)
SHOWN = (
    StudioState.protected, StudioState.protect_at_seal, StudioState.protect_by_itself, StudioState.seal_at,
    StudioState.features, StudioState.features_open, StudioState.least_tau, StudioState.tau, StudioState.delta,
    StudioState.abstain, StudioState.rule, StudioState.rules,
)  # fmt: skip
"""The fields that the dials show."""


class LearningSheet(Overlay):
    """Opened by a click on the contract chip; keys that mean nothing to its dials go on to the window.

    The dials ask the engine for what they show; a publish with full proof applies it. `browsed`: the user wants to see
    the protected inputs.
    """

    browsed = Signal()

    def __init__(self, state: StudioState, commands: Bridge, anchor: QWidget, parent: QWidget) -> None:
        super().__init__(parent, WIDTH, 520, 0)
        self.setAccessibleName("Contract and learning")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._state, self._commands, self._anchor = state, commands, anchor
        self._labels: dict[str, QLabel] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(8)
        column.addWidget(self._label("head", "Contract", "panelTitle"))
        column.addWidget(self._label("promise", "", wrap=True))
        column.addWidget(self._label("coverage", "", "muted", wrap=True))
        column.addWidget(self._label("room words", "", "muted", wrap=True))
        self._labels["room words"].setToolTip(ROOM)
        self._labels["room words"].hide()
        self.protect = QPushButton("Protect what it knows now")
        self.protect.clicked.connect(lambda: commands.model.protect_now())
        self.browse = QPushButton("Browse them…")
        self.browse.setToolTip(
            "Every protected input: its class, how sure the answer was, where it comes from; release some"
        )
        self.browse.clicked.connect(lambda: self.browsed.emit())
        row = QHBoxLayout()
        row.addWidget(self.protect)
        row.addWidget(self.browse)
        row.addStretch(1)
        column.addLayout(row)
        at_once = QGridLayout()
        at_once.setHorizontalSpacing(14)
        at_once.setColumnStretch(1, 1)
        self.most = self._dial(at_once, 0, "Most at once", MOST_WORDS)
        self.most.setRange(LEAST_SEAL // SEAL_STEP, MOST_SEAL // SEAL_STEP)
        self.most.valueChanged.connect(lambda value: commands.model.set_protected(value * SEAL_STEP))
        column.addLayout(at_once)
        self.by_itself = QCheckBox("Protect by itself what was stable for 30 s")
        self.by_itself.setToolTip(BY_ITSELF)
        self.by_itself.toggled.connect(lambda on: commands.model.protect_by_itself(on))
        column.addWidget(self.by_itself)
        column.addSpacing(8)
        column.addWidget(self._label("dials", "The learning bank", "panelTitle"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setColumnStretch(1, 1)
        self.openness = self._dial(grid, 0, "Openness", OPENNESS)
        self.disagreement = self._dial(grid, 1, "Disagreement", DISAGREEMENT)
        self.abstain = self._dial(grid, 2, "Unsure below", UNSURE)
        self.abstain.setRange(0, round(MOST_ABSTAIN / STEP))
        self.abstain.valueChanged.connect(lambda value: commands.model.set_abstain(round(value * STEP, 4)))
        self.bank = self._dial(grid, 3, "Sealed at", BANK_WORDS)
        self.bank.setRange(LEAST_BANK // BANK_STEP, MOST_BANK // BANK_STEP)
        self.bank.valueChanged.connect(lambda value: commands.model.set_seal_at(value * BANK_STEP))
        self.features = self._dial(grid, 4, "Features", FEATURES_WORDS)
        self.features.setRange(LEAST_FEATURES // FEATURES_STEP, MOST_FEATURES // FEATURES_STEP)
        self.features.valueChanged.connect(lambda value: commands.model.set_features(value * FEATURES_STEP))
        column.addLayout(grid)
        column.addWidget(self._label("openness words", OPENNESS, "muted", wrap=True))
        self.rule_title = self._label("rule", "Rule", "panelTitle")
        self.rules = Segmented("Rule", [(name, *words) for name, words in RULES.items()])
        self.rules.chosen.connect(lambda name: commands.model.set_rule(str(name)))
        self.rule_words = self._label("rule words", "", "muted", wrap=True)
        column.addSpacing(8)
        for widget in (self.rule_title, self.rules, self.rule_words):
            column.addWidget(widget)
        self.openness.valueChanged.connect(self._turned)
        self.disagreement.valueChanged.connect(self._turned)
        state.when(*SHOWN).connect(self._show_dials)
        self._show_dials()

    def place(self) -> None:
        """Stand under the chip that opens it, within the window."""
        layout, host = self.layout(), self._host
        assert layout is not None
        layout.activate()
        wide = min(round(WIDTH * self.theme.scale), host.width() - 32)
        tall = layout.totalHeightForWidth(wide) if layout.hasHeightForWidth() else layout.sizeHint().height()
        below = self._anchor.mapTo(host, QPoint(0, self._anchor.height() + 6))
        left = max(8, min(below.x(), host.width() - wide - 8))
        self.setGeometry(left, below.y(), wide, min(tall, host.height() - below.y() - 8))

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(round(WIDTH * self.theme.scale), 400)

    def update_frame(self, frame: Frame) -> None:
        """Show how much of what is answered now is certified; called at each frame, in the Qt thread."""
        if self.isVisible():
            self._set("coverage", coverage_words(frame))
            # First, so that it is placed with the room that it takes.
            self._labels["room words"].setVisible(frame.stats.room is not None)
            self._set("room words", room_words(frame.stats.room))

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for name, label in self._labels.items():
            label.setFont(theme.header() if label.objectName() == "panelTitle" else theme.ui("body"))
            if "words" in name or name == "coverage":
                label.setFont(theme.ui("small"))
        self.browse.setFont(theme.ui("body"))
        self.by_itself.setFont(theme.ui("body"))
        for name, label in self._labels.items():
            if name.endswith(" value"):
                label.setFont(theme.mono("body"))
        self.protect.setFont(theme.ui("body"))
        self.rules.apply_theme(theme)
        if self.isVisible():
            self.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key.Key_Escape:
            self.close_overlay()
        else:
            # A class key records while a dial is being turned.
            event.ignore()

    def _label(self, name: str, text: str, look: str = "", *, wrap: bool = False) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(wrap)
        label.setObjectName(look)
        self._labels[name] = label
        return label

    def _dial(self, grid: QGridLayout, row: int, name: str, tooltip: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setAccessibleName(name)
        title, value = self._label(name, name), self._label(f"{name} value", "")
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setMinimumWidth(78)
        for column, widget in enumerate((title, slider, value)):
            widget.setToolTip(tooltip)
            grid.addWidget(widget, row, column)
        return slider

    def _turned(self) -> None:
        # Wider is to the right: −τ.
        self._commands.model.set_openness(round(-self.openness.value() * STEP, 4), self.disagreement.value() * STEP)

    def _set(self, name: str, text: str) -> None:
        if self._labels[name].text() != text:
            self._labels[name].setText(text)
            if self.isVisible():
                self.place()

    def _show_dials(self) -> None:
        state = self._state
        count = grouped(state.protected)
        self._set("promise", f"Exact: every publish leaves every bit of the answers to {count} protected inputs alone.")
        for slider, step, number, name in (
            (self.most, SEAL_STEP, state.protect_at_seal, "Most at once"),
            (self.bank, BANK_STEP, state.seal_at, "Sealed at"),
            (self.features, FEATURES_STEP, state.features, "Features"),
        ):
            slider.blockSignals(True)
            slider.setValue(round(number / step))
            slider.blockSignals(False)
            self._set(f"{name} value", grouped(number))
        # Only where there is something to choose.
        for part in (self.features, self._labels["Features"], self._labels["Features value"]):
            part.setVisible(state.features_open)
        self.by_itself.blockSignals(True)
        self.by_itself.setChecked(state.protect_by_itself)
        self.by_itself.blockSignals(False)
        for slider, low, high, value in (
            (self.openness, -MOST_TAU, -state.least_tau, -state.tau),
            (self.disagreement, 0.0, MOST_DELTA, min(state.delta, MOST_DELTA)),
            (self.abstain, 0.0, MOST_ABSTAIN, state.abstain),
        ):
            slider.blockSignals(True)
            slider.setRange(round(low / STEP), round(high / STEP))
            slider.setValue(round(value / STEP))
            slider.blockSignals(False)
        self._set("Openness value", f"τ = {state.tau:.2f}".replace("-", "−"))
        self._set("Disagreement value", f"δ = {state.delta:.2f}")
        self._set("Unsure below value", f"p < {state.abstain:.2f}" if state.abstain > 0 else "off")
        self.rules.choose(state.rule)
        self._set("rule words", RULES.get(state.rule, ("", ""))[1])
        several = len(state.rules) > 1
        for widget in (self.rule_title, self.rules, self.rule_words):
            widget.setVisible(several)


def coverage_words(frame: Frame) -> str:
    """Return how many of the newest answers are certified to equal the last protected version's."""
    share = frame.stats.coverage
    if share is None:
        return "Nothing is protected yet, so no answer can be certified."
    words = f"Coverage: {percent(share)} of the newest answers provably equal those of the last protected version."
    if frame.stats.novelty is not None:
        # One digit: the text is read, and moves with every quarter second.
        words += f" Novelty of the stream: {frame.stats.novelty:.1f} (above 1: unlike what was learned)."
    return words
